"""Vehicles on Interstate 94, 1 to 24 hours ahead: GRUs and boosted trees, with hours missing.

Every model forecasts by how much an hour departs from its usual value, the median of its hour of
the week in the training part (of its hour on a holiday, where it is one). Training: January 2016
to June 2017; validation, which chooses the learning rate and the size of the trees: July to
December 2017; test: January to September 2018, a forecast at every hour.

`kind` of a GRU says what it does with a missing hour.
  mask        input 0 and a flag that says so; no loss at a missing target
  usual       input 0, the usual value, and no flag; no loss at a missing target
  carried     input: the last count, no flag; no loss at a missing target
  invented    as carried, and missing targets are interpolated and learned from
  no holidays as mask, but neither the inputs nor the usual values know what a holiday is
`gaps`: "real" as measured; "scattered" hides four of ten measured hours, one by one; "outages"
hides as many in stretches of 12 hours. Hidden hours still count as targets of the test. The trees
get a missing hour as NaN; "trees, weather" also know the weather that came, which cheats. The rate
of a GRU and the number of leaves of "trees" are chosen on the real gaps; with hours hidden, or the
weather known, they are 0.01 and 31.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from sklearn.ensemble import HistGradientBoostingRegressor
from torch import nn

from rnnbook import data
from rnnbook.forecasting import Direct, Standardizer, regular_grid

SEEDS = range(3)
TREES = ("trees", "trees, weather")
REAL = ("mask", "carried", "invented", "no holidays", *TREES)
HARDER = ("mask", "usual", "carried", "invented", "trees")
SETTINGS = [
    *({"kind": kind, "gaps": "real"} for kind in REAL),
    *({"kind": kind, "gaps": gaps} for gaps in ("scattered", "outages") for kind in HARDER),
]
POINT = [
    {
        "seed": 0,
        "settings": {"kind": kind, "gaps": gaps},
        "constants": {"HORIZON": horizon, "STEPS": 4, "RATES": (0.01,)},
        "tolerance": 1e-3,
    }
    for kind, gaps, horizon in (
        ("mask", "real", 24),
        ("invented", "outages", 24),
        ("trees", "scattered", 1),
    )
]
DAY, WEEK, HORIZON, PAST = 24, 168, 24, 48
VALIDATION, TEST = "2017-07-01", "2018-01-01"
HIDDEN, STEPS, BATCH, RATES = 48, 400, 64, (0.01, 0.02)
LEAVES, TUNED_ON = (15, 31, 63), [0, 11, 23]
SHARE, OUTAGE = 0.4, 12
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
    """The series on its regular grid of L hours; nothing is filled in."""

    vehicles: np.ndarray  # (L,), NaN where missing
    weather: np.ndarray  # (L, 6): temperature, log rain, clouds, rain, snow, fog
    hour: np.ndarray
    weekday: np.ndarray
    free: np.ndarray  # Boolean
    other: np.ndarray  # Boolean: holidays on which most people work
    validation: int
    test: int


def load_road():
    table = data.load_traffic()
    rain = table.rain_1h.where(table.rain_1h < 1000)  # one entry is 9,831 mm in an hour
    skies = [table.weather_main.isin(names) for names in SKIES]
    columns = [table.traffic_volume, table.temp, np.log1p(rain), table.clouds_all, *skies]
    values = np.column_stack(columns).astype(float)
    grid, values, _ = regular_grid(table.index.to_numpy(), values, np.timedelta64(1, "h"))
    times = pd.DatetimeIndex(grid)
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
    )


def without_holidays(road):
    nothing = np.zeros(len(road.hour), bool)
    return road._replace(free=nothing, other=nothing)


def hide(road, gaps, rng):
    """The road with further hours missing, weather and all."""
    hidden = np.zeros(len(road.hour), bool)
    if gaps == "scattered":
        hidden = rng.random(len(hidden)) < SHARE
    while gaps == "outages" and hidden.mean() < SHARE:
        start = rng.integers(0, len(hidden) - OUTAGE)
        hidden[start : start + OUTAGE] = True
    return road._replace(
        vehicles=np.where(hidden, np.nan, road.vehicles),
        weather=np.where(hidden[:, None], np.nan, road.weather),
    )


def usual(road):
    """The median of each hour of the week, and of each hour of a free day, in training.

    An hour of a free day that was never measured gets that of Sundays.
    """
    known = pd.Series(road.vehicles[: road.validation])
    key = np.where(road.free, -1, road.weekday) * DAY + road.hour
    medians = known.groupby(key[: road.validation]).median()
    sunday = medians.reindex(6 * DAY + road.hour).to_numpy()
    value = medians.reindex(key).to_numpy()
    return np.where(np.isfinite(value), value, sunday)


def forward_filled(values):
    """The last known value of each column; zero before the first."""
    return pd.DataFrame(values).ffill().fillna(0).to_numpy()


class Inputs(NamedTuple):
    past: torch.Tensor  # (L, D): what the encoder reads, hour by hour
    ahead: torch.Tensor  # (L, K): what the decoder reads, known 24 hours ahead
    target: torch.Tensor  # (L,): departure from the usual value, in standard deviations
    counts: torch.Tensor  # (L,) Boolean: where there is a loss
    scale: float


def back(values, hours):
    """values[t - hours], zero before the first."""
    return np.concatenate([np.zeros_like(values[:hours]), values[:-hours]])


def inputs(road, kind):
    """Tables for the GRU; every scale comes from the training part."""
    base, seen, train = usual(road), np.isfinite(road.vehicles), slice(0, road.validation)
    scale = Standardizer.fit(road.vehicles[train], seen[train]).std
    departure = (road.vehicles - base) / scale
    numbers = road.weather[:, :3]
    scaler = Standardizer.fit(numbers[train], np.isfinite(numbers[train]))
    weather = np.concatenate([scaler.transform(numbers), road.weather[:, 3:]], axis=1)
    x, flag, target, counts = np.nan_to_num(departure), seen * 1.0, departure, seen
    if kind == "usual":
        flag = np.ones(len(x))
    if kind in ("carried", "invented"):
        x = (forward_filled(road.vehicles)[:, 0] - base) / scale
        flag, weather = np.ones(len(x)), forward_filled(weather)
    if kind == "invented":
        hours = np.arange(road.validation)
        known = hours[seen[train]]
        target = departure.copy()
        filled = np.interp(hours, known, road.vehicles[known])
        target[train] = (filled - base[train]) / scale
        counts = np.isfinite(target)
    holiday = np.column_stack([road.free, road.other])
    level = ((base - base[train].mean()) / scale)[:, None]
    days = np.eye(7)[road.weekday]
    calendar = np.concatenate([level, np.eye(DAY)[road.hour], days, holiday], axis=1)
    now = np.column_stack([x, flag, holiday])
    past = np.concatenate([x[:, None], flag[:, None], np.nan_to_num(weather), calendar], axis=1)
    ahead = np.concatenate([calendar, back(now, DAY), back(now, WEEK)], axis=1)
    as_tensor = (torch.tensor(a, dtype=torch.float32) for a in (past, ahead, np.nan_to_num(target)))
    return Inputs(*as_tensor, torch.tensor(counts), scale)


class Forecaster(nn.Module):
    """A GRU reads the past; a second one starts from its state and runs over the hours ahead."""

    def __init__(self, past, ahead, hidden):
        super().__init__()
        self.encoder = nn.GRU(past, hidden, batch_first=True)
        self.decoder = nn.GRU(ahead + 2, hidden, batch_first=True)
        self.head = nn.Linear(hidden, 1)

    def forward(self, past, ahead):
        _, state = self.encoder(past)
        last = past[:, -1:, :2].expand(-1, ahead.shape[1], -1)  # the last departure and its flag
        return self.head(self.decoder(torch.cat([ahead, last], dim=2), state)[0])[..., 0]


def window(tables, origins):
    origins = torch.as_tensor(origins)[:, None]
    return (
        tables.past[origins + torch.arange(-PAST, 0)],
        tables.ahead[origins + torch.arange(HORIZON)],
    )


def train(seed, tables, rate, end):
    """A network that has learned from windows that end before `end`."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    model = Forecaster(tables.past.shape[1], tables.ahead.shape[1], HIDDEN)
    optimizer = torch.optim.Adam(model.parameters(), rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=STEPS)
    for _ in range(STEPS):
        origins = rng.integers(WEEK, end - HORIZON + 1, BATCH)
        hours = origins[:, None] + np.arange(HORIZON)
        error = (model(*window(tables, origins)) - tables.target[hours]).abs()
        loss = error[tables.counts[hours]].mean()
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
    return model


@torch.no_grad()
def departures(model, tables, origins):
    """Forecasts (N, 24), departures from the usual value in vehicles."""
    parts = np.array_split(origins, 1 + len(origins) // 500)
    return tables.scale * np.concatenate([model(*window(tables, p)).numpy() for p in parts])


def after(values, origins):
    return values[origins[:, None] + np.arange(HORIZON)]


def mean_of_last(values, origins, hours):
    """Mean of what was measured in the last hours; NaN where nothing was."""
    past = values[origins[:, None] - np.arange(1, hours + 1)]
    seen = np.isfinite(past)
    total, count = np.where(seen, past, 0).sum(axis=1), seen.sum(axis=1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def tree_rows(road, origins, kind):
    """Columns known at the origin (N, D) and for each hour ahead (N, 24, K); NaN where missing."""
    base = usual(road)
    departure = road.vehicles - base
    last = [departure[origins - k] for k in range(1, DAY + 1)]
    means = [mean_of_last(departure, origins, n) for n in (3, DAY, PAST)]
    means.append(mean_of_last(np.abs(departure), origins, DAY))
    X = np.column_stack([*last, *means, road.weather[origins - 1]])
    hours = origins[:, None] + np.arange(HORIZON)
    columns = [base, road.hour, road.weekday, road.free, road.other]
    ahead = [column[hours] for column in columns]
    ahead += [v[hours - lag] for v in (departure, road.free, road.other) for lag in (DAY, WEEK)]
    if kind == "trees, weather":
        ahead += [column[hours] for column in road.weather.T]
    return X, np.stack(ahead, axis=-1).astype(float), after(departure, origins)


def fit_trees(road, kind, leaves, seed, steps):
    def make():
        return HistGradientBoostingRegressor(
            loss="absolute_error",
            learning_rate=0.08,
            max_iter=150,
            max_leaf_nodes=leaves,
            max_features=0.5,
            early_stopping=False,
            random_state=seed,
        )

    origins = np.arange(WEEK, road.validation - HORIZON + 1)
    X, ahead, Y = tree_rows(road, origins, kind)
    return Direct(make).fit(X, Y[:, steps], ahead[:, steps])


def tree_departures(model, road, kind, origins, steps=slice(None)):
    X, ahead, _ = tree_rows(road, origins, kind)
    return model.predict(X, ahead[:, steps])


def scores(error, road, origins, blind):
    """Means of absolute errors (N, 24): all, by hours ahead, on free days, after a missing hour."""
    free = after(road.free, origins)
    return {
        "mae": float(np.nanmean(error)),
        "by_step": np.nanmean(error, axis=0).round(2).tolist(),
        "free_days": float(np.nanmean(error[free])),
        "after_gap": float(np.nanmean(error[blind[origins - 1], 0])),
    }


def run(seed, kind, gaps):
    """Scores on the validation for each setting, and those of the best on the test."""
    torch.set_num_threads(1)
    truth = load_road()
    shown = hide(truth, gaps, np.random.default_rng(100 + seed))
    if "no holidays" in kind:
        shown = without_holidays(shown)
    validation = np.arange(truth.validation, truth.test - HORIZON + 1, 5)
    test = np.arange(truth.test, len(truth.hour) - HORIZON + 1)
    base = usual(shown)

    def error(forecast, origins, steps=slice(None)):
        return np.abs(forecast + after(base - truth.vehicles, origins)[:, steps])

    chosen = {}
    if kind in TREES:
        best = LEAVES[1]
        if (kind, gaps) == ("trees", "real"):
            for n in LEAVES:
                tuned = fit_trees(shown, kind, n, seed, TUNED_ON)
                ahead = tree_departures(tuned, shown, kind, validation, TUNED_ON)
                chosen[n] = float(np.nanmean(error(ahead, validation, TUNED_ON)))
            best = min(chosen, key=chosen.get)
        model = fit_trees(shown, kind, best, seed, slice(None))
        forecast = tree_departures(model, shown, kind, test)
    else:
        tables = inputs(shown, kind)
        rates = RATES if gaps == "real" else RATES[:1]
        models = {rate: train(seed, tables, rate, truth.validation) for rate in rates}
        for rate, model in models.items():
            chosen[rate] = float(
                np.nanmean(error(departures(model, tables, validation), validation))
            )
        best = min(chosen, key=chosen.get)
        forecast = departures(models[best], tables, test)
    if not np.isfinite(forecast + after(base, test)).all():
        raise ValueError(f"{kind} with {gaps} gaps leaves a forecast out")
    result = {
        "chosen": best,
        "validation": {str(k): v for k, v in chosen.items()},
        **scores(error(forecast, test), truth, test, ~np.isfinite(shown.vehicles)),
    }
    if gaps == "real" and kind in ("mask", "no holidays", "trees"):
        counts = np.maximum(forecast + after(base, test), 0).round().astype(np.uint16)
        name = f"traffic_{kind.replace(' ', '_')}_{seed}"
        result["weights"] = {name: {"vehicles": counts}}
    return result
