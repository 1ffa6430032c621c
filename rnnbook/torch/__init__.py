"""The same cells and layers as `rnnbook.numpy`, as `torch.nn` modules.

Parameters have the names, shapes and gate order of the NumPy types, so weights are copied by
`module.load_params(params)` and read by `module.params()`. Gradients come from autograd.
"""

try:
    import torch  # noqa: F401
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "rnnbook.torch needs PyTorch: pip install torch", name="torch"
    ) from error

from rnnbook.torch.attention import Attention
from rnnbook.torch.conv_lstm import ConvLSTM
from rnnbook.torch.crf import CRF
from rnnbook.torch.delta_net import DeltaNet
from rnnbook.torch.diagonal_ssm import DiagonalSSM
from rnnbook.torch.gru import GRU
from rnnbook.torch.layer_norm_lstm import LayerNormLSTM
from rnnbook.torch.lru import LRU
from rnnbook.torch.lstm import LSTM
from rnnbook.torch.min_gru import MinGRU
from rnnbook.torch.min_lstm import MinLSTM
from rnnbook.torch.rnn import RNN
from rnnbook.torch.seq2seq import Seq2Seq
from rnnbook.torch.stack import Stack
from rnnbook.torch.sweep import Sweep
from rnnbook.torch.variational_dropout import VariationalDropout
from rnnbook.torch.zoneout import Zoneout

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
    "LayerNormLSTM",
    "MinGRU",
    "MinLSTM",
    "Seq2Seq",
    "Stack",
    "Sweep",
    "VariationalDropout",
    "Zoneout",
]
