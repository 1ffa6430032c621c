"""Initial weights: the schemes the cells use. `rng` is always an argument."""

import numpy as np

from rnnbook._check import check_sizes
from rnnbook._rng import check_rng


def glorot_uniform(rng: np.random.Generator, fan_in: int, fan_out: int) -> np.ndarray:
    """Uniform on [-r, r] with r = sqrt(6 / (fan_in + fan_out)), shape (fan_in, fan_out).

    Keeps the variance of signals and of gradients about equal from layer to layer
    (Glorot and Bengio 2010).

    >>> bool(np.abs(glorot_uniform(np.random.default_rng(0), 3, 3)).max() <= 1)
    True
    """
    check_rng(rng)
    check_sizes(fan_in=fan_in, fan_out=fan_out)
    r = np.sqrt(6 / (fan_in + fan_out))
    return rng.uniform(-r, r, (fan_in, fan_out))


def orthogonal(rng: np.random.Generator, size: int) -> np.ndarray:
    """Random orthogonal matrix (size, size), uniform over all of them (Saxe et al. 2014).

    It turns a vector without changing its length, so a linear recurrence neither explodes
    nor vanishes. The sign fix makes QR's result uniform (Mezzadri 2007).

    >>> Q = orthogonal(np.random.default_rng(0), 4)
    >>> bool(np.allclose(Q @ Q.T, np.eye(4)))
    True
    """
    check_rng(rng)
    check_sizes(size=size)
    Q, R = np.linalg.qr(rng.standard_normal((size, size)))
    return Q * np.sign(np.diag(R))
