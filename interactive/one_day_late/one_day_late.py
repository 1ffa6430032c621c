"""The tutorial's forecast of a share price, moved by some days, as the package computes it."""

import functools
from pathlib import Path

import numpy as np

from rnnbook import data as sets
from rnnbook.numpy import lstm

SHIFTS = list(range(-3, 6))  # days by which a forecast can be moved to the left
SPAN = 40  # days that are shown
LARGEST = {}  # every setting is as large


@functools.cache
def prices():
    return sets.load_stocks().loc["MSFT", "Adj Close"].to_numpy()


@functools.cache
def weights():
    """What train.py has stored."""
    with np.load(Path(__file__).with_name("weights.npz")) as stored:
        return dict(stored)


def start():
    """The first day of the test: the last fifth, as in the tutorials."""
    return int(0.8 * len(prices()))


def data():
    price = prices()
    return {
        "price": price[start() - 1 :].round(3).tolist(),
        "low": float(price.min()),
        "high": float(price.max()),
        "shifts": SHIFTS,
        "span": SPAN,
    }


def large():
    return {"weights": {"weights": weights()}}


def random_settings(rng):
    """Settings that a reader could choose."""
    days = len(prices()) - start()
    return {"shift": int(rng.choice(SHIFTS)), "first": int(rng.integers(5, days - SPAN - 5))}


@functools.cache
def forecasts():
    """The forecast of every day of the test from the day before."""
    given = data()
    w = {name: array.astype(float) for name, array in weights().items()}
    price = np.array(given["price"])
    z = (price[:-1] - given["low"]) / (given["high"] - given["low"])
    params = lstm.Params(w["W_x"], w["W_h"], w["b"])
    hs, _, _ = lstm.forward(params, z[:, None, None])
    y = hs[:, 0] @ w["W"] + w["b_y"]
    return y[:, 0] * (given["high"] - given["low"]) + given["low"]


def reference(settings):
    """The shown days, and the mean error of the whole test for every shift."""
    price, made = np.array(data()["price"])[1:], forecasts()
    shown = settings["first"] + np.arange(SPAN)

    def error(shift):
        return np.abs(made[5:-5] - price[5 - shift : len(price) - 5 - shift]).mean()

    return {
        "price": price[shown].tolist(),
        "moved": made[shown + settings["shift"]].tolist(),
        "errors": [float(error(shift)) for shift in SHIFTS],
    }
