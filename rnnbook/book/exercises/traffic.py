"""Exercises of `chapters/*/traffic`."""

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


def _season_case(rng):
    season = int(rng.integers(3, 6))
    past = rng.uniform(0, 9, (3, season))
    past[1, 1] = past[2, 1] = past[2, season - 1] = np.nan
    return past.ravel(), season, season + 2


def _seasonal(past, season, horizon, pick=lambda known: known[-1], shift=0):
    phases = [past[k::season] for k in range(season)]
    newest = np.array([pick(phase[np.isfinite(phase)]) for phase in phases])
    return newest[(np.arange(horizon) + shift) % season]


def _last_measured(past, season, horizon):
    filled = past.copy()
    for t in range(1, len(past)):
        if np.isnan(filled[t]):
            filled[t] = filled[t - 1]
    return _seasonal(filled, season, horizon)


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
    "seasonal-naive-gaps": Exercise(
        case=_season_case,
        solution=_seasonal,
        outputs=("forecasts",),
        mistakes={
            "Where the last season has a gap go back a whole season, not one step.": (
                _last_measured
            ),
            "Take the newest measured value of each phase, not the oldest.": (
                lambda past, season, horizon: _seasonal(past, season, horizon, lambda v: v[0])
            ),
            "Take the newest measured value of each phase, not the mean of all.": (
                lambda past, season, horizon: _seasonal(past, season, horizon, np.mean)
            ),
            "You are one step off: the first forecast has the phase of past[0].": (
                lambda past, season, horizon: _seasonal(past, season, horizon, shift=1)
            ),
        },
    ),
}
