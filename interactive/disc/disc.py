"""A number in the disc: a state that a symbol multiplies, as the package's scan computes it."""

import numpy as np

from rnnbook.numpy.scan import scan

MOST = 32  # symbols that a reader may type
STRINGS = {"Only ones": "1" * MOST, "Mixed": "1011001110100110" * 2}
NUMBERS = {"0.8": (0.8, 0), "−0.8": (0.8, 180), "−1": (1, 180), "a turn by 120°": (1, 120)}
LARGEST = {"text": STRINGS["Only ones"]}


def data():
    return {"most": MOST, "strings": STRINGS, "numbers": NUMBERS}


def random_settings(rng):
    """Settings that a reader could choose."""
    return {
        "radius": float(rng.choice([1, rng.uniform(0, 1)])),
        "angle": float(rng.uniform(0, 360)),
        "text": "".join(rng.choice(["0", "1"], int(rng.integers(MOST + 1)))),
        "modulus": str(rng.choice(["2", "3"])),
    }


def reference(settings):
    """The states from the first on, and the smallest distance of two with different answers."""
    a = settings["radius"] * np.exp(1j * np.deg2rad(settings["angle"]))
    ones = np.array([symbol == "1" for symbol in settings["text"]], dtype=bool)
    states = np.ones(1, complex)
    if len(ones):
        steps = np.where(ones, a, 1)[None, :, None]
        read = scan(steps, np.zeros_like(steps), np.ones((1, 1), complex))
        states = np.append(states, read[0, :, 0])
    answers = np.append(0, np.cumsum(ones)) % int(settings["modulus"])
    margins = []
    for t in range(len(states)):
        gaps = np.abs(states[: t + 1, None] - states[: t + 1])
        gaps = gaps[answers[: t + 1, None] != answers[: t + 1]]
        margins.append(float(gaps.min(initial=2)))
    return {"states": np.stack([states.real, states.imag], axis=1).tolist(), "margins": margins}
