"""The LSTM and the transformer of `language_models` with dropout and epochs of their own.

Everything is as in `language_models`, but for what `language_choices` chose for each text and
model on the validation part. On words only, since that is the text with the largest dropout and the
shortest training.
"""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import torch

SEEDS = range(3)
TEXTS = ("words",)
SETTINGS = [{"text": text, "cell": cell} for text in TEXTS for cell in ("transformer", "lstm")]
SHARE = 1  # of the epochs, for the point
POINT = [
    {
        "seed": 0,
        "settings": {"text": "words", "cell": "transformer"},
        "constants": {"SHARE": 0.1},
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


def run(seed, text, cell):
    torch.set_num_threads(1)
    models = beside("language_models")
    rate = models.runs("language_rates", text=text, cell=cell)[0]["rate"]
    choice = models.runs("language_choices", text=text, cell=cell)[0]
    models.DROPOUT[text] = choice["dropout"]
    epochs = round(SHARE * choice["times"] * models.EPOCHS[text])
    model, curve, seconds = models.train(text, cell, seed, rate, epochs)
    bits = models.token_bits(model, models.load(text)[1][2])
    return {
        "dropout": choice["dropout"],
        "rate": rate,
        "valid": [round(b, 4) for b in curve],
        "test": round(bits.mean(), 4),
        "blocks": models.in_blocks(bits),
        "seconds": round(seconds, 1),
    }
