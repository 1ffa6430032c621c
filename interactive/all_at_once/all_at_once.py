"""All states of a small tanh network by Newton's iterations: one step of the package, its tangent
at the guess, and the package's scan over matrices."""

import functools

import numpy as np

from rnnbook.numpy import rnn
from rnnbook.numpy.newton import matrix_scan

STEPS, ITERATIONS, UNITS = 40, 30, 8
SIZE = 0.2  # standard deviation of the inputs
TOLERANCE = 1e-10  # as in rnnbook.numpy.newton.states
LARGEST = {"network": "eight", "gain": 2, "guess": "0", "iteration": ITERATIONS}


@functools.cache
def networks():
    """Recurrent weights with a largest factor of 1, and inputs, few digits each."""
    rng = np.random.default_rng(26)
    W = rng.standard_normal((UNITS, UNITS))
    found = {
        "eight": {"W": W / np.abs(np.linalg.eigvals(W)).max(), "x": inputs(rng, UNITS)},
        "one": {"W": np.ones((1, 1)), "x": inputs(np.random.default_rng(1), 1)},
    }
    return {name: {k: v.round(3) for k, v in one.items()} for name, one in found.items()}


def inputs(rng, units):
    return SIZE * rng.standard_normal((STEPS, units))


def data():
    lists = {name: {k: v.tolist() for k, v in one.items()} for name, one in networks().items()}
    return {"iterations": ITERATIONS, "tolerance": TOLERANCE, "networks": lists}


def random_settings(rng):
    """Settings that a reader could choose."""
    return {
        "network": str(rng.choice(["eight", "one"])),
        "gain": float(rng.uniform(0.2, 2)),
        "guess": str(rng.choice(["-1", "0", "1"])),
        "iteration": int(rng.integers(ITERATIONS + 1)),
    }


def better(params, x, guess):
    """One iteration, as in `rnnbook.numpy.newton.states`, and how far the guess was off."""
    zero = np.zeros_like(guess[:1])
    before = np.concatenate([zero, guess[:-1]])
    f = rnn.step(params, x, before)
    J = params.W_h * (1 - f * f)[:, None, :]
    b = f - (before[:, None, :] @ J)[:, 0]
    hs = matrix_scan(J[None], b[None], zero)[0]
    return np.clip(hs, -1, 1), np.abs(f - guess).max()


def exponent(W, hs):
    """The mean growth of a small difference along the states, per step."""
    v, growth = np.ones(len(W)) / len(W) ** 0.5, []
    for h in hs:
        v = v @ (W * (1 - h * h))
        growth.append(np.log(np.linalg.norm(v)))
        v /= np.linalg.norm(v)
    return float(np.mean(growth))


def reference(settings):
    network = networks()[settings["network"]]
    W, x = settings["gain"] * network["W"], network["x"]
    params = rnn.Params(np.eye(len(W)), W, np.zeros(len(W)))
    truth = rnn.forward(params, x[None])[0][0]
    guesses, off = [np.full(x.shape, float(settings["guess"]))], []
    for _ in range(ITERATIONS + 1):
        hs, largest = better(params, x, guesses[-1])
        guesses.append(hs)
        off.append(largest)
    errors = np.abs(np.array(guesses[:-1]) - truth).max(axis=-1)
    return {
        "truth": truth.tolist(),
        "guess": guesses[settings["iteration"]].tolist(),
        "errors": errors.tolist(),
        "needed": int(np.argmax(np.array(off) <= TOLERANCE)),
        "exponent": exponent(W, truth),
    }
