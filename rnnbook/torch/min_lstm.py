"""minLSTM as a torch module. Symbols and sources: `rnnbook.numpy.min_lstm`."""

import torch
from torch import Tensor, nn
from torch.nn.functional import logsigmoid

from rnnbook._check import check_sizes
from rnnbook.numpy import min_lstm
from rnnbook.torch._check import check_frame, check_inputs
from rnnbook.torch.layer import zero_masked
from rnnbook.torch.recurrent import Recurrent
from rnnbook.torch.scan import scan


class MinLSTM(Recurrent):
    """minLSTM with W (D, 3H), b (3H,), in the order i, f, n.

    At first W is Glorot-uniform and b zero but `forget_bias` for f.

    >>> hs, h = MinLSTM(input_size=3, hidden_size=2)(torch.ones(1, 5, 3))
    >>> hs.shape, h.shape
    (torch.Size([1, 5, 2]), torch.Size([1, 2]))
    """

    params_type = min_lstm.Params

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        forget_bias: float = 0.0,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ):
        super().__init__()
        check_sizes(input_size=input_size, hidden_size=hidden_size)
        self.input_size, self.hidden_size, self.forget_bias = input_size, hidden_size, forget_bias
        D, H = input_size, hidden_size
        self.W = nn.Parameter(torch.empty(D, 3 * H, device=device, dtype=dtype))
        self.b = nn.Parameter(torch.empty(3 * H, device=device, dtype=dtype))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Glorot-uniform W, zero bias but `forget_bias` for f."""
        nn.init.xavier_uniform_(self.W)
        nn.init.zeros_(self.b)
        self.b.data[self.hidden_size : 2 * self.hidden_size] = self.forget_bias

    def step(self, x_t: Tensor, state: Tensor | None) -> Tensor:
        """One step: x_t (N, D) and h (N, H) give the next h (N, H), which is the output too."""
        check_frame(self, x_t)
        return self.forward(x_t[:, None], state)[1]

    def forward(
        self, x: Tensor, state: Tensor | None = None, *, mask: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Outputs (N, T, H) and the last h (N, H), from x (N, T, D), the first h, a mask (N, T)."""
        (h_0,) = check_inputs(self, x, state, mask)
        a_i, a_f, n = (zero_masked(x, mask) @ self.W + self.b).chunk(3, dim=-1)
        k = torch.sigmoid(logsigmoid(a_f) - logsigmoid(a_i))  # eq-min-lstm-k
        hs = scan(k, (1 - k) * n, h_0, mask=mask)  # eq-min-lstm-h
        return zero_masked(hs, mask), hs[:, -1]
