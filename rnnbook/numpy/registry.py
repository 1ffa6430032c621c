"""Which module holds the equations of which weights: the one place to enter a new cell."""

from types import ModuleType

from rnnbook._check import type_name
from rnnbook.numpy import gru, lstm, rnn

MODULES = {
    rnn.Params: rnn,
    lstm.Params: lstm,
    lstm.PeepholeParams: lstm,
    gru.Params: gru,
    gru.BeforeParams: gru,
}


def module_of(params, name: str = "params") -> ModuleType:
    """The module whose `forward` and `backward` take `params`; an error calls them `name`.

    >>> import numpy as np
    >>> module_of(gru.init(np.random.default_rng(0), input_size=3, hidden_size=2)).__name__
    'rnnbook.numpy.gru'
    """
    module = MODULES.get(type(params))
    if module is None:
        raise TypeError(
            f"{name} is a {type_name(type(params))}; "
            "expected Params of rnnbook.numpy.rnn, lstm or gru"
        )
    return module
