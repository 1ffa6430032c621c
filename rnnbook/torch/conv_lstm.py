"""Convolutional LSTM as a torch module. Symbols and sources: `rnnbook.numpy.conv_lstm`."""

import torch
from torch import nn
from torch.nn.functional import conv2d

from rnnbook._check import check_shape, check_sizes
from rnnbook.numpy import conv_lstm
from rnnbook.torch.layer import Layer


class ConvLSTM(Layer):
    """ConvLSTM with W_x (k, k, D, 4H), W_h (k, k, H, 4H), b (4H,), gates i, f, g, o.

    Frames are (R, C, D), channels last, as in Keras and in `rnnbook.numpy`.

    >>> layer = ConvLSTM(channels=2, hidden_size=3)
    >>> hs, (h, c) = layer(torch.ones(1, 6, 5, 4, 2))
    >>> hs.shape, c.shape
    (torch.Size([1, 6, 5, 4, 3]), torch.Size([1, 5, 4, 3]))
    """

    params_type = conv_lstm.Params

    def __init__(self, channels, hidden_size, *, kernel_size=3, forget_bias=1.0, dtype=None):
        super().__init__()
        check_sizes(channels=channels, hidden_size=hidden_size, kernel_size=kernel_size)
        if kernel_size % 2 == 0:
            raise ValueError(f"kernel_size is {kernel_size}; expected an odd number")
        self.hidden_size, self.forget_bias = hidden_size, forget_bias
        k, H = kernel_size, hidden_size
        self.W_x = nn.Parameter(torch.empty(k, k, channels, 4 * H, dtype=dtype))
        self.W_h = nn.Parameter(torch.empty(k, k, H, 4 * H, dtype=dtype))
        self.b = nn.Parameter(torch.empty(4 * H, dtype=dtype))
        self.reset_parameters()

    def reset_parameters(self):
        """Glorot-uniform W_x, an orthogonal matrix per gate at the centre of W_h."""
        H, centre = self.hidden_size, len(self.W_h) // 2
        nn.init.xavier_uniform_(self.W_x.data.view(-1, 4 * H))
        nn.init.zeros_(self.W_h)
        for W in self.W_h.data[centre, centre].chunk(4, dim=1):
            W.copy_(nn.init.orthogonal_(torch.empty_like(W)))
        nn.init.zeros_(self.b)
        self.b.data[H : 2 * H] = self.forget_bias

    def forward(self, x, state=None):
        """Outputs (N, T, R, C, H) and the last (h, c), from x (N, T, R, C, D) and a state."""
        H = conv_lstm.check_videos(self.W_x, self.W_h, self.b, x)
        if x.dtype != self.W_x.dtype:
            raise TypeError(f"x has dtype {x.dtype}; expected {self.W_x.dtype}")
        shape = (len(x), *x.shape[2:4], H)
        h, c = (x.new_zeros(shape),) * 2 if state is None else state
        for name, value in {"h": h, "c": c}.items():
            check_shape(name, value, "(N, R, C, H)", shape)
        hs = []
        for t in range(x.shape[1]):
            h, c = _cell(self, _input_product(self, x[:, t]), h, c)
            hs.append(h)
        return torch.stack(hs, dim=1), (h, c)


def convolve(x, W):
    """Images (N, R, C, D) with filters (k, k, D, K): (N, R, C, K), zeros beyond the edge."""
    y = conv2d(x.permute(0, 3, 1, 2), W.permute(3, 2, 0, 1), padding=len(W) // 2)
    return y.permute(0, 2, 3, 1)


# The equations.


def _input_product(params, x_t):
    a_x = convolve(x_t, params.W_x) + params.b  # eq-conv-lstm-ax
    return a_x


def _cell(params, a_x_t, h_prev, c_prev):
    a = a_x_t + convolve(h_prev, params.W_h)  # eq-conv-lstm-a
    a_i, a_f, a_g, a_o = a.chunk(4, dim=-1)
    i, f, o = torch.sigmoid(a_i), torch.sigmoid(a_f), torch.sigmoid(a_o)
    g = torch.tanh(a_g)
    c = f * c_prev + i * g  # eq-conv-lstm-c
    h = o * torch.tanh(c)  # eq-conv-lstm-h
    return h, c
