"""What networks learn of seven languages, and how far beyond the training length it holds.

The protocol, written before any scored run of this script. An earlier record was known (three
seeds, a rate that rose for 300 steps and fell to the 1,000th, ended as soon as the loss on fresh
strings was below 1e-4): in it every signed network on parity was stopped at step 200, while its
rate still rose, and minGRU ran to the end, so stopped networks were compared with annealed ones.
Here all have the same schedule and nothing ends early.

- Networks. One recurrent layer of 32 units, a readout with one hidden layer. "rnn", "lstm", "gru";
  diagonal linear layers, h_t = a_t h_(t-1) + b_t, with a_t and b_t from the symbol alone:
  "positive" (a in (0, 1)), "min_gru" (positive, and b times 1 - a), "signed" (a = tanh, in
  (-1, 1)), "hard" (a = half of what goes into that tanh, cut at -1 and 1, so that it can arrive
  there). On some languages also "complex" (16 units that turn: a in (0, 1) times exp(i angle), the
  angle from the symbol) and "absolute" (signed without its sign). Stacks of two stand in
  `expressive_stacks`.
- Training. 12,800 strings of `length` symbols, batches of 64, 1,500 steps of Adam, gradients
  clipped to norm 1. The rate rises for 100 steps, stays to step 1,000, and falls to zero.
- Three looks at each network: "stopped", at the first of every 100 steps at which the loss on 512
  fresh strings is below 1e-4, if there is one, as an early stop would have left it; "constant", at
  step 1,000; "annealed", at the end. Each has its step and its loss. Training goes on after a look.
- Rate. By the loss on fresh strings at the end, the largest of the first three seeds: 0.01 and its
  neighbours by factors of sqrt(10), further until both neighbours are worse, five at most; "closed"
  says whether. (A rate that is worse with one seed than the best so far with three is tried with
  no more, so its loss in "tried" is a lower bound.) This rule was changed after 226 runs had been
  seen. Before, the first seed alone had chosen, and now and then it took a rate at which most
  others failed: the LSTM read Dyck-1 at a rate of 1, where one of five learnt.
- Test. Fresh strings of up to 8 times the length, in four bands: mean accuracy over the possible
  answers, and the share of strings without an error. The networks that were not chosen are not
  tested.
- Also stored for diagonal layers: `a` at the symbol one of parity and modulo 3, of all units; and
  on parity the accuracy of signed networks when each a above 0.9 in size is set to 1 or -1.
- Judgement, to be made on the page. A network fits if 9 of 10 strings of the training length are
  without an error, and generalises if 9 of 10 are at four to eight times the length, annealed. Of
  five seeds the number is reported; "does" means all five, "does not" none.
- Expected, so that it can fail: (1) annealing does not bring the signed a on parity to -1, and its
  accuracy at 81 to 160 stays below 0.95 in most seeds; (2) hard does, and generalises; it counts
  further on a^n b^n and Dyck-1 than signed; (3) complex fits modulo 3, signed and hard generalise
  on it with no seed; (4) with the same schedule for all, the verdicts of LSTM and GRU do not
  change; (5) the LSTM's lead on a^n b^n beyond 20 symbols is there when stopped and gone when
  annealed; (6) signed does brackets of depth 3 by hand, exactly (two units count, two turn and
  count: tried), and does not learn to.
"""

import cmath
import math
from functools import cache
from itertools import pairwise

import numpy as np
import torch
from torch import nn

from rnnbook import tasks
from rnnbook.torch.scan import scan

SEEDS = range(5)
HIDDEN, BATCH, POOL = 32, 64, 12_800
STEPS, RISE, FALL, MOST = 1500, 100, 500, 5  # the rate falls over the last 500
TRIALS = 3  # seeds by which a rate is chosen
CHECK, STOP, FRESH, TEST = 100, 1e-4, 512, 300
CLASSES = {
    "parity": 2,
    "mod 3": 3,
    "a^n b^n": 3,
    "Dyck-1": 2,
    "Dyck-2": 3,
    "depth 3": 3,
    "recall": 2,
}
MODELS = ("rnn", "lstm", "gru", "min_gru", "positive", "signed", "hard")
DEPTH, KEYS, VALUES = 3, 4, 2
SIZES = STEPS, RISE, FALL, CHECK, POOL


def setting(task, model, length=20):
    return {"task": task, "model": model, "length": length}


SETTINGS = (
    [setting(task, model) for task in CLASSES for model in MODELS]
    + [setting(task, "complex") for task in ("parity", "mod 3", "depth 3")]
    + [setting("parity", "absolute")]
    + [setting(task, m, 8) for task in ("parity", "mod 3") for m in MODELS[3:]]
)
POINT = [
    {
        "seed": 0,
        "settings": setting(task, model, 8),
        "constants": {
            "STEPS": 30,
            "RISE": 10,
            "FALL": 10,
            "CHECK": 10,
            "MOST": 1,
            "TRIALS": 1,
            "POOL": 256,
            "TEST": 100,
        },
        "tolerance": {"": 1e-3, "accuracy": 1 / 100, "exact": 1 / 100, "rounded": 1 / 100},
    }
    for task, model in (
        ("a^n b^n", "min_gru"),
        ("Dyck-2", "positive"),
        ("parity", "signed"),
        ("mod 3", "complex"),
    )
]


def brackets(rng, number, length):
    """Two kinds, at most DEPTH open; y: the kind that may close, or 2."""
    opens = rng.random((length, number)) < 0.5
    kinds = rng.integers(0, 2, (length, number))
    stack, depth = np.full((number, DEPTH + 1), 2), np.zeros(number, int)
    x, y = np.zeros((number, length, 4)), np.zeros((number, length), int)
    rows = np.arange(number)
    for t in range(length):
        up = (opens[t] | (depth == 0)) & (depth < DEPTH)
        symbol = np.where(up, kinds[t], 2 + stack[rows, depth])
        depth += np.where(up, 1, -1)
        stack[rows[up], depth[up]] = kinds[t, up]
        x[rows, t, symbol], y[:, t] = 1, stack[rows, depth]
    return x, y, np.ones_like(y, bool)


def recall(rng, number, length):
    """Write a value to a key, or ask for its last value; one-hot and a flag."""
    keys = rng.integers(0, KEYS, (number, length))
    values = rng.integers(0, VALUES, (number, length))
    asks = rng.random((number, length)) < 0.4
    x = np.zeros((number, length, KEYS + VALUES + 1))
    y, counts = np.zeros((number, length), int), np.zeros_like(asks)
    rows, held = np.arange(number), np.full((number, KEYS), -1)
    for t in range(length):
        found = held[rows, keys[:, t]]
        counts[:, t], y[:, t] = asks[:, t] & (found >= 0), np.maximum(found, 0)
        writes = ~asks[:, t]
        held[rows[writes], keys[writes, t]] = values[writes, t]
        x[rows, t, keys[:, t]], x[:, t, -1] = 1, asks[:, t]
        x[rows[writes], t, KEYS + values[writes, t]] = 1
    return x, y, counts


def sequences(task, rng, number, length, low=1):
    """Symbols x (N, T, D), answers y (N, T), and where an answer counts."""
    if task == "a^n b^n":  # the answers that are certain
        strings = tasks.a_n_b_n(rng, number, (low + 1) // 2, length // 2)
        return strings.x, strings.y, strings.mask & (strings.legal.sum(-1) == 1)
    if task in ("Dyck-1", "Dyck-2"):  # the kind that may close, or the end
        kinds = int(task[-1])
        strings = tasks.dyck(rng, number, length // 2, kinds=kinds)
        y = np.minimum(strings.legal[..., kinds:].argmax(axis=-1), kinds)
        return strings.x, y, strings.mask
    if task == "depth 3":
        return brackets(rng, number, length)
    if task == "recall":
        return recall(rng, number, length)
    bits = rng.integers(0, 2, (number, length))
    y = bits.cumsum(axis=1) % CLASSES[task]
    return np.eye(2)[bits], y, np.ones_like(y, bool)


@cache
def tensors(task, seed, number, length, low=1):
    """One draw of strings; the seed has two parts, of the run and of the use."""
    x, y, counts = sequences(task, np.random.default_rng(seed), number, length, low)
    return torch.tensor(x, dtype=torch.float32), torch.tensor(y), torch.tensor(counts)


class Diagonal(nn.Module):
    """h_t = a_t * h_(t-1) + b_t; a_t and b_t are functions of x_t."""

    def __init__(self, inputs, units, kind):
        super().__init__()
        self.a, self.b = nn.Linear(inputs, units), nn.Linear(inputs, units)
        self.kind = kind
        nn.init.uniform_(self.a.bias, -2, 2)

    def terms(self, x):
        a, b = self.a(x), self.b(x)
        if self.kind == "complex":  # half of the units have a size, half an angle
            size, angle = a.chunk(2, dim=-1)
            return torch.polar(torch.sigmoid(size), angle), torch.complex(*b.chunk(2, dim=-1))
        if self.kind in ("signed", "absolute", "hard"):
            a = (a / 2).clamp(-1, 1) if self.kind == "hard" else torch.tanh(a)
            return (a.abs() if self.kind == "absolute" else a), b
        a = torch.sigmoid(a)
        return a, (1 - a) * b if self.kind == "min_gru" else b

    def forward(self, x):
        h = scan(*self.terms(x))
        return torch.cat([h.real, h.imag], dim=-1) if h.is_complex() else h, None


class Rounded(nn.Module):
    """A trained diagonal layer, with every large a made exactly 1 or -1."""

    def __init__(self, layer, above=0.9):
        super().__init__()
        self.layer, self.above = layer, above

    def forward(self, x):
        a, b = self.layer.terms(x)
        return scan(torch.where(a.abs() > self.above, a.sign(), a), b), None


class Network(nn.Module):
    """Recurrent layers, each followed by a perceptron that sees the state and what was read."""

    def __init__(self, model, inputs, classes, layers=1, units=HIDDEN):
        super().__init__()
        cells = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}
        self.layers, self.perceptrons = nn.ModuleList(), nn.ModuleList()
        for _ in range(layers):
            if model in cells:
                self.layers.append(cells[model](inputs, units, batch_first=True))
            else:
                self.layers.append(Diagonal(inputs, units, model))
            self.perceptrons.append(nn.Sequential(nn.Linear(units + inputs, units), nn.ReLU()))
            inputs = units
        self.last = nn.Linear(units, classes)

    def forward(self, x):
        for layer, perceptron in zip(self.layers, self.perceptrons, strict=True):
            x = perceptron(torch.cat([layer(x)[0], x], dim=-1))
        return self.last(x)


def cross_entropy(net, x, y, counts):
    return nn.functional.cross_entropy(net(x)[counts], y[counts])


def bands(length):
    """First and last number of symbols read, for the four bands of the test."""
    edges = (0, *(length * k for k in (1, 2, 4, 8)))
    return [(low + 1, high) for low, high in pairwise(edges)]


@torch.no_grad()
def test(net, task, length, seed, number):
    """For each band: mean accuracy over the possible answers, share of strings without an error."""
    accuracy, exact = [], []
    for low, high in bands(length):
        x, y, counts = tensors(task, (seed, 3), number, high, low if task == "a^n b^n" else 1)
        counts = counts.clone()
        if task != "a^n b^n":  # its strings are as long as the band says; all of each counts
            counts[:, : low - 1] = False
        right = net(x).argmax(dim=-1) == y
        parts = [right[counts & (y == k)] for k in range(CLASSES[task])]
        accuracy.append(round(float(np.mean([p.float().mean() for p in parts])), 4))
        exact.append(round(float((right | ~counts).all(dim=1).float().mean()), 4))
    return accuracy, exact


@torch.no_grad()
def first_factors(layer):
    """The a of each unit at the symbol one, as a size and an angle in turns."""
    a = layer.terms(torch.eye(2)[1])[0].to(torch.complex64).tolist()
    sized = sorted(((abs(z), cmath.phase(z) / (2 * np.pi)) for z in a), reverse=True)
    return [[round(v, 4) for v in pair] for pair in sized]


def look(net, task, length, seed, number):
    """What a network is worth at this moment."""
    accuracy, exact = test(net, task, length, seed, number)
    found, layer = {"accuracy": accuracy, "exact": exact}, net.layers[0]
    if isinstance(layer, Diagonal) and task in ("parity", "mod 3") and len(net.layers) == 1:
        found["a"] = first_factors(layer)
        if (task, layer.kind) == ("parity", "signed"):
            net.layers[0] = Rounded(layer)
            found["rounded"] = test(net, task, length, seed, number)[0]
            net.layers[0] = layer
    return found


def train(net, task, length, rate, seed, sizes):
    """Adam; three copies of the weights, by their names, with their steps and losses."""
    steps, rise, fall, check, pool = sizes
    rng = np.random.default_rng((seed, 0))
    x, y, counts = tensors(task, (seed, 1), pool, length)
    fresh = tensors(task, (seed, 2), FRESH, length)
    optimizer = torch.optim.Adam(net.parameters(), lr=rate)
    shape = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1, (step + 1) / rise, (steps - step) / fall)
    )
    kept = {}
    for step, rows in enumerate(torch.tensor(rng.integers(0, pool, (steps, BATCH))), 1):
        loss = cross_entropy(net, x[rows], y[rows], counts[rows])
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        shape.step()
        if step % check == 0 or step == steps:
            with torch.no_grad():
                loss = cross_entropy(net, *fresh).item()
            loss = loss if np.isfinite(loss) else 99.0
            names = {steps - fall: "constant", steps: "annealed"}
            here = [names[step]] if step in names else []
            here += ["stopped"] if loss < STOP and "stopped" not in kept else []
            for name in here:
                weights = {key: value.clone() for key, value in net.state_dict().items()}
                kept[name] = weights, {"step": step, "loss": float(f"{loss:.3g}")}
    return kept


def climb(score, most):
    """The best place on a ladder of rates 10 ** (-2 + k / 2), and what all tried have reached.

    `score` gives what is to be small. The ladder begins at k = 0 and grows until both neighbours
    of the best have been tried, or `most` places have.
    """
    tried = {0: score(10**-2.0)}
    while len(tried) < most:
        best = min(tried, key=tried.get)
        left = [k for k in (best + 1, best - 1) if k not in tried]
        if not left:
            break
        tried[left[0]] = score(10 ** (-2 + left[0] / 2))
    return min(tried, key=tried.get), tried


def network(task, model, layers=1, units=HIDDEN):
    inputs = sequences(task, np.random.default_rng(0), 1, 4)[0].shape[-1]
    return Network(model, inputs, CLASSES[task], layers, units)


def trained(seed, task, length, rate, sizes, *shape):
    """A network and its three copies; `shape` is what `network` takes behind the task."""
    torch.manual_seed(seed)
    net = network(task, *shape)
    return net, train(net, task, length, rate, seed, sizes)


def scored(seed, task, length, net, kept, number):
    """The scores of the three copies."""
    found = {"parameters": sum(w.numel() for w in net.parameters())}
    for name, (weights, told) in kept.items():
        net.load_state_dict(weights)
        found[name] = {**told, **look(net, task, length, seed, number)}
    return found


def searched(task, length, sizes, most, trials, *shape):
    """The rate whose largest loss of the first seeds is least, and their networks with it."""
    made, least = {}, math.inf

    def score(rate):
        nonlocal least
        worst = 0.0
        for seed in range(trials):
            made[rate, seed] = trained(seed, task, length, rate, sizes, *shape)
            worst = max(worst, made[rate, seed][1]["annealed"][1]["loss"])
            if worst > least:
                return worst
        least = worst
        return worst

    best, tried = climb(score, most)
    rate = 10 ** (-2 + best / 2)
    choice = {
        "rate": rate,
        "tried": {f"{10 ** (-2 + k / 2):.3g}": value for k, value in sorted(tried.items())},
        "closed": best - 1 in tried and best + 1 in tried,
    }
    return choice, [made[rate, seed] for seed in range(trials)]


@cache
def first(task, model, length):
    """The rate, and the networks that chose it."""
    return searched(task, length, SIZES, MOST, TRIALS, model)


def run(seed, task, model, length):
    torch.set_num_threads(1)
    choice, networks = first(task, model, length)
    if seed < TRIALS:
        made = networks[seed]
    else:
        made = trained(seed, task, length, choice["rate"], SIZES, model)
    told = choice if seed == 0 else {"rate": choice["rate"]}
    return {**told, **scored(seed, task, length, *made, TEST)}
