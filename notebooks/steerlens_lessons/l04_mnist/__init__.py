"""Lesson 04: MNIST."""
