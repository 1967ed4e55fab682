"""Lesson 16, *Concepts*: CRAFT, from random crops to pictures of concepts."""
