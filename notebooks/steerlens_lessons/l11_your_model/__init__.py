"""Lesson 11: your own model."""
