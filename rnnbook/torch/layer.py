"""What the torch layers share: weights in and out, what is printed, and masks."""

import inspect
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from rnnbook._check import check_shape, check_type


class Layer(nn.Module):
    """A module whose parameters are those of a NumPy `Params` type, by name."""

    params_type: Any  # the NumPy type, set by each layer

    @property
    def dtype(self) -> torch.dtype:
        """The dtype of the weights."""
        return getattr(self, self.params_type._fields[0]).dtype

    def params(self) -> Any:
        """The weights as the NumPy type, copied.

        NumPy has no bfloat16 and `rnnbook.numpy` no float16: such weights come as float32, exactly.
        """
        return self.params_type(*(to_numpy(getattr(self, n)) for n in self.params_type._fields))

    @torch.no_grad()
    def load_params(self, params: Any) -> Self:
        """Copy the weights of a NumPy `Params` into this layer, and return the layer.

        They are rounded to the dtype of the layer. `TypeError` for another type of weights, and
        `ValueError` for another shape; then no weight has changed.
        """
        check_type("params", params, (self.params_type,))
        weights = {name: np.asarray(value) for name, value in params._asdict().items()}
        for name, value in weights.items():
            if value.dtype.kind != "f":
                raise TypeError(f"{name} has dtype {value.dtype}; expected float32 or float64")
            shape = getattr(self, name).shape
            check_shape(name, value, "the shape of this layer's weight", shape)
        for name, value in weights.items():
            getattr(self, name).copy_(torch.tensor(value))
        return self

    def extra_repr(self) -> str:
        """The sizes and options, for `print(layer)`."""
        names = [n for n in inspect.signature(type(self)).parameters if n not in UNSHOWN]
        return ", ".join(f"{name}={getattr(self, name)!r}" for name in names)


UNSHOWN = ("device", "dtype")


def to_numpy(weight: Tensor) -> np.ndarray:
    """A copy as a NumPy array, at least of 32 bits.

    >>> to_numpy(torch.ones(2, dtype=torch.bfloat16)).dtype
    dtype('float32')
    """
    wide = torch.promote_types(weight.dtype, torch.float32)
    return weight.detach().cpu().to(wide).numpy().copy()


def orthogonal_(W: Tensor, blocks: int = 1) -> None:
    """Fill W (H, K H) with an orthogonal matrix for each of its K blocks of columns."""
    for block in W.data.chunk(blocks, dim=1):
        wide = torch.empty_like(block, dtype=torch.promote_types(W.dtype, torch.float32))
        block.copy_(nn.init.orthogonal_(wide))  # its QR needs 32 bits


def zero_masked(x: Tensor, mask: Tensor | None) -> Tensor:
    """`x` with zeros where the mask is False, so that a NaN there touches nothing."""
    return select(mask, x, 0)


def select(mask: Tensor | None, if_counted: Tensor, if_masked: Tensor | float) -> Tensor:
    """`if_counted` where `mask` is True (or None), else `if_masked`.

    The mask has the first axes of the values: (N,) or (N, T).

    >>> select(torch.tensor([True, False]), torch.ones(2, 3), 0)
    tensor([[1., 1., 1.],
            [0., 0., 0.]])
    """
    if mask is None:
        return if_counted
    mask = mask.reshape(*mask.shape, *[1] * (if_counted.ndim - mask.ndim))
    return torch.where(mask, if_counted, if_masked)
