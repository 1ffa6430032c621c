"""Five words as one padded batch: the weights of the figure, and what the package makes of it."""

import numpy as np

from rnnbook.numpy import rnn

WORDS = ["stressed", "live", "was", "drawer", "parts"]  # as on the page
LETTERS = "abcdefghijklmnopqrstuvwxyz"
N, T, H = len(WORDS), 8, 6
DIGITS = 4  # of the stored weights
LARGEST = {}  # every setting is as large


def weights():
    """A plain layer that reads one-hot letters; larger weights than usual make it lively."""
    params = rnn.init(np.random.default_rng(4), len(LETTERS), H)
    return rnn.Params(3 * params.W_x.round(DIGITS), params.W_h.round(DIGITS), params.b)


def data():
    params = weights()
    return {
        "words": WORDS,
        "steps": T,
        "letters": LETTERS,
        "params": {name: w.round(DIGITS).tolist() for name, w in params._asdict().items()},
    }


def batch(padding):
    """The words as one-hot letters (N, T, 26), with zeros or the letter z as padding."""
    x = np.zeros((N, T, len(LETTERS)))
    for n, word in enumerate(WORDS):
        for t, letter in enumerate(word):
            x[n, t, LETTERS.index(letter)] = 1
        x[n, len(word) :, -1] = padding == "z"
    return x


def random_settings(rng):
    """Settings that a reader could choose. Without a mask the package refuses NaN."""
    masked = bool(rng.uniform() < 0.6)
    words = np.arange(T) < np.array([[len(word)] for word in WORDS])
    counts = words & (rng.uniform(size=(N, T)) < 0.8)
    paddings = ["zeros", "z", "NaN"] if masked else ["zeros", "z"]
    padding = str(rng.choice(paddings))
    if padding != "NaN":  # padding may count, too, by mistake
        counts |= rng.uniform(size=(N, T)) < 0.05
    return {
        "step": int(rng.integers(T + 1)),
        "masked": masked,
        "padding": padding,
        "counts": counts.tolist(),
    }


def reference(settings):
    """States and outputs of the batch, and each word alone, with its letters that count."""
    params, x = weights(), batch(settings["padding"])
    counts = np.array(settings["counts"])
    mask = counts if settings["masked"] else None
    hs, state, cache = rnn.forward(params, x, mask=mask)
    alone = np.zeros((N, H))
    for n in range(N):
        letters = np.flatnonzero(counts[n, : len(WORDS[n])])
        if len(letters):
            alone[n] = rnn.forward(params, x[n : n + 1, letters])[1][0]
    return {
        "states": cache.h.swapaxes(0, 1).tolist(),
        "outputs": hs.tolist(),
        "alone": alone.tolist(),
        "apart": np.abs(state - alone).max(axis=1).tolist(),
    }
