"""What decoding knows of a model: the tokens it takes, what it returns, the rows of its state."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from operator import index
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from rnnbook.text._distributions import as_array, has_16_bits, log_softmax
from rnnbook.tree import tree_map

Step = Callable[[np.ndarray, Any], tuple[Any, Any]]
Take = Callable[[Any, np.ndarray], Any]


def first_axis(array: Any, rows: np.ndarray) -> Any:
    """Rows of an array whose first axis is the batch: how `take` picks them by default.

    >>> first_axis(np.array([[1, 2], [3, 4]]), np.array([1, 1, 0]))
    array([[3, 4],
           [3, 4],
           [1, 2]])
    """
    return array[rows]


def taken(state: Any, rows: np.ndarray, batch: int, take: Take) -> Any:
    """The state of other rows of a batch."""

    def pick(array: Any) -> Any:
        if array is None:
            return None
        shape = tuple(getattr(array, "shape", ()))
        if take is first_axis and shape[:1] != (batch,):
            raise ValueError(f"state has an array of shape {shape}; expected ({batch}, ...)")
        return take(array, rows)

    with naming_take(max(batch, len(rows))):
        return tree_map(pick, state)


@contextmanager
def naming_take(batch: int) -> Iterator[None]:
    """Adds to an error in a batch that has grown what may have caused it."""
    try:
        yield
    except Exception as error:
        if batch > 1:
            error.add_note(
                f"The state is now that of {batch} sequences. If the batch is not the first axis "
                "of its arrays, pass take: for torch's own layers take=lambda array, rows: "
                "array[:, rows], for TensorFlow take=tf.gather."
            )
        raise


def start_tokens(start: ArrayLike) -> np.ndarray:
    """The first tokens of N sequences, checked."""
    tokens = np.asarray(start)
    if tokens.ndim != 1 or not np.issubdtype(tokens.dtype, np.integer) or not len(tokens):
        raise ValueError(f"start is {start!r}; expected whole numbers (N,), one a sequence")
    return tokens


def check_token(name: str, token: Any, size: int) -> None:
    """A token is a place in the vocabulary; -1 is none, though NumPy would take it for the last."""
    try:
        number = index(token)
    except TypeError:
        raise TypeError(f"{name} is {token!r}; expected the id of a token") from None
    if not 0 <= number < size:
        raise ValueError(f"{name} is {token}; expected the id of a token, from 0 to {size - 1}")


def checked_log_probs(log_probs: Any, batch: int) -> np.ndarray:
    """The log-probabilities as float64, after a look at their shape and their sum."""
    coarse = has_16_bits(log_probs)
    checked = as_array(log_probs).astype(np.float64)
    if checked.ndim != 2 or len(checked) != batch:
        raise ValueError(f"step returned log_probs {checked.shape}; expected (N, V), N = {batch}")
    if np.isnan(checked).any():
        row, token = np.argwhere(np.isnan(checked))[0]
        raise ValueError(
            f"step returned log_probs[{row}, {token}] = nan; expected a number or -inf"
        )
    sums = np.exp(checked).sum(axis=1)
    wrong = ~np.isclose(sums, 1, atol=0.05 if coarse else 1e-3)
    if wrong.any():
        raise ValueError(
            f"step returned log_probs whose exp sums to {sums[wrong][0]:.4g}; "
            "expected 1: apply log_softmax to the logits first"
        )
    return log_softmax(checked) if coarse else checked
