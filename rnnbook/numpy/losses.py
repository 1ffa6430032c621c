"""Losses that return the loss and its gradient together. Both are means over what counts.

A mask (Boolean, the shape of the positions) says which positions count; the others add nothing,
whatever they hold, and get a zero gradient.
"""

import numpy as np

from rnnbook._check import check_shape


def mean_squared_error(
    y_hat: np.ndarray, y: np.ndarray, *, mask: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Mean of (y_hat - y)^2 over the entries that count, and its gradient in y_hat.

    L = 1/n sum (y_hat - y)^2 and dL/dy_hat = 2/n (y_hat - y). Shapes: `y_hat` and `y` (..., K),
    `mask` (...). Raises `ValueError` for unequal shapes or a mask that leaves nothing.

    >>> loss, dy_hat = mean_squared_error(np.array([[1.0], [4.0]]), np.array([[1.0], [2.0]]))
    >>> float(loss), dy_hat.ravel()
    (2.0, array([0., 2.]))
    """
    check_shape("y", y, "the shape of y_hat", y_hat.shape)
    error = y_hat - y
    if mask is not None:
        _check_loss_mask(mask, y_hat.shape[:-1])
        error = np.where(mask[..., None], error, 0)
    n = y_hat.size if mask is None else mask.sum() * y_hat.shape[-1]
    loss = (error * error).sum() / n  # eq-mse
    dy_hat = 2 * error / n  # eq-mse-dy
    return loss, dy_hat.astype(y_hat.dtype, copy=False)


def softmax_cross_entropy(
    logits: np.ndarray, targets: np.ndarray, *, mask: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Mean of -log softmax(logits)[target] where it counts, in nats, and its gradient.

    With p = softmax(logits): L = -1/n sum log p[target] and dL/dlogits = (p - onehot) / n. The
    largest logit is subtracted first, so no exponential overflows, and log p is never the
    logarithm of a rounded zero. Shapes: `logits` (..., K), `targets` (...) whole numbers in
    [0, K), `mask` (...).

    >>> loss, dlogits = softmax_cross_entropy(np.array([[0.0, 0.0]]), np.array([1]))
    >>> round(float(loss), 6), dlogits
    (0.693147, array([[ 0.5, -0.5]]))
    """
    _check_targets(targets, logits)
    if mask is not None:
        _check_loss_mask(mask, targets.shape)
        logits = np.where(mask[..., None], logits, 0)
        targets = np.where(mask, targets, 0)
    counts = np.ones(targets.shape, bool) if mask is None else mask
    n = counts.sum()
    shifted = logits - logits.real.max(axis=-1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))  # eq-log-softmax
    log_p_target = np.take_along_axis(log_p, targets[..., None], axis=-1)
    loss = -np.where(counts[..., None], log_p_target, 0).sum() / n  # eq-cross-entropy
    onehot = np.arange(logits.shape[-1]) == targets[..., None]
    dlogits = np.where(counts[..., None], np.exp(log_p) - onehot, 0) / n  # eq-cross-entropy-da
    return loss, dlogits.astype(logits.dtype, copy=False)


def _check_loss_mask(mask, shape):
    if getattr(mask, "dtype", None) != np.bool_:
        raise TypeError(f"mask has type {getattr(mask, 'dtype', type(mask))}; expected bool")
    check_shape("mask", mask, "the shape of the positions", shape)
    if not mask.any():
        raise ValueError("mask leaves no position; a mean over nothing is not defined")


def _check_targets(targets, logits):
    if not np.issubdtype(targets.dtype, np.integer):
        raise TypeError(f"targets has dtype {targets.dtype}; expected whole numbers")
    check_shape("targets", targets, "logits.shape[:-1]", logits.shape[:-1])
    K = logits.shape[-1]
    if targets.size and not (targets.min() >= 0 and targets.max() < K):
        raise ValueError(
            f"targets go from {targets.min()} to {targets.max()}; expected [0, K) = [0, {K})"
        )
