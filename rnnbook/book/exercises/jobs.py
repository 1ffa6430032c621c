"""Exercises of `chapters/*/jobs`."""

import numpy as np

from rnnbook.book.exercises.checker import Exercise


def _drift_case(rng):
    return (
        100 + rng.standard_normal(int(rng.integers(20, 30))).cumsum(),
        int(rng.integers(3, 12)),
        4,
    )


def _drift(series, window, horizon):
    slope = (series[-1] - series[-1 - window]) / window
    return series[-1] + slope * np.arange(1, horizon + 1)


def _yearly_case(rng):
    sizes = rng.integers(2, 6, int(rng.integers(3, 6)))
    years = np.repeat(2011 + np.arange(len(sizes)), sizes)
    ours, theirs = 1 + rng.random((2, len(years)))
    return ours, theirs, years


def _yearly(ours, theirs, years):
    return np.array([(ours - theirs)[years == year].mean() for year in np.unique(years)])


EXERCISES = {
    "drift-forecast": Exercise(
        case=_drift_case,
        solution=_drift,
        outputs=("the forecasts",),
        mistakes={
            "There are only window - 1 steps from series[-window] to series[-1].": (
                lambda series, window, horizon: (
                    series[-1] + (series[-1] - series[-window]) / window * np.arange(1, horizon + 1)
                )
            ),
            "The first forecast is one step ahead, not zero.": (
                lambda series, window, horizon: (
                    series[-1] + (series[-1] - series[-1 - window]) / window * np.arange(horizon)
                )
            ),
            "This is the slope since the first value: use the last `window` steps only.": (
                lambda series, window, horizon: _drift(series, len(series) - 1, horizon)
            ),
        },
    ),
    "yearly-differences": Exercise(
        case=_yearly_case,
        solution=_yearly,
        outputs=("the differences",),
        mistakes={
            "This is theirs less ours: where we err less, the difference is negative.": (
                lambda ours, theirs, years: _yearly(theirs, ours, years)
            ),
            "These are sums: a year with more forecasts would count more. Take means.": (
                lambda ours, theirs, years: np.array(
                    [(ours - theirs)[years == year].sum() for year in np.unique(years)]
                )
            ),
            "This is one number for all years: one for each year is asked for.": (
                lambda ours, theirs, years: np.full(
                    len(np.unique(years)), np.mean(ours) - np.mean(theirs)
                )
            ),
        },
    ),
}
