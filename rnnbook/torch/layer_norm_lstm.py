"""Layer-normalised LSTM as a torch module. Symbols and source: `rnnbook.numpy.layer_norm_lstm`."""

import torch
from torch import Tensor, nn

from rnnbook._check import check_sizes
from rnnbook.numpy import layer_norm_lstm
from rnnbook.torch._check import check_inputs, check_step
from rnnbook.torch.layer import orthogonal_, select, zero_masked
from rnnbook.torch.recurrent import Recurrent

EPSILON = 1e-5  # added to the variance


class LayerNormLSTM(Recurrent):
    """Layer with W_x (D, 4H), W_h (H, 4H), b (4H,), s_x, s_h (4H,), s_c, b_c (H,).

    At first W_x is Glorot-uniform, W_h orthogonal for each gate, b zero but `forget_bias` for f;
    the gains s_x, s_h, s_c are 1 and b_c is 0.

    >>> layer = LayerNormLSTM(input_size=3, hidden_size=2)
    >>> hs, (h, c) = layer(torch.ones(1, 5, 3))
    >>> hs.shape, c.shape
    (torch.Size([1, 5, 2]), torch.Size([1, 2]))
    """

    params_type = layer_norm_lstm.Params
    state_names = ("h", "c")
    W_x: nn.Parameter  # (D, 4H)
    W_h: nn.Parameter  # (H, 4H)
    b: nn.Parameter  # (4H,)
    s_x: nn.Parameter  # (4H,)
    s_h: nn.Parameter  # (4H,)
    s_c: nn.Parameter  # (H,)
    b_c: nn.Parameter  # (H,)

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        forget_bias: float = 1.0,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ):
        super().__init__()
        check_sizes(input_size=input_size, hidden_size=hidden_size)
        self.input_size, self.hidden_size = input_size, hidden_size
        self.forget_bias = forget_bias
        D, H = input_size, hidden_size
        shapes = {"W_x": (D, 4 * H), "W_h": (H, 4 * H), "b": (4 * H,)}
        shapes |= {"s_x": (4 * H,), "s_h": (4 * H,), "s_c": (H,), "b_c": (H,)}
        for name, shape in shapes.items():
            weight = torch.empty(shape, device=device, dtype=dtype)
            setattr(self, name, nn.Parameter(weight))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """As an LSTM, with gains 1 and the cell's bias 0."""
        nn.init.xavier_uniform_(self.W_x)
        orthogonal_(self.W_h, blocks=4)
        for bias in (self.b, self.b_c):
            nn.init.zeros_(bias)
        self.b.data[self.hidden_size : 2 * self.hidden_size] = self.forget_bias
        for gain in (self.s_x, self.s_h, self.s_c):
            nn.init.ones_(gain)

    def step(self, x_t: Tensor, state: tuple[Tensor, Tensor] | None) -> tuple[Tensor, Tensor]:
        """One step: x_t (N, D) and (h, c) of (N, H) each give the next (h, c); h is the output."""
        h, c = check_step(self, x_t, state)
        return _cell(self, x_t, h, c)

    def forward(
        self,
        x: Tensor,
        state: tuple[Tensor, Tensor] | None = None,
        *,
        mask: Tensor | None = None,
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Outputs (N, T, H) and the last (h, c), from x (N, T, D), a first state, a mask (N, T)."""
        h, c = check_inputs(self, x, state, mask)
        x, hs = zero_masked(x, mask), []
        for t in range(x.shape[1]):
            h_new, c_new = _cell(self, x[:, t], h, c)
            mask_t = None if mask is None else mask[:, t]
            h, c = select(mask_t, h_new, h), select(mask_t, c_new, c)
            hs.append(select(mask_t, h_new, 0))
        return torch.stack(hs, dim=1), (h, c)


# The equations.


def _normalise(v):
    variance = v.var(dim=-1, correction=0, keepdim=True)
    u = (v - v.mean(dim=-1, keepdim=True)) / torch.sqrt(variance + EPSILON)  # eq-layer-norm
    return u


def _cell(params, x_t, h_prev, c_prev):
    u_x, u_h = _normalise(x_t @ params.W_x), _normalise(h_prev @ params.W_h)
    a = params.s_x * u_x + params.s_h * u_h + params.b  # eq-layer-norm-a
    a_i, a_f, a_g, a_o = a.chunk(4, dim=-1)
    i = torch.sigmoid(a_i)
    f = torch.sigmoid(a_f)
    g = torch.tanh(a_g)
    c = f * c_prev + i * g
    o = torch.sigmoid(a_o)
    h = o * torch.tanh(params.s_c * _normalise(c) + params.b_c)  # eq-layer-norm-h
    return h, c
