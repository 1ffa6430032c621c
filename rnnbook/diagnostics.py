"""How states and gradients travel through time: Jacobians, sensitivity by lag, Lyapunov exponents.

Every function takes a single layer of one direction: NumPy `Params`, a `torch.nn.RNN`, `LSTM`
or `GRU`, a Keras `SimpleRNN`, `LSTM` or `GRU`, or a layer of `rnnbook.torch` or
`rnnbook.tensorflow`. Weights are read once and the work is done in NumPy, so that all of them
give the same numbers. `x` is a NumPy array (N, T, D) of the layer's dtype, without a mask.

The state s is h for an RNN or GRU, and (h, c), S = 2H numbers, for an LSTM.
"""

from types import ModuleType
from typing import NamedTuple

import numpy as np

from rnnbook import convert
from rnnbook._check import type_name
from rnnbook.numpy import lstm, rnn
from rnnbook.numpy.registry import MODULES


class Jacobians(NamedTuple):
    """Derivatives of one step, at every step: row i, column j is d s_t[i] / d (column j)."""

    state: np.ndarray  # (T, N, S, S): d s_t / d s_{t-1}
    input: np.ndarray  # (T, N, S, D): d s_t / d x_t
    hidden_size: int  # the first H of the S numbers are h


class _Layer(NamedTuple):
    module: ModuleType  # rnnbook.numpy.rnn, lstm or gru
    params: tuple
    options: dict

    def forward(self, x, state=None):
        return self.module.forward(self.params, x, state, **self.options)


def jacobians(model, x: np.ndarray, state=None) -> Jacobians:
    """The derivative of each step with respect to its old state and its input, along `x`.

    >>> params = rnn.Params(W_x=np.eye(2), W_h=np.array([[0.0, 0.5], [0.0, 0.0]]), b=np.zeros(2))
    >>> jacobians(params, np.zeros((1, 1, 2))).state[0, 0]
    array([[0. , 0. ],
           [0.5, 0. ]])
    """
    layer = _as_layer(model)
    _, _, cache = layer.forward(x, state)
    T, N = cache.x.shape[:2]
    old = _flat_state(cache)[:-1]
    steps = cache.x.reshape(T * N, 1, -1)
    _, _, one_step = layer.forward(steps, _as_state(layer, old.reshape(T * N, -1)))
    S = old.shape[-1]
    rows = [_row(layer, one_step, np.eye(S, dtype=x.dtype)[i]) for i in range(S)]
    by_state, by_input = (np.stack(parts, axis=1) for parts in zip(*rows, strict=True))
    H = cache.h.shape[-1]
    return Jacobians(by_state.reshape(T, N, S, S), by_input.reshape(T, N, S, -1), H)


def state_sensitivity(model, x: np.ndarray, state=None) -> np.ndarray:
    """How much the last state still depends on the state k steps before: (T + 1, N).

    Entry [k, n] is the spectral norm of d s_T / d s_{T-k}, the product of k Jacobians.

    >>> params = rnn.Params(W_x=np.zeros((1, 1)), W_h=np.array([[0.5]]), b=np.zeros(1))
    >>> state_sensitivity(params, np.zeros((1, 3, 1)))[:, 0]
    array([1.   , 0.5  , 0.25 , 0.125])
    """
    products = _products(jacobians(model, x, state).state)
    return np.linalg.norm(products, ord=2, axis=(-2, -1))


def input_sensitivity(model, x: np.ndarray, state=None) -> np.ndarray:
    """How much the last output h_T depends on the input k steps before: (T, N).

    Entry [k, n] is the Frobenius norm of d h_T / d x_{T-k}.

    >>> params = rnn.Params(W_x=np.ones((1, 1)), W_h=np.array([[0.5]]), b=np.zeros(1))
    >>> input_sensitivity(params, np.zeros((1, 3, 1)))[:, 0]
    array([1.  , 0.5 , 0.25])
    """
    J = jacobians(model, x, state)
    from_states = _products(J.state)[:-1, :, : J.hidden_size]
    return np.linalg.norm(from_states @ J.input[::-1], axis=(-2, -1))


def spectral_radius(matrix: np.ndarray) -> np.ndarray | float:
    """The largest absolute eigenvalue of a square matrix, or of each matrix of a stack (..., S, S).

    >>> float(spectral_radius(np.array([[0.5, 100.0], [0.0, 0.2]])))
    0.5
    """
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


def _flat_state(cache):
    """The states of all steps, (T + 1, N, S)."""
    return np.concatenate([cache.h, cache.c], axis=-1) if hasattr(cache, "c") else cache.h


def _as_state(layer, s):
    return lstm.State(*np.split(s, 2, axis=-1)) if layer.module is lstm else s


def _row(layer, one_step, direction):
    """Row i of both Jacobians: the gradient of entry i of the new state, for every step at once."""
    ds = np.broadcast_to(direction, (one_step.x.shape[1], len(direction)))
    _, dx, ds_old = layer.module.backward(layer.params, one_step, None, _as_state(layer, ds))
    ds_old = np.concatenate(ds_old, axis=-1) if layer.module is lstm else ds_old
    return ds_old, dx[:, 0]


def _as_layer(model):
    """Weights and equations of any supported model."""
    params = _params_of(model)
    module = MODULES.get(type(params))
    if module is None:
        raise TypeError(
            f"model is a {type_name(type(model))}; expected one layer of one direction: NumPy "
            "Params, or an RNN, LSTM or GRU of torch.nn, Keras or this package"
        )
    return _Layer(module, params, {"activation": _activation(model)} if module is rnn else {})


def _params_of(model):
    if hasattr(model, "_fields") or isinstance(model, list):
        return model
    kind = type(model).__module__
    if kind.startswith("rnnbook."):
        return model.params()
    if kind.startswith("torch."):
        return convert.from_torch(model)
    return convert.from_keras(model) if kind.startswith("keras.") else model


def _activation(model):
    """The activation of a plain RNN, which is not part of its weights."""
    if hasattr(model, "nonlinearity"):  # torch.nn
        return model.nonlinearity
    value = getattr(getattr(model, "cell", model), "activation", "tanh")
    return value if isinstance(value, str) else value.__name__
