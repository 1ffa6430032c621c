"""Scores of forecasts that say how sure they are: quantiles and intervals.

Targets have any shape S; quantiles have S and one more axis for the Q levels. Everything is in the
units of the series, except coverage and levels. `mask`, of shape S, is True where measured.
"""

import numpy as np
from numpy.typing import ArrayLike

from rnnbook.forecasting._labels import check_aligned
from rnnbook.forecasting.scores import check_labels, counted
from rnnbook.forecasting.series import floats


def pinball(
    quantiles: ArrayLike, targets: ArrayLike, levels: ArrayLike, mask: ArrayLike | None = None
) -> np.ndarray:
    """Mean pinball loss (Q,) of quantile forecasts (Koenker and Bassett 1978).

    ``max(tau (y - q), (tau - 1) (y - q))``: smallest on average when q is the tau-quantile.

    >>> pinball([[1.0, 3.0]], [2.0], levels=[0.1, 0.9]).round(6).tolist()
    [0.1, 0.1]
    """
    quantiles, targets, levels = _checked(quantiles, targets, levels, mask)
    errors = targets[..., None] - quantiles
    return np.maximum(levels * errors, (levels - 1) * errors).mean(axis=0)


def crps(
    quantiles: ArrayLike, targets: ArrayLike, levels: ArrayLike, mask: ArrayLike | None = None
) -> float:
    """Mean continuous ranked probability score (Matheson and Winkler 1976); smaller is better.

    ``CRPS(F, y) = integral of (F(x) - [x >= y])^2 dx = 2 integral of pinball_tau dtau`` for the
    step function F that has the mass b_k - a_k at each quantile q_k. The edges a_k, b_k lie in the
    middle between neighbouring levels; the first is 0, the last 1. So tails beyond the outermost
    levels are cut off: with few levels the score is coarse. With levels (k - 1/2) / Q it is the
    score of the Q quantiles as an ensemble. With one quantile it is the absolute error.

    >>> crps([[1.0]], [3.0], levels=[0.5])
    2.0
    """
    quantiles, targets, levels = _checked(quantiles, targets, levels, mask)
    quantiles = mend_crossing(quantiles)
    edges = np.concatenate([[0.0], (levels[1:] + levels[:-1]) / 2, [1.0]])
    masses, middles = np.diff(edges), (edges[1:] + edges[:-1]) / 2
    errors = targets[..., None] - quantiles
    return float((2 * masses * errors * (middles - (errors < 0))).sum(axis=-1).mean())


def mend_crossing(quantiles: ArrayLike) -> np.ndarray:
    """Sort the quantiles of each forecast: a higher level never has a lower value.

    Sorting never makes the summed pinball loss of evenly weighted levels larger (Chernozhukov,
    Fernandez-Val and Galichon 2010).

    >>> mend_crossing([[2.0, 1.0, 3.0]])
    array([[1., 2., 3.]])
    """
    return np.sort(np.asarray(quantiles, float), axis=-1)


def coverage(
    lower: ArrayLike, upper: ArrayLike, targets: ArrayLike, mask: ArrayLike | None = None
) -> float:
    """Share of targets inside the intervals, ends included: near the nominal share if honest.

    >>> coverage([0.0, 0.0], [1.0, 1.0], [0.5, 2.0])
    0.5
    """
    targets, lower, upper = _intervals(lower, upper, targets, mask)
    return float(np.mean((lower <= targets) & (targets <= upper)))


def width(lower: ArrayLike, upper: ArrayLike, mask: ArrayLike | None = None) -> float:
    """Mean width of intervals. Of two forecasts with the right coverage, the narrower is better.

    >>> width([0.0, 0.0], [1.0, 3.0])
    2.0
    """
    check_labels("lower", lower, upper, "upper")
    check_labels("mask", mask, lower, "lower")
    _, lower, upper = _intervals(lower, upper, np.zeros(np.shape(lower)), mask)
    return float(np.mean(upper - lower))


def check_levels(levels: ArrayLike) -> np.ndarray:
    """Levels (Q,) of quantiles: increasing, between 0 and 1.

    >>> check_levels([0.9, 0.1])
    Traceback (most recent call last):
    ...
    ValueError: levels is [0.9 0.1]; expected increasing numbers between 0 and 1
    """
    levels = np.asarray(levels, dtype=float)
    if levels.ndim != 1 or not ((levels > 0) & (levels < 1)).all() or (np.diff(levels) <= 0).any():
        raise ValueError(f"levels is {levels}; expected increasing numbers between 0 and 1")
    return levels


def _intervals(
    lower: ArrayLike, upper: ArrayLike, targets: ArrayLike, mask: ArrayLike | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What counts of each, flat; raises where the ends differ in shape, are missing or crossed."""
    for name, values in {"lower": lower, "upper": upper}.items():
        if np.shape(values) != np.shape(targets):
            raise ValueError(f"{name} has shape {np.shape(values)}; expected {np.shape(targets)}")
    targets, lower, upper = counted(targets, mask, {"lower": lower, "upper": upper})
    if (lower > upper).any():
        raise ValueError("lower is above upper; expected lower <= upper: see mend_crossing")
    return targets, lower, upper


def _checked(
    quantiles: ArrayLike, targets: ArrayLike, levels: ArrayLike, mask: ArrayLike | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    check_aligned("quantiles", quantiles, targets, "targets")
    check_labels("mask", mask, targets)
    quantiles, targets = floats(quantiles, "quantiles"), floats(targets, "targets")
    levels = check_levels(levels)
    if quantiles.shape != (*targets.shape, len(levels)):
        raise ValueError(
            f"quantiles has shape {quantiles.shape}; expected {(*targets.shape, len(levels))}, "
            "that of targets and one level more"
        )
    targets, quantiles = counted(targets, mask, {"quantiles": quantiles})
    return quantiles, targets, levels
