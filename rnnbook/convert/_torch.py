"""Weights to and from `torch.nn`."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from rnnbook._check import FLOATING, check_choice, described, type_name
from rnnbook.convert._common import (
    check_activation,
    check_options,
    check_own_methods,
    full_name,
    nested,
    require,
)
from rnnbook.numpy import gru, linear, lstm, rnn

if TYPE_CHECKING:
    import torch

# What torch calls the same model, where it has one.
TORCH: dict[type, str] = {rnn.Params: "RNN", lstm.Params: "LSTM", gru.Params: "GRU"}

# What becomes of each argument of torch.nn.RNN, LSTM, GRU and Linear.
CARRIED = (
    *("input_size", "hidden_size", "num_layers", "bias", "bidirectional", "dtype"),
    *("in_features", "out_features"),
)
CHECKED = ("mode", "nonlinearity", "proj_size")
NO_EFFECT = (
    "batch_first",  # the order of axes of x and hs; NumPy is always batch first
    "dropout",  # in training only
    "device",
)


def to_torch(params: Any, *, activation: str = "tanh") -> "torch.nn.Module":
    """A `torch.nn.RNN`, `LSTM` or `GRU` (batch first) with the weights of `params`.

    `params` is one `Params`, or a stack nested as [layer][direction] of one kind and one hidden
    size; `linear.Params` give a `torch.nn.Linear`. Raises `ValueError` where torch.nn has no such
    model: peepholes, reset before the product, mixed kinds or sizes. torch.nn has two biases and
    training steps both: freeze one (`module.bias_hh_l0.requires_grad_(False)`) to train as this
    package does.

    >>> params = gru.init(np.random.default_rng(0), input_size=3, hidden_size=2)
    >>> to_torch(params)
    GRU(3, 2, batch_first=True)
    >>> to_torch(linear.init(np.random.default_rng(0), input_size=2, output_size=4))
    Linear(in_features=2, out_features=4, bias=True)
    """
    torch = require("torch", "to_torch", "torch")
    check_choice("activation", activation, ("tanh", "relu"))
    if isinstance(params, linear.Params):
        check_activation([linear.Params], activation)
        return _to_linear(torch, params)
    layers = nested(params, TORCH, "torch.nn")
    kind, hidden_size, directions = _check_uniform(layers)
    check_activation([kind], activation)
    options = {"nonlinearity": activation} if kind is rnn.Params else {}
    first = layers[0][0]
    module = getattr(torch.nn, TORCH[kind])(
        len(first.W_x),
        hidden_size,
        num_layers=len(layers),
        bidirectional=directions == 2,
        batch_first=True,
        dtype=getattr(torch, first.W_x.dtype.name),
        **options,
    )
    with torch.no_grad():
        for suffix, p in zip(_suffixes(len(layers), directions), _flat(layers), strict=True):
            b_x, b_h = (p.b_x, p.b_h) if kind is gru.Params else (p.b, np.zeros_like(p.b))
            values = {"weight_ih": p.W_x.T, "weight_hh": p.W_h.T, "bias_ih": b_x, "bias_hh": b_h}
            for name, value in values.items():
                getattr(module, f"{name}_{suffix}").copy_(torch.tensor(value))
    return module


def _to_linear(torch, params):
    linear.check_params(params)
    module = torch.nn.Linear(*params.W.shape, dtype=getattr(torch, params.W.dtype.name))
    with torch.no_grad():
        module.weight.copy_(torch.tensor(params.W.T))
        module.bias.copy_(torch.tensor(params.b))
    return module


def from_torch(module: "torch.nn.Module", *, activation: str = "tanh") -> Any:
    """The weights of a `torch.nn.RNN`, `LSTM` or `GRU` as `Params`, nested if there are several.

    A module of one layer and one direction gives one `Params`, any other [layer][direction]; a
    `torch.nn.Linear` gives `linear.Params`. A module without biases gets zeros. float16 and
    bfloat16 become float32, exactly.

    The activation of a plain network is not part of its weights. State it, `from_torch(module,
    activation="relu")`, and pass the same to `rnn.forward` or `stack.forward`; a module that
    has another one is refused. Weights that are pruned, weight-normed or otherwise parametrised
    are read as forward uses them in evaluation mode.

    Raises `TypeError` for a module that is no such layer, has a `forward` of its own, or weights
    of eight bits, and `ValueError` for projections, another activation, hooks that may change
    outputs, and the device "meta".

    >>> import torch
    >>> from_torch(torch.nn.LSTM(3, 2)).W_x.shape
    (3, 8)
    >>> from_torch(torch.nn.RNN(3, 2, nonlinearity="relu"))
    Traceback (most recent call last):
    ...
    ValueError: module.nonlinearity is 'relu'; expected 'tanh': write from_torch(module, \
activation='relu'), and pass the same activation to forward
    """
    torch = require("torch", "from_torch", "torch")
    check_choice("activation", activation, ("tanh", "relu"))
    kind = _kind_of(torch, module)
    check_activation([kind], activation)
    if kind is linear.Params:
        return _from_linear(torch, module)
    _check_module(torch, module, kind, activation)
    directions = 2 if module.bidirectional else 1
    with _evaluating(module):
        flat = [
            _weights(module, kind, suffix) for suffix in _suffixes(module.num_layers, directions)
        ]
    layers = [flat[i : i + directions] for i in range(0, len(flat), directions)]
    return flat[0] if len(flat) == 1 else layers


def _from_linear(torch, module):
    check_own_methods("module", module, torch.nn.Linear, ("forward", "__call__"))
    check_options("module", [module], [torch.nn.Linear], CARRIED + CHECKED + NO_EFFECT)
    with _evaluating(module):
        W = np.ascontiguousarray(_array(module.weight).T)
        b = np.zeros(W.shape[1], W.dtype) if module.bias is None else _array(module.bias)
    return linear.Params(W, b)


def _weights(module, kind, suffix):
    def weight(name):
        return _array(getattr(module, f"{name}_{suffix}"))

    W_x, W_h = (np.ascontiguousarray(weight(name).T) for name in ("weight_ih", "weight_hh"))
    if module.bias:
        b_x, b_h = weight("bias_ih"), weight("bias_hh")
    else:
        b_x, b_h = np.zeros((2, W_x.shape[1]), W_x.dtype)
    return gru.Params(W_x, W_h, b_x, b_h) if kind is gru.Params else kind(W_x, W_h, b_x + b_h)


def _array(weight):
    if weight.device.type == "meta":
        raise ValueError(
            "module is on the device 'meta', which holds no numbers; expected one with weights: "
            "module.to_empty(device='cpu') and load_state_dict"
        )
    dtype = str(weight.dtype).removeprefix("torch.")
    if dtype not in ("float16", "bfloat16", *FLOATING):
        raise TypeError(
            f"module has weights of dtype {dtype}; expected float16, bfloat16 or one of "
            f"{', '.join(FLOATING)}: module.float() first"
        )
    weight = weight.detach().cpu()
    if weight.dtype.itemsize == 2:  # float16 and bfloat16, both of which float32 contains
        weight = weight.float()
    return weight.numpy().copy()


@contextmanager
def _evaluating(module) -> Iterator[None]:
    """Evaluation mode, with weights as `forward` would compute them: pruned, normed."""
    modes = [(part, part.training) for part in module.modules()]
    module.eval()
    try:
        for hook in _weight_hooks(module):
            hook(module, ())
        yield
    finally:
        for part, training in modes:
            part.training = training


def _weight_hooks(module):
    """The hooks that compute weights before each call; any other might change outputs."""
    from torch.nn.utils.prune import BasePruningMethod
    from torch.nn.utils.spectral_norm import SpectralNorm
    from torch.nn.utils.weight_norm import WeightNorm

    before, after = module._forward_pre_hooks.values(), module._forward_hooks.values()
    known = (BasePruningMethod, SpectralNorm, WeightNorm)
    others = [hook for hook in before if not isinstance(hook, known)] + [*after]
    if others:
        name = getattr(others[0], "__qualname__", full_name(others[0]))
        raise ValueError(
            f"module has a forward hook, {name}, that may change what it computes; expected none: "
            "remove it first (handle.remove())"
        )
    return [*before]


def _kind_of(torch, module):
    kinds = {getattr(torch.nn, name): kind for kind, name in TORCH.items()}
    kinds[torch.nn.Linear] = linear.Params
    for base, kind in kinds.items():
        if isinstance(module, base):
            return kind
    raise TypeError(
        f"module is a {full_name(module)}; expected torch.nn.RNN, LSTM, GRU or Linear"
        + _remedy(torch, module, tuple(kinds))
    )


def _remedy(torch, module, kinds):
    where = type(module).__module__
    if where.startswith("rnnbook.") and hasattr(module, "params"):
        return ": module.params() has its weights"
    if where.startswith("keras."):
        return ": use convert.from_keras"
    if "quantized" in where:
        return ": convert it before it is quantised"
    if isinstance(module, torch.nn.Module):
        parts = [name for name, part in module.named_modules() if isinstance(part, kinds)]
        if parts:
            return f": convert its parts one by one, such as module.{parts[0]}"
    return ""


def _check_module(torch, module, kind, activation):
    base = getattr(torch.nn, TORCH[kind])
    check_own_methods("module", module, base, ("forward", "__call__"))
    check_options("module", [module], [torch.nn.RNNBase], CARRIED + CHECKED + NO_EFFECT)
    if module.proj_size:
        raise ValueError(f"module has proj_size {module.proj_size}; expected 0: no projection")
    found = getattr(module, "nonlinearity", "tanh")
    if found != activation:
        raise ValueError(
            f"module.nonlinearity is {found!r}; expected {activation!r}: write "
            f"from_torch(module, activation={found!r}), and pass the same activation to forward"
        )


def _suffixes(num_layers, directions):
    return [
        f"l{layer}{'_reverse' if direction else ''}"
        for layer in range(num_layers)
        for direction in range(directions)
    ]


def _flat(layers):
    return [params for layer in layers for params in layer]


def _check_uniform(layers):
    first, directions = layers[0][0], len(layers[0])
    kind = type(first)
    for index, layer in enumerate(layers):
        for params in layer:
            if type(params) is not kind or len(params.W_h) != len(first.W_h):
                raise ValueError(
                    f"layers[{index}] is {described(params)} with H = {len(params.W_h)}; "
                    f"torch.nn needs {type_name(kind)} with H = {len(first.W_h)} in all layers"
                )
        if len(layer) != directions:
            raise ValueError(f"layers[{index}] has {len(layer)} directions; expected {directions}")
    return kind, len(first.W_h), directions
