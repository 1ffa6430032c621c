"""Recurrences that sweep an image in four directions. See `rnnbook.numpy.sweep`."""

from torch import nn

from rnnbook.numpy.sweep import check_images, check_pairs
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

    def __init__(self, layers):
        super().__init__()
        check_pairs(layers)
        self.rows, self.columns = (Stack([pair]) for pair in layers)

    def forward(self, x):
        """Outputs of images; every output depends on every pixel."""
        check_images(x)
        N, R, C, _ = x.shape
        rows, _ = self.rows(x.reshape(N * R, C, -1))  # eq-sweep-rows
        columns = rows.reshape(N, R, C, -1).transpose(1, 2).reshape(N * C, R, -1)
        hs, _ = self.columns(columns)  # eq-sweep-columns
        return hs.reshape(N, C, R, -1).transpose(1, 2)
