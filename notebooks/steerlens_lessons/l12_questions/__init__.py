"""Lesson 12: other questions."""
