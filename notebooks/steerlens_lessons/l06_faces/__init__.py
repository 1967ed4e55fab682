"""Lesson 06: faces."""
