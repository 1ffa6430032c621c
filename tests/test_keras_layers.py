"""Keras layers as Keras has them: traced, compiled, in 16 bits, masked, in `fit`, and misused."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras_cases import CASES, FRAME, PADDED, RECURRENT, TAGS, D, H, N, T, first, mixed_stack

import rnnbook.tensorflow as ours
from rnnbook.gradcheck import max_error
from rnnbook.numpy import crf, lstm
from rnnbook.tensorflow.crf import handed_on
from rnnbook.tensorflow.export import SUPPORT

KERAS_RNN = ["RNN", "LSTM", "GRU", "LayerNormLSTM"]
OTHERS = ["MinGRU", "MinLSTM", "LRU", "DiagonalSSM", "ConvLSTM"]
every = pytest.mark.parametrize("row", SUPPORT, ids=lambda row: row.layer)
recurrent = pytest.mark.parametrize("name", RECURRENT)
keras_rnn = pytest.mark.parametrize("kind", KERAS_RNN)


@pytest.fixture(autouse=True)
def _seed():
    keras.utils.set_random_seed(0)


# The table of what works.


def test_every_layer_is_in_the_table():
    in_table = {row.layer.split("(")[0] for row in SUPPORT}
    cells = {f"{kind}Cell" for kind in KERAS_RNN}
    assert in_table == set(ours.__all__) - cells - {"Seq2Seq"}
    assert {row.layer for row in SUPPORT} == set(CASES)


@every
def test_traced_with_any_batch(row):
    case = CASES[row.layer]
    layer, x = case.make(), case.inputs()
    signature = [tf.TensorSpec((None, *case.shape))]
    traced = tf.function(layer, input_signature=signature)  # the first call makes the weights
    for rows in (N, 1):
        np.testing.assert_allclose(first(traced(x[:rows])), first(layer(x[:rows])), atol=1e-5)
    assert row.free_batch


@every
def test_traced_with_any_number_of_steps(row):
    case = CASES[row.layer]
    layer, x = case.make(), case.inputs()
    layer(x)
    spec = tf.TensorSpec((None, None, *case.shape[1:]))
    traced = tf.function(layer, input_signature=[spec])
    if not row.free_steps:
        with pytest.raises(ValueError, match=r"(?s)x has shape .*know.*keras\.Input"):
            traced(x)
        with pytest.raises(ValueError, match=r"(?s)x has shape .*know.*keras\.Input"):
            case.make()(keras.Input((None, *case.shape[1:])))
        return
    for part in (x, x[:, :2]):
        np.testing.assert_allclose(first(traced(part)), first(layer(part)), atol=1e-5)


def test_a_stack_of_mixed_layers_names_the_one_that_must_know_its_steps():
    with pytest.raises(ValueError, match="MinGRU must know the number T of steps"):
        mixed_stack()(keras.Input((None, D)))


def loss_and_gradients(layer, x):
    with tf.GradientTape() as tape:
        tape.watch(x)
        loss = tf.reduce_sum(first(layer(x)) ** 2)
    return loss, tape.gradient(loss, [x, *layer.trainable_variables])


@every
def test_compiled_by_xla(row):
    case = CASES[row.layer]
    layer, x = case.make(), case.inputs()
    expected = loss_and_gradients(layer, x)
    compiled = tf.function(lambda x: loss_and_gradients(layer, x), jit_compile=True)
    found = compiled(x)
    assert row.xla
    flat = [
        [tf.convert_to_tensor(v).numpy() for v in tf.nest.flatten(one)] for one in (found, expected)
    ]
    assert max_error(*flat) < 1e-4 * max(np.abs(v).max() for v in flat[1])


@every
@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
@pytest.mark.parametrize("everywhere", [False, True])
def test_mixed_precision(row, policy, everywhere):
    case = CASES[row.layer]
    if everywhere:
        keras.config.set_dtype_policy(policy)
    try:
        layer = case.make() if everywhere else case.make(dtype=policy)
    finally:
        keras.config.set_dtype_policy("float32")
    x = case.inputs()
    outputs = tf.nest.flatten(layer(x))
    _, gradients = loss_and_gradients(layer, x)
    assert {w.dtype for w in layer.weights} == {"float32"}
    assert all(tf.convert_to_tensor(g).dtype == tf.float32 for g in gradients)
    half = policy.removeprefix("mixed_")
    expected = {"16 bits": half, "float32": "float32"}
    assert outputs[0].dtype == expected.get(row.mixed, half)
    for state in outputs[1:]:
        assert state.dtype == expected.get(row.mixed, row.mixed)
    whole = case.make()
    whole(x)
    whole.set_weights(layer.get_weights())
    wanted = first(whole(x)).numpy()
    errors = tf.cast(outputs[0], tf.float32) - wanted
    # A layer-normalised LSTM loses ten times as many digits as an LSTM, whatever it normalises in.
    digits = 3e-2 if half == "bfloat16" else 4e-3
    assert 0 < np.sqrt(np.mean(errors**2)) < digits * np.abs(wanted).max()


@every
@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_weights_of_16_bits(row, dtype):
    case = CASES[row.layer]
    if not row.half:
        with pytest.raises(
            TypeError, match=f"dtype is {dtype}; expected float32, float64 or a mix"
        ):
            case.make(dtype=dtype)
        return
    layer = case.make(dtype=dtype)
    assert first(layer(case.inputs())).dtype == dtype
    assert {w.dtype for w in layer.weights} == {dtype}


@pytest.mark.parametrize("kind", [*KERAS_RNN, *OTHERS])
def test_params_of_16_bits_come_as_float32(kind):
    layer = CASES[kind].make(
        dtype="mixed_bfloat16" if kind in ("LRU", "DiagonalSSM") else "bfloat16"
    )
    layer(CASES[kind].inputs())
    assert {w.dtype.name for w in layer.params()} == {"float32"}
    assert max_error(layer.load_params(layer.params()).params(), layer.params()) == 0


# Second derivatives in a traced function; tests/test_every_layer.py has them in eager mode.


@pytest.mark.parametrize("name", [*KERAS_RNN, *OTHERS])
def test_second_derivatives_are_the_same_when_traced(name):
    case = RECURRENT[name]
    layer, x = case.make(dtype="float64"), tf.cast(case.inputs(), tf.float64)

    def second(x):
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                loss = sum(tf.reduce_sum(tf.math.real(v) ** 2) for v in tf.nest.flatten(layer(x)))
            total = tf.reduce_sum(inner.gradient(loss, x) ** 3)
        return outer.gradient(total, [x, *layer.trainable_variables])

    eager, traced = second(x), tf.function(second)(x)
    assert np.abs(eager[0]).max() > 1e-3
    for a, b in zip(eager, traced, strict=True):
        a, b = (tf.convert_to_tensor(v).numpy() for v in (a, b))
        np.testing.assert_allclose(a, b, atol=1e-10 * np.abs(a).max())


# Masks.


def masked_inputs(case):
    x = case.inputs().numpy()
    return np.where(PADDED.reshape(*PADDED.shape, *[1] * (x.ndim - 2)), x, np.nan), PADDED


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


# What comes in.


@pytest.mark.parametrize("name", [*KERAS_RNN, *OTHERS])
def test_wrong_ranks_and_sizes_are_named_before_and_after_the_weights_are_made(name):
    case = CASES[name]
    axes = r"\(N, T, R, C, D\)" if name == "ConvLSTM" else r"\(N, T, D\)"
    layer, x = case.make(), case.inputs()
    for _ in range(2):
        with pytest.raises(ValueError, match=rf"x has shape \(2, .*; expected {axes}"):
            layer(x[:, 0])
        with pytest.raises(ValueError, match=rf"x has shape .*; expected {axes} with D known"):
            case.make()(keras.Input((*case.shape[:-1], None)))
        layer(x)
    with pytest.raises(ValueError, match=rf"x has shape .* 7\); expected {axes} = .* 5\)"):
        layer(tf.ones((N, *case.shape[:-1], 7)))
    with pytest.raises(TypeError, match="mask is a list; expected a tensor or a NumPy array"):
        layer(x, mask=PADDED.tolist())


@keras_rnn
def test_wrong_states_are_named(kind):
    layer, x = CASES[kind].make(), CASES[kind].inputs()
    names = ["h", "c"] if "LSTM" in kind else ["h"]
    good = [tf.ones((N, H)) for _ in names]
    with pytest.raises(ValueError, match=rf"initial_state has 3 tensors; expected {len(names)}: h"):
        layer(x, initial_state=[tf.ones((N, H))] * 3)
    with pytest.raises(ValueError, match=r"initial_state's h has shape \(1, 4\); expected"):
        layer(x, initial_state=[s[:1] for s in good])
    layer(x)
    cell = layer.cell
    with pytest.raises(ValueError, match=rf"states has 3 tensors; expected {len(names)}: h"):
        cell(x[:, 0], [tf.ones((N, H))] * 3)
    with pytest.raises(ValueError, match=r"x_t has shape \(2, 3, 5\); expected \(N, D\)"):
        cell(x, good)
    with pytest.raises(ValueError, match=r"states' h has shape \(1, 4\); expected \(N, H\)"):
        cell(x[:, 0], [s[:1] for s in good])


@pytest.mark.parametrize("kind", OTHERS)
def test_wrong_states_of_the_others_are_named(kind):
    layer, x = CASES[kind].make(), CASES[kind].inputs()
    _, state = layer(x)
    with pytest.raises(TypeError, match=r"initial_state is a list; expected (a tensor|the pair)"):
        layer(x, initial_state=[state])
    if kind in ("LRU", "DiagonalSSM"):
        with pytest.raises(TypeError, match="initial_state has dtype float32; expected complex64"):
            layer(x, initial_state=tf.math.real(state))
    with pytest.raises(ValueError, match=r"x_t has shape \(2, 3, .*\); expected \(N, "):
        layer.step(x, state)


@pytest.mark.parametrize("name", [*KERAS_RNN, *OTHERS])
def test_nan_is_refused_in_a_traced_function_too(name):
    case = CASES[name]
    layer, x = case.make(), case.inputs().numpy()
    x[1, 2] = np.nan
    traced = tf.function(layer)
    with pytest.raises(tf.errors.InvalidArgumentError, match="x has NaN or infinity; mask"):
        traced(x)
    mask = np.ones((N, T), bool)
    mask[1, 2] = False
    assert np.isfinite(first(traced(x, mask=tf.constant(mask)))).all()


def test_a_stack_names_what_it_cannot_take():
    lstm = ours.LSTM(H, return_sequences=True, return_state=True)
    with pytest.raises(TypeError, match=r"layers\[0\]\[1\] is a Dense; expected a recurrent layer"):
        ours.Stack([[lstm, keras.layers.Dense(2)]])
    with pytest.raises(ValueError, match=r"layers\[1\]\[0\] must have return_sequences=True and"):
        ours.Stack([[lstm], [ours.GRU(H)]])
    backwards = ours.GRU(H, return_sequences=True, return_state=True, go_backwards=True)
    with pytest.raises(ValueError, match=r"layers\[0\]\[0\] has go_backwards=True; expected False"):
        ours.Stack([[backwards]])
    with pytest.raises(ValueError, match=r"layers\[0\] is a LSTM; expected a list of 1 or 2"):
        ours.Stack([lstm])
    with pytest.raises(ValueError, match=r"layers\[0\] has 3 directions; expected a list of 1 or"):
        ours.Stack([[lstm, lstm, lstm]])
    with pytest.raises(ValueError, match=r"states is nested as \[1, 1\]; expected \[1\]"):
        ours.Stack([[lstm]])(CASES["LSTM"].inputs(), [[None], [None]])


def test_zoneout_and_variational_dropout_name_what_they_cannot_take():
    with pytest.raises(TypeError, match="cell is a LSTM; expected a cell, such as LSTMCell"):
        ours.ZoneoutCell(ours.LSTM(H))
    with pytest.raises(TypeError, match="layer is a MinGRU; expected an RNN, LSTM or Layer"):
        ours.VariationalDropout(ours.MinGRU(H))
    with pytest.raises(ValueError, match="layer has go_backwards=True; expected False"):
        ours.VariationalDropout(ours.LSTM(H, go_backwards=True))


@pytest.mark.parametrize("units, error", [(0, ValueError), (2.5, TypeError)])
@pytest.mark.parametrize("kind", [*KERAS_RNN, *OTHERS])
def test_sizes_are_checked_when_a_layer_is_made(kind, units, error):
    with pytest.raises(error, match=rf"is {units}; expected a positive whole number"):
        getattr(ours, kind)(units)


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


# The CRF.


def field():
    rng = np.random.default_rng(4)
    shapes = ((3, 3), (3,), (3,))
    params = crf.Params(*(rng.standard_normal(s).astype("float32") for s in shapes))
    return ours.CRF(3).load_params(params), params


def test_marginals_and_viterbi_are_those_of_numpy_from_tensors_and_arrays():
    layer, params = field()
    emissions, mask = masked_inputs(CASES["CRF"])
    for e, m in [(emissions, mask), (tf.constant(emissions), tf.constant(mask))]:
        expected = crf.marginals(params, emissions, mask=mask)
        np.testing.assert_allclose(layer.marginals(e, m), expected, atol=1e-5)
        tags, scores = layer.viterbi(e, m)
        assert (tags == crf.viterbi(params, emissions, mask=mask)[0]).all() and scores.shape == (N,)
    clean = np.nan_to_num(emissions)
    np.testing.assert_allclose(layer.marginals(clean), crf.marginals(params, clean), atol=1e-5)


def test_the_gradient_of_the_loss_is_marginals_less_what_is_there():
    layer, _ = field()
    emissions, mask = masked_inputs(CASES["CRF"])
    emissions = tf.constant(np.nan_to_num(emissions))
    with tf.GradientTape() as tape:
        tape.watch(emissions)
        loss = tf.reduce_sum(layer(emissions, TAGS, mask=mask))
    there = np.eye(3, dtype="float32")[TAGS] * mask[..., None]
    expected = layer.marginals(emissions, mask) - there
    np.testing.assert_allclose(tape.gradient(loss, emissions), expected, atol=1e-5)


BAD = [
    (lambda e, t, m: (e, t + 2, m), "tags must be below 3|tags must be below"),
    (lambda e, t, m: (e, t - 1, m), "tags has a negative number"),
    (lambda e, t, m: (e, t, m & False), "mask must count the first step"),
    (lambda e, t, m: (e, t, m ^ (np.arange(T) == 1)), "mask has a gap; pad sequences"),
    (lambda e, t, m: (e * np.float32("nan"), t, m), "emissions has NaN or infinity; mask the step"),
]


@pytest.mark.parametrize("traced", [False, True])
@pytest.mark.parametrize("change, message", BAD)
def test_numbers_that_a_crf_cannot_take_are_named(change, message, traced):
    layer, _ = field()
    call = tf.function(layer) if traced else layer
    inputs = change(CASES["CRF"].inputs().numpy(), TAGS, PADDED)
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        call(*map(tf.constant, inputs))


def test_tags_that_are_no_whole_numbers_are_refused():
    layer, _ = field()
    with pytest.raises(TypeError, match="tags has dtype float32; expected whole numbers"):
        layer(CASES["CRF"].inputs(), TAGS.astype("float32") + 0.9)


def test_a_crf_is_fitted_behind_masking():
    x, tags = keras.Input((T, D)), keras.Input((T,), dtype="int32")
    emissions = keras.layers.Dense(3)(keras.layers.Masking()(x))
    layer = ours.CRF(3)
    model = keras.Model([x, tags], layer(emissions, tags))
    model.compile("sgd", loss=handed_on)
    inputs, mask = masked_inputs(CASES["RNN"])
    inputs = np.nan_to_num(inputs)
    before = model.get_weights()
    dense = model.layers[[type(one).__name__ for one in model.layers].index("Dense")]
    expected = layer(dense(inputs), TAGS, mask=mask).numpy().mean()
    history = model.fit([inputs, TAGS], np.zeros(N), verbose=0)
    assert history.history["loss"][0] == pytest.approx(expected, rel=1e-5)
    for a, b in zip(before, model.get_weights(), strict=True):
        assert np.abs(a - b).max() > 0


# fit.


@pytest.mark.parametrize("name", [*RECURRENT, "Sweep", "Attention"])
def test_one_step_of_fit_changes_every_weight(name):
    case = CASES[name]
    inputs = keras.Input(case.shape)
    model = keras.Model(inputs, first(case.make()(inputs)))
    model.compile("sgd", "mse")
    x = case.inputs()
    before, y = model.get_weights(), model(x) + 1
    model.fit(x, y, verbose=0)
    for a, b, weight in zip(before, model.get_weights(), model.weights, strict=True):
        assert np.abs(a - b).max() > 0, weight.path


@pytest.mark.parametrize("name", [*KERAS_RNN, *OTHERS[:4]])
def test_fit_behind_masking_does_not_read_masked_steps(name):
    case = CASES[name]
    x, mask = masked_inputs(case)
    inputs = keras.Input(case.shape)
    layer = case.make()
    model = keras.Model(inputs, first(layer(keras.layers.Masking(mask_value=9.0)(inputs))))
    model.compile("sgd", "mse")
    x = np.where(mask[..., None], x, np.float32(9))
    y = np.ones((N, T, layer.output_size if name in OTHERS else H), "float32")
    start, ends = model.get_weights(), []
    for value in (1.0, -50.0):
        model.set_weights(start)
        model.fit(x, np.where(mask[..., None], y, np.float32(value)), verbose=0)
        ends.append(model.get_weights())
    assert max_error(*ends) < 1e-7 < max_error(ends[0], start)


def test_initial_weights_of_a_conv_lstm_do_not_depend_on_the_image():
    keras.utils.set_random_seed(1)
    layer = ours.ConvLSTM(H)
    layer(tf.ones((1, 2, *FRAME, D)))
    keras.utils.set_random_seed(1)
    other = ours.ConvLSTM(H)
    other.build((None, None, None, None, D))
    assert max_error(layer.params(), other.params()) == 0


def test_a_layer_loads_before_it_has_seen_an_input():
    params = lstm.init(np.random.default_rng(0), D, H, dtype=np.float32)
    layer = ours.LSTM(H).load_params(params)
    assert layer.built and layer(CASES["LSTM"].inputs()).shape == (N, H)
    with pytest.raises(ValueError, match=r"W_x has shape \(5, 16\); expected .* = \(5, 28\)"):
        ours.LSTM(7).load_params(params)
