"""minGRU as a torch module. Symbols and sources: `rnnbook.numpy.min_gru`."""

import torch
from torch import Tensor, nn

from rnnbook._check import check_sizes
from rnnbook.numpy import min_gru
from rnnbook.torch._check import check_frame, check_inputs
from rnnbook.torch.layer import zero_masked
from rnnbook.torch.recurrent import Recurrent
from rnnbook.torch.scan import scan


class MinGRU(Recurrent):
    """minGRU with W (D, 2H), b (2H,), in the order z, n.

    At first W is Glorot-uniform and b zero but `keep_bias` for z.

    >>> hs, h = MinGRU(input_size=3, hidden_size=2)(torch.ones(1, 5, 3))
    >>> hs.shape, h.shape
    (torch.Size([1, 5, 2]), torch.Size([1, 2]))
    """

    params_type = min_gru.Params

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        keep_bias: float = 0.0,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ):
        super().__init__()
        check_sizes(input_size=input_size, hidden_size=hidden_size)
        self.input_size, self.hidden_size, self.keep_bias = input_size, hidden_size, keep_bias
        D, H = input_size, hidden_size
        self.W = nn.Parameter(torch.empty(D, 2 * H, device=device, dtype=dtype))
        self.b = nn.Parameter(torch.empty(2 * H, device=device, dtype=dtype))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Glorot-uniform W, zero bias but `keep_bias` for z."""
        nn.init.xavier_uniform_(self.W)
        nn.init.zeros_(self.b)
        self.b.data[: self.hidden_size] = self.keep_bias

    def step(self, x_t: Tensor, state: Tensor | None) -> Tensor:
        """One step: x_t (N, D) and h (N, H) give the next h (N, H), which is the output too."""
        check_frame(self, x_t)
        return self.forward(x_t[:, None], state)[1]

    def forward(
        self, x: Tensor, state: Tensor | None = None, *, mask: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Outputs (N, T, H) and the last h (N, H), from x (N, T, D), the first h, a mask (N, T)."""
        (h_0,) = check_inputs(self, x, state, mask)
        a_z, a_n = (zero_masked(x, mask) @ self.W + self.b).chunk(2, dim=-1)
        z = torch.sigmoid(a_z)  # eq-min-gru-z
        n = a_n  # eq-min-gru-n
        hs = scan(z, (1 - z) * n, h_0, mask=mask)  # eq-min-gru-h
        return zero_masked(hs, mask), hs[:, -1]
