"""Exercises of `chapters/tools/gpu`."""

import numpy as np

from rnnbook.book.exercises.checker import Exercise


def _flops_case(rng):
    N, T, D, H = (int(n) for n in rng.integers(2, 20, 4))
    return int(rng.choice([1, 3, 4])), N, T, D, H


def _flops(cell, N, T, D, H):
    return 2 * N * T * (D + H) * cell * H


def _fills_case(rng):
    H, start = int(rng.integers(16, 200)), float(rng.uniform(2e-6, 2e-5))
    return H, start, float(rng.uniform(1e12, 1e13))


def _fills(H, start, speed):
    return int(np.ceil(start * speed / (6 * H**2)))


def _padding_case(rng):
    return rng.integers(1, 60, 22).tolist(), 5


def _padding(lengths, size):
    batches = [lengths[k : k + size] for k in range(0, len(lengths), size)]
    return 1 - sum(lengths) / sum(len(batch) * max(batch) for batch in batches)


EXERCISES = {
    "recurrent-flops": Exercise(
        case=_flops_case,
        solution=_flops,
        outputs=("the number",),
        mistakes={
            "An addition counts as well as its multiplication: twice as many.": (
                lambda cell, N, T, D, H: _flops(cell, N, T, D, H) // 2
            ),
            "The product with the input, D wide, is missing.": (
                lambda cell, N, T, D, H: 2 * N * T * H * cell * H
            ),
        },
    ),
    "launch-bound": Exercise(
        case=_fills_case,
        solution=_fills,
        outputs=("the batch size",),
        mistakes={
            "Rounded down, it is still a little too fast: round up.": (
                lambda H, start, speed: int(start * speed / (6 * H**2))
            ),
            "A GRU has three blocks, and an addition goes with each multiplication: 6, not 3.": (
                lambda H, start, speed: int(np.ceil(start * speed / (3 * H**2)))
            ),
        },
    ),
    "padding-share": Exercise(
        case=_padding_case,
        solution=_padding,
        outputs=("the share",),
        mistakes={
            "Each batch is padded to its own longest, not to the longest of all.": (
                lambda lengths, size: 1 - sum(lengths) / (len(lengths) * max(lengths))
            ),
            "This is the share of the real steps.": (
                lambda lengths, size: 1 - _padding(lengths, size)
            ),
        },
    ),
}
