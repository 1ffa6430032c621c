"""Recurrences that sweep an image in four directions. See `rnnbook.numpy.sweep`."""

from collections.abc import Sequence
from typing import Self

from torch import Tensor, nn

from rnnbook._weights_check import check_weights
from rnnbook.numpy.sweep import check_images, check_pairs
from rnnbook.torch._check import check_tensor
from rnnbook.torch.stack import Stack


class Sweep(nn.Module):
    """Rows from both ends, then columns from both ends: (N, R, C, D) to (N, R, C, 2H).

    `layers` is [[right, left], [down, up]]; the second pair reads 2H features.

    >>> import torch
    >>> from rnnbook.torch import GRU
    >>> sweep = Sweep([[GRU(3, 2), GRU(3, 2)], [GRU(4, 2), GRU(4, 2)]])
    >>> sweep(torch.ones(1, 4, 5, 3)).shape
    torch.Size([1, 4, 5, 4])
    """

    def __init__(self, layers: Sequence[Sequence[nn.Module]]):
        super().__init__()
        check_pairs(layers)
        self.rows, self.columns = (Stack([pair]) for pair in layers)

    def forward(self, x: Tensor) -> Tensor:
        """Outputs (N, R, C, 2H) of images (N, R, C, D); every output depends on every pixel."""
        check_tensor("x", x)
        check_images(x)
        N, R, C, _ = x.shape
        rows, _ = self.rows(x.reshape(N * R, C, -1))  # eq-sweep-rows
        columns = rows.reshape(N, R, C, -1).transpose(1, 2).reshape(N * C, R, -1)
        hs, _ = self.columns(columns)  # eq-sweep-columns
        return hs.reshape(N, C, R, -1).transpose(1, 2)

    def params(self) -> list:
        """All weights, nested like the layers, as `rnnbook.numpy.sweep` takes them."""
        return self.rows.params() + self.columns.params()

    def load_params(self, params: Sequence[Sequence]) -> Self:
        """Copy weights that are nested like the layers, and return this module.

        `TypeError` or `ValueError` for those of another model; then no weight has changed.
        """
        check_pairs(params)
        check_weights("params", params, self.params())
        self.rows.load_params(params[:1])
        self.columns.load_params(params[1:])
        return self
