"""Zoneout: units that keep their old value now and then. Krueger et al. (2017).

Dropout sets units to zero; zoneout sets them to what they were. Gradients and memory then pass
the step undisturbed.
"""

from typing import Any

import torch
from torch import Tensor

from rnnbook._check import check_rate
from rnnbook.torch._check import check_inputs, check_step
from rnnbook.torch.conv_lstm import ConvLSTM
from rnnbook.torch.gru import GRU
from rnnbook.torch.layer import select, zero_masked
from rnnbook.torch.layer_norm_lstm import LayerNormLSTM
from rnnbook.torch.lstm import LSTM
from rnnbook.torch.min_gru import MinGRU
from rnnbook.torch.min_lstm import MinLSTM
from rnnbook.torch.recurrent import Recurrent, Wrapper, check_wrapped
from rnnbook.torch.rnn import RNN

KINDS = (RNN, LSTM, GRU, LayerNormLSTM, MinGRU, MinLSTM, ConvLSTM)  # their outputs are states


class Zoneout(Wrapper):
    """A layer of this package whose state is kept, unit by unit, at random.

    In training a unit of h is kept with probability `rate`, one of an LSTM's c with
    `cell_rate`; in evaluation old and new are mixed with these weights, the mean of both.
    LRU, DiagonalSSM and DeltaNet are refused: their outputs are not their states.

    >>> from rnnbook.torch import GRU
    >>> layer = Zoneout(GRU(3, 2), rate=0.1)
    >>> layer(torch.ones(1, 5, 3))[0].shape
    torch.Size([1, 5, 2])
    """

    def __init__(self, layer: Recurrent, *, rate: float = 0.0, cell_rate: float = 0.0):
        super().__init__()
        check_wrapped(layer, KINDS)
        check_rate(rate=rate, cell_rate=cell_rate)
        self.layer, self.rates = layer, (rate, cell_rate)

    def step(self, x_t: Tensor, state: Any) -> Any:
        """One step, as the layer's own."""
        states = self._mixed_step(x_t, check_step(self.layer, x_t, state))
        return states[0] if len(states) == 1 else states

    def forward(self, x: Tensor, state: Any = None, *, mask: Tensor | None = None) -> Any:
        """Outputs and the last state, as the layer itself; `mask` is (N, T)."""
        states = check_inputs(self.layer, x, state, mask, wrapper=self)
        x, hs = zero_masked(x, mask), []
        for t in range(x.shape[1]):
            new = self._mixed_step(x[:, t], states)
            mask_t = None if mask is None else mask[:, t]
            states = tuple(select(mask_t, a, b) for a, b in zip(new, states, strict=True))
            hs.append(select(mask_t, new[0], 0))
        return torch.stack(hs, dim=1), (states[0] if len(states) == 1 else states)

    def extra_repr(self) -> str:
        """The rates, for `print(layer)`."""
        return f"rate={self.rates[0]}, cell_rate={self.rates[1]}"

    def _mixed_step(self, x_t, states):
        single = len(states) == 1
        new = self.layer.step(x_t, states[0] if single else states)
        triples = zip(states, (new,) if single else new, self.rates)  # noqa: B905
        return tuple(self._mix(old, value, rate) for old, value, rate in triples)

    def _mix(self, old, new, rate):
        d = draw_keep(old, rate) if self.training else rate
        value = d * old + (1 - d) * new  # eq-zoneout
        return value


def draw_keep(like: Tensor, rate: float) -> Tensor:
    """1, keep, with probability `rate`, else 0."""
    return (torch.rand_like(like) < rate).to(like.dtype)
