"""Descent in a valley, with momentum or without, as the package computes it."""

import numpy as np

from rnnbook.numpy import optim

STEPS = 40
LARGEST = {}  # every setting is as large


def data():
    return {"steps": STEPS}


def random_settings(rng):
    """Settings that a reader could choose."""
    return {
        "x": float(rng.uniform(-4, 4)),
        "y": float(rng.uniform(-2, 2)),
        "kappa": float(rng.uniform(1, 100)),
        "rate": float(rng.uniform(0.02, 3.9)),
        "momentum": float(rng.choice([0, rng.uniform(0, 0.98)])),
    }


def factor(curvature, rate, momentum):
    """The larger eigenvalue of a step of (p, v), in size: the factor of the distance in the end."""
    step = [[1 - rate * curvature, -rate * momentum], [curvature, momentum]]
    return float(np.abs(np.linalg.eigvals(step)).max())


def reference(settings):
    """The path, and the factor of a step in each direction."""
    curvature = np.array([1.0, settings["kappa"]])
    rate, momentum = settings["rate"] / settings["kappa"], settings["momentum"]
    p, v = np.array([settings["x"], settings["y"]]), np.zeros(2)
    path = [p]
    for _ in range(STEPS):
        p, v = optim.sgd_step(p, curvature * p, v, learning_rate=rate, momentum=momentum)
        path.append(p)
    factors = [factor(c, rate, momentum) for c in curvature]
    return {"path": np.array(path).tolist(), "factors": factors}
