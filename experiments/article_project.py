"""The article's program over many seeds: what does it reach, and what did it have to learn?

Each run seeds everything with one number, as the page does before it runs the article's own lines,
draws 100 random inputs and targets in the article's way, trains its network on them for 200 epochs,
and then meets 100 targets that it has not seen. The run with the first seed, which the page shows,
keeps what it was given and what it forecasts.
"""

import keras
import numpy as np
from keras.layers import Dense, SimpleRNN

SEEDS = range(20)
SHOWN = SEEDS[0]
SETTINGS = [{"epochs": 200}]
POINT = [{"seed": 1, "settings": {"epochs": 3}, "constants": {}, "tolerance": 1e-3}]


def run(seed, epochs):
    """Final loss, variance of the targets, loss on fresh targets, how far weights moved."""
    keras.utils.set_random_seed(seed)
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
    x, y = draw(), draw()
    before = recurrent_layers(model)
    model.fit(x, y, epochs=epochs, verbose=0)
    changes = [
        [np.abs(a - b).max() for a, b in zip(*layer, strict=True)]
        for layer in zip(before, recurrent_layers(model), strict=True)
    ]
    moved = np.max(changes, axis=0)
    fresh_x, fresh_y = draw(), draw()
    result = {
        "loss": float(model.evaluate(x, y, verbose=0)),
        "variance": float(y.var()),
        "fresh_loss": float(model.evaluate(fresh_x, fresh_y, verbose=0)),
        "fresh_mean_loss": float(((fresh_y - y.mean()) ** 2).mean()),
        "moved": dict(zip(("W_x", "W_h", "b"), moved.tolist(), strict=True)),
    }
    if seed == SHOWN:
        arrays = {"x": x, "y": y, "forecast": model.predict(x, verbose=0)}
        shown = {name: a.ravel().astype(float).round(5).tolist() for name, a in arrays.items()}
        result["shown"] = shown
    return result


def draw():
    """100 numbers as the article's program draws them, from NumPy's global generator."""
    return np.random.random((100, 1))  # noqa: NPY002


def recurrent_layers(model):
    """[W_x, W_h, b] of the three recurrent layers."""
    return [layer.get_weights() for layer in model.layers[:3]]
