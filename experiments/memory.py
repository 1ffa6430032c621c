"""How far back do trained RNN, LSTM and GRU reach? Recall and copy at growing lags.

Each cell comes as PyTorch starts it ("uniform": all weights and biases uniform, so that a gate
starts at about one half), as Keras starts it (orthogonal recurrent weights, the LSTM's forget
bias 1, the GRU's biases 0), and, if it has gates, with a bias of 5 on the gate that keeps. All get
the same data, size, steps and four learning rates, of which the notebook shows the one that is
best on validation sequences. At the lags that the notebook looks at closely the best rate was an
outer one for some starts, so there all get a smaller and a larger rate as well. Gradients are
clipped to norm 1.
"""

import numpy as np
import torch

from rnnbook import convert, tasks
from rnnbook.numpy import gru, lstm, rnn

CELLS = {"rnn": rnn, "lstm": lstm, "gru": gru}
HIDDEN, BATCH, TEST = 32, 64, 512
RECALL_STEPS, COPY_STEPS = 600, 1000

SEEDS = range(5)
RATES = (1e-3, 3e-3, 1e-2, 3e-2)
WIDER = (3e-4, 1e-1)
STARTS = [
    ("rnn", "uniform"),
    ("rnn", "orthogonal"),
    *(("lstm", start) for start in ("uniform", 1, 5)),
    *(("gru", start) for start in ("uniform", 0, 5)),
]
SWEEP = [("lstm", bias) for bias in (-1, 0, 3)] + [("gru", bias) for bias in (-1, 1, 3)]
SETTINGS = [
    {"task": task, "cell": cell, "start": start, "lag": lag, "rate": rate}
    for task, starts, lags, rates in (
        ("recall", STARTS, (10, 20, 50, 100, 200), RATES),
        ("recall", SWEEP, (100,), RATES),
        ("copy", STARTS, (10, 30), RATES),
        ("recall", STARTS + SWEEP, (100,), WIDER),
        ("copy", STARTS, (30,), WIDER),
        ("recall", STARTS, (200,), WIDER),
    )
    for cell, start in starts
    for lag in lags
    for rate in rates
]
POINT = [
    {
        "seed": 0,
        "settings": {"task": task, "cell": cell, "start": start, "lag": lag, "rate": 1e-2},
        "constants": {"RECALL_STEPS": steps, "COPY_STEPS": steps},
        "tolerance": 1 / 512,
    }
    for task, cell, start, lag, steps in (
        ("recall", "rnn", "uniform", 10, 20),
        ("recall", "rnn", "orthogonal", 20, 10),
        ("recall", "lstm", 1, 20, 5),
        ("recall", "gru", 0, 10, 14),
        ("copy", "lstm", 1, 10, 20),
    )
]


def batch(task, rng, size, lag):
    """Inputs, targets and the steps that count, as tensors; recall asks after the last step."""
    if task == "copy":
        x, y, counts = tasks.copy(rng, size, lag, symbols=4, items=5)
    else:
        x, last, _ = tasks.delayed_recall(rng, size, lag)
        y = np.zeros(x.shape[:2], int)
        counts = np.zeros(x.shape[:2], bool)
        y[:, -1], counts[:, -1] = last, True
    return torch.tensor(x, dtype=torch.float32), torch.tensor(y), torch.tensor(counts)


def model(cell, inputs, start, seed):
    """A torch layer whose memory starts as `start` says, and a linear head with four classes."""
    torch.manual_seed(seed)
    params = CELLS[cell].init(np.random.default_rng(seed), inputs, HIDDEN, dtype=np.float32)
    gate = slice(HIDDEN, 2 * HIDDEN)  # f of an LSTM, z of a GRU
    if start != "uniform" and cell != "rnn":
        (params.b if cell == "lstm" else params.b_x)[gate] = start
    layer = convert.to_torch(params)
    if start == "uniform":
        layer.reset_parameters()
    return layer, torch.nn.Linear(HIDDEN, 4)


def train(task, cell, start, lag, rate, seed, steps):
    """A trained layer and its head."""
    torch.set_num_threads(1)
    rng = np.random.default_rng(1000 + seed)
    layer, head = model(cell, batch(task, rng, 1, lag)[0].shape[-1], start, seed)
    weights = [*layer.parameters(), *head.parameters()]
    optimizer = torch.optim.Adam(weights, lr=rate)
    for _ in range(steps):
        x, y, counts = batch(task, rng, BATCH, lag)
        logits = head(layer(x)[0][counts])
        loss = torch.nn.functional.cross_entropy(logits, y[counts])
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
    return layer, head


@torch.no_grad()
def accuracy(layer, head, task, lag, seed):
    """Share of right answers on fresh sequences; chance is 1/4."""
    x, y, counts = batch(task, np.random.default_rng(seed), TEST, lag)
    right = head(layer(x)[0][counts]).argmax(dim=-1) == y[counts]
    return float(right.float().mean())


def run(seed, task, cell, start, lag, rate):
    """Accuracy on validation and on test sequences."""
    steps = COPY_STEPS if task == "copy" else RECALL_STEPS
    layer, head = train(task, cell, start, lag, rate, seed, steps)
    return {
        "validation": accuracy(layer, head, task, lag, 5000 + seed),
        "accuracy": accuracy(layer, head, task, lag, 9000 + seed),
    }
