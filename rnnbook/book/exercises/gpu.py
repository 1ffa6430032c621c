"""Exercises of `chapters/tools/gpu`."""

import numpy as np

from rnnbook.book.exercises.checker import Exercise


def _flops_case(rng):
    N, T, D, H = (int(n) for n in rng.integers(2, 20, 4))
    return int(rng.choice([1, 3, 4])), N, T, D, H


def _flops(cell, N, T, D, H):
    return 2 * N * T * (D + H) * cell * H


def _fills_case(rng):
    """Launches bind the narrow layers, memory the wide ones."""
    H = int(rng.choice([rng.integers(16, 100), rng.integers(1000, 3000)]))
    start, bandwidth = float(rng.uniform(4e-6, 2e-5)), float(rng.uniform(3e11, 2e12))
    return H, start, bandwidth, float(rng.uniform(8e12, 2e13))


def _fills(H, start, bandwidth, speed, *, factor=6, number=4):
    launches, memory = start * speed / (factor * H**2), number * speed / (2 * bandwidth)
    return int(np.ceil(max(launches, memory)))


def _longest_case(rng):
    N, H, layers = int(rng.integers(1, 65)), int(rng.integers(16, 257)), int(rng.integers(2, 5))
    return int(rng.integers(10**8, 10**10)), N, H, layers, int(rng.choice([2, 4, 8]))


def _longest(memory, N, H, layers, number):
    return int(memory // (N * 7 * H * layers * number))


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
            "The launches are outweighed, but the weights may take longer to read: 2v / B.": (
                lambda H, start, bandwidth, speed: int(np.ceil(start * speed / (6 * H**2)))
            ),
            "A float32 has four bytes, so the memory asks for 2v / B sequences.": (
                lambda *case: _fills(*case, number=1)
            ),
            "A GRU has three blocks, and an addition goes with each multiplication: 6, not 3.": (
                lambda *case: _fills(*case, factor=3)
            ),
            "Rounded down, it is still a little too fast: round up.": (
                lambda *case: _fills(*case) - 1
            ),
        },
    ),
    "memory-fits": Exercise(
        case=_longest_case,
        solution=_longest,
        outputs=("the number of steps",),
        mistakes={
            "A number has `number` bytes.": (
                lambda memory, N, H, layers, number: _longest(memory, N, H, layers, 1)
            ),
            "Each layer of the stack keeps its own 7H numbers.": (
                lambda memory, N, H, layers, number: _longest(memory, N, H, 1, number)
            ),
            "Every sequence of the batch has its own 7H numbers.": (
                lambda memory, N, H, layers, number: _longest(memory, 1, H, layers, number)
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
