"""Exercises of `chapters/*/truncation`."""

import numpy as np

from rnnbook.book.exercises.checker import Exercise


def _share_case(rng):
    return int(rng.integers(4, 30)), int(rng.integers(5, 15))


def _share(window, lag):
    return float(np.mean(np.minimum(np.arange(1, window + 1), lag) / lag))


def _share_from_zero(window, lag):
    return float(np.mean(np.minimum(np.arange(window), lag) / lag))


def _share_unbounded(window, lag):
    return float(np.mean(np.arange(1, window + 1) / lag))


def _stream_case(rng):
    return rng.integers(0, 99, int(rng.integers(50, 60))), 3, 4


def _rows(ids, rows, window):
    length = len(ids) // rows
    streams = ids[: rows * length].reshape(rows, length)
    return np.stack([streams[:, s : s + window] for s in range(0, length - window + 1, window)])


def _rows_in_text_order(ids, rows, window):
    count = len(ids) // (rows * window)
    return ids[: count * rows * window].reshape(count, rows, window)


def _rows_interleaved(ids, rows, window):
    length = len(ids) // rows
    streams = ids[: rows * length].reshape(length, rows).T
    return np.stack([streams[:, s : s + window] for s in range(0, length - window + 1, window)])


EXERCISES = {
    "window-share": Exercise(
        case=_share_case,
        solution=_share,
        outputs=("share",),
        mistakes={
            "The first position of a window sees one step, its own: count from 1.": (
                _share_from_zero
            ),
            "There are only as many uses as the lag: no position sees more than all of it.": (
                _share_unbounded
            ),
            "This is the share of the last position; take the mean over the window.": (
                lambda window, lag: min(window, lag) / lag
            ),
        },
    ),
    "stream-rows": Exercise(
        case=_stream_case,
        solution=_rows,
        outputs=("the batches",),
        mistakes={
            "The windows stand in the order of the text: cut the text into rows first.": (
                _rows_in_text_order
            ),
            "Neighbours of the text stand below each other: each row must be a piece of it.": (
                _rows_interleaved
            ),
        },
    ),
}
