"""Lesson 09: MACO."""
