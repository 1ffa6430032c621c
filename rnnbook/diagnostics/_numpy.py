"""How weights in NumPy answer: by the backward passes of `rnnbook.numpy`."""

from typing import Any

import numpy as np

from rnnbook._check import type_name
from rnnbook.numpy import stack
from rnnbook.numpy.registry import MODULES
from rnnbook.tree import leaves, tree_map


class NumPyModel:
    """A stack [layer][direction]; `single` says that the caller gave one `Params`."""

    def __init__(self, layers: list, activation: str, *, single: bool):
        stack.check_layers(layers, "model")
        self.layers, self.activation, self.single = layers, activation, single

    def output_gradients(self, x: np.ndarray, state: Any, position: int) -> np.ndarray:
        """d y_p / d x, (K, N, T, D), by one backward pass for each of the K outputs at step p."""
        states = self._states(state)
        hs, _, cache = stack.forward(self.layers, x, states, activation=self.activation)
        rows = []
        for k in range(hs.shape[-1]):
            dhs = np.zeros_like(hs)
            dhs[:, position, k] = 1
            rows.append(stack.backward(self.layers, cache, dhs)[1])
        return np.stack(rows)

    def jacobians(self, x: np.ndarray, state: Any) -> tuple[np.ndarray, np.ndarray, int]:
        """Of all steps (T N, ...): by the old state, by the input; and the number of outputs."""
        self._check_steps()
        N, T, D = x.shape
        states = self._states(state)
        _, last, cache = stack.forward(self.layers, x, states, activation=self.activation)
        old = _before_each_step(cache.caches).reshape(T * N, -1)
        steps = x.swapaxes(0, 1).reshape(T * N, 1, D)
        states = _nested(old, last)
        _, _, cache = stack.forward(self.layers, steps, states, activation=self.activation)
        rows = []
        for direction in np.eye(old.shape[-1], dtype=x.dtype):
            ds = _nested(np.broadcast_to(direction, old.shape), last)
            _, dx, ds_old = stack.backward(self.layers, cache, None, ds)
            rows.append((np.concatenate(leaves(ds_old[::-1]), axis=-1), dx[:, 0]))
        by_state, by_input = (np.stack(parts, axis=1) for parts in zip(*rows, strict=True))
        return by_state, by_input, len(self.layers[-1][0].W_h)

    def _states(self, state):
        return [[state]] if self.single and state is not None else state

    def _check_steps(self):
        for index, layer in enumerate(self.layers):
            if len(layer) == 2:
                raise ValueError(
                    f"model[{index}] has two directions, so no step leads from one state to the "
                    "next; `influence` says what an output depends on"
                )
            if type(layer[0]) not in MODULES:
                raise TypeError(
                    f"model[{index}][0] is a {type_name(type(layer[0]))}; expected Params of "
                    "rnn, lstm, gru or layer_norm_lstm; `influence` takes any, "
                    "and the layer in torch or Keras has Jacobians"
                )


def _before_each_step(caches):
    """The state of all layers before each step, (T, N, S), from the top layer down."""
    parts = []
    for (cache,) in reversed(caches):
        parts += [cache.h[:-1], cache.c[:-1]] if hasattr(cache, "c") else [cache.h[:-1]]
    return np.concatenate(parts, axis=-1)


def _nested(s, like):
    """The states of all layers, nested as `like`, from the flat one (M, S)."""
    sizes = [leaf.shape[-1] for leaf in leaves(like[::-1])]
    parts = iter(np.split(s, np.cumsum(sizes)[:-1], axis=-1))
    return tree_map(lambda _: next(parts), like[::-1])[::-1]
