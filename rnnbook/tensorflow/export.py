"""What can be traced, compiled, exported and run in 16 bits.

The layers that are a `keras.layers.RNN` loop inside TensorFlow, so the number T of steps may stay
unknown while a function is traced. The others unroll their loop, so a trace needs T, and an
exported model takes batches of any size, but only that many steps: pad to it and pass a mask, or
export `layer.step` and let the program that serves the layer write the loop:

>>> from rnnbook.tensorflow import MinGRU
>>> layer = MinGRU(4)
>>> signature = tf.TensorSpec((None, 3)), tf.TensorSpec((None, 4))
>>> step = tf.function(layer.step, input_signature=signature)
>>> step(tf.ones((7, 3)), tf.zeros((7, 4))).shape
TensorShape([7, 4])

A model is exported with `model.export(folder)` and read by `tf.saved_model.load(folder)`, which
needs neither Keras nor this package; its outputs must be tensors, so name the parts of nested
states: `keras.Model(x, [hs, h, c])`. XLA (`jit_compile=True`, and `fit` where there is a GPU)
leaves out every check of numbers: NaN, tags out of range, gaps in a mask.
"""

from typing import NamedTuple

import tensorflow as tf  # noqa: F401  # for the example above


class Support(NamedTuple):
    """What works for a layer."""

    layer: str
    free_batch: bool  # tf.function with an unknown N
    free_steps: bool  # with an unknown T (CRF, Attention: too; Sweep: sizes of the image)
    xla: bool  # tf.function(jit_compile=True), with gradients
    saved_model: bool  # model.export, read by tf.saved_model.load
    mixed: str  # dtype of states under "mixed_bfloat16" and "mixed_float16"
    half: bool  # dtype="bfloat16" and "float16", weights too


SAME, COMPLEX, WIDE = "16 bits", "complex64", "float32"
SUPPORT = (
    Support("RNN", True, True, True, True, SAME, True),
    Support("LSTM", True, True, True, True, SAME, True),
    Support("LSTM(peepholes=True)", True, True, True, True, SAME, True),
    Support("GRU", True, True, True, True, SAME, True),
    Support('GRU(reset="before")', True, True, True, True, SAME, True),
    Support("LayerNormLSTM", True, True, True, True, SAME, True),
    Support("ZoneoutCell", True, True, True, True, SAME, True),
    Support("MinGRU", True, False, True, True, SAME, True),
    Support("MinLSTM", True, False, True, True, SAME, True),
    Support("LRU", True, False, True, True, COMPLEX, False),
    Support("DiagonalSSM", True, False, True, True, COMPLEX, False),
    Support("DeltaNet", True, False, True, True, SAME, True),
    Support("DeltaNet(factors=2)", True, False, True, True, SAME, True),
    Support("ConvLSTM", True, False, True, True, SAME, True),
    Support("VariationalDropout", True, False, True, True, SAME, True),
    Support("Stack", True, True, True, True, SAME, True),  # of layers that do
    Support("Sweep", True, False, True, True, SAME, True),
    Support("Attention", True, True, True, True, SAME, True),
    Support("CRF", True, True, True, True, WIDE, True),
)
