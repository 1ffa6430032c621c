"""How gradients travel back: three matrices of weights, and what the package makes of them."""

import numpy as np

from rnnbook import diagnostics
from rnnbook.numpy import rnn
from rnnbook.numpy.init import orthogonal

H, D = 32, 4
BURN, LAGS = 25, 50  # longer, and chaos would show the last digits of a processor
DIGITS = 4  # of the stored weights
LARGEST = {}  # every setting is as large


def matrices():
    """Recurrent weights (H, H) by kind, before they are scaled to a spectral radius."""
    rng = np.random.default_rng(1)
    gaussian = rng.standard_normal((H, H)) / np.sqrt(H)
    symmetric = rng.standard_normal((H, H))
    kinds = {
        "gaussian": gaussian,
        "orthogonal": orthogonal(rng, H),
        "symmetric": (symmetric + symmetric.T) / np.sqrt(8 * H),
    }
    return {name: W.round(DIGITS) for name, W in kinds.items()}


def data():
    """The matrices with their eigenvalues, and a random input."""
    rng = np.random.default_rng(2)
    x = rng.standard_normal((BURN + LAGS, D)).round(DIGITS)
    W_x = (rng.standard_normal((D, H)) / 2).round(DIGITS)
    start = (0.1 * rng.standard_normal(H)).round(DIGITS)
    return {
        "matrices": {name: about(W) for name, W in matrices().items()},
        "x": x.tolist(),
        "W_x": W_x.tolist(),
        "start": start.tolist(),
        "burn": BURN,
    }


def about(W):
    """A matrix, its eigenvalues as pairs, its spectral radius and norm."""
    values = np.sort_complex(np.linalg.eigvals(W))
    return {
        "W": W.tolist(),
        "eigenvalues": np.stack([values.real, values.imag], axis=1).tolist(),
        "radius": diagnostics.spectral_radius(W),
        "norm": float(np.linalg.norm(W, 2)),
    }


def random_settings(rng):
    """Settings that a reader could choose."""
    return {
        "kind": str(rng.choice(["gaussian", "orthogonal", "symmetric"])),
        "activation": str(rng.choice(["tanh", "linear"], p=[0.8, 0.2])),
        "radius": float(rng.uniform(0.3, 3)),
        "input": float(rng.choice([0, rng.uniform(0, 3)])),
    }


def reference(settings):
    """What the package computes for these settings; logarithms, for the range is wide."""
    given = data()
    base = given["matrices"][settings["kind"]]
    W_h = settings["radius"] / base["radius"] * np.array(base["W"])
    W_x = settings["input"] * np.array(given["W_x"])
    params = rnn.Params(W_x, W_h, np.zeros(H))
    x, start = np.array(given["x"])[None], np.array(given["start"])[None]
    if settings["activation"] == "tanh":
        J = diagnostics.jacobians(params, x, start).state[:, 0]
    else:
        J = np.repeat(W_h.T[None], len(x[0]), axis=0)
    product, norms = np.eye(H), [0.0]
    for J_t in J[: -LAGS - 1 : -1]:
        product = product @ J_t
        norms.append(float(np.log(np.linalg.norm(product, 2))))
    return {
        "logs": norms,
        "growth": norms[-1] / LAGS,
        "rate": float(np.log(diagnostics.spectral_radius(W_h))),
        "bound": float(np.log(np.linalg.norm(W_h, 2))),
    }
