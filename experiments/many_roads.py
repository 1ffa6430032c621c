"""Many roads: one network each, or one for all, with or without being told which road it is.

The protocol, written before any run of this script. The roads are made by a formula, since no data
set that may be shipped here has several series with features of their own. Trials before it were
for time only, and the short runs of POINT.

- Roads. A road has a share of commuters, even over 0 to 1, and a delay, even over -1.5 to 1.5
  hours: its two static features. Its profile is the share times two rush hours, at 7:30 and 16:30
  plus the delay, on working days, and a third of that on weekends; and the rest times one wide
  afternoon, a third higher on weekends. The count is the profile times exp(z), where z keeps 0.9 of
  itself from hour to hour and has the standard deviation 0.25. Each seed makes ROADS roads to learn
  from and as many new ones. A count is divided by the mean of its road over its history; a new road
  by that of its first two weeks, which are not scored.
- The oracle knows the profile and z: profile times exp(0.9^k z) is the median of the count after k
  hours, so no forecast has a smaller expected absolute error. Scores are compared with it.
- Spans. `weeks` of history to learn from, two weeks to choose by, four weeks to score on, an origin
  every fifth hour, 24 hours ahead.
- Kinds. "each": a network for each road. "one": a single network for all roads, which sees counts,
  hour and weekday only. "static": the same, told the two features at each step. "number": told
  which of the known roads it is. All are the same pair of GRUs. "usual" is the median of the hour
  of the week in the history. New roads are forecast by "one", "static" and "usual" (of their two
  weeks).
- Loss. The absolute error, which also chooses and scores.
- Search. The rate is fixed. The number of steps goes to the better neighbour by a factor of 2, at
  most TRIED numbers; for "each" one number for all roads. A network for all roads starts from four
  times the steps of one of its rivals, which are ROADS.
- Judgement, to be made on the page. Excess is the error divided by the oracle's, less 1. Kinds are
  compared on the same roads, which are drawn independently: a lead is claimed if the 95 % interval
  of the mean difference over all roads of all seeds (bootstrap of roads) does not hold zero and
  each seed agrees.

CPU, from trials: 10 ms a step. 50 s for "each", 25 s for the others, 12 minutes in all.
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from rnnbook.forecasting import mae

SEEDS = range(3)
KINDS = ("usual", "each", "one", "static", "number")
SETTINGS = [{"kind": kind, "weeks": weeks} for weeks in (2, 16) for kind in KINDS]
DAY, WEEK = 24, 168
ROADS, PAST, STRIDE = 8, 24, 5
HIDDEN, BATCH, RATE, TRIED = 24, 32, 0.01, 4
STEPS = {"each": 100, "one": 400, "static": 400, "number": 400}
CHOOSING, SCORED, KEPT, SPREAD = 2, 4, 0.9, 0.25
POINT = [
    {
        "seed": 0,
        "settings": {"kind": kind, "weeks": 2},
        "constants": {"ROADS": 2, "STEPS": {kind: 4}, "TRIED": 1},
        "tolerance": 1e-3,
    }
    for kind in ("usual", "each", "static", "number")
]


class Roads(NamedTuple):
    counts: np.ndarray  # (R, L), each road in units of its mean
    oracle: np.ndarray  # (R, L, 24): medians after 1 to 24 hours, from what is known before
    features: np.ndarray  # (R, 2): share of commuters, delay


def profile(share, delay, hours):
    """What a road carries at each hour (L,)."""
    clock, weekend = hours % DAY + 0.5, hours % WEEK >= 5 * DAY

    def bump(middle, width):
        away = (clock - middle + DAY / 2) % DAY - DAY / 2
        return np.exp(-((away / width) ** 2) / 2)

    rush = 0.1 + bump(7.5 + delay, 1.3) + bump(16.5 + delay, 1.3)
    afternoon = 0.1 + bump(14, 4)
    return share * rush * np.where(weekend, 1 / 3, 1) + (1 - share) * afternoon * np.where(
        weekend, 4 / 3, 1
    )


def make_roads(rng, number, length, scaled_by):
    """Roads with `length` hours, in units of the mean of the first `scaled_by` hours."""
    features = np.column_stack([rng.uniform(0, 1, number), rng.uniform(-1.5, 1.5, number)])
    hours = np.arange(length + DAY)
    shapes = np.stack([profile(*pair, hours) for pair in features])
    z, noise = np.zeros((number, length)), rng.standard_normal((number, length))
    z[:, 0] = SPREAD * noise[:, 0]
    for t in range(1, length):
        z[:, t] = KEPT * z[:, t - 1] + SPREAD * np.sqrt(1 - KEPT**2) * noise[:, t]
    counts = shapes[:, :length] * np.exp(z)
    scale = counts[:, :scaled_by].mean(axis=1, keepdims=True)
    before = np.concatenate([np.zeros((number, 1)), z[:, :-1]], axis=1)
    k = np.arange(DAY)
    ahead = shapes[:, np.arange(length)[:, None] + k]
    oracle = ahead * np.exp(before[..., None] * KEPT ** (k + 1))
    return Roads(counts / scale, oracle / scale[..., None], features)


def told(kind, roads):
    """What a network is told at each step of each road (R, S)."""
    if kind == "static":
        return roads.features
    return np.eye(len(roads.counts)) if kind == "number" else np.zeros((len(roads.counts), 0))


def tables(kind, roads):
    """Counts (R, L), and dates with what is told (R, L, K)."""
    hours = np.arange(roads.counts.shape[1])
    dates = np.concatenate([np.eye(DAY)[hours % DAY], np.eye(7)[hours // DAY % 7]], axis=1)
    words = told(kind, roads)
    shape = (len(words), len(hours))
    dates = np.broadcast_to(dates, (*shape, dates.shape[1]))
    words = np.broadcast_to(words[:, None], (*shape, words.shape[1]))
    known = np.concatenate([dates, words], axis=2)
    return [torch.tensor(table, dtype=torch.float32) for table in (roads.counts, known)]


class Forecaster(nn.Module):
    """A GRU reads the past; a second one starts from its state and runs over the hours ahead."""

    def __init__(self, known):
        super().__init__()
        self.encoder = nn.GRU(known + 1, HIDDEN, batch_first=True)
        self.decoder = nn.GRU(known + 1, HIDDEN, batch_first=True)
        self.head = nn.Linear(HIDDEN, 1)

    def forward(self, past, ahead):
        _, state = self.encoder(past)
        last = past[:, -1:, :1].expand(-1, ahead.shape[1], -1)
        return self.head(self.decoder(torch.cat([last, ahead], dim=2), state)[0])[..., 0]


def window(series, rows, origins):
    """The past and what is known ahead, for pairs of a road and an origin."""
    counts, known = series
    rows, origins = torch.as_tensor(rows)[:, None], torch.as_tensor(origins)[:, None]
    past, ahead = origins + torch.arange(-PAST, 0), origins + torch.arange(DAY)
    return torch.cat([counts[rows, past][..., None], known[rows, past]], dim=2), known[rows, ahead]


def train(seed, series, rows, end, steps):
    """A network that has learned from some roads before hour `end`."""
    torch.manual_seed(seed)
    rng, steps = np.random.default_rng(seed), round(steps)
    model = Forecaster(series[1].shape[2])
    optimizer = torch.optim.Adam(model.parameters(), RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps)
    for _ in range(steps):
        road = rng.choice(rows, BATCH)
        origins = rng.integers(PAST, end - DAY + 1, BATCH)
        targets = series[0][road[:, None], origins[:, None] + np.arange(DAY)]
        loss = (model(*window(series, road, origins)) - targets).abs().mean()
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
    return model


@torch.no_grad()
def errors(model, series, rows, origins):
    """The mean absolute error of each road."""
    found = []
    for row in rows:
        came = series[0][row][origins[:, None] + np.arange(DAY)].numpy()
        forecast = model(*window(series, np.full(len(origins), row), origins)).numpy()
        found.append(mae(forecast, came))
    return found


def usual_errors(counts, end, origins):
    """The same for the median of each hour of the week before hour `end`."""
    places = origins[:, None] + np.arange(DAY)
    weeks = counts[:, : end // WEEK * WEEK].reshape(len(counts), -1, WEEK)
    medians = np.median(weeks, axis=1)
    return [mae(m[places % WEEK], c[places]) for m, c in zip(medians, counts, strict=True)]


def oracle_errors(roads, origins):
    places = origins[:, None] + np.arange(DAY)
    pairs = zip(roads.oracle, roads.counts, strict=True)
    return [mae(medians[origins], counts[places]) for medians, counts in pairs]


def search(first, loss):
    """The number of steps with the smallest loss, by factors of 2, and all that were tried."""
    tried, here = {}, 0
    while True:
        for place in (here, here + 1, here - 1):
            if place not in tried and len(tried) < TRIED:
                tried[place] = loss(first * 2.0**place)
        best = min(tried, key=tried.get)
        if best == here or len(tried) == TRIED:
            break
        here = best
    closed = {best - 1, best, best + 1} <= set(tried)
    return first * 2.0**best, closed, {str(first * 2.0**k): v for k, v in tried.items()}


def rounded(values):
    return [round(value, 5) for value in values]


def run(seed, kind, weeks):
    """The error of each road, and the oracle's, on roads that were learned from and on new ones."""
    torch.set_num_threads(1)
    end = weeks * WEEK
    length = end + (CHOOSING + SCORED) * WEEK
    rng = np.random.default_rng(seed)
    roads, new = make_roads(rng, ROADS, length, end), make_roads(rng, ROADS, length, 2 * WEEK)
    choosing = np.arange(end, end + CHOOSING * WEEK - DAY + 1, STRIDE)
    scored = np.arange(end + CHOOSING * WEEK, length - DAY + 1, STRIDE)
    result = {
        "oracle": rounded(oracle_errors(roads, scored)),
        "oracle_new": rounded(oracle_errors(new, scored)),
    }
    if kind == "usual":
        result["errors"] = rounded(usual_errors(roads.counts, end, scored))
        result["errors_new"] = rounded(usual_errors(new.counts, 2 * WEEK, scored))
        return result
    series, everybody = tables(kind, roads), np.arange(ROADS)
    groups = [np.array([row]) for row in everybody] if kind == "each" else [everybody]
    models = {}

    def loss(steps):
        models[steps] = [train(seed, series, rows, end, steps) for rows in groups]
        pairs = zip(models[steps], groups, strict=True)
        return float(np.mean([errors(model, series, rows, choosing) for model, rows in pairs]))

    chosen, closed, tried = search(STEPS[kind], loss)
    result |= {"chosen": chosen, "closed": closed, "tried": tried}
    pairs = zip(models[chosen], groups, strict=True)
    found = [errors(model, series, rows, scored) for model, rows in pairs]
    result["errors"] = rounded(np.concatenate(found).tolist())
    if kind in ("one", "static"):
        (model,) = models[chosen]
        result["errors_new"] = rounded(errors(model, tables(kind, new), everybody, scored))
    return result
