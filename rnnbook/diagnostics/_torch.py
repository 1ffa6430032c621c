"""How a torch module answers: by autograd, in evaluation mode.

So nothing is dropped, and zoneout mixes by its rates. Sequences of a batch must not depend on
each other: the outputs of all of them are differentiated at once. A module of `torch.nn` without
`batch_first=True` takes the batch for the time, so this is tried.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

from rnnbook._check import type_name
from rnnbook.diagnostics._outputs import at, check_apart, check_repeats
from rnnbook.tree import leaves, tree_map

_BATCH_FIRST = (
    ": make its layers with batch_first=True, and let normalisation use its running statistics"
)


class TorchModel:
    """A module called as `model(x)` or `model(x, state)`.

    It returns its outputs (N, T, K), or (N, K) of the last step, or a tuple of them and the last
    state, which is a structure of (N, H) tensors.
    """

    def __init__(self, model: torch.nn.Module):
        self.model = model

    def output_gradients(self, x: np.ndarray, state: Any, position: int) -> np.ndarray:
        """d y_p / d x, (K, N, T, D), by one backward pass for each of the K outputs at step p."""
        with self._evaluating():
            inputs, state = self._tensor("x", x).requires_grad_(), self._tensors(state)
            outputs = self._outputs(inputs, state, position)
            self._check_outputs(inputs, outputs, state, position)
            rows = [_gradients(outputs[:, k], [inputs])[0] for k in range(outputs.shape[-1])]
        return np.stack([_array(dx) for dx in rows])

    def jacobians(self, x: np.ndarray, state: Any) -> tuple[np.ndarray, np.ndarray, int]:
        """Of all steps (T N, ...): by the old state, by the input; and the number of outputs."""
        with self._evaluating():
            old, outputs = self._trajectory(self._tensor("x", x), self._tensors(state))
            old = tree_map(lambda s: s.requires_grad_(), old)
            steps = self._tensor("x", x.swapaxes(0, 1).reshape(-1, 1, x.shape[-1]))
            steps = steps.requires_grad_()
            _, new = self._step(steps, old)
            rows = []
            for entry in torch.cat(_flat(new), dim=-1).unbind(-1):
                *ds, dx = _gradients(entry, [*_flat(old), steps])
                rows.append((_array(torch.cat(ds, dim=-1)), _array(dx[:, 0])))
        by_state, by_input = (np.stack(parts, axis=1) for parts in zip(*rows, strict=True))
        return by_state, by_input, outputs.shape[-1]

    def _outputs(self, inputs, state, position):
        result = self._run(inputs, state)
        return at(result[0] if isinstance(result, tuple) else result, position, inputs.shape)

    def _check_outputs(self, inputs, outputs, state, position):
        with torch.no_grad():
            again = self._outputs(inputs, state, position)
        check_repeats(_array(outputs), _array(again))
        if len(inputs) == 1:
            inputs, outputs = self._twice(inputs, state, position)
        if outputs is None:
            return  # made for a batch of one: with its own first state (1, H), say
        check_apart(_array(_gradients(outputs[-1], [inputs])[0]), _BATCH_FIRST)

    def _twice(self, x, state, position):
        """The same sequence two times, as a batch, and its outputs; None where they fail."""
        inputs = torch.cat([x, x]).detach().requires_grad_()
        for times in (2, 1):  # a state of one sequence may be broadcast
            try:
                return inputs, self._outputs(inputs, _repeated(state, times), position)
            except (RuntimeError, ValueError, IndexError):
                continue
        return inputs, None

    @torch.no_grad()
    def _trajectory(self, x, state):
        """The states before all steps, one below the other (T N, H), and the outputs."""
        outputs, last = self._step(x, state)
        states = [tree_map(torch.zeros_like, last) if state is None else state]
        for t in range(x.shape[1]):
            states.append(self._step(x[:, t : t + 1], states[-1])[1])
        for got, expected in zip(leaves(states[-1]), leaves(last), strict=True):
            if not torch.allclose(got, expected, rtol=1e-4, atol=1e-5):
                raise ValueError(
                    "model ends in another state when it is run step by step; expected a model "
                    "of one direction that starts from the state it is given"
                )
        return tree_map(lambda *each: torch.cat(each), *states[:-1]), outputs

    def _step(self, x, state):
        result = self._run(x, state)
        if not isinstance(result, tuple) or len(result) != 2:
            raise TypeError(f"model returns a {type_name(type(result))}; expected (outputs, state)")
        for leaf in leaves(result[1]):
            if leaf.ndim != 2 or len(leaf) != len(x) or leaf.is_complex():
                raise ValueError(
                    f"model has a state of shape {tuple(leaf.shape)} and dtype {leaf.dtype}; "
                    f"expected real states (N, H) with N = {len(x)}, from inputs (N, T, D): "
                    "make layers of torch.nn with batch_first=True"
                )
        return result

    def _run(self, x, state):
        return self.model(x) if state is None else self.model(x, state)

    def _tensor(self, name, array):
        tensor = torch.tensor(np.asarray(array))
        weight = next(self.model.parameters(), tensor)
        if tensor.dtype != weight.dtype:
            raise TypeError(
                f"{name} has dtype {tensor.dtype}; expected {weight.dtype}, that of the model"
            )
        return tensor.to(weight.device)

    def _tensors(self, state):
        return None if state is None else tree_map(lambda s: self._tensor("state", s), state)

    @contextmanager
    def _evaluating(self) -> Iterator[None]:
        modes = [(module, module.training) for module in self.model.modules()]
        self.model.eval()
        try:
            with torch.backends.cudnn.flags(enabled=False):  # has no gradients in this mode
                yield
        finally:
            for module, mode in modes:
                module.training = mode


def _gradients(entry, wanted):
    """The gradients of one number a sequence; zeros where it does not depend on something."""
    return torch.autograd.grad(entry.sum(), wanted, retain_graph=True, materialize_grads=True)


def _repeated(state, times):
    """The state of several equal sequences: (N, H), or (L, N, H) as in torch.nn."""
    return None if state is None else tree_map(lambda s: torch.cat([s] * times, dim=-2), state)


def _flat(state):
    """The parts of a state; those of a `Stack`, a list of layers, from the top layer down."""
    return leaves(state[::-1] if isinstance(state, list) else state)


def _array(tensor):
    return tensor.detach().cpu().numpy()
