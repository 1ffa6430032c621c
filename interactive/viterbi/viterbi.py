"""The best sequence of tags, word by word, as the package finds it."""

import numpy as np

from rnnbook.numpy import crf

WORDS, TAGS = ["the", "girl", "gave", "a", "book"], ["O", "B", "I"]
T, K = len(WORDS), len(TAGS)
SCORES = [[1.1, 0.7, -2], [0, 0, 1.1], [1.6, 0, 0], [0.8, 0.6, -1], [0.2, 0.1, 0.9]]
AFTER = [[0, 0, 0], [0, 0, 0.7], [0, 0, 0.7]]  # the score of a tag after a tag
NEVER = -1000.0  # the score of a pair that is forbidden
LARGEST = {"step": T}


def data():
    return {"words": WORDS, "tags": TAGS, "scores": SCORES, "after": AFTER, "never": NEVER}


def random_settings(rng):
    """Settings that a reader could choose."""
    return {
        "scores": rng.uniform(-3, 3, (T, K)).round(1).tolist(),
        "forbidden": (rng.uniform(size=(K, K)) < 0.2).tolist(),
        "step": int(rng.integers(1, T + 1)),
    }


def reference(settings):
    """The best score of each tag at each word, and the best tags up to the step."""
    after = np.where(settings["forbidden"], NEVER, AFTER)
    emissions = np.array(settings["scores"])[None]

    def best(t, end):
        return crf.viterbi(crf.Params(after, np.zeros(K), end), emissions[:, :t])

    only = np.where(np.eye(K, dtype=bool), 0, 2 * T * NEVER)  # end in this tag
    tables = [[float(best(t, end)[1][0]) for end in only] for t in range(1, T + 1)]
    tags, _ = best(settings["step"], np.zeros(K))
    return {"best": tables, "way": tags[0].tolist()}
