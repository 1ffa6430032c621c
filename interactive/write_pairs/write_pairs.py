"""Who lives where, in two matrices: one adds every write, the other corrects what it finds."""

import numpy as np

from rnnbook.numpy.delta_rule import loop

NAMES = ["Anna", "Bert", "Carla", "Dora", "Emil"]
CITIES = {  # latitude and longitude in degrees
    "Rome": (41.9, 12.5),
    "Oslo": (59.9, 10.75),
    "Lisbon": (38.7, -9.15),
    "Athens": (38.0, 23.7),
    "Dublin": (53.35, -6.25),
    "Bern": (46.95, 7.45),
    "Bucharest": (44.45, 26.1),
    "Kyiv": (50.45, 30.5),
    "Helsinki": (60.15, 24.95),
}
STORY = list(zip([*NAMES, *NAMES[:4]], CITIES, strict=True))
MIDDLE, DEGREE = (50, 12), 111.2  # what places count from; kilometres of a degree of latitude
ROWS = [2, 4, 8, 16, 32, 64, 128]
SEED = 129
WAYS = {"adding": False, "correcting": True}
LARGEST = {"rows": ROWS[-1]}


def places():
    """Where each city lies, east and north of the middle of the map, in thousands of kilometres."""
    shrunk = np.cos(np.deg2rad(MIDDLE[0]))  # of a degree of longitude
    found = {}
    for city, (north, east) in CITIES.items():
        kilometres = DEGREE * shrunk * (east - MIDDLE[1]), DEGREE * (north - MIDDLE[0])
        found[city] = [round(float(one)) / 1000 for one in kilometres]
    return found


def drawn():
    """A long row of random numbers for each name; keys are made of its first ones."""
    return np.random.default_rng(SEED).standard_normal((len(NAMES), ROWS[-1])).round(2)


def data():
    story = [list(write) for write in STORY]
    return {"names": NAMES, "story": story, "places": places(), "drawn": drawn().tolist()}


def random_settings(rng):
    """Settings that a reader could choose."""
    return {
        "writes": int(rng.integers(1, len(STORY) + 1)),
        "rows": int(rng.choice(ROWS)),
        "strength": float(rng.uniform(0, 2)),
        "decay": float(rng.uniform(0.8, 1)),
    }


def true_places(writes):
    """Where each person lives after so many writes, as far as they have been written: (n, 2)."""
    at = places()
    return np.array([at[city] for city in dict(STORY[:writes]).values()])


def keys(rows):
    """A key of length 1 for each name, (5, rows)."""
    first = drawn()[:, :rows]
    return first / np.linalg.norm(first, axis=1, keepdims=True)


def reference(settings):
    """Both memories, where they read each person, and their mean errors after each write, in km."""
    people, at = keys(settings["rows"]), places()
    k = np.array([[people[NAMES.index(name)] for name, _ in STORY]])
    v = np.array([[at[city] for _, city in STORY]])
    b = np.full((1, len(STORY)), settings["strength"])
    log_a = np.full((1, len(STORY)), np.log(settings["decay"]))
    found = {}
    for way, erase in WAYS.items():
        S = loop(k, k, v, b, log_a, erase=erase)[2].S[1:, 0]
        reads = [people[: len(true_places(t + 1))] @ S[t] for t in range(len(STORY))]
        far = [np.linalg.norm(read - true_places(t + 1), axis=1) for t, read in enumerate(reads)]
        now = settings["writes"] - 1
        found[way] = {
            "S": S[now].tolist(),
            "reads": reads[now].tolist(),
            "errors": [1000 * float(one.mean()) for one in far],
        }
    return found
