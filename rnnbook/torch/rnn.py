"""The plain recurrent network of Elman (1990) as a torch module. Symbols: `rnnbook.numpy.rnn`."""

import torch
from torch import Tensor, nn

from rnnbook._check import check_choice, check_sizes
from rnnbook.numpy import rnn
from rnnbook.torch._check import check_inputs, check_step
from rnnbook.torch.layer import orthogonal_, select, zero_masked
from rnnbook.torch.recurrent import Recurrent

ACTIVATIONS = {"tanh": torch.tanh, "relu": torch.relu}


class RNN(Recurrent):
    """Plain recurrent layer with parameters W_x (D, H), W_h (H, H), b (H,).

    `activation` is "tanh" or "relu". At first W_x is Glorot-uniform, W_h orthogonal, b zero.

    >>> layer = RNN(input_size=3, hidden_size=2)
    >>> hs, h = layer(torch.ones(1, 5, 3))
    >>> hs.shape, h.shape
    (torch.Size([1, 5, 2]), torch.Size([1, 2]))
    """

    params_type = rnn.Params

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        activation: str = "tanh",
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ):
        super().__init__()
        check_sizes(input_size=input_size, hidden_size=hidden_size)
        check_choice("activation", activation, tuple(ACTIVATIONS))
        self.input_size, self.hidden_size, self.activation = input_size, hidden_size, activation
        D, H = input_size, hidden_size
        self.W_x = nn.Parameter(torch.empty(D, H, device=device, dtype=dtype))
        self.W_h = nn.Parameter(torch.empty(H, H, device=device, dtype=dtype))
        self.b = nn.Parameter(torch.empty(H, device=device, dtype=dtype))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Glorot-uniform W_x, orthogonal W_h, zero bias."""
        nn.init.xavier_uniform_(self.W_x)
        orthogonal_(self.W_h)
        nn.init.zeros_(self.b)

    def step(self, x_t: Tensor, state: Tensor | None) -> Tensor:
        """One step: x_t (N, D) and h (N, H) give the next h (N, H), which is the output too."""
        (h,) = check_step(self, x_t, state)
        return _cell(self, _input_product(self, x_t), h, ACTIVATIONS[self.activation])

    def forward(
        self, x: Tensor, state: Tensor | None = None, *, mask: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Outputs (N, T, H) and the last h (N, H), from x (N, T, D), the first h, a mask (N, T)."""
        (h,) = check_inputs(self, x, state, mask)
        phi = ACTIVATIONS[self.activation]
        a_x = _input_product(self, zero_masked(x, mask))
        hs = []
        for t in range(x.shape[1]):
            new = _cell(self, a_x[:, t], h, phi)
            mask_t = None if mask is None else mask[:, t]
            h = select(mask_t, new, h)
            hs.append(select(mask_t, new, 0))
        return torch.stack(hs, dim=1), h


# The equations.


def _input_product(params, x):
    a_x = x @ params.W_x + params.b  # eq-rnn-ax
    return a_x


def _cell(params, a_x_t, h_prev, phi):
    a = a_x_t + h_prev @ params.W_h  # eq-rnn-a
    h = phi(a)  # eq-rnn-h
    return h
