"""Diagonal state space layer as a torch module. Symbols: `rnnbook.numpy.diagonal_ssm`."""

import numpy as np
import torch
from torch import Tensor, nn

from rnnbook._check import check_sizes
from rnnbook.numpy import diagonal_ssm
from rnnbook.torch._check import check_frame, check_inputs
from rnnbook.torch._complex_layer import ComplexLayer
from rnnbook.torch.layer import zero_masked
from rnnbook.torch.scan import scan


class DiagonalSSM(ComplexLayer):
    """Diagonal state space layer with the weights of `rnnbook.numpy.diagonal_ssm.Params`.

    Each of the D inputs has M = `state_size` complex states of its own. The first weights are
    S4D-Lin's, see `rnnbook.numpy.diagonal_ssm.init`.

    >>> layer = DiagonalSSM(input_size=2, state_size=3)
    >>> y, h = layer(torch.ones(1, 5, 2))
    >>> y.shape, h.shape, layer.convolve(torch.ones(1, 5, 2)).shape
    (torch.Size([1, 5, 2]), torch.Size([1, 2, 3]), torch.Size([1, 5, 2]))
    """

    params_type = diagonal_ssm.Params
    state_symbols = "(N, D, M)"
    log_dt: nn.Parameter  # (D,)
    log_decay: nn.Parameter  # (D, M)
    frequency: nn.Parameter  # (D, M)
    C_re: nn.Parameter  # (D, M)
    C_im: nn.Parameter  # (D, M)
    skip: nn.Parameter  # (D,)

    def __init__(
        self,
        input_size: int,
        state_size: int,
        *,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ):
        super().__init__()
        self.input_size, self.state_size = input_size, state_size
        self.make_weights(device, dtype)

    def initial(self, rng: np.random.Generator) -> diagonal_ssm.Params:
        """New weights, those of `rnnbook.numpy.diagonal_ssm.init`."""
        return diagonal_ssm.init(rng, self.input_size, self.state_size)

    def state_shape(self, x_t: Tensor) -> tuple[int, ...]:
        """(D, M): the states of each input."""
        return self.input_size, self.state_size

    def discretise(self) -> tuple[Tensor, Tensor]:
        """Coefficients of one step, (D, M) each."""
        A, dt = self._continuous()
        A_bar = torch.exp(A * dt)  # eq-ssm-a
        B_bar = torch.expm1(A * dt) / A  # eq-ssm-b
        return A_bar, B_bar

    def _continuous(self):
        A = torch.complex(-self.log_decay.exp(), self.frequency)
        return A, self.log_dt.exp()[:, None]

    def step(self, x_t: Tensor, state: Tensor | None) -> tuple[Tensor, Tensor]:
        """One step: x_t (N, D), h (N, D, M) give the output y_t (N, D) and the next h (N, D, M)."""
        check_frame(self, x_t)
        y, h = self.forward(x_t[:, None], state)
        return y[:, 0], h

    def forward(
        self, x: Tensor, state: Tensor | None = None, *, mask: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Outputs (N, T, D), the last complex h (N, D, M), from x (N, T, D), the first h, a mask.

        The mask is (N, T).
        """
        (h_0,) = check_inputs(self, x, state, mask)
        x = zero_masked(x, mask)
        A_bar, B_bar = self.discretise()
        u = B_bar * x[..., None]
        hs = scan(A_bar.expand_as(u), u, h_0, mask=mask)  # eq-ssm-h
        C = torch.complex(self.C_re, self.C_im)
        y = 2 * (hs * C).real.sum(-1) + self.skip * x  # eq-ssm-y
        return zero_masked(y, mask), hs[:, -1]

    def kernel(self, length: int) -> Tensor:
        """The kernel (T, D) of the convolution that the layer is."""
        check_sizes(length=length)
        A, dt = self._continuous()
        _, B_bar = self.discretise()
        C = torch.complex(self.C_re, self.C_im)
        powers = torch.exp(A * dt * torch.arange(length, device=C.device)[:, None, None])
        k = 2 * (powers * B_bar * C).real.sum(-1)  # eq-ssm-kernel
        return k

    def convolve(self, x: Tensor) -> Tensor:
        """Outputs (N, T, D) from the state zero, by Fourier transform."""
        check_inputs(self, x, None, None)
        T = x.shape[1]
        k_f, x_f = torch.fft.rfft(self.kernel(T), 2 * T, dim=0), torch.fft.rfft(x, 2 * T, dim=1)
        y = torch.fft.irfft(k_f * x_f, 2 * T, dim=1)[:, :T] + self.skip * x  # eq-ssm-convolution
        return y
