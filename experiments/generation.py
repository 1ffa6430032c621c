"""Digits written pixel by pixel: recurrent networks against simpler densities.

An image of 8 x 8 pixels with 17 levels is read as a sequence of 64. Every model gives the
probability of each pixel after those before it; the score is bits per pixel on test images.
Settings of the networks and of the nearest-context model were chosen on validation images.
"""

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn

SEEDS = range(3)
SETTINGS = [
    *({"cell": cell, "above": True, "order": "rows"} for cell in ("rnn", "lstm", "gru")),
    {"cell": "gru", "above": False, "order": "rows"},
    {"cell": "gru", "above": False, "order": "shuffled"},
]
POINT = [
    {
        "seed": 0,
        "settings": {"cell": "gru", "above": True, "order": "rows"},
        "constants": {"EPOCHS": 1, "BATCH": 128, "HIDDEN": 16},
        "tolerance": 1e-3,
    }
]
LEVELS, SIDE = 17, 8
PIXELS = SIDE * SIDE
START = LEVELS  # stands for a pixel that is not there
CELLS = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}
EMBEDDING, HIDDEN, DROPOUT, BATCH, RATE, EPOCHS = 16, 128, 0.4, 32, 4e-3, 40


def images():
    """Training (1297, 64), validation (200, 64) and test images (300, 64), levels 0 to 16."""
    digits = load_digits()
    pixels = digits.images.astype(np.int64).reshape(-1, PIXELS)
    order = np.random.default_rng(0).permutation(len(pixels))
    parts = np.split(order, [1297, 1497])
    return [pixels[part] for part in parts], [digits.target[part] for part in parts]


def contexts(x):
    """What stands before each pixel, and above it (N, 64); START where there is nothing."""
    edge = np.full((len(x), SIDE), START)
    before = np.concatenate([edge[:, :1], x[:, :-1]], axis=1)
    above = np.concatenate([edge, x[:, :-SIDE]], axis=1)
    return before, above


class PixelModel(nn.Module):
    """Scores of the 17 levels (N, T, 17) of each pixel, from those before it."""

    def __init__(self, cell, above):
        super().__init__()
        self.before = nn.Embedding(LEVELS + 1, EMBEDDING)
        self.above = nn.Embedding(LEVELS + 1, EMBEDDING) if above else None
        self.place = nn.Embedding(PIXELS, EMBEDDING)
        self.cell = CELLS[cell](EMBEDDING * (3 if above else 2), HIDDEN, batch_first=True)
        self.output = nn.Linear(HIDDEN, LEVELS)
        self.dropout = nn.Dropout(DROPOUT)

    def forward(self, before, above, places, state=None):
        inputs = [self.before(before), self.place(places).expand(*before.shape, -1)]
        if self.above:
            inputs.append(self.above(above))
        h, state = self.cell(self.dropout(torch.cat(inputs, dim=-1)), state)
        return self.output(self.dropout(h)), state


def bits(model, x):
    """Bits of every pixel (N, 64)."""
    before, above = (torch.tensor(a) for a in contexts(x))
    model.eval()
    with torch.no_grad():
        scores, _ = model(before, above, torch.arange(PIXELS))
    nats = nn.functional.cross_entropy(scores.transpose(1, 2), torch.tensor(x), reduction="none")
    return (nats / np.log(2)).numpy()


def train(seed, cell, above, order):
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    (training, validation, test), _ = images()
    way = np.arange(PIXELS)
    if order == "shuffled":
        way = np.random.default_rng(100 + seed).permutation(PIXELS)
    training, validation, test = (part[:, way] for part in (training, validation, test))
    model = PixelModel(cell, above)
    optimizer = torch.optim.Adam(model.parameters(), RATE)
    steps = EPOCHS * -(-len(training) // BATCH)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.01, steps)
    places, curve = torch.arange(PIXELS), []
    for _ in range(EPOCHS):
        model.train()
        for rows in np.array_split(rng.permutation(len(training)), steps // EPOCHS):
            before, above_ = (torch.tensor(a) for a in contexts(training[rows]))
            scores, _ = model(before, above_, places)
            target = torch.tensor(training[rows])
            loss = nn.functional.cross_entropy(scores.transpose(1, 2), target)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
        curve.append(round(float(bits(model, validation).mean()), 4))
    return model, curve, bits(model, test)


def run(seed, cell, above, order):
    _, curve, found = train(seed, cell, above, order)
    by_place = [round(float(b), 4) for b in found.mean(axis=0)]
    return {"curve": curve, "test": round(float(found.mean()), 4), "by_place": by_place}
