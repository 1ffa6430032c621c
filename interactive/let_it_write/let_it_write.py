"""A network writes a play or a poem: the same dice with any temperature, top-k and nucleus."""

import csv
import functools
from pathlib import Path

import numpy as np

from rnnbook import data as sets
from rnnbook.book.records import load_weights
from rnnbook.numpy import gru
from rnnbook.text import decoding
from rnnbook.text.vocabulary import Vocabulary

TEXTS = ("play", "quatrains")
PROMPT = {"play": "ROSALIND\tI pray thee, ", "quatrains": "\n"}  # the play's is that of the page
LENGTH = {"play": 70, "quatrains": 12}
FORBIDDEN = {"play": ("<unk>",), "quatrains": ("<unk>", "\n")}
MOST = 65  # top-k at its end: no limit
FACTOR, MODULUS = 48271, 2**31 - 1  # dice that any language can throw (Park and Miller)
LARGEST = {"text": "play", "temperature": 2.0, "topP": 1.0, "letter": 0}


@functools.cache
def vocabulary(text):
    """As on the page: of all scenes but three, or of nine tenths of the quatrains."""
    if text == "play":
        pieces = list(sets.load_scenes().text[:-3])
    else:
        table = sets.load_quatrains(distinct=True)
        order = np.random.default_rng(0).permutation(len(table))
        pieces = list(table.poem.iloc[order[: int(0.9 * len(table))]])
    return Vocabulary.build(pieces, specials=("\n", "<unk>"), min_count=2)


@functools.cache
def weights(text):
    return load_weights("text_generation", f"text_generation_{text}")


@functools.cache
def glosses():
    """{character: (pinyin, English)}, written for this figure."""
    path = Path(__file__).with_name("glosses.tsv")
    rows = csv.reader(path.read_text("utf-8").splitlines(), delimiter="\t")
    return {character: [pinyin, english] for character, pinyin, english in rows}


def data():
    return {"factor": FACTOR, "modulus": MODULUS, "most": MOST}


def large():
    """Each network with its tokens; that of the poems is loaded when a reader asks for it."""
    found = {
        text: {
            "weights": weights(text),
            "tokens": vocabulary(text).tokens,
            "prompt": vocabulary(text).encode(PROMPT[text]).tolist(),
            "length": LENGTH[text],
            "forbidden": FORBIDDEN[text],
        }
        for text in TEXTS
    }
    found["quatrains"]["glosses"] = glosses()
    return found


def random_settings(rng):
    """Settings that a reader could choose."""
    text = str(rng.choice(TEXTS))
    return {
        "text": text,
        "temperature": float(rng.uniform(0.1, 2)),
        "topK": int(rng.integers(1, MOST + 1)),
        "topP": float(rng.choice([1, rng.uniform(0.05, 1)])),
        "dice": int(rng.integers(1, 1000)),
        "letter": int(rng.integers(LENGTH[text])),
    }


def numbers(dice, count):
    """The numbers from 0 to 1 of one set of dice."""
    x, found = dice, []
    for _ in range(count + 10):
        x = FACTOR * x % MODULUS
        found.append(x / MODULUS)
    return found[10:]  # the first ones are small where `dice` is


@functools.cache
def network(text):
    """The GRU of the page, one step: log p of the next token and the new state."""
    w = {name: array.astype(np.float64) for name, array in weights(text).items()}
    params = gru.Params(*(w[f"gru_{name}"] for name in gru.Params._fields))

    def step(tokens, h):
        h = gru.step(params, w["embedding"][tokens], h)
        e = h @ w["projection_W"] + w["projection_b"]
        return decoding.log_softmax(e @ w["embedding"].T + w["bias"]), h

    return decoding.forbid(step, *(vocabulary(text)[token] for token in FORBIDDEN[text]))


def reference(settings):
    """What is written, its cost in bits, and one letter's distribution as it is and changed."""
    text = settings["text"]
    top_k = None if settings["topK"] == MOST else settings["topK"]
    how = {"temperature": settings["temperature"], "top_k": top_k, "top_p": settings["topP"]}
    *before, token = vocabulary(text).encode(PROMPT[text])
    h = np.zeros((1, len(weights(text)["gru_W_h"])))
    for one in before:
        _, h = network(text)(np.array([one]), h)
    written, bits, models, changed = [], [], [], []
    for number in numbers(settings["dice"], LENGTH[text]):
        log_probs, h = network(text)(np.array([token]), h)
        models.append(log_probs[0])
        changed.append(decoding.reshape(log_probs, **how)[0])
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
