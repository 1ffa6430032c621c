"""Learning rates of the language models, tried on the validation part with one seed.

Each rate trains for half the epochs of `language_models`, with its code, falling to zero within
them, and the lowest validation bits at the end choose. Neighbours differ by a factor of two. The
grid has at least three rates, and goes on beyond the better end as long as the best rate lies
there. The test part is not read.
"""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import torch

SEEDS = range(1)
EPOCHS = {"characters": 7, "quatrains": 6, "words": 5}
LOWEST = {"rnn": 1e-3, "lstm": 4e-3, "gru": 4e-3, "transformer": 1e-3}
AT_LEAST = 3
SETTINGS = [{"text": text, "cell": cell} for text in EPOCHS for cell in LOWEST]
POINT = [
    {
        "seed": 0,
        "settings": {"text": text, "cell": cell},
        "constants": {"EPOCHS": {text: 1}, "AT_LEAST": 1},
        "first": {"load_quatrains": 100, "load_text": 6_000},
        "tolerance": {"": 1e-3, "seconds": float("inf")},
    }
    for text, cell in (("words", "lstm"), ("quatrains", "transformer"))
]


def beside(name):
    """The script of another experiment, as a module."""
    spec = spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def widened(lowest, at_least, bits):
    """{rate: bits} of a grid with its best rate inside, or of one rate alone."""
    found = {lowest * 2**k: bits(lowest * 2**k) for k in range(at_least)}
    while at_least > 1:
        best = min(found, key=found.get)
        if min(found) < best < max(found):
            break
        rate = best / 2 if best == min(found) else 2 * best
        found[rate] = bits(rate)
    return found


def run(seed, text, cell):
    torch.set_num_threads(1)
    train, spent = beside("language_models").train, []

    def bits(rate):
        _, curve, seconds = train(text, cell, seed, rate, EPOCHS[text])
        spent.append(seconds)
        return round(curve[-1], 4)

    found = widened(LOWEST[cell], AT_LEAST, bits)
    return {
        "rate": min(found, key=found.get),
        "tried": sorted([rate, bits] for rate, bits in found.items()),
        "seconds": round(sum(spent), 1),
    }
