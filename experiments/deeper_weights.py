"""The same number of weights: one wide layer, or up to sixteen narrow ones.

The protocol, written before any scored run of this script. An earlier record was known: one, two
and four layers with 50,000 weights, 320 steps; there one and two normalised layers were best, and
plain depth did harm. Residual stacks alone, 8 and 16 layers, and the modern block had not been
tried at equal weights.

Text, steps, rate, search and scores are those of `deeper`, whose code is used. All start as PyTorch
makes them. "modern" is norm, recurrence, add, norm, perceptron, add; its perceptron has twice the
units of the layer and is paid for with fewer of them.

- Sizes. 52,000 weights within 3 %, embedding and head included (16 modern blocks: 6 % fewer, since
  one unit more would be 6 % too many), so about as many multiplications a character. The units of
  each kind stand in SHAPES.
- Plain stacks have up to four layers only: what eight do stands in `deeper`.
- Judgement, to be made on the page. The best depth of each kind is chosen on the ninth tenth; kinds
  are compared at their best depth on the last tenth: each seed of one ahead of each of the other,
  and the interval of the paired blocks, seeds averaged, without zero; else "level". Whether a gap
  is one of learning or of forgetting what is new, "learnt" tells: the score on the first tenth.
- Expected, so that it can fail: one wide normalised layer is not beaten by any stack; among
  residual stacks depth pays up to four layers; the modern block is best at 8 and 16 layers.
"""

import importlib.util
from functools import cache
from pathlib import Path

import torch

spec = importlib.util.spec_from_file_location("deeper", Path(__file__).with_name("deeper.py"))
base = importlib.util.module_from_spec(spec)
spec.loader.exec_module(base)

SEEDS = range(3)
STEPS, RISE, FALL, LOOKS, MOST = base.STEPS, base.RISE, base.FALL, base.LOOKS, base.MOST
UNITS = {1: 72, 2: 52, 4: 38, 8: 27, 16: 19}
SHAPES = {
    "plain": {depth: UNITS[depth] for depth in (1, 2, 4)},
    "norm": UNITS,
    "residual": UNITS,
    "residual norm": UNITS,
    "modern": {1: 60, 2: 43, 4: 31, 8: 22, 16: 15},
}
SETTINGS = [
    {"kind": kind, "depth": depth, "hidden": hidden}
    for kind, shapes in SHAPES.items()
    for depth, hidden in shapes.items()
]
POINT = [
    {
        "seed": 0,
        "settings": {"kind": kind, "depth": 2, "hidden": SHAPES[kind][2]},
        "constants": {"STEPS": 6, "RISE": 2, "FALL": 2, "LOOKS": (3, 6), "MOST": 1},
        "tolerance": 1e-3,
    }
    for kind in ("residual", "modern")
]


@cache
def first(*place):
    """The first seed's result; the others need its rate."""
    return base.scored(*base.searched(network(*place), STEPS, RISE, FALL, LOOKS, MOST))


def network(kind, depth, hidden):
    return base.network(kind, depth, "pytorch", hidden)


def run(seed, kind, depth, hidden):
    torch.set_num_threads(1)
    place = kind, depth, hidden
    chosen = first(*place)
    if seed == 0:
        return chosen
    found = base.trained(seed, network(*place), chosen["rate"], STEPS, RISE, FALL, LOOKS)
    return base.scored(*found)
