"""What a GRU knows of tomorrow's return: its variance, from returns or from ranges, or its mean.

One network for three stocks reads the days in order and forecasts the next one. Its size and the
number of its training steps are chosen in every run by the score on 2007 and 2008, of networks
that are trained again at the beginning of either year, on all days before it. The chosen network
is then trained again at the beginning of each year from 2009 on, and its forecasts for the days of
that year are kept. Nothing is chosen by the days from 2009 on.

Scores are means over stocks and days: log v + r^2 / v for a variance v, with r in percent, and the
squared error over the squared return for a mean.
"""

from itertools import pairwise

import numpy as np
import torch
from torch import nn

from rnnbook import data

SEEDS = range(5)
SETTINGS = [{"kind": "returns"}, {"kind": "ranges"}, {"kind": "mean"}]
POINT = [
    {
        "seed": 0,
        "settings": {"kind": kind},
        "constants": {"GRID": [(4, 5)], "VALIDATION": ("2008",), "TEST": ("2009",)},
        "tolerance": 1e-3,
    }
    for kind in ("ranges", "mean")
]
GRID = [(4, 75), (4, 150), (8, 75), (8, 150)]  # units, training steps
TICKERS = ("AAPL", "IBM", "MSFT")
VALIDATION, TEST = ("2007", "2008"), ("2009", "2010", "2011", "2012", "2013")
RATE, BATCH, LENGTH, WARM_UP = 0.02, 16, 150, 30


def days():
    """Dates (L,), log returns (3, L) in percent and logarithms of daily ranges (3, L)."""
    table = data.load_stocks()
    stocks = [table.loc[ticker] for ticker in TICKERS]
    dates = stocks[0].index[1:].to_numpy()
    returns = [100 * np.diff(np.log(stock["Adj Close"])) for stock in stocks]
    ranges = [np.log(100 * np.log(stock.High / stock.Low))[1:] for stock in stocks]
    return dates, np.stack(returns), np.stack(ranges)


def starts(dates, years):
    """The index of the first day of each year, and of the day after the last year."""
    ends = [*years, str(int(years[-1]) + 1)]
    return [int(np.searchsorted(dates, np.datetime64(year))) for year in ends]


def inputs(returns, ranges, end, kind):
    """Features (3, L, D) and the scales (3, 1), from the days before `end` only."""
    scale = np.sqrt((returns[:, :end] ** 2).mean(axis=1, keepdims=True))
    z = returns / scale
    features = [np.arcsinh(2 * z), np.log(z**2 + 0.05) / 2]
    if kind != "returns":
        mean = ranges[:, :end].mean(axis=1, keepdims=True)
        features.append((ranges - mean) / ranges[:, :end].std())
    return torch.tensor(np.stack(features, axis=-1), dtype=torch.float32), scale


class Forecaster(nn.Module):
    """A GRU, and at every day one number for the next."""

    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.rnn = nn.GRU(input_size, hidden_size, batch_first=True)
        self.head = nn.Linear(hidden_size, 1)
        with torch.no_grad():
            self.head.weight.mul_(0.1)
            self.head.bias.zero_()

    def forward(self, x):
        return self.head(self.rnn(x)[0])[..., 0]


def loss_of(kind, u, z):
    """Gaussian likelihood with log variance u, or squared error of the mean u."""
    return (u + z**2 * torch.exp(-u)).mean() / 2 if kind != "mean" else ((u - z) ** 2).mean()


def train(seed, kind, hidden, steps, returns, ranges, end):
    """A network trained on the days before `end`."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    x, scale = inputs(returns, ranges, end, kind)
    z = torch.tensor(returns / scale, dtype=torch.float32)
    model = Forecaster(x.shape[-1], hidden)
    optimizer = torch.optim.Adam(model.parameters(), RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps)
    for _ in range(steps):
        stocks = rng.integers(0, len(x), BATCH)[:, None]
        places = rng.integers(0, end - 1 - LENGTH, BATCH)[:, None] + np.arange(LENGTH)
        u = model(x[stocks, places])[:, WARM_UP:]
        loss = loss_of(kind, u, z[stocks, places + 1][:, WARM_UP:])
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
    return model


@torch.no_grad()
def forecast(model, kind, returns, ranges, end):
    """Forecasts (3, L), day t from the days before t: variances, or means; the first is NaN."""
    x, scale = inputs(returns, ranges, end, kind)
    u = model(x).numpy()
    ahead = np.full(returns.shape, np.nan)
    ahead[:, 1:] = (scale * u if kind == "mean" else scale**2 * np.exp(u))[:, :-1]
    return ahead


def rolling(seed, kind, hidden, steps, years):
    """Forecasts for all days of the years: each by a network trained on the days before it."""
    dates, returns, ranges = days()
    ends, parts = starts(dates, years), []
    for first, last in pairwise(ends):
        model = train(seed, kind, hidden, steps, returns, ranges, first)
        parts.append(forecast(model, kind, returns, ranges, first)[:, first:last])
    return np.concatenate(parts, axis=1), returns[:, ends[0] : ends[-1]]


def score(kind, ahead, returns):
    if kind == "mean":
        return float(((returns - ahead) ** 2).sum() / (returns**2).sum())
    return float((np.log(ahead) + returns**2 / ahead).mean())


def run(seed, kind):
    """The chosen setting, its scores, and its forecasts of the test days."""
    torch.set_num_threads(1)
    grid = {setting: score(kind, *rolling(seed, kind, *setting, VALIDATION)) for setting in GRID}
    hidden, steps = min(grid, key=grid.get)
    ahead, returns = rolling(seed, kind, hidden, steps, TEST)
    return {
        "hidden": hidden,
        "steps": steps,
        "validation": {f"{h} units, {s} steps": value for (h, s), value in grid.items()},
        "test": score(kind, ahead, returns),
        "weights": {f"stocks_{kind}_{seed}": {"ahead": ahead.astype(np.float32)}},
    }
