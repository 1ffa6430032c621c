"""Stacks of 1 to 16 LSTM layers on the characters of a play: four kinds, and four starts.

The protocol, written before any scored run of this script. An earlier record was known: 160 steps
from PyTorch's initial weights, three rates. In it 8 plain layers and 16 normalised ones learnt
nothing, residual stacks gained with each doubling, and shallow stacks chose the largest rate. What
was measured beforehand is the gradient of untrained stacks (size and lag, by layer and start), and
the time of a few steps. No stack has been trained with a start other than PyTorch's.

- Text. "As You Like It", characters, in the order of the play: eight tenths to learn, one to
  choose, one to score. Windows of 24 characters, of which each has its next one as the answer.
- Networks. An embedding, a stack of LSTM layers of 32 units, a linear head. Kinds: "plain",
  "norm" (each layer reads the normalised output of the one below, and the head too), "residual"
  (each layer's output is added to its input), "residual norm" (both). "modern" (norm, recurrence,
  add, norm, perceptron, add) stands in `deeper_weights`, where all have the same number of weights.
- Starts. "pytorch": as PyTorch makes an LSTM, weights and biases uniform. "keras": Glorot's uniform
  W_x, orthogonal W_h, forget bias 1, other biases 0. "book": the package's, where each gate has an
  orthogonal matrix of its own. "short": what one linear unit asks for, whose layer multiplies the
  gradient by v / (1 - w) and makes it w / (1 - w) steps late: forget bias -2, so w is small; input
  and output bias 2 and an orthogonal W_x of the candidate times 1 / sigmoid(2), so v = 1 - w; the
  W_h are zero, since the unit has none.
- Steps. All have 1,600 of Adam, batches of 32 windows drawn at random, gradients clipped to norm 1.
  The rate rises for 100 steps, stays, and falls to zero over the last 400. The course is taken on
  the ninth tenth while the rate is constant, too, so that one run answers for short training.
- Rate. With the first seed, on the ninth tenth, after all steps: 0.01 and its neighbours by factors
  of sqrt(10), further up or down until both neighbours are worse; five rates at most; "closed" says
  whether the search ended inside. The other seeds take this rate. Where no rate has learnt anything
  they differ by chance, and the search may go the wrong way: then the rates down to 10^-3.5 follow,
  and the search goes on from there. (Added after 99 runs had been seen, in which sixteen normalised
  layers had not been tried below 0.01.)
- Scores. Bits per character on the last tenth, once, of the chosen rate; in 26 blocks of 20 or 21
  windows, for paired intervals; and on the first tenth, which was learnt.
- Judgement, to be made on the page. A stack "learns nothing" if its test score is within 0.05 bits
  of counting single characters. One setting is ahead of another if each seed of it is ahead of
  each of the other, and the interval of the paired blocks, seeds averaged, excludes zero.
- Expected, so that it can fail: (1) the plain stacks of 8 and 16 layers learn with the start "book"
  or "keras", whose gradient is late and not small, since in training each step has a loss of its
  own; (2) "short" lets 16 plain and 16 normalised layers learn without an addition; (3) after 1,600
  steps a residual stack gains less from depth than after 200.
"""

from functools import cache

import numpy as np
import torch
from torch import nn

from rnnbook import data
from rnnbook.numpy import lstm
from rnnbook.numpy.init import glorot_uniform, orthogonal
from rnnbook.text.vocabulary import Vocabulary

SEEDS = range(3)
KINDS = {  # added to its input, normalised first, a perceptron after it
    "plain": (False, False, False),
    "norm": (False, True, False),
    "residual": (True, False, False),
    "residual norm": (True, True, False),
    "modern": (True, True, True),
}
DEPTHS, HIDDEN, LENGTH, BATCH = (1, 2, 4, 8, 16), 32, 24, 32
STEPS, RISE, FALL = 1600, 100, 400
LOOKS = (50, 100, 200, 400, 800, 1200, 1600)
BLOCKS = 26  # of 20 or 21 windows
MOST = 5  # learning rates
LOWEST = -3  # down to 10 ** (-2 + LOWEST / 2) where nothing is learnt


def setting(kind, depth, start="pytorch"):
    return {"kind": kind, "depth": depth, "start": start}


SETTINGS = (
    [setting(kind, depth) for kind in list(KINDS)[:4] for depth in DEPTHS]
    + [setting("plain", depth, "book") for depth in (4, 8, 16)]
    + [setting("plain", depth, start) for start in ("keras", "short") for depth in (8, 16)]
    + [setting("norm", depth, start) for start in ("book", "short") for depth in (8, 16)]
    + [setting("residual norm", depth, "book") for depth in (8, 16)]
)
POINT = [
    {
        "seed": 1,
        "settings": setting(kind, 2, start),
        "constants": {"STEPS": 6, "RISE": 2, "FALL": 2, "LOOKS": (3, 6), "MOST": 1, "LOWEST": 0},
        "tolerance": 1e-3,
    }
    for kind, start in (
        ("residual norm", "pytorch"),
        ("plain", "book"),
        ("plain", "keras"),
        ("norm", "short"),
    )
]


class Stack(nn.Module):
    """Layers on top of each other; each may be normalised first and added to its input."""

    def __init__(self, hidden, depth, residual=False, norm=False, perceptron=False, cell=nn.LSTM):
        super().__init__()
        self.residual = residual
        self.layers = nn.ModuleList(cell(hidden, hidden, batch_first=True) for _ in range(depth))
        norms = (nn.LayerNorm(hidden) if norm else nn.Identity() for _ in range(depth + 1))
        self.norms = nn.ModuleList(norms)
        self.perceptrons = nn.ModuleList(
            nn.Sequential(
                nn.LayerNorm(hidden),
                nn.Linear(hidden, 2 * hidden),
                nn.GELU(),
                nn.Linear(2 * hidden, hidden),
            )
            for _ in range(depth if perceptron else 0)
        )

    def forward(self, x):
        for k, layer in enumerate(self.layers):
            h, _ = layer(self.norms[k](x))
            x = x + h if self.residual else h
            if self.perceptrons:
                x = x + self.perceptrons[k](x)
        return self.norms[-1](x)


class Reader(nn.Module):
    """An embedding, a recurrent core, and scores for the next character at every step."""

    def __init__(self, tokens, hidden, core):
        super().__init__()
        self.embedding, self.core = nn.Embedding(tokens, hidden), core
        self.head = nn.Linear(hidden, tokens)

    def forward(self, ids):
        return self.head(self.core(self.embedding(ids)))


def first_weights(rng, start, size):
    """W_x (D, 4H), W_h (H, 4H) and b (4H,) of a layer with D = H = `size`, gates i, f, g, o."""
    if start == "book":
        return lstm.init(rng, size, size)
    W_x = glorot_uniform(rng, size, 4 * size)
    W_h, b = np.zeros((size, 4 * size)), np.zeros(4 * size)
    if start == "keras":
        W_h[:] = np.linalg.qr(rng.standard_normal((4 * size, size)))[0].T
        b[size : 2 * size] = 1
    if start == "short":
        b[:] = 2
        b[size : 2 * size], b[2 * size : 3 * size] = -2, 0
        W_x[:, 2 * size : 3 * size] = (1 + np.exp(-2)) * orthogonal(rng, size)
    return W_x, W_h, b


@torch.no_grad()
def begin(layers, start, rng):
    """Give LSTM layers their start; PyTorch's second bias is zero then."""
    for layer in layers if start != "pytorch" else ():
        W_x, W_h, b = map(torch.tensor, first_weights(rng, start, layer.hidden_size))
        layer.weight_ih_l0.copy_(W_x.T)
        layer.weight_hh_l0.copy_(W_h.T)
        layer.bias_ih_l0.copy_(b)
        layer.bias_hh_l0.zero_()


@cache
def load():
    """The number of characters, and three streams: eight, one and one tenths of the play."""
    play = data.load_text("asyoulik")
    a, b = int(0.8 * len(play)), int(0.9 * len(play))
    vocabulary = Vocabulary.build([play[:a]], specials=("<unk>",))
    streams = [torch.tensor(vocabulary.encode(s)) for s in (play[:a], play[a:b], play[b:])]
    return len(vocabulary), streams


@cache
def single_characters():
    """Bits per character of the ninth tenth for one who knows how often each occurs."""
    tokens, (training, validation, _) = load()
    shares = torch.bincount(training, minlength=tokens) / len(training)
    return float(-shares[validation].log2().mean())


@torch.no_grad()
def bits(model, stream):
    """Bits per character of each window that a stream is cut into; 99 where that is no number."""
    rows = stream[: (len(stream) - 1) // LENGTH * LENGTH + 1]
    x, y = rows[:-1].view(-1, LENGTH), rows[1:].view(-1, LENGTH)
    losses = nn.functional.cross_entropy(model(x).transpose(1, 2), y, reduction="none")
    return np.nan_to_num(losses.mean(dim=1).double().numpy() / np.log(2), nan=99.0, posinf=99.0)


def train(model, stream, rate, seed, steps, rise, fall, look=lambda step: None):
    """Adam on random windows; the rate rises, stays, and falls to zero."""
    rng = np.random.default_rng(seed)
    optimizer = torch.optim.Adam(model.parameters(), lr=rate)
    shape = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1, (step + 1) / rise, (steps - step) / fall)
    )
    windows = stream.unfold(0, LENGTH + 1, 1)
    for step in range(1, steps + 1):
        rows = windows[rng.integers(len(windows), size=BATCH)]
        loss = nn.functional.cross_entropy(model(rows[:, :-1]).flatten(0, 1), rows[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        shape.step()
        look(step)


def trained(seed, build, rate, steps, rise, fall, looks):
    """A trained network, what it reached on the ninth tenth, and on the way there."""
    tokens, (training, validation, _) = load()
    torch.manual_seed(seed)
    model, course = build(tokens, np.random.default_rng((seed, 1))), {}

    def look(step):
        if step in looks:
            course[str(step)] = round(bits(model, validation).mean(), 4)

    train(model, training, rate, seed, steps, rise, fall, look)
    return model, {"rate": rate, "validation": course[str(steps)], "course": course}


def in_blocks(values):
    """The means of BLOCKS neighbouring parts."""
    return [round(part.mean(), 4) for part in np.array_split(values, BLOCKS)]


def scored(model, found):
    """What was found on the way, and the scores of the chosen network: the test part, once."""
    _, (training, validation, test) = load()
    windows = bits(model, test)
    return {
        **found,
        "test": round(windows.mean(), 4),
        "blocks": in_blocks(windows),
        "learnt": round(bits(model, training[: len(validation)]).mean(), 4),
        "parameters": sum(w.numel() for w in model.parameters()),
    }


def climb(score, most, tried=None):
    """The best place on a ladder of rates 10 ** (-2 + k / 2), and whether its neighbours are worse.

    `score` gives what is to be small. The ladder begins at k = 0, or with what has been `tried`,
    and grows until both neighbours of the best have been tried, or `most` places have.
    """
    tried = tried or {0: score(10**-2.0)}
    while len(tried) < most:
        best = min(tried, key=tried.get)
        left = [k for k in (best + 1, best - 1) if k not in tried]
        if not left:
            break
        tried[left[0]] = score(10 ** (-2 + left[0] / 2))
    best = min(tried, key=tried.get)
    return best, tried, best - 1 in tried and best + 1 in tried


def searched(build, steps, rise, fall, looks, most):
    """With the first seed: the network with the best rate on the ninth tenth, and what all gave."""
    kept = {}

    def score(rate):
        kept[rate] = trained(0, build, rate, steps, rise, fall, looks)
        return kept[rate][1]["validation"]

    best, tried, closed = climb(score, most)
    if tried[best] > single_characters() - 0.05:
        lower = {k: score(10 ** (-2 + k / 2)) for k in range(LOWEST, min(tried))}
        best, tried, closed = climb(score, most + len(lower), tried | lower)
    model, found = kept[10 ** (-2 + best / 2)]
    places = {f"{10 ** (-2 + k / 2):.3g}": value for k, value in sorted(tried.items())}
    return model, {**found, "tried": places, "closed": closed}


def network(kind, depth, start, hidden):
    """A function that makes the network of a setting."""

    def build(tokens, rng):
        core = Stack(hidden, depth, *KINDS[kind])
        begin(core.layers, start, rng)
        return Reader(tokens, hidden, core)

    return build


@cache
def first(*place):
    """The first seed's result; the others need its rate."""
    return scored(*searched(network(*place, HIDDEN), STEPS, RISE, FALL, LOOKS, MOST))


def run(seed, kind, depth, start):
    torch.set_num_threads(1)
    place = kind, depth, start
    chosen = first(*place)
    if seed == 0:
        return chosen
    build = network(*place, HIDDEN)
    return scored(*trained(seed, build, chosen["rate"], STEPS, RISE, FALL, LOOKS))
