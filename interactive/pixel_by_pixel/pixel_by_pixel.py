"""The network that draws digits, pixel by pixel, as the package computes it."""

import functools

import numpy as np
from sklearn.datasets import load_digits

from rnnbook.book.records import load_weights
from rnnbook.numpy import gru
from rnnbook.text.decoding import log_softmax

LEVELS, SIDE, HIDE = 17, 8, 10  # as on the page; the digit 10: not told
PIXELS, START = SIDE * SIDE, LEVELS  # the level 17: no pixel there
LARGEST = {}  # every setting is as large


@functools.cache
def parts():
    """Training and test images (N, 64) and the digits of the test, in the page's split."""
    digits = load_digits()
    pixels = digits.images.astype(np.int64).reshape(-1, PIXELS)
    order = np.random.default_rng(0).permutation(len(pixels))
    training, _, test = np.split(order, [1297, 1497])
    return pixels[training], pixels[test], digits.target[test]


@functools.cache
def counts():
    """How often each level stands at each place of the training images (64, 17)."""
    training, _, _ = parts()
    return np.stack([np.bincount(column, minlength=LEVELS) for column in training.T])


@functools.cache
def chosen():
    """The first test image of each digit, (10, 64)."""
    _, test, labels = parts()
    return np.stack([test[np.argmax(labels == digit)] for digit in range(10)])


@functools.cache
def weights():
    """The stored network, with the GRU's matrices as in the package."""
    stored = load_weights("generation", "generation_digits")
    ends = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
    names = gru.Params._fields
    found = {name: stored[f"cell.{end}"].T for name, end in zip(names, ends, strict=True)}
    found |= {name: stored[f"{name}.weight"] for name in ("before", "place", "above", "digit")}
    return found | {"W": stored["output.weight"].T, "b": stored["output.bias"]}


def data():
    return {"images": chosen().tolist(), "counts": counts().tolist(), "hide": HIDE, "edge": START}


def large():
    return {"weights": {"weights": weights()}}


def random_settings(rng):
    """Settings that a reader could choose."""
    return {
        "image": int(rng.integers(10)),
        "pixel": int(rng.integers(PIXELS)),
        "told": str(rng.choice(["no", "yes"])),
    }


def reference(settings):
    """What the network and what counting by place expect at a pixel, and the bits of all."""
    w = {name: array.astype(float) for name, array in weights().items()}
    x = chosen()[settings["image"]]
    before = np.append(START, x[:-1])
    above = np.append(np.full(SIDE, START), x[:-SIDE])
    digit = np.full(PIXELS, settings["image"] if settings["told"] == "yes" else HIDE)
    inputs = [w["before"][before], w["place"], w["above"][above], w["digit"][digit]]
    params = gru.Params(*(w[name] for name in gru.Params._fields))
    hs, _, _ = gru.forward(params, np.concatenate(inputs, axis=1)[None])
    log_p = log_softmax(hs[0] @ w["W"] + w["b"])
    by_place = (counts() + 0.5) / (counts() + 0.5).sum(axis=1, keepdims=True)
    at = np.arange(PIXELS)
    return {
        "p": np.exp(log_p[settings["pixel"]]).tolist(),
        "usual": by_place[settings["pixel"]].tolist(),
        "bits": (-log_p[at, x] / np.log(2)).tolist(),
        "usualBits": (-np.log2(by_place[at, x])).tolist(),
    }
