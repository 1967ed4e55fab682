"""Lesson 14, *Channels and classes*: units of convolutional networks, drawn by MACO."""
