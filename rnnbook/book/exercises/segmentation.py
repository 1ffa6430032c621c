"""Exercises of `chapters/applications/images/segmentation`."""

import numpy as np

from rnnbook.book.exercises.checker import Exercise


def _iou_case(rng):
    labels = rng.random((4, 6, 5)) < 0.3
    labels[:, 0, 0] = True
    return np.where(rng.random(labels.shape) < 0.2, ~labels, labels), labels


def _iou(found, labels):
    return (found & labels).sum(axis=(1, 2)) / (found | labels).sum(axis=(1, 2))


def _dice(found, labels):
    return 2 * (found & labels).sum(axis=(1, 2)) / (found.sum((1, 2)) + labels.sum((1, 2)))


def _field_case(rng):
    layers = int(rng.integers(2, 5))
    kernels, dilations = rng.integers(2, 6, layers), rng.integers(1, 5, layers)
    strides = rng.integers(2, 4, layers)
    return kernels.tolist(), dilations.tolist(), strides.tolist()


def _field(kernels, dilations, strides):
    step = np.cumprod([1, *strides[:-1]])
    return 1 + int(((np.array(kernels) - 1) * dilations * step).sum())


def _own_stride_too(kernels, dilations, strides):
    return 1 + int(((np.array(kernels) - 1) * dilations * np.cumprod(strides)).sum())


def _fill_case(rng):
    drawn = rng.random((7, 8)) < 0.7
    return drawn, drawn & (rng.random(drawn.shape) < 0.1)


def _rightwards(drawn, reached):
    reached = reached & drawn
    for c in range(1, drawn.shape[1]):
        reached[:, c] |= drawn[:, c] & reached[:, c - 1]
    return reached


def _rows(drawn, reached):
    right = _rightwards(drawn, reached)
    return right | _rightwards(drawn[:, ::-1], reached[:, ::-1])[:, ::-1]


def _sweep(drawn, reached):
    return _rows(drawn.T, _rows(drawn, reached).T).T


def _columns_first(drawn, reached):
    return _rows(drawn, _rows(drawn.T, reached.T).T)


def _one_way(drawn, reached):
    return _rightwards(drawn.T, _rightwards(drawn, reached).T).T


EXERCISES = {
    "iou": Exercise(
        case=_iou_case,
        solution=_iou,
        outputs=("the overlap",),
        mistakes={
            "This is the Dice coefficient: divide by the union, without doubling.": _dice,
            "Divide by the union, not by what was to be found: false alarms count too.": (
                lambda found, labels: (found & labels).sum((1, 2)) / labels.sum((1, 2))
            ),
            "This is the share of right pixels; the background counts in it.": (
                lambda found, labels: (found == labels).mean(axis=(1, 2))
            ),
        },
    ),
    "receptive-field": Exercise(
        case=_field_case,
        solution=_field,
        outputs=("the side",),
        mistakes={
            "A layer's own stride moves its outputs apart, not its inputs: use earlier ones.": (
                _own_stride_too
            ),
            "The strides of earlier layers are missing: they space the inputs of later ones.": (
                lambda kernels, dilations, strides: _field(kernels, dilations, [1] * len(strides))
            ),
            "The dilations are missing.": (
                lambda kernels, dilations, strides: _field(kernels, [1] * len(strides), strides)
            ),
        },
    ),
    "sweep-fill": Exercise(
        case=_fill_case,
        solution=_sweep,
        outputs=("what is reached",),
        mistakes={
            "Only from the left and from the top: go back along each line as well.": _one_way,
            "The columns come first here; rows first was asked.": _columns_first,
            "The rows are done; the columns of the result are missing.": _rows,
        },
    ),
}
