"""A check of the weights of a whole model, before the first of them is copied."""

from typing import Any

import numpy as np

from rnnbook._check import check_shape, check_type, type_name


def check_weights(name: str, given: Any, expected: Any) -> None:
    """Raise unless `given` has the types, keys and shapes of `expected`, the weights of a model.

    Both are arrays, `Params`, or lists and dicts of these; None stands for a missing part.

    >>> check_weights("params", {"b": np.zeros(1)}, {"b": np.zeros(7)})
    Traceback (most recent call last):
    ...
    ValueError: params['b'] has shape (1,); expected that of this model = (7,)
    """
    if isinstance(expected, dict):
        _check_dict(name, given, expected)
    elif hasattr(expected, "_fields"):
        check_type(name, given, (type(expected),))
        for field in expected._fields:
            check_weights(f"{name}.{field}", getattr(given, field), getattr(expected, field))
    elif isinstance(expected, list):
        _check_list(name, given, expected)
    elif expected is None or given is None:
        check_type(name, given, (type(expected),))
    else:
        _check_array(name, np.asarray(given), expected)


def _check_dict(name, given, expected):
    check_type(name, given, (dict,))
    if set(given) != set(expected):
        raise ValueError(f"{name} has the keys {sorted(given)}; expected {sorted(expected)}")
    for key, value in expected.items():
        check_weights(f"{name}[{key!r}]", given[key], value)


def _check_list(name, given, expected):
    if not isinstance(given, list | tuple) or hasattr(given, "_fields"):
        kind = type_name(type(given))
        raise TypeError(f"{name} is a {kind}; expected a list of {len(expected)}")
    if len(given) != len(expected):
        raise ValueError(f"{name} has {len(given)} entries; expected {len(expected)}")
    for index, value in enumerate(expected):
        check_weights(f"{name}[{index}]", given[index], value)


def _check_array(name, given, expected):
    if given.dtype.kind != "f":
        raise TypeError(f"{name} has dtype {given.dtype}; expected float32 or float64")
    check_shape(name, given, "that of this model", expected.shape)
