"""Which module holds the equations of which weights: the one place to enter a new cell."""

import inspect
import sys
from types import ModuleType
from typing import Any

from rnnbook._check import described
from rnnbook.numpy import gru, layer_norm_lstm, lstm, rnn

MODULES = {
    rnn.Params: rnn,
    lstm.Params: lstm,
    lstm.PeepholeParams: lstm,
    gru.Params: gru,
    gru.BeforeParams: gru,
    layer_norm_lstm.Params: layer_norm_lstm,
}
VERBS = ("init", "forward", "backward")


def module_of(params: Any, name: str = "params") -> ModuleType:
    """The module whose `forward` and `backward` take `params`; an error calls them `name`.

    That is the module of a registered cell, or the one that defines the type of `params`, if it
    has `init`, `forward(params, x, state)` and `backward`: `min_gru`, or a module of your own.
    Raises `TypeError` for anything else.

    >>> import numpy as np
    >>> module_of(gru.init(np.random.default_rng(0), input_size=3, hidden_size=2)).__name__
    'rnnbook.numpy.gru'
    """
    module = MODULES.get(type(params)) or _recurrent_module(type(params))
    if module is None:
        raise TypeError(
            f"{name} is {described(params)}; expected Params of rnnbook.numpy.rnn, lstm or "
            "gru, or of a module with init, forward(params, x, state) and backward"
        )
    return module


def _recurrent_module(kind):
    module = sys.modules.get(kind.__module__)
    if module is None or not all(hasattr(module, verb) for verb in VERBS):
        return None
    return module if "state" in inspect.signature(module.forward).parameters else None
