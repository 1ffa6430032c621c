"""Digits pasted on a textured background, with a label for every pixel.

Which pixels belong to a digit? In `pasted_digits` a pixel's neighbourhood mostly tells. In
`connected_digit` it does not: a line runs from each of two digits to the left edge, one of them
has a gap somewhere, and only the digit on the whole line is to be labelled. Near the digits both
look alike; whoever wants to know must look elsewhere, at the gap. To follow the lines is one way
to do so, but not the only one: they never touch, so the gap of the upper digit's line mostly lies
in the upper half. It is a relative of the "Pathfinder" images with which Linsley et al. (2018)
tested convolutions against recurrences.

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
BENDS = (2, 4)  # how often a line may bend
CUT = ("one", "none", "both")  # which lines have a gap
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


def connected_digit(
    rng: np.random.Generator,
    digits: np.ndarray,
    number: int,
    *,
    gap: int = GAP,
    bends: int = 2,
    cut: str = "one",
) -> Scenes:
    """Scenes with two digits on lines; the digit whose line has no gap is labelled.

    For each scene a coin chooses one of the two that `connected_pairs` makes. So nothing but the
    gap says which digit it is, and a model that finds all ink but knows of no gap far away has to
    label both digits or neither, or guess: its intersection over union is about one half at most.

    The options make scenes of another kind, to ask what a model does there: a `gap` of 1 to 3
    pixels; lines with 2 or 4 `bends`; and with `cut="none"` both lines are whole and both digits
    labelled, with `cut="both"` both lines have a gap and nothing is labelled.

    >>> scenes = connected_digit(np.random.default_rng(0), np.full((1, 8, 8), 0.9), 2)
    >>> [int(labels.sum()) for labels in scenes.labels]
    [64, 64]
    >>> scenes = connected_digit(np.random.default_rng(0), np.full((1, 8, 8), 0.9), 2, cut="none")
    >>> [int(labels.sum()) for labels in scenes.labels]
    [128, 128]
    """
    _check(rng, digits, number, gap, bends)
    if cut not in CUT:
        raise ValueError(f"cut is {cut!r}; expected one of {', '.join(map(repr, CUT))}")
    drawings = [_drawing(rng, digits, gap, bends) for _ in range(number)]
    coin = rng.integers(2, size=number)
    whole = {"none": (1, 2), "both": ()}
    return _stacked(
        _scene(drawing, whole.get(cut, (k + 1,))) for drawing, k in zip(drawings, coin, strict=True)
    )


def connected_pairs(
    rng: np.random.Generator, digits: np.ndarray, number: int, *, gap: int = GAP, bends: int = 2
) -> tuple[Scenes, Scenes]:
    """Two `Scenes` that differ in two gaps only: in the first digit 1 is connected, then digit 2.

    >>> one, two = connected_pairs(np.random.default_rng(0), np.full((1, 8, 8), 0.9), 2)
    >>> int((one.images[0] != two.images[0]).sum())
    6
    >>> sorted(set(one.parts[0].ravel().tolist()))
    [0, 1, 2, 3, 4]
    """
    _check(rng, digits, number, gap, bends)
    drawings = [_drawing(rng, digits, gap, bends) for _ in range(number)]
    one, two = (_stacked(_scene(drawing, (k,)) for drawing in drawings) for k in (1, 2))
    return one, two


def _stacked(scenes):
    return Scenes(*(np.stack(part) for part in zip(*scenes, strict=True)))


def _drawing(rng, digits, gap, bends):
    """All that two scenes of a pair have in common, and a gap for each line."""
    parts, ink, which, paths = _digits_on_lines(rng, digits, bends)
    texture = _texture(rng)
    gaps = [path[k : k + gap] for path in paths for k in [_gap_start(rng, path, gap)]]
    return parts, ink, which, paths, texture, gaps


def _digits_on_lines(rng, digits, bends):
    """Two digits and, for each, the pixels of a line to the left edge; the lines do not touch."""
    for _ in range(TRIES):
        parts, ink, which = _digits(rng, digits, rng.permutation(2), first=STRIP + 2)
        paths = [_path(rng, parts == k, bends) for k in (1, 2)]
        one, two = map(_drawn, paths)
        if not (_touch(one, two) or _touch(one, parts == 2) or _touch(two, parts == 1)):
            return parts, ink, which, paths
    raise ValueError(f"digits: no room for two lines in {TRIES} tries; expected less ink")


def _scene(drawing, whole):
    """The scene in which the lines of the digits `whole` have no gap."""
    parts, ink, which, paths, texture, gaps = drawing
    parts, ink = parts.copy(), ink.copy()
    for k, (path, gap) in enumerate(zip(paths, gaps, strict=True), start=1):
        line = _drawn(path) if k in whole else _drawn(path) & ~_drawn(gap)
        parts[line] = k + 2
        ink[line] = LINE
    return ink + (1 - ink) * texture, np.isin(parts, whole), parts, which


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


def _path(rng, digit, bends):
    """Pixels (L, 2) from the left edge to the digit's leftmost ink, along rows and columns."""
    right = int(np.flatnonzero(digit.any(axis=0))[0])
    start, end = int(rng.integers(1, SIDE - 1)), int(rng.choice(np.flatnonzero(digit[:, right])))
    if bends == 2:
        turns = [(start, int(rng.integers(2, STRIP)))]
    else:  # first to a row between, far enough from both others not to touch them
        rows = np.arange(1, SIDE - 1)
        between = rng.choice(rows[(abs(rows - start) > 2) & (abs(rows - end) > 2)])
        first = int(rng.integers(2, STRIP - 3))
        turns = [(start, first), (int(between), int(rng.integers(first + 3, STRIP)))]
    path, column = [], 0
    for (row, turn), following in zip(turns, [*(r for r, _ in turns[1:]), end], strict=True):
        path += [(row, c) for c in range(column, turn)]
        path += [(r, turn) for r in range(row, following, 1 if following > row else -1)]
        column = turn
    return np.array(path + [(end, c) for c in range(column, right)])


def _gap_start(rng, path, gap):
    """Where on a path its gap begins: two pixels at both ends are always drawn.

    A gap of one pixel is never in a bend, where the pixels beside it would touch.
    """
    starts = [
        k for k in range(2, len(path) - gap - 1) if abs(path[k - 1] - path[k + gap]).max() > 1
    ]
    return starts[rng.integers(len(starts))]


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


def _check(rng, digits, number, gap=GAP, bends=2):
    check_rng(rng)
    check_sizes(number=number)
    check_digits(digits)
    if gap not in range(1, GAP + 1):
        raise ValueError(f"gap is {gap!r}; expected 1 to {GAP} pixels")
    if bends not in BENDS:
        raise ValueError(f"bends is {bends!r}; expected {' or '.join(map(str, BENDS))}")
    empty = np.flatnonzero(~(digits > 0).any(axis=(1, 2)))
    if len(empty):
        raise ValueError(f"digits[{empty[0]}] has no ink; expected values above 0")
