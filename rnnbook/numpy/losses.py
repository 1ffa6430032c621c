"""Losses that return the loss and its gradient together. Both are means over what counts.

A mask (Boolean, the shape of the positions) says which positions count; the others add nothing,
whatever they hold, and get a zero gradient.
"""

import numpy as np

from rnnbook._check import check_shape, type_name
from rnnbook.tree import subscript


def mean_squared_error(
    y_hat: np.ndarray, y: np.ndarray, *, mask: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Mean of (y_hat - y)^2 over the entries that count, and its gradient in y_hat.

    L = 1/n sum (y_hat - y)^2 and dL/dy_hat = 2/n (y_hat - y). Shapes: `y_hat` and `y` (..., K),
    `mask` (...). Raises `ValueError` for unequal shapes, a mask that leaves nothing, and NaN or
    infinity where it counts; `TypeError` for arrays or masks of another type.

    >>> loss, dy_hat = mean_squared_error(np.array([[1.0], [4.0]]), np.array([[1.0], [2.0]]))
    >>> float(loss), dy_hat.ravel()
    (2.0, array([0., 2.]))
    """
    _check_array("y_hat", y_hat, "fc")
    _check_array("y", y, "biufc")
    check_shape("y", y, "the shape of y_hat", y_hat.shape)
    _check_loss_mask(mask, y_hat.shape[:-1])
    if mask is not None:
        y_hat, y = np.where(mask[..., None], y_hat, 0), np.where(mask[..., None], y, 0)
    _check_counted("y_hat", y_hat, np.isfinite(y_hat))
    _check_counted("y", y, np.isfinite(y))
    error = _wide(y_hat) - y
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

    A logit may be -infinity, which forbids its class; a forbidden target costs infinitely much.
    Raises `ValueError` for other shapes, a target outside [0, K), NaN or +infinity where it
    counts, a position whose classes are all forbidden, and a mask that leaves nothing;
    `TypeError` for arrays or masks of another type. Masked positions may hold anything.

    >>> loss, dlogits = softmax_cross_entropy(np.array([[0.0, 0.0]]), np.array([1]))
    >>> round(float(loss), 6), dlogits
    (0.693147, array([[ 0.5, -0.5]]))
    """
    _check_array("logits", logits, "fc")
    _check_array("targets", targets, "iu")
    check_shape("targets", targets, "logits.shape[:-1]", logits.shape[:-1])
    _check_loss_mask(mask, targets.shape)
    if mask is not None:
        logits = np.where(mask[..., None], logits, 0)
        targets = np.where(mask, targets, 0)
    _check_counted("logits", logits, np.isfinite(logits) | (logits.real == -np.inf))
    _check_classes(logits, targets)
    counts = np.ones(targets.shape, bool) if mask is None else mask
    n = counts.sum()
    logits, dtype = _wide(logits), logits.dtype
    shifted = logits - logits.real.max(axis=-1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))  # eq-log-softmax
    log_p_target = np.take_along_axis(log_p, targets[..., None], axis=-1)
    loss = -np.where(counts[..., None], log_p_target, 0).sum() / n  # eq-cross-entropy
    onehot = np.arange(logits.shape[-1]) == targets[..., None]
    dlogits = np.where(counts[..., None], np.exp(log_p) - onehot, 0) / n  # eq-cross-entropy-da
    return loss, dlogits.astype(dtype, copy=False)


def _wide(array):
    """float16 as float32: a mean over more than 65,504 positions is beyond the largest float16."""
    return array.astype(np.float32) if array.dtype == np.float16 else array


def _check_array(name, array, kinds):
    if not isinstance(array, np.ndarray):
        raise TypeError(f"{name} is a {type_name(type(array))}; expected a NumPy array")
    if array.dtype.kind not in kinds:
        expected = {"fc": "float32 or float64", "iu": "whole numbers"}.get(kinds, "numbers")
        raise TypeError(f"{name} has dtype {array.dtype}; expected {expected}")
    if array.ndim == 0 and kinds != "iu":
        raise ValueError(f"{name} has shape (); expected (..., K)")
    if array.size == 0:
        raise ValueError(f"{name} has shape {array.shape}; a mean over nothing is not defined")


def _check_loss_mask(mask, shape):
    if mask is None:
        return
    dtype = getattr(mask, "dtype", type_name(type(mask)))
    if dtype != np.bool_:
        raise TypeError(f"mask has type {dtype}; expected bool")
    check_shape("mask", mask, "the shape of the positions", shape)
    if not mask.any():
        raise ValueError("mask leaves no position; a mean over nothing is not defined")


def _check_counted(name, array, good):
    if not good.all():
        index = tuple(np.argwhere(~good)[0])
        raise ValueError(
            f"{name}{subscript(index)} is {array[index]}; expected a finite number: "
            "mask the position, or find out where it comes from"
        )


def _check_classes(logits, targets):
    K = logits.shape[-1]
    if not (targets.min() >= 0 and targets.max() < K):
        raise ValueError(
            f"targets go from {targets.min()} to {targets.max()}; expected [0, K) = [0, {K}), "
            "and a mask where there is no target"
        )
    forbidden = (logits.real == -np.inf).all(axis=-1)
    if forbidden.any():
        where = subscript(tuple(np.argwhere(forbidden)[0]))
        raise ValueError(f"logits{where} is -inf for all classes; expected one that is possible")
