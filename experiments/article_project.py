"""The article's program over many seeds: what does it reach, and what did it have to learn?

Each run draws 100 random inputs and targets, trains the article's network on them for 200
epochs, and then meets 100 targets that it has not seen.
"""

import keras
import numpy as np
from keras.layers import Dense, SimpleRNN

SEEDS = range(20)
SETTINGS = [{"epochs": 200}]
POINT = [{"seed": 0, "settings": {"epochs": 3}, "constants": {}, "tolerance": 1e-3}]


def run(seed, epochs):
    """Final loss, variance of the targets, loss on fresh targets, movement of recurrent weights."""
    keras.utils.set_random_seed(seed)
    rng = np.random.default_rng(seed)
    model = keras.Sequential(
        [
            keras.Input((None, 1)),
            SimpleRNN(10, return_sequences=True),
            SimpleRNN(10, return_sequences=True),
            SimpleRNN(10),
            Dense(1),
        ]
    )
    model.compile(optimizer="adam", loss="mean_squared_error")
    x, y = rng.random((2, 100, 1))
    before = recurrent_weights(model)
    model.fit(x, y, epochs=epochs, verbose=0)
    fresh = rng.random((2, 100, 1))
    return {
        "loss": float(model.evaluate(x, y, verbose=0)),
        "variance": float(y.var()),
        "fresh_loss": float(model.evaluate(*fresh, verbose=0)),
        "fresh_mean_loss": float(((fresh[1] - y.mean()) ** 2).mean()),
        "moved": float(
            max(np.abs(a - b).max() for a, b in zip(before, recurrent_weights(model), strict=True))
        ),
    }


def recurrent_weights(model):
    return [layer.get_weights()[1] for layer in model.layers[:3]]
