"""What both sides of a conversion check."""

import importlib
import inspect
from collections.abc import Collection, Iterable
from types import ModuleType
from typing import Any

import numpy as np

from rnnbook._check import check_choice, check_dtypes, check_shape, described, type_name
from rnnbook.numpy import linear, rnn, stack
from rnnbook.numpy.registry import module_of


def require(name: str, caller: str, install: str) -> ModuleType:
    """The module of a framework, or an error that says how to install it.

    >>> require("torch", "to_torch", "torch").__name__
    'torch'
    """
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        missing = (error.name or name).partition(".")[0]  # Keras may miss its backend
        raise ModuleNotFoundError(
            f"convert.{caller} needs {name}, and there is no module {missing}: "
            f"pip install {install}",
            name=missing,
        ) from error


def full_name(value: Any) -> str:
    """The type of a value with its module, for types of one name in several packages.

    >>> full_name(rnn.init(np.random.default_rng(0), input_size=3, hidden_size=2))
    'rnnbook.numpy.rnn.Params'
    """
    kind = type(value)
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"


def nested(params: Any, known: Collection[type], framework: str) -> list:
    """One `Params` or a stack as [layer][direction], after a check of types, shapes and dtypes.

    >>> from rnnbook.numpy import gru
    >>> params = gru.init(np.random.default_rng(0), 3, 2)
    >>> nested(params, [gru.Params], "torch.nn") == [[params]]
    True
    """
    layers = params if isinstance(params, list) else [[params]]
    if isinstance(params, list):
        stack.check_layers(params)
    for i, layer in enumerate(layers):
        for k, one in enumerate(layer):
            name = f"layers[{i}][{k}]" if isinstance(params, list) else "params"
            _check_weights(one, name, known, framework)
    for i in range(1, len(layers)):
        below = sum(len(one.W_h) for one in layers[i - 1])
        for k, one in enumerate(layers[i]):
            shape = (below, one.W_x.shape[1])
            check_shape(f"layers[{i}][{k}].W_x", one.W_x, "(H of the layer below, ...)", shape)
    flat = {f"layers[{i}][{k}]": one for i, two in enumerate(layers) for k, one in enumerate(two)}
    check_dtypes(**{f"{name}.W_x": one.W_x for name, one in flat.items()})
    return layers


def _check_weights(params, name, known, framework):
    if not hasattr(params, "_fields"):
        raise TypeError(
            f"{name} is a {full_name(params)}; expected Params of rnnbook.numpy.rnn, lstm, gru or "
            "linear, or a list of layers"
        )
    if type(params) not in known:
        raise ValueError(f"{name} is {described(params)}; {framework} has no such model")
    check_dtypes(**params._asdict())
    module_of(params).forward(
        params, np.zeros((1, 1, len(params.W_x)), params.W_x.dtype)
    )  # checks shapes


def check_activation(kinds: Collection[type], activation: str) -> None:
    """Raise unless layers of these kinds can have the activation: plain ones have two.

    >>> check_activation([linear.Params], "relu")
    Traceback (most recent call last):
    ...
    ValueError: activation is 'relu'; linear.Params has none: leave it out, and apply it yourself
    """
    check_choice("activation", activation, ("tanh", "relu"))
    if activation != "tanh" and rnn.Params not in kinds:
        kind = next(iter(kinds))
        remedy = "always uses 'tanh'"
        if kind is linear.Params:
            remedy = "has none: leave it out, and apply it yourself"
        raise ValueError(f"activation is {activation!r}; {type_name(kind)} {remedy}")


def check_options(
    name: str, owners: Iterable[Any], classes: Iterable[type], decided: Collection[str]
) -> None:
    """Raise for an option that a newer framework has, if it is not at its default.

    `classes` are those whose constructors have the options, `owners` hold their values, and
    `decided` are the options of which it is known whether they change outputs.
    """
    for kind in classes:
        for option, parameter in inspect.signature(kind).parameters.items():
            if option in decided or parameter.default is inspect.Parameter.empty:
                continue
            for owner in owners:
                value = getattr(owner, option, parameter.default)
                if value is not parameter.default and value != parameter.default:
                    raise ValueError(
                        f"{name} has {option}={value!r}, an option that rnnbook.convert does not "
                        f"know; expected its default, {parameter.default!r}"
                    )


def check_own_methods(name: str, value: Any, kind: type, methods: Iterable[str]) -> None:
    """Raise `TypeError` where a subclass or an instance computes otherwise than `kind`.

    A subclass that only adds to the constructor is fine.
    """
    for method in methods:
        if method in vars(value) or getattr(type(value), method) is not getattr(kind, method):
            raise TypeError(
                f"{name} is a {full_name(value)} with a `{method}` of its own; expected that of "
                f"{kind.__name__}: copy its weights into a plain {kind.__name__} if they compute "
                "the same"
            )
