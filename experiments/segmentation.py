"""Which pixels are the digit? Local windows, dilated convolutions and four-direction sweeps.

Two tasks from `rnnbook.tasks.pasted`: "pasted_digits" (all ink counts) and "connected_digit"
(only the digit whose line has no gap). Digits of training, validation and test
scenes come from different images. Every method has the same 2,000 training scenes; networks the
same number of steps and two learning rates, of which the notebook takes for each seed the one
that does better on the validation scenes. On these every method also chooses its cut: the
brightness or the chance above which a pixel counts as found. "trees" sees the 7 x 7 pixels
around each pixel, as much as the three layers of "window" see.
"""

import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.ensemble import HistGradientBoostingClassifier
from torch import nn

from rnnbook import convert
from rnnbook.numpy import gru, sweep
from rnnbook.tasks import pasted

SEEDS = range(3)
RATES = {
    "threshold": (None,),
    "trees": (None,),
    "window": (3e-3, 1e-2),
    "dilated": (3e-3, 1e-2),
    "sweep 1": (5e-3, 1e-2),
    "sweep 2": (5e-3, 1e-2),
}
METHODS = {
    "pasted_digits": ("threshold", "trees", "window", "sweep 2"),
    "connected_digit": ("trees", "window", "dilated", "sweep 1", "sweep 2"),
}
SETTINGS = [
    {"task": task, "model": model, "rate": rate}
    for task, models in METHODS.items()
    for model in models
    for rate in RATES[model]
]
POINT = [
    {
        "seed": 0,
        "settings": {"task": "pasted_digits", "model": "threshold", "rate": None},
        "constants": {},
        "tolerance": 1e-6,
    },
    {
        "seed": 0,
        "settings": {"task": "connected_digit", "model": "sweep 1", "rate": 1e-2},
        "constants": {"SCENES": (96, 40, 40), "EPOCHS": {"connected_digit": 6}},
        "tolerance": 1e-3,
    },
]
SCENES, BATCH = (2000, 200, 400), 32
EPOCHS = {"pasted_digits": 8, "connected_digit": 16}
HIDDEN, FEATURES, CHANNELS = 32, 16, 24


def scenes(task, seed):
    """Training, validation and test scenes, each with digits of its own."""
    digits = load_digits().images / 16
    order = np.random.default_rng(0).permutation(len(digits))
    parts = np.split(digits[order], [1200, 1400])
    rngs = [np.random.default_rng([seed, k]) for k in range(3)]
    make = getattr(pasted, task)
    return [make(*case) for case in zip(rngs, parts, SCENES, strict=True)]


class Sweeps(nn.Module):
    """Patches of 2 x 2, `count` sweeps in four directions, four logits a patch."""

    def __init__(self, count, seed):
        super().__init__()
        rng, channels, layers = np.random.default_rng(seed), FEATURES, []
        self.patches = nn.Conv2d(1, FEATURES, 4, stride=2, padding=1)
        for _ in range(count):
            pairs = sweep.init(gru, rng, channels, HIDDEN, dtype=np.float32)
            for pair in pairs:
                for params in pair:
                    params.b_x[HIDDEN : 2 * HIDDEN] = 1.0  # keep at first
            layers += [convert.to_torch([pair]) for pair in pairs]
            channels = 2 * HIDDEN
        self.layers = nn.ModuleList(layers)
        self.head = nn.Linear(2 * HIDDEN, 4)

    def forward(self, x):
        h = torch.relu(self.patches(x[:, None])).permute(0, 2, 3, 1)  # (N, R, C, D)
        for layer in self.layers:  # rows, columns, rows, columns
            lines, _ = layer(h.flatten(0, 1))
            h = lines.unflatten(0, h.shape[:2]).transpose(1, 2)
        return nn.functional.pixel_shuffle(self.head(h).permute(0, 3, 1, 2), 2)[:, 0]


def convolutions(dilations):
    """Layers of 3 x 3 filters at the size of the image; with dilations they reach far."""
    layers, channels = [nn.Unflatten(1, (1, pasted.SIDE))], 1
    for step in dilations:
        layers += [nn.Conv2d(channels, CHANNELS, 3, padding=step, dilation=step), nn.ReLU()]
        channels = CHANNELS
    return nn.Sequential(*layers, nn.Conv2d(channels, 1, 1), nn.Flatten(0, 1))


def build(model, seed):
    """An untrained network of the given kind."""
    torch.manual_seed(seed)
    if model.startswith("sweep"):
        return Sweeps(int(model.split()[1]), seed)
    return convolutions({"window": (1, 1, 1), "dilated": (1, 2, 4, 8, 4, 2, 1)}[model])


def train(net, x, y, rate, epochs, seed):
    """Adam; the rate rises for three tenths of the steps and then falls."""
    rng, steps = np.random.default_rng(seed), epochs * (len(x) // BATCH)
    optimizer = torch.optim.Adam(net.parameters(), lr=rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps)
    for _ in range(epochs):
        order = rng.permutation(len(x))[: len(x) // BATCH * BATCH]
        for rows in order.reshape(-1, BATCH):
            loss = nn.functional.binary_cross_entropy_with_logits(net(x[rows]), y[rows])
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()
            schedule.step()


def overlap(found, labels):
    """Intersection over union, scene by scene."""
    return (found & labels).sum((1, 2)) / np.maximum((found | labels).sum((1, 2)), 1)


def windows(images, size=7):
    """The size x size pixels around each pixel, zeros beyond the edge: (N R C, size size)."""
    wide = np.pad(images, ((0, 0), (size // 2,) * 2, (size // 2,) * 2))
    views = np.lib.stride_tricks.sliding_window_view(wide, (size, size), axis=(1, 2))
    return views.reshape(-1, size * size)


def best_cut(values, labels, levels):
    """The level above which to say "found", by the overlap on validation scenes."""
    return max(levels, key=lambda level: overlap(values > level, labels).mean())


def simple(model, training, seed):
    """From images to values that grow with the chance: brightness, or what trees say."""
    if model == "threshold":
        return lambda images: images
    rows = np.random.default_rng(seed).choice(training.images.size, 100_000, replace=False)
    trees = HistGradientBoostingClassifier(max_iter=150, early_stopping=False, random_state=seed)
    trees.fit(windows(training.images)[rows], training.labels.ravel()[rows])
    return lambda images: trees.predict_proba(windows(images))[:, 1].reshape(images.shape)


def network(model, rate, training, epochs, seed):
    """A trained network's function from images to chances, and its number of weights."""
    torch.set_num_threads(1)
    net = build(model, seed)
    x, y = (torch.tensor(a, dtype=torch.float32) for a in training[:2])
    train(net, x, y, rate, epochs, seed)

    @torch.no_grad()
    def chances(images):
        return net(torch.tensor(images, dtype=torch.float32)).sigmoid().numpy()

    return chances, sum(w.numel() for w in net.parameters())


def run(seed, task, model, rate):
    training, validation, test = scenes(task, seed)
    if rate is None:
        chances, parameters = simple(model, training, seed), None
    else:
        chances, parameters = network(model, rate, training, EPOCHS[task], seed)
    levels = np.linspace(0.02, 0.98, 49)
    cut = best_cut(chances(validation.images), validation.labels, levels)
    each = overlap(chances(test.images) > cut, test.labels)
    return {
        "validation": float(overlap(chances(validation.images) > cut, validation.labels).mean()),
        "cut": float(cut),
        "overlap": float(each.mean()),
        "each": np.round(each, 3).tolist(),
        "parameters": parameters,
    }
