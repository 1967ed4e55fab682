"""Lesson 13, *The atlas*: distances of whole data sets, and labels that may be wrong."""
