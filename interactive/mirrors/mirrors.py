"""Two mirrors and the letter F: two writes a round into a memory whose columns are its corners."""

import numpy as np

from rnnbook.numpy.delta_rule import loop

MOST = 12  # rounds
SIZE, PLACE = 0.6, np.deg2rad(60)  # of the letter, and where it stands around the centre
OUTLINE = [
    [[0, 0], [0, 1], [0.62, 1], [0.62, 0.81]],
    [[0.21, 0.81], [0.21, 0.6], [0.52, 0.6], [0.52, 0.41], [0.21, 0.41], [0.21, 0]],
]
LARGEST = {"rounds": MOST}


def corners():
    """The letter F as a memory, (2, M): a column for each corner."""
    outline = np.concatenate(OUTLINE) - [0.31, 0.5]
    return (SIZE * outline + [np.cos(PLACE), np.sin(PLACE)]).T.round(4)


def data():
    return {"corners": corners().tolist(), "most": MOST}


def random_settings(rng):
    """Settings that a reader could choose."""
    return {
        "angle": float(rng.uniform(0, 90)),
        "b": float(rng.choice([2, rng.uniform(0, 2)])),
        "rounds": int(rng.integers(MOST + 1)),
    }


def memories(settings, S_0, rounds):
    """The memory before all writes and after each of them, (2 rounds + 1, 2, columns)."""
    if rounds == 0:
        return S_0[None]
    angle, T = np.deg2rad(settings["angle"]), 2 * rounds
    keys = np.array([[1.0, 0.0], [np.cos(angle), np.sin(angle)]])
    k = np.tile(keys, (1, rounds, 1))
    v = np.zeros((1, T, S_0.shape[1]))
    return loop(k, k, v, np.full((1, T), float(settings["b"])), S_0=S_0[None])[2].S[:, 0]


def reference(settings):
    """The letter after each write, and the eigenvalues of a round."""
    z = np.linalg.eigvals(memories(settings, np.eye(2), 1)[-1])
    z = z[np.lexsort((z.real, z.imag))]
    return {
        "memories": memories(settings, corners(), settings["rounds"]).tolist(),
        "eigenvalues": np.stack([z.real, z.imag], axis=1).tolist(),
    }
