"""Digits pasted on a textured background, with a label for every pixel.

Which pixels belong to a digit? In `pasted_digits` a pixel's neighbourhood mostly tells. In
`connected_digit` it does not: a line runs from each of two digits to the left edge, one of them
has a gap somewhere, and only the digit on the whole line is to be labelled. Near the digits both
look alike; whoever wants to know must look along the lines, across the image. It is a relative
of the "Pathfinder" images with which Linsley et al. (2018) tested convolutions against
recurrences.

The digits are given, such as scikit-learn's 8 x 8 ones divided by 16. The texture is a sum of
three gratings of random direction, with noise; the ink lies on it like paint, so that dark
strokes vanish in bright texture here and there.
"""

from typing import NamedTuple

import numpy as np

from rnnbook._check import check_sizes
from rnnbook._rng import check_rng
from rnnbook.tasks._digits import DIGIT, check_digits

SIDE = 24  # rows and columns of a scene
STRIP = 10  # the columns on the left where the lines run
LINE, GAP = 0.8, 3  # brightness; pixels that one line lacks
TRIES = 10_000
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
    _check(rng, digits, number)
    scenes = []
    for _ in range(number):
        parts, ink, which = _digits(rng, digits, rng.permutation(2))
        scenes.append((ink + (1 - ink) * _texture(rng), parts > 0, parts, which))
    return Scenes(*(np.stack(part) for part in zip(*scenes, strict=True)))


def connected_digit(rng: np.random.Generator, digits: np.ndarray, number: int) -> Scenes:
    """Scenes with two digits on lines; the digit whose line has no gap is labelled.

    For each scene a coin chooses one of the two that `connected_pairs` makes. So nothing but the
    gap says which digit it is, and a model that finds all ink but cannot look along a line has to
    label both digits or neither, or guess: its intersection over union is about one half at most.

    >>> scenes = connected_digit(np.random.default_rng(0), np.full((1, 8, 8), 0.9), 2)
    >>> [int(labels.sum()) for labels in scenes.labels]
    [64, 64]
    """
    pairs = connected_pairs(rng, digits, number)
    coin = rng.integers(2, size=number)
    return Scenes(*(np.stack(both)[coin, np.arange(number)] for both in zip(*pairs, strict=True)))


def connected_pairs(
    rng: np.random.Generator, digits: np.ndarray, number: int
) -> tuple[Scenes, Scenes]:
    """Two `Scenes` that differ in two gaps only: in the first digit 1 is connected, then digit 2.

    >>> one, two = connected_pairs(np.random.default_rng(0), np.full((1, 8, 8), 0.9), 2)
    >>> int((one.images[0] != two.images[0]).sum())
    6
    >>> sorted(set(one.parts[0].ravel().tolist()))
    [0, 1, 2, 3, 4]
    """
    _check(rng, digits, number)
    pairs = []
    for _ in range(number):
        parts, ink, which, paths = _digits_on_lines(rng, digits)
        texture = _texture(rng)
        gaps = [path[k : k + GAP] for path in paths for k in [_gap_start(rng, path)]]
        pairs.append(
            [_connected(parts, ink, which, paths, texture, gaps, chosen) for chosen in (1, 2)]
        )
    one, two = (
        Scenes(*(np.stack(part) for part in zip(*scenes, strict=True)))
        for scenes in zip(*pairs, strict=True)
    )
    return one, two


def _digits_on_lines(rng, digits):
    """Two digits and, for each, the pixels of a line to the left edge; the lines do not touch."""
    for _ in range(TRIES):
        parts, ink, which = _digits(rng, digits, rng.permutation(2), first=STRIP + 2)
        paths = [_path(rng, parts == k) for k in (1, 2)]
        one, two = map(_drawn, paths)
        if not (_touch(one, two) or _touch(one, parts == 2) or _touch(two, parts == 1)):
            return parts, ink, which, paths
    raise ValueError(f"digits: no room for two lines in {TRIES} tries; expected less ink")


def _connected(parts, ink, which, paths, texture, gaps, chosen):
    """The scene in which the other digit's line has its gap."""
    parts, ink = parts.copy(), ink.copy()
    for k, (path, gap) in enumerate(zip(paths, gaps, strict=True), start=1):
        line = _drawn(path) if k == chosen else _drawn(path) & ~_drawn(gap)
        parts[line] = k + 2
        ink[line] = LINE
    return ink + (1 - ink) * texture, parts == chosen, parts, which


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


def _path(rng, digit):
    """Pixels (L, 2) from the left edge to the digit's leftmost ink: a row, a column, a row."""
    right = int(np.flatnonzero(digit.any(axis=0))[0])
    start, end = int(rng.integers(1, SIDE - 1)), int(rng.choice(np.flatnonzero(digit[:, right])))
    bend, way = int(rng.integers(2, STRIP)), 1 if end > start else -1
    return np.array(
        [(start, c) for c in range(bend)]
        + [(r, bend) for r in range(start, end, way)]
        + [(end, c) for c in range(bend, right)]
    )


def _gap_start(rng, path):
    """Where on a path its gap begins: two pixels at both ends are always drawn."""
    return int(rng.integers(2, len(path) - GAP - 1))


def _drawn(path):
    """The pixels (L, 2) as a mask (24, 24)."""
    mask = np.zeros((SIDE, SIDE), bool)
    mask[tuple(path.T)] = True
    return mask


def _touch(a, b):
    """Whether a pixel of one lies beside a pixel of the other, or on it."""
    wide = np.pad(a, 1)
    grown = np.zeros_like(a)
    for r in range(3):
        for c in range(3):
            grown |= wide[r : r + SIDE, c : c + SIDE]
    return bool((grown & b).any())


def _texture(rng):
    """Three gratings of random direction with noise, within [0, 1]."""
    rows, columns = np.mgrid[:SIDE, :SIDE]
    angle, length = rng.uniform(0, np.pi, GRATINGS), rng.uniform(3, 8, GRATINGS)
    phase = rng.uniform(0, 2 * np.pi, GRATINGS)
    waves = [
        np.sin(2 * np.pi * (rows * np.sin(a) + columns * np.cos(a)) / s + p)
        for a, s, p in zip(angle, length, phase, strict=True)
    ]
    noise = NOISE * rng.standard_normal((SIDE, SIDE))
    return np.clip(TEXTURE * (1 + np.mean(waves, axis=0)) + noise, 0, 1)


def _check(rng, digits, number):
    check_rng(rng)
    check_sizes(number=number)
    check_digits(digits)
    empty = np.flatnonzero(~(digits > 0).any(axis=(1, 2)))
    if len(empty):
        raise ValueError(f"digits[{empty[0]}] has no ink; expected values above 0")
