"""The gated recurrent unit as a torch module. Symbols and sources: `rnnbook.numpy.gru`."""

import torch
from torch import Tensor, nn

from rnnbook._check import check_choice, check_sizes
from rnnbook.numpy import gru
from rnnbook.torch._check import check_inputs, check_step
from rnnbook.torch.export import ONE_STEP, TO_TORCH_NN
from rnnbook.torch.layer import orthogonal_, select, zero_masked
from rnnbook.torch.recurrent import Recurrent


class GRU(Recurrent):
    """GRU layer with W_x (D, 3H) and W_h (H, 3H), gates in the order r, z, n.

    `reset="after"` has biases b_x and b_h (3H,) each, `reset="before"` one bias b (3H,).
    At first W_x is Glorot-uniform, W_h orthogonal for each gate, and biases are zero.

    >>> layer = GRU(input_size=3, hidden_size=2)
    >>> hs, h = layer(torch.ones(1, 5, 3))
    >>> hs.shape, h.shape
    (torch.Size([1, 5, 2]), torch.Size([1, 2]))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        reset: str = "after",
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ):
        super().__init__()
        check_sizes(input_size=input_size, hidden_size=hidden_size)
        check_choice("reset", reset, tuple(gru.RESETS))
        self.params_type = gru.RESETS[reset]
        self.free_steps = TO_TORCH_NN if reset == "after" else ONE_STEP
        self.input_size, self.hidden_size, self.reset = input_size, hidden_size, reset
        D, columns = input_size, len(gru.BLOCKS[self.params_type]) * hidden_size
        self.W_x = nn.Parameter(torch.empty(D, columns, device=device, dtype=dtype))
        self.W_h = nn.Parameter(torch.empty(hidden_size, columns, device=device, dtype=dtype))
        for name in self.params_type._fields[2:]:
            setattr(self, name, nn.Parameter(torch.empty(columns, device=device, dtype=dtype)))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Glorot-uniform W_x, an orthogonal matrix per gate in W_h, zero biases."""
        nn.init.xavier_uniform_(self.W_x)
        orthogonal_(self.W_h, blocks=len(gru.BLOCKS[self.params_type]))
        for name in self.params_type._fields[2:]:
            nn.init.zeros_(getattr(self, name))

    def step(self, x_t: Tensor, state: Tensor | None) -> Tensor:
        """One step: x_t (N, D) and h (N, H) give the next h (N, H), which is the output too."""
        (h,) = check_step(self, x_t, state)
        return _CELLS[self.reset](self, _input_product(self, x_t), h)

    def forward(
        self, x: Tensor, state: Tensor | None = None, *, mask: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Outputs (N, T, H) and the last h (N, H), from x (N, T, D), the first h, a mask (N, T)."""
        (h,) = check_inputs(self, x, state, mask)
        cell, a_x = _CELLS[self.reset], _input_product(self, zero_masked(x, mask))
        hs = []
        for t in range(x.shape[1]):
            new = cell(self, a_x[:, t], h)
            mask_t = None if mask is None else mask[:, t]
            h = select(mask_t, new, h)
            hs.append(select(mask_t, new, 0))
        return torch.stack(hs, dim=1), h


# The equations.


def _input_product(params, x):
    b_x = params.b if params.reset == "before" else params.b_x
    a_x = x @ params.W_x + b_x  # eq-gru-ax
    return a_x


# Reset after the product.


def _cell(params, a_x_t, h_prev):
    a_h = h_prev @ params.W_h + params.b_h  # eq-gru-ah
    (a_xr, a_xz, a_xn), (a_hr, a_hz, a_hn) = a_x_t.chunk(3, dim=-1), a_h.chunk(3, dim=-1)
    r = torch.sigmoid(a_xr + a_hr)  # eq-gru-r
    z = torch.sigmoid(a_xz + a_hz)  # eq-gru-z
    n = torch.tanh(a_xn + r * a_hn)  # eq-gru-n
    h = (1 - z) * n + z * h_prev  # eq-gru-h
    return h


# Reset before the product.


def _before_cell(params, a_x_t, h_prev):
    W_hr, W_hz, W_hn = params.W_h.chunk(3, dim=-1)
    a_xr, a_xz, a_xn = a_x_t.chunk(3, dim=-1)
    r = torch.sigmoid(a_xr + h_prev @ W_hr)  # eq-gru-before-r
    z = torch.sigmoid(a_xz + h_prev @ W_hz)  # eq-gru-before-z
    a_hn = (r * h_prev) @ W_hn  # eq-gru-before-ahn
    n = torch.tanh(a_xn + a_hn)  # eq-gru-before-n
    h = (1 - z) * n + z * h_prev  # eq-gru-before-h
    return h


_CELLS = {"after": _cell, "before": _before_cell}
