"""Lesson 03: Arcade."""
