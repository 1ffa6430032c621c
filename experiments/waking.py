"""How does a network whose gradient has vanished learn a lag of fifty steps all the same?

A plain RNN with PyTorch's uniform weights learns delayed recall over 50 steps, though the symbol
is 1e-10 in its state when training starts. Each run writes down, while it trains, the spectral
radius of the recurrent weights, the sensitivity of the last state to the step that shows the
symbol, and the accuracy. Four ways of training tell what moves the weights:

- "true": Adam, as in memory.py;
- "random": the same, with labels drawn at random, so that nothing can be learned;
- "hidden": the same as "true", but for the first 300 steps the symbol is not shown;
- "descent": the true labels and plain descent at three rates, which does not divide a gradient
  by its size.

Gradients are clipped to norm 1 in all of them.
"""

import numpy as np
import torch

from rnnbook import tasks

HIDDEN, BATCH, TEST, LAG = 32, 64, 512, 50
STEPS, EVERY, HIDDEN_UNTIL = 900, 10, 300
SEEDS = range(20)
SETTINGS = [
    *({"way": way, "rate": 1e-2} for way in ("true", "random", "hidden")),
    *({"way": "descent", "rate": rate} for rate in (0.03, 0.3, 3.0)),
]
POINT = [
    {
        "seed": 0,
        "settings": {"way": way, "rate": rate},
        "constants": {"STEPS": 20, "LAG": 20, "HIDDEN_UNTIL": 10},
        "tolerance": {"": 1e-3, "accuracy": 1 / 512},
    }
    for way, rate in (("true", 1e-2), ("random", 1e-2), ("hidden", 1e-2), ("descent", 0.3))
]


def batch(rng, size):
    x, symbols, _ = tasks.delayed_recall(rng, size, LAG)
    return torch.tensor(x, dtype=torch.float32), torch.tensor(symbols)


def sensitivity(layer, x):
    """Norm of the last state's derivative by the symbol, median over sequences, as a logarithm."""
    units = torch.arange(HIDDEN).repeat_interleave(len(x))
    x = x.repeat(HIDDEN, 1, 1).requires_grad_(True)  # once for each unit
    picked = layer(x)[0][:, -1].gather(1, units[:, None])
    (rows,) = torch.autograd.grad(picked.sum(), x)
    squares = rows[:, 0, :4].double().square().sum(dim=1)
    norms = squares.reshape(HIDDEN, -1).sum(dim=0).sqrt()
    return float(torch.log10(norms.median().clamp(min=1e-30)))


def look(layer, head, x, symbols):
    """What a reader would want to see at one moment of training."""
    with torch.no_grad():
        right = head(layer(x)[0][:, -1]).argmax(dim=1) == symbols
        radius = torch.linalg.eigvals(layer.weight_hh_l0).abs().max()
    return float(radius), sensitivity(layer, x[:64]), float(right.float().mean())


def run(seed, way, rate):
    """Radius, sensitivity (log10) and accuracy at every tenth step of training."""
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    layer, head = torch.nn.RNN(5, HIDDEN, batch_first=True), torch.nn.Linear(HIDDEN, 4)
    weights = [*layer.parameters(), *head.parameters()]
    kind = torch.optim.SGD if way == "descent" else torch.optim.Adam
    optimizer = kind(weights, lr=rate)
    rng, coin = np.random.default_rng(1000 + seed), np.random.default_rng(2000 + seed)
    test, seen = batch(np.random.default_rng(9000 + seed), TEST), []
    for step in range(STEPS + 1):
        if step % EVERY == 0:
            seen.append(look(layer, head, *test))
        x, y = batch(rng, BATCH)
        if way == "random":
            y = torch.tensor(coin.integers(4, size=BATCH))
        if way == "hidden" and step < HIDDEN_UNTIL:
            x[:, 0, :4] = 0
        loss = torch.nn.functional.cross_entropy(head(layer(x)[0][:, -1]), y)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
    radius, reach, accuracy = zip(*seen, strict=True)
    digits = {"radius": radius, "sensitivity": reach, "accuracy": accuracy}
    return {name: [round(v, 4) for v in values] for name, values in digits.items()}
