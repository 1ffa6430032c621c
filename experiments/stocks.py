"""What a GRU knows of tomorrow's return: its variance, from returns or from ranges, or its mean.

One network for three stocks reads the days in order and forecasts the next one. Its size and the
number of its training steps are chosen in every run by the score on 2007 and 2008, of networks
that are trained again at the beginning of either year, on all days before it. The chosen network
is then trained again at the beginning of each year from 2009 on, and its forecasts for the days of
that year are kept, and those of 2007 and 2008.

The protocol of this second record, written before any scored run of it. It is not blind: a first
record, with a grid of 4 or 8 units and 75 or 150 steps, has been scored on the days from 2009 on.
All five of its networks for returns took the fewest steps on offer, so that grid had edges.

- Search. Two knobs, units and steps, each turned by a factor of two. From 4 units and 75 steps it
  goes to the best neighbour until none is better, and tries twelve settings at most. So no grid has
  an edge, but that a network has a unit, and a training five steps. Networks are chosen with the
  seed that they are used with. Where the twelve trials are used up, the page says so.
- Nothing is chosen by the days from 2009 on. The rate, 0.02, and what is read stay as they were.
- Comparison. Single networks with single formulas; the mean of five is named as such.

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
        "constants": {"FIRST": (4, 5), "TRIED": 1, "VALIDATION": ("2008",), "TEST": ("2009",)},
        "tolerance": 1e-3,
    }
    for kind in ("ranges", "mean")
]
FIRST, LEAST, TRIED = (4, 75), (1, 5), 12  # units and training steps; trials
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


def neighbours(place):
    """A place on the lattice and those one step of one knob away."""
    steps = np.eye(len(place), dtype=int)
    return [place, *(tuple(np.add(place, s * sign)) for s in steps for sign in (1, -1))]


def setting(place):
    """Units and training steps at a place, or None where there are too few."""
    values = tuple(round(first * 2.0**k) for first, k in zip(FIRST, place, strict=True))
    return values if all(np.greater_equal(values, LEAST)) else None


def search(seed, kind):
    """The best setting by the years to choose by, the scores of all tried, its forecasts then."""
    tried, made, here = {}, {}, (0, 0)
    while True:
        for place in neighbours(here):
            if place not in tried and len(tried) < TRIED and setting(place) is not None:
                made[place], returns = rolling(seed, kind, *setting(place), VALIDATION)
                tried[place] = score(kind, made[place], returns)
        best = min(tried, key=tried.get)
        if best == here or len(tried) == TRIED:
            return setting(best), {setting(p): value for p, value in tried.items()}, made[best]
        here = best


def run(seed, kind):
    """The chosen setting, all that were tried, the score, and the forecasts of both spans."""
    torch.set_num_threads(1)
    (hidden, steps), tried, choosing = search(seed, kind)
    ahead, returns = rolling(seed, kind, hidden, steps, TEST)
    kept = {"ahead": ahead.astype(np.float32), "choosing": choosing.astype(np.float32)}
    return {
        "hidden": hidden,
        "steps": steps,
        "validation": {f"{h} units, {s} steps": value for (h, s), value in tried.items()},
        "test": score(kind, ahead, returns),
        "weights": {f"stocks_{kind}_{seed}": kept},
    }
