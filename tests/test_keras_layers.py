"""Keras layers as Keras has them: attached masks, options of `keras.layers.RNN`, dtypes, params."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras_cases import (
    CASES,
    FRAME,
    KERAS_RNN,
    OTHERS,
    RECURRENT,
    TAGS,
    D,
    H,
    N,
    T,
    first,
    masked_inputs,
    mixed_stack,
    zoneout,
)

import rnnbook.tensorflow as ours
from rnnbook.gradcheck import max_error
from rnnbook.numpy import stack
from rnnbook.tree import tree_map

recurrent = pytest.mark.parametrize("name", RECURRENT)
keras_rnn = pytest.mark.parametrize("kind", KERAS_RNN)


@pytest.fixture(autouse=True)
def _seed():
    keras.utils.set_random_seed(0)


# Masks.


@recurrent
def test_an_attached_mask_is_used_and_handed_on(name):
    case = RECURRENT[name]
    x, mask = masked_inputs(case)
    if name == "ZoneoutCell":  # a keras.layers.RNN, which wants finite inputs
        x = np.nan_to_num(x)
    layer = case.make()
    expected = layer(x, mask=mask)
    x = tf.constant(x)
    x._keras_mask = tf.constant(mask)  # as Masking, Embedding and TimeDistributed leave it
    found = layer(x)
    assert max_error(*([v.numpy() for v in tf.nest.flatten(one)] for one in (found, expected))) == 0
    np.testing.assert_array_equal(first(found)._keras_mask, mask)
    assert all(getattr(v, "_keras_mask", None) is None for v in tf.nest.flatten(found)[1:])
    assert not first(found).numpy()[~mask].any()


@pytest.mark.parametrize("name", [n for n in RECURRENT if n not in ("ZoneoutCell", "Stack")])
def test_an_attached_mask_is_not_lost_beside_a_state(name):
    """Keras hands an attached mask on only where the call has no other tensor."""
    case = RECURRENT[name]
    x, mask = masked_inputs(case)
    layer = case.make()
    states = layer(case.inputs(seed=1))
    if name == "VariationalDropout":
        state = [tf.ones((N, H))] * 2
    else:
        state = list(states[1:]) if name.split("(")[0] in KERAS_RNN else states[1]
    expected = first(layer(x, initial_state=state, mask=mask))
    x = tf.constant(x)
    x._keras_mask = tf.constant(mask)
    np.testing.assert_array_equal(first(layer(x, initial_state=state)), expected)


def test_a_stack_keeps_an_attached_mask_beside_its_states():
    stack = mixed_stack()
    x, mask = masked_inputs(CASES["Stack"])
    _, states = stack(CASES["Stack"].inputs(seed=1))
    expected, _ = stack(x, states, mask=mask)
    x = tf.constant(x)
    x._keras_mask = tf.constant(mask)
    np.testing.assert_array_equal(stack(x, states)[0], expected)


def test_masks_go_through_a_model_from_embedding_to_the_last_layer():
    ids = np.array([[3, 1, 4], [2, 0, 0]])
    tokens = keras.Input((T,), dtype="int32")
    x = keras.layers.Embedding(9, D, mask_zero=True)(tokens)
    x, _ = ours.MinGRU(H)(x)
    x = ours.GRU(H, return_sequences=True)(x)
    x, _ = ours.LRU(6)(x)
    model = keras.Model(tokens, ours.LSTM(7)(x))
    whole = model(ids).numpy()
    for n, length in enumerate([3, 1]):
        alone = np.pad(ids[n : n + 1, :length], ((0, 0), (T - length, 0)))  # padded in front
        np.testing.assert_allclose(model(alone), whole[n : n + 1], atol=1e-5)
    changed = ids.copy()
    changed[1, 1:] = 7  # no longer masked
    assert np.abs(model(changed)[1] - whole[1]).max() > 1e-4


def test_attention_and_crf_take_an_attached_mask_and_hand_on_none():
    case = CASES["Attention"]
    x, mask = masked_inputs(case)
    attention = ours.Attention()
    query = case.inputs(seed=2)[:, :1]
    context, weights = attention(query, x, x, mask=mask)
    keys = tf.constant(x)
    keys._keras_mask = tf.constant(mask)
    np.testing.assert_array_equal(attention(query, keys, x)[1], weights)
    assert getattr(context, "_keras_mask", None) is None
    emissions, mask = masked_inputs(CASES["CRF"])
    field = ours.CRF(3)
    losses = field(emissions, TAGS, mask=mask)
    assert getattr(losses, "_keras_mask", None) is None
    emissions = tf.constant(emissions)
    emissions._keras_mask = tf.constant(mask)
    np.testing.assert_array_equal(field(emissions, TAGS), losses)


# Options of keras.layers.RNN.


@keras_rnn
def test_go_backwards_unroll_and_the_last_output(kind):
    case = CASES[kind]
    x, mask = masked_inputs(case)
    layer = case.make()
    hs, *last = layer(x, mask=mask)
    unrolled = case.make(unroll=True)
    unrolled(case.inputs())
    unrolled.set_weights(layer.get_weights())
    np.testing.assert_allclose(unrolled(x, mask=mask)[0], hs, atol=1e-5)
    backwards = case.make(go_backwards=True)
    backwards(case.inputs())
    backwards.set_weights(layer.get_weights())
    flipped = layer(x[:, ::-1], mask=mask[:, ::-1])
    np.testing.assert_allclose(backwards(x, mask=mask)[0], flipped[0], atol=1e-5)
    only_last = getattr(ours, kind)(H)
    only_last(case.inputs())
    only_last.set_weights(layer.get_weights())
    np.testing.assert_allclose(only_last(x, mask=mask), last[0], atol=1e-5)


@keras_rnn
def test_stateful_carries_the_state(kind):
    case = CASES[kind]
    x = case.inputs()
    layer = case.make()
    whole = layer(x)
    stateful = case.make(stateful=True)
    stateful.build((N, 2, D))
    stateful.set_weights(layer.get_weights())
    assert len(stateful.weights) == len(layer.weights)
    stateful(x[:, :2])
    for found, expected in zip(stateful(x[:, 2:])[1:], whole[1:], strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-5)
    stateful.reset_state()
    np.testing.assert_allclose(stateful(x[:, :2])[0], whole[0][:, :2], atol=1e-5)


@keras_rnn
@pytest.mark.parametrize("masked", [False, True])
def test_keras_bidirectional_is_a_stack_of_two(kind, masked):
    case = CASES[kind]
    x, mask = masked_inputs(case) if masked else (case.inputs().numpy(), None)
    both = keras.layers.Bidirectional(case.make(dtype="float64"), dtype="float64")
    x = x.astype("float64")
    hs, *states = both(x, mask=mask)
    stack = ours.Stack([[both.forward_layer, case.make(dtype="float64")]])
    stack(np.nan_to_num(x))
    stack.layers[0][1].set_weights(both.backward_layer.get_weights())
    expected, last = stack(x, mask=mask)
    assert hs.dtype == expected.dtype == tf.float64
    np.testing.assert_allclose(hs, expected, atol=1e-14)
    flat = [v.numpy() for v in tf.nest.flatten(last)]
    assert max_error([v.numpy() for v in states], flat) < 1e-14


@pytest.mark.parametrize("kind", OTHERS)
def test_options_of_keras_that_the_others_lack_are_named(kind):
    with pytest.raises(ValueError, match=f"{kind} has no option return_sequences: it returns all"):
        CASES[kind].make(return_sequences=True)
    with pytest.raises(TypeError, match=f"{kind} has no option go_backwards: .*`Stack` runs it"):
        keras.layers.Bidirectional(CASES[kind].make())


# Dtypes.


@pytest.mark.parametrize("kind", KERAS_RNN)
def test_float64_survives_keras_sequential(kind):
    x = CASES[kind].inputs().numpy().astype("float64") / 3  # no float32 numbers
    layer = getattr(ours, kind)(H, dtype="float64")
    model = keras.Sequential([keras.Input((T, D), dtype="float64"), layer])
    assert model(x).dtype == tf.float64
    np.testing.assert_allclose(model(x), layer(x), atol=1e-14)
    single = keras.Sequential([keras.Input((T, D)), layer])  # this Input is float32
    assert 1e-10 < np.abs(single(x) - layer(x)).max() < 1e-5


def test_a_stack_and_a_sweep_compute_in_the_dtype_of_their_layers():
    for name in ("Stack", "Sweep"):
        case = CASES[name]
        layer = case.make(dtype="float64")
        x = case.inputs().numpy().astype("float64")
        moved = x + 1e-12
        assert first(layer(x)).dtype == tf.float64
        assert 0 < np.abs(first(layer(x)) - first(layer(moved))).max() < 1e-10


@pytest.mark.parametrize("name", [*KERAS_RNN, *OTHERS])
def test_whole_numbers_are_refused(name):
    case = CASES[name]
    x = tf.ones((N, *case.shape), tf.int32)
    with pytest.raises(
        TypeError, match=r'x has dtype int32; expected float32.*tf\.cast\(x, "float'
    ):
        case.make()(x)


# Weights.


@keras_rnn
def test_a_cell_has_params_and_takes_them(kind):
    layer = CASES[kind].make()
    layer(CASES[kind].inputs())
    cell = getattr(ours, f"{kind}Cell")(H)
    with pytest.raises(ValueError, match=f"{kind}Cell has no weights yet: call or build it first"):
        cell.params()
    cell.load_params(layer.params())
    assert type(cell.params()) is type(layer.params())
    assert max_error(cell.params(), layer.params()) == 0
    wrapped = ours.ZoneoutCell(cell, rate=0.2)
    assert max_error(wrapped.load_params(layer.params()).params(), layer.params()) == 0


def test_a_wrapper_hands_weights_through():
    layer = ours.LayerNormLSTM(H)
    layer(CASES["LSTM"].inputs())
    wrapped = ours.VariationalDropout(ours.LayerNormLSTM(H), state_rate=0.5)
    wrapped.load_params(layer.params())
    np.testing.assert_allclose(
        wrapped(CASES["LSTM"].inputs())[:, -1], layer(CASES["LSTM"].inputs()), atol=1e-5
    )


@pytest.mark.parametrize("name", ["Stack", "mixed", "zoneout", "frames", "Sweep"])
def test_a_stack_and_a_sweep_have_params_and_take_them(name):
    make, shape = {
        "Stack": (CASES["Stack"].make, (T, D)),
        "mixed": (mixed_stack, (T, D)),
        "zoneout": (lambda: ours.Stack([[zoneout()], [ours.MinGRU(6)]]), (T, D)),
        "frames": (lambda: ours.Stack([[ours.ConvLSTM(6)], [ours.ConvLSTM(H)]]), (T, *FRAME, D)),
        "Sweep": (CASES["Sweep"].make, (2, 3, D)),
    }[name]
    x = tf.constant(np.random.default_rng(0).standard_normal((N, *shape)), tf.float32)
    layer, unbuilt = make(), make()
    expected = first(layer(x))
    params = layer.params()
    unbuilt.load_params(params)
    assert max_error(unbuilt.params(), params) == 0
    np.testing.assert_array_equal(first(unbuilt(x)), expected)
    # Other weights, of which the last does not fit, change nothing.
    other = tree_map(lambda w: w + 1, params)
    last = other[-1][-1]
    other[-1][-1] = last._replace(**{last._fields[-1]: np.ones(1)})
    with pytest.raises(ValueError, match=r"params\[1\]\[.\].* has shape \(1,\); expected that of"):
        layer.load_params(other)
    np.testing.assert_array_equal(first(layer(x)), expected)
    for bad in (params[:1], [entry * 3 for entry in params]):
        with pytest.raises(ValueError, match=r"params is nested as|expected two pairs"):
            layer.load_params(bad)


def test_a_stack_has_the_weights_of_numpys():
    layer, x = mixed_stack(dtype="float64"), CASES["Stack"].inputs().numpy().astype("float64")
    hs, _ = layer(x)
    assert max_error(stack.forward(layer.params(), x)[0], hs.numpy()) < 1e-12


def test_a_stack_with_a_layer_of_keras_says_where_its_weights_are():
    layer = ours.Stack([[keras.layers.GRU(H, return_sequences=True, return_state=True)]])
    layer.build((None, None, D))
    with pytest.raises(TypeError, match=r"convert.from_keras\(stack.layers\[0\]\[0\]\) gives them"):
        layer.params()


@pytest.mark.parametrize("score", ["additive", "general", "dot"])
def test_attention_has_params_and_takes_them(score):
    query, keys = tf.ones((N, 4, 6 if score == "dot" else D)), tf.ones((N, T, 6))
    layer, other = ours.Attention(score=score, units=7), ours.Attention(score=score, units=7)
    if score != "dot":
        with pytest.raises(ValueError, match="Attention has no weights yet: call or build it"):
            layer.params()
    expected = layer(query, keys, keys)[0]
    other.load_params(layer.params())
    assert max_error(other.params(), layer.params()) == 0
    np.testing.assert_array_equal(other(query, keys, keys)[0], expected)
