"""The same cells and layers as `rnnbook.numpy`, as Keras layers on TensorFlow.

Weights have the names, shapes, order and gate order of the NumPy types: `layer.params()` gives
them, `layer.load_params(params)` takes them. Gradients come from `tf.GradientTape` or from `fit`,
second derivatives from a tape in a tape.

- RNN, LSTM, GRU and LayerNormLSTM are `keras.layers.RNN`: they have its options and return what
  it returns, and `layer.cell` computes one step. MinGRU, MinLSTM, LRU, DiagonalSSM, DeltaNet and
  ConvLSTM return all outputs and the last state, and have `layer.step`.
- Every layer is called with x, `initial_state` and `mask` (N, T). A mask that `Masking` or
  `Embedding` attached to x is used, and handed on with outputs that keep the time axis. A masked
  step keeps the state and outputs zero; its input may be NaN.
- NaN elsewhere is refused, in eager mode and in a `tf.function`, but XLA (`jit_compile=True`)
  leaves that check out.
- float64 needs `dtype="float64"` on every layer and wrapper, or
  `keras.config.set_floatx("float64")`: Keras casts inputs to a layer's dtype without a word.
- A saved model is read by `keras.models.load_model`, which knows these layers once
  `rnnbook.tensorflow` is imported; without the import it says "Could not locate class". A model
  exported with `model.export` is read by TensorFlow alone.
- What can be traced, compiled, exported and run in 16 bits: `rnnbook.tensorflow.export`.
"""

try:
    import tensorflow  # noqa: F401
except ModuleNotFoundError as error:
    if error.name != "tensorflow":
        raise
    raise ModuleNotFoundError(
        "rnnbook.tensorflow needs TensorFlow: pip install tensorflow", name="tensorflow"
    ) from error

import keras

if keras.backend.backend() != "tensorflow":
    raise ImportError(
        f"Keras runs on {keras.backend.backend()!r}; rnnbook.tensorflow needs its TensorFlow "
        'backend. Unset KERAS_BACKEND, or set it to "tensorflow", before Keras is imported.'
    )

from rnnbook.tensorflow.attention import Attention
from rnnbook.tensorflow.conv_lstm import ConvLSTM
from rnnbook.tensorflow.crf import CRF
from rnnbook.tensorflow.delta_net import DeltaNet
from rnnbook.tensorflow.diagonal_ssm import DiagonalSSM
from rnnbook.tensorflow.gru import GRU, GRUCell
from rnnbook.tensorflow.layer_norm_lstm import LayerNormLSTM, LayerNormLSTMCell
from rnnbook.tensorflow.lru import LRU
from rnnbook.tensorflow.lstm import LSTM, LSTMCell
from rnnbook.tensorflow.min_gru import MinGRU
from rnnbook.tensorflow.min_lstm import MinLSTM
from rnnbook.tensorflow.rnn import RNN, RNNCell
from rnnbook.tensorflow.seq2seq import Seq2Seq
from rnnbook.tensorflow.stack import Stack
from rnnbook.tensorflow.sweep import Sweep
from rnnbook.tensorflow.variational_dropout import VariationalDropout
from rnnbook.tensorflow.zoneout import ZoneoutCell

__all__ = [
    "CRF",
    "GRU",
    "LRU",
    "LSTM",
    "RNN",
    "Attention",
    "ConvLSTM",
    "DeltaNet",
    "DiagonalSSM",
    "GRUCell",
    "LSTMCell",
    "LayerNormLSTM",
    "LayerNormLSTMCell",
    "MinGRU",
    "MinLSTM",
    "RNNCell",
    "Seq2Seq",
    "Stack",
    "Sweep",
    "VariationalDropout",
    "ZoneoutCell",
]
