"""Exercises of `chapters/tools/padding`."""

import numpy as np

from rnnbook.book.exercises.checker import Exercise


def _block_case(rng):
    """A block with numbers in the padding, too: a forgotten mask shows."""
    N, T, D = (int(size) for size in rng.integers(3, 7, 3))
    lengths = rng.permutation(np.concatenate([[1, T], rng.integers(1, T, N - 2)]))
    return rng.standard_normal((N, T, D)), lengths


def _real(x, lengths):
    return np.arange(x.shape[1]) < lengths[:, None]


def _masked_sum(x, lengths):
    return np.where(_real(x, lengths)[..., None], x, 0.0).sum(axis=1)


def _masked_mean(x, lengths):
    return _masked_sum(x, lengths) / lengths[:, None]


def _sorted_case(rng):
    x, lengths = _block_case(rng)
    return x, np.sort(lengths)[::-1].copy()


def _pack(x, lengths):
    real = _real(x, lengths)
    return x.swapaxes(0, 1)[real.T], real.sum(axis=0)


def _row_by_row(x, lengths):
    real = _real(x, lengths)
    return x[real], real.sum(axis=0)


def _budget_case(rng):
    lengths = rng.integers(1, 25, int(rng.integers(15, 25))).tolist()
    return lengths, 3 * max(lengths)


def _filled(lengths, budget, cost):
    """How many sequences each batch takes, in this order, as long as it costs no more."""
    sizes: list[int] = []
    batch: list[int] = []
    for length in lengths:
        if batch and cost([*batch, length]) > budget:
            sizes, batch = [*sizes, len(batch)], []
        batch = [*batch, length]
    return np.array([*sizes, len(batch)])


def _block(batch):
    return len(batch) * max(batch)


EXERCISES = {
    "masked-mean": Exercise(
        case=_block_case,
        solution=_masked_mean,
        outputs=("the mean",),
        mistakes={
            "Divide by each sequence's own length, not by T.": (
                lambda x, lengths: _masked_sum(x, lengths) / x.shape[1]
            ),
            "The padding counts: leave it out of the sum.": lambda x, lengths: x.mean(axis=1),
            "Divided by the right lengths, but the sum has the padding in it.": (
                lambda x, lengths: x.sum(axis=1) / lengths[:, None]
            ),
            "This is the sum over the real steps.": _masked_sum,
        },
    ),
    "pack": Exercise(
        case=_sorted_case,
        solution=_pack,
        outputs=("the steps", "the batch sizes"),
        mistakes={
            "They stand sequence by sequence: all first steps come first.": _row_by_row,
            "The batch size of a step is how many sequences have it, counted from the first.": (
                lambda x, lengths: (_pack(x, lengths)[0], _pack(x, lengths)[1][::-1])
            ),
        },
    ),
    "step-budget": Exercise(
        case=_budget_case,
        solution=lambda lengths, budget: _filled(sorted(lengths), budget, _block),
        outputs=("the batch sizes",),
        mistakes={
            "Sort by length first, the shortest in front.": (
                lambda lengths, budget: _filled(lengths, budget, _block)
            ),
            "The longest come first here; the shortest should.": (
                lambda lengths, budget: _filled(sorted(lengths)[::-1], budget, _block)
            ),
            "Padding counts as well: a batch costs its size times its longest.": (
                lambda lengths, budget: _filled(sorted(lengths), budget, sum)
            ),
            "A batch that costs exactly the budget is allowed.": (
                lambda lengths, budget: _filled(sorted(lengths), budget - 1, _block)
            ),
        },
    ),
}
