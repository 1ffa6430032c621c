"""The models under test, and random data for them: all sizes differ and nothing is zero."""

from types import MappingProxyType, ModuleType
from typing import Any, NamedTuple

import numpy as np

from rnnbook.numpy import gru, layer_norm_lstm, lstm, rnn, stack
from rnnbook.numpy.registry import module_of
from rnnbook.tree import tree_map

N, T, D, H = 3, 5, 2, 4


class Cell(NamedTuple):
    """A model: its equations, the type of its weights, and the options that ask for it."""

    module: ModuleType
    params_type: type
    options: Any = MappingProxyType({})  # of `init`, and of our layers in both frameworks
    activation: str = "tanh"  # of a plain RNN; not part of its weights

    @property
    def layer(self):
        """What `rnnbook.torch` and `rnnbook.tensorflow` call the layer."""
        return (
            "LayerNormLSTM" if self.module is layer_norm_lstm else self.module.__name__[14:].upper()
        )


CELLS = {
    "rnn-tanh": Cell(rnn, rnn.Params),
    "rnn-relu": Cell(rnn, rnn.Params, activation="relu"),
    "lstm": Cell(lstm, lstm.Params),
    "lstm-peephole": Cell(lstm, lstm.PeepholeParams, {"peepholes": True}),
    "gru-after": Cell(gru, gru.Params),
    "gru-before": Cell(gru, gru.BeforeParams, {"reset": "before"}),
    "layer-norm-lstm": Cell(layer_norm_lstm, layer_norm_lstm.Params),
}
BOUNDED = [name for name, cell in CELLS.items() if cell.activation == "tanh"]
# What the frameworks' own layers can do.
IN_TORCH_NN = ["rnn-tanh", "rnn-relu", "lstm", "gru-after"]
IN_KERAS = [*IN_TORCH_NN, "gru-before"]


def options(cell):
    """The options of `step` and `forward`."""
    return {"activation": cell.activation} if cell.module is rnn else {}


def random_like(tree, rng, dtype=np.float64):
    return tree_map(lambda w: rng.standard_normal(np.shape(w)).astype(dtype), tree)


def random_params(cell, rng, input_size=D, hidden_size=H, dtype=np.float64):
    params = cell.module.init(rng, input_size, hidden_size, **cell.options)
    assert type(params) is cell.params_type, f"{cell} is not what it says: {type(params)}"
    assert module_of(params) is cell.module
    return random_like(params, rng, dtype)


def random_layers(cell, rng, num_layers=1, directions=1, dtype=np.float64):
    sizes = [D] + [directions * H] * (num_layers - 1)
    return [
        [random_params(cell, rng, size, dtype=dtype) for _ in range(directions)] for size in sizes
    ]


def random_state(cell, rng, batch=N, dtype=np.float64):
    h, c = (rng.standard_normal((batch, H)).astype(dtype) for _ in range(2))
    return lstm.State(h, c) if cell.module in (lstm, layer_norm_lstm) else h


class Problem(NamedTuple):
    """A stack, what goes into it, and the gradients at what comes out of it."""

    cell: Cell
    layers: list
    x: np.ndarray
    states: list
    mask: np.ndarray | None
    dhs: np.ndarray
    dstates: list


def random_problem(name, *, num_layers=1, directions=1, mask=None, seed=0, dtype=np.float64):
    """`mask` is None, "lengths" (padded at the end) or "any"; masked inputs are NaN."""
    cell, rng = CELLS[name], np.random.default_rng(seed)
    layers = random_layers(cell, rng, num_layers, directions, dtype)
    x = rng.standard_normal((N, T, D)).astype(dtype)
    mask = {
        None: None,
        "lengths": np.arange(T) < np.array([[5], [2], [4]]),
        "any": np.array([[1, 0, 1, 1, 0], [0, 0, 1, 0, 1], [1, 1, 0, 1, 1]], bool),
    }[mask]
    if mask is not None:
        x[~mask] = np.nan

    def states():
        return [[random_state(cell, rng, dtype=dtype) for _ in layer] for layer in layers]

    dhs = rng.standard_normal((N, T, directions * H)).astype(dtype)
    return Problem(cell, layers, x, states(), mask, dhs, states())


class Result(NamedTuple):
    """Everything that two implementations must agree on."""

    hs: np.ndarray
    states: list
    dlayers: list
    dx: np.ndarray
    dstates_0: list


def run_numpy(problem: Problem) -> Result:
    cell, layers, x, states, mask, dhs, dstates = problem
    hs, last, cache = stack.forward(layers, x, states, mask=mask, activation=cell.activation)
    return Result(hs, last, *stack.backward(layers, cache, dhs, dstates))
