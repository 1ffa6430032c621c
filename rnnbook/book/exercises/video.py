"""Exercises of `chapters/applications/images/video`."""

import numpy as np

from rnnbook.book.exercises.checker import Exercise


def _bounce_case(rng):
    room = int(rng.integers(4, 9))
    v = int(rng.integers(2, 4)) * (1 if rng.random() < 0.5 else -1)
    return int(rng.integers(1, room)), v, 25, room


def _bounce(p, v, steps, room):
    straight = p + v * np.arange(steps + 1)
    return room - np.abs(room - np.mod(straight, 2 * room))


def _stop_at_the_wall(p, v, steps, room):
    places = [p]
    for _ in range(steps):
        p = p + v
        if not 0 <= p <= room:
            p, v = min(max(p, 0), room), -v
        places.append(p)
    return np.array(places)


def _shift_case(rng):
    before = np.zeros((9, 10))
    before[3:6, 3:7] = rng.random((3, 4)) + 0.2
    step = rng.integers(-2, 3, 2)
    step[0] = step[0] or 1
    return before, np.roll(before, step, axis=(0, 1)) + 0.01 * rng.random((9, 10)), 2


def _shift(before, after, most):
    tries = [(a, b) for a in range(-most, most + 1) for b in range(-most, most + 1)]
    wide = np.pad(before, most)

    def difference(step):
        a, b = step
        R, C = before.shape
        return ((wide[most - a : most - a + R, most - b : most - b + C] - after) ** 2).sum()

    return np.array(min(tries, key=difference))


def _latch_case(rng):
    x = np.zeros((12, 4))
    before, between = rng.integers(0, 3, 2)
    one, other = rng.permutation(4)[:2]
    second = before + 3 + between
    x[before : before + 2, one] = 1
    x[second : second + 3, other] = 1
    return (x,)


def _latch(x):
    h = np.zeros(x.shape[1])
    for x_t in x:
        h = h + (1 - h.sum()) * x_t
    return h


def _last_visitor(x):
    h = np.zeros(x.shape[1])
    for x_t in x:
        h = (1 - x_t.sum()) * h + x_t
    return h


def _fold_case(rng):
    return (rng.standard_normal((4, 5, 3, 3)),)


def _fold(patches):
    R, C = patches.shape[:2]
    wide = np.zeros((R + 2, C + 2))
    for i in range(3):
        for j in range(3):
            wide[i : i + R, j : j + C] += patches[:, :, i, j]
    return wide[1:-1, 1:-1]


EXERCISES = {
    "video-bounce": Exercise(
        case=_bounce_case,
        solution=_bounce,
        outputs=("the places",),
        mistakes={
            "It stops at the wall: what lies beyond it must come back by as much.": (
                _stop_at_the_wall
            ),
            "It goes through the wall and comes in on the other side.": (
                lambda p, v, steps, room: np.mod(p + v * np.arange(steps + 1), room + 1)
            ),
        },
    ),
    "video-shift": Exercise(
        case=_shift_case,
        solution=_shift,
        outputs=("the shift",),
        mistakes={
            "This takes `after` back to `before`: the signs are turned round.": (
                lambda before, after, most: -_shift(before, after, most)
            ),
            "Rows come first, then columns.": (
                lambda before, after, most: _shift(before, after, most)[::-1]
            ),
        },
    ),
    "video-latch": Exercise(
        case=_latch_case,
        solution=_latch,
        outputs=("the state",),
        mistakes={
            "This is the last visitor: every new one writes over the state.": _last_visitor,
            "Both visitors stand in the state, and nothing says who came first.": (
                lambda x: x.max(axis=0)
            ),
            "The state grows with every frame in which the first visitor is there.": (
                lambda x: x[: np.flatnonzero(x.sum(axis=1))[0] + 2].sum(axis=0)
            ),
        },
    ),
    "video-fold": Exercise(
        case=_fold_case,
        solution=_fold,
        outputs=("the sums",),
        mistakes={
            "These are sums over each neighbourhood's own nine numbers: move them first.": (
                lambda patches: patches.sum(axis=(2, 3))
            ),
            "The neighbourhoods are moved the wrong way: i and j count from the upper left.": (
                lambda patches: _fold(patches[:, :, ::-1, ::-1])
            ),
        },
    ),
}
