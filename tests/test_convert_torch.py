"""What a torch module has besides weights is carried, refused or without effect, and shown so.

A newer torch with an argument that nobody has decided on fails the first test here.
"""

from contextlib import nullcontext

import numpy as np
import pytest
import torch
from cells import D, H
from test_convert_arguments import X, arguments, gap
from torch.nn.utils import parametrizations, prune

from rnnbook import convert
from rnnbook.convert import _torch
from rnnbook.numpy import linear, lstm, stack
from rnnbook.tree import leaves

DECIDED_TORCH = {*_torch.CARRIED, *_torch.CHECKED, *_torch.NO_EFFECT}


def test_every_argument_of_torch_is_decided():
    kinds = [torch.nn.RNN, torch.nn.LSTM, torch.nn.GRU, torch.nn.RNNBase, torch.nn.Linear]
    assert {argument for kind in kinds for argument in arguments(kind)} == DECIDED_TORCH


VALUES = {
    "input_size": D,
    "hidden_size": H + 1,
    "num_layers": 3,
    "bias": False,
    "batch_first": False,
    "dropout": 0.5,
    "bidirectional": True,
    "device": "cpu",
    "dtype": torch.float32,
}
CASES = [(kind, name) for kind in ("RNN", "LSTM", "GRU") for name in VALUES]


def made(kind, **options):
    torch.manual_seed(0)
    settings = {"input_size": D, "hidden_size": H, "batch_first": True, "dtype": torch.float64}
    if options.get("dropout"):
        settings["num_layers"] = 2
    return getattr(torch.nn, kind)(**{**settings, **options}).eval()


def outputs(module):
    x = torch.tensor(X, dtype=module.weight_ih_l0.dtype)
    if module.batch_first:
        return module(x)[0].detach().numpy()
    return module(x.swapaxes(0, 1))[0].detach().numpy().swapaxes(0, 1)


def by_numpy(module, **options):
    params = convert.from_torch(module, **options)
    layers = params if isinstance(params, list) else [[params]]
    return stack.forward(layers, X.astype(layers[0][0].W_x.dtype), **options)[0]


@pytest.mark.parametrize("kind, argument", CASES)
def test_arguments_of_torch_are_carried_or_without_effect(kind, argument):
    module = made(kind, **{argument: VALUES[argument]})
    assert gap(outputs(module), by_numpy(module)) < (1e-5 if argument == "dtype" else 1e-12)


def test_dropout_between_layers_acts_in_training_only():
    module = made("LSTM", dropout=0.5)
    evaluated = outputs(module)
    module.train()
    assert gap(outputs(module), evaluated) > 0.001
    assert gap(by_numpy(module), evaluated) < 1e-12
    assert module.training  # as it was found


def test_every_argument_of_torch_has_its_case():
    kinds = [torch.nn.RNN, torch.nn.LSTM, torch.nn.GRU]
    found = {argument for kind in kinds for argument in arguments(kind)}
    assert found == {*VALUES, "nonlinearity", "proj_size"}


def test_nonlinearity_is_stated_or_refused():
    module = made("RNN", nonlinearity="relu")
    assert gap(outputs(module), by_numpy(module, activation="relu")) < 1e-12
    with pytest.raises(ValueError, match=r"nonlinearity is 'relu'; expected 'tanh': write from_"):
        convert.from_torch(module)
    with pytest.raises(ValueError, match=r"module.nonlinearity is 'tanh'; expected 'relu'"):
        convert.from_torch(made("RNN"), activation="relu")
    tanh = made("RNN")
    tanh.load_state_dict(module.state_dict())
    assert gap(outputs(tanh), outputs(module)) > 0.01


def test_a_projection_is_refused():
    with pytest.raises(ValueError, match=r"module has proj_size 2; expected 0: no projection"):
        convert.from_torch(made("LSTM", proj_size=2))


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_arguments_of_a_torch_linear_are_carried(bias, dtype):
    module = torch.nn.Linear(D, H, bias=bias, device="cpu", dtype=dtype)
    y, _ = linear.forward(convert.from_torch(module), X.astype(str(dtype).split(".")[1]))
    assert gap(module(torch.tensor(X, dtype=dtype)).detach().numpy(), y) < 1e-6
    assert arguments(torch.nn.Linear) == {"in_features", "out_features", "bias", "device", "dtype"}


def test_an_option_of_a_newer_torch_is_refused_unless_it_is_at_its_default(monkeypatch):
    monkeypatch.setattr(_torch, "CARRIED", tuple(set(_torch.CARRIED) - {"bias"}))
    convert.from_torch(made("GRU"))
    with pytest.raises(ValueError, match=r"module has bias=False, an option .* default, True"):
        convert.from_torch(made("GRU", bias=False))


# Modules whose forward does not use its parameters as they are.


def old_norm(name):
    """The norms that torch keeps for old code, without their warning."""

    def apply(module):
        with pytest.warns(FutureWarning) if name == "weight_norm" else nullcontext():
            getattr(torch.nn.utils, name)(module, "weight_hh_l0")

    return apply


CHANGES = {
    "parametrised weight norm": lambda m: parametrizations.weight_norm(m, "weight_hh_l0"),
    "parametrised spectral norm": lambda m: parametrizations.spectral_norm(m, "weight_hh_l0"),
    "pruned": lambda m: prune.l1_unstructured(m, "weight_hh_l0", amount=0.3),
    "pruned twice": lambda m: [prune.random_unstructured(m, "weight_hh_l0", 0.2) for _ in range(2)],
    "weight norm": old_norm("weight_norm"),
    "spectral norm": old_norm("spectral_norm"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_changed_weights_are_read_as_forward_uses_them(change):
    module = made("LSTM")
    CHANGES[change](module)
    with torch.no_grad():  # as an optimizer does, after the last forward pass
        for name, weight in module.named_parameters():
            if "orig" in name or name.endswith("_g"):
                weight.mul_(1.5).add_(0.1)
    module.train()
    params = convert.from_torch(module)
    assert module.training
    module.eval()
    assert gap(outputs(module), stack.forward([[params]], X)[0]) < 1e-12


def test_reading_spectrally_normed_weights_twice_gives_the_same():
    module = made("LSTM").train()
    CHANGES["parametrised spectral norm"](module)
    first, second = convert.from_torch(module), convert.from_torch(module)
    assert all((a == b).all() for a, b in zip(first, second, strict=True))


def test_a_linear_layer_may_be_pruned():
    module = torch.nn.Linear(D, H, dtype=torch.float64)
    prune.l1_unstructured(module, "weight", amount=0.3)
    assert (convert.from_torch(module).W == 0).sum() == round(0.3 * D * H)


class Named(torch.nn.LSTM):
    """Only the constructor is its own."""

    def __init__(self):
        super().__init__(D, H, batch_first=True, dtype=torch.float64)


class Scaled(Named):
    def forward(self, x, state=None):
        return super().forward(2 * x, state)


def test_a_subclass_is_read_unless_it_has_a_forward_of_its_own():
    module = Named()
    assert gap(outputs(module), by_numpy(module)) < 1e-12
    with pytest.raises(TypeError, match=r"module is a test_.*Scaled with a `forward` of its own"):
        convert.from_torch(Scaled())
    module.forward = Scaled().forward
    with pytest.raises(TypeError, match=r"Named with a `forward` of its own; expected that"):
        convert.from_torch(module)


def test_hooks_that_may_change_outputs_are_refused():
    module = made("GRU")
    handle = module.register_forward_pre_hook(lambda m, inputs: (2 * inputs[0],))
    with pytest.raises(ValueError, match=r"module has a forward hook, .*: remove it first"):
        convert.from_torch(module)
    handle.remove()
    assert gap(outputs(module), by_numpy(module)) < 1e-12
    module.register_forward_hook(lambda m, inputs, out: (2 * out[0], out[1]))
    with pytest.raises(ValueError, match=r"module has a forward hook"):
        convert.from_torch(module)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("kind", ["RNN", "GRU"])
def test_half_precision_becomes_float32_exactly(kind, dtype):
    module = made(kind, dtype=dtype)
    params = convert.from_torch(module)
    expected = convert.from_torch(made(kind, dtype=dtype).float())
    assert {w.dtype.name for w in params} == {"float32"}
    assert all((a == b).all() for a, b in zip(params, expected, strict=True))
    back = convert.to_torch(params).to(dtype)
    assert (back.weight_hh_l0 == module.weight_hh_l0).all()
    head = torch.nn.Linear(D, H, dtype=dtype)
    assert (head.weight.detach().float().numpy() == convert.from_torch(head).W.T).all()


def test_what_is_no_such_module_is_named_with_a_remedy():
    import rnnbook.torch

    def refused(module):
        with pytest.raises(TypeError, match=r"expected torch.nn.RNN, LSTM, GRU or Linear") as error:
            convert.from_torch(module)
        return str(error.value)

    assert "module is a rnnbook.torch.lstm.LSTM;" in refused(rnnbook.torch.LSTM(D, H))
    assert refused(rnnbook.torch.LSTM(D, H)).endswith(": module.params() has its weights")
    model = torch.nn.ModuleDict({"embedding": torch.nn.Embedding(9, D), "reader": made("LSTM")})
    assert refused(model).endswith(": convert its parts one by one, such as module.reader")
    assert "module is a torch.nn.modules.rnn.LSTMCell;" in refused(torch.nn.LSTMCell(D, H))
    quantised = object.__new__(torch.ao.nn.quantized.dynamic.LSTM)  # only its type counts
    assert refused(quantised).endswith(": convert it before it is quantised")


def test_params_that_do_not_fit_are_refused_not_broadcast():
    rng = np.random.default_rng(0)
    layers = stack.init(lstm, rng, D, H, num_layers=2)
    one = layers[1][0]
    narrow = one._replace(W_x=one.W_x[:1])
    for to in (convert.to_torch, convert.to_keras):
        with pytest.raises(ValueError, match=r"layers\[1\]\[0\].W_x has shape \(1, 16\); expected"):
            to([layers[0], [narrow]])
        with pytest.raises(ValueError, match=r"b has shape \(1,\); expected \(4H,\) = \(16,\)"):
            to(one._replace(b=one.b[:1]))
        with pytest.raises(TypeError, match=r"layers\[1\]\[0\].W_x has dtype float32; expected"):
            to([layers[0], [type(one)(*(w.astype("float32") for w in leaves(one)))]])
        with pytest.raises(ValueError, match=r"b has shape \(1,\); expected \(K,\) = \(4,\)"):
            to(linear.Params(np.ones((D, H)), np.ones(1)))
        with pytest.raises(ValueError, match=r"layers\[0\] is a lstm.Params; .*write \[\[params"):
            to([one])


LAYERS = {"Linear": torch.nn.Linear, "GRU": torch.nn.GRU, "LSTM": torch.nn.LSTM}


@pytest.mark.parametrize("kind", LAYERS)
def test_a_module_without_numbers_is_named(kind):
    with pytest.raises(ValueError, match=r"module is on the device 'meta', which holds no numbers"):
        convert.from_torch(LAYERS[kind](D, H, device="meta"))


@pytest.mark.parametrize("dtype", [torch.float8_e4m3fn, torch.float8_e5m2], ids=str)
@pytest.mark.parametrize("kind", LAYERS)
def test_weights_of_a_dtype_that_numpy_has_not_are_named(kind, dtype):
    module = LAYERS[kind](D, H)
    for parameter in module.parameters():
        parameter.data = torch.ones_like(parameter).to(dtype)
    name = str(dtype).split(".")[1]
    with pytest.raises(TypeError, match=rf"module has weights of dtype {name}; expected float16"):
        convert.from_torch(module)
