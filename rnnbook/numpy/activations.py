"""The nonlinearities of the cells. All are analytic where complex-step needs it."""

import numpy as np


def sigmoid(a: np.ndarray) -> np.ndarray:
    """Logistic function 1 / (1 + exp(-a)), written with tanh so that nothing overflows.

    Far below zero it loses *relative* accuracy (at a = -40 it gives 0, not 4e-18), so never
    take its logarithm.

    >>> sigmoid(np.array([-1000.0, 0.0, 1000.0]))
    array([0. , 0.5, 1. ])
    """
    return 0.5 * (1 + np.tanh(0.5 * a))


def relu(a: np.ndarray) -> np.ndarray:
    """Rectifier max(a, 0), decided by the real part so that complex-step passes through.

    NaN stays NaN, as in torch and Keras: a network whose weights have gone bad must not look well.

    >>> relu(np.array([-2.0, 3.0, np.nan]))
    array([ 0.,  3., nan])
    """
    return np.where(a.real <= 0, 0, a).astype(a.dtype, copy=False)


ACTIVATIONS = {"tanh": np.tanh, "relu": relu}

# Derivatives, written in terms of the *output* h = phi(a), which the forward pass has kept.
DERIVATIVES = {
    "tanh": lambda h: 1 - h * h,
    "relu": lambda h: (h.real > 0).astype(h.dtype),
}
