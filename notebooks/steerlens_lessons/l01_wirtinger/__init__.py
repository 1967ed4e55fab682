"""Lesson 01: Wirtinger calculus."""
