"""The plain recurrent network of Elman (1990) as a torch module. Symbols: `rnnbook.numpy.rnn`."""

import torch
from torch import nn

from rnnbook._check import check_choice, check_sizes
from rnnbook.numpy import rnn
from rnnbook.torch.layer import Layer, check_inputs, select, zero_masked

ACTIVATIONS = {"tanh": torch.tanh, "relu": torch.relu}


class RNN(Layer):
    """Plain recurrent layer with parameters W_x (D, H), W_h (H, H), b (H,).

    >>> layer = RNN(input_size=3, hidden_size=2)
    >>> hs, h = layer(torch.ones(1, 5, 3))
    >>> hs.shape, h.shape
    (torch.Size([1, 5, 2]), torch.Size([1, 2]))
    """

    params_type = rnn.Params

    def __init__(self, input_size, hidden_size, *, activation="tanh", device=None, dtype=None):
        super().__init__()
        check_sizes(input_size=input_size, hidden_size=hidden_size)
        check_choice("activation", activation, tuple(ACTIVATIONS))
        self.input_size, self.hidden_size, self.activation = input_size, hidden_size, activation
        options = {"device": device, "dtype": dtype}
        self.W_x = nn.Parameter(torch.empty(input_size, hidden_size, **options))
        self.W_h = nn.Parameter(torch.empty(hidden_size, hidden_size, **options))
        self.b = nn.Parameter(torch.empty(hidden_size, **options))
        self.reset_parameters()

    def reset_parameters(self):
        """Glorot-uniform W_x, orthogonal W_h, zero bias."""
        nn.init.xavier_uniform_(self.W_x)
        nn.init.orthogonal_(self.W_h)
        nn.init.zeros_(self.b)

    def step(self, x_t, h):
        """One step: (N, D) inputs and h (N, H) give the next h."""
        check_inputs(self, x_t[:, None], {"h": h}, None)
        return _cell(self, _input_product(self, x_t), h, ACTIVATIONS[self.activation])

    def forward(self, x, h=None, *, mask=None):
        """Outputs (N, T, H) and the last h, from x (N, T, D), the first h, a mask (N, T)."""
        if h is None:
            h = x.new_zeros(len(x), self.hidden_size)
        check_inputs(self, x, {"h": h}, mask)
        phi = ACTIVATIONS[self.activation]
        a_x = _input_product(self, zero_masked(x, mask))
        hs = []
        for t in range(x.shape[1]):
            new = _cell(self, a_x[:, t], h, phi)
            mask_t = None if mask is None else mask[:, t]
            h = select(mask_t, new, h)
            hs.append(select(mask_t, new, 0))
        return torch.stack(hs, dim=1), h


# The equations.


def _input_product(params, x):
    a_x = x @ params.W_x + params.b  # eq-rnn-ax
    return a_x


def _cell(params, a_x_t, h_prev, phi):
    a = a_x_t + h_prev @ params.W_h  # eq-rnn-a
    h = phi(a)  # eq-rnn-h
    return h
