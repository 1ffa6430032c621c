"""Exercises of `chapters/*/memory`."""

EXERCISES = {}
