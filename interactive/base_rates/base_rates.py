"""A thousand people, a few of them sought: who is picked, and how many of those are right."""

import numpy as np

PEOPLE = 1000
LARGEST = {}  # every setting is as large


def data():
    return {"people": PEOPLE}


def random_settings(rng):
    """Settings that a reader could choose, in percent."""
    return {
        "sought": float(rng.uniform(0.1, 50)),
        "found": float(rng.uniform(0, 100)),
        "mistaken": float(rng.uniform(0, 50)),
    }


def reference(settings):
    """Bayes' rule on a table of all cases, and whole people for the picture."""
    q, R, F = (settings[name] / 100 for name in ("sought", "found", "mistaken"))
    table = np.array([[q * R, q * (1 - R)], [(1 - q) * F, (1 - q) * (1 - F)]])
    picked = table[:, 0].sum()
    return {
        "table": (PEOPLE * table).tolist(),
        "right": float(table[0, 0] / picked) if picked > 0 else None,
    }
