"""Dropout with one mask for all steps: Gal and Ghahramani (2016), for layers of this package.

Ordinary dropout draws a new mask at every step and so erases what the state holds. Here each
sequence gets one mask for its inputs and one for the state that the recurrent product reads.
"""

from typing import Any

import torch
from torch import Tensor

from rnnbook._check import check_rate
from rnnbook.torch._check import check_inputs
from rnnbook.torch.layer import select, zero_masked
from rnnbook.torch.layer_norm_lstm import LayerNormLSTM
from rnnbook.torch.lstm import LSTM
from rnnbook.torch.recurrent import Recurrent, Wrapper, check_wrapped
from rnnbook.torch.rnn import RNN

KINDS = (RNN, LSTM, LayerNormLSTM)


class VariationalDropout(Wrapper):
    """A layer of this package with dropout of inputs and of the state it reads.

    A unit is dropped with probability `input_rate` or `state_rate`, and the others are divided
    by 1 minus the rate. Nothing is dropped in evaluation mode. An LSTM's cell c is never
    dropped. A GRU is refused, and every other layer whose state also reaches the next one
    directly: a mask that stays the same would erase or magnify it step by step.

    >>> from rnnbook.torch import LSTM
    >>> layer = VariationalDropout(LSTM(3, 2), input_rate=0.2, state_rate=0.2)
    >>> layer(torch.ones(1, 5, 3))[0].shape
    torch.Size([1, 5, 2])
    """

    def __init__(self, layer: Recurrent, *, input_rate: float = 0.0, state_rate: float = 0.0):
        super().__init__()
        check_wrapped(layer, KINDS)
        check_rate(input_rate=input_rate, state_rate=state_rate)
        self.layer, self.input_rate, self.state_rate = layer, input_rate, state_rate

    def step(self, x_t: Tensor, state: Any) -> Any:
        """One step, as the layer's own, in evaluation mode."""
        if self.training:
            raise RuntimeError(
                "a step in training has no masks, which are drawn once for a sequence; "
                "call eval() first, or run whole sequences"
            )
        return self.layer.step(x_t, state)

    def forward(self, x: Tensor, state: Any = None, *, mask: Tensor | None = None) -> Any:
        """Outputs (N, T, H) and the last state, as the layer itself; `mask` is (N, T)."""
        h, *c = check_inputs(self.layer, x, state, mask, wrapper=self)
        single = not c  # an RNN's state is h, an LSTM's (h, c)
        x = zero_masked(x, mask)
        m_x, m_h = self._masks(x, h)
        x = m_x[:, None] * x  # eq-variational-x
        hs = []
        for t in range(x.shape[1]):
            h_read = m_h * h  # eq-variational-h
            new = self.layer.step(x[:, t], h_read if single else (h_read, *c))
            h_new, *c_new = (new,) if single else new
            mask_t = None if mask is None else mask[:, t]
            h = select(mask_t, h_new, h)
            c = [select(mask_t, a, b) for a, b in zip(c_new, c, strict=True)]
            hs.append(select(mask_t, h_new, 0))
        return torch.stack(hs, dim=1), (h if single else (h, *c))

    def extra_repr(self) -> str:
        """The rates, for `print(layer)`."""
        return f"input_rate={self.input_rate}, state_rate={self.state_rate}"

    def _masks(self, x, h):
        if not self.training:
            return torch.ones_like(x[:, 0]), torch.ones_like(h)
        return draw_mask(x[:, 0], self.input_rate), draw_mask(h, self.state_rate)


def draw_mask(like: Tensor, rate: float) -> Tensor:
    """0 with probability `rate`, else 1 / (1 - rate): a mask whose mean is 1."""
    return (torch.rand_like(like) >= rate).to(like.dtype) / (1 - rate)
