"""Tomorrow's electricity at every midnight of 2013 and 2014: ridge, trees, a perceptron, a GRU.

The protocol, written before any run of this script. It was not blind: all three years had been
seen, and an earlier comparison on 2014 was known.

- Data. The clock changes are mended: the hour that March leaves out is the mean of its neighbours,
  the hour that October counts twice is halved. Nothing else is.
- Spans. Four half-years, one after the other. For each, settings are chosen on the 91 days before
  it, by models fitted on what lies before those; then the chosen model is fitted anew on everything
  before the half-year, and forecasts 24 hours at each of its midnights.
- Score. The squared error, which every model also minimises.
- Inputs. The load of the ten days before; for the hours ahead what a calendar says: hour, day of
  the week, season, and whether the day, the day before and the day after are public holidays.
- Search. Each model has one or two knobs, each turned by a fixed factor. From a first setting it
  goes to the best neighbour until none is better, and tries twelve settings at most. So no grid has
  an edge. Networks are chosen with the seed they are used with.
- Fitting. The ridge regressions learn from midnights, one for each hour ahead; the others from a
  start every third hour. They give the change from the same hour yesterday.
- Comparison. Single networks with single models; the mean of the networks is named as such.
  Differences are paired by day, their intervals come from blocks of seven days.
- Judgement, fixed when ridge, trees and perceptron had run, and before the GRU had. A GRU has five
  rivals: yesterday, last week and the other three models. A difference from one of them counts if
  its interval of 99 % does not hold zero, and if each single network agrees.
"""

from functools import cache

import holidays
import numpy as np
import torch
from sklearn.ensemble import HistGradientBoostingRegressor
from torch import nn

from rnnbook import data
from rnnbook.forecasting import LinearAutoregression

SEEDS = range(3)
SETTINGS = [{"model": name} for name in ("ridge", "trees", "perceptron", "GRU")]
KNOBS = {  # name: (first value, factor)
    "ridge": {"penalty": (0.01, 3.0)},
    "trees": {"leaves": (31, 2.0), "iterations": (200, 2.0)},
    "perceptron": {"rate": (0.004, 2.0), "steps": (600, 2.0)},
    "GRU": {"rate": (0.004, 2.0), "steps": (600, 2.0)},
}
HALVES = ("2013-01-01", "2013-07-01", "2014-01-01", "2014-07-01")
DAY, WEEK, PAST, READ, STRIDE = 24, 168, 240, 72, 3
CHOOSING = 91 * DAY
TRIED, WIDTH, HIDDEN, BATCH = 12, 128, 64, 64
POINT = [
    {
        "seed": 0,
        "settings": {"model": model},
        "constants": {"HALVES": ("2013-01-01",), "TRIED": 1, "KNOBS": {model: knobs}},
        "tolerance": {"": 1e-3, "forecasts": 1},
    }
    for model, knobs in (
        ("ridge", {"penalty": (0.01, 3.0)}),
        ("trees", {"leaves": (8, 2.0), "iterations": (3, 2.0)}),
        ("perceptron", {"rate": (0.004, 2.0), "steps": (10, 2.0)}),
        ("GRU", {"rate": (0.004, 2.0), "steps": (5, 2.0)}),
    )
]


@cache
def load():
    """The load (L,) without the two faults of the clock, and its hours."""
    series = data.load_electricity()
    values, times = series.to_numpy().copy(), series.index
    left_out = np.flatnonzero(values < 100)
    values[left_out] = (values[left_out - 1] + values[left_out + 1]) / 2
    sundays = (times.month == 10) & (times.day_of_week == 6) & (times.day > 24) & (times.hour == 1)
    values[sundays] /= 2
    return values, times


def first_hour(date):
    return int(np.searchsorted(load()[1], np.datetime64(date)))


@cache
def calendar():
    """(L, 14): the hour and the season as points on circles, weekday, three kinds of holiday."""
    times = load()[1]
    hour = 2 * np.pi * times.hour.to_numpy() / DAY
    season = 2 * np.pi * times.day_of_year.to_numpy() / 365.25
    circles = [np.sin(hour), np.cos(hour), np.sin(season), np.cos(season)]
    weekdays = [times.day_of_week == day for day in range(7)]
    free = holidays.country_holidays("PT", years=range(2011, 2016))
    dates = times.normalize()
    near = [
        np.array([date in free for date in (dates + np.timedelta64(days, "D")).date])
        for days in (0, -1, 1)
    ]
    return np.stack([*circles, *weekdays, *near], axis=-1).astype(float)


def ahead(values, origins):
    """values[o], ..., values[o + 23] for every origin: (N, 24, ...)."""
    return values[origins[:, None] + np.arange(DAY)]


def past(values, origins, steps):
    """The steps before every origin: (N, steps, ...)."""
    return values[origins[:, None] + np.arange(-steps, 0)]


def difference(z, hours):
    """What each value has more than the one so many hours before."""
    return np.concatenate([np.zeros(hours), z[hours:] - z[:-hours]])


class Ridge:
    """A regression for each hour of tomorrow, on ten days and on what is said of the day."""

    def __init__(self, z, seed, penalty):
        self.z, self.model = z, LinearAutoregression(penalty)

    def inputs(self, origins):
        return np.concatenate([past(self.z, origins, PAST), calendar()[origins, 2:]], axis=1)

    def fit(self, origins):
        origins = origins[origins % DAY == 0]
        self.model.fit(self.inputs(origins), ahead(self.z, origins))
        return self

    def predict(self, origins):
        return self.model.predict(self.inputs(origins))


class Trees:
    """Boosted trees with a row for each origin and each hour ahead."""

    def __init__(self, z, seed, leaves, iterations):
        self.z, self.change = z, difference(z, DAY)
        self.model = HistGradientBoostingRegressor(
            max_iter=round(iterations),
            learning_rate=0.05,
            max_leaf_nodes=round(leaves),
            random_state=0,
            early_stopping=False,
        )

    def rows(self, origins):
        """How far ahead, the calendar, the hour on earlier days, the last hours' changes."""
        hours = origins[:, None] + np.arange(DAY)
        earlier = [self.z[hours - lag] for lag in (24, 25, 26, 48, 72, 168, 192)]
        last = [self.change[origins - k] for k in (1, 2, 3, 6, 12)]
        last += [self.z[origins - 1], self.z[origins - 2]]
        last += [past(self.change, origins, days * DAY).mean(axis=1) for days in (1, 7)]
        last = [np.repeat(value[:, None], DAY, axis=1) for value in last]
        columns = np.stack([0 * hours + np.arange(DAY), *earlier, *last], axis=-1)
        return np.concatenate([columns, ahead(calendar(), origins)], axis=-1).reshape(
            len(origins) * DAY, -1
        )

    def fit(self, origins):
        self.model.fit(self.rows(origins), ahead(self.change, origins).ravel())
        return self

    def predict(self, origins):
        changes = self.model.predict(self.rows(origins)).reshape(-1, DAY)
        return ahead(self.z, origins - DAY) + changes


class Network:
    """What the two networks share: they give the change from yesterday, in its own units."""

    def __init__(self, z, seed, rate, steps):
        torch.set_num_threads(1)
        torch.manual_seed(seed)
        self.rng = np.random.default_rng(seed)
        self.z, self.rate, self.steps = z, rate, round(steps)

    def fit(self, origins):
        change = difference(self.z, DAY)
        self.scale = change[: origins[-1]].std()
        self.tables = self.inputs_of_hours(change / self.scale)
        targets = torch.tensor(ahead(change / self.scale, origins), dtype=torch.float32)
        self.net = self.build()
        optimizer = torch.optim.Adam(self.net.parameters(), lr=self.rate)
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, self.rate, total_steps=self.steps, cycle_momentum=False
        )
        for _ in range(self.steps):
            rows = self.rng.choice(len(origins), BATCH, replace=False)
            loss = ((self.net(self.inputs(origins[rows])) - targets[rows]) ** 2).mean()
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
            optimizer.step()
            schedule.step()
        return self

    @torch.no_grad()
    def predict(self, origins):
        changes = self.net(self.inputs(origins)).double().numpy()
        return ahead(self.z, origins - DAY) + changes * self.scale


class Perceptron(Network):
    """One hidden layer on the ten days and the calendar of the first and the last hour ahead."""

    def build(self):
        inputs = PAST + 2 * calendar().shape[1]
        return nn.Sequential(nn.Linear(inputs, WIDTH), nn.ReLU(), nn.Linear(WIDTH, DAY))

    def inputs_of_hours(self, change):
        return self.z, calendar()

    def inputs(self, origins):
        z, days = self.tables
        both = [past(z, origins, PAST), days[origins], days[origins + DAY - 1]]
        return torch.tensor(np.concatenate(both, axis=1), dtype=torch.float32)


class Reader(nn.Module):
    """A GRU that reads through midnight, and gives a number at each hour after it."""

    def __init__(self, inputs):
        super().__init__()
        self.rnn = nn.GRU(inputs, HIDDEN, batch_first=True)
        self.head = nn.Linear(HIDDEN, 1)

    def forward(self, x):
        hs, _ = self.rnn(x)
        return self.head(hs[:, -DAY:])[..., 0]


class Gru(Network):
    """Reads three days of hours, of which each brings yesterday's and last week's, and a day."""

    def build(self):
        return Reader(self.tables[0].shape[1])

    def inputs_of_hours(self, change):
        """Inputs of every hour, as a past hour and as a future one."""
        zeros, weekly = np.zeros_like(self.z), difference(self.z, WEEK) / self.scale
        yesterday = np.concatenate([zeros[:DAY], self.z[:-DAY]])
        measured = np.stack([self.z, change, weekly, zeros], axis=-1)
        known = np.stack([yesterday, zeros, weekly - change, zeros + 1], axis=-1)
        return [np.concatenate([part, calendar()], axis=1) for part in (measured, known)]

    def inputs(self, origins):
        measured, known = self.tables
        both = [past(measured, origins, READ), ahead(known, origins)]
        return torch.tensor(np.concatenate(both, axis=1), dtype=torch.float32)


MODELS = {"ridge": Ridge, "trees": Trees, "perceptron": Perceptron, "GRU": Gru}


def fitted(model, seed, end, knobs):
    """A model that knows what lies before hour `end`, and nothing after it."""
    values, _ = load()
    z = (values - values[:end].mean()) / values[:end].std()
    origins = np.arange(2 * WEEK, end - DAY + 1, STRIDE)
    return MODELS[model](z, seed, **knobs).fit(origins)


def forecasts(model, seed, end, until, knobs):
    """Forecasts in kW (days, 24) at every midnight from `end` on and before `until`."""
    known = load()[0][:end]
    found = fitted(model, seed, end, knobs).predict(np.arange(end, until, DAY))
    return found * known.std() + known.mean()


def neighbours(place):
    """A place on the lattice and those one step of one knob away."""
    steps = np.eye(len(place), dtype=int)
    return [place, *(tuple(np.add(place, s * sign)) for s in steps for sign in (1, -1))]


def search(model, seed, half):
    """The setting with the smallest squared error on the days before a half-year, and all tried."""
    values, tried, here = load()[0], {}, (0,) * len(KNOBS[model])
    first, targets = half - CHOOSING, ahead(values, np.arange(half - CHOOSING, half, DAY))

    def knobs(place):
        named = zip(KNOBS[model].items(), place, strict=True)
        return {name: value * factor**k for (name, (value, factor)), k in named}

    while True:
        for place in neighbours(here):
            if place not in tried and len(tried) < TRIED:
                found = forecasts(model, seed, first, half, knobs(place))
                tried[place] = float(((found - targets) ** 2).mean())
        best = min(tried, key=tried.get)
        if best == here or len(tried) == TRIED:
            return knobs(best), [{**knobs(place), "mse": mse} for place, mse in tried.items()]
        here = best


@cache
def without_chance(model):
    return half_years(model, 0)


def half_years(model, seed):
    """For each half-year what was tried and chosen; the forecasts in tenths of a kilowatt."""
    values, times = load()
    starts = [first_hour(date) for date in HALVES]
    ends = [*starts[1:], len(values)] if len(starts) > 1 else [starts[0] + 14 * DAY]
    choices, found = [], []
    for half, until in zip(starts, ends, strict=True):
        knobs, tried = search(model, seed, half)
        choices.append({"half": str(times[half].date()), "chosen": knobs, "tried": tried})
        found.append(forecasts(model, seed, half, until, knobs))
    return choices, np.concatenate(found)


def run(seed, model):
    """What was chosen for each half-year, the mean squared error in each, and the forecasts."""
    alone = model in ("ridge", "trees")
    choices, found = without_chance(model) if alone else half_years(model, seed)
    start = first_hour(HALVES[0])
    origins = np.arange(start, start + len(found) * DAY, DAY)
    errors = ((found - ahead(load()[0], origins)) ** 2).mean(axis=1)
    name = f"load_forecast_{model.lower()}" + ("" if alone else f"_{seed}")
    return {
        "choices": choices,
        "mse": float(errors.mean()),
        "weights": {name: {"tenths_of_kw": np.round(10 * found).astype(np.uint16)}},
    }
