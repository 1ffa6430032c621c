"""Five cups: swaps of neighbours as writes of some strength, and what every place then reads."""

import numpy as np

from rnnbook import tasks
from rnnbook.numpy.delta_rule import loop
from rnnbook.tasks.permutations import cup_moves

CUPS, SWAPS, GAMES = 5, 400, 8
TIE = 1e-9  # a lead below it is none: a tie, up to rounding
KEYS = (np.eye(CUPS)[:-1] - np.eye(CUPS)[1:]) / np.sqrt(2)
LARGEST = {"swaps": SWAPS}


def games():
    """Which neighbours change places, (GAMES, SWAPS)."""
    return tasks.cups(np.random.default_rng(0), GAMES, SWAPS).x.argmax(axis=-1)


def data():
    return {"games": ["".join(map(str, moves)) for moves in games()], "keys": KEYS.tolist()}


def random_settings(rng):
    """Settings that a reader could choose."""
    return {
        "b": float(rng.choice([2, rng.uniform(1, 2)])),
        "swaps": int(rng.integers(SWAPS + 1)),
        "game": int(rng.integers(GAMES)),
    }


def reference(settings):
    """The memory after so many swaps; the lead of the right ball at the first place, all along."""
    moves = games()[settings["game"]]
    q, v = np.tile(np.eye(CUPS)[0], (1, SWAPS, 1)), np.zeros((1, SWAPS, CUPS))
    b = np.full((1, SWAPS), float(settings["b"]))
    S = loop(q, KEYS[moves][None], v, b, S_0=np.eye(CUPS)[None])[2].S[:, 0]
    places = [np.arange(CUPS)]
    for move in moves:
        places.append(places[-1][cup_moves(CUPS, "neighbours")[move]])
    leads = np.array([lead(read[0], balls[0]) for read, balls in zip(S, places, strict=True)])
    wrong = np.flatnonzero(leads < TIE)
    return {
        "memory": S[settings["swaps"]].tolist(),
        "balls": places[settings["swaps"]].tolist(),
        "leads": leads.tolist(),
        "wrong": int(wrong[0]) if len(wrong) else None,
    }


def lead(read, ball):
    """How much more a place reads for the right ball than for any other."""
    return float(read[ball] - np.delete(read, ball).max())
