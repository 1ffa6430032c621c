"""A bouncing digit: ten frames on, and six frames behind a curtain.

Two networks on the videos of `rnnbook.tasks.video`: a convolution that sees the last three frames
("window") and a convolutional LSTM ("convlstm"). Both forecast the next frame at every step. In
training a curtain falls after the fourth frame of every second video: the network then reads
black frames, and is still asked what the next frame would show. In the tests, four frames are
seen. "rollout": the network then reads its own forecasts for ten frames. "curtain": it reads
black frames for six steps.

Each network has the same number of steps on fresh videos of the training digits, and two learning
rates, of which the notebook takes for each seed the one that does better on validation videos,
in each test by itself. Errors are squared and summed over the 256 pixels of a frame, means over
400 videos; "distance" is how far the centre of the forecast's brightness lies from the true
one, in pixels.
"""

from functools import cache

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn

from rnnbook.tasks.video import SIDE, bouncing_digits
from rnnbook.torch import ConvLSTM

SEEDS = range(3)
SETTINGS = [
    {"model": model, "rate": rate}
    for model, rates in {"window": (3e-3, 1e-2), "convlstm": (5e-3, 1e-2)}.items()
    for rate in rates
]
POINT = [
    {
        "seed": 0,
        "settings": {"model": model, "rate": 1e-2},
        "constants": {"STEPS": 4, "VIDEOS": 40},
        "tolerance": 1e-3,
    }
    for model in ("window", "convlstm")
]
SEEN, AHEAD, DARK = 4, 10, 6
STEPS, BATCH, VIDEOS = 1500, 16, 400
FRAMES, HIDDEN, CHANNELS = 3, 16, 32


@cache
def digits_of(part):
    """The digits of training (0), validation (1) or test (2) videos: different images."""
    digits = load_digits().images / 16
    return np.split(digits[np.random.default_rng(0).permutation(len(digits))], [1200, 1400])[part]


def videos(rng, part, number, steps):
    """Frames (N, T, 256)."""
    frames = bouncing_digits(rng, digits_of(part), number, steps).frames
    return torch.tensor(frames.reshape(number, -1, SIDE * SIDE), dtype=torch.float32)


def to_patches(frames):
    """Frames (..., 256) as patches of 2 x 2: (..., 8, 8, 4)."""
    x = frames.reshape(*frames.shape[:-1], SIDE // 2, 2, SIDE // 2, 2)
    return x.transpose(-3, -2).flatten(-2)


def to_frames(patches):
    """The inverse of `to_patches`."""
    x = patches.reshape(*patches.shape[:-1], 2, 2)
    return x.transpose(-3, -2).flatten(-4)


class Window(nn.Module):
    """Convolutions over the last three frames, side by side as channels."""

    def __init__(self):
        super().__init__()
        sizes, layers = [4 * FRAMES, CHANNELS, CHANNELS], []
        for size in sizes:
            layers += [nn.Conv2d(size, CHANNELS, 3, padding=1), nn.ReLU()]
        self.layers = nn.Sequential(*layers, nn.Conv2d(CHANNELS, 4, 1))

    def forward(self, frames, past=None):
        """Logits of the next frames, and the frames to remember."""
        N, T, _ = frames.shape
        past = frames.new_zeros(N, FRAMES - 1, frames.shape[-1]) if past is None else past
        both = torch.cat([past, frames], dim=1)
        x = torch.stack([to_patches(both[:, k : k + T]) for k in range(FRAMES)], dim=-2)
        return to_frames(each(self.layers, x.flatten(-2))), both[:, -(FRAMES - 1) :]


class Convolutional(nn.Module):
    """A convolutional LSTM on features of patches, and a convolution after it."""

    def __init__(self):
        super().__init__()
        self.features = nn.Conv2d(4, HIDDEN, 3, padding=1)
        self.rnn = ConvLSTM(HIDDEN, HIDDEN)
        self.head = nn.Sequential(
            nn.Conv2d(HIDDEN, CHANNELS, 3, padding=1), nn.ReLU(), nn.Conv2d(CHANNELS, 4, 1)
        )

    def forward(self, frames, state=None):
        """Logits of the next frames, and the state."""
        x = each(self.features, to_patches(frames)).relu()
        hs, state = self.rnn(x, state)
        return to_frames(each(self.head, hs)), state


def each(layers, x):
    """Apply layers for images (N, D, R, C) to every frame of videos (N, T, R, C, D)."""
    y = layers(x.flatten(0, 1).permute(0, 3, 1, 2))
    return y.permute(0, 2, 3, 1).unflatten(0, x.shape[:2])


MODELS = {"window": Window, "convlstm": Convolutional}


def inputs(frames, dark):
    """What the networks read: all frames but the last; black from SEEN on where `dark` (N,)."""
    x = frames[:, :-1].clone()
    x[dark, SEEN:] = 0
    return x


def train(net, rate, seed, steps=STEPS):
    """Adam on the cross-entropy of pixels; the rate rises for three tenths and then falls."""
    rng, dark = np.random.default_rng([seed, 0]), torch.arange(BATCH) % 2 == 0
    optimizer = torch.optim.Adam(net.parameters(), lr=rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps)
    for _ in range(steps):
        frames = videos(rng, 0, BATCH, SEEN + DARK + 1)
        logits, _ = net(inputs(frames, dark))
        loss = nn.functional.binary_cross_entropy_with_logits(logits, frames[:, 1:])
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        schedule.step()


@torch.no_grad()
def forecast(net, frames, task):
    """Forecasts of all frames after the SEEN first ones."""
    if task == "curtain":
        return net(inputs(frames, torch.ones(len(frames), dtype=bool)))[0].sigmoid()[:, SEEN - 1 :]
    logits, state = net(frames[:, :SEEN])
    ahead = [logits[:, -1:].sigmoid()]
    for _ in range(frames.shape[1] - SEEN - 1):
        logits, state = net(ahead[-1], state)
        ahead.append(logits.sigmoid())
    return torch.cat(ahead, dim=1)


def centres(frames):
    """The centre of brightness (N, T, 2) in pixels."""
    places = torch.stack(torch.meshgrid(*[torch.arange(SIDE)] * 2, indexing="ij"), -1)
    weights = frames / frames.sum(-1, keepdim=True).clamp_min(1e-6)
    return weights @ places.reshape(-1, 2).to(frames.dtype)


def scores(net, task, seed, part):
    """Squared error and distance for each step ahead."""
    steps = SEEN + (AHEAD if task == "rollout" else DARK + 1)
    frames = videos(np.random.default_rng([seed, 1 + part]), part, VIDEOS, steps)
    found, truth = forecast(net, frames, task), frames[:, SEEN:]
    error = ((found - truth) ** 2).sum(-1).mean(0)
    distance = (centres(found) - centres(truth)).norm(dim=-1).mean(0)
    return np.round(error.numpy().astype(float), 4), np.round(distance.numpy().astype(float), 4)


def run(seed, model, rate):
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    net = MODELS[model]()
    train(net, rate, seed)
    result = {"parameters": sum(w.numel() for w in net.parameters())}
    for task in ("rollout", "curtain"):
        validation, _ = scores(net, task, seed, 1)
        error, distance = scores(net, task, seed, 2)
        result[task] = {
            "validation": float(validation.mean()),
            "error": error.tolist(),
            "distance": distance.tolist(),
        }
    return result
