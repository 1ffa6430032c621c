"""From which weights does a network learn to recall over twenty steps, and how soon?

Plain networks, LSTM and GRU with several starts, each with six learning rates and 2,000 steps of
Adam, and with a seventh where the best of the six was the smallest or the largest; gradients are
clipped to norm 1. A run is over when the mean of its last 20 losses is half of
what guessing costs. The notebook shows each start at the rate that is best for it.
"""

import numpy as np
import torch

from rnnbook import tasks
from rnnbook.numpy.init import orthogonal

HIDDEN, BATCH, LAG, LIMIT = 32, 32, 20, 2000
SEEDS = range(5)
RATES = (1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 3e-1)
PLAIN = ("Gaussian 0.5", "Gaussian 1", "Gaussian 2", "orthogonal", "identity, ReLU")
STARTS = [
    *(("rnn", start) for start in PLAIN),
    *(("lstm", bias) for bias in (0, 1, 3, 5)),
    *(("gru", bias) for bias in (0, 1, 3, 5)),
]
SETTINGS = [
    {"cell": cell, "start": start, "rate": rate} for cell, start in STARTS for rate in RATES
]
BEYOND = [("lstm", 0, 3e-4), ("gru", 0, 1.0)]  # where the best rate was at the edge
SETTINGS += [{"cell": cell, "start": start, "rate": rate} for cell, start, rate in BEYOND]
POINT = [
    {
        "seed": 0,
        "settings": {"cell": cell, "start": start, "rate": 1e-2},
        "constants": {"LIMIT": 20, "LAG": 5},
        "tolerance": 1e-3,
    }
    for cell, start in (("rnn", "orthogonal"), ("rnn", "identity, ReLU"), ("lstm", 1), ("gru", 1))
]


def plain(rng, start):
    """A plain network with recurrent weights of a given kind."""
    relu = start == "identity, ReLU"
    layer = torch.nn.RNN(5, HIDDEN, batch_first=True, nonlinearity="relu" if relu else "tanh")
    if relu:
        W = np.eye(HIDDEN)
    elif start == "orthogonal":
        W = orthogonal(rng, HIDDEN)
    else:
        W = float(start.split()[1]) * rng.standard_normal((HIDDEN, HIDDEN)) / np.sqrt(HIDDEN)
    with torch.no_grad():
        layer.weight_hh_l0.copy_(torch.tensor(W))
        layer.bias_ih_l0.zero_()
        layer.bias_hh_l0.zero_()
    return layer


def gated(cell, bias):
    """An LSTM or a GRU as PyTorch starts it, but for the biases of the gate that keeps."""
    layer = (torch.nn.LSTM if cell == "lstm" else torch.nn.GRU)(5, HIDDEN, batch_first=True)
    keep = slice(HIDDEN, 2 * HIDDEN)  # f of an LSTM, z of a GRU
    with torch.no_grad():  # PyTorch has two biases, which are added
        layer.bias_ih_l0[keep], layer.bias_hh_l0[keep] = bias, 0
    return layer


def run(seed, cell, start, rate):
    """Steps until half of guessing; LIMIT if that never happens; the last losses' mean."""
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    layer = plain(rng, start) if cell == "rnn" else gated(cell, start)
    head = torch.nn.Linear(HIDDEN, 4)
    weights = [*layer.parameters(), *head.parameters()]
    optimizer = torch.optim.Adam(weights, lr=rate)
    losses = []
    for step in range(LIMIT):
        x, y, _ = tasks.delayed_recall(rng, BATCH, LAG)
        logits = head(layer(torch.tensor(x, dtype=torch.float32))[0][:, -1])
        loss = torch.nn.functional.cross_entropy(logits, torch.tensor(y))
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        losses.append(loss.item())
        if step >= 19 and np.mean(losses[-20:]) < np.log(4) / 2:
            return {"steps": step + 1, "loss": float(np.mean(losses[-20:]))}
    return {"steps": LIMIT, "loss": float(np.mean(losses[-20:]))}
