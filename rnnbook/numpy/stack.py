"""Several recurrent layers on top of each other, each in one direction or in both.

`layers` is a list with one entry a layer, and an entry is a list of one `Params` (left to
right) or two (left to right, then right to left). The two directions' outputs are joined along
the features, so the next layer sees 2H of them. Layers may be of any kind, mixed if you like.
"""

import numpy as np

from rnnbook._check import type_name
from rnnbook.numpy import rnn
from rnnbook.numpy.registry import module_of


def init(
    cell,
    rng: np.random.Generator,
    input_size: int,
    hidden_size: int,
    *,
    num_layers: int = 1,
    bidirectional: bool = False,
    **options,
) -> list:
    """Random weights of a stack; `cell` is one of the modules `rnn`, `lstm`, `gru`.

    >>> from rnnbook.numpy import lstm
    >>> layers = init(lstm, np.random.default_rng(0), 3, 2, num_layers=2, bidirectional=True)
    >>> [[params.W_x.shape for params in layer] for layer in layers]
    [[(3, 8), (3, 8)], [(4, 8), (4, 8)]]
    """
    directions = 2 if bidirectional else 1
    sizes = [input_size] + [directions * hidden_size] * (num_layers - 1)
    return [
        [cell.init(rng, size, hidden_size, **options) for _ in range(directions)] for size in sizes
    ]


def forward(layers: list, x: np.ndarray, states=None, *, mask=None, activation: str = "tanh"):
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
    _check_layers(layers, states)
    last_states, caches = [], []
    for index, layer in enumerate(layers):
        outputs = []
        for direction, params in enumerate(layer):
            state = None if states is None else states[index][direction]
            outputs.append(_run(params, x, state, mask, direction == 1, activation))
        hs, new_states, layer_caches = zip(*outputs, strict=True)
        x = np.concatenate(hs, axis=-1)
        last_states.append(list(new_states))
        caches.append(list(layer_caches))
    return x, last_states, caches


def backward(layers: list, cache: list, dhs: np.ndarray | None, dstates=None):
    """Gradients of all weights (nested like `layers`), of `x`, and of the first states.

    >>> from rnnbook.numpy import gru
    >>> layers = init(gru, np.random.default_rng(0), 3, 2, num_layers=2, bidirectional=True)
    >>> hs, states, cache = forward(layers, np.ones((1, 5, 3)))
    >>> dlayers, dx, dstates_0 = backward(layers, cache, np.ones_like(hs))
    >>> dlayers[1][0].W_x.shape, dx.shape
    ((4, 6), (1, 5, 3))
    """
    _check_layers(layers, dstates)
    dlayers, dstates_0 = [], []
    for index in reversed(range(len(layers))):
        layer = layers[index]
        parts = [None] * len(layer) if dhs is None else np.split(dhs, len(layer), axis=-1)
        outputs = []
        for direction, params in enumerate(layer):
            dstate = None if dstates is None else dstates[index][direction]
            outputs.append(
                _run_backward(
                    params, cache[index][direction], parts[direction], dstate, direction == 1
                )
            )
        dlayer, dxs, dlayer_states = zip(*outputs, strict=True)
        dhs = sum(dxs)
        dlayers.append(list(dlayer))
        dstates_0.append(list(dlayer_states))
    return dlayers[::-1], dhs, dstates_0[::-1]


def _run(params, x, state, mask, reverse, activation):
    if reverse:
        x, mask = _flip(x), _flip(mask)
    options = {"activation": activation} if isinstance(params, rnn.Params) else {}
    hs, state, cache = module_of(params).forward(params, x, state, mask=mask, **options)
    return (_flip(hs) if reverse else hs), state, cache


def _run_backward(params, cache, dhs, dstate, reverse):
    dhs = _flip(dhs) if reverse else dhs
    dparams, dx, dstate_0 = module_of(params).backward(params, cache, dhs, dstate)
    return dparams, (_flip(dx) if reverse else dx), dstate_0


def _flip(v):
    return None if v is None else v[:, ::-1]


def _check_layers(layers, states):
    for index, layer in enumerate(layers):
        if not isinstance(layer, list) or len(layer) not in (1, 2):
            raise ValueError(
                f"layers[{index}] is {type_name(type(layer))}; expected a list of 1 or 2"
            )
        for direction, params in enumerate(layer):
            module_of(params, f"layers[{index}][{direction}]")
    if states is not None and [len(s) for s in states] != [len(layer) for layer in layers]:
        raise ValueError(
            f"states is nested as {[len(s) for s in states]}; "
            f"expected {[len(layer) for layer in layers]}, one state for each direction"
        )
