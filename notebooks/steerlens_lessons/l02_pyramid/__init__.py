"""Lesson 02: the steerable pyramid."""
