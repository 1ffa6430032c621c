"""Videos of a digit that moves straight on and bounces off the walls.

A relative of the "moving MNIST" of Srivastava, Mansimov and Salakhutdinov (2015), small enough
for a CPU: one 8 x 8 digit in frames of 16 x 16 pixels. It moves by one pixel a step,
along an axis or a diagonal, so that nothing is interpolated, and the law of its movement is known
exactly. Whoever knows two frames, and the law, can tell all later frames; one frame tells the
place and not the velocity.
"""

from typing import NamedTuple

import numpy as np

from rnnbook._check import check_shape, check_sizes
from rnnbook._rng import check_rng
from rnnbook.tasks._digits import DIGIT, check_digits

SIDE = 16  # rows and columns of a frame
ROOM = SIDE - DIGIT  # places of the digit's top left corner: 0 to ROOM
SPEED = 1  # at most so many pixels a step, in either direction
VISIT = (2, 4)  # frames that a visit lasts, at least and at most


class Videos(NamedTuple):
    """N videos, and what is where."""

    frames: np.ndarray  # (N, T, 16, 16) in [0, 1]
    corners: np.ndarray  # (N, T, 2) row and column of the digit's top left corner
    numbers: np.ndarray  # (N,) which of the given digits it is


class Visits(NamedTuple):
    """N videos in which two digits show themselves, one after the other."""

    frames: np.ndarray  # (N, T, 16, 16) in [0, 1]
    numbers: np.ndarray  # (N, 2) which of the given digits come, the first one first
    present: np.ndarray  # (N, T) 0 while the room is dark, 1 and 2 while a digit is there


def reflect(corners: np.ndarray) -> np.ndarray:
    """Where a digit is that flew straight to `corners`, if walls throw it back.

    The path is folded: ``p -> M - |M - p mod 2M|`` with M = 8, the largest place.

    >>> reflect(np.array([-1, 0, 5, 8, 9, 17]))
    array([1, 0, 5, 8, 7, 1])
    """
    return ROOM - np.abs(ROOM - np.mod(corners, 2 * ROOM))


def bouncing_digits(
    rng: np.random.Generator, digits: np.ndarray, number: int, steps: int
) -> Videos:
    """N videos of T frames: a digit of `digits` (M, 8, 8) at a random place, with some velocity.

    The velocity is -1, 0 or 1 pixel a step in each direction, never (0, 0). To copy the last
    frame is wrong at every step; the true law is right at every step.

    >>> videos = bouncing_digits(np.random.default_rng(0), np.full((1, 8, 8), 0.9), 2, 5)
    >>> videos.frames.shape, np.diff(videos.corners[0], axis=0)[0].tolist()
    ((2, 5, 16, 16), [1, 0])
    """
    check_rng(rng)
    check_sizes(number=number, steps=steps)
    check_digits(digits)
    numbers = rng.integers(len(digits), size=number)
    velocities = np.array([_velocity(rng) for _ in range(number)])
    start = rng.integers(0, 2 * ROOM, (number, 2))  # also on its way back
    straight = start[:, None] + velocities[:, None] * np.arange(steps)[:, None]
    corners = reflect(straight)
    return Videos(draw(digits[numbers], corners), corners, numbers)


def two_visits(
    rng: np.random.Generator, digits: np.ndarray, labels: np.ndarray, number: int, steps: int
) -> Visits:
    """Two digits of different labels visit a dark room, each for 2 to 4 frames, with a dark gap.

    A visitor moves as in `bouncing_digits`. When the visits begin is left to chance: the frames
    before, between and after them are any three numbers with the right sum, the middle one at
    least 1. Played backwards, the video is as likely, and the digits have changed their order. So
    whoever only knows which frames there are cannot say which digit came first.

    =========  ==============  ==================================================
    `digits`   (M, 8, 8)       images in [0, 1]
    `labels`   (M,)            what they show; at least two different labels
    `number`                   N, how many videos
    `steps`                    T, frames of a video, at least 9
    =========  ==============  ==================================================

    >>> two = np.stack([np.full((8, 8), 0.4), np.full((8, 8), 0.8)])
    >>> videos = two_visits(np.random.default_rng(0), two, np.array([0, 1]), 1, 12)
    >>> videos.present[0].tolist(), videos.numbers[0].tolist()
    ([1, 1, 0, 2, 2, 0, 0, 0, 0, 0, 0, 0], [1, 0])
    """
    check_rng(rng)
    check_sizes(number=number, steps=steps)
    check_digits(digits)
    labels = np.asarray(labels)
    check_shape("labels", labels, "(M,)", (len(digits),))
    if steps < 2 * VISIT[1] + 1:
        raise ValueError(
            f"steps is {steps}; expected at least {2 * VISIT[1] + 1}: two visits, a gap"
        )
    if (labels == labels[0]).all():
        raise ValueError(f"labels are all {labels[0]}; expected at least two different ones")
    numbers = np.array([_two_different(rng, labels) for _ in range(number)])
    present = np.array([_visiting_hours(rng, steps) for _ in range(number)])
    frames = np.zeros((number, steps, SIDE, SIDE))
    for k in range(2):
        velocities = np.array([_velocity(rng) for _ in range(number)])
        start = rng.integers(0, 2 * ROOM, (number, 2))
        corners = reflect(start[:, None] + velocities[:, None] * np.arange(steps)[:, None])
        there = (present == k + 1)[..., None, None]
        frames += there * draw(digits[numbers[:, k]], corners)
    return Visits(frames, numbers, present)


def draw(images: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """Frames (N, T, 16, 16) with images (N, 8, 8) at corners (N, T, 2), whole numbers 0 to 8.

    >>> draw(np.ones((1, 8, 8)), np.array([[[0, 8]]])).sum()
    np.float64(64.0)
    """
    _check_corners(images, corners)
    N, T, _ = corners.shape
    frames = np.zeros((N, T, SIDE, SIDE))
    places = np.arange(DIGIT)
    rows = corners[:, :, 0, None, None] + places[:, None]
    columns = corners[:, :, 1, None, None] + places
    frames[np.arange(N)[:, None, None, None], np.arange(T)[:, None, None], rows, columns] = images[
        :, None
    ]
    return frames


def _velocity(rng):
    while True:
        velocity = rng.integers(-SPEED, SPEED + 1, 2)
        if velocity.any():
            return velocity


def _two_different(rng, labels):
    while True:
        pair = rng.integers(len(labels), size=2)
        if labels[pair[0]] != labels[pair[1]]:
            return pair


def _visiting_hours(rng, steps):
    """For each frame 0, 1 or 2: nobody, the first or the second visitor."""
    long = rng.integers(VISIT[0], VISIT[1] + 1, 2)
    free = steps - long.sum() - 1  # the gap has one frame at least
    before, until = np.sort(rng.integers(0, free + 1, 2))
    parts = (before, long[0], until - before + 1, long[1], free - until)
    return np.repeat([0, 1, 0, 2, 0], parts)


def _check_corners(images, corners):
    if corners.ndim != 3 or corners.dtype.kind not in "iu":
        raise ValueError(
            f"corners has shape {corners.shape} and dtype {corners.dtype}; "
            "expected (N, T, 2) whole numbers"
        )
    N, T = corners.shape[:2]
    check_shape("corners", corners, "(N, T, 2)", (N, T, 2))
    check_shape("images", images, "(N, 8, 8)", (N, DIGIT, DIGIT))
    if corners.size and not (corners.min() >= 0 and corners.max() <= ROOM):
        raise ValueError(
            f"corners go from {corners.min()} to {corners.max()}; expected 0 to {ROOM}: "
            "`reflect` folds a path back"
        )
