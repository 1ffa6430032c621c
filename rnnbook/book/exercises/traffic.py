"""Exercises of `chapters/*/traffic`."""

from functools import partial

import numpy as np

from rnnbook.book.exercises.checker import Exercise


def _mae_case(rng):
    forecasts, targets = rng.uniform(1, 9, (2, 3, 5))
    targets[0, :3] = targets[2, 1] = np.nan
    return forecasts, rng.permutation(targets)


def _masked_mae(forecasts, targets):
    return np.nanmean(np.abs(forecasts - targets))


def _holiday_case(rng):
    """Four days with hours missing at random; the second or the third has a name, at midnight."""
    hours = np.concatenate([np.insert(1 + rng.permutation(23)[:18], 0, 0) for _ in range(4)])
    day = np.repeat(np.arange(4), 19)
    order = np.lexsort((hours, day))
    return day, (hours[order] == 0) & (day == rng.integers(1, 3))


def _spread(day, named):
    return np.isin(day, day[named])


def _next_24_rows(day, named):
    rows = np.arange(len(day))
    first = np.argmax(named)
    return (rows >= first) & (rows < first + 24)


def _samples_case(rng):
    """Eleven hours, three of them without a row; two features, windows of four hours and two."""
    hours = np.delete(np.arange(11), [3, 4, int(rng.integers(6, 9))]) + int(rng.integers(5, 9))
    return hours, rng.uniform(1, 9, (len(hours), 2)), 4, 2


def _samples(hours, table, steps, horizon, overlap=0, carried=False, complete=True):
    places = hours - hours[0]
    grid = np.zeros((places[-1] + 1, table.shape[1] + 1))
    grid[places, :-1], grid[places, -1] = table, 1
    if carried:
        last = np.maximum.accumulate(np.where(grid[:, -1] > 0, np.arange(len(grid)), 0))
        grid[:, :-1] = grid[last, :-1]
    origins = np.arange(steps, len(grid) - horizon + 1)[:, None]
    X = grid[origins + np.arange(-steps, 0)]
    ahead = grid[origins - overlap + np.arange(horizon)]
    whole = ahead[..., -1].all(axis=1) | (not complete)
    return X[whole], ahead[whole, :, 0]


def _rows_for_hours(hours, table, steps, horizon):
    return _samples(np.arange(len(hours)), table, steps, horizon)


def _reshaped(hours, table, steps, horizon):
    X, Y = _samples(hours, table, steps, horizon)
    return X.reshape(len(X), X.shape[2], steps), Y


EXERCISES = {
    "masked-mae": Exercise(
        case=_mae_case,
        solution=_masked_mae,
        outputs=("the error",),
        mistakes={
            "A target that is missing is not a target of zero.": (
                lambda f, y: np.mean(np.abs(f - np.nan_to_num(y)))
            ),
            "Divide by the number of measured targets, not by that of all.": (
                lambda f, y: np.nansum(np.abs(f - y)) / y.size
            ),
            "Every measured target counts the same: do not average the means of the rows.": (
                lambda f, y: np.mean(np.nanmean(np.abs(f - y), axis=1))
            ),
        },
    ),
    "spread-holiday": Exercise(
        case=_holiday_case,
        solution=_spread,
        outputs=("holiday",),
        mistakes={
            "Hours are missing: the next 24 rows reach into the day after.": _next_24_rows,
            "The day ends at midnight: do not carry the name on to the end of the series.": (
                lambda day, named: np.maximum.accumulate(named)
            ),
        },
    ),
    "traffic-samples": Exercise(
        case=_samples_case,
        solution=_samples,
        outputs=("X", "Y"),
        mistakes={
            "An hour without a row is still an hour: put the rows on a grid first.": (
                _rows_for_hours
            ),
            "An hour without a row is zero in all features: do not carry the last row on.": (
                partial(_samples, carried=True)
            ),
            "A target that was not measured is no target: leave its window out.": (
                partial(_samples, complete=False)
            ),
            "The first target is in its own window: it begins one hour later.": (
                partial(_samples, overlap=1)
            ),
            "The axes of X are samples, timesteps, features.": _reshaped,
        },
    ),
}
