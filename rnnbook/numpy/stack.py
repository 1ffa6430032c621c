"""Several recurrent layers on top of each other, each in one direction or in both.

`layers` is a list with one entry a layer, and an entry is a list of one `Params` (left to
right) or two (left to right, then right to left). The two directions' outputs are joined along
the features, so the next layer sees 2H of them. Layers may be of any kind, mixed if you like:
any module with `init`, `forward(params, x, state, *, mask)` and `backward(params, cache, dhs,
dstate)` will do, also one of your own that defines the type of its weights.

A stack of one direction can also be run one step at a time, which is how a trained network
serves a stream (`rnnbook.weights` has a worked example):

>>> from rnnbook.numpy import gru, lstm
>>> rng, x = np.random.default_rng(0), np.random.default_rng(1).standard_normal((1, 6, 3))
>>> layers = init(lstm, rng, 3, 4) + init(gru, rng, 4, 2)
>>> hs, last, _ = forward(layers, x)
>>> states = None
>>> for t in range(6):
...     h, states = step(layers, x[:, t], states)
>>> bool(np.allclose(h, hs[:, -1], rtol=0, atol=1e-15))
True
"""

from collections.abc import Sequence
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from rnnbook._check import (
    check_dtypes,
    check_nested,
    check_shape,
    check_sizes,
    described,
)
from rnnbook.numpy import rnn
from rnnbook.numpy.registry import MODULES, module_of
from rnnbook.tree import leaves, tree_map


class Cache(NamedTuple):
    """What the backward pass needs from the forward pass, as [layer][direction]."""

    caches: list  # of the layers' own modules
    sizes: list  # how many features each direction returned


def init(
    cell: ModuleType,
    rng: np.random.Generator,
    input_size: int,
    hidden_size: int,
    *,
    num_layers: int = 1,
    bidirectional: bool = False,
    **options: Any,
) -> list:
    """Random weights of a stack; `cell` is a module such as `rnn`, `lstm`, `gru` or `min_gru`.

    >>> from rnnbook.numpy import lstm
    >>> layers = init(lstm, np.random.default_rng(0), 3, 2, num_layers=2, bidirectional=True)
    >>> [[params.W_x.shape for params in layer] for layer in layers]
    [[(3, 8), (3, 8)], [(4, 8), (4, 8)]]
    """
    check_sizes(num_layers=num_layers)
    layers: list = []
    size, directions = input_size, 2 if bidirectional else 1
    for _ in range(num_layers):
        if layers:
            size = directions * _output_size(layers[-1][0], size)
        layers.append([cell.init(rng, size, hidden_size, **options) for _ in range(directions)])
    return layers


def forward(
    layers: list,
    x: np.ndarray,
    states: Sequence | None = None,
    *,
    mask: np.ndarray | None = None,
    activation: str = "tanh",
) -> tuple[np.ndarray, list, Cache]:
    """Run a stack. Returns the top layer's outputs, the last states and the cache.

    `states` has one state for each entry of `layers`, nested alike (None: zeros). `activation`
    is that of plain recurrent layers. The right-to-left direction reads the sequence flipped in
    time, mask included, and flips its outputs back; with a mask, each sequence is therefore
    reversed within its own steps. Its last state is the one at the first step.

    >>> from rnnbook.numpy import gru
    >>> layers = init(gru, np.random.default_rng(0), 3, 2, bidirectional=True)
    >>> hs, states, cache = forward(layers, np.ones((1, 5, 3)))
    >>> hs.shape, [[state.shape for state in layer] for layer in states]
    ((1, 5, 4), [[(1, 2), (1, 2)]])
    """
    check_layers(layers)
    _check_states(layers, states)
    last_states, caches, sizes = [], [], []
    for index, layer in enumerate(layers):
        outputs = []
        for direction, params in enumerate(layer):
            state = None if states is None else states[index][direction]
            outputs.append(_run(params, x, state, mask, direction == 1, activation))
        hs, new_states, layer_caches = zip(*outputs, strict=True)
        x = np.concatenate(hs, axis=-1)
        last_states.append(list(new_states))
        caches.append(list(layer_caches))
        sizes.append([outputs.shape[-1] for outputs in hs])
    return x, last_states, Cache(caches, sizes)


def step(
    layers: list, x_t: np.ndarray, states: Sequence | None = None, *, activation: str = "tanh"
) -> tuple[np.ndarray, list]:
    """One step of a stack: inputs (N, D) and states give the top layer's h (N, H) and new states.

    `states` is nested as in `forward` (None: zeros, before the first step), which may also have
    computed it: read a prompt at once, then go on step by step. Equal to `forward` up to the
    rounding of differently shaped products.

    Raises `ValueError` for a layer of two directions: the right-to-left one starts at the last
    step, so it has no output before the whole sequence is there.

    >>> from rnnbook.numpy import lstm
    >>> layers = init(lstm, np.random.default_rng(0), 3, 2, num_layers=2)
    >>> h, states = step(layers, np.ones((1, 3)))
    >>> h.shape, [[type(state).__name__ for state in layer] for layer in states]
    ((1, 2), [['State'], ['State']])
    """
    _check_step(layers, x_t)
    if states is None:  # a first state has the shape of a last one
        _, last, _ = forward(layers, x_t[:, None], activation=activation)
        states = tree_map(np.zeros_like, last)
    _check_states(layers, states)
    new_states = []
    for (params,), (state,) in zip(layers, states, strict=True):
        x_t, state = _run_step(params, x_t, state, activation)
        new_states.append([state])
    return x_t.copy(), new_states  # of its own: who changes the output leaves the state alone


def backward(
    layers: list, cache: Cache, dhs: np.ndarray | None, dstates: Sequence | None = None
) -> tuple[list, np.ndarray, list]:
    """Gradients of all weights (nested like `layers`), of `x`, and of the first states.

    >>> from rnnbook.numpy import gru
    >>> layers = init(gru, np.random.default_rng(0), 3, 2, num_layers=2, bidirectional=True)
    >>> hs, states, cache = forward(layers, np.ones((1, 5, 3)))
    >>> dlayers, dx, dstates_0 = backward(layers, cache, np.ones_like(hs))
    >>> dlayers[1][0].W_x.shape, dx.shape
    ((4, 6), (1, 5, 3))
    """
    check_layers(layers)
    _check_states(layers, dstates, "dstates")
    dlayers, dstates_0 = [], []
    for index in reversed(range(len(layers))):
        layer = layers[index]
        parts = _split(dhs, cache.sizes[index])
        outputs = []
        for direction, params in enumerate(layer):
            dstate = None if dstates is None else dstates[index][direction]
            outputs.append(
                _run_backward(
                    params,
                    cache.caches[index][direction],
                    parts[direction],
                    dstate,
                    direction == 1,
                )
            )
        dlayer, dxs, dlayer_states = zip(*outputs, strict=True)
        dhs = dx = sum(dxs)  # what a layer reads is what the one below returned
        dlayers.append(list(dlayer))
        dstates_0.append(list(dlayer_states))
    return dlayers[::-1], dx, dstates_0[::-1]


def check_layers(layers: list, name: str = "layers") -> None:
    """Raise unless `layers` is a stack: a list of layers, each a list of one or two `Params`.

    >>> from rnnbook.numpy import gru
    >>> check_layers(gru.init(np.random.default_rng(0), 3, 2))
    Traceback (most recent call last):
    ...
    TypeError: layers is a gru.Params; expected a list of layers: write [[params]] for a single one
    """
    if not isinstance(layers, list):
        raise TypeError(
            f"{name} is {described(layers)}; "
            "expected a list of layers: write [[params]] for a single one"
        )
    if not layers:
        raise ValueError(f"{name} is empty; expected at least one layer")
    for index, layer in enumerate(layers):
        where = f"{name}[{index}]"
        if not isinstance(layer, list):
            raise ValueError(
                f"{where} is {described(layer)}; expected a list of 1 or 2, the directions: "
                "write [[params], ...]"
            )
        if len(layer) not in (1, 2):
            raise ValueError(f"{where} is a list of {len(layer)}; expected 1 or 2, the directions")
        for direction, params in enumerate(layer):
            module_of(params, f"{where}[{direction}]")


def _output_size(params, input_size):
    """How many features a layer returns; a linear recurrence may return D of them, not H."""
    if type(params) in MODULES:
        return len(params.W_h)
    x = np.zeros((1, 1, input_size), leaves(params)[0].dtype)
    return module_of(params).forward(params, x)[0].shape[-1]


def _run(params, x, state, mask, reverse, activation):
    if reverse:
        x, mask = _flip(x), _flip(mask)
    options = _options(params, activation)
    hs, state, cache = module_of(params).forward(params, x, state, mask=mask, **options)
    return (_flip(hs) if reverse else hs), state, cache


def _run_step(params, x_t, state, activation):
    module = module_of(params)
    if type(params) in MODULES:
        state = module.step(params, x_t, state, **_options(params, activation))
        return getattr(state, "h", state), state
    hs, state, _ = module.forward(params, x_t[:, None], state)
    return hs[:, 0], state


def _options(params, activation):
    return {"activation": activation} if isinstance(params, rnn.Params) else {}


def _run_backward(params, cache, dhs, dstate, reverse):
    dhs = _flip(dhs) if reverse else dhs
    dparams, dx, dstate_0 = module_of(params).backward(params, cache, dhs, dstate)
    return dparams, (_flip(dx) if reverse else dx), dstate_0


def _split(dhs, sizes):
    """The gradients of the directions' outputs, which may differ in size."""
    if dhs is None or len(sizes) == 1:
        return [dhs] * len(sizes)
    check_dtypes(dhs=dhs)
    check_shape("dhs", dhs, "(N, T, both outputs)", (*dhs.shape[:-1], sum(sizes)))
    return np.split(dhs, sizes[:1], axis=-1)


def _flip(v):
    return None if v is None else v[:, ::-1]


def _check_states(layers, states, name="states"):
    if states is not None:
        check_nested(name, states, layers)


def _check_step(layers, x_t):
    check_layers(layers)
    for index, layer in enumerate(layers):
        if len(layer) == 2:
            raise ValueError(
                f"layers[{index}] has two directions; expected one: right to left starts at the "
                "last step, so run the whole sequence with forward"
            )
    check_dtypes(x_t=x_t)
    if x_t.ndim != 2:
        raise ValueError(
            f"x_t has shape {x_t.shape}; expected (N, D), the inputs of one step: "
            "x_t[None] is a batch of one"
        )
