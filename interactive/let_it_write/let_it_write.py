"""A network writes a play: the same dice with any temperature, top-k and nucleus."""

import functools

import numpy as np

from rnnbook import data as sets
from rnnbook.book.records import load_weights
from rnnbook.numpy import gru
from rnnbook.text import decoding
from rnnbook.text.vocabulary import Vocabulary

PROMPT, LENGTH = "ROSALIND\tI pray thee, ", 90  # the beginning is that of the page
FACTOR, MODULUS = 48271, 2**31 - 1  # dice that any language can throw (Park and Miller)
LARGEST = {"temperature": 2.0, "topP": 1.0}


@functools.cache
def vocabulary():
    pieces = list(sets.load_scenes().text[:-3])
    return Vocabulary.build(pieces, specials=("\n", "<unk>"), min_count=2)


@functools.cache
def weights():
    return load_weights("text_generation", "text_generation_play")


def data():
    return {
        "tokens": vocabulary().tokens,
        "prompt": vocabulary().encode(PROMPT).tolist(),
        "length": LENGTH,
        "factor": FACTOR,
        "modulus": MODULUS,
    }


def large():
    return {"weights": {"weights": weights()}}


def random_settings(rng):
    """Settings that a reader could choose."""
    return {
        "temperature": float(rng.uniform(0.1, 2)),
        "topK": int(rng.integers(1, len(vocabulary()) + 1)),
        "topP": float(rng.choice([1, rng.uniform(0.05, 1)])),
        "dice": int(rng.integers(1, 1000)),
        "letter": int(rng.integers(LENGTH)),
    }


def numbers(dice):
    """The numbers from 0 to 1 of one set of dice."""
    x, found = dice, []
    for _ in range(LENGTH + 10):
        x = FACTOR * x % MODULUS
        found.append(x / MODULUS)
    return found[10:]  # the first ones are small where `dice` is


@functools.cache
def network():
    """The GRU of the page, one step: log p of the next token and the new state."""
    w = {name: array.astype(np.float64) for name, array in weights().items()}
    params = gru.Params(*(w[f"gru_{name}"] for name in gru.Params._fields))

    def step(tokens, h):
        h = gru.step(params, w["embedding"][tokens], h)
        e = h @ w["projection_W"] + w["projection_b"]
        return decoding.log_softmax(e @ w["embedding"].T + w["bias"]), h

    return decoding.forbid(step, vocabulary()["<unk>"])


def reference(settings):
    """What is written, its cost in bits, and one letter's distribution as it is and changed."""
    how = {"top_k": settings["topK"], "top_p": settings["topP"]}
    *before, token = vocabulary().encode(PROMPT)
    h = np.zeros((1, len(weights()["gru_W_h"])))
    for one in before:
        _, h = network()(np.array([one]), h)
    written, bits, models, changed = [], [], [], []
    for number in numbers(settings["dice"]):
        log_probs, h = network()(np.array([token]), h)
        models.append(log_probs[0])
        changed.append(decoding.reshape(log_probs, temperature=settings["temperature"], **how)[0])
        order = np.argsort(-changed[-1], kind="stable")
        sums = np.cumsum(np.exp(changed[-1][order]))
        token = int(order[np.argmax(sums > number)])
        written.append(token)
        bits.append(float(-log_probs[0, token] / np.log(2)))
    at = settings["letter"]
    return {
        "written": written,
        "bits": bits,
        "model": np.exp(models[at]).tolist(),
        "changed": np.exp(changed[at]).tolist(),
        "left": [int(np.isfinite(row).sum()) for row in changed],
    }
