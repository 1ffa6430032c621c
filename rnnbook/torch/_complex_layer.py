"""What LRU and DiagonalSSM share: real weights drawn by NumPy, and a complex state."""

from typing import Any

import numpy as np
import torch
from torch import nn

from rnnbook.torch.export import refuse_onnx
from rnnbook.torch.recurrent import Recurrent


class ComplexLayer(Recurrent):
    """A layer whose weights are real and whose state is complex; its first weights are NumPy's."""

    outputs_state = False  # a step returns its output and the state

    @property
    def state_dtype(self) -> torch.dtype:
        """complex64 or complex128."""
        refuse_onnx(self)
        return complex_of(self.dtype, type(self).__name__)

    def initial(self, rng: np.random.Generator) -> Any:
        """New weights as the NumPy type; each layer has its own."""
        raise NotImplementedError

    def make_weights(self, device: torch.device | str | None, dtype: torch.dtype | None) -> None:
        """Make the parameters."""
        dtype = dtype or torch.get_default_dtype()
        complex_of(dtype, type(self).__name__)
        for name, value in self.initial(_rng())._asdict().items():
            weight = torch.as_tensor(value, dtype=dtype, device=device)
            setattr(self, name, nn.Parameter(weight))

    def reset_parameters(self) -> None:
        """Draw new weights."""
        self.load_params(self.initial(_rng()))


def _rng() -> np.random.Generator:
    """`torch.manual_seed` rules what it draws."""
    return np.random.default_rng(int(torch.randint(2**31, (), device="cpu")))


def complex_of(dtype: torch.dtype, name: str) -> torch.dtype:
    """The complex dtype with parts of `dtype`; `TypeError` if torch has none."""
    found = {torch.float32: torch.complex64, torch.float64: torch.complex128}.get(dtype)
    if found is None:
        raise TypeError(
            f"{name} has weights of dtype {dtype}; expected float32 or float64, as its state is "
            "complex and torch has no complex numbers of less: keep them, and use torch.autocast"
        )
    return found
