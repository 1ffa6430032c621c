"""Trains the tutorial's network on a share price, in half a minute, and stores it: weights.npz.

    python interactive/one_day_late/train.py

It is the page's function `tutorial` with a window of one day, on Microsoft, seed 0.
"""

from pathlib import Path

import numpy as np
import torch
from torch import nn

from rnnbook import convert
from rnnbook.data import load_stocks


def main():
    torch.set_num_threads(1)
    price = load_stocks().loc["MSFT", "Adj Close"].to_numpy()
    end, low, high = int(0.8 * len(price)), price.min(), price.max()
    z = torch.tensor((price - low) / (high - low), dtype=torch.float32)
    X, Y = z.unfold(0, 1, 1)[:-1, :, None], z[1:]
    torch.manual_seed(0)
    lstm, head = nn.LSTM(1, 32, batch_first=True), nn.Linear(32, 1)
    optimizer = torch.optim.Adam([*lstm.parameters(), *head.parameters()], 0.01)
    for _ in range(30):
        for rows in torch.randperm(end - 1).split(32):
            forecast = head(lstm(X[rows])[0][:, -1])[:, 0]
            loss = ((forecast - Y[rows]) ** 2).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    stored = convert.from_torch(lstm)._asdict()
    stored |= {"W": head.weight.detach().numpy().T, "b_y": head.bias.detach().numpy()}
    stored = {name: np.asarray(array, np.float32) for name, array in stored.items()}
    np.savez_compressed(Path(__file__).with_name("weights.npz"), **stored)


if __name__ == "__main__":
    main()
