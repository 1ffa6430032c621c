"""Exercises of `chapters/*/forward`."""

EXERCISES = {}
