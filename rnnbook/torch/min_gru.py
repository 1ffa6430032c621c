"""minGRU as a torch module. Symbols and sources: `rnnbook.numpy.min_gru`."""

import torch
from torch import nn

from rnnbook._check import check_sequence, check_shape, check_sizes
from rnnbook.numpy import min_gru
from rnnbook.torch.layer import Layer
from rnnbook.torch.scan import scan


class MinGRU(Layer):
    """minGRU with W (D, 2H), b (2H,), in the order z, n.

    >>> hs, h = MinGRU(input_size=3, hidden_size=2)(torch.ones(1, 5, 3))
    >>> hs.shape, h.shape
    (torch.Size([1, 5, 2]), torch.Size([1, 2]))
    """

    params_type = min_gru.Params

    def __init__(self, input_size, hidden_size, *, keep_bias=0.0, device=None, dtype=None):
        super().__init__()
        check_sizes(input_size=input_size, hidden_size=hidden_size)
        options = {"device": device, "dtype": dtype}
        self.input_size, self.hidden_size, self.keep_bias = input_size, hidden_size, keep_bias
        self.W = nn.Parameter(torch.empty(input_size, 2 * hidden_size, **options))
        self.b = nn.Parameter(torch.empty(2 * hidden_size, **options))
        self.reset_parameters()

    def reset_parameters(self):
        """Glorot-uniform W, zero bias but `keep_bias` for z."""
        nn.init.xavier_uniform_(self.W)
        nn.init.zeros_(self.b)
        self.b.data[: self.hidden_size] = self.keep_bias

    def forward(self, x, h=None):
        """States (N, T, H) and the last one, from x (N, T, D) and the first state."""
        check_sequence(x, self.input_size)
        h_0 = x.new_zeros(len(x), self.hidden_size) if h is None else h
        check_shape("h", h_0, "(N, H)", (len(x), self.hidden_size))
        a_z, a_n = (x @ self.W + self.b).chunk(2, dim=-1)
        z = torch.sigmoid(a_z)  # eq-min-gru-z
        n = a_n  # eq-min-gru-n
        hs = scan(z, (1 - z) * n, h_0)  # eq-min-gru-h
        return hs, hs[:, -1]
