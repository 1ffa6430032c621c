"""Diagonal state space layer as a torch module. Symbols: `rnnbook.numpy.diagonal_ssm`."""

import numpy as np
import torch
from torch import nn

from rnnbook._check import check_sequence, check_shape
from rnnbook.numpy import diagonal_ssm
from rnnbook.torch.layer import Layer
from rnnbook.torch.scan import scan


class DiagonalSSM(Layer):
    """Diagonal state space layer with the weights of `rnnbook.numpy.diagonal_ssm.Params`.

    >>> layer = DiagonalSSM(input_size=2, state_size=3)
    >>> y, h = layer(torch.ones(1, 5, 2))
    >>> y.shape, h.shape, layer.convolve(torch.ones(1, 5, 2)).shape
    (torch.Size([1, 5, 2]), torch.Size([1, 2, 3]), torch.Size([1, 5, 2]))
    """

    params_type = diagonal_ssm.Params

    def __init__(self, input_size, state_size, *, device=None, dtype=None):
        super().__init__()
        self.input_size, self.state_size = input_size, state_size
        dtype = dtype or torch.get_default_dtype()
        seed = int(torch.randint(2**31, ()))  # torch.manual_seed rules these weights too
        params = diagonal_ssm.init(np.random.default_rng(seed), input_size, state_size)
        for name, value in params._asdict().items():
            weight = torch.as_tensor(value, dtype=dtype, device=device)
            setattr(self, name, nn.Parameter(weight))

    def discretise(self):
        """Coefficients of one step, (D, M) each."""
        A, dt = self._continuous()
        A_bar = torch.exp(A * dt)  # eq-ssm-a
        B_bar = torch.expm1(A * dt) / A  # eq-ssm-b
        return A_bar, B_bar

    def _continuous(self):
        A = torch.complex(-self.log_decay.exp(), self.frequency)
        return A, self.log_dt.exp()[:, None]

    def forward(self, x, h=None):
        """Outputs (N, T, D) and the last complex state, from x (N, T, D) and the first state."""
        check_sequence(x, self.input_size)
        A_bar, B_bar = self.discretise()
        h_0 = A_bar.new_zeros(len(x), *A_bar.shape) if h is None else h
        check_shape("h", h_0, "(N, D, M)", (len(x), *A_bar.shape))
        u = B_bar * x[..., None]
        hs = scan(A_bar.expand_as(u), u, h_0)  # eq-ssm-h
        C = torch.complex(self.C_re, self.C_im)
        y = 2 * (hs * C).real.sum(-1) + self.skip * x  # eq-ssm-y
        return y, hs[:, -1]

    def kernel(self, length):
        """The kernel (T, D) of the convolution that the layer is."""
        A, dt = self._continuous()
        _, B_bar = self.discretise()
        C = torch.complex(self.C_re, self.C_im)
        powers = torch.exp(A * dt * torch.arange(length, device=C.device)[:, None, None])
        k = 2 * (powers * B_bar * C).real.sum(-1)  # eq-ssm-kernel
        return k

    def convolve(self, x):
        """Outputs (N, T, D) from the state zero, by Fourier transform."""
        check_sequence(x, self.input_size)
        T = x.shape[1]
        k_f, x_f = torch.fft.rfft(self.kernel(T), 2 * T, dim=0), torch.fft.rfft(x, 2 * T, dim=1)
        y = torch.fft.irfft(k_f * x_f, 2 * T, dim=1)[:, :T] + self.skip * x  # eq-ssm-convolution
        return y
