"""Linear recurrent unit as a torch module. Symbols and sources: `rnnbook.numpy.lru`."""

import math

import numpy as np
import torch
from torch import Tensor, nn

from rnnbook.numpy import lru
from rnnbook.torch._check import check_frame, check_inputs
from rnnbook.torch._complex_layer import ComplexLayer
from rnnbook.torch.layer import zero_masked
from rnnbook.torch.scan import scan


class LRU(ComplexLayer):
    """Linear recurrent unit with the weights of `rnnbook.numpy.lru.Params`; D in, D out.

    At first the eigenvalues are uniform on the ring between the two radii `radius`, with angles
    up to `max_angle`; B, C and skip are normal.

    >>> y, h = LRU(input_size=3, hidden_size=2)(torch.ones(1, 5, 3))
    >>> y.shape, h.dtype
    (torch.Size([1, 5, 3]), torch.complex64)
    """

    params_type = lru.Params
    nu: nn.Parameter  # (H,)
    theta: nn.Parameter  # (H,)
    log_gamma: nn.Parameter  # (H,)
    B_re: nn.Parameter  # (D, H)
    B_im: nn.Parameter  # (D, H)
    C_re: nn.Parameter  # (H, D)
    C_im: nn.Parameter  # (H, D)
    skip: nn.Parameter  # (D,)

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        radius: tuple[float, float] = (0.9, 0.999),
        max_angle: float = 2 * math.pi,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ):
        super().__init__()
        self.input_size, self.hidden_size = input_size, hidden_size
        self.radius, self.max_angle = radius, max_angle
        self.make_weights(device, dtype)

    def initial(self, rng: np.random.Generator) -> lru.Params:
        """New weights, those of `rnnbook.numpy.lru.init`."""
        D, H = self.input_size, self.hidden_size
        return lru.init(rng, D, H, radius=self.radius, max_angle=self.max_angle)

    def step(self, x_t: Tensor, state: Tensor | None) -> tuple[Tensor, Tensor]:
        """One step: x_t (N, D) and h (N, H) give the output y_t (N, D) and the next h (N, H)."""
        check_frame(self, x_t)
        y, h = self.forward(x_t[:, None], state)
        return y[:, 0], h

    def forward(
        self, x: Tensor, state: Tensor | None = None, *, mask: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Outputs (N, T, D) and the last complex h (N, H), from x (N, T, D), the first h, a mask.

        The mask is (N, T).
        """
        (h_0,) = check_inputs(self, x, state, mask)
        x = zero_masked(x, mask)
        lam = torch.exp(torch.complex(-self.nu.exp(), self.theta.exp()))  # eq-lru-lambda
        B, C = torch.complex(self.B_re, self.B_im), torch.complex(self.C_re, self.C_im)
        u = self.log_gamma.exp() * (x.to(B.dtype) @ B)  # eq-lru-u
        hs = scan(lam.expand_as(u), u, h_0, mask=mask)  # eq-lru-h
        y = (hs @ C).real + self.skip * x  # eq-lru-y
        return zero_masked(y, mask), hs[:, -1]
