"""Every recurrent layer of the package, and the same verbs for it in all three frameworks.

A framework is a class with `make` (a layer with random or with given weights), `params`, `run`
and `step`. All of them take and return NumPy arrays, so that a test can walk through them.
"""

import inspect
from types import MappingProxyType, ModuleType
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf
import torch

import rnnbook.tensorflow
import rnnbook.torch
from rnnbook.numpy import (
    conv_lstm,
    delta_net,
    diagonal_ssm,
    gru,
    layer_norm_lstm,
    lru,
    lstm,
    min_gru,
    min_lstm,
    rnn,
)
from rnnbook.tree import leaves, tree_map

N, T, D, H = 3, 5, 2, 4
FRAME = (4, 3)  # rows and columns of an image


class Model(NamedTuple):
    """A layer in one of its forms."""

    module: ModuleType  # its equations in NumPy
    layer: str  # its name in rnnbook.torch and rnnbook.tensorflow
    options: Any = MappingProxyType({})  # of `init` and of both layers: what asks for this form
    activation: str | None = None  # of a plain RNN; not part of its weights

    @property
    def frame(self):
        """The axes of x between time and features."""
        return FRAME if self.module is conv_lstm else ()

    @property
    def outputs_are_states(self):
        """Whether a step returns nothing but the next state."""
        return self.module not in (lru, diagonal_ssm, delta_net)


MODELS = {
    "rnn": Model(rnn, "RNN", activation="tanh"),
    "rnn-relu": Model(rnn, "RNN", activation="relu"),
    "lstm": Model(lstm, "LSTM"),
    "lstm-peephole": Model(lstm, "LSTM", {"peepholes": True}),
    "gru-after": Model(gru, "GRU"),
    "gru-before": Model(gru, "GRU", {"reset": "before"}),
    "layer-norm-lstm": Model(layer_norm_lstm, "LayerNormLSTM"),
    "min-gru": Model(min_gru, "MinGRU"),
    "min-lstm": Model(min_lstm, "MinLSTM"),
    "lru": Model(lru, "LRU"),
    "diagonal-ssm": Model(diagonal_ssm, "DiagonalSSM"),
    "delta-net": Model(delta_net, "DeltaNet"),
    "delta-net-double": Model(delta_net, "DeltaNet", {"gate": "double", "heads": 2}),
    "delta-net-hard": Model(delta_net, "DeltaNet", {"gate": "hard", "factors": 3, "heads": 2}),
    "conv-lstm": Model(conv_lstm, "ConvLSTM"),
}


def random_like(tree, rng):
    """Standard normal numbers, complex where the tree's are."""

    def draw(w):
        v = rng.standard_normal(np.shape(w))
        return v + 1j * rng.standard_normal(np.shape(w)) if np.iscomplexobj(w) else v

    return tree_map(draw, tree)


class Problem(NamedTuple):
    """Weights and inputs of a layer, and the gradients at what comes out of it."""

    params: Any
    x: np.ndarray
    state: Any
    mask: np.ndarray | None
    dy: np.ndarray
    dstate: Any


def random_problem(model, *, masked=False, seed=0):
    """All sizes differ and nothing is zero; inputs are NaN where they do not count."""
    rng = np.random.default_rng(seed)
    params = model.module.init(rng, D, H, **model.options)
    params = tree_map(lambda w: w + 0.3 * rng.standard_normal(w.shape), params)
    x = rng.standard_normal((N, T, *model.frame, D))
    y, state = NumPy.run(NumPy.make(model, params), x)
    mask = np.array([[1, 0, 1, 1, 0], [0, 0, 1, 0, 1], [1, 1, 0, 1, 1]], bool)
    if masked:
        x[~mask] = np.nan
    state, dy, dstate = (random_like(v, rng) for v in (state, y, state))
    return Problem(params, x, state, mask if masked else None, dy, dstate)


class NumPy:
    """A layer is a model and its weights."""

    @staticmethod
    def make(model, params=None, *, sizes=(D, H), **options):
        if params is None:
            options.pop("activation", None)
            params = model.module.init(
                np.random.default_rng(0), *sizes, **{**model.options, **options}
            )
        return model, params

    @staticmethod
    def params(layer):
        return layer[1]

    @staticmethod
    def run(layer, x, state=None, mask=None):
        model, params = layer
        return model.module.forward(params, x, state, mask=mask, **_activation(model))[:2]

    @staticmethod
    def step(layer, x_t, state):
        model, params = layer
        return _output_and_state(model, model.module.step(params, x_t, state, **_activation(model)))

    @staticmethod
    def options(model):
        return _keyword_only(model.module.init)

    @staticmethod
    def gradients(model, problem):
        params, x, state, mask, dy, dstate = problem
        *_, cache = model.module.forward(params, x, state, mask=mask, **_activation(model))
        return model.module.backward(params, cache, dy, dstate)


class Torch:
    @staticmethod
    def make(model, params=None, *, sizes=(D, H), **options):
        options = {"dtype": torch.float64, **_activation(model), **model.options, **options}
        layer = getattr(rnnbook.torch, model.layer)(*sizes, **options)
        layer.numpy_model = model
        return layer if params is None else layer.load_params(params)

    @staticmethod
    def params(layer):
        return layer.params()

    @staticmethod
    def run(layer, x, state=None, mask=None):
        y, state = layer(*_torch(x, state), mask=_torch(mask)[0])
        return _numpy((y, state))

    @staticmethod
    def step(layer, x_t, state):
        return _numpy(_output_and_state(layer.numpy_model, layer.step(*_torch(x_t, state))))

    @staticmethod
    def options(model):
        return _keyword_only(getattr(rnnbook.torch, model.layer).__init__)

    @staticmethod
    def inputs(model, problem):
        """A layer, and the function of (weights, x, state) that is its loss."""
        layer = Torch.make(model, problem.params)
        names = problem.params._fields
        tensors = [*(getattr(layer, name) for name in names)]
        given = tree_map(lambda v: torch.tensor(v, requires_grad=True), (problem.x, problem.state))
        tensors += leaves(given)
        y, state = layer(*given, mask=_torch(problem.mask)[0])
        loss = (y * torch.tensor(problem.dy)).sum()
        for s, ds in zip(leaves(state), leaves(problem.dstate), strict=True):
            loss = loss + (s * torch.tensor(ds).conj()).real.sum()
        return tensors, loss

    @staticmethod
    def gradients(model, problem):
        tensors, loss = Torch.inputs(model, problem)
        return _numpy(list(torch.autograd.grad(loss, tensors)))

    @staticmethod
    def second(model, problem, direction):
        tensors, loss = Torch.inputs(model, problem)
        grads = torch.autograd.grad(loss, tensors, create_graph=True)
        along = sum(
            (g * torch.tensor(v).conj()).real.sum()
            for g, v in zip(grads, leaves(direction), strict=True)
        )
        return _numpy(list(torch.autograd.grad(along, tensors)))


class Keras:
    @staticmethod
    def make(model, params=None, *, sizes=(D, H), **options):
        kind = getattr(rnnbook.tensorflow, model.layer)
        if issubclass(kind, keras.layers.RNN):
            options = {"return_sequences": True, "return_state": True, **options}
        options = {"dtype": "float64", **_activation(model), **model.options, **options}
        layer = kind(sizes[1], **options)
        layer.build((None, None, *(FRAME if model.frame else ()), sizes[0]))
        layer.numpy_model = model
        return layer if params is None else layer.load_params(params)

    @staticmethod
    def params(layer):
        return layer.params()

    @staticmethod
    def call(layer, x, state=None, mask=None):
        if isinstance(state, tuple):
            state = list(state)
        y, *states = layer(x, initial_state=state, mask=mask)
        states = states[0] if len(states) == 1 else states
        return y, (tuple(states) if isinstance(states, list) else states)

    @staticmethod
    def run(layer, x, state=None, mask=None):
        return _numpy(Keras.call(layer, *_tensorflow(x, state, mask)))

    @staticmethod
    def step(layer, x_t, state):
        x_t, state = _tensorflow(x_t, state)
        if hasattr(layer, "cell"):
            h, new = layer.cell(x_t, list(leaves(state)))
            return _numpy((h, new[0] if len(new) == 1 else tuple(new)))
        return _numpy(_output_and_state(layer.numpy_model, layer.step(x_t, state)))

    @staticmethod
    def options(model):
        kind = getattr(rnnbook.tensorflow, model.layer)
        return _keyword_only(getattr(kind, "cell_type", kind).__init__)

    @staticmethod
    def loss(layer, problem, given):
        y, state = Keras.call(layer, *given, _tensorflow(problem.mask)[0])
        loss = tf.reduce_sum(y * problem.dy)
        for s, ds in zip(leaves(state), leaves(problem.dstate), strict=True):
            loss += tf.reduce_sum(tf.math.real(s * np.conj(ds)))
        return loss

    @staticmethod
    def gradients(model, problem):
        layer = Keras.make(model, problem.params)
        given = tree_map(tf.constant, (problem.x, problem.state))
        with tf.GradientTape() as tape:
            tape.watch(leaves(given))
            loss = Keras.loss(layer, problem, given)
        weights = [w.value for w in layer.trainable_weights]
        return _numpy(
            [tf.convert_to_tensor(g) for g in tape.gradient(loss, weights + leaves(given))]
        )

    @staticmethod
    def second(model, problem, direction):
        layer = Keras.make(model, problem.params)
        given = tree_map(tf.constant, (problem.x, problem.state))
        tensors = [w.value for w in layer.trainable_weights] + leaves(given)
        with tf.GradientTape() as outer:
            outer.watch(leaves(given))
            with tf.GradientTape() as inner:
                inner.watch(leaves(given))
                loss = Keras.loss(layer, problem, given)
            grads = [tf.convert_to_tensor(g) for g in inner.gradient(loss, tensors)]
            along = sum(
                tf.reduce_sum(tf.math.real(g * np.conj(v)))
                for g, v in zip(grads, leaves(direction), strict=True)
            )
        second = outer.gradient(along, tensors, unconnected_gradients="zero")
        return _numpy([tf.convert_to_tensor(g) for g in second])


FRAMEWORKS = {"numpy": NumPy, "torch": Torch, "keras": Keras}


def _activation(model):
    return {} if model.activation is None else {"activation": model.activation}


def _keyword_only(function):
    parameters = inspect.signature(function).parameters.values()
    return [p.name for p in parameters if p.kind is p.KEYWORD_ONLY]


def _output_and_state(model, result):
    """The output of a step, and the next state, of which it is the first part."""
    if not model.outputs_are_states:
        return result
    return (result[0] if isinstance(result, (tuple, list)) else result), result


def _torch(*trees):
    return tuple(None if v is None else tree_map(torch.tensor, v) for v in trees)


def _tensorflow(*trees):
    return tuple(None if v is None else tree_map(tf.constant, v) for v in trees)


def _numpy(tree):
    def array(v):
        return (
            v.detach().resolve_conj().resolve_neg().numpy()
            if isinstance(v, torch.Tensor)
            else np.asarray(v)
        )

    return tree_map(array, tree)
