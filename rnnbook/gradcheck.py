"""Is a gradient right? Four answers, from the most exact to the cheapest.

All take a function `f` of one structure (an array, or nested tuples, lists, dicts of arrays)
that returns a real scalar loss. `f` itself must not check, clip or compare values. It gets a copy
at each call, so it may change its argument.

`complex_step` sees nothing where `f` loses the imaginary part of some of its terms: it then
returns a wrong gradient that is as wrong as a program that forgot those terms. `check` compares
with central differences, which need no complex numbers: use it once beside the complex step.
"""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from rnnbook._rng import check_rng
from rnnbook.tree import (
    as_array,
    check_alike,
    check_finite,
    named_leaves,
    num_parameters,
    subscript,
    tree_map,
    zip_leaves,
)

_LOST = (
    "so the derivative is lost: look for abs, norm, .real, a cast to float, or an array made "
    "without the dtype of the parameters; `central_difference` needs no complex numbers"
)


def complex_step(f: Callable, params: Any, *, step: float = 1e-30) -> Any:
    """Gradient of `f` by the complex step: df/dx = Im f(x + i step) / step.

    No two numbers are subtracted, so nothing cancels and `step` can be tiny: the error is
    O(step^2), far below rounding (Squire and Trapp 1998; Martins et al. 2003). `f` must be
    analytic: no `abs`, `norm`, `max` or comparison of complex values on the way.

    Returns float64 arrays nested as `params`. Raises `TypeError` where the result of `f` is real,
    or a complex number is cast to a real one on the way. It cannot see that `f` loses the
    imaginary part of *some* terms; `check` can.

    >>> w = np.array([1.0, 2.0])
    >>> complex_step(lambda w: (w**3).sum(), w)
    array([ 3., 12.])
    >>> def loss(w): return (w**3).sum() + np.abs(w[0])
    >>> complex_step(loss, w)  # 1 is missing in the first entry
    array([ 3., 12.])
    >>> check(loss, w, complex_step(loss, w))
    Traceback (most recent call last):
    ...
    ValueError: grads[0] is 3; expected 4 (central difference, to 1e-05)
    """
    _check_step(step)
    shifted_params = _as_dtype(params, np.complex128)
    return _entry_by_entry(shifted_params, lambda p: _complex_loss(f, p).imag / step, 1j * step)


def central_difference(f: Callable, params: Any, *, step: float = 1e-6) -> Any:
    """Gradient of `f` by (f(x + step) - f(x - step)) / (2 step); `f` need not be analytic.

    The error is O(step^2) from the formula plus O(1e-16 / step) from rounding: about 1e-10 at
    best, in float64. Returns float64 arrays nested as `params`. Raises `TypeError` where `f`
    returns a complex number.

    >>> central_difference(lambda w: (w**2).sum(), np.array([1.0, 2.0])).round(6)
    array([2., 4.])
    """
    _check_step(step)
    params = _as_dtype(params, np.float64)
    above = _entry_by_entry(params, lambda p: _real_loss(f, p), step)
    below = _entry_by_entry(params, lambda p: _real_loss(f, p), -step)
    return tree_map(lambda a, b: (a - b) / (2 * step), above, below)


def check(
    f: Callable, params: Any, grads: Any, *, tolerance: float = 1e-6, step: float = 1e-6
) -> None:
    """Raise `ValueError` where `grads` differ from central differences: which entry, by how much.

    Named is the worst entry of the first array that differs.

    An entry may be off by `tolerance` times the largest entry of its array, by what rounding does
    to the differences, 1e-15 / step times the loss, and by 10 step^2, for what they leave out. So
    entries below about 1e-9 times the loss, or below 1e-11, go unchecked: multiply the loss where
    all are that small, and look at `central_difference` itself. Where large terms of a loss
    cancel, rounding may be larger than allowed: raise `tolerance` or `step`. Other errors are
    those of `central_difference` and `max_error`.

    >>> w = np.array([1.0, 2.0])
    >>> check(lambda w: (w**2).sum(), w, 2 * w)
    >>> check(lambda w: (w**2).sum(), w, w)
    Traceback (most recent call last):
    ...
    ValueError: grads[1] is 2; expected 4 (central difference, to 4e-06)
    """
    check_alike("grads", grads, "params", params)
    check_finite("grads", grads)
    loss = float(_real_loss(f, _as_dtype(params, np.float64)))
    if not np.isfinite(loss):
        raise ValueError(f"f(params) is {loss}; expected a finite loss")
    expected = central_difference(f, params, step=step)
    check_finite("the central difference", expected)
    for name, got, _, wanted in zip_leaves("grads", grads, "expected", expected):
        scale = np.abs(wanted).max(initial=0.0)
        allowed = tolerance * scale + 1e-15 / step * abs(loss) + 10 * step**2
        error = np.abs(np.asarray(got) - wanted)
        if error.max(initial=0.0) > allowed:
            index = np.unravel_index(error.argmax(), error.shape)
            raise ValueError(
                f"{name}{subscript(index)} is {np.asarray(got)[index]:.6g}; expected "
                f"{wanted[index]:.6g} (central difference, to {allowed:.0e})"
            )


def directional(
    f: Callable, params: Any, grads: Any, rng: np.random.Generator, *, step: float = 1e-30
) -> tuple[float, float]:
    """Compare one directional derivative: Im f(x + i step v) / step against <grads, v>.

    One evaluation of `f`, whatever the number of parameters: cheap enough for a property test.
    Draws a standard normal direction v and returns (by complex step, by `grads`). A wrong entry
    goes unseen only where v is nearly zero there. Errors are those of `complex_step`, and
    `ValueError` where `grads` are not nested and shaped as `params` or not finite.

    >>> w = np.array([1.0, 2.0])
    >>> a, b = directional(lambda w: (w**3).sum(), w, 3 * w**2, np.random.default_rng(0))
    >>> bool(np.isclose(a, b, rtol=1e-14))
    True
    """
    _check_step(step)
    check_rng(rng)
    start = _as_dtype(params, np.complex128)
    check_alike("grads", grads, "params", params)
    check_finite("grads", grads)
    v = tree_map(lambda p: rng.standard_normal(np.shape(p)), params)
    expected = _complex_loss(f, tree_map(lambda p, d: p + 1j * step * d, start, v)).imag / step
    pairs = zip_leaves("grads", grads, "v", v)
    return float(expected), sum(float(np.sum(np.asarray(g) * d)) for _, g, _, d in pairs)


def max_error(tree: Any, reference: Any) -> float:
    """Largest ``|a - b|`` over all entries, divided by that leaf's largest ``|b|`` (at least 1).

    So entries far below 1 are compared absolutely. Two structures without numbers do not differ.
    Raises `ValueError` where structures or shapes differ, and for NaN or infinity on either side,
    which no distance can describe; `TypeError` for what is no number, such as None.

    >>> max_error([np.array([1.0, 2.0])], [np.array([1.0, 4.0])])
    0.5
    >>> max_error([np.array([1.0, np.nan])], [np.array([1.0, 4.0])])
    Traceback (most recent call last):
    ...
    ValueError: tree[0][1] is nan; expected finite numbers
    """
    check_alike("tree", tree, "reference", reference)
    check_finite("tree", tree)
    check_finite("reference", reference)
    pairs = zip_leaves("tree", tree, "reference", reference)
    return max((_leaf_error(a, b) for _, a, _, b in pairs if np.size(a)), default=0.0)


def _leaf_error(a, b):
    a, b = (v * 1.0 if v.dtype.kind in "biu" else v for v in (np.asarray(a), np.asarray(b)))
    return float(np.abs(np.subtract(a, b)).max() / max(1.0, np.abs(b).max()))


def _as_dtype(params, dtype):
    """A copy of the parameters for `f`, which must be real."""
    for name, leaf in named_leaves("params", params):
        kind = as_array(name, leaf).dtype
        if kind.kind != "f":
            raise TypeError(
                f"{name} has dtype {kind}; expected float32 or float64: keep what has no "
                "derivative out of params, and make whole numbers floats"
            )
    if num_parameters(params) == 0:
        raise ValueError("params has no numbers; expected at least one to differentiate by")
    return tree_map(lambda p: np.array(p, dtype), params)


def _complex_loss(f, params):
    with warnings.catch_warnings():
        warnings.simplefilter("error", np.exceptions.ComplexWarning)
        try:
            loss = _scalar(f(params))
        except np.exceptions.ComplexWarning as error:
            raise TypeError(f"f casts a complex number to a real one, {_LOST}") from error
    if loss.dtype.kind != "c":
        raise TypeError(f"f returned a real number ({loss.dtype}), {_LOST}")
    return loss


def _real_loss(f, params):
    loss = _scalar(f(params))
    if loss.dtype.kind == "c":
        raise TypeError("f returned a complex number; expected a real loss for real parameters")
    return loss


def _scalar(loss):
    loss = np.asarray(loss)
    if loss.dtype.kind not in "biufc":
        raise TypeError(f"f returned something of dtype {loss.dtype}; expected one number")
    if loss.shape:
        raise ValueError(f"f returned shape {loss.shape}; expected one number, such as the sum")
    return loss


def _check_step(step):
    if not 0 < step < np.inf:
        raise ValueError(f"step is {step}; expected a positive number")


def _entry_by_entry(params, f, shift):
    """f(params with one entry shifted), for every entry of every leaf. Works on its own copy."""

    def values(leaf):
        out = np.empty(leaf.shape)
        for index in np.ndindex(leaf.shape):
            old = leaf[index]
            leaf[index] = old + shift
            out[index] = f(tree_map(np.copy, params))
            leaf[index] = old
        return out

    return tree_map(values, params)
