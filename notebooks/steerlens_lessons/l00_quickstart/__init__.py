"""Lesson 00: quickstart."""
