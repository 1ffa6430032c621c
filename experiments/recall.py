"""Recall of what was rewritten: eight memories of the same size, by the number of pairs.

The protocol, written before any scored run of this script. A trial with two seeds and other code
was known: attention without positions near 0.75, with a recency bias 1.0, adding 0.43 to 0.72,
adding with decay 0.48 to 0.90, correcting 0.99, 0.98 and 0.90 for 4, 8 and 16 pairs, LSTM and GRU
at most 0.32, and 0.79 for 4 pairs after five times as many steps.

- The task is `rnnbook.tasks.rewriting_recall`: 64 keys, 16 values, half of the keys written twice.
  Every update sees new sequences; the test has 1,000 others.
- One layer and a linear head. The matrices are 16 x 16: 256 numbers. "adding" and "correcting"
  differ in one word of the code; "decaying" adds, too, with a decay by the input before each write.
  All of them have keys and queries of length 1 and strengths in (0, 1). LSTM: 128 units, whose h
  and c are 256 numbers. GRU: 256 units. Attention: one head of 16, causal, without positions, or
  with "recency", which takes a learned slope times the distance off the scores. Its cache grows
  with the sequence.
- Sizes of weights differ and are stored.
- Adam, 64 sequences an update, 1,000 updates for 16 pairs, 2,000 for 8 and 4,000 for 4: so all see
  the same number of answers. The rate rises for 50 updates and falls for the last 250; the gradient
  is clipped to 1.
- Rates: a ladder of half decades from 0.01, climbed for each model and number of pairs until both
  neighbours of the best have been tried, or five places; judged by the loss on fresh sequences at
  the end, the largest of the first three seeds. (A rate that is worse with one seed than the best
  so far with three is tried with no more, so its loss in "tried" is a lower bound.) All five seeds
  have that rate. One seed alone chose rates in `expressive` at which most others failed.
- Scores: the share of right answers, and the same for keys written once and for keys written twice.
- Judgement: a model is ahead of another if each of its seeds is ahead of each of the other's.
- A first record had given 1,000 updates to each number of pairs, so that with 4 pairs a quarter of
  the answers was seen as with 16. There matrices that correct had 0.74 to 0.84, though they had
  0.99 with 8 pairs, and adding with decay varied from 0.64 to 0.97; LSTMs, expected below one half,
  had 0.92 to 0.94. With 16 pairs, which is not changed: correcting 0.96 to 0.97, adding 0.73 to
  0.74, with decay 0.52 to 0.77, attention 0.74 to 0.76, with recency 1.0, LSTM at most 0.18.
- Expected, so that it can fail: correcting is ahead of adding and of adding with decay for every
  number of pairs, with and without a decay of its own; attention without positions is within 0.02
  of 0.75, and above 0.98 for keys written once; with recency it is above 0.98; LSTM and GRU are
  behind correcting for every number of pairs.
"""

import math
from functools import cache

import numpy as np
import torch
from torch import nn

from rnnbook import tasks
from rnnbook.torch.delta_rule import chunks

SEEDS = range(5)
KEYS, VALUES, SIZE = 64, 16, 16
STEPS, RISE, FALL, BATCH = 1000, 50, 250, 64
FRESH, TEST, MOST = 512, 1000, 5
TRIALS = 3  # seeds by which a rate is chosen
MATRICES = {  # whether a write corrects, and whether the memory decays
    "adding": (False, False),
    "decaying": (False, True),
    "correcting": (True, False),
    "correcting, decaying": (True, True),
}
MODELS = ("attention", "recency", *MATRICES, "LSTM", "GRU")
SETTINGS = [
    {"model": model, "pairs": pairs, "times": 16 // pairs}
    for pairs in (4, 8, 16)
    for model in MODELS
]
POINT = [
    {
        "seed": 0,
        "settings": {"model": model, "pairs": 4, "times": 1},
        "constants": {
            "STEPS": 6,
            "RISE": 2,
            "FALL": 2,
            "FRESH": 20,
            "TEST": 100,
            "MOST": 1,
            "TRIALS": 1,
        },
        "tolerance": {"": 1e-3, "right": 1 / 400, "once": 1 / 200, "twice": 1 / 200},
    }
    for model in ("decaying", "correcting")
]


class Matrix(nn.Module):
    """A memory that is a matrix, written by adding or by correcting."""

    def __init__(self, inputs, erase, decay):
        super().__init__()
        self.erase = erase
        self.mix = nn.Linear(inputs, 3 * SIZE + 1)
        self.decay = nn.Linear(inputs, 1) if decay else None
        if decay:
            nn.init.constant_(self.decay.bias, 4.0)  # at first nearly all is kept

    def forward(self, x):
        q, k, v, b = self.mix(x).split([SIZE, SIZE, SIZE, 1], dim=-1)
        q, k = (nn.functional.normalize(z, dim=-1) for z in (q, k))
        log_a = nn.functional.logsigmoid(self.decay(x))[..., 0] if self.decay else None
        return chunks(q, k, v, torch.sigmoid(b[..., 0]), log_a, erase=self.erase)[0]


class Attention(nn.Module):
    """One causal head; with `recency` a step counts the less, the longer ago it is."""

    def __init__(self, inputs, recency):
        super().__init__()
        self.mix = nn.Linear(inputs, 3 * SIZE)
        self.slope = nn.Parameter(torch.zeros(())) if recency else None

    def forward(self, x):
        q, k, v = self.mix(x).chunk(3, dim=-1)
        scores, steps = q @ k.mT / SIZE**0.5, torch.arange(x.shape[1])
        distance = steps[:, None] - steps
        if self.slope is not None:
            scores = scores - nn.functional.softplus(self.slope) * distance
        return scores.masked_fill(distance < 0, -torch.inf).softmax(dim=-1) @ v


class Gated(nn.Module):
    """An LSTM or a GRU with a state of 256 numbers."""

    def __init__(self, inputs, kind):
        super().__init__()
        units = SIZE * SIZE // (2 if kind == "LSTM" else 1)
        self.layer = getattr(nn, kind)(inputs, units, batch_first=True)

    def forward(self, x):
        return self.layer(x)[0]


def network(model):
    inputs = KEYS + VALUES
    if model in MATRICES:
        return nn.Sequential(Matrix(inputs, *MATRICES[model]), nn.Linear(SIZE, VALUES))
    if model in ("attention", "recency"):
        return nn.Sequential(Attention(inputs, model == "recency"), nn.Linear(SIZE, VALUES))
    layer = Gated(inputs, model)
    return nn.Sequential(layer, nn.Linear(layer.layer.hidden_size, VALUES))


def sequences(rng, number, pairs):
    """Steps x (N, T, D), the answers at the questions (N, P), and which keys were written twice."""
    x, y, _ = tasks.rewriting_recall(rng, number, pairs, keys=KEYS, values=VALUES)
    keys = x[..., :KEYS].argmax(axis=-1)
    twice = (keys[:, -pairs:, None] == keys[:, None, :-pairs]).sum(axis=-1) == 2
    x = torch.tensor(x, dtype=torch.float32)
    return x, torch.tensor(y[:, -pairs:]), torch.tensor(twice)


def answers(net, x, pairs):
    """The scores (N, P, values) at the questions, which come last."""
    return net(x)[:, -pairs:]


def loss_of(net, x, y):
    return nn.functional.cross_entropy(answers(net, x, y.shape[1]).flatten(0, 1), y.flatten())


def train(seed, model, pairs, times, rate):
    """A trained network and its loss on fresh sequences."""
    torch.manual_seed(seed)
    net, steps = network(model), times * STEPS
    rng = np.random.default_rng((seed, 0))
    optimizer = torch.optim.Adam(net.parameters(), lr=rate)
    shape = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1, (step + 1) / RISE, (steps - step) / FALL)
    )
    for _ in range(steps):
        x, y, _ = sequences(rng, BATCH, pairs)
        loss = loss_of(net, x, y)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        shape.step()
    with torch.no_grad():
        x, y, _ = sequences(np.random.default_rng((seed, 1)), FRESH, pairs)
        loss = loss_of(net, x, y).item()
    return net, loss if np.isfinite(loss) else 99.0


@torch.no_grad()
def scored(seed, net, pairs):
    """Shares of right answers: of all, and of keys written once and twice."""
    x, y, twice = sequences(np.random.default_rng((seed, 2)), TEST, pairs)
    right = answers(net, x, pairs).argmax(dim=-1) == y
    shares = {"right": right, "once": right[~twice], "twice": right[twice]}
    return {
        "parameters": sum(w.numel() for w in net.parameters()),
        **{name: round(float(found.float().mean()), 4) for name, found in shares.items()},
    }


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


def search(train, most, trials):
    """The rate whose largest loss of the first seeds is least, and what was trained with it.

    `train(seed, rate)` gives a network and its loss.
    """
    made, least = {}, math.inf

    def score(rate):
        nonlocal least
        worst = 0.0
        for seed in range(trials):
            made[rate, seed] = train(seed, rate)
            worst = max(worst, made[rate, seed][1])
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
def first(model, pairs, times):
    """The rate, and the networks that chose it."""
    return search(lambda seed, rate: train(seed, model, pairs, times, rate), MOST, TRIALS)


def run(seed, model, pairs, times):
    torch.set_num_threads(1)
    choice, networks = first(model, pairs, times)
    if seed < TRIALS:
        net, loss = networks[seed]
    else:
        net, loss = train(seed, model, pairs, times, choice["rate"])
    told = choice if seed == 0 else {"rate": choice["rate"]}
    return {**told, "loss": loss, **scored(seed, net, pairs)}
