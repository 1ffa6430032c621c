"""What comes next in a play: a trained GRU, and counting, as the package computes both."""

import functools

import numpy as np

from rnnbook import data as sets
from rnnbook.book.records import load_weights
from rnnbook.numpy import gru
from rnnbook.text import decoding
from rnnbook.text.ngrams import ModifiedKneserNey, count
from rnnbook.text.vocabulary import Vocabulary

ORDER = 6  # as the page chooses it for letters
BEFORE = "\n\t"  # what stands before a line of the play
MOST = 40  # characters that a reader may type
UNKNOWN, END = "\ufffd", "\0"  # for a character that is not known, and after each scene
TRIES = {
    "A line that both have read": "All the world's a stage,",
    "A line that neither has read": "I have trod a measure; I have flattered",
    "No line of the play": "A network reads one letter after another",
}
LARGEST = {"text": TRIES["No line of the play"]}


@functools.cache
def scenes():
    return list(sets.load_scenes().text)


@functools.cache
def vocabulary():
    return Vocabulary.build(scenes()[:-3], specials=("\n", "<unk>"), min_count=2)


def marked(text):
    """The text with one sign for all that is not in the vocabulary."""
    known = vocabulary()
    return "".join(c if c in known else UNKNOWN for c in text)


@functools.cache
def counter():
    pieces = [marked(scene) for scene in scenes()[:-3]]
    return ModifiedKneserNey(count(pieces, ORDER), order=ORDER, tokens=len(vocabulary()))


def tokens():
    return [UNKNOWN if token == "<unk>" else token for token in vocabulary().tokens]


def data():
    return {
        "tokens": tokens(),
        "unknown": UNKNOWN,
        "end": END,
        "before": BEFORE,
        "discounts": [list(row) for row in counter().discounts],
        "tries": TRIES,
        "most": MOST,
    }


def large():
    """The network of the page on text generation, and what it has read."""
    weights = load_weights("text_generation", "text_generation_play")
    text = END.join(marked(scene) for scene in scenes()[:-3])
    return {"weights": {"weights": weights}, "play": {"text": text}}


def random_settings(rng):
    """Settings that a reader could choose: pieces of the play, and letters by chance."""
    length = int(rng.integers(MOST + 1))
    if rng.uniform() < 0.3:
        return {"text": "".join(rng.choice(list("abcdeT !,é"), length))}
    whole = " ".join(" ".join(scenes()).split())
    start = int(rng.integers(len(whole) - MOST))
    return {"text": whole[start : start + length]}


def log_probs(ids):
    """log p of the GRU after each of the tokens (T,), in NumPy: (T, V)."""
    stored = load_weights("text_generation", "text_generation_play")
    w = {name: array.astype(np.float64) for name, array in stored.items()}
    params = gru.Params(*(w[f"gru_{name}"] for name in gru.Params._fields))
    hs, _, _ = gru.forward(params, w["embedding"][ids][None])
    e = hs[0] @ w["projection_W"] + w["projection_b"]
    return decoding.log_softmax(e @ w["embedding"].T + w["bias"])


def reference(settings):
    """The probabilities of what comes next, and the bits of every character that came."""
    read = BEFORE + marked(settings["text"])
    ids = vocabulary().encode(["<unk>" if c == UNKNOWN else c for c in read])
    network = log_probs(ids)
    at = np.arange(len(BEFORE), len(read))
    counted = [counter().prob(read[t], read[:t]) for t in at]
    return {
        "gru": np.exp(network[-1]).tolist(),
        "counting": [counter().prob(token, read) for token in tokens()],
        "gruBits": (-network[at - 1, ids[at]] / np.log(2)).tolist(),
        "countingBits": (-np.log2(np.array(counted))).tolist(),
    }
