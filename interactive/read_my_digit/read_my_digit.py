"""A network reads a drawn digit row by row, as the package computes it."""

import functools
from pathlib import Path

import numpy as np

from rnnbook.data.mnist import load_mnist
from rnnbook.numpy import gru
from rnnbook.text.decoding import log_softmax

SIDE = 14
EXAMPLES = {"A 3": 3, "A 4": 4, "A 7": 7}
LARGEST = {}  # every setting is as large


@functools.cache
def weights():
    """What train.py has stored."""
    with np.load(Path(__file__).with_name("weights.npz")) as stored:
        return dict(stored)


@functools.cache
def test_images():
    """The book's test digits at half their size, +1 black and -1 white: (2000, 196)."""
    blocks = load_mnist().test.reshape(-1, SIDE, 2, SIDE, 2).mean(axis=(2, 4)) / 255
    return np.where(blocks > 0.35, 1, -1).reshape(-1, SIDE * SIDE)


def signs(pixels):
    return "".join("1" if value > 0 else "0" for value in pixels)


def data():
    labels = load_mnist().test_labels
    first = {name: int(np.argmax(labels == digit)) for name, digit in EXAMPLES.items()}
    examples = {name: signs(test_images()[k]) for name, k in first.items()}
    return {"side": SIDE, "examples": examples}


def large():
    return {"weights": {"weights": weights()}}


def random_settings(rng):
    """Settings that a reader could choose: digits of the test, some of them with noise."""
    pixels = test_images()[rng.integers(2000)]
    flipped = rng.uniform(size=pixels.shape) < rng.choice([0, 0.05, 0.3])
    pixels = np.where(flipped, -pixels, pixels)
    return {"pixels": pixels.tolist(), "row": int(rng.integers(1, SIDE + 1))}


def probabilities(pixels):
    """Of each digit after each row of some images (N, 196): (N, 14, 10)."""
    w = {name: array.astype(float) for name, array in weights().items()}
    params = gru.Params(*(w[name] for name in gru.Params._fields))
    x = (np.reshape(pixels, (-1, SIDE, SIDE)) + 1.0) / 2
    hs, _, _ = gru.forward(params, x)
    return np.exp(log_softmax(hs @ w["W"] + w["b"]))


def reference(settings):
    return {"p": probabilities(settings["pixels"])[0].tolist()}
