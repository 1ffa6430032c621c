"""Exercises of `chapters/*/gru`."""

EXERCISES = {}
