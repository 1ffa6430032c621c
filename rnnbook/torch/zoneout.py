"""Zoneout: units that keep their old value now and then. Krueger et al. (2017).

Dropout sets units to zero; zoneout sets them to what they were. Gradients and memory then pass
the step undisturbed.
"""

import torch
from torch import nn

from rnnbook._check import check_rate
from rnnbook.torch.layer import check_steps, select, zero_masked


class Zoneout(nn.Module):
    """A layer of this package (RNN, LSTM, GRU) whose state is kept, unit by unit, at random.

    In training a unit of h is kept with probability `rate`, one of an LSTM's c with
    `cell_rate`; in evaluation old and new are mixed with these weights, the mean of both.

    >>> from rnnbook.torch import GRU
    >>> layer = Zoneout(GRU(3, 2), rate=0.1)
    >>> layer(torch.ones(1, 5, 3))[0].shape
    torch.Size([1, 5, 2])
    """

    def __init__(self, layer, *, rate=0.0, cell_rate=0.0):
        super().__init__()
        check_steps(layer)
        check_rate(rate=rate, cell_rate=cell_rate)
        self.layer, self.rates = layer, (rate, cell_rate)

    def forward(self, x, state=None, *, mask=None):
        """Outputs (N, T, H) and the last state, as the layer itself."""
        x, hs = zero_masked(x, mask), []
        single = len(self.layer.state_names) == 1
        if state is None:
            zeros = x.new_zeros(len(x), self.layer.hidden_size)
            state = zeros if single else (zeros, zeros)
        states = (state,) if single else state
        for t in range(x.shape[1]):
            new = self.layer.step(x[:, t], states[0] if single else states)
            mixed = [
                self._mix(old, value, rate)
                for old, value, rate in zip(states, (new,) if single else new, self.rates)  # noqa: B905
            ]
            mask_t = None if mask is None else mask[:, t]
            states = tuple(select(mask_t, a, b) for a, b in zip(mixed, states, strict=True))
            hs.append(select(mask_t, mixed[0], 0))
        return torch.stack(hs, dim=1), (states[0] if single else states)

    def _mix(self, old, new, rate):
        d = draw_keep(old, rate) if self.training else rate
        value = d * old + (1 - d) * new  # eq-zoneout
        return value


def draw_keep(like, rate):
    """1, keep, with probability `rate`, else 0."""
    return (torch.rand_like(like) < rate).to(like.dtype)
