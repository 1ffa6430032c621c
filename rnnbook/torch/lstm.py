"""Long short-term memory as a torch module. Symbols and sources: `rnnbook.numpy.lstm`."""

import torch
from torch import Tensor, nn

from rnnbook._check import check_sizes
from rnnbook.numpy import lstm
from rnnbook.torch._check import check_inputs, check_step
from rnnbook.torch.export import ONE_STEP, TO_TORCH_NN
from rnnbook.torch.layer import orthogonal_, select, zero_masked
from rnnbook.torch.recurrent import Recurrent


class LSTM(Recurrent):
    """LSTM layer with W_x (D, 4H), W_h (H, 4H), b (4H,), gates in the order i, f, g, o.

    With `peepholes=True` it also has p (3, H), rows for i, f, o. At first W_x is Glorot-uniform,
    W_h orthogonal for each gate, b zero but `forget_bias` for f, and p zero.

    >>> layer = LSTM(input_size=3, hidden_size=2)
    >>> hs, (h, c) = layer(torch.ones(1, 5, 3))
    >>> hs.shape, c.shape
    (torch.Size([1, 5, 2]), torch.Size([1, 2]))
    """

    state_names = ("h", "c")

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        peepholes: bool = False,
        forget_bias: float = 1.0,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ):
        super().__init__()
        check_sizes(input_size=input_size, hidden_size=hidden_size)
        self.params_type = lstm.PeepholeParams if peepholes else lstm.Params
        self.input_size, self.hidden_size = input_size, hidden_size
        self.free_steps = ONE_STEP if peepholes else TO_TORCH_NN
        self.peepholes, self.forget_bias = peepholes, forget_bias
        D, H = input_size, hidden_size
        self.W_x = nn.Parameter(torch.empty(D, 4 * H, device=device, dtype=dtype))
        self.W_h = nn.Parameter(torch.empty(H, 4 * H, device=device, dtype=dtype))
        self.b = nn.Parameter(torch.empty(4 * H, device=device, dtype=dtype))
        p = nn.Parameter(torch.empty(3, H, device=device, dtype=dtype)) if peepholes else None
        self.p = p
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Glorot-uniform W_x, an orthogonal matrix per gate, zero bias but `forget_bias` for f."""
        nn.init.xavier_uniform_(self.W_x)
        orthogonal_(self.W_h, blocks=4)
        nn.init.zeros_(self.b)
        self.b.data[self.hidden_size : 2 * self.hidden_size] = self.forget_bias
        if self.p is not None:
            nn.init.zeros_(self.p)

    def step(self, x_t: Tensor, state: tuple[Tensor, Tensor] | None) -> tuple[Tensor, Tensor]:
        """One step: x_t (N, D) and (h, c) of (N, H) each give the next (h, c); h is the output."""
        h, c = check_step(self, x_t, state)
        return _cell(self, _input_product(self, x_t), h, c)

    def forward(
        self,
        x: Tensor,
        state: tuple[Tensor, Tensor] | None = None,
        *,
        mask: Tensor | None = None,
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Outputs (N, T, H) and the last (h, c), from x (N, T, D), a first state, a mask (N, T)."""
        h, c = check_inputs(self, x, state, mask)
        a_x = _input_product(self, zero_masked(x, mask))
        hs = []
        for t in range(x.shape[1]):
            h_new, c_new = _cell(self, a_x[:, t], h, c)
            mask_t = None if mask is None else mask[:, t]
            h, c = select(mask_t, h_new, h), select(mask_t, c_new, c)
            hs.append(select(mask_t, h_new, 0))
        return torch.stack(hs, dim=1), (h, c)


# The equations.


def _input_product(params, x):
    a_x = x @ params.W_x + params.b  # eq-lstm-ax
    return a_x


def _cell(params, a_x_t, h_prev, c_prev):
    a = a_x_t + h_prev @ params.W_h  # eq-lstm-a
    a_i, a_f, a_g, a_o = a.chunk(4, dim=-1)
    if params.p is not None:
        a_i = a_i + params.p[0] * c_prev  # eq-lstm-peephole-i
        a_f = a_f + params.p[1] * c_prev  # eq-lstm-peephole-f
    i = torch.sigmoid(a_i)  # eq-lstm-i
    f = torch.sigmoid(a_f)  # eq-lstm-f
    g = torch.tanh(a_g)  # eq-lstm-g
    c = f * c_prev + i * g  # eq-lstm-c
    if params.p is not None:
        a_o = a_o + params.p[2] * c  # eq-lstm-peephole-o
    o = torch.sigmoid(a_o)  # eq-lstm-o
    h = o * torch.tanh(c)  # eq-lstm-h
    return h, c
