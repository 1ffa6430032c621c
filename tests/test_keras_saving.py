"""Keras layers are saved, loaded, exported, cloned and made again from their settings."""

import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras_cases import CASES, RECURRENT, TAGS, D, H, N, T, first, mixed_stack

import rnnbook.tensorflow as ours
from rnnbook.tensorflow.crf import handed_on
from rnnbook.tensorflow.export import SUPPORT

# The export of Keras copies constants in a way that NumPy 2 warns about.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy")


@pytest.fixture(autouse=True)
def _seed():
    keras.utils.set_random_seed(0)


def model_of(name, **options):
    """A functional model of one layer, behind Masking where it takes a mask."""
    case = CASES[name]
    inputs = keras.Input(case.shape)
    masked = name in RECURRENT and name != "ConvLSTM"
    x = keras.layers.Masking()(inputs) if masked else inputs
    if name == "Attention":
        return keras.Model(inputs, ours.Attention(**options)(x, x, x))
    if name == "CRF":
        tags = keras.Input((T,), dtype="int32")
        return keras.Model([inputs, tags], ours.CRF(3, **options)(x, tags))
    return keras.Model(inputs, case.make(**options)(x))


def inputs_of(name):
    x = CASES[name].inputs().numpy()
    if name in RECURRENT:
        x[1, -1] = 0  # the step that Masking masks
    return [x, TAGS] if name == "CRF" else x


def rows(x, n):
    return [v[:n] for v in x] if isinstance(x, list) else x[:n]


def flat(outputs):
    return [tf.convert_to_tensor(v).numpy() for v in tf.nest.flatten(outputs) if v is not None]


def random_weights(model):
    rng = np.random.default_rng(5)
    model.set_weights([0.5 * rng.standard_normal(w.shape) for w in model.get_weights()])
    return model


every = pytest.mark.parametrize("name", CASES)


@every
@pytest.mark.parametrize("dtype", ["float32", "float64", "mixed_bfloat16"])
def test_a_saved_model_is_loaded(name, dtype, tmp_path):
    model = random_weights(model_of(name, dtype=dtype))
    x = inputs_of(name)
    expected = flat(model(x))
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    assert [type(one) for one in again.layers] == [type(one) for one in model.layers]
    for a, b in zip(flat(again(x)), expected, strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)
    if name in RECURRENT and name != "ConvLSTM":
        assert not np.abs(first(again(x)).numpy()[1, -1]).any()


@every
def test_an_exported_model_is_run_by_tensorflow_alone(name, tmp_path):
    row = next(row for row in SUPPORT if row.layer == name)
    model = model_of(name)
    model = keras.Model(model.input, keras.tree.flatten(model.outputs))  # no nested states
    model, x = random_weights(model), inputs_of(name)
    model.export(tmp_path / "model", verbose=False)
    loaded = tf.saved_model.load(tmp_path / "model")
    assert row.saved_model
    for n in (N, 1):
        for a, b in zip(flat(loaded.serve(rows(x, n))), flat(model(rows(x, n))), strict=True):
            np.testing.assert_allclose(a, b, atol=1e-5)


def test_an_exported_model_takes_any_number_of_steps_where_the_table_says_so(tmp_path):
    inputs = keras.Input((None, D))
    x = ours.Stack([[ours.LSTM(H, return_sequences=True, return_state=True)]])(inputs)[0]
    model = keras.Model(inputs, ours.GRU(7)(x))
    model.export(tmp_path / "model", verbose=False)
    loaded = tf.saved_model.load(tmp_path / "model")
    for steps in (T, 11):
        x = np.ones((N, steps, D), "float32")
        np.testing.assert_allclose(loaded.serve(x), model(x), atol=1e-5)


@every
def test_a_model_is_cloned_with_fresh_weights(name):
    model = random_weights(model_of(name))
    clone = keras.models.clone_model(model)
    assert [w.shape for w in clone.weights] == [w.shape for w in model.weights]
    assert any((a != b).any() for a, b in zip(clone.get_weights(), model.get_weights()))  # noqa: B905
    clone.set_weights(model.get_weights())
    x = inputs_of(name)
    for a, b in zip(flat(clone(x)), flat(model(x)), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU", "LayerNormLSTM"])
def test_a_sequential_model_is_saved_and_goes_on_training(kind, tmp_path):
    layers = [keras.layers.Masking(), getattr(ours, kind)(H), keras.layers.Dense(1)]
    model = keras.Sequential([keras.Input((T, D)), *layers])
    model.compile("adam", "mse")
    x, y = inputs_of("LSTM"), np.ones((N, 1), "float32")
    model.fit(x, y, verbose=0)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    for one in (model, again):
        one.fit(x, y, verbose=0)
    for a, b in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)


def test_a_compiled_crf_is_saved_with_its_loss(tmp_path):
    model = random_weights(model_of("CRF"))
    model.compile("sgd", loss=handed_on)
    x = inputs_of("CRF")
    model.fit(x, np.zeros(N), verbose=0)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    assert again.evaluate(x, np.zeros(N), verbose=0) == pytest.approx(
        model.evaluate(x, np.zeros(N), verbose=0), rel=1e-6
    )


SETTINGS = {
    "RNN": (ours.RNN, {"activation": "relu"}),
    "LSTM": (ours.LSTM, {"peepholes": True, "forget_bias": 2.5}),
    "GRU": (ours.GRU, {"reset": "before"}),
    "LayerNormLSTM": (ours.LayerNormLSTM, {"forget_bias": 2.5}),
    "MinGRU": (ours.MinGRU, {"keep_bias": 2.5}),
    "MinLSTM": (ours.MinLSTM, {"forget_bias": 2.5}),
    "LRU": (ours.LRU, {"radius": (0.2, 0.3), "max_angle": 0.4}),
    "DiagonalSSM": (ours.DiagonalSSM, {}),
    "DeltaNet": (ours.DeltaNet, {"heads": 2, "factors": 3, "gate": "hard"}),
    "ConvLSTM": (ours.ConvLSTM, {"kernel_size": 5, "forget_bias": 2.5}),
}
OF_KERAS = {
    "return_sequences": True,
    "return_state": True,
    "go_backwards": True,
    "stateful": True,
    "unroll": True,
}


@pytest.mark.parametrize("kind", SETTINGS)
def test_all_settings_come_back_through_json(kind):
    make, options = SETTINGS[kind]
    options = {**options, "dtype": "float64", "name": "a_name", "trainable": False}
    if issubclass(make, keras.layers.RNN):
        options |= OF_KERAS
    layer = make(H, **options)
    text = keras.saving.serialize_keras_object(layer)
    again = keras.saving.deserialize_keras_object(text)
    config = layer.get_config()
    assert again.get_config() == config
    for name, value in options.items():
        found = again.dtype_policy.name if name == "dtype" else config[name]
        assert found == value, name
    assert config[{"DiagonalSSM": "state_size"}.get(kind, "units")] == H
    cell = getattr(layer, "cell", None)
    if cell is not None:
        other = type(cell).from_config(cell.get_config())
        assert other.get_config() == cell.get_config()
        assert other.dtype_policy.name == "float64"


def test_settings_of_wrappers_come_back():
    zoneout = ours.ZoneoutCell(ours.LSTMCell(H, forget_bias=2.5), rate=0.2, cell_rate=0.3)
    again = ours.ZoneoutCell.from_config(zoneout.get_config())
    assert again.rates == (0.2, 0.3) and again.cell.forget_bias == 2.5
    dropout = ours.VariationalDropout(ours.LSTM(H, forget_bias=2.5), input_rate=0.2, state_rate=0.3)
    again = ours.VariationalDropout.from_config(dropout.get_config())
    assert (again.input_rate, again.state_rate) == (0.2, 0.3)
    assert again.layer.cell.forget_bias == 2.5
    again = ours.Attention.from_config(ours.Attention(score="general", units=7).get_config())
    assert (again.score, again.units) == ("general", 7)
    assert ours.CRF.from_config(ours.CRF(7).get_config()).num_tags == 7
    stack = mixed_stack(dtype="float64")
    config = stack.get_config()
    again = ours.Stack.from_config(config)
    assert again.get_config() == config == stack.get_config()  # nothing was taken out of it
    assert [[type(one) for one in entry] for entry in again.layers] == [
        [ours.LSTM, ours.MinGRU],
        [ours.LRU],
    ]
    assert again.dtype_policy.name == "float64"


def seq2seq(**options):
    options = {"embedding_size": 6, "hidden_size": 8, "dropout": 0.3, **options}
    return ours.Seq2Seq(source_size=11, target_size=7, **options)


IDS = np.array([[3, 4, 9], [2, 10, 0]]), np.array([[1, 1, 1], [1, 1, 0]], bool)
TARGET_IN = np.array([[1, 3, 4, 5], [1, 6, 2, 0]])


@pytest.mark.parametrize("score", ["additive", "general", "dot", None])
def test_a_seq2seq_model_is_saved_and_loaded(score, tmp_path):
    model = random_weights(seq2seq(score=score, dtype="float64", use_cudnn=False))
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    assert again.get_config() == model.get_config()
    assert again.get_config()["dropout"] == 0.3 and again.compute_dtype == "float64"
    for a, b in zip(flat(again(*IDS, TARGET_IN)), flat(model(*IDS, TARGET_IN)), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_seq2seq_model_is_fitted_saved_and_exported_in_a_functional_model(tmp_path):
    source, target_in = (keras.Input((None,), dtype="int32") for _ in range(2))
    mask = keras.Input((None,), dtype="bool")
    inner = seq2seq()
    logits, _ = inner(source, mask, target_in)
    model = keras.Model([source, mask, target_in], logits)
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    x, before = [*IDS, TARGET_IN], model.get_weights()
    model.fit(x, TARGET_IN, verbose=0)
    for a, b in zip(before, model.get_weights(), strict=True):
        assert np.abs(a - b).max() > 0
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again(x), model(x))
    model.export(tmp_path / "model", verbose=False)
    loaded = tf.saved_model.load(tmp_path / "model")
    np.testing.assert_allclose(loaded.serve(x), model(x), atol=1e-5)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_a_seq2seq_model_in_mixed_precision(policy):
    model = seq2seq(dtype=policy, dropout=0.0)
    whole = seq2seq(dropout=0.0).load_params(model.params())
    logits, weights = model(*IDS, TARGET_IN)
    assert logits.dtype == weights.dtype == policy.removeprefix("mixed_")
    wanted = whole(*IDS, TARGET_IN)[0].numpy()
    errors = np.abs(tf.cast(logits, tf.float32) - wanted)
    assert 0 < errors.max() < 3e-2 * np.abs(wanted).max()


def test_loading_without_the_import_says_what_is_missing(tmp_path):
    model_of("LSTM").save(tmp_path / "model.keras")
    code = f"""
import sys
class Without:
    def find_spec(self, name, *_):
        if name.startswith("rnnbook"):
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Without())
import keras
keras.models.load_model({str(tmp_path / "model.keras")!r})
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.returncode != 0
    assert "Could not locate class 'LSTM'" in result.stderr
    assert "make sure they are all imported" in result.stderr
    assert "Could not locate class" in ours.__doc__
