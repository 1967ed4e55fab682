"""Lesson 05: colour MNIST."""
