"""Every Keras layer of the package in a form that the tests can walk through."""

from collections.abc import Callable
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

import rnnbook.tensorflow as ours

N, T, D, H = 2, 3, 5, 4
FRAME = (6, 7)  # rows and columns of an image
TAGS = np.array([[0, 1, 2], [2, 1, 0]], "int32")
TAG_COUNT = 3
PADDED = np.array([[1, 1, 1], [1, 1, 0]], bool)


KERAS_RNN = ["RNN", "LSTM", "GRU", "LayerNormLSTM"]
OTHERS = ["MinGRU", "MinLSTM", "LRU", "DiagonalSSM", "DeltaNet", "ConvLSTM"]


class Case(NamedTuple):
    """How to make a layer, and the axes of its input after N."""

    make: Callable[..., Any]
    shape: tuple[int, ...] = (T, D)

    def inputs(self, seed=0):
        rng = np.random.default_rng(seed)
        return tf.constant(rng.standard_normal((N, *self.shape)).astype("float32"))


def recurrent(kind, **fixed):
    """A `keras.layers.RNN` that returns all outputs and the last state."""
    settings = {"return_sequences": True, "return_state": True, **fixed}
    return lambda **options: getattr(ours, kind)(H, **settings, **options)


def zoneout(**options):
    cell = ours.ZoneoutCell(ours.LayerNormLSTMCell(H, **options), rate=0.2, cell_rate=0.3)
    settings = {"return_sequences": True, "return_state": True, "zero_output_for_mask": True}
    return keras.layers.RNN(cell, **settings, **options)


def variational(**options):
    return ours.VariationalDropout(ours.LSTM(H, **options), input_rate=0.2, state_rate=0.3)


def stack(**options):
    lstm, gru = recurrent("LSTM"), recurrent("GRU")
    return ours.Stack([[lstm(**options), gru(**options)], [gru(**options)]])


def mixed_stack(**options):
    lstm = recurrent("LSTM")
    return ours.Stack([[lstm(**options), ours.MinGRU(6, **options)], [ours.LRU(7, **options)]])


def sweep(**options):
    gru = recurrent("GRU")
    rows = [gru(**options), ours.MinGRU(6, **options)]
    return ours.Sweep([rows, [ours.MinLSTM(7, **options), gru(**options)]])


RECURRENT = {
    "RNN": Case(recurrent("RNN")),
    "LSTM": Case(recurrent("LSTM")),
    "LSTM(peepholes=True)": Case(recurrent("LSTM", peepholes=True)),
    "GRU": Case(recurrent("GRU")),
    'GRU(reset="before")': Case(recurrent("GRU", reset="before")),
    "LayerNormLSTM": Case(recurrent("LayerNormLSTM")),
    "ZoneoutCell": Case(zoneout),
    "MinGRU": Case(lambda **o: ours.MinGRU(H, **o)),
    "MinLSTM": Case(lambda **o: ours.MinLSTM(H, **o)),
    "LRU": Case(lambda **o: ours.LRU(H, **o)),
    "DiagonalSSM": Case(lambda **o: ours.DiagonalSSM(H, **o)),
    "DeltaNet": Case(lambda **o: ours.DeltaNet(H, heads=2, gate="double", **o)),
    "DeltaNet(factors=2)": Case(lambda **o: ours.DeltaNet(H, heads=2, factors=2, gate="hard", **o)),
    "ConvLSTM": Case(lambda **o: ours.ConvLSTM(H, **o), (T, *FRAME, D)),
    "VariationalDropout": Case(variational),
    "Stack": Case(stack),
}


class Attend(keras.layers.Layer):
    """Attention of a sequence to itself, as a layer of one input."""

    def __init__(self, **options):
        super().__init__(**options)
        self.attention = ours.Attention(dtype=self.dtype_policy)

    def build(self, shape):
        self.attention.build(shape, shape)

    def call(self, x, mask=None):
        return self.attention(x, x, x, mask=mask)


class Tag(keras.layers.Layer):
    """The loss of a CRF whose emissions are the input, for fixed tags."""

    def __init__(self, **options):
        super().__init__(**options)
        self.crf = ours.CRF(TAG_COUNT, dtype=self.dtype_policy)

    def build(self, shape):
        pass

    def call(self, x, mask=None):
        tags = tf.constant(TAGS)[: tf.shape(x)[0], : tf.shape(x)[1]]
        return self.crf(x, tags, mask=mask)


CASES = {
    **RECURRENT,
    "Sweep": Case(sweep, (2, 3, D)),
    "Attention": Case(Attend),
    "CRF": Case(Tag, (T, TAG_COUNT)),
}


def first(outputs):
    """The outputs without the states."""
    return outputs[0] if isinstance(outputs, tuple | list) else outputs


def masked_inputs(case):
    """Inputs that are NaN where a mask does not count them, and the mask."""
    x = case.inputs().numpy()
    return np.where(PADDED.reshape(*PADDED.shape, *[1] * (x.ndim - 2)), x, np.nan), PADDED
