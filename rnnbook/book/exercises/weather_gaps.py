"""Exercises of `chapters/*/weather-gaps`."""

import numpy as np

from rnnbook.book.exercises.checker import Exercise


def _fill_case(rng):
    values = rng.standard_normal(int(rng.integers(10, 16)))
    measured = rng.random(len(values)) < 0.6
    measured[0], measured[3:5] = True, False
    measured[5] = True
    return values, measured


def _fill(values, measured):
    filled, age = np.array(values, float), np.zeros(len(values))
    for t in range(1, len(values)):
        if not measured[t]:
            filled[t], age[t] = filled[t - 1], age[t - 1] + 1
    return filled, age


def _straight_lines(values, measured):
    place = np.arange(len(values))
    return np.interp(place, place[measured], values[measured]), _fill(values, measured)[1]


def _measured_case(rng):
    return (_fill_case(rng)[1],)


def _age(measured):
    place = np.arange(len(measured))
    return place - np.maximum.accumulate(np.where(measured, place, 0))


def _between(measured):
    return np.concatenate([[0], _age(measured)[:-1] + 1])


def _until_next(measured):
    return _between(measured[::-1])[::-1]


def _fading_case(rng):
    hours = np.arange(int(rng.integers(5, 9)))
    rate, start, mean = rng.uniform(0.5, 3), rng.uniform(-0.3, 0.3), rng.normal()
    return float(rng.normal(3)), hours, float(rate), float(start), float(mean)


def _faded(last, hours, rate, start, mean):
    return mean + np.exp(-np.maximum(0, rate * hours / 24 + start)) * (last - mean)


EXERCISES = {
    "fill-forward": Exercise(
        case=_fill_case,
        solution=_fill,
        outputs=("filled", "age"),
        mistakes={
            "A straight line to the next measurement uses the future: repeat the last value.": (
                _straight_lines
            ),
            "A gap holds the last value that was measured, not zero.": (
                lambda values, measured: (
                    np.where(measured, values, 0.0),
                    _fill(values, measured)[1],
                )
            ),
            "The age counts the hours since the last measurement, and is not 1 throughout a gap.": (
                lambda values, measured: (_fill(values, measured)[0], 1.0 - measured)
            ),
        },
    ),
    "time-between": Exercise(
        case=_measured_case,
        solution=_between,
        outputs=("the hours",),
        mistakes={
            "This is the age of the last value, zero where an hour was measured. Asked for is the"
            " time since the measurement before this hour, also there.": _age,
            "These are the hours until the next measurement, which nobody knows yet.": (
                _until_next
            ),
            "Count hours, not steps: after a gap it is more than one.": (
                lambda measured: (np.arange(len(measured)) > 0).astype(float)
            ),
        },
    ),
    "fading": Exercise(
        case=_fading_case,
        solution=_faded,
        outputs=("what is filled in",),
        mistakes={
            "The value fades towards the mean, not towards zero.": (
                lambda last, hours, rate, start, mean: _faded(last, hours, rate, start, 0.0)
            ),
            "The rate is a day's: divide the hours by 24.": (
                lambda last, hours, rate, start, mean: _faded(last, 24 * hours, rate, start, mean)
            ),
            "Without the maximum an old value can count more than a fresh one.": (
                lambda last, hours, rate, start, mean: (
                    mean + np.exp(-(rate * hours / 24 + start)) * (last - mean)
                )
            ),
        },
    ),
}
