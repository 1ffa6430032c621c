"""The same cells and layers as `rnnbook.numpy`, as Keras layers on TensorFlow.

Weights have the names, shapes, order and gate order of the NumPy types, so they are copied by
`layer.set_weights(params)` and read by `layer.get_weights()`. Gradients come from
`tf.GradientTape` or from `fit`.
"""

try:
    import tensorflow  # noqa: F401
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        'rnnbook.tensorflow needs TensorFlow: pip install "rnnbook[tensorflow]"',
        name="tensorflow",
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
