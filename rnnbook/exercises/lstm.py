"""Exercises of `chapters/*/lstm`."""

EXERCISES = {}
