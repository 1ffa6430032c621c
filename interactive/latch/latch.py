"""One tanh unit that holds a pulse or loses it: what the package computes."""

import numpy as np

from rnnbook.numpy import rnn

STEPS, AT = 60, 20  # the pulse comes at step AT
INPUT = 6.0  # the input weight of the page
LARGEST = {}  # every setting is as large


def data():
    return {"steps": STEPS, "at": AT, "input": INPUT}


def random_settings(rng):
    """Settings that a reader could choose."""
    ranges = {"w": (0, 4), "start": (-1, 1), "pulse": (-1, 1)}
    return {name: float(rng.uniform(*limits)) for name, limits in ranges.items()}


def run(w, start, pulse):
    """The states from h_0 to the last, (STEPS + 1,)."""
    params = rnn.Params(np.array([[INPUT]]), np.array([[float(w)]]), np.zeros(1))
    x = np.zeros((1, STEPS, 1))
    x[0, AT] = pulse
    hs, _, _ = rnn.forward(params, x, np.array([[start]]))
    return np.concatenate([[start], hs[0, :, 0]])


def fixed_point(w):
    """The positive h with tanh(w h) = h, by bisection; 0 where there is none."""
    low, high = (1e-9, 1.0) if w > 1 else (0.0, 0.0)
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if np.tanh(w * middle) > middle else (low, middle)
    return high


def reference(settings):
    w, start, pulse = (settings[key] for key in ("w", "start", "pulse"))
    states, quiet = run(w, start, pulse), run(w, start, 0.0)
    rest = fixed_point(w)
    return {
        "states": states.tolist(),
        "rest": rest,
        "factor": w * (1 - rest**2),
        "without": float(quiet[-1]),
    }
