"""What `chapters/tools/export` says of TensorFlow Lite: it wants the number of sequences."""

import keras
import numpy as np
import pytest
import tensorflow as tf

D, H = 8, 16


@pytest.fixture(scope="module")
def layers():
    keras.utils.set_random_seed(0)
    return keras.layers.GRU(H), keras.layers.Dense(4)


def reader(layers, sequences):
    """The network of the page; the number of steps is open."""
    x = keras.Input((None, D), batch_size=sequences)
    gru, head = layers
    return keras.Model(x, head(gru(x)))


def converted(model):
    return tf.lite.TFLiteConverter.from_keras_model(model).convert()


def test_an_open_number_of_sequences_is_refused(layers):
    with pytest.raises(Exception, match="Lowering tensor list ops is failed"):
        converted(reader(layers, None))


@pytest.mark.filterwarnings("ignore:.*tf.lite.Interpreter is deprecated")
def test_one_sequence_of_any_length_is_taken(layers):
    interpreter = tf.lite.Interpreter(model_content=converted(reader(layers, 1)))
    (entry,), (answer,) = interpreter.get_input_details(), interpreter.get_output_details()
    for steps in (3, 12, 20):
        x = np.random.default_rng(steps).standard_normal((1, steps, D)).astype(np.float32)
        interpreter.resize_tensor_input(entry["index"], x.shape)
        interpreter.allocate_tensors()
        interpreter.set_tensor(entry["index"], x)
        interpreter.invoke()
        expected = reader(layers, None)(x)
        np.testing.assert_allclose(interpreter.get_tensor(answer["index"]), expected, atol=1e-5)
