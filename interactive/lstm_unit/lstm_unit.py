"""One LSTM unit that keeps a number: the stream of the figure, and what the package says."""

import numpy as np

from rnnbook.numpy import lstm

STEPS, SEED = 12, 39
KEYS = ("i", "f", "g", "o")
LARGEST = {}  # every setting is as large


def data():
    """A stream of numbers. It begins as the first picture of the page does."""
    rng = np.random.default_rng(SEED)
    numbers = [
        0.6,
        -0.9,
        0.3,
        *rng.choice([-1, 1], STEPS - 3) * rng.integers(3, 10, STEPS - 3) / 10,
    ]
    return {"numbers": [float(number) for number in numbers], "writes": [0, 5], "reads": [2, 8, 10]}


def random_settings(rng):
    """Settings that a reader could choose."""
    names = ["b_i", "b_f", "b_g", "b_o", "w_i", "w_f", "w_g", "w_o"]
    drawn = {name: float(rng.uniform(-4, 4)) for name in names}
    marks = {key: (rng.uniform(size=STEPS) < 0.4).tolist() for key in ("write", "read")}
    marks["read"][int(rng.integers(STEPS))] = True
    return {**drawn, **marks, "step": int(rng.integers(STEPS))}


def reference(settings):
    """What the package computes for these settings; the loss is the last h that is read."""
    write, read = (np.array(settings[key], float) for key in ("write", "read"))
    x = np.stack([np.array(data()["numbers"]), write, read], axis=1)[None]
    W_x = np.zeros((3, 4))
    W_x[0, 2], W_x[2, 3] = settings["w_g"], settings["w_o"]
    W_x[1, :2] = settings["w_i"], settings["w_f"]
    b = np.array([settings[f"b_{key}"] for key in KEYS], float)
    params = lstm.Params(W_x, np.zeros((1, 4)), b)
    hs, _, cache = lstm.forward(params, x)
    dhs = np.zeros_like(hs)
    dhs[0, np.flatnonzero(read)[-1]] = 1
    gates = dict(zip(KEYS, cache.gates[:, :, 0, 0].T, strict=True))
    values = {**gates, "c": cache.c[1:, 0, 0], "h": hs[0, :, 0]}
    found = {key: value.tolist() for key, value in values.items()}
    found |= {f"d{key}": value for key, value in gradients(params, cache, dhs).items()}
    found["dx"] = lstm.backward(params, cache, dhs)[1][0, :, 0].tolist()
    return found


def gradients(params, cache, dhs):
    """The gradient of every gate, cell and output, from `backward` of one step after another."""
    found = {key: [] for key in (*KEYS, "c", "h")}
    dh = dc = np.zeros((1, 1))
    for t in reversed(range(STEPS)):
        x_t, state = cache.x[t][:, None], (cache.h[t], cache.c[t])
        _, _, one = lstm.forward(params, x_t, state)
        dparams, _, before = lstm.backward(params, one, dhs[:, t : t + 1], (dh, dc))
        i, f, g, o = cache.gates[t, :, 0, 0]
        slopes = i * (1 - i), f * (1 - f), 1 - g**2, o * (1 - o)
        for key, da, slope in zip(KEYS, dparams.b, slopes, strict=True):
            found[key].insert(0, float(da / slope))
        found["h"].insert(0, float(dh[0, 0] + dhs[0, t, 0]))
        found["c"].insert(0, float(before.c[0, 0] / f))
        dh, dc = before
    return found
