"""Does a GRU learn better with the reset before or after the product, and better than an LSTM?

Two tasks that look alike, a running sum and the last marked number, with steps to ignore, to take
and to forget. Ten networks of each form train side by side in one set of tensors; they share the
data and nothing else. Each form gets six learning rates, of which the notebook takes the one that
is best on validation sequences. The two GRUs start from equal weights; the LSTM has seven units
instead of eight, so that it has about as many weights.
"""

import numpy as np
import torch

FORMS = ("after", "before", "lstm")
NETWORKS, BATCH, LENGTH, STEPS, TEST = 10, 32, 30, 1200, 500
UNITS = {"after": 8, "before": 8, "lstm": 7}
IDLE, TAKE, FORGET = 0, 1, 2
SEEDS = range(1)
SETTINGS = [
    {"task": task, "form": form, "rate": rate}
    for task in ("sum", "last")
    for form in FORMS
    for rate in (0.01, 0.02, 0.04, 0.08, 0.16, 0.32)
]
POINT = [
    {
        "seed": 0,
        "settings": {"task": "sum", "form": form, "rate": 0.02},
        "constants": {"STEPS": 20, "NETWORKS": 3, "TEST": 100},
        "tolerance": 1e-3,
    }
    for form in FORMS
]


def batch(task, rng, size):
    """Inputs (number, take, forget) and the answer at every step."""
    numbers = rng.uniform(-1, 1, (size, LENGTH))
    kind = rng.choice(3, p=[0.82, 0.12, 0.06], size=(size, LENGTH))
    y, held = np.zeros((size, LENGTH)), np.zeros(size)
    for t in range(LENGTH):
        new = held + numbers[:, t] if task == "sum" else numbers[:, t]
        held = np.select([kind[:, t] == TAKE, kind[:, t] == FORGET], [new, 0.0], held)
        y[:, t] = held
    x = np.stack([numbers, kind == TAKE, kind == FORGET], axis=-1)
    return torch.tensor(x, dtype=torch.float32), torch.tensor(y, dtype=torch.float32)


def start(form, seed):
    """Weights of all networks; the gate that keeps starts with a bias of 2."""
    torch.manual_seed(seed)
    H = UNITS[form]
    blocks = 4 if form == "lstm" else 3
    shapes = ((3, blocks * H), (H, blocks * H), (H, 1))
    sets = [H**-0.5 * (2 * torch.rand(NETWORKS, *shape) - 1) for shape in shapes]
    b = torch.zeros(NETWORKS, 1, blocks * H)
    b[..., H : 2 * H] = 2.0  # z of a GRU, f of an LSTM
    sets += [b, torch.zeros(NETWORKS, 1, 1)]
    if form == "after":  # the bias inside the product that r scales
        sets.append(torch.zeros(NETWORKS, 1, H))
    return [weights.requires_grad_() for weights in sets]


def gru_step(a, h, W_h, b_hn=None):
    """Reset after the product where there is a bias for it, before it otherwise."""
    H = h.shape[-1]
    r, z = torch.sigmoid(a[..., : 2 * H] + h @ W_h[..., : 2 * H]).chunk(2, dim=-1)
    past = (r * h) @ W_h[..., 2 * H :] if b_hn is None else r * (h @ W_h[..., 2 * H :] + b_hn)
    n = torch.tanh(a[..., 2 * H :] + past)
    return (1 - z) * n + z * h


def lstm_step(a, h, c, W_h):
    i, f, g, o = (a + h @ W_h).chunk(4, dim=-1)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c), c


def answers(form, weights, x):
    """What all networks answer at every step, (networks, batch, steps)."""
    W_x, W_h, w, b, b_y, *b_hn = weights
    a_x = (x.reshape(-1, 3) @ W_x + b).unflatten(1, x.shape[:2])
    h = c = torch.zeros(NETWORKS, len(x), W_h.shape[1])
    out = []
    for t in range(x.shape[1]):
        if form == "lstm":
            h, c = lstm_step(a_x[:, :, t], h, c, W_h)
        else:
            h = gru_step(a_x[:, :, t], h, W_h, *b_hn)
        out.append(h @ w + b_y)
    return torch.cat(out, dim=-1)


def errors(form, weights, x, y):
    """Mean squared error of each network over the variance of the answers."""
    return ((answers(form, weights, x) - y) ** 2).mean(dim=(1, 2)) / y.var()


def clip_each(weights):
    """Each network's own gradient, at most 1 long."""
    squares = [(p.grad**2).sum(dim=(1, 2), keepdim=True) for p in weights]
    for p in weights:
        p.grad *= (1 / sum(squares).sqrt()).clamp(max=1)


def run(seed, task, form, rate):
    """Relative errors of the networks, on validation and on test sequences."""
    torch.set_num_threads(1)
    weights, rng = start(form, seed), np.random.default_rng(seed)
    optimizer = torch.optim.Adam(weights, lr=rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, STEPS)
    for _ in range(STEPS):
        loss = errors(form, weights, *batch(task, rng, BATCH)).sum()
        optimizer.zero_grad()
        loss.backward()
        clip_each(weights)
        optimizer.step()
        schedule.step()
    with torch.no_grad():
        found = {
            name: errors(form, weights, *batch(task, np.random.default_rng(number), TEST))
            for name, number in (("validation", 98), ("test", 99))
        }
    parameters = sum(w[0].numel() for w in weights)
    values = {name: [round(v, 6) for v in error.tolist()] for name, error in found.items()}
    return {**values, "parameters": parameters}
