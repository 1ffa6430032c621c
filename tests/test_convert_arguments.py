"""Each argument of a Keras layer is carried, refused or without effect, and shown to be so.

A newer framework with an argument that nobody has decided on fails the first tests here.
"""

import inspect
from typing import get_overloads

import keras
import numpy as np
import pytest
from cells import D, H, N, T

from rnnbook import convert
from rnnbook.convert import _keras_checks, _torch
from rnnbook.numpy import linear, stack

RECURRENT = ("SimpleRNN", "LSTM", "GRU")
DECIDED_KERAS = {*_keras_checks.CARRIED, *_keras_checks.CHECKED, *_keras_checks.NO_EFFECT}
X = np.random.default_rng(0).standard_normal((N, T, D))
MASK = np.array([[1, 1, 0, 1, 1], [1, 0, 1, 1, 1], [1, 1, 1, 1, 0]], bool)


def arguments(kind):
    """The names of what a constructor takes."""
    signatures = get_overloads(kind.__init__)[:1] or [kind.__init__]
    parameters = inspect.signature(signatures[0]).parameters.values()
    variable = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
    return {p.name for p in parameters if p.kind not in variable} - {"self"}


def keras_arguments(*names):
    return {argument for name in names for argument in arguments(getattr(keras.layers, name))}


def test_every_argument_of_keras_is_decided():
    found = keras_arguments(*RECURRENT, "Bidirectional", "RNN", "Dense", "Layer")
    assert found == DECIDED_KERAS


@pytest.mark.parametrize("groups", [_keras_checks, _torch])
def test_no_argument_is_decided_twice(groups):
    names = [*groups.CARRIED, *groups.CHECKED, *groups.NO_EFFECT]
    assert len(names) == len(set(names))


# Keras. Each argument with a value that is not its default.

VALUES = {
    "units": H + 1,
    "use_bias": False,
    "reset_after": False,
    "dtype": "float32",
    "return_sequences": False,
    "return_state": True,
    "zero_output_for_mask": True,
    "stateful": True,
    "unroll": True,
    "use_cudnn": False,
    "name": "reader",
    "trainable": False,
    "autocast": False,
    "unit_forget_bias": False,
    "activity_regularizer": "l2",
    "dropout": 0.5,
    "recurrent_dropout": 0.5,
    "seed": 3,
    **{f"{weight}_initializer": "ones" for weight in ("kernel", "recurrent", "bias")},
    **{f"{weight}_regularizer": "l2" for weight in ("kernel", "recurrent", "bias")},
    **{f"{weight}_constraint": "non_neg" for weight in ("kernel", "recurrent", "bias")},
    "activation": "softsign",
    "recurrent_activation": "hard_sigmoid",
    "go_backwards": True,
}
REFUSALS = {
    "activation": r"layer.activation is 'softsign'; expected 'tanh'",
    "recurrent_activation": r"layer.recurrent_activation is 'hard_sigmoid'; expected 'sigmoid'",
    "go_backwards": r"has go_backwards=True; .* set layer.go_backwards = False, convert, .*::-1\]",
}


def takes(kind, argument):
    return argument in keras_arguments(kind) or argument in keras_arguments("RNN", "Layer")


CASES = [(kind, argument) for kind in RECURRENT for argument in VALUES if takes(kind, argument)]
carried_or_without_effect = pytest.mark.parametrize(
    "kind, argument", [case for case in CASES if case[1] not in REFUSALS]
)
refused = pytest.mark.parametrize("kind, argument", [c for c in CASES if c[1] in REFUSALS])


def recurrent(kind, **options):
    """A Keras layer with weights from a generator, the same ones whatever the options."""
    settings = {"units": H, "return_sequences": True, "dtype": "float64", **options}
    layer = getattr(keras.layers, kind)(**settings)
    layer.build((N, T, D))
    return filled(layer)


def filled(layer):
    rng = np.random.default_rng(1)
    layer.set_weights([rng.standard_normal(w.shape) for w in layer.get_weights()])
    return layer


def outputs(layer, mask=None):
    result = layer(X.astype(layer.compute_dtype), mask=mask)
    return np.asarray(result[0] if isinstance(result, (list, tuple)) else result)


def by_numpy(layer, mask=None):
    params = convert.from_keras(layer)
    layers = params if isinstance(params, list) else [[params]]
    hs, _, _ = stack.forward(layers, X.astype(layers[0][0].W_x.dtype), mask=mask)
    return hs if getattr(layer, "return_sequences", True) else hs[:, -1]


def gap(a, b):
    """The largest difference, where both have one step or all of them."""
    if a.ndim != b.ndim:
        a, b = (v if v.ndim == 2 else v[:, -1] for v in (a, b))
    return np.abs(a - b).max()


@carried_or_without_effect
def test_numpy_computes_the_same_whatever_is_carried_or_without_effect(kind, argument):
    layer = recurrent(kind, **{argument: VALUES[argument]})
    assert gap(outputs(layer), by_numpy(layer)) < (1e-5 if argument == "dtype" else 1e-12)


@pytest.mark.parametrize("kind, argument", [c for c in CASES if c[1] in _keras_checks.NO_EFFECT])
def test_what_has_no_effect_in_keras_is_what_is_said_to_have_none(kind, argument):
    layer = recurrent(kind, **{argument: VALUES[argument]})
    assert gap(outputs(layer), outputs(recurrent(kind))) < 1e-12


@refused
def test_what_is_refused_changes_the_outputs(kind, argument):
    layer = recurrent(kind, **{argument: VALUES[argument]})
    assert gap(outputs(layer), outputs(recurrent(kind))) > 0.01
    with pytest.raises(ValueError, match=REFUSALS[argument]):
        convert.from_keras(layer)


def test_every_argument_of_a_recurrent_layer_has_its_case():
    elsewhere = {"cell"}
    assert keras_arguments(*RECURRENT, "RNN", "Layer") == set(VALUES) | elsewhere


@pytest.mark.parametrize("kind", RECURRENT)
def test_steps_that_count_are_equal_with_and_without_zeros_at_masked_ones(kind):
    for zero in (True, False):
        layer = recurrent(kind, zero_output_for_mask=zero)
        hs = by_numpy(layer, MASK)
        assert np.abs(outputs(layer, MASK) - hs)[MASK].max() < 1e-12
        assert not hs[~MASK].any()
        assert (np.abs(outputs(layer, MASK) - hs)[~MASK].max() > 0.01) is not zero


@pytest.mark.parametrize("kind", RECURRENT)
def test_the_remedy_for_go_backwards_gives_its_outputs(kind):
    layer = recurrent(kind, go_backwards=True)
    expected = outputs(layer, MASK)
    layer.go_backwards = False
    params = convert.from_keras(layer)
    hs, _, _ = stack.forward([[params]], X[:, ::-1], mask=MASK[:, ::-1])
    assert np.abs(hs - expected)[MASK[:, ::-1]].max() < 1e-12


def test_the_state_that_a_stateful_layer_keeps_is_passed_by_hand():
    layer = recurrent("GRU", stateful=True)
    _, states, _ = stack.forward([[convert.from_keras(layer)]], X)
    outputs(layer)  # the first call leaves its last state
    hs, _, _ = stack.forward([[convert.from_keras(layer)]], X, states)
    assert gap(outputs(layer), hs) < 1e-12
    assert gap(outputs(layer), by_numpy(layer)) > 0.01


@pytest.mark.parametrize("cell", ["SimpleRNNCell", "LSTMCell", "GRUCell"])
def test_cell_is_carried(cell):
    one = getattr(keras.layers, cell)(H, dtype="float64")
    layer = keras.layers.RNN(one, return_sequences=True, dtype="float64")
    layer.build((N, T, D))
    filled(layer)
    assert gap(outputs(layer), by_numpy(layer)) < 1e-12


def bidirectional(kind="LSTM", other=None, **options):
    """Both directions in float64; `other` is the kind of the backward layer."""
    settings = {"return_sequences": True, "dtype": "float64"}
    if other is not None:
        options["backward_layer"] = getattr(keras.layers, other)(H, go_backwards=True, **settings)
    one = getattr(keras.layers, kind)(H, **settings)
    layer = keras.layers.Bidirectional(one, dtype="float64", **options)
    layer.build((N, T, D))
    return filled(layer)


@pytest.mark.parametrize("kind", RECURRENT)
def test_layer_of_bidirectional_is_carried_with_its_direction(kind):
    layer = bidirectional(kind)
    assert gap(outputs(layer), by_numpy(layer)) < 1e-12


def test_backward_layer_of_bidirectional_is_carried():
    layer = bidirectional("LSTM", "GRU")
    assert [type(p).__module__ for p in convert.from_keras(layer)[0]] == [
        "rnnbook.numpy.lstm",
        "rnnbook.numpy.gru",
    ]
    assert gap(outputs(layer), by_numpy(layer)) < 1e-12
    back = convert.to_keras(convert.from_keras(layer))
    assert gap(outputs(back), outputs(layer)) < 1e-12


def test_weights_of_bidirectional_are_those_at_the_start():
    weights = bidirectional().get_weights()
    layer = bidirectional(weights=weights)
    assert gap(outputs(layer), by_numpy(layer)) < 1e-12


@pytest.mark.parametrize("mode", ["sum", "mul", "ave", None])
def test_merge_mode_is_refused_and_its_remedy_gives_its_outputs(mode):
    layer = bidirectional(merge_mode=mode)
    expected = layer(X)
    with pytest.raises(ValueError, match=rf"merge_mode={mode!r}; expected 'concat': set"):
        convert.from_keras(layer)
    layer.merge_mode = "concat"
    a, b = np.split(by_numpy(layer), 2, axis=-1)
    merged = {"sum": a + b, "mul": a * b, "ave": (a + b) / 2, None: np.stack([a, b])}[mode]
    assert gap(np.asarray(expected), merged) < 1e-12


@pytest.mark.parametrize("which, found", [("forward_layer", True), ("backward_layer", False)])
def test_directions_that_are_turned_are_refused(which, found):
    layer = bidirectional()
    getattr(layer, which).go_backwards = found
    with pytest.raises(ValueError, match=rf"has go_backwards={found}; expected {not found}"):
        convert.from_keras(layer)


def test_every_argument_of_bidirectional_has_its_case():
    assert keras_arguments("Bidirectional") == {"layer", "merge_mode", "weights", "backward_layer"}


FOR_WEIGHTS = [name for name in VALUES if name.startswith(("kernel_", "bias_"))]
DENSE = {name: VALUES[name] for name in ["units", "use_bias", "activity_regularizer", *FOR_WEIGHTS]}
DENSE |= {"activation": None, "lora_rank": 2, "lora_alpha": 3.0}


@pytest.mark.parametrize("argument", DENSE)
def test_arguments_of_dense_are_carried_or_without_effect(argument):
    options = {"units": H, "dtype": "float64", argument: DENSE[argument]}
    if argument == "lora_alpha":
        options["lora_rank"] = 2
    layer = keras.layers.Dense(**options)
    layer.build((None, D))
    for weight in layer.weights:  # low-rank factors too
        weight.assign(np.random.default_rng(len(weight.shape)).standard_normal(weight.shape))
    y, _ = linear.forward(convert.from_keras(layer), X)
    assert gap(np.asarray(layer(X)), y) < 1e-12


def test_every_argument_of_dense_has_its_case():
    assert keras_arguments("Dense") == {*DENSE, "quantization_config"}


def test_quantised_dense_is_refused():
    layer = keras.layers.Dense(H)
    layer.build((None, D))
    filled(layer)
    x = X.astype("float32")
    before = np.asarray(layer(x))
    layer.quantize("int8")
    assert gap(np.asarray(layer(x)), before) > 1e-3
    with pytest.raises(ValueError, match=r"is quantised to int8; convert it before that"):
        convert.from_keras(layer)


def test_an_option_of_a_newer_keras_is_refused_unless_it_is_at_its_default(monkeypatch):
    known = tuple(set(_keras_checks.CARRIED) - {"use_bias"})
    monkeypatch.setattr(_keras_checks, "CARRIED", known)
    convert.from_keras(recurrent("LSTM"))
    with pytest.raises(ValueError, match=r"use_bias=False, an option .* default, True"):
        convert.from_keras(recurrent("LSTM", use_bias=False))
