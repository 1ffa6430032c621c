"""Bands for the temperature through the test year, from the record, and how often they hold."""

import functools

import numpy as np

from rnnbook import data as sets
from rnnbook.book.records import load_weights

AHEAD = (1, 6, 24)  # hours, for which the record keeps bands
STRIDE, DAYS, SPAN = 3, 363, 5  # hours between forecasts, days of the year, days shown
A_DAY = 24 // STRIDE
MODELS = {"gru": "gru_pinball_0", "errors": "past_errors_pinball", "season": "climatology_pinball"}
LEVEL = 0.9
LARGEST = {"day": DAYS - SPAN}


@functools.cache
def ends():
    """The ends of the bands in hundredths of a degree: (forecasts, 3 times ahead, 2) by model."""
    stored = {name: load_weights("weather", f"weather_{file}") for name, file in MODELS.items()}
    return {name: arrays["ends"] for name, arrays in stored.items()}


@functools.cache
def outcomes():
    """What came, in hundredths of a degree: (forecasts, 3)."""
    weather = sets.load_beijing_weather()
    hours = int(weather.index.get_loc("2014-01-01 00:00")) + STRIDE * np.arange(len(ends()["gru"]))
    places = hours[:, None] + np.array(AHEAD) - 1
    return np.rint(100 * weather.TEMP.to_numpy()[places]).astype(np.int16)


def data():
    return {"ahead": list(AHEAD), "days": DAYS, "span": SPAN, "aDay": A_DAY, "level": LEVEL}


def large():
    bands = {name: array.reshape(len(array), -1) for name, array in ends().items()}
    return {"bands": {"bands": bands, "outcomes": outcomes()}}


def random_settings(rng):
    """Settings that a reader could choose."""
    return {
        "day": int(rng.integers(DAYS - SPAN + 1)),
        "ahead": str(rng.choice(AHEAD)),
        "model": str(rng.choice(list(MODELS))),
    }


def reference(settings):
    """Five days of a band, what came, and the share inside by day since the year began."""
    k = AHEAD.index(int(settings["ahead"]))
    band, came = ends()[settings["model"]][:, k], outcomes()[:, k]
    shown = slice(settings["day"] * A_DAY, (settings["day"] + SPAN) * A_DAY)
    inside = ((band[:, 0] <= came) & (came <= band[:, 1]))[: shown.stop]
    days = np.cumsum(inside.reshape(-1, A_DAY).sum(axis=1))
    return {
        "low": (band[shown, 0] / 100).tolist(),
        "high": (band[shown, 1] / 100).tolist(),
        "came": (came[shown] / 100).tolist(),
        "shares": (days / (A_DAY * np.arange(1, len(days) + 1))).tolist(),
    }
