"""Hopfield's memory: pictures and random patterns, and what recall makes of any start.

All sums of signs are whole numbers here, so that the sign of an input is the same on any machine.
"""

import numpy as np

from rnnbook.book.exercises.classics import EXERCISES

SIDE, MOST, SWEEPS, TRIED = 14, 60, 12, 20
N = SIDE * SIDE
NAMES = ["ring", "cross", "bars"]
LARGEST = {"count": MOST}


def pictures():
    """The three pictures of the page, (3, n)."""
    row, col = np.indices((SIDE, SIDE)) - 6.5
    ring = np.abs(np.hypot(row, col) - 4.5) < 1.2
    cross = np.abs(np.abs(row) - np.abs(col)) < 1.2
    bars = (col + 6.5) % 4 < 2
    return np.where([ring, cross, bars], 1, -1).reshape(3, -1)


def patterns():
    """The pictures, and random patterns to fill the memory with: (60, n)."""
    random = np.random.default_rng(0).choice([-1, 1], (MOST - len(NAMES), N))
    return np.concatenate([pictures(), random])


def orders():
    """In which order the units take their turns, sweep after sweep."""
    rng = np.random.default_rng(1)
    return np.array([rng.permutation(N) for _ in range(SWEEPS)])


def signs(rows):
    """Rows of +1 and -1 as strings of 1 and 0."""
    return ["".join("1" if value > 0 else "0" for value in row) for row in rows]


def data():
    noise = np.random.default_rng(2).permutation(N)[: N // 4]
    start = pictures()[0]
    start[noise] *= -1
    return {
        "names": NAMES,
        "side": SIDE,
        "patterns": signs(patterns()),
        "orders": orders().tolist(),
        "start": signs([start])[0],
        "kept": [kept(count) for count in range(1, MOST + 1)],
        "tried": TRIED,
    }


def weights(count):
    """n times the weights that store the first patterns: whole numbers."""
    stored = patterns()[:count].astype(float)
    return np.rint(N * EXERCISES["hopfield-weights"].solution(stored))


def recall(W, states):
    """Sweeps over states (M, n) until none changes; every state on the way of the first."""
    states, path = states.copy(), [states[0].copy()]
    for order in orders():
        before = states.copy()
        for k in order:
            states[:, k] = np.where(states @ W[k] >= 0, 1, -1)
            path.append(states[0].copy())
        if (states == before).all():
            break
    return states, np.array(path)


def kept(count):
    """The mean agreement of stored patterns with what recall makes of them."""
    first = patterns()[: min(count, TRIED)]
    return float((recall(weights(count), first)[0] * first).mean())


def random_settings(rng):
    """Settings that a reader could choose."""
    count = int(rng.integers(1, MOST + 1))
    flipped = rng.uniform(size=N) < rng.uniform(0, 0.6)
    pixels = np.where(flipped, -1, 1) * pictures()[rng.integers(3)]
    return {"count": count, "pixels": pixels.tolist(), "update": int(rng.integers(3 * N))}


def reference(settings):
    """The end of the recall, the energy on its way, and agreement with each picture."""
    W = weights(settings["count"])
    states, path = recall(W, np.array([settings["pixels"]]))
    energy = EXERCISES["hopfield-energy"].solution
    shown = patterns()[: min(3, settings["count"])]
    return {
        "end": states[0].tolist(),
        "energies": [float(energy(W / N, state)) for state in path],
        "agreements": (shown @ states[0] / N).tolist(),
        "kept": kept(settings["count"]),
    }
