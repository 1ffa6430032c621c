"""How a Keras layer answers: by a gradient tape, in evaluation mode.

Stateful layers are measured from zeros, and stand where they stood afterwards.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from rnnbook._check import type_name
from rnnbook.diagnostics._outputs import at, check_apart, check_repeats
from rnnbook.tree import leaves


class KerasModel:
    """A layer or model called as `model(x)`; single steps are those of a `keras.layers.RNN`."""

    def __init__(self, model: keras.layers.Layer):
        self.model = model

    def output_gradients(self, x: np.ndarray, state: Any, position: int) -> np.ndarray:
        """d y_p / d x, (K, N, T, D), by one backward pass for each of the K outputs at step p."""
        if state is not None:
            raise ValueError("state is given; expected None, zeros, for this kind of Keras layer")
        inputs = self._tensor(x)
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(inputs)
            outputs = self._outputs(inputs, position)
            entries, last = tf.unstack(outputs, axis=-1), outputs[-1]
        check_repeats(outputs.numpy(), self._outputs(inputs, position).numpy())
        check_apart(tape.gradient(last, inputs, unconnected_gradients="zero").numpy())
        rows = [tape.gradient(y, inputs, unconnected_gradients="zero") for y in entries]
        return np.stack([dx.numpy() for dx in rows])

    def jacobians(self, x: np.ndarray, state: Any) -> tuple[np.ndarray, np.ndarray, int]:
        """Of all steps (T N, ...): by the old state, by the input; and the number of outputs."""
        if not isinstance(self.model, keras.layers.RNN) or self.model.go_backwards:
            raise TypeError(
                f"model is a {type_name(type(self.model))}; expected a keras.layers.RNN that "
                "reads forwards; `influence` takes any layer"
            )
        inputs = self._tensor(x)
        old, outputs = self._trajectory(inputs, state)
        steps = tf.reshape(tf.transpose(inputs, [1, 0, 2]), (-1, x.shape[-1]))
        with tf.GradientTape(persistent=True) as tape:
            tape.watch([steps, *old])
            _, new = self.model.cell(steps, old)
            entries = tf.unstack(tf.concat(leaves(new), axis=-1), axis=-1)
        rows = [tape.gradient(y, [*old, steps], unconnected_gradients="zero") for y in entries]
        by_state = [np.concatenate([d.numpy() for d in ds], axis=-1) for *ds, _ in rows]
        by_input = [dx.numpy() for *_, dx in rows]
        return np.stack(by_state, axis=1), np.stack(by_input, axis=1), outputs

    def _outputs(self, inputs, position):
        with _from_zeros(self.model):
            result = self.model(inputs, training=False)
        outputs = result[0] if isinstance(result, tuple | list) else result
        return at(outputs, position, inputs.shape)

    def _trajectory(self, x, state):
        """The states before all steps, one below the other (T N, H), and the number of outputs."""
        with _from_zeros(self.model):
            self.model(x, training=False)  # makes the weights, if need be
        cell = self.model.cell
        state = self.model.get_initial_state(len(x)) if state is None else state
        states = [[tf.convert_to_tensor(s) for s in leaves(state)]]
        for t in range(x.shape[1]):
            output, new = cell(x[:, t], states[-1])
            states.append(leaves(new))
        return [tf.concat(each, axis=0) for each in zip(*states[:-1], strict=True)], len(output[0])

    def _tensor(self, x):
        for weight in self.model.weights[:1]:
            if weight.dtype != x.dtype.name:
                raise TypeError(
                    f"x has dtype {x.dtype}; expected {weight.dtype}, that of the model"
                )
        return tf.constant(x)


@contextmanager
def _from_zeros(model: keras.layers.Layer) -> Iterator[None]:
    """Every stateful layer inside starts from zeros, and has its own state again afterwards."""
    kept = [(state, state.numpy()) for state in _states(model)]
    for state, value in kept:
        state.assign(np.zeros_like(value))
    try:
        yield
    finally:
        for state in _states(model):  # also of layers that were not built before
            state.assign(tf.zeros_like(state))
        for state, value in kept:
            state.assign(value)


def _states(model):
    layers = [layer for layer in model._flatten_layers() if getattr(layer, "stateful", False)]
    states = [state for layer in layers for state in leaves(getattr(layer, "states", None))]
    return [state for state in states if isinstance(state, keras.Variable)]
