"""Exercises of `chapters/*/training`."""

EXERCISES = {}
