"""Lesson 14, *Inside a network*: channels and neurons, tokens, concepts, an atlas of classes."""
