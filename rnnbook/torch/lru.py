"""Linear recurrent unit as a torch module. Symbols and sources: `rnnbook.numpy.lru`."""

import numpy as np
import torch
from torch import nn

from rnnbook._check import check_sequence, check_shape
from rnnbook.numpy import lru
from rnnbook.torch.layer import Layer
from rnnbook.torch.scan import scan


class LRU(Layer):
    """Linear recurrent unit with the weights of `rnnbook.numpy.lru.Params`; D in, D out.

    `options` are those of `rnnbook.numpy.lru.init`: radius and max_angle.

    >>> y, h = LRU(input_size=3, hidden_size=2)(torch.ones(1, 5, 3))
    >>> y.shape, h.dtype
    (torch.Size([1, 5, 3]), torch.complex64)
    """

    params_type = lru.Params

    def __init__(self, input_size, hidden_size, *, device=None, dtype=None, **options):
        super().__init__()
        self.input_size, self.hidden_size = input_size, hidden_size
        dtype = dtype or torch.get_default_dtype()
        seed = int(torch.randint(2**31, ()))  # torch.manual_seed rules these weights too
        params = lru.init(np.random.default_rng(seed), input_size, hidden_size, **options)
        for name, value in params._asdict().items():
            weight = torch.as_tensor(value, dtype=dtype, device=device)
            setattr(self, name, nn.Parameter(weight))

    def forward(self, x, h=None):
        """Outputs (N, T, D) and the last complex state, from x (N, T, D) and the first state."""
        check_sequence(x, self.input_size)
        lam = torch.exp(torch.complex(-self.nu.exp(), self.theta.exp()))  # eq-lru-lambda
        h_0 = lam.new_zeros(len(x), len(lam)) if h is None else h
        check_shape("h", h_0, "(N, H)", (len(x), self.hidden_size))
        B, C = torch.complex(self.B_re, self.B_im), torch.complex(self.C_re, self.C_im)
        u = self.log_gamma.exp() * (x.to(B.dtype) @ B)  # eq-lru-u
        hs = scan(lam.expand_as(u), u, h_0)  # eq-lru-h
        y = (hs @ C).real + self.skip * x  # eq-lru-y
        return y, hs[:, -1]
