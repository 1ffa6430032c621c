"""Which gates of an LSTM matter on the register, when each variant gets the rate that suits it?

The cell with all gates, one with the input gate coupled to the forget gate, i = 1 - f, and three
that have one gate held open. Ten networks of each variant are trained side by side in one set of
tensors; they share the data and nothing else: each has its own weights, loss and clipping. A
variant's rate is chosen on validation sequences, among five. The networks are trained on short
sequences and tested on others like them, and on the end of long ones, where an old number has
been replaced many times.
"""

import numpy as np
import torch

from rnnbook import tasks

VARIANTS = ("full", "i = 1 - f", "no input gate", "no forget gate", "no output gate")
NETWORKS, BATCH, LENGTH, STEPS, TEST = 10, 24, 20, 1200, 500
STREAMS, STREAM, END = 50, 500, 100  # long sequences, their length, how many last steps count
SEEDS = range(1)
SETTINGS = [
    {"units": units, "rate": rate} for units in (2, 4, 8) for rate in (0.02, 0.04, 0.08, 0.16, 0.32)
]
POINT = [
    {
        "seed": 0,
        "settings": {"units": 2, "rate": 0.02},
        "constants": {"STEPS": 40, "NETWORKS": 3, "TEST": 100, "STREAMS": 10},
        "tolerance": 1e-3,
    }
]
KIND = torch.arange(len(VARIANTS)).repeat_interleave(NETWORKS)[:, None, None]


def register(rng, size, length):
    """Inputs (value, write, read) and what is to be shown: the stored value at a read, else 0."""
    x, y, reads = tasks.register(rng, size, length)
    return torch.tensor(x, dtype=torch.float32), torch.tensor(y * reads, dtype=torch.float32)


def shown_by_all(weights, x):
    """What all networks show, each with its part of the cell removed."""
    W_x, W_h, w, b, b_y = weights
    a_x = (x.reshape(-1, 3) @ W_x + b).unflatten(1, x.shape[:2])
    h = c = torch.zeros(len(KIND), len(x), W_h.shape[1])
    out = []
    for t in range(x.shape[1]):
        i, f, g, o = (a_x[:, :, t] + h @ W_h).chunk(4, dim=-1)
        i, f, o = torch.sigmoid(i), torch.sigmoid(f), torch.sigmoid(o)
        i = torch.where(KIND == 1, 1 - f, torch.where(KIND == 2, 1.0, i))
        f = torch.where(KIND == 3, 1.0, f)
        o = torch.where(KIND == 4, 1.0, o)
        c = f * c + i * torch.tanh(g)
        h = o * torch.tanh(c)
        out.append(h @ w + b_y)
    return torch.cat(out, dim=-1)


def start(units, seed):
    """The same sets of weights for each variant; the forget bias is 1."""
    torch.manual_seed(seed)
    shapes = ((3, 4 * units), (units, 4 * units), (units, 1))
    sets = [units**-0.5 * (2 * torch.rand(NETWORKS, *shape) - 1) for shape in shapes]
    b = torch.zeros(NETWORKS, 1, 4 * units)
    b[..., units : 2 * units] = 1.0
    sets += [b, torch.zeros(NETWORKS, 1, 1)]
    return [weights.repeat(len(VARIANTS), 1, 1).requires_grad_() for weights in sets]


def clip_each(weights):
    """Each network's own gradient, at most 1 long."""
    squares = [(p.grad**2).sum(dim=(1, 2), keepdim=True) for p in weights]
    for p in weights:
        p.grad *= (1 / sum(squares).sqrt()).clamp(max=1)


def errors(weights, x, shown, last=None):
    """Squared error of each network over the variance of what is to be shown at the last steps."""
    last = last or x.shape[1]
    wrong = (shown_by_all(weights, x) - shown)[..., -last:]
    return (wrong**2).mean(dim=(1, 2)) / (shown[:, -last:] ** 2).mean()


def by_variant(values):
    rows = values.reshape(len(VARIANTS), NETWORKS).tolist()
    return {name: [round(v, 6) for v in row] for name, row in zip(VARIANTS, rows, strict=True)}


def run(seed, units, rate):
    """Relative errors of the networks of each variant on three sets of sequences."""
    torch.set_num_threads(1)
    weights, rng = start(units, seed), np.random.default_rng(seed)
    optimizer = torch.optim.Adam(weights, lr=rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, STEPS)
    for _ in range(STEPS):
        loss = errors(weights, *register(rng, BATCH, LENGTH)).sum()
        optimizer.zero_grad()
        loss.backward()
        clip_each(weights)
        optimizer.step()
        schedule.step()
    tests = {
        "validation": (98, TEST, LENGTH, LENGTH),
        "test": (99, TEST, LENGTH, LENGTH),
        "stream": (100, STREAMS, STREAM, END),
    }
    found = {}
    with torch.no_grad():
        for name, (number, size, length, last) in tests.items():
            x, shown = register(np.random.default_rng(number), size, length)
            found[name] = by_variant(errors(weights, x, shown, last))
    return found
