"""Is a gradient right? Three answers, from the most exact to the cheapest.

All take a function `f` of one structure (an array, or nested tuples, lists, dicts of arrays)
that returns a real scalar loss. `f` itself must not check, clip or compare values.
"""

from collections.abc import Callable

import numpy as np

from rnnbook.tree import leaves, tree_map


def complex_step(f: Callable, params, *, step: float = 1e-30):
    """Gradient of `f` by the complex step: df/dx = Im f(x + i step) / step.

    No two numbers are subtracted, so nothing cancels and `step` can be tiny: the error is
    O(step^2), far below rounding (Squire and Trapp 1998; Martins et al. 2003). `f` must be
    analytic: no `abs`, `norm`, `max` or comparison of complex values on the way.

    >>> complex_step(lambda w: (w**3).sum(), np.array([1.0, 2.0]))
    array([ 3., 12.])
    """
    params = _as_dtype(params, np.complex128)
    return _entry_by_entry(params, lambda shifted: f(shifted).imag / step, 1j * step)


def central_difference(f: Callable, params, *, step: float = 1e-6):
    """Gradient of `f` by (f(x + step) - f(x - step)) / (2 step); `f` need not be analytic.

    The error is O(step^2) from the formula plus O(1e-16 / step) from rounding: about 1e-10 at
    best, in float64.

    >>> central_difference(lambda w: (w**2).sum(), np.array([1.0, 2.0])).round(6)
    array([2., 4.])
    """
    params = _as_dtype(params, np.float64)
    above = _entry_by_entry(params, f, step)
    below = _entry_by_entry(params, f, -step)
    return tree_map(lambda a, b: (a - b) / (2 * step), above, below)


def directional(f: Callable, params, grads, rng: np.random.Generator, *, step: float = 1e-30):
    """Compare one directional derivative: Im f(x + i step v) / step against <grads, v>.

    One evaluation of `f`, whatever the number of parameters: cheap enough for a property test.
    Draws a standard normal direction v and returns (by complex step, by `grads`). A wrong entry
    goes unseen only where v is nearly zero there.

    >>> w = np.array([1.0, 2.0])
    >>> a, b = directional(lambda w: (w**3).sum(), w, 3 * w**2, np.random.default_rng(0))
    >>> bool(np.isclose(a, b, rtol=1e-14))
    True
    """
    v = tree_map(lambda p: rng.standard_normal(np.shape(p)), params)
    shifted = tree_map(lambda p, d: p + 1j * step * d, _as_dtype(params, np.complex128), v)
    expected = f(shifted).imag / step
    got = sum(float((g * d).sum()) for g, d in zip(leaves(grads), leaves(v), strict=True))
    return float(expected), got


def max_error(tree, reference) -> float:
    """Largest ``|a - b|`` over all entries, divided by that leaf's largest ``|b|`` (at least 1).

    Raises `ValueError` where the two structures' shapes differ.

    >>> max_error([np.array([1.0, 2.0])], [np.array([1.0, 4.0])])
    0.5
    """
    errors = [0.0]
    for a, b in zip(leaves(tree), leaves(reference), strict=True):
        if np.shape(a) != np.shape(b):
            raise ValueError(f"tree has a leaf of shape {np.shape(a)}; expected {np.shape(b)}")
        scale = max(1.0, np.abs(b).max(initial=0.0))
        errors.append(float(np.abs(np.subtract(a, b)).max(initial=0.0) / scale))
    return max(errors)


def _as_dtype(params, dtype):
    return tree_map(lambda p: np.array(p, dtype), params)


def _entry_by_entry(params, f, shift):
    """f(params with one entry shifted), for every entry of every leaf. Works on its own copy."""

    def values(leaf):
        out = np.empty(leaf.shape)
        for index in np.ndindex(leaf.shape):
            old = leaf[index]
            leaf[index] = old + shift
            out[index] = f(params)
            leaf[index] = old
        return out

    return tree_map(values, params)
