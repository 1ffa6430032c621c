"""784 steps: digits of MNIST read by rows, by pixels and by shuffled pixels.

The page "Reading an image" reads small digits in at most 64 steps. Here are images of 28 x 28
pixels, 7,000 to train on, 1,000 to choose by, 2,000 to test once, in the test that Le, Jaitly and
Hinton (2015) set: one pixel a step, in order, or all images in one shuffled order, of which each
network draws its own. All networks have 32 units and 2,000 updates of 32 images.

- Starts. "rnn", "lstm" and "gru" start as everywhere in the book: orthogonal recurrent weights,
  and a bias of 1 on the gate that keeps the old. "lstm long" draws that bias so that its units keep
  for 1 to T - 1 steps (Tallec and Ollivier 2018). "identity" is the plain network of Le and others:
  ReLU units, recurrent weights that start as the identity, input weights of standard deviation
  0.001. By pixels there is no GRU, a step of which takes PyTorch four times as long as the LSTM's.
- Search. From 0.01 ("identity" from 0.001) the learning rate is divided and multiplied by 3 as long
  as that lowers the loss on the validation images by 0.01 or more, until the best has no such
  neighbour on either side. The search uses network 0. Three networks are then trained at the chosen
  rate.
- Beside them, by rows: logistic regression and nearest neighbours on all pixels, tuned on the
  validation images, and a small convolution.

It was not blind to the validation images. An LSTM by pixels had stayed at chance there in 600
updates at rate 0.01; with the drawn bias, 800 updates had given 35 % at rate 0.01 and 76 % at 0.03.
"""

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from torch import nn

from rnnbook import convert
from rnnbook.data.mnist import load_mnist
from rnnbook.numpy import gru, lstm, rnn
from rnnbook.tasks import images

SEEDS = range(1)
SETTINGS = [
    {"reading": reading, "model": model}
    for reading, models in (
        ("pixels", ("lstm", "lstm long", "identity", "rnn")),
        ("shuffled", ("lstm", "lstm long", "identity", "rnn")),
        ("rows", ("lstm", "rnn", "gru", "convolution", "logistic", "neighbours")),
    )
    for model in models
]
POINT = [
    {
        "seed": 0,
        "settings": {"reading": reading, "model": model},
        "constants": {
            "UPDATES": 4,
            "NETWORKS": 2,
            "GAIN": 100.0,
            "PARTS": 4,
            "TRAINING": 100,
            "VALIDATION": 100,
            "TEST": 100,
        },
        "tolerance": {"": 1e-3, "validation": 1 / 100, "accuracy": 1 / 100},
    }
    for reading, model in (
        ("rows", "lstm"),
        ("rows", "gru"),
        ("rows", "rnn"),
        ("shuffled", "rnn"),
        ("pixels", "lstm long"),
    )
]
SHAPE, HIDDEN, BATCH, UPDATES, NETWORKS = (28, 28), 32, 32, 2000, 3
FACTOR, GAIN, PARTS = 3, 0.01, 40  # of the search
TRAINING, VALIDATION, TEST = 7000, 1000, 2000
CELLS = {"rnn": rnn, "lstm": lstm, "gru": gru, "lstm long": lstm}


def places(reading, k):
    """Which pixels are read at which step by network k: (T, D)."""
    if reading == "rows":
        return images.rows(SHAPE)
    pixels = images.pixels(SHAPE)
    if reading == "pixels":
        return pixels
    return images.shuffled(np.random.default_rng(100 + k), pixels)


def split():
    """Images as float32 (N, 28, 28) and labels: training, validation and test."""
    mnist = load_mnist()
    pictures = (np.concatenate([mnist.training, mnist.test]) / 255).astype(np.float32)
    labels = np.concatenate([mnist.training_labels, mnist.test_labels])
    cuts = (slice(TRAINING), slice(7000, 7000 + VALIDATION), slice(8000, 8000 + TEST))
    return [(pictures[cut], labels[cut]) for cut in cuts]


def recurrent_layer(model, steps, inputs, k):
    """The recurrent layer of network k, as it starts."""
    rng = np.random.default_rng(k)
    if model == "identity":
        layer = nn.RNN(inputs, HIDDEN, nonlinearity="relu", batch_first=True)
        nn.init.normal_(layer.weight_ih_l0, std=0.001)
        nn.init.eye_(layer.weight_hh_l0)
        nn.init.zeros_(layer.bias_ih_l0)
        nn.init.zeros_(layer.bias_hh_l0)
        return layer
    params = CELLS[model].init(rng, inputs, HIDDEN, dtype=np.float32)
    if model == "gru":
        params.b_x[HIDDEN : 2 * HIDDEN] = 1.0  # as the forget bias of the LSTM
    if model == "lstm long":
        bias = np.log(rng.uniform(1, steps - 1, HIDDEN))
        params.b[:HIDDEN], params.b[HIDDEN : 2 * HIDDEN] = -bias, bias
    return convert.to_torch(params)


class Reader(nn.Module):
    """Scores (N, 10) after the last step."""

    def __init__(self, model, steps, inputs, k):
        super().__init__()
        self.layer = recurrent_layer(model, steps, inputs, k)
        self.head = nn.Linear(HIDDEN, 10)

    def forward(self, x):
        return self.head(self.layer(x)[0][:, -1])


def convolution():
    """Two layers of 3 x 3 filters, each halved by pooling; scores (N, 10)."""
    return nn.Sequential(
        *(nn.Unflatten(1, (1, 28)), nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()),
        nn.Linear(32 * 7 * 7, 10),
    )


def capped(loss):
    """A loss for the record, where 99 stands for all that is larger or not a number."""
    return round(float(np.nan_to_num(np.minimum(loss, 99.0), nan=99.0)), 4)


def train(net, x, y, rate, k):
    """Adam with a cosine schedule; mean losses of PARTS stretches of the updates."""
    rng = np.random.default_rng(k)
    optimizer = torch.optim.Adam(net.parameters(), lr=rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, UPDATES)
    losses, order = [], np.empty(0, int)
    for _ in range(UPDATES):
        if len(order) < BATCH:
            order = rng.permutation(len(x))
        rows, order = order[:BATCH], order[BATCH:]
        loss = nn.functional.cross_entropy(net(x[rows]), y[rows])
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        losses.append(float(loss.detach()))
    return [capped(part.mean()) for part in np.array_split(losses, PARTS)]


def network(parts, reading, model, rate, k):
    """One network's training losses, validation loss and shares of right answers."""
    torch.set_num_threads(1)
    torch.manual_seed(k)
    order = places(reading, k)
    net = convolution() if model == "convolution" else Reader(model, *order.shape, k)
    (x, y), *others = (
        (torch.tensor(images.read(picture, order)), torch.tensor(label)) for picture, label in parts
    )
    found = {"losses": train(net, x, y, rate, k)}
    with torch.no_grad():
        scores = [torch.cat([net(piece) for piece in x.split(500)]) for x, _ in others]
    (s, y), (test, answers) = zip(scores, (label for _, label in others), strict=True)
    found["validation_loss"] = capped(nn.functional.cross_entropy(s, y).item())
    found["validation"] = float((s.argmax(dim=1) == y).double().mean())
    found["accuracy"] = float((test.argmax(dim=1) == answers).double().mean())
    return found | {"parameters": sum(w.numel() for w in net.parameters())}


def climb(loss, first):
    """The best rate and all losses by rate; a neighbour is better if its loss is by the gain."""
    best, found = 0, {0: loss(first)}  # by the power of the factor
    for direction in (-1, 1):
        while True:
            power = best + direction
            if power not in found:
                found[power] = loss(first * FACTOR**power)
            if not found[power] < found[best] - GAIN:
                break
            best = power
    losses = {round(first * FACTOR**power, 6): found[power] for power in sorted(found)}
    return round(first * FACTOR**best, 6), losses


def simple(parts, model):
    """Logistic regression or nearest neighbours, tuned on the validation images."""
    (x, y), (x_val, y_val), (x_test, y_test) = ((p.reshape(len(p), -1), q) for p, q in parts)
    if model == "logistic":
        makers = {C: LogisticRegression(C=C, max_iter=200) for C in (0.001, 0.01, 0.1, 1.0)}
    else:
        makers = {k: KNeighborsClassifier(k) for k in (1, 3, 5, 7)}
    found = {choice: maker.fit(x, y).score(x_val, y_val) for choice, maker in makers.items()}
    best = max(found, key=found.get)
    accuracy = float(makers[best].score(x_test, y_test))
    return {"validation": float(found[best]), "accuracy": accuracy, "choice": best}


def run(seed, reading, model):
    parts = split()
    if model in ("logistic", "neighbours"):
        return simple(parts, model)
    networks = {}

    def loss(rate):
        networks[round(rate, 6)] = network(parts, reading, model, rate, 0)
        return networks[round(rate, 6)]["validation_loss"]

    rate, search = climb(loss, 1e-3 if model == "identity" else 1e-2)
    others = [network(parts, reading, model, rate, k) for k in range(1, NETWORKS)]
    return {"search": search, "rate": rate, "networks": [networks[rate], *others]}
