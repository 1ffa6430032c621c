"""Checks of what a caller gives to a Keras layer, with errors that say what to do about it.

A size may be unknown (None) while a function is traced; it then fits everything. Keras itself
has already turned NumPy arrays into tensors, and cast floating-point numbers to the layer's dtype.
"""

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from rnnbook._check import check_shape, type_name


def check_inputs(x: tf.Tensor, symbols: str, input_size: int, dtype: str, mask: Any) -> None:
    """Raise unless x has the axes `symbols`, D = `input_size` and `dtype`, and the mask fits.

    >>> check_inputs(tf.ones((4, 3)), "(N, T, D)", 3, "float32", None)
    Traceback (most recent call last):
    ...
    ValueError: x has shape (4, 3); expected (N, T, D)
    """
    if 0 in tuple(x.shape):
        raise ValueError(f"x has shape {tuple(x.shape)}; expected at least one sequence and step")
    check_axes("x", x.shape, symbols)
    check_fits("x", x, symbols, (*x.shape[:-1], input_size))
    check_dtype("x", x, dtype)
    check_mask(mask, x.shape[:2])


def check_axes(name: str, shape: Sequence[int | None], symbols: str) -> None:
    """Raise unless a shape has as many axes as `symbols`, and the last has a known size.

    >>> check_axes("x", (4, 5, None), "(N, T, D)")
    Traceback (most recent call last):
    ...
    ValueError: x has shape (4, 5, None); expected (N, T, D) with D known
    """
    shape = tuple(shape)
    if len(shape) != symbols.count(",") + 1:
        raise ValueError(f"{name} has shape {shape}; expected {symbols}")
    if shape[-1] is None:
        raise ValueError(f"{name} has shape {shape}; expected {symbols} with {symbols[-2]} known")


def check_fits(name: str, value: tf.Tensor, symbols: str, expected: Sequence[Any]) -> None:
    """Raise `ValueError` unless the shape is `expected`, as far as both are known.

    >>> check_fits("h", tf.ones((2, 4)), "(N, H)", (None, 3))
    Traceback (most recent call last):
    ...
    ValueError: h has shape (2, 4); expected (N, H) = (None, 3)
    """
    if not value.shape.is_compatible_with(expected):
        check_shape(name, value, symbols, expected)


def check_dtype(name: str, value: tf.Tensor, dtype: str) -> None:
    """Raise `TypeError` unless the dtype is `dtype`.

    >>> check_dtype("x", tf.constant([1, 2]), "float32")
    Traceback (most recent call last):
    ...
    TypeError: x has dtype int32; expected float32, the dtype of the layer: tf.cast(x, "float32")
    """
    if value.dtype != dtype:
        raise TypeError(
            f"{name} has dtype {value.dtype.name}; expected {dtype}, the dtype of the layer: "
            f'tf.cast({name}, "{dtype}")'
        )


def check_mask(mask: Any, shape: Sequence[int | None]) -> None:
    """Raise unless `mask` is None or a Boolean tensor (N, T).

    >>> check_mask(tf.ones((2, 3)), (2, 3))
    Traceback (most recent call last):
    ...
    TypeError: mask has dtype float32; expected bool, True at the steps that count
    """
    if mask is None:
        return
    check_tensor("mask", mask)
    if mask.dtype != tf.bool:
        raise TypeError(
            f"mask has dtype {mask.dtype.name}; expected bool, True at the steps that count"
        )
    check_fits("mask", mask, "(N, T)", shape)


def check_tensor(name: str, value: Any) -> None:
    """Raise `TypeError` unless `value` is a tensor.

    >>> check_tensor("initial_state", [1.0])
    Traceback (most recent call last):
    ...
    TypeError: initial_state is a list; expected a tensor or a NumPy array
    """
    if not tf.is_tensor(value):
        kind = type_name(type(value))
        raise TypeError(f"{name} is a {kind}; expected a tensor or a NumPy array")


def check_known_steps(layer: Any, x: tf.Tensor) -> None:
    """Raise `ValueError` while a function is traced for any T: a loop of Python needs to know it.

    >>> check_known_steps(None, tf.ones((2, 5, 3)))
    """
    if x.shape[1] is None:
        raise ValueError(
            f"x has shape {tuple(x.shape)}; {type(layer).__name__} must know the number T of steps "
            "when it is traced: name it in keras.Input((T, ...)) or in the input_signature, or pad "
            "to one length and pass a mask"
        )


def check_finite(
    name: str, x: tf.Tensor, remedy: str = "mask the step or clean the input"
) -> tf.Tensor:
    """`x` itself; an `InvalidArgumentError` if it has NaN or infinity.

    The check also stands in a `tf.function`, but XLA (`jit_compile=True`) leaves it out.

    >>> check_finite("x", tf.constant([1.0])).numpy()
    array([1.], dtype=float32)
    """
    message = f"{name} has NaN or infinity; {remedy}"
    return tf.debugging.check_numerics(x, message)
