"""Vehicles on Interstate 94 with chances: five quantiles at twelve distances, and a week ahead.

The protocol, written before any run of this script. It was not blind: the record "traffic" had been
seen, with the test errors of point forecasts of such networks and trees, and what bands of their
past errors hold in 2018. Trials before this protocol were for time only, 40 steps of a network and
three trees, none of them scored, and the short runs of POINT.

- Data. As in "traffic": training January 2016 to June 2017; July to December 2017 to choose by;
  January to September 2018 to score on, an origin every fifth hour, so that each hour of the day
  comes as often. Forecast is the departure from the usual value, the median of an hour of the week,
  or of the hour of a free day, in the training part. Missing inputs read as zero with a flag; the
  trees get NaN. No loss at a missing target.
- Loss. The pinball loss, mean over the levels; all models minimise it and are chosen by it.
- "GRU". The network of the page with five outputs an hour, over all 24 hours. "trees": boosted
  trees, one for each of twelve distances and each level. "trees, median" and "trees, weather": the
  same at the level 0.5 alone, without and with the weather that came, which cheats.
- Search. Two knobs a model, each turned by the factor 2, from a first setting to the best neighbour
  until none is better, and at most TRIED settings; so no grid has an edge. "closed" says whether
  all neighbours of the chosen setting were tried. Networks are chosen by twelve distances with the
  seed they are used with; the trees, which cost more, at 1 and 24 hours with the levels 0.05, 0.5
  and 0.95 (or 0.5), with the seed they are used with. An origin every eleventh hour chooses.
- Mending. Forecasts at those origins of the validation part are stored too: the page moves the ends
  of the 90 % interval, for each distance, by the number that would have made it hold 90 % there
  (conformalized quantile regression), and shows both.
- A week ahead. From each midnight of 2018 with a week after it the network runs seven days, in two
  ways: "fed", its median of a day stands in for the counts of that day; "missing", those counts
  read as missing, zero with the flag. The weather ahead reads as missing in both. (A network
  trained on the page had suggested that missing is better; that is what this part is to test.) Kept
  are mean absolute errors by midnight and day. Then both from the last hour of the file: the week
  that nobody has counted.
- Scores. Quantiles are sorted, then scored on the page: pinball loss, CRPS of five quantiles, share
  inside 50 % and 90 % and width; by hour of the day, on weekends, on days of long snow.
- Judgement, to be made on the page. Single networks meet single trees, nine pairs; the mean of the
  quantiles of three is named as such. Differences are paired by origin, averaged by day, and their
  95 % intervals come from blocks of seven days. A lead is claimed if the interval does not hold
  zero and all nine pairs agree. Coverage is called wrong if its interval does not hold the nominal
  share. Rivals without learning are bands of past errors of the last 56 days.

CPU, from trials: a network 15 s in 400 steps, a tree for one distance and one level 2 s with 150
iterations. With searches about 3 minutes a network, 5 minutes a set of trees, half a minute a set
of medians: 27 minutes in all on one core.
"""

from functools import cache
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from sklearn.ensemble import HistGradientBoostingRegressor
from torch import nn

from rnnbook import data
from rnnbook.forecasting import Direct, Standardizer, mend_crossing, pinball, regular_grid

SEEDS = range(3)
MODELS = ("GRU", "trees", "trees, median", "trees, weather")
SETTINGS = [{"model": model} for model in MODELS]
DAY, WEEK, HORIZON, PAST = 24, 168, 24, 48
VALIDATION, TEST = "2017-07-01", "2018-01-01"
STRIDE, CHOOSING_STRIDE = 5, 11
LEVELS = np.array([0.05, 0.25, 0.5, 0.75, 0.95])
TUNED_LEVELS = (0.05, 0.5, 0.95)
AHEAD = np.array([1, 2, 3, 4, 6, 8, 10, 12, 15, 18, 21, 24])
TUNED_AHEAD = np.array([1, 24])
HIDDEN, BATCH, TRIED = 48, 64, 8
KNOBS = {  # name: (first value, factor)
    "GRU": {"rate": (0.01, 2.0), "steps": (400, 2.0)},
    "trees": {"leaves": (31, 2.0), "iterations": (150, 2.0)},
}
POINT = [
    {
        "seed": 0,
        "settings": {"model": model},
        "constants": {
            "KNOBS": {kind: knobs},
            "TRIED": 1,
            "TEST": "2018-09-01",
            "CHOOSING_STRIDE": 501,
            **less,
        },
        "tolerance": {"": 1e-3, "next_week_fed": 1, "next_week_missing": 1},
    }
    for model, kind, knobs, less in (
        ("GRU", "GRU", {"rate": (0.01, 2.0), "steps": (4, 2.0)}, {}),
        (
            "trees",
            "trees",
            {"leaves": (4, 2.0), "iterations": (3, 2.0)},
            {"AHEAD": (1, 24), "VALIDATION": "2016-08-01"},
        ),
        (
            "trees, weather",
            "trees",
            {"leaves": (4, 2.0), "iterations": (3, 2.0)},
            {"AHEAD": (24,), "VALIDATION": "2016-08-01"},
        ),
    )
]
FREE = (  # the days on which few people drive to work
    "New Years Day",
    "Memorial Day",
    "Independence Day",
    "Labor Day",
    "Thanksgiving Day",
    "Christmas Day",
)
SKIES = (
    ("Rain", "Drizzle", "Thunderstorm"),
    ("Snow",),
    ("Mist", "Fog", "Haze", "Smoke"),
)


class Road(NamedTuple):
    """The series on its regular grid of L hours, and a week more, with nothing but its dates."""

    vehicles: np.ndarray  # (L + 168,), NaN where missing
    weather: np.ndarray  # (L + 168, 6): temperature, log rain, clouds, rain, snow, fog
    hour: np.ndarray
    weekday: np.ndarray
    free: np.ndarray  # Boolean
    other: np.ndarray  # Boolean: holidays on which most people work
    validation: int
    test: int
    end: int  # L


@cache
def load_road():
    table = data.load_traffic()
    rain = table.rain_1h.where(table.rain_1h < 1000)  # one entry is 9,831 mm in an hour
    skies = [table.weather_main.isin(names) for names in SKIES]
    columns = [table.traffic_volume, table.temp, np.log1p(rain), table.clouds_all, *skies]
    values = np.column_stack(columns).astype(float)
    grid, values, _ = regular_grid(table.index.to_numpy(), values, np.timedelta64(1, "h"))
    end = len(grid)
    times = pd.date_range(grid[0], periods=end + WEEK, freq="h")
    values = np.concatenate([values, np.full((WEEK, values.shape[1]), np.nan)])
    names = {day.normalize(): name for day, name in table.holiday.dropna().items()}
    names[pd.Timestamp("2016-01-18")] = "Martin Luther King Jr Day"  # its midnight is missing
    name = np.array([names.get(day, "") for day in times.normalize()])
    return Road(
        values[:, 0],
        values[:, 1:],
        times.hour.to_numpy(),
        times.day_of_week.to_numpy(),
        np.isin(name, FREE),
        (name != "") & ~np.isin(name, FREE),
        int(times.get_loc(pd.Timestamp(VALIDATION))),
        int(times.get_loc(pd.Timestamp(TEST))),
        end,
    )


@cache
def usual():
    """The median of each hour of the week, and of each hour of a free day, in training."""
    road = load_road()
    known = pd.Series(road.vehicles[: road.validation])
    key = np.where(road.free, -1, road.weekday) * DAY + road.hour
    medians = known.groupby(key[: road.validation]).median()
    sunday = medians.reindex(6 * DAY + road.hour).to_numpy()
    value = medians.reindex(key).to_numpy()
    return np.where(np.isfinite(value), value, sunday)


class Inputs(NamedTuple):
    past: torch.Tensor  # (L, D): what the encoder reads at each hour
    ahead: torch.Tensor  # (L, K): what the decoder reads, known 24 hours ahead
    target: torch.Tensor  # (L,): departure from the usual value, in standard deviations
    counts: torch.Tensor  # (L,) Boolean: where there is a loss
    scale: float


def back(values, hours):
    """values[t - hours], zero before the first."""
    return np.concatenate([np.zeros_like(values[:hours]), values[:-hours]])


@cache
def inputs():
    """Tables for the GRU; every scale comes from the training part."""
    road, base, past = load_road(), usual(), slice(0, load_road().validation)
    seen, numbers = np.isfinite(road.vehicles), road.weather[:, :3]
    scale = Standardizer.fit(road.vehicles[past], seen[past]).std
    d = np.nan_to_num((road.vehicles - base) / scale)
    scaler = Standardizer.fit(numbers[past], np.isfinite(numbers[past]))
    sky = np.concatenate([scaler.transform(numbers), road.weather[:, 3:]], axis=1)
    days = np.column_stack([road.free, road.other])
    level = ((base - base[past].mean()) / scale)[:, None]
    dates = [level, np.eye(DAY)[road.hour], np.eye(7)[road.weekday], days]
    now = np.column_stack([d, seen, days])
    tables = (
        np.concatenate([now[:, :2], np.nan_to_num(sky), *dates], axis=1),
        np.concatenate([*dates, back(now, DAY), back(now, WEEK)], axis=1),
        d,
    )
    tensors = (torch.tensor(table, dtype=torch.float32) for table in tables)
    return Inputs(*tensors, torch.tensor(seen), scale)


class Chances(nn.Module):
    """A GRU reads the past; a second one runs over the hours ahead, with quantiles at each."""

    def __init__(self, past, ahead, hidden, levels):
        super().__init__()
        self.encoder = nn.GRU(past, hidden, batch_first=True)
        self.decoder = nn.GRU(ahead + 2, hidden, batch_first=True)
        self.head = nn.Linear(hidden, levels)

    def forward(self, past, ahead):
        _, state = self.encoder(past)
        last = past[:, -1:, :2].expand(-1, ahead.shape[1], -1)  # the last departure and its flag
        return self.head(self.decoder(torch.cat([ahead, last], dim=2), state)[0])


def window(tables, origins):
    origins = torch.as_tensor(origins)[:, None]
    return (
        tables.past[origins + torch.arange(-PAST, 0)],
        tables.ahead[origins + torch.arange(HORIZON)],
    )


def train(seed, rate, steps):
    """A network that has learned from windows in the training part."""
    tables, end, steps = inputs(), load_road().validation, round(steps)
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    model = Chances(tables.past.shape[1], tables.ahead.shape[1], HIDDEN, len(LEVELS))
    optimizer = torch.optim.Adam(model.parameters(), rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps)
    levels = torch.tensor(LEVELS, dtype=torch.float32)
    for _ in range(steps):
        origins = rng.integers(WEEK, end - HORIZON + 1, BATCH)
        hours = origins[:, None] + np.arange(HORIZON)
        error = tables.target[hours][..., None] - model(*window(tables, origins))
        loss = torch.maximum(levels * error, (levels - 1) * error)[tables.counts[hours]].mean()
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
    return model


@torch.no_grad()
def network_quantiles(model, origins):
    """Departures in vehicles (N, 24, Q), sorted."""
    parts = np.array_split(origins, 1 + len(origins) // 500)
    found = np.concatenate([model(*window(inputs(), part)).numpy() for part in parts])
    return mend_crossing(inputs().scale * found.astype(float))


@torch.no_grad()
def a_week(model, origins, fed):
    """Medians of departures (N, 168) from midnights on, day by day; fed is 1 or 0."""
    tables, days = inputs(), []
    yesterday = tables.ahead.shape[1] - 8  # the columns of a day ago, then those of a week ago
    middle = int(np.argmin(np.abs(LEVELS - 0.5)))
    for day in range(7):
        past, ahead = (part.clone() for part in window(tables, origins + day * DAY))
        for back_by, found in enumerate(days[::-1][:2]):
            hours = slice(PAST - DAY * (back_by + 1), PAST - DAY * back_by)
            past[:, hours, 0], past[:, hours, 1] = fed * found, fed
            past[:, hours, 2:8] = 0  # no weather of hours that have not come
        if days:
            ahead[:, :, yesterday] = fed * days[-1]
            ahead[:, :, yesterday + 1] = fed
        days.append(model(past, ahead)[..., middle])
    return tables.scale * torch.cat(days, dim=1).numpy().astype(float)


def after(values, origins, hours):
    """values[o + h] for every origin o and each of the hours h: (N, A)."""
    return values[origins[:, None] + np.asarray(hours)]


def mean_of_last(values, origins, hours):
    """Mean of what was measured in the last hours; NaN where nothing was."""
    past = values[origins[:, None] - np.arange(1, hours + 1)]
    count = np.isfinite(past).sum(axis=1)
    total = np.nan_to_num(past).sum(axis=1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def tree_rows(origins, hours_ahead, weather):
    """Columns known at the origin (N, D) and for hours ahead (N, A, K); targets (N, A)."""
    road, hours = load_road(), np.asarray(hours_ahead) - 1
    departure = road.vehicles - usual()
    last = [departure[origins - k] for k in range(1, DAY + 1)]
    means = [mean_of_last(departure, origins, n) for n in (3, DAY, PAST)]
    means.append(mean_of_last(np.abs(departure), origins, DAY))
    X = np.column_stack([*last, *means, road.weather[origins - 1]])
    places = origins[:, None] + hours
    ahead = [v[places] for v in (usual(), road.hour, road.weekday, road.free, road.other)]
    ahead += [v[places - lag] for v in (departure, road.free, road.other) for lag in (DAY, WEEK)]
    if weather:
        ahead += [column[places] for column in road.weather.T]
    return X, np.stack(ahead, axis=-1).astype(float), departure[places]


def fit_trees(seed, weather, levels, hours_ahead, leaves, iterations):
    """A set of trees for each level."""

    def make(level):
        return HistGradientBoostingRegressor(
            loss="quantile",
            quantile=level,
            learning_rate=0.08,
            max_iter=round(iterations),
            max_leaf_nodes=round(leaves),
            max_features=0.5,
            early_stopping=False,
            random_state=seed,
        )

    origins = np.arange(WEEK, load_road().validation - HORIZON + 1)
    X, ahead, Y = tree_rows(origins, hours_ahead, weather)
    return [Direct(lambda level=level: make(level)).fit(X, Y, ahead) for level in levels]


def tree_quantiles(models, weather, hours_ahead, origins):
    """Departures in vehicles (N, A, Q), sorted."""
    X, ahead, _ = tree_rows(origins, hours_ahead, weather)
    return mend_crossing(np.stack([model.predict(X, ahead) for model in models], axis=-1))


def loss_of(quantiles, origins, hours_ahead, levels):
    """The mean pinball loss over levels and what was measured."""
    came = after(load_road().vehicles - usual(), origins, np.asarray(hours_ahead) - 1)
    return float(pinball(quantiles, came, levels, np.isfinite(came)).mean())


def choosing():
    road = load_road()
    return np.arange(road.validation, road.test - HORIZON + 1, CHOOSING_STRIDE)


def neighbours(place):
    """A place on the lattice and those one step of one knob away."""
    steps = np.eye(len(place), dtype=int)
    return [place, *(tuple(np.add(place, s * sign)) for s in steps for sign in (1, -1))]


def search(knobs, loss):
    """The setting with the smallest loss, all tried, and whether all its neighbours were."""
    tried, here = {}, (0,) * len(knobs)

    def named(place):
        pairs = zip(knobs.items(), place, strict=True)
        return {name: value * factor**k for (name, (value, factor)), k in pairs}

    while True:
        for place in neighbours(here):
            if place not in tried and len(tried) < TRIED:
                tried[place] = loss(**named(place))
        best = min(tried, key=tried.get)
        if best == here or len(tried) == TRIED:
            break
        here = best
    return {
        "chosen": named(best),
        "closed": all(place in tried for place in neighbours(best)),
        "tried": [{**named(place), "loss": value} for place, value in tried.items()],
    }


def stored(quantiles, origins, hours_ahead):
    """Quantiles of counts (N, A, Q) as whole numbers."""
    base = after(usual(), origins, np.asarray(hours_ahead) - 1)
    return np.maximum(quantiles + base[..., None], 0).round().astype(np.uint16)


def run_network(seed, test):
    """Search, quantiles on both parts, and a week ahead."""
    ahead, road = np.asarray(AHEAD), load_road()
    trained = {}

    def loss(rate, steps):
        trained[rate, steps] = train(seed, rate, steps)
        found = network_quantiles(trained[rate, steps], choosing())[:, ahead - 1]
        return loss_of(found, choosing(), ahead, LEVELS)

    found = search(KNOBS["GRU"], loss)
    model = trained[tuple(found["chosen"].values())]
    both = [network_quantiles(model, part)[:, ahead - 1] for part in (choosing(), test)]
    midnights = np.arange(road.test, road.end - WEEK + 1, DAY)
    came, weeks = road.vehicles - usual(), {}
    for name, fed in (("fed", 1), ("missing", 0)):
        error = np.abs(a_week(model, midnights, fed) - after(came, midnights, range(WEEK)))
        weeks[name] = np.nanmean(error.reshape(len(error), 7, DAY), axis=2).astype(np.float32)
        found[f"week_{name}"] = weeks[name].mean(axis=0).astype(float).round(2).tolist()
        next_week = a_week(model, np.array([road.end]), fed)[0] + usual()[road.end :]
        found[f"next_week_{name}"] = np.maximum(next_week, 0).round().astype(int).tolist()
    return found, both, weeks


def run_trees(seed, model, test):
    weather = model == "trees, weather"
    levels, tuned = (LEVELS, TUNED_LEVELS) if model == "trees" else (LEVELS[2:3],) * 2

    def loss(**knobs):
        models = fit_trees(seed, weather, tuned, TUNED_AHEAD, **knobs)
        found = tree_quantiles(models, weather, TUNED_AHEAD, choosing())
        return loss_of(found, choosing(), TUNED_AHEAD, tuned)

    found = search(KNOBS["trees"], loss)
    models = fit_trees(seed, weather, levels, AHEAD, **found["chosen"])
    parts = choosing(), test
    return found, [tree_quantiles(models, weather, AHEAD, part) for part in parts], {}


def run(seed, model):
    """What was tried and chosen, the losses, and the quantiles on validation and test."""
    torch.set_num_threads(1)
    road = load_road()
    test = np.arange(road.test, road.end - HORIZON + 1, STRIDE)
    network = model == "GRU"
    found, both, more = run_network(seed, test) if network else run_trees(seed, model, test)
    levels = LEVELS if model in ("GRU", "trees") else LEVELS[2:3]
    parts = {"validation": choosing(), "test": test}
    for (name, origins), quantiles in zip(parts.items(), both, strict=True):
        if not np.isfinite(quantiles).all():
            raise ValueError(f"{model} leaves out a forecast of the {name} part")
        found[f"pinball_{name}"] = loss_of(quantiles, origins, AHEAD, levels)
        more[name] = stored(quantiles, origins, AHEAD)
    name = f"traffic_chances_{model.lower().replace(', ', '_')}_{seed}"
    return {**found, "weights": {name: more}}
