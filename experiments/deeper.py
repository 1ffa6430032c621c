"""Deeper recurrent networks: characters of a play, stacks of 1 to 16 layers, deeper transitions.

Four comparisons on the characters of "As You Like It", each run scored on the last tenth.
"depth": stacks of LSTM layers of 32 units, plain, with layer normalisation, with residual
connections, and with both; all have the same number of steps. "weights": one wide layer against
several narrow ones with about as many weights, trained twice as long. "transition": tanh networks
that are deep inside their step, plain, with a fixed skip and with highway gates, against stacks of
the same depth without and with residual connections.
The learning rate is the best of three on the ninth tenth, with the first seed, for each setting;
the first seed's run keeps the scores of all three.
"long": stacks that learn little in the time of "depth", trained ten times as long with one rate
and the first seed only; the other seeds have no result.
"""

from functools import cache

import numpy as np
import torch
from torch import nn

from rnnbook import data
from rnnbook.text.vocabulary import Vocabulary

SEEDS = range(3)
KINDS = {
    "plain": (False, False),
    "norm": (False, True),
    "residual": (True, False),
    "residual norm": (True, True),
}
DEPTHS, RATES = (1, 2, 4, 8, 16), (1e-2, 3e-2, 1e-1)
HIDDEN, LENGTH, BATCH = 32, 24, 32
STEPS = {"depth": 160, "weights": 320, "transition": 240, "long": 1600}
LONG_RATE, LOOK = 1e-2, 160
SHAPES = ((1, 70), (2, 51), (4, 37))  # layers and units; weights within two percent
SETTINGS = (
    [
        {"part": "depth", "kind": kind, "depth": depth, "hidden": HIDDEN}
        for kind in KINDS
        for depth in DEPTHS
    ]
    + [
        {"part": "weights", "kind": kind, "depth": depth, "hidden": hidden}
        for depth, hidden in SHAPES
        for kind in ("plain", "norm", "residual norm")
    ]
    + [
        {"part": "transition", "kind": kind, "depth": depth, "hidden": HIDDEN}
        for kind in ("stack", "residual stack", "transition", "skip", "highway")
        for depth in (1, 2, 4, 8)
        if depth > 1 or "stack" in kind  # one plain layer is a plain transition, too
    ]
    + [
        {"part": "long", "kind": kind, "depth": depth, "hidden": HIDDEN}
        for kind, depth in (("plain", 4), ("plain", 8), ("plain", 16), ("norm", 8), ("norm", 16))
    ]
)
POINT = [
    {
        "seed": 0,
        "settings": {"part": part, "kind": kind, "depth": 2, "hidden": HIDDEN},
        "constants": {"STEPS": {part: 10}, "RATES": (1e-2,)},
        "tolerance": 1e-3,
    }
    for part, kind in (("depth", "residual norm"), ("transition", "highway"))
]


class Stack(nn.Module):
    """Layers on top of each other; each may be normalised first and added to its input."""

    def __init__(self, hidden, depth, residual=False, norm=False, cell=nn.LSTM):
        super().__init__()
        self.residual = residual
        self.layers = nn.ModuleList(cell(hidden, hidden, batch_first=True) for _ in range(depth))
        norms = (nn.LayerNorm(hidden) if norm else nn.Identity() for _ in range(depth + 1))
        self.norms = nn.ModuleList(norms)

    def forward(self, x):
        for norm, layer in zip(self.norms[:-1], self.layers, strict=True):
            h, _ = layer(norm(x))
            x = x + h if self.residual else h
        return self.norms[-1](x)


class DeepTransition(nn.Module):
    """A tanh network with several layers inside one step; the first of them sees the input."""

    def __init__(self, hidden, depth, kind="transition"):
        super().__init__()
        self.gated = kind == "highway"
        self.part = 1 / depth if kind == "skip" else 1  # of the way from the old state to the new
        width = 2 * hidden if self.gated else hidden
        self.entrance = nn.Linear(hidden, width)
        self.layers = nn.ModuleList(nn.Linear(hidden, width) for _ in range(depth))
        if self.gated:
            for layer in self.layers:
                nn.init.constant_(layer.bias[hidden:], -2.0)  # begins by keeping the state

    def forward(self, x):
        s, states = torch.zeros_like(x[:, 0]), []
        for a in self.entrance(x).unbind(dim=1):
            for k, layer in enumerate(self.layers):
                new, part = layer(s) + (a if k == 0 else 0), self.part
                if self.gated:
                    new, gate = new.chunk(2, dim=-1)
                    part = torch.sigmoid(gate)
                s = s + part * (torch.tanh(new) - s)
            states.append(s)
        return torch.stack(states, dim=1)


class Reader(nn.Module):
    """An embedding, a recurrent core, and scores for the next character at every step."""

    def __init__(self, tokens, hidden, core):
        super().__init__()
        self.embedding, self.core = nn.Embedding(tokens, hidden), core
        self.head = nn.Linear(hidden, tokens)

    def forward(self, ids):
        return self.head(self.core(self.embedding(ids)))


def load():
    """The number of characters, and three streams: eight, one and one tenths of the play."""
    play = data.load_text("asyoulik")
    a, b = int(0.8 * len(play)), int(0.9 * len(play))
    vocabulary = Vocabulary.build([play[:a]], specials=("<unk>",))
    streams = [torch.tensor(vocabulary.encode(s)) for s in (play[:a], play[a:b], play[b:])]
    return len(vocabulary), streams


def core(part, kind, depth, hidden):
    if part == "transition" and "stack" in kind:
        return Stack(hidden, depth, residual=kind == "residual stack", cell=nn.RNN)
    if part == "transition":
        return DeepTransition(hidden, depth, kind)
    return Stack(hidden, depth, *KINDS[kind])


@torch.no_grad()
def bits(model, stream):
    """Mean bits per character of a stream that is cut into windows."""
    rows = stream[: (len(stream) - 1) // LENGTH * LENGTH + 1]
    x, y = rows[:-1].view(-1, LENGTH), rows[1:]
    return nn.functional.cross_entropy(model(x).flatten(0, 1), y).item() / np.log(2)


def train(model, stream, rate, steps, seed, look=lambda step: None):
    """Adam on random windows; the rate rises for three tenths of the steps and then falls."""
    rng = np.random.default_rng(seed)
    optimizer = torch.optim.Adam(model.parameters(), lr=rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps)
    windows = stream.unfold(0, LENGTH + 1, 1)
    for step in range(1, steps + 1):
        rows = windows[rng.integers(len(windows), size=BATCH)]
        loss = nn.functional.cross_entropy(model(rows[:, :-1]).flatten(0, 1), rows[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        look(step)


def trained(seed, part, kind, depth, hidden, rate):
    """The scores of one network, and on the way there if it is a long run."""
    tokens, (training, validation, test) = load()
    torch.manual_seed(seed)
    model, course = Reader(tokens, hidden, core(part, kind, depth, hidden)), []

    def look(step):
        if part == "long" and step % LOOK == 0:
            course.append(round(bits(model, validation), 4))

    train(model, training, rate, STEPS[part], seed, look)
    result = {
        "rate": rate,
        "validation": round(bits(model, validation), 4),
        "test": round(bits(model, test), 4),
        "parameters": sum(w.numel() for w in model.parameters()),
    }
    return {**result, "course": course} if course else result


@cache
def first(*place):
    """With the first seed: the run with the best rate on the ninth tenth, and what all reached."""
    tried = [trained(0, *place, rate) for rate in RATES]
    best = min(tried, key=lambda r: r["validation"])
    return {**best, "tried": {str(r["rate"]): r["validation"] for r in tried}}


def run(seed, part, kind, depth, hidden):
    torch.set_num_threads(1)
    if part == "long":
        return trained(seed, part, kind, depth, hidden, LONG_RATE) if seed == 0 else {}
    chosen = first(part, kind, depth, hidden)
    return chosen if seed == 0 else trained(seed, part, kind, depth, hidden, chosen["rate"])
