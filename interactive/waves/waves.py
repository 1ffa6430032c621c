"""Sixteen linear steps as a loop, in chunks and as a tree, wave by wave."""

import numpy as np

from rnnbook.numpy.scan import scan

T, L = 16, 4  # steps, and steps of a chunk
WAVES = {"loop": T, "chunks": 2 * L + T // L - 1, "tree": 4}
LARGEST = {"way": "chunks", "wave": WAVES["chunks"]}


def data():
    return {"steps": T, "chunk": L, "waves": WAVES}


def random_settings(rng):
    """Settings that a reader could choose."""
    way = str(rng.choice(list(WAVES)))
    wave = int(rng.integers(WAVES[way] + 1))
    return {"way": way, "wave": wave, "kept": float(rng.uniform(0, 1))}


def starts(way, wave):
    """For each step, where the piece begins that it has taken in after so many waves."""
    t = np.arange(T)
    if way == "loop":
        return np.where(t < wave, 0, t)
    if way == "tree":
        return np.maximum(0, t - 2**wave + 1)
    place, chunk = t % L, t // L
    inside = np.where(place < wave, t - place, t)  # first all chunks at once
    joined = (place == L - 1) & (chunk <= wave - L)  # then from chunk to chunk
    again = place < wave - (L + T // L - 1)  # then all chunks again
    return np.where(joined | again | (chunk == 0) & (place < wave), 0, inside)


def joins(way, wave):
    """How many joins there are in a wave."""
    if way == "loop":
        return int(wave > 1)
    if way == "tree":
        return T - 2 ** (wave - 1)
    if L < wave < L + T // L:
        return 1  # from chunk to chunk
    return 0 if wave == 1 else T // L - int(wave > L)  # the first chunk runs once


def reference(settings):
    """The pieces, each as one step h -> A h + B, and how many joins made them."""
    way, a = settings["way"], settings["kept"]
    begin = starts(way, settings["wave"])
    pieces = [scan(np.full((1, n, 1), a), np.ones((1, n, 1))) for n in np.arange(T) - begin + 1]
    return {
        "from": begin.tolist(),
        "A": [float(a ** piece.shape[1]) for piece in pieces],
        "joins": sum(joins(way, wave) for wave in range(1, settings["wave"] + 1)),
        "B": [float(piece[0, -1, 0]) for piece in pieces],
    }
