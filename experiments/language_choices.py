"""Dropout and epochs for the LSTM and the transformer, tried on the validation part with one seed.

In `language_models` both have the dropout and the epochs that had once been chosen for recurrent
cells. But dropout strikes the transformer in seven places and the LSTM in three, and attention may
learn more slowly. Two trials with the transformer on words, before this script was written, gave
5.74 bits on the validation part with a dropout of 0.1 and 5.82 with 0.2, where 0.4 has 6.11.

So each model gets the same search, on words, the text with the largest dropout and the shortest
training: dropout is halved as long as that helps, or else doubled as long as that helps; then twice
the epochs are tried, with that dropout and with twice as much. The lowest validation bits choose.
The rates are those of `language_rates`, and the test part is not read.
"""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import torch

SEEDS = range(1)
TEXTS = ("words",)
SETTINGS = [{"text": text, "cell": cell} for text in TEXTS for cell in ("transformer", "lstm")]
LARGEST = 0.8
SHARE, FIRST = 1, None  # for the point: of the epochs, and the bits to start from
POINT = [
    {
        "seed": 0,
        "settings": {"text": "words", "cell": "transformer"},
        "constants": {"SHARE": 0.1, "FIRST": 1.0},
        "first": {"load_text": 6_000},
        "tolerance": {"": 1e-3, "seconds": float("inf")},
    }
]


def beside(name):
    """The script of another experiment, as a module."""
    spec = spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def search(start, bits):
    """{(dropout, times the epochs): bits} of all trials; `bits` is called once for each."""
    found = {}

    def ask(*choice):
        if choice not in found:
            found[choice] = bits(*choice)
        return found[choice]

    best = start
    while ask(best / 2, 1) < ask(best, 1):
        best /= 2
    while best >= start and 2 * best <= LARGEST and ask(2 * best, 1) < ask(best, 1):
        best *= 2
    for dropout in (best, 2 * best):
        if dropout <= LARGEST:
            ask(dropout, 2)
    return found


def run(seed, text, cell):
    torch.set_num_threads(1)
    models = beside("language_models")
    rate = models.runs("language_rates", text=text, cell=cell)[0]["rate"]
    start, spent = models.DROPOUT[text], []

    def bits(dropout, times):
        if (dropout, times) == (start, 1):
            known = FIRST or models.runs("language_models", text=text, cell=cell, seed=seed)[0]
            return known if FIRST else known["valid"][-1]
        models.DROPOUT[text] = dropout
        epochs = round(SHARE * times * models.EPOCHS[text])
        _, curve, seconds = models.train(text, cell, seed, rate, epochs)
        spent.append(seconds)
        return round(curve[-1], 4)

    found = search(start, bits)
    dropout, times = min(found, key=found.get)
    return {
        "dropout": dropout,
        "times": times,
        "tried": sorted([*choice, bits] for choice, bits in found.items()),
        "seconds": round(sum(spent), 1),
    }
