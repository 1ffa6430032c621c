"""Several recurrent layers on top of each other, each in one direction or in both."""

import inspect
from collections.abc import Sequence
from typing import Any, Self

import torch
from torch import Tensor, nn

from rnnbook._check import check_nested, type_name
from rnnbook._weights_check import check_weights
from rnnbook.torch._check import check_tensor
from rnnbook.torch.layer import Layer
from rnnbook.torch.recurrent import Recurrent


class Stack(nn.Module):
    """A stack of the layers of this package: `layers` is a list of lists of one or two layers.

    An entry of two is bidirectional: the second layer reads the sequence flipped in time, and
    the outputs are joined along the features. Layers may be of any kind, mixed, also modules of
    your own that are called as ours, `layer(x, state, mask=mask)`. See `rnnbook.numpy.stack`.

    >>> from rnnbook.torch import GRU
    >>> stack = Stack([[GRU(3, 2), GRU(3, 2)], [GRU(4, 2)]])
    >>> hs, states = stack(torch.ones(1, 5, 3))
    >>> hs.shape, [len(layer) for layer in states]
    (torch.Size([1, 5, 2]), [2, 1])
    """

    layers: Any  # a ModuleList of ModuleLists of layers

    def __init__(self, layers: Sequence[Sequence[nn.Module]]):
        super().__init__()
        _check_layers(layers)
        self.layers = nn.ModuleList(nn.ModuleList(layer) for layer in layers)

    def step(self, x_t: Tensor, states: Sequence | None = None) -> tuple[Tensor, list]:
        """One step of a stack of one direction: the top layer's output, and the next states.

        `x_t` is (N, D). `states` are nested as in `forward`, which may have computed them.
        """
        _check_states(states, self.layers)
        new_states = []
        for index, layer in enumerate(self.layers):
            if len(layer) == 2:
                raise ValueError(
                    f"layers[{index}] has 2 directions; expected 1: the second one starts at the "
                    "last step, so it can't be run step by step"
                )
            state = None if states is None else states[index][0]
            x_t, state = _step(layer[0], x_t, state, f"layers[{index}][0]")
            new_states.append([state])
        return x_t, new_states

    def forward(
        self, x: Tensor, states: Sequence | None = None, *, mask: Tensor | None = None
    ) -> tuple[Tensor, list]:
        """Top outputs (N, T, H or 2H) and the last states, nested like the layers.

        `x` is (N, T, D), `mask` (N, T), and `states` are nested like the layers, zeros if None.
        """
        check_tensor("x", x)
        _check_states(states, self.layers)
        last_states = []
        for index, layer in enumerate(self.layers):
            outputs, layer_states = [], []
            for direction, module in enumerate(layer):
                state = None if states is None else states[index][direction]
                hs, state = _run(module, x, state, mask, reverse=direction == 1)
                outputs.append(hs)
                layer_states.append(state)
            x = torch.cat(outputs, dim=-1)
            last_states.append(layer_states)
        return x, last_states

    def params(self) -> list:
        """All weights, as a stack of `rnnbook.numpy.stack`."""
        return [[module.params() for module in layer] for layer in self.layers]

    def load_params(self, params: Sequence[Sequence]) -> Self:
        """Copy the weights of a stack of `rnnbook.numpy.stack`, and return this stack.

        `TypeError` or `ValueError` for those of another stack; then no weight has changed.
        """
        check_nested("params", params, self.layers)
        check_weights("params", params, self.params())
        for layer, entry in zip(self.layers, params, strict=True):
            for module, weights in zip(layer, entry, strict=True):
                module.load_params(weights)
        return self


def _run(module, x, state, mask, reverse):
    if not reverse:
        return module(x, state, mask=mask)
    hs, state = module(x.flip(1), state, mask=None if mask is None else mask.flip(1))
    return hs.flip(1), state


def _step(module, x_t, state, name):
    if not hasattr(module, "step"):
        raise TypeError(f"{name} is a {type_name(type(module))}, which has no step")
    new = module.step(x_t, state)
    if isinstance(module, Recurrent) and not module.outputs_state:
        return new
    return (new[0] if isinstance(new, tuple) else new), new


def _check_layers(layers: Any) -> None:
    if not len(layers):
        raise ValueError("layers is empty; expected at least one layer")
    for index, layer in enumerate(layers):
        if not isinstance(layer, Sequence | nn.ModuleList):
            kind = type_name(type(layer))
            raise TypeError(f"layers[{index}] is a {kind}; expected a list of 1 or 2 layers")
        if len(layer) not in (1, 2):
            raise ValueError(f"layers[{index}] has {len(layer)} directions; expected 1 or 2")
        for direction, module in enumerate(layer):
            if not _is_called_as_ours(module):
                kind = f"{type(module).__module__.split('.')[0]} {type(module).__name__}"
                raise TypeError(
                    f"layers[{index}][{direction}] is a {kind}; expected a layer of rnnbook.torch"
                )


def _is_called_as_ours(module):
    """Whether it takes (x, state, mask=mask)."""
    if isinstance(module, Layer):  # Attention and CRF have a mask, too
        return isinstance(module, Recurrent)
    if not isinstance(module, nn.Module) or isinstance(module, nn.RNNBase):
        return False
    try:
        inspect.signature(module.forward).bind(None, None, mask=None)
    except TypeError:
        return False
    return True


def _check_states(states: Any, layers: Any) -> None:
    if states is not None:
        check_nested("states", states, layers)
