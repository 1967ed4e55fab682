"""Lesson 07: Fourier and pixels."""
