"""What every recurrent torch layer is, and what wraps one."""

from typing import Any, Self

import torch
from torch import Tensor, nn

from rnnbook._check import check_sequence, check_step, type_name
from rnnbook.torch.export import ONE_STEP
from rnnbook.torch.layer import Layer


class Recurrent(Layer):
    """A layer that reads a sequence step by step.

    It is called as `layer(x, state, mask=mask)` and returns its outputs and the
    last state. `x` is (N, T, D). `state` is where to start from, zeros if None. `mask` (N, T) is
    True at the steps that count: another step keeps the state and has the output zero, and its
    input may be anything, NaN too. `layer.step(x_t, state)` is one step.

    NaN or infinity at a step that counts is refused in eager mode. In a program that torch
    compiles, exports or transforms (`torch.compile`, `torch.export`, `torch.func`) it goes through.
    """

    input_size: int
    hidden_size: int
    state_names: tuple[str, ...] = ("h",)  # what a step hands to the next; several are a tuple
    state_symbols = "(N, H)"
    free_steps = ONE_STEP  # what to export where the number of steps must stay free
    outputs_state = True  # the output of a step is the first part of its state

    @property
    def state_dtype(self) -> torch.dtype:
        """The dtype of the state."""
        return self.dtype

    def state_shape(self, x_t: Tensor) -> tuple[int, ...]:
        """The shape of the state behind the batch; `x_t` is the input of one step."""
        return (self.hidden_size,)

    def check_x(self, x: Tensor) -> None:
        """Raise `ValueError` unless x has the right shape."""
        check_sequence(x, self.input_size)

    def check_x_t(self, x_t: Tensor) -> None:
        """Raise `ValueError` unless the input of one step has the right shape."""
        check_step(x_t, self.input_size)

    def step(self, x_t: Tensor, state: Any) -> Any:
        """One step; each layer has its own."""
        raise NotImplementedError


class Wrapper(nn.Module):
    """Another way to run a layer; the weights stay in the layer."""

    layer: Recurrent
    free_steps = ONE_STEP

    def params(self) -> Any:
        """The weights of the layer, as its NumPy type."""
        return self.layer.params()

    def load_params(self, params: Any) -> Self:
        """Copy weights into the layer, and return this module."""
        self.layer.load_params(params)
        return self


def check_wrapped(layer: Any, kinds: tuple[type, ...]) -> None:
    """Raise `TypeError` unless `layer` is of one of `kinds`."""
    if not isinstance(layer, kinds):
        names = [kind.__name__ for kind in kinds]
        expected = f"{', '.join(names[:-1])} or {names[-1]}"
        raise TypeError(
            f"layer is a {type_name(type(layer))}; expected an {expected} of rnnbook.torch"
        )
