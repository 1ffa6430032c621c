"""Descent beside a cliff: one unit that runs for fifty steps, as the package computes it."""

import numpy as np

from rnnbook.numpy import optim, rnn

UNROLLED, STEPS, GOAL = 50, 40, 0.4  # as on the page
LARGEST = {}  # every setting is as large


def data():
    return {"unrolled": UNROLLED, "steps": STEPS, "goal": GOAL}


def random_settings(rng):
    """Settings that a reader could choose."""
    return {
        "w": float(rng.uniform(0.75, 1.25)),
        "b": float(rng.uniform(-0.15, 0.2)),
        "rule": str(rng.choice(["none", "norm", "value"])),
        "limit": float(rng.uniform(0.1, 4)),
        "rate": float(rng.uniform(0.01, 0.2)),
    }


def loss(w, b):
    """The loss and its gradient by w and b."""
    params = rnn.Params(np.zeros((1, 1)), np.array([[w]]), np.array([b]))
    _, state, cache = rnn.forward(params, np.zeros((1, UNROLLED, 1)))
    error = state[0, 0] - GOAL
    dparams, _, _ = rnn.backward(params, cache, None, np.array([[2 * error]]))
    return float(error**2), np.array([dparams.W_h[0, 0], dparams.b[0]])


def clipped(gradient, rule, limit):
    if rule == "norm":
        return optim.clip_by_global_norm(gradient, limit)[0]
    return np.clip(gradient, -limit, limit) if rule == "value" else gradient


def reference(settings):
    """The path, the loss at its points, the lengths of gradients, and how many were cut."""
    p = np.array([settings["w"], settings["b"]])
    path, losses, norms, cut = [p], [], [], 0
    for _ in range(STEPS):
        value, gradient = loss(*p)
        losses.append(value)
        norms.append(float(np.linalg.norm(gradient)))
        step = clipped(gradient, settings["rule"], settings["limit"])
        cut += int((step != gradient).any())
        p, _ = optim.sgd_step(p, step, np.zeros(2), learning_rate=settings["rate"])
        path.append(p)
    losses.append(loss(*p)[0])
    return {"path": np.array(path).tolist(), "losses": losses, "norms": norms, "cut": cut}
