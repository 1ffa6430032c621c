"""Exercises of `chapters/*/backward`."""

EXERCISES = {}
