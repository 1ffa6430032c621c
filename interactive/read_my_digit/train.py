"""Trains the network that reads a drawn digit, in about a minute, and stores it: weights.npz.

    python interactive/read_my_digit/train.py

A GRU of 64 units reads 14 rows of 14 black or white pixels and guesses the digit after every row.
The images are the 8,000 training images of the book's MNIST, halved in size, moved by up to two
pixels, and with thick or thin strokes; the test images say how often it is right.
"""

from pathlib import Path

import numpy as np
import torch
from torch import nn

from rnnbook import convert
from rnnbook.data.mnist import load_mnist

SIDE, HIDDEN, UPDATES, ROWS = 14, 64, 2500, 100


def halved(images):
    """Mean of each two by two pixels, from 0 to 1: (N, 14, 14)."""
    blocks = images.reshape(-1, SIDE, 2, SIDE, 2).astype(np.float32) / 255
    return torch.tensor(blocks.mean(axis=(2, 4)))


def varied(rng, images):
    """The images moved, and black where they are darker than a threshold of their own."""
    moved = torch.stack(
        [torch.roll(image, tuple(rng.integers(-2, 3, 2).tolist()), (0, 1)) for image in images]
    )
    threshold = torch.tensor(rng.uniform(0.15, 0.6, (len(images), 1, 1)))
    return (moved > threshold).float()


def main():
    torch.manual_seed(0)
    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    digits = load_mnist()
    images, labels = halved(digits.training), torch.tensor(digits.training_labels)
    cell, head = nn.GRU(SIDE, HIDDEN, batch_first=True), nn.Linear(HIDDEN, 10)
    weights = [*cell.parameters(), *head.parameters()]
    optimizer = torch.optim.Adam(weights, 0.005)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, UPDATES)
    for _ in range(UPDATES):
        rows = torch.tensor(rng.integers(0, len(images), ROWS))
        guesses = head(cell(varied(rng, images[rows]))[0])
        wanted = labels[rows][:, None].expand(-1, SIDE)
        loss = nn.functional.cross_entropy(guesses.flatten(0, 1), wanted.flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    stored = convert.from_torch(cell)._asdict()
    stored |= {"W": head.weight.detach().numpy().T, "b": head.bias.detach().numpy()}
    stored = {name: np.asarray(array, np.float16) for name, array in stored.items()}
    np.savez_compressed(Path(__file__).with_name("weights.npz"), **stored)
    with torch.no_grad():
        guesses = head(cell((halved(digits.test) > 0.35).float())[0])[:, -1].argmax(1).numpy()
    print(f"right on the test images: {(guesses == digits.test_labels).mean():.1%}")


if __name__ == "__main__":
    main()
