"""Digits pasted on a textured background, with a label for every pixel.

Which pixels belong to a digit? In `pasted_digits` a pixel's neighbourhood mostly tells. In
`connected_digit` it does not: two digits hang on two lines, and only the digit whose line
reaches the left edge is to be labelled. The other line breaks off two or three pixels before it.
Near the digits both look alike; whoever wants to know must follow the line across the image. It
is a relative of the "Pathfinder" images with which Linsley et al. (2018) tested convolutions
against recurrences.

The digits are given, such as scikit-learn's 8 x 8 ones divided by 16. The texture is a sum of
three gratings of random direction, with noise; the ink lies on it like paint, so that dark
strokes vanish in bright texture here and there.
"""

from typing import NamedTuple

import numpy as np

from rnnbook._check import check_sizes

SIDE = 24  # rows and columns of a scene
DIGIT = 8
TRIES = 10_000
STRIP = 10  # the columns on the left where the lines run
STARTS = 6, 18  # rows in which the line to the edge may start: from all, both halves are reached
LINE = 0.8  # brightness
GRATINGS, TEXTURE, NOISE = 3, 0.35, 0.05


class Scenes(NamedTuple):
    """N scenes, and what is where."""

    images: np.ndarray  # (N, 24, 24) in [0, 1]
    labels: np.ndarray  # (N, 24, 24) bool: what is to be found
    parts: np.ndarray  # (N, 24, 24) 0 background, 1 and 2 the digits, 3 and 4 their lines
    numbers: np.ndarray  # (N, 2) which of the given digits were pasted


def pasted_digits(rng: np.random.Generator, digits: np.ndarray, number: int) -> Scenes:
    """Scenes with two digits at random places; every pixel with ink is labelled.

    To call everything background is right for all but about one pixel in eight.

    >>> scenes = pasted_digits(np.random.default_rng(0), np.full((1, 8, 8), 0.9), 2)
    >>> scenes.images.shape, int(scenes.labels[0].sum())
    ((2, 24, 24), 128)
    """
    _check(digits, number)
    scenes = []
    for _ in range(number):
        parts, ink, which = _digits(rng, digits, rng.permutation(2))
        scenes.append((_painted(rng, ink), parts > 0, parts, which))
    return Scenes(*(np.stack(part) for part in zip(*scenes, strict=True)))


def connected_digit(rng: np.random.Generator, digits: np.ndarray, number: int) -> Scenes:
    """Scenes with two digits on lines; the digit whose line reaches the left edge is labelled.

    The row where the line starts says nothing about which digit it leads to, and each of the two
    is chosen half of the time. So a model that finds all ink but cannot follow a line has to
    label both digits or neither, or guess: its intersection over union is at most about one half.

    >>> scenes = connected_digit(np.random.default_rng(0), np.full((1, 8, 8), 0.9), 2)
    >>> [int(labels.sum()) for labels in scenes.labels]
    [64, 64]
    >>> sorted(set(scenes.parts[0].ravel().tolist()))
    [0, 1, 2, 3, 4]
    """
    _check(digits, number)
    scenes = []
    for _ in range(number):
        chosen, start = int(rng.integers(1, 3)), int(rng.integers(*STARTS))
        order = rng.permutation(2)  # drawn before the tries, these three stay independent
        for _ in range(TRIES):
            parts, ink, which = _digits(rng, digits, order, first=STRIP + 2)
            lines = _lines(rng, parts, chosen, start)
            if lines:
                break
        else:
            raise ValueError(f"digits: no room for two lines in {TRIES} tries; expected less ink")
        for k, line in enumerate(lines, start=1):
            parts[line & (parts == 0)] = k + 2
            ink[line] = np.maximum(ink[line], LINE)
        scenes.append((_painted(rng, ink), parts == chosen, parts, which))
    return Scenes(*(np.stack(part) for part in zip(*scenes, strict=True)))


def _digits(rng, digits, order, first=0):
    """Two digits, order[0] in the upper half, order[1] in the lower: parts, ink, which they are."""
    which = rng.integers(len(digits), size=2)
    parts, ink = np.zeros((SIDE, SIDE), int), np.zeros((SIDE, SIDE))
    for half, k in enumerate(order):
        top = half * SIDE // 2 + int(rng.integers(1, SIDE // 2 - DIGIT))
        left = int(rng.integers(first, SIDE - DIGIT + 1))
        box = np.s_[top : top + DIGIT, left : left + DIGIT]
        parts[box][digits[which[k]] > 0] = k + 1
        ink[box] = digits[which[k]]
    return parts, ink, which


def _lines(rng, parts, chosen, start):
    """A line for each digit, or None where they touch each other or the other's digit."""
    lines = []
    for k in (1, 2):
        row = start if k == chosen else int(rng.integers(1, SIDE - 1))
        lines.append(_line(rng, parts == k, row, to_edge=k == chosen))
    meet = _touch(*lines) or _touch(lines[0], parts == 2) or _touch(lines[1], parts == 1)
    return None if meet else lines


def _line(rng, digit, start, to_edge):
    """A line to the digit's leftmost ink: along a row, along a column of the strip, along a row."""
    column = int(np.flatnonzero(digit.any(axis=0))[0])
    end = int(rng.choice(np.flatnonzero(digit[:, column])))
    bend = int(rng.integers(4, STRIP))
    line = np.zeros((SIDE, SIDE), bool)
    line[start, 0 if to_edge else int(rng.integers(2, 4)) : bend + 1] = True
    line[min(start, end) : max(start, end) + 1, bend] = True
    line[end, bend:column] = True
    return line


def _touch(a, b):
    """Whether a pixel of one lies beside a pixel of the other, or on it."""
    wide = np.pad(a, 1)
    grown = np.zeros_like(a)
    for r in range(3):
        for c in range(3):
            grown |= wide[r : r + SIDE, c : c + SIDE]
    return bool((grown & b).any())


def _painted(rng, ink):
    """The ink over a texture, clipped to [0, 1]."""
    rows, columns = np.mgrid[:SIDE, :SIDE]
    angle, length = rng.uniform(0, np.pi, GRATINGS), rng.uniform(3, 8, GRATINGS)
    phase = rng.uniform(0, 2 * np.pi, GRATINGS)
    waves = [
        np.sin(2 * np.pi * (rows * np.sin(a) + columns * np.cos(a)) / s + p)
        for a, s, p in zip(angle, length, phase, strict=True)
    ]
    texture = TEXTURE * (1 + np.mean(waves, axis=0)) + NOISE * rng.standard_normal(ink.shape)
    return np.clip(ink + (1 - ink) * texture, 0, 1)


def _check(digits, number):
    check_sizes(number=number)
    if digits.ndim != 3 or digits.shape[1:] != (DIGIT, DIGIT) or not len(digits):
        raise ValueError(f"digits has shape {digits.shape}; expected (M, 8, 8), M at least 1")
    if not (digits.min() >= 0 and digits.max() <= 1):
        low, high = digits.min(), digits.max()
        raise ValueError(f"digits has values from {low} to {high}; expected 0 to 1")
    empty = np.flatnonzero(~(digits > 0).any(axis=(1, 2)))
    if len(empty):
        raise ValueError(f"digits[{empty[0]}] has no ink; expected values above 0")
