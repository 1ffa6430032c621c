"""Exercises that check themselves.

`check(name, answer)` runs an answer on random cases beside a reference and says which output is
wrong, and how. Every exercise also knows its typical mistakes and names them.
"""

import difflib
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from rnnbook.numpy import gru, optim
from rnnbook.tree import tree_map

CASES = 5


class Exercise(NamedTuple):
    """What is asked: random arguments, a reference, and mistakes that people make."""

    case: Callable  # rng -> the arguments of one case
    solution: Callable
    outputs: tuple[str, ...]  # a name for each returned value
    mistakes: dict[str, Callable]  # what to say -> the function that makes this mistake
    tolerance: float = 1e-8


def check(name: str, answer: Callable) -> None:
    """Try `answer` on random cases and print whether it is right, or what is wrong with it.

    An untouched stub (it returns None or `...`, or raises NotImplementedError) prints "not
    attempted". Raises `ValueError` for an unknown name and `TypeError` for an answer that is
    not a function.

    >>> check("skill", lambda error, reference_error: 1 - error / reference_error)
    skill: correct on 5 random cases
    >>> check("skill", lambda error, reference_error: error / reference_error)
    skill: skill is wrong. This is the ratio of the errors: skill is what it falls short of 1 by.
    """
    exercise = _find(name)
    if not callable(answer):
        raise TypeError(f"answer is a {type(answer).__name__}; expected a function")
    message = _first_mistake(exercise, answer)
    print(f"{name}: {message or f'correct on {CASES} random cases'}")


def _find(name):
    if name in EXERCISES:
        return EXERCISES[name]
    near = difflib.get_close_matches(str(name), EXERCISES, n=3, cutoff=0.3) or sorted(EXERCISES)
    raise ValueError(f"name is {name!r}; expected an exercise such as {', '.join(map(repr, near))}")


def _first_mistake(exercise, answer):
    """What to say about `answer`, or None where it is right."""
    rng = np.random.default_rng(0)
    for _ in range(CASES):
        arguments = exercise.case(rng)
        expected = exercise.solution(*_copies(arguments))
        try:
            got = answer(*_copies(arguments))
        except NotImplementedError:
            return "not attempted"
        if got is None or got is Ellipsis:
            return "not attempted"
        wrong = _difference(exercise, got, expected)
        if wrong is not None:
            return wrong + _known_mistake(exercise, arguments, got)
    return None


def _copies(arguments):
    return tuple(tree_map(lambda v: np.copy(v) if isinstance(v, np.ndarray) else v, arguments))


def _as_outputs(value, names):
    several = isinstance(value, (tuple, list)) or np.ndim(value) > 0
    return tuple(value) if len(names) > 1 and several else (value,)


def _as_numbers(value):
    """`value` as an array of real numbers, or None where it is something else."""
    try:
        array = np.asarray(value)
    except (TypeError, ValueError):  # rows of different lengths
        return None
    return array.astype(float) if array.dtype.kind in "biuf" else None


def _difference(exercise, got, expected):
    got, expected = (_as_outputs(v, exercise.outputs) for v in (got, expected))
    if len(got) != len(expected):
        values = "1 value" if len(got) == 1 else f"{len(got)} values"
        return f"it returns {values}; expected {len(expected)}: {exercise.outputs}"
    for name, value, b in zip(exercise.outputs, got, expected, strict=True):
        a = _as_numbers(value)
        if a is None:
            kind = type(value).__name__
            return f"{name} is not made of real numbers ({kind}); expected shape {np.shape(b)}."
        if a.shape != np.shape(b):
            return f"{name} has shape {a.shape}; expected {np.shape(b)}."
        error = np.abs(a - b)
        if not np.all(error <= exercise.tolerance * max(1.0, np.abs(b).max(initial=0))):
            return f"{name} is wrong." + _where(error, a, b)
    return None


def _where(error, got, expected):
    if np.ndim(expected) == 0:
        return ""
    index = np.unravel_index(np.nanargmax(np.where(np.isnan(error), np.inf, error)), error.shape)
    place = ", ".join(map(str, index))
    return f" At [{place}] it is {np.asarray(got)[index]:.6g}; expected {expected[index]:.6g}."


def _known_mistake(exercise, arguments, got):
    for message, mistake in exercise.mistakes.items():
        if _difference(exercise, got, mistake(*_copies(arguments))) is None:
            return f" {message}"
    return ""


# The exercises, in the order of the book.


def _weights_case(rng):
    D, H = rng.integers(1, 5, 2)
    return int(D), int(H)


def _one_step_case(rng):
    return tuple(rng.standard_normal(shape) for shape in ((3, 2), 3, 2, 3))


def _one_step_gradient(W, b, x, y):
    a = W @ x + b
    return np.outer(-2 * (y - np.maximum(a, 0)) * (a > 0), x)


def _one_step_without_derivative(W, b, x, y):
    return np.outer(-2 * (y - np.maximum(W @ x + b, 0)), x)


def _windows_case(rng):
    length, T, H = int(rng.integers(12, 20)), int(rng.integers(2, 5)), int(rng.integers(1, 4))
    return rng.standard_normal(length), T, H


def _windows(series, input_length, horizon):
    count = len(series) - input_length - horizon + 1
    X = np.stack([series[i : i + input_length] for i in range(count)])
    Y = np.stack([series[i + input_length : i + input_length + horizon] for i in range(count)])
    return X, Y


def _windows_that_leak(series, input_length, horizon):
    X, _ = _windows(series, input_length, horizon)
    first = input_length - 1
    Y = np.stack([series[i + first : i + first + horizon] for i in range(len(X))])
    return X, Y


def _windows_one_short(series, input_length, horizon):
    X, Y = _windows(series, input_length, horizon)
    return X[:-1], Y[:-1]


def _errors_case(rng):
    return tuple(rng.uniform(0.5, 2, 2))


def _momentum_case(rng):
    p, g, v = rng.standard_normal((3, 4, 2))
    return p, g, v, float(rng.uniform(0.01, 0.1)), float(rng.uniform(0.5, 0.9))


def _momentum(p, g, v, learning_rate, momentum):
    return optim.sgd_step(p, g, v, learning_rate=learning_rate, momentum=momentum)


def _momentum_with_rate_inside(p, g, v, learning_rate, momentum):
    v = momentum * v + learning_rate * g
    return p - v, v


def _momentum_before_update(p, g, v, learning_rate, momentum):
    return p - learning_rate * v, momentum * v + g


def _gru_case(rng):
    params = tree_map(
        lambda w: rng.standard_normal(w.shape), gru.init(rng, input_size=2, hidden_size=3)
    )
    return (*params, rng.standard_normal((4, 2)), rng.standard_normal((4, 3)))


def _gru_step(W_x, W_h, b_x, b_h, x_t, h):
    return gru.step(gru.Params(W_x, W_h, b_x, b_h), x_t, h)


def _gru_step_z_exchanged(W_x, W_h, b_x, b_h, x_t, h):
    _, z, n = _gru_parts(W_x, W_h, b_x, b_h, x_t, h)
    return z * n + (1 - z) * h


def _gru_step_reset_before(W_x, W_h, b_x, b_h, x_t, h):
    r, z, _ = _gru_parts(W_x, W_h, b_x, b_h, x_t, h)
    H = h.shape[1]
    n = np.tanh(x_t @ W_x[:, 2 * H :] + b_x[2 * H :] + (r * h) @ W_h[:, 2 * H :] + b_h[2 * H :])
    return (1 - z) * n + z * h


def _gru_parts(W_x, W_h, b_x, b_h, x_t, h):
    _, _, cache = gru.forward(gru.Params(W_x, W_h, b_x, b_h), x_t[:, None], h)
    r, z, n, _ = cache.gates[0]
    return r, z, n


EXERCISES = {
    "one-step-gradient": Exercise(
        case=_one_step_case,
        solution=_one_step_gradient,
        outputs=("the gradient",),
        mistakes={
            "You left out the activation's derivative: a silent unit has gradient zero.": (
                _one_step_without_derivative
            ),
            "The sign is wrong: dL/dh is -2 (y - h).": (
                lambda W, b, x, y: -_one_step_gradient(W, b, x, y)
            ),
            "It is transposed: row k belongs to unit k, column j to input j.": (
                lambda W, b, x, y: _one_step_gradient(W, b, x, y).T
            ),
        },
    ),
    "rnn-parameters": Exercise(
        case=_weights_case,
        solution=lambda D, H: D * H + H * H + H,
        outputs=("the number of parameters",),
        mistakes={
            "You left out the recurrent weights, H x H.": lambda D, H: D * H + H,
            "You left out the bias, one for each unit.": lambda D, H: D * H + H * H,
        },
    ),
    "windows": Exercise(
        case=_windows_case,
        solution=_windows,
        outputs=("X", "Y"),
        mistakes={
            "Your targets start at the last input: the model is shown its answer.": (
                _windows_that_leak
            ),
            "You stop one window early: the last target may be the last value of the series.": (
                _windows_one_short
            ),
        },
    ),
    "skill": Exercise(
        case=_errors_case,
        solution=lambda error, reference_error: 1 - error / reference_error,
        outputs=("skill",),
        mistakes={
            "This is the ratio of the errors: skill is what it falls short of 1 by.": (
                lambda error, reference_error: error / reference_error
            ),
            "You divided by the model's error: divide by the reference's.": (
                lambda error, reference_error: 1 - reference_error / error
            ),
        },
    ),
    "sgd-momentum": Exercise(
        case=_momentum_case,
        solution=_momentum,
        outputs=("p", "v"),
        mistakes={
            "You put the learning rate into the velocity: here v holds gradients only.": (
                _momentum_with_rate_inside
            ),
            "You moved with the old velocity: update v first, then p.": _momentum_before_update,
        },
    ),
    "gru-step": Exercise(
        case=_gru_case,
        solution=_gru_step,
        outputs=("h",),
        mistakes={
            "z and 1 - z are exchanged: here z keeps the old state.": _gru_step_z_exchanged,
            "You reset h before the product; this model resets the product.": (
                _gru_step_reset_before
            ),
        },
    ),
}
