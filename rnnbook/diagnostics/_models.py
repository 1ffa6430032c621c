"""How a model is differentiated: as weights in NumPy where they say all, or by its framework."""

import sys
from typing import Any

from rnnbook import convert
from rnnbook._check import check_choice, type_name
from rnnbook.convert._common import check_activation
from rnnbook.convert._keras_checks import function_name
from rnnbook.diagnostics._numpy import NumPyModel
from rnnbook.numpy.registry import MODULES

PLAIN = ("RNN", "LSTM", "GRU", "SimpleRNN")


def as_model(model: Any, activation: str | None = None) -> Any:
    """An object with the methods `output_gradients` and `jacobians`.

    `activation` is that of plain layers. For weights in NumPy it is "tanh" unless stated; a model
    of a framework knows its own, and only that of a plain one may be stated.
    """
    if activation is not None:
        check_choice("activation", activation, ("tanh", "relu"))
    if hasattr(model, "_fields") or isinstance(model, list):
        return _from_params(model, activation or "tanh")
    if _is_plain(model):
        own = _activation(model)
        if activation not in (None, own):
            raise ValueError(f"activation is {activation!r}; expected {own!r}, that of the model")
        return _from_params(_params_of(model, own), own)
    found = _of_framework(model)
    if activation is not None:
        raise ValueError(
            f"activation is {activation!r}; expected None for a {type_name(type(model))}, which "
            "has its own"
        )
    return found


def _of_framework(model):
    if _is_a(model, "torch", "nn", "Module"):
        from rnnbook.diagnostics._torch import TorchModel

        return TorchModel(model)
    if _is_a(model, "keras", "layers", "Layer"):
        from rnnbook.diagnostics._keras import KerasModel

        return KerasModel(model)
    raise TypeError(
        f"model is a {type_name(type(model))}; expected NumPy Params, a list [layer][direction] "
        "of them, a torch module or a Keras layer"
    )


def is_single(model: Any) -> bool:
    """Whether it is one plain layer of one direction.

    >>> import numpy as np
    >>> from rnnbook.numpy import gru
    >>> params = gru.init(np.random.default_rng(0), 3, 2)
    >>> is_single(as_model(params)), is_single(as_model([[params]]))
    (True, False)
    """
    return isinstance(model, NumPyModel) and model.single and type(model.layers[0][0]) in MODULES


def _from_params(params, activation):
    single = not isinstance(params, list)
    model = NumPyModel([[params]] if single else params, activation, single=single)
    check_activation([type(one) for layer in model.layers for one in layer], activation)
    return model


def _is_plain(model):
    """Whether it is an RNN, LSTM or GRU of torch.nn, Keras or this package, of that very type.

    One of Keras with other functions than those of `rnnbook.numpy` is not.
    """
    kind = type(model)
    ours = kind.__module__.startswith(("rnnbook.torch.", "rnnbook.tensorflow."))
    theirs = kind.__module__ == "torch.nn.modules.rnn" or kind.__module__.startswith("keras.")
    backwards = getattr(model, "go_backwards", False)
    if kind.__name__ not in PLAIN or not (ours or theirs) or backwards or _has_cell(kind):
        return False
    gates = _name(getattr(model, "recurrent_activation", "sigmoid"))
    usual = ("tanh", "relu") if kind.__name__ == "SimpleRNN" else ("tanh",)
    return ours or (_name(getattr(model, "activation", "tanh")) in usual and gates == "sigmoid")


def _has_cell(kind):
    """Keras's RNN is a loop around any cell, not a plain RNN."""
    return kind.__module__.startswith("keras.") and kind.__name__ == "RNN"


def _params_of(model, activation):
    if type(model).__module__.startswith("rnnbook."):
        return model.params()
    if type(model).__module__.startswith("torch."):
        return convert.from_torch(model, activation=activation)
    return convert.from_keras(model, activation=activation)


def _activation(model):
    """The activation of a plain RNN, which is not part of its weights; "tanh" of the others."""
    if type(model).__name__ not in ("RNN", "SimpleRNN"):
        return "tanh"
    own = getattr(model, "nonlinearity", None) or getattr(model, "activation", None)
    return _name(own or getattr(getattr(model, "cell", None), "activation", "tanh"))


def _name(function):
    return function if isinstance(function, str) else function_name(function)


def _is_a(model, package, *names):
    """Whether `model` is of the class package.names, without importing the package."""
    found = sys.modules.get(package)
    for name in names:
        found = getattr(found, name, None)
    return isinstance(found, type) and isinstance(model, found)
