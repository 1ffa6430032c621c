"""Exercises of `chapters/*/recurrence`."""

EXERCISES = {}
