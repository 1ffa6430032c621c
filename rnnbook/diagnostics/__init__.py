"""How states and gradients travel through time: Jacobians, sensitivity by lag, Lyapunov exponents.

A model is one of:

- weights in NumPy: one `Params`, or a stack [layer][direction];
- an RNN, LSTM or GRU of torch.nn, Keras or this package, of any number of layers and directions:
  its weights are read once and the work is done in NumPy, so that all of them give the same
  numbers;
- any other torch module or Keras layer, such as our LayerNormLSTM, Zoneout, VariationalDropout,
  MinGRU and Stack, or one of your own, with its head if you like. It is differentiated by its
  framework, in evaluation mode. Each sequence of a batch must be read by itself (the layers of
  torch.nn need `batch_first=True`), and a second call must give the same outputs; `ValueError`
  where they do not. Stateful Keras layers start from zeros and stay where they are.

`x` is a NumPy array (N, T, D) of the model's dtype, without a mask. `state` is where to start
from, of NumPy arrays, nested as the model takes it; zeros if None. `activation` is that of plain
recurrent layers, "tanh" or "relu". Weights in NumPy do not tell it, so it is "tanh" unless stated;
a plain layer of a framework tells its own, and any other model takes none.

The state s is h for an RNN or GRU, and (h, c), S = 2H numbers, for an LSTM. That of a stack is the
state of its top layer, then of the layer below, and so on.
"""

from typing import Any, NamedTuple

import numpy as np

from rnnbook._check import type_name
from rnnbook.diagnostics._models import as_model, is_single


class Jacobians(NamedTuple):
    """Derivatives of one step, at every step: row i, column j is d s_t[i] / d (column j)."""

    state: np.ndarray  # (T, N, S, S): d s_t / d s_{t-1}
    input: np.ndarray  # (T, N, S, D): d s_t / d x_t
    hidden_size: int  # H outputs; the first H of the S numbers are h, of the top layer


def jacobians(
    model: Any, x: np.ndarray, state: Any = None, *, activation: str | None = None
) -> Jacobians:
    """The derivative of each step with respect to its old state and its input, along `x`.

    Raises `ValueError` or `TypeError` for a model that no single step leads through: one of two
    directions, or one that does not return its state.

    >>> from rnnbook.numpy import rnn
    >>> params = rnn.Params(W_x=np.eye(2), W_h=np.array([[0.0, 0.5], [0.0, 0.0]]), b=np.zeros(2))
    >>> jacobians(params, np.zeros((1, 1, 2))).state[0, 0]
    array([[0. , 0. ],
           [0.5, 0. ]])
    """
    _check_x(x)
    N, T, D = x.shape
    by_state, by_input, H = as_model(model, activation).jacobians(x, state)
    S = by_state.shape[-1]
    return Jacobians(by_state.reshape(T, N, S, S), by_input.reshape(T, N, S, D), H)


def state_sensitivity(
    model: Any, x: np.ndarray, state: Any = None, *, activation: str | None = None
) -> np.ndarray:
    """How much the last state still depends on the state k steps before: (T + 1, N).

    Entry [k, n] is the spectral norm of d s_T / d s_{T-k}, the product of k Jacobians. Errors are
    those of `jacobians`.

    >>> from rnnbook.numpy import rnn
    >>> params = rnn.Params(W_x=np.zeros((1, 1)), W_h=np.array([[0.5]]), b=np.zeros(1))
    >>> state_sensitivity(params, np.zeros((1, 3, 1)))[:, 0]
    array([1.   , 0.5  , 0.25 , 0.125])
    """
    products = _products(jacobians(model, x, state, activation=activation).state)
    return np.linalg.norm(products, ord=2, axis=(-2, -1))


def input_sensitivity(
    model: Any, x: np.ndarray, state: Any = None, *, activation: str | None = None
) -> np.ndarray:
    """How much the last output y_T depends on the input k steps before: (T, N).

    Entry [k, n] is the Frobenius norm of d y_T / d x_{T-k}, where y_T is h_T, of the top layer, or
    what the model computes from it. `last_lag` says in one number how far that reaches.

    >>> from rnnbook.numpy import rnn
    >>> params = rnn.Params(W_x=np.ones((1, 1)), W_h=np.array([[0.5]]), b=np.zeros(1))
    >>> input_sensitivity(params, np.zeros((1, 3, 1)))[:, 0]
    array([1.  , 0.5 , 0.25])
    """
    if not is_single(as_model(model, activation)):
        return influence(model, x, -1, state, activation=activation)[::-1]
    J = jacobians(model, x, state, activation=activation)
    from_states = _products(J.state)[:-1, :, : J.hidden_size]
    return np.linalg.norm(from_states @ J.input[::-1], axis=(-2, -1))


def influence(
    model: Any,
    x: np.ndarray,
    position: int = -1,
    state: Any = None,
    *,
    activation: str | None = None,
) -> np.ndarray:
    """How much the output at step `position` depends on the input of each step: (T, N).

    Entry [t, n] is the Frobenius norm of d y_p / d x_t. A network of two directions also depends
    on inputs after p. Costs one backward pass for each output, and for a model that its framework
    differentiates about two forward passes and one backward pass more, to check the model.

    >>> from rnnbook.numpy import rnn
    >>> params = rnn.Params(W_x=np.ones((1, 1)), W_h=np.array([[0.5]]), b=np.zeros(1))
    >>> influence([[params, params]], np.zeros((1, 4, 1)), position=1)[:, 0].round(3)
    array([0.5  , 1.414, 0.5  , 0.25 ])
    """
    _check_x(x)
    if not -x.shape[1] <= position < x.shape[1]:
        raise ValueError(f"position is {position}; expected a step of T = {x.shape[1]}")
    gradients = as_model(model, activation).output_gradients(x, state, position)
    return np.linalg.norm(gradients.transpose(2, 1, 0, 3), axis=(-2, -1))


def last_lag(sensitivity: np.ndarray, *, share: float = 0.1) -> np.ndarray:
    """How far back a network reaches: the last lag with `share` of the largest sensitivity, (N,).

    `sensitivity` (lags, N) is what `input_sensitivity` or `state_sensitivity` returns. Where the
    answer is the last row, the sequence was too short to tell: measure a longer one. It is -1
    where nothing has any influence.

    >>> last_lag(np.array([[1.0], [0.5], [0.25], [0.125], [0.0625]]))
    array([3])
    """
    sensitivity = np.asarray(sensitivity)
    if sensitivity.ndim != 2 or not len(sensitivity):
        raise ValueError(f"sensitivity has shape {sensitivity.shape}; expected (lags, N)")
    if not 0 < share <= 1:
        raise ValueError(f"share is {share}; expected a number above 0, 1 at most")
    if not (sensitivity >= 0).all():
        raise ValueError("sensitivity has NaN or negative values; expected norms")
    large = (sensitivity >= share * sensitivity.max(axis=0)) & (sensitivity > 0)
    lags = np.arange(len(sensitivity))[:, None]
    return np.where(large, lags, -1).max(axis=0)


def spectral_radius(matrix: np.ndarray) -> np.ndarray | float:
    """The largest absolute eigenvalue of a square matrix, or of each matrix of a stack (..., S, S).

    >>> float(spectral_radius(np.array([[0.5, 100.0], [0.0, 0.2]])))
    0.5
    """
    if matrix.ndim < 2 or matrix.shape[-1] != matrix.shape[-2] or not np.isfinite(matrix).all():
        raise ValueError(f"matrix has shape {matrix.shape}; expected (..., S, S), all finite")
    return np.abs(np.linalg.eigvals(matrix)).max(axis=-1)


def lyapunov_exponents(state_jacobians: np.ndarray) -> np.ndarray:
    """Mean growth rates per step, in nats, of a product of Jacobians (T, N, S, S): (N, S).

    Largest first. A QR decomposition at each step keeps the directions apart (Benettin et al.
    1980; for recurrent networks Vogt et al. 2022). The first is the rate at which gradients
    grow (above 0) or vanish (below 0) over long lags.

    >>> J = np.broadcast_to(np.diag([2.0, 0.5]), (10, 1, 2, 2))
    >>> np.exp(lyapunov_exponents(J))[0].round(12)
    array([2. , 0.5])
    """
    J = state_jacobians
    if J.ndim != 4 or J.shape[2] != J.shape[3] or 0 in J.shape or not np.isfinite(J).all():
        raise ValueError(f"state_jacobians has shape {J.shape}; expected (T, N, S, S), all finite")
    T, N, S, _ = state_jacobians.shape
    total, Q = np.zeros((N, S)), np.broadcast_to(np.eye(S), (N, S, S))
    for J in state_jacobians:
        Q, R = np.linalg.qr(J @ Q)
        with np.errstate(divide="ignore"):  # a direction that is lost for good has rate -inf
            total += np.log(np.abs(np.diagonal(R, axis1=-2, axis2=-1)))
    return -np.sort(-total / T, axis=-1)


def _products(J):
    """d s_T / d s_{T-k} for k = 0 .. T, from the Jacobians (T, N, S, S) of the single steps."""
    T, N, S, _ = J.shape
    products = np.empty((T + 1, N, S, S), J.dtype)
    products[0] = np.eye(S)
    for k in range(T):
        products[k + 1] = products[k] @ J[T - 1 - k]  # eq-jacobian-product
    return products


def _check_x(x):
    if not isinstance(x, np.ndarray):
        raise TypeError(f"x is a {type_name(type(x))}; expected a NumPy array")
    if x.ndim != 3 or 0 in x.shape:
        raise ValueError(f"x has shape {x.shape}; expected (N, T, D), none of them 0")
