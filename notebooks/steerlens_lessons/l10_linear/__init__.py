"""Lesson 10: linear interpreters."""
