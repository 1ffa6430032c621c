"""One step of two units, with the reset gate after and before the product, by the package."""

import numpy as np

from rnnbook.numpy import gru

WEIGHTS = [[1.0, 2.0], [-1.0, 1.0]]  # as on the page
LARGEST = {}  # every setting is as large


def data():
    return {"weights": WEIGHTS}


def random_settings(rng):
    """Settings that a reader could choose."""
    signs = {name: float(rng.uniform(-1, 1)) for name in ("h1", "h2")}
    return signs | {name: float(rng.uniform(0, 1)) for name in ("r1", "r2", "z")}


def reference(settings):
    """The candidates and the new states; the gates come from biases that say so."""
    h = np.array([[settings["h1"], settings["h2"]]])
    gates = np.array([settings["r1"], settings["r2"], settings["z"], settings["z"]])
    logits = np.log(gates / (1 - gates))
    W_h = np.concatenate([np.zeros((2, 4)), WEIGHTS], axis=1)
    W_x, b = np.zeros((1, 6)), np.concatenate([logits, np.zeros(2)])
    found = {}
    for name, params in (
        ("after", gru.Params(W_x, W_h, b, np.zeros(6))),
        ("before", gru.BeforeParams(W_x, W_h, b)),
    ):
        _, new, cache = gru.forward(params, np.zeros((1, 1, 1)), h)
        _, _, n, a_hn = cache.gates[0, :, 0]
        heard = a_hn * gates[:2] if name == "after" else a_hn
        found[name] = {"heard": heard.tolist(), "n": n.tolist(), "h": new[0].tolist()}
    return found
