"""Bands for the temperature through the test year, from the record, and how often they hold."""

import functools

import numpy as np

from rnnbook import data as sets
from rnnbook.book.records import load_weights

AHEAD = (1, 6, 24)  # hours, for which the record keeps bands
STRIDE, DAYS, SPAN = 3, 364, 5  # hours between forecasts, days of the year, days shown
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
    return {"ahead": list(AHEAD), "days": DAYS, "span": SPAN, "stride": STRIDE, "level": LEVEL}


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
    """Five days of a band and what came; since 1 January, the share inside and the mean width."""
    ahead, last = int(settings["ahead"]), settings["day"] + SPAN
    k = AHEAD.index(ahead)
    band, came = ends()[settings["model"]][:, k], outcomes()[:, k]
    hours = STRIDE * np.arange(len(came)) + ahead - 1  # of the year, that the forecasts are for
    held = (band[:, 0] <= came) & (came <= band[:, 1])
    days = hours // 24
    shown = (days >= settings["day"]) & (days < last)
    rows = zip(hours[shown], *band[shown].T / 100, came[shown] / 100, held[shown], strict=True)
    names = ("hour", "low", "high", "came", "held")
    return {
        "shown": [{n: v.item() for n, v in zip(names, row, strict=True)} for row in rows],
        "shares": [float(held[days < day].mean()) for day in range(1, last + 1)],
        "width": float(np.ptp(band[days < last], axis=1).mean() / 100),
    }
