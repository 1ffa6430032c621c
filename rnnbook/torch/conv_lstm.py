"""Convolutional LSTM as a torch module. Symbols and sources: `rnnbook.numpy.conv_lstm`."""

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d

from rnnbook._check import check_sizes
from rnnbook.numpy import conv_lstm
from rnnbook.torch._check import check_inputs, check_step
from rnnbook.torch.layer import orthogonal_, select, zero_masked
from rnnbook.torch.recurrent import Recurrent


class ConvLSTM(Recurrent):
    """ConvLSTM with W_x (k, k, D, 4H), W_h (k, k, H, 4H), b (4H,), gates i, f, g, o.

    Frames are (R, C, D), channels last, as in Keras and in `rnnbook.numpy`; D = `channels`, and
    `kernel_size` k is odd. At first W_x is Glorot-uniform, W_h zero but for an orthogonal matrix
    for each gate at its centre, b zero but `forget_bias` for f.

    >>> layer = ConvLSTM(channels=2, hidden_size=3)
    >>> hs, (h, c) = layer(torch.ones(1, 6, 5, 4, 2))
    >>> hs.shape, c.shape
    (torch.Size([1, 6, 5, 4, 3]), torch.Size([1, 5, 4, 3]))
    """

    params_type = conv_lstm.Params
    state_names = ("h", "c")
    state_symbols = "(N, R, C, H)"

    def __init__(
        self,
        channels: int,
        hidden_size: int,
        *,
        kernel_size: int = 3,
        forget_bias: float = 1.0,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ):
        super().__init__()
        check_sizes(channels=channels, hidden_size=hidden_size, kernel_size=kernel_size)
        if kernel_size % 2 == 0:
            raise ValueError(f"kernel_size is {kernel_size}; expected an odd number")
        self.channels, self.hidden_size = channels, hidden_size
        self.kernel_size, self.forget_bias = kernel_size, forget_bias
        k, D, H = kernel_size, channels, hidden_size
        self.W_x = nn.Parameter(torch.empty(k, k, D, 4 * H, device=device, dtype=dtype))
        self.W_h = nn.Parameter(torch.empty(k, k, H, 4 * H, device=device, dtype=dtype))
        self.b = nn.Parameter(torch.empty(4 * H, device=device, dtype=dtype))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Glorot-uniform W_x, an orthogonal matrix per gate at the centre of W_h."""
        H, centre = self.hidden_size, len(self.W_h) // 2
        nn.init.xavier_uniform_(self.W_x.data.view(-1, 4 * H))
        nn.init.zeros_(self.W_h)
        orthogonal_(self.W_h[centre, centre], blocks=4)
        nn.init.zeros_(self.b)
        self.b.data[H : 2 * H] = self.forget_bias

    def check_x(self, x: Tensor) -> None:
        """Raise `ValueError` unless x is (N, T, R, C, D)."""
        conv_lstm.check_videos(self.W_x, self.W_h, self.b, x)

    def check_x_t(self, x_t: Tensor) -> None:
        """Raise `ValueError` unless x_t is (N, R, C, D)."""
        shape, D = tuple(x_t.shape), self.channels
        if len(shape) != 4 or shape[-1] != D or 0 in shape:
            raise ValueError(f"x_t has shape {shape}; expected (N, R, C, D) with D = {D}, none 0")

    def state_shape(self, x_t: Tensor) -> tuple[int, ...]:
        """(R, C, H), with the rows and columns of the frames x_t."""
        return *x_t.shape[1:3], self.hidden_size

    def step(self, x_t: Tensor, state: tuple[Tensor, Tensor] | None) -> tuple[Tensor, Tensor]:
        """One step: frames (N, R, C, D) and (h, c) of (N, R, C, H) each give the next (h, c)."""
        h, c = check_step(self, x_t, state)
        return _cell(self, _input_product(self, x_t), h, c)

    def forward(
        self,
        x: Tensor,
        state: tuple[Tensor, Tensor] | None = None,
        *,
        mask: Tensor | None = None,
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Outputs (N, T, R, C, H) and the last (h, c), from x (N, T, R, C, D), a state, a mask.

        The mask is (N, T).
        """
        h, c = check_inputs(self, x, state, mask)
        x, hs = zero_masked(x, mask), []
        for t in range(x.shape[1]):
            h_new, c_new = _cell(self, _input_product(self, x[:, t]), h, c)
            mask_t = None if mask is None else mask[:, t]
            h, c = select(mask_t, h_new, h), select(mask_t, c_new, c)
            hs.append(select(mask_t, h_new, 0))
        return torch.stack(hs, dim=1), (h, c)


def convolve(x: Tensor, W: Tensor) -> Tensor:
    """Images (N, R, C, D) with filters (k, k, D, K): (N, R, C, K), zeros beyond the edge."""
    y = conv2d(x.permute(0, 3, 1, 2), W.permute(3, 2, 0, 1), padding=W.shape[0] // 2)
    return y.permute(0, 2, 3, 1)


# The equations.


def _input_product(params, x_t):
    a_x = convolve(x_t, params.W_x) + params.b  # eq-conv-lstm-ax
    return a_x


def _cell(params, a_x_t, h_prev, c_prev):
    a = a_x_t + convolve(h_prev, params.W_h)  # eq-conv-lstm-a
    a_i, a_f, a_g, a_o = a.chunk(4, dim=-1)
    i, f, o = torch.sigmoid(a_i), torch.sigmoid(a_f), torch.sigmoid(a_o)
    g = torch.tanh(a_g)
    c = f * c_prev + i * g  # eq-conv-lstm-c
    h = o * torch.tanh(c)  # eq-conv-lstm-h
    return h, c
