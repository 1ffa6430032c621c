"""Exercises of `chapters/*/history`."""

EXERCISES = {}
