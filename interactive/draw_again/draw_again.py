"""Three learning rates of 18 seeds each: the order that some of the seeds would have shown."""

import functools

import numpy as np

from rnnbook.book.records import load_weights

RATES = (0.002, 0.004, 0.008)
SEED, FACTOR, MODULUS = 1, 48271, 2**31 - 1  # dice that any language can throw (Park and Miller)
LARGEST = {"draws": 1000}


@functools.cache
def scores():
    """The test score of each seed of each rate, in millionths of a bit: whole numbers."""
    rows = [load_weights("generalisation_sizes", f"generalisation_sizes-{r:g}") for r in RATES]
    bits = np.array([found["test"].astype(np.float64).mean(axis=1) for found in rows])
    return np.rint(1e6 * bits).astype(np.int64)


def data():
    return {
        "rates": [f"{r:g}" for r in RATES],
        "scores": scores().tolist(),
        "seed": SEED,
        "factor": FACTOR,
        "modulus": MODULUS,
    }


def random_settings(rng):
    """Settings that a reader could choose."""
    return {"seeds": int(rng.integers(1, 19)), "draws": int(rng.integers(20, 200))}


def numbers(count):
    """The first numbers from 0 to 1 that the dice show."""
    x, found = SEED, []
    for _ in range(count + 10):
        x = FACTOR * x % MODULUS
        found.append(x / MODULUS)
    return np.array(found[10:])  # the first ones are small where SEED is


def reference(settings):
    """The last draw, its means and their order; for 1 to 18 seeds, the draws in another order."""
    n, draws = settings["seeds"], settings["draws"]
    rates, seeds = scores().shape
    thrown = numbers(draws * rates * seeds).reshape(draws, rates, seeds)
    picked = np.floor(seeds * thrown).astype(int)  # with replacement
    sums = np.take_along_axis(scores()[None], picked, axis=2).cumsum(axis=2)
    orders = np.argsort(sums, axis=1, kind="stable")
    whole = np.argsort(scores().sum(axis=1), kind="stable")
    other = (orders != whole[:, None]).any(axis=1)
    return {
        "picked": picked[-1, :, :n].tolist(),
        "means": (sums[-1, :, n - 1] / n / 1e6).tolist(),
        "order": orders[-1, :, n - 1].tolist(),
        "same": not other[-1, n - 1],
        "others": other.sum(axis=0).tolist(),
    }
