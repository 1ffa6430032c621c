"""Exercises of `chapters/*/gradient-flow`."""

EXERCISES = {}
