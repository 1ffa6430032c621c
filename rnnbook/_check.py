"""Checks of what a caller passes in, with errors that say what came and what was expected."""

from collections.abc import Sequence
from typing import Any

import numpy as np

FLOATING = ("float32", "float64", "complex64", "complex128")


def type_name(kind: type) -> str:
    """How an error names a type. Many types are called `Params`: these carry their module.

    >>> from rnnbook.numpy import gru
    >>> type_name(gru.Params), type_name(list)
    ('gru.Params', 'list')
    """
    module, name = kind.__module__, kind.__name__
    if module.startswith("rnnbook.numpy."):
        module = module.rsplit(".", 1)[1]
    elif name != "Params":
        return name
    return f"{module}.{name}"


def described(value: Any) -> str:
    """What an error says that a value is: its type, with an article.

    >>> described(np.zeros(2)), described([]), described(2)
    ('an ndarray', 'a list', 'an int')
    """
    name = type_name(type(value))
    return f"an {name}" if name[0].lower() in "aeio" or name == "ndarray" else f"a {name}"


def check_axes(name: str, array: Any, symbols: str) -> None:
    """Raise `ValueError` unless the array has as many axes as `symbols` names.

    >>> check_axes("W", np.zeros(3), "(D, K)")
    Traceback (most recent call last):
    ...
    ValueError: W has shape (3,); expected (D, K)
    """
    if len(array.shape) != len(symbols.strip("(),").split(",")):
        raise ValueError(f"{name} has shape {tuple(array.shape)}; expected {symbols}")


def check_shape(name: str, array: Any, symbols: str, expected: Sequence[int]) -> None:
    """Raise `ValueError` unless `array.shape` is `expected`; `symbols` is how the text writes it.

    >>> check_shape("W_h", np.zeros((8, 31)), "(H, 4H)", (8, 32))
    Traceback (most recent call last):
    ...
    ValueError: W_h has shape (8, 31); expected (H, 4H) = (8, 32)
    """
    if tuple(array.shape) != tuple(expected):
        shape = ", ".join(map(str, expected)) + ("," if len(expected) == 1 else "")
        raise ValueError(f"{name} has shape {tuple(array.shape)}; expected {symbols} = ({shape})")


def check_dtypes(**arrays: Any) -> None:
    """Raise `TypeError` unless all NumPy arrays share one floating or complex dtype.

    >>> check_dtypes(W_x=np.zeros(2), x=np.zeros(2, np.float32))
    Traceback (most recent call last):
    ...
    TypeError: x has dtype float32; expected float64, the dtype of W_x
    """
    first = None
    for name, array in arrays.items():
        if not isinstance(array, np.ndarray):
            raise TypeError(f"{name} is {described(array)}; expected a NumPy array")
        if array.dtype.name not in FLOATING:
            raise TypeError(
                f"{name} has dtype {array.dtype}; expected one of {', '.join(FLOATING)}"
            )
        first = first or (name, array.dtype)
        if array.dtype != first[1]:
            raise TypeError(
                f"{name} has dtype {array.dtype}; expected {first[1]}, the dtype of {first[0]}"
            )


def check_type(name: str, value: Any, kinds: Sequence[type]) -> None:
    """Raise `TypeError` unless `value` is of one of the types `kinds`, not of a derived one.

    >>> from rnnbook.numpy import gru, linear
    >>> params = linear.Params(np.zeros((3, 2)), np.zeros(2))
    >>> check_type("params", params, (gru.Params, gru.BeforeParams))
    Traceback (most recent call last):
    ...
    TypeError: params is a linear.Params; expected gru.Params or gru.BeforeParams
    """
    if type(value) not in kinds:
        expected = " or ".join(map(type_name, kinds))
        raise TypeError(f"{name} is {described(value)}; expected {expected}")


def check_floating(dtype: Any) -> None:
    """Raise `TypeError` unless weights can have this dtype: whole numbers would all become 0.

    >>> check_floating(int)
    Traceback (most recent call last):
    ...
    TypeError: dtype is int64; expected one of float32, float64, complex64, complex128
    """
    try:
        name = np.dtype(dtype).name
    except TypeError:  # one of another framework, say
        name = str(dtype)
    if name not in FLOATING:
        raise TypeError(f"dtype is {name}; expected one of {', '.join(FLOATING)}")


def check_sizes(**sizes: Any) -> None:
    """Raise unless every size is a positive whole number.

    >>> check_sizes(hidden_size=0)
    Traceback (most recent call last):
    ...
    ValueError: hidden_size is 0; expected a positive whole number
    """
    for name, size in sizes.items():
        if isinstance(size, bool) or not isinstance(size, (int, np.integer)):
            raise TypeError(f"{name} is {size!r}; expected a positive whole number")
        if size < 1:
            raise ValueError(f"{name} is {size}; expected a positive whole number")


def check_choice(name: str, value: Any, choices: Sequence) -> None:
    """Raise `ValueError` unless `value` is one of `choices`.

    >>> check_choice("activation", "sine", ("tanh", "relu"))
    Traceback (most recent call last):
    ...
    ValueError: activation is 'sine'; expected 'tanh' or 'relu'
    """
    if value not in choices:
        raise ValueError(f"{name} is {value!r}; expected {' or '.join(map(repr, choices))}")


def check_sequence(x: Any, input_size: int) -> None:
    """Raise `ValueError` unless `x` is a batch of sequences (N, T, D) with D = `input_size`.

    >>> check_sequence(np.zeros((4, 0, 3)), 3)
    Traceback (most recent call last):
    ...
    ValueError: x has shape (4, 0, 3); expected (N, T, D) with at least one sequence and one step
    """
    if len(x.shape) != 3:
        raise ValueError(
            f"x has shape {tuple(x.shape)}; expected (N, T, D) = (batch, steps, {input_size})"
        )
    if x.shape[-1] != input_size:
        check_shape("x", x, "(N, T, D)", (*x.shape[:2], input_size))
    if 0 in tuple(x.shape):
        raise ValueError(
            f"x has shape {tuple(x.shape)}; "
            "expected (N, T, D) with at least one sequence and one step"
        )


def check_step(x_t: Any, input_size: int) -> None:
    """Raise unless `x_t` is one step of a batch of sequences, (N, D).

    >>> check_step(np.zeros(3), 3)
    Traceback (most recent call last):
    ...
    ValueError: x_t has shape (3,); expected (N, D) = (batch, 3)
    """
    if not hasattr(x_t, "shape"):
        raise TypeError(f"x_t is {described(x_t)}; expected (N, D) = (batch, {input_size})")
    shape = tuple(x_t.shape)
    if len(shape) != 2 or shape[1] != input_size or shape[0] == 0:
        raise ValueError(f"x_t has shape {shape}; expected (N, D) = (batch, {input_size})")


def check_finite(x: np.ndarray, mask: np.ndarray | None) -> None:
    """Raise `ValueError` where an input that counts is NaN or infinite.

    >>> check_finite(np.array([[[0.0], [np.nan]]]), None)
    Traceback (most recent call last):
    ...
    ValueError: x[0, 1] has NaN or infinity; mask the step or clean the input
    """
    bad = ~np.isfinite(x).all(axis=-1)
    if mask is not None:
        bad &= mask
    if bad.any():
        n, t = np.argwhere(bad)[0]
        raise ValueError(f"x[{n}, {t}] has NaN or infinity; mask the step or clean the input")


def check_nested(name: str, values: Any, layers: Any) -> None:
    """Raise unless `values` has one entry for each direction of each of `layers`, nested alike.

    >>> check_nested("states", [[0.0], [0.0]], [["a", "b"]])
    Traceback (most recent call last):
    ...
    ValueError: states is nested as [1, 1]; expected [2], one for each layer and direction
    """
    expected = [len(layer) for layer in layers]
    if not isinstance(values, (list, tuple)) or not all(
        isinstance(value, (list, tuple)) for value in values
    ):
        raise TypeError(f"{name} is not nested like the layers; expected lists of {expected}")
    found = [len(entry) for entry in values]
    if found != expected:
        raise ValueError(
            f"{name} is nested as {found}; expected {expected}, one for each layer and direction"
        )


def check_rate(**rates: float) -> None:
    """Raise `ValueError` unless every rate is a probability below 1.

    >>> check_rate(state_rate=1.0)
    Traceback (most recent call last):
    ...
    ValueError: state_rate is 1.0; expected a probability from 0 to below 1
    """
    for name, rate in rates.items():
        if not 0 <= rate < 1:
            raise ValueError(f"{name} is {rate}; expected a probability from 0 to below 1")
