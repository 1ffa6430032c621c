"""Two recurrent layers in place of one: what does depth add to a linear recurrence?

The protocol, written before any scored run of this script. Theorems about linear recurrences are
about stacks of layers; the earlier record had one. Languages, training, schedule, looks, rate, test
and verdicts are those of `expressive`, whose code is used.

- "two": six networks (without "hard") on all seven languages with two layers of 32 units. Each
  layer is followed by a perceptron, which sees the state and what the layer has read; that of the
  last layer belongs to the readout. So a gate of the second layer may depend on what was read
  before.
- "wide": the three linear networks with one layer of as many weights as two have, within 4 %, on
  four languages. It tells depth from size.
- Judgement, to be made on the page, with the thresholds of `expressive` and five seeds. Depth helps
  where two layers generalise with at least three seeds more than one layer, and than one wide
  layer.
- By hand, tried: two layers with a of 0 or 1 do brackets of depth 3 without an error over 10,000
  symbols (the first counts the depth, the second keeps a kind for each depth).
- Expected, so that it can fail: (1) no stack of positive or min_gru layers generalises on parity or
  modulo 3 with any seed, as proved; (2) with two layers positive and min_gru generalise on depth 3,
  where one layer did not; the wide layer does not; (3) positive learns recall with two layers,
  since the first tells the second what to keep; (4) two layers of signed do not generalise on
  modulo 3.
"""

import importlib.util
from functools import cache
from pathlib import Path

import torch

spec = importlib.util.spec_from_file_location(
    "expressive", Path(__file__).with_name("expressive.py")
)
base = importlib.util.module_from_spec(spec)
spec.loader.exec_module(base)

SEEDS = range(5)
LENGTH, MOST, TRIALS, TEST = 20, base.MOST, base.TRIALS, base.TEST
STEPS, RISE, FALL, CHECK, POOL = base.SIZES
WIDE = {"parity": 69, "mod 3": 69, "depth 3": 68, "recall": 66}


def setting(task, model, layers, units):
    return {"task": task, "model": model, "layers": layers, "units": units}


SETTINGS = [setting(t, m, 2, base.HIDDEN) for t in base.CLASSES for m in base.MODELS[:6]] + [
    setting(task, model, 1, units) for task, units in WIDE.items() for model in base.MODELS[3:6]
]
POINT = [
    {
        "seed": 0,
        "settings": setting(task, model, 2, 32),
        "constants": {
            "LENGTH": 8,
            "STEPS": 20,
            "RISE": 5,
            "FALL": 10,
            "CHECK": 10,
            "MOST": 1,
            "TRIALS": 1,
            "POOL": 256,
            "TEST": 100,
        },
        "tolerance": {"": 1e-3, "accuracy": 1 / 100, "exact": 1 / 100},
    }
    for task, model in (("a^n b^n", "min_gru"), ("Dyck-2", "signed"), ("parity", "positive"))
]


@cache
def first(task, model, layers, units):
    """The rate, and the networks that chose it."""
    sizes = STEPS, RISE, FALL, CHECK, POOL
    return base.searched(task, LENGTH, sizes, MOST, TRIALS, model, layers, units)


def run(seed, task, model, layers, units):
    torch.set_num_threads(1)
    choice, networks = first(task, model, layers, units)
    if seed < TRIALS:
        made = networks[seed]
    else:
        sizes = STEPS, RISE, FALL, CHECK, POOL
        made = base.trained(seed, task, LENGTH, choice["rate"], sizes, model, layers, units)
    told = choice if seed == 0 else {"rate": choice["rate"]}
    return {**told, **base.scored(seed, task, LENGTH, *made, TEST)}
