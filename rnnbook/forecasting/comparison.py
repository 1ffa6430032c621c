"""Which of two forecasts is better, and is the difference more than chance?"""

from collections.abc import Hashable, Mapping
from functools import cache
from math import atan, erfc, exp, lgamma, pi, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from rnnbook._check import check_sizes
from rnnbook._rng import check_rng
from rnnbook.forecasting._labels import check_aligned
from rnnbook.forecasting.scores import (
    check_labels,
    counted,
    mae,
    mase,
    rmse,
    same_shape,
    skill,
)
from rnnbook.forecasting.series import check_series, check_values, floats


class DieboldMariano(NamedTuple):
    """What `diebold_mariano` found."""

    difference: float  # mean loss of a minus mean loss of b: negative where a is better
    statistic: float  # the corrected statistic, to be compared with a t distribution
    p_value: float  # two-sided


def diebold_mariano(
    losses_a: ArrayLike, losses_b: ArrayLike, *, horizon: int = 1, lags: int | None = None
) -> DieboldMariano:
    """Do two forecasts have the same expected loss? (Diebold and Mariano 1995)

    ``d_t = a_t - b_t``, ``DM = mean(d) / sqrt(V / n)`` with V a long-run variance of d, times the
    correction of Harvey, Leybourne and Newbold (1997) for small samples,
    ``sqrt((n + 1 - 2 h + h (h - 1) / n) / n)``, against t with n - 1 degrees of freedom.

    `losses_a`, `losses_b` (n,): one loss for each origin, in order of time, such as squared errors.
    `horizon` h: how far ahead was forecast, in strides between origins; errors of h steps overlap
    and are correlated up to lag h - 1. By default V weighs these lags fully, as in the paper, and
    falls back to Bartlett weights where that is not positive. With `lags` V is that of Newey and
    West (1987) with so many: right also where losses are correlated for longer.

    It compares forecasts, not models: not for models nested in one another that were fitted in an
    expanding window, where the statistic is not normal even in large samples: see `clark_west`.

    >>> rng = np.random.default_rng(0)
    >>> e = rng.standard_normal((2, 400))
    >>> diebold_mariano(e[0] ** 2, (2 * e[1]) ** 2).p_value < 1e-6
    True
    """
    check_aligned("losses_a", losses_a, losses_b, "losses_b")
    a, b = check_series(losses_a, "losses_a"), check_series(losses_b, "losses_b")
    if a.shape != b.shape:
        raise ValueError(f"losses_a has shape {a.shape}; expected {b.shape}, that of losses_b")
    check_sizes(horizon=horizon)
    n, d = len(a), a - b
    if n <= max(horizon, 2):
        raise ValueError(f"losses_a has {n} values; expected more than {max(horizon, 2)}")
    variance = _long_run_variance(d, horizon, lags)
    if not variance > 1e-30 * np.mean(a**2 + b**2):
        raise ValueError("losses_a and losses_b differ by a constant; expected some variation")
    h = horizon
    correction = sqrt((n + 1 - 2 * h + h * (h - 1) / n) / n)  # eq-dm-correction
    statistic = correction * float(d.mean()) / sqrt(variance / n)  # eq-diebold-mariano
    return DieboldMariano(float(d.mean()), statistic, _t_two_sided(statistic, n - 1))


class ClarkWest(NamedTuple):
    """What `clark_west` found."""

    difference: float  # mean adjusted difference: positive where the larger model knows something
    statistic: float  # to be compared with a normal distribution
    p_value: float  # one-sided: small where the larger model knows something


def clark_west(
    targets: ArrayLike,
    smaller: ArrayLike,
    larger: ArrayLike,
    *,
    horizon: int = 1,
    lags: int | None = None,
) -> ClarkWest:
    """Does a model hold anything that a model nested in it does not? (Clark and West 2007)

    The smaller model is the larger one with some weights fixed, such as zero, or the mean, in an
    autoregression. If the smaller one is true, the larger one still estimates those weights, and
    its errors are larger on average by ``(larger - smaller)^2``. The test takes that off:
    ``d_t = (y - smaller)^2 - [(y - larger)^2 - (smaller - larger)^2]``,
    ``CW = mean(d) / sqrt(V / n)``, against the upper tail of a normal distribution. It is about
    models, not forecasts: the larger model may hold something and still forecast worse, because
    it was estimated from too little. Which forecast is better `diebold_mariano` says.

    `targets`, `smaller`, `larger` (n,): what came true and two forecasts of it, in order of time;
    or (n, K) for K series, whose d_t are averaged: scale them alike first. A number will do for
    `smaller`. `horizon` and `lags` choose V as in `diebold_mariano`.

    >>> rng = np.random.default_rng(0)
    >>> x, noise = rng.standard_normal((2, 400))
    >>> clark_west(0.2 * x + noise, 0.0, 0.4 * x).p_value < 0.01
    True
    """
    check_labels("smaller", smaller, targets)
    check_labels("larger", larger, targets)
    y, larger = floats(targets, "targets"), floats(larger, "larger")
    if y.ndim == 0:
        raise ValueError("targets has shape (); expected (n,) or (n, K), in order of time")
    smaller = floats(smaller, "smaller")
    smaller = np.full(y.shape, float(smaller)) if smaller.ndim == 0 else smaller
    for name, values in {"smaller": smaller, "larger": larger}.items():
        if values.shape != y.shape:
            raise ValueError(
                f"{name} has shape {values.shape}; expected {y.shape}, that of targets"
            )
    counted(y, None, {"smaller": smaller, "larger": larger})
    check_sizes(horizon=horizon)
    d = (y - smaller) ** 2 - ((y - larger) ** 2 - (smaller - larger) ** 2)  # eq-clark-west
    d = d.reshape(len(d), -1).mean(axis=1)
    if len(d) <= max(horizon, 2):
        raise ValueError(f"targets has {len(d)} values; expected more than {max(horizon, 2)}")
    variance = _long_run_variance(d, horizon, lags)
    if not variance > 0:
        raise ValueError("smaller and larger are the same forecast; expected some difference")
    statistic = float(d.mean()) / sqrt(variance / len(d))
    return ClarkWest(float(d.mean()), statistic, erfc(statistic / sqrt(2)) / 2)


def _long_run_variance(d: np.ndarray, horizon: int, lags: int | None) -> float:
    """With `lags` that of Newey and West; without, lags below the horizon in full if they can."""
    if lags is not None:
        return hac_variance(d, lags)
    variance = hac_variance(d, horizon - 1, kernel="uniform")
    return variance if variance > 0 else hac_variance(d, horizon - 1)


def hac_variance(values: ArrayLike, lags: int, *, kernel: str = "bartlett") -> float:
    """Long-run variance of a series: ``g_0 + 2 sum_k w_k g_k``, the g_k its autocovariances.

    ``w_k = 1 - k / (lags + 1)`` for "bartlett" (Newey and West 1987; never negative), 1 for
    "uniform". The variance of the mean of n values is this, divided by n.

    >>> hac_variance([1.0, -1.0, 1.0, -1.0], lags=0)
    1.0
    """
    values = check_series(values, "values")
    if kernel not in ("bartlett", "uniform"):
        raise ValueError(f"kernel is {kernel!r}; expected 'bartlett' or 'uniform'")
    if isinstance(lags, bool) or not isinstance(lags, (int, np.integer)):
        raise TypeError(f"lags is {lags!r}; expected a whole number, 0 or more")
    if not 0 <= lags < len(values):
        raise ValueError(f"lags is {lags}; expected 0 to {len(values) - 1}")
    d = values - values.mean()
    total = d @ d
    for k in range(1, lags + 1):
        weight = 1 - k / (lags + 1) if kernel == "bartlett" else 1.0
        total += 2 * weight * (d[k:] @ d[:-k])  # eq-long-run-variance
    return float(total / len(d))


def _t_two_sided(t: float, freedom: int) -> float:
    """P(|T| > |t|), T of Student's t: with t = sqrt(nu) tan(u) the density is cos(u)^(nu - 1)."""
    if freedom > 1e5:  # as a normal variable: Abramowitz and Stegun 26.7.8
        return erfc(abs(t) * (1 - 1 / (4 * freedom)) / sqrt(2 + t**2 / freedom))
    start = atan(abs(t) / sqrt(freedom))
    nodes, weights = _gauss_legendre()
    u = start + (pi / 2 - start) * (nodes + 1) / 2
    tail = (pi / 2 - start) / 2 * (weights @ np.cos(u) ** (freedom - 1))
    whole = sqrt(pi) / 2 * exp(lgamma(freedom / 2) - lgamma((freedom + 1) / 2))
    return min(1.0, float(tail) / whole)


@cache
def _gauss_legendre() -> tuple[np.ndarray, np.ndarray]:
    return np.polynomial.legendre.leggauss(200)


def bootstrap_means(
    losses: ArrayLike,
    *,
    block: int,
    rng: np.random.Generator,
    season: int = 1,
    draws: int = 2000,
) -> np.ndarray:
    """Means (draws,) of resampled losses: their quantiles are an interval for the mean.

    Whole blocks of `block` consecutive losses are drawn (Künsch 1989), so that what hangs together
    stays together. With `season` a block begins at a multiple of it, so that every hour of the day
    (24) or the week (168) keeps its share; `block` must then be a multiple of it.

    >>> losses = np.tile([0.0, 10.0], 50)
    >>> means = bootstrap_means(losses, block=4, season=2, rng=np.random.default_rng(0), draws=100)
    >>> means.min(), means.max()
    (np.float64(5.0), np.float64(5.0))
    """
    check_rng(rng)
    losses = check_series(losses, "losses")
    check_sizes(block=block, season=season, draws=draws)
    if block % season or block > len(losses):
        raise ValueError(
            f"block is {block}; expected a multiple of season = {season}, "
            f"at most {len(losses)}, the number of losses"
        )
    starts = season * rng.integers(
        0, (len(losses) - block) // season + 1, (draws, -(-len(losses) // block))
    )
    places = (starts[..., None] + np.arange(block)).reshape(draws, -1)[:, : len(losses)]
    return losses[places].mean(axis=1)


def bootstrap_groups(
    values: ArrayLike, groups: ArrayLike, *, rng: np.random.Generator, draws: int = 2000
) -> np.ndarray:
    """Means (draws,) of values whose whole groups are drawn again: `bootstrap_means` without time.

    Errors hang together within a family, a chapter or a writer. So as many groups as there are
    are drawn with replacement, each with all its values (the cluster bootstrap of Field and Welsh
    2007), and ``mean* = sum_g w_g s_g / sum_g w_g n_g``, with w_g how often group g was drawn, s_g
    the sum of its values and n_g their number. Few groups, or one that holds most of the values,
    make a poor interval.

    `values` (n,): one number a case, such as a difference of losses; or (n, K), which gives means
    (draws, K) of K columns over the same draws, for ratios of means. `groups` (n,): numbers or
    names, the same for cases that belong together.

    >>> values, groups = [1.0, 1.0, 1.0, 5.0], ["a", "a", "a", "b"]
    >>> means = bootstrap_groups(values, groups, rng=np.random.default_rng(0))
    >>> np.unique(means)  # twice a, both, twice b
    array([1., 2., 5.])
    """
    check_rng(rng)
    check_sizes(draws=draws)
    check_aligned("values", values, groups, "groups")
    table, names = floats(values, "values"), np.asarray(groups)
    if table.ndim not in (1, 2) or not len(table):
        raise ValueError(f"values has shape {table.shape}; expected (n,) or (n, K), n above 0")
    if names.shape != table.shape[:1]:
        raise ValueError(
            f"groups has shape {names.shape}; expected {table.shape[:1]}, a group for each value"
        )
    check_values(table, name="values")
    group = np.unique(names, return_inverse=True)[1]
    sizes = np.bincount(group)
    sums = np.zeros((len(sizes), *table.shape[1:]))
    np.add.at(sums, group, table)
    drawn = rng.multinomial(len(sizes), np.full(len(sizes), 1 / len(sizes)), draws).astype(float)
    return ((drawn @ sums).T / (drawn @ sizes)).T


class ResultsTable(dict):
    """Rows by name, each a dict of MAE, RMSE, MASE and skill; prints as text.

    `pandas.DataFrame(table).T` makes it a data frame.
    """

    def __str__(self) -> str:
        if not self:
            return "no rows"
        widest = max(len(str(name)) for name in self)
        columns = list(next(iter(self.values())))
        lines = [" " * widest + "".join(f"{c:>10}" for c in columns)]
        for name, row in self.items():
            lines.append(f"{name:{widest}}" + "".join(f"{row[c]:10.4g}" for c in columns))
        return "\n".join(lines)


def results_table(
    forecasts: Mapping[Hashable, ArrayLike],
    targets: ArrayLike,
    training: ArrayLike,
    *,
    reference: Hashable,
    season: int = 1,
    mask: ArrayLike | None = None,
    training_mask: ArrayLike | None = None,
) -> ResultsTable:
    """MAE, RMSE, MASE and the skill in MAE over `reference`, for a dict of named forecasts (N, H).

    All are scored on the same targets: a forecast that is missing where a target is there raises
    `ValueError` with its name.

    >>> forecasts = {"last value": [[1.0, 1.0]], "trend": [[2.0, 3.0]]}
    >>> print(results_table(forecasts, [[2.0, 4.0]], [0.0, 1.0], reference="last value"))
                      MAE      RMSE      MASE     skill
    last value          2     2.236         2         0
    trend             0.5    0.7071       0.5      0.75
    """
    if reference not in forecasts:
        names = ", ".join(map(str, forecasts))
        raise ValueError(f"reference is {reference!r}; expected one of {names}")
    for name, forecast in forecasts.items():
        counted(targets, mask, {name: same_shape(name, forecast, targets)})
    reference_error = mae(forecasts[reference], targets, mask)
    if reference_error == 0:
        raise ValueError(
            f"{reference} has an MAE of 0; expected a reference that errs, to measure others by"
        )
    table = ResultsTable()
    for name, forecast in forecasts.items():
        error = mae(forecast, targets, mask)
        scaled = mase(
            forecast, targets, training, season=season, mask=mask, training_mask=training_mask
        )
        table[name] = {
            "MAE": error,
            "RMSE": rmse(forecast, targets, mask),
            "MASE": scaled,
            "skill": skill(error, reference_error),
        }
    return table
