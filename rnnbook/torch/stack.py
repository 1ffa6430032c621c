"""Several recurrent layers on top of each other, each in one direction or in both."""

import torch
from torch import nn


class Stack(nn.Module):
    """A stack of the layers of this package: `layers` is a list of lists of one or two layers.

    An entry of two is bidirectional: the second layer reads the sequence flipped in time, and
    the outputs are joined along the features. See `rnnbook.numpy.stack`.

    >>> from rnnbook.torch import GRU
    >>> stack = Stack([[GRU(3, 2), GRU(3, 2)], [GRU(4, 2)]])
    >>> hs, states = stack(torch.ones(1, 5, 3))
    >>> hs.shape, [len(layer) for layer in states]
    (torch.Size([1, 5, 2]), [2, 1])
    """

    def __init__(self, layers):
        super().__init__()
        for index, layer in enumerate(layers):
            if len(layer) not in (1, 2):
                raise ValueError(f"layers[{index}] has {len(layer)} directions; expected 1 or 2")
        self.layers = nn.ModuleList(nn.ModuleList(layer) for layer in layers)

    def forward(self, x, states=None, *, mask=None):
        """Top outputs (N, T, H or 2H) and the last states, nested like the layers."""
        last_states = []
        for index, layer in enumerate(self.layers):
            outputs, layer_states = [], []
            for direction, module in enumerate(layer):
                state = None if states is None else states[index][direction]
                hs, state = _run(module, x, state, mask, reverse=direction == 1)
                outputs.append(hs)
                layer_states.append(state)
            x = torch.cat(outputs, dim=-1)
            last_states.append(layer_states)
        return x, last_states


def _run(module, x, state, mask, reverse):
    if not reverse:
        return module(x, state, mask=mask)
    hs, state = module(x.flip(1), state, mask=None if mask is None else mask.flip(1))
    return hs.flip(1), state
