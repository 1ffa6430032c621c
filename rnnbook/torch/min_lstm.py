"""minLSTM as a torch module. Symbols and sources: `rnnbook.numpy.min_lstm`."""

import torch
from torch import nn
from torch.nn.functional import logsigmoid

from rnnbook._check import check_sequence, check_shape, check_sizes
from rnnbook.numpy import min_lstm
from rnnbook.torch.layer import Layer
from rnnbook.torch.scan import scan


class MinLSTM(Layer):
    """minLSTM with W (D, 3H), b (3H,), in the order i, f, n.

    >>> hs, h = MinLSTM(input_size=3, hidden_size=2)(torch.ones(1, 5, 3))
    >>> hs.shape, h.shape
    (torch.Size([1, 5, 2]), torch.Size([1, 2]))
    """

    params_type = min_lstm.Params

    def __init__(self, input_size, hidden_size, *, forget_bias=0.0, device=None, dtype=None):
        super().__init__()
        check_sizes(input_size=input_size, hidden_size=hidden_size)
        options = {"device": device, "dtype": dtype}
        self.input_size, self.hidden_size, self.forget_bias = input_size, hidden_size, forget_bias
        self.W = nn.Parameter(torch.empty(input_size, 3 * hidden_size, **options))
        self.b = nn.Parameter(torch.empty(3 * hidden_size, **options))
        self.reset_parameters()

    def reset_parameters(self):
        """Glorot-uniform W, zero bias but `forget_bias` for f."""
        nn.init.xavier_uniform_(self.W)
        nn.init.zeros_(self.b)
        self.b.data[self.hidden_size : 2 * self.hidden_size] = self.forget_bias

    def forward(self, x, h=None):
        """States (N, T, H) and the last one, from x (N, T, D) and the first state."""
        check_sequence(x, self.input_size)
        h_0 = x.new_zeros(len(x), self.hidden_size) if h is None else h
        check_shape("h", h_0, "(N, H)", (len(x), self.hidden_size))
        a_i, a_f, n = (x @ self.W + self.b).chunk(3, dim=-1)
        k = torch.sigmoid(logsigmoid(a_f) - logsigmoid(a_i))  # eq-min-lstm-k
        hs = scan(k, (1 - k) * n, h_0)  # eq-min-lstm-h
        return hs, hs[:, -1]
