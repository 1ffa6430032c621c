"""How an answer is compared with a reference on random cases, and put into words."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from rnnbook.tree import tree_map

CASES = 5


class Exercise(NamedTuple):
    """What is asked: random arguments, a reference, and mistakes that people make."""

    case: Callable  # rng -> the arguments of one case
    solution: Callable
    outputs: tuple[str, ...]  # a name for each returned value
    mistakes: dict[str, Callable]  # what to say -> the function that makes this mistake
    tolerance: float = 1e-8


def first_mistake(exercise: Exercise, answer: Callable) -> str | None:
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
