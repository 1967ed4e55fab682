"""Lesson 14, *Inside a network*: channels and neurons, tokens, concepts, and an atlas of classes."""
