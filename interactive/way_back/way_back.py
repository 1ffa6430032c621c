"""One unit over six steps, and the gradient on its way back, as the package computes it."""

import numpy as np

from rnnbook.numpy import rnn

X = [1.0, -0.5, 0.8, 0.2, -0.6, 0.4]
WANTED = [0.5, 0.2, 0.9, 0.3, -0.2, 0.8]
LARGEST = {}  # every setting is as large


def data():
    return {"x": X, "wanted": WANTED}


def random_settings(rng):
    """Settings that a reader could choose."""
    return {
        "w": float(rng.uniform(-2, 2)),
        "back": int(rng.integers(len(X) + 1)),
        "activation": str(rng.choice(["tanh", "relu"])),
        "losses": str(rng.choice(["all", "last"])),
    }


def reference(settings):
    """States, what each step's loss gives its state, and the terms of the weight's gradient."""
    params = rnn.Params(np.ones((1, 1)), np.array([[float(settings["w"])]]), np.zeros(1))
    x = np.reshape(X, (1, -1, 1))
    hs, _, cache = rnn.forward(params, x, activation=settings["activation"])
    own = hs - np.reshape(WANTED, x.shape)
    if settings["losses"] == "last":
        own[:, :-1] = 0
    dparams, dx, _ = rnn.backward(params, cache, own)
    before = cache.h[:-1].reshape(-1)
    return {
        "h": hs.ravel().tolist(),
        "own": own.ravel().tolist(),
        "da": dx.ravel().tolist(),  # the input weight is 1
        "terms": (before * dx.ravel()).tolist(),
        "total": float(dparams.W_h[0, 0]),
    }
