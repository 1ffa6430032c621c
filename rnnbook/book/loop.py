"""The layer that people write by hand, for measurements beside the fused one."""

import torch
from torch import Tensor, nn


class LSTMLoop(nn.Module):
    """`nn.LSTM` as a loop over `nn.LSTMCell`, with the same weights.

    For a layer with `batch_first=True`, one direction and biases; takes x (N, T, D).

    >>> layer, x = nn.LSTM(3, 4, batch_first=True), torch.randn(2, 5, 3)
    >>> torch.allclose(layer(x)[0], LSTMLoop(layer)(x)[0], atol=1e-6)
    True
    """

    def __init__(self, layer: nn.LSTM):
        super().__init__()
        self.hidden_size = layer.hidden_size
        self.cell = nn.LSTMCell(layer.input_size, layer.hidden_size)
        for name, weight in layer.named_parameters():
            getattr(self.cell, name.removesuffix("_l0")).data = weight.data.clone()

    def forward(self, x: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Outputs (N, T, H) and the last (h, c), from zeros."""
        h = c = x.new_zeros(len(x), self.hidden_size)
        hs = []
        for x_t in x.unbind(1):
            h, c = self.cell(x_t, (h, c))
            hs.append(h)
        return torch.stack(hs, dim=1), (h, c)
