"""Lesson 08: confidence is not evidence."""
