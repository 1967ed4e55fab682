"""Lesson 15, *Tokens*: what a small vision transformer looks for, and where it looks."""
