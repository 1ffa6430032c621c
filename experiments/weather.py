"""Beijing's temperature 1 to 24 hours ahead: simple rules, ridge, boosted trees, GRU and LSTM.

Learned on 2010 to 2012; settings chosen on 2013; scored on 2014, from an origin every third hour.
Every model reads the last 48 hours and knows the clock. Networks are trained on pieces of 72
hours, with a forecast from every third hour once 24 were read; they are scored on 48 hours.

Models without chance are fitted once; their results stand in the record once a seed.
"""

from functools import cache
from itertools import product

import numpy as np
import torch
from sklearn.ensemble import HistGradientBoostingRegressor
from torch import nn

from rnnbook import data
from rnnbook.forecasting import (
    EmpiricalQuantiles,
    LinearAutoregression,
    Naive,
    Scaled,
    SeasonalNaive,
    crps,
    masked_windows,
    mend_crossing,
    pinball,
)

SEEDS = range(3)
SETTINGS = [
    {"model": "simple"},
    {"model": "trees"},
    {"model": "simple with gaps"},
    {"model": "GRU"},
    {"model": "LSTM"},
    {"model": "GRU, temperature only"},
    {"model": "GRU recursive"},
    {"model": "GRU recursive, unrolled"},
    {"model": "GRU with gaps", "fill": "zero and mask"},
    {"model": "GRU with gaps", "fill": "last value"},
    {"model": "GRU with gaps", "fill": "last value and mask"},
]
POINT = [
    {
        "seed": 0,
        "settings": {"model": "simple"},
        "constants": {"PENALTIES": (1e-3,)},
        "tolerance": 1e-6,
    },
    {
        "seed": 0,
        "settings": {"model": "GRU with gaps", "fill": "last value and mask"},
        "constants": {"STEPS": 4},
        "tolerance": 1e-3,
    },
]
PAST, HORIZON, STRIDE = 48, 24, 3
VALIDATION, TEST = "2013-01-01", "2014-01-01"
LEVELS = np.array([0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95])
WINDS = ("SE", "NW", "NE", "cv")
KEPT = [0, 5, 23]  # the hours ahead whose forecasts are kept
PENALTIES = (1e-4, 1e-3, 1e-2)
LEAVES = (50, 200, 800)
LAGS = [1, 2, 3, 4, 6, 9, 12, 18, 24, 36, 48]  # hours back, for one ridge an hour of the day
OTHER = [1, 2, 3, 6, 12, 24]  # hours back, for all but temperature, for the trees
LENGTH, FIRST, HIDDEN, STEPS, BATCH = 72, 24, 48, 600, 32
TRIALS = [(0.005, 0.0), (0.01, 0.0), (0.01, 0.2)]  # learning rate, dropout
ALONE = (0.01, 0.2)  # of the networks that are trained once
RECURSIVE_RATES = (0.002, 0.005)
GAP_SHARE, GAP_LENGTH = 0.3, 8


@cache
def table():
    """Values (L, 9), the clock (L, 4), and the first hours of validation and test."""
    weather = data.load_beijing_weather()
    time = weather.index
    numbers = [weather.TEMP, weather.DEWP, weather.PRES, np.log1p(weather.Iws)]
    winds = [weather.cbwd == wind for wind in WINDS]
    values = np.stack([*numbers, *winds, (weather.Is > 0) | (weather.Ir > 0)], axis=1)
    hour = time.hour.to_numpy()
    day = 2 * np.pi * (time.day_of_year.to_numpy() - 1 + hour / 24) / 365.25
    hour = 2 * np.pi * hour / 24
    clock = np.stack([np.sin(hour), np.cos(hour), np.sin(day), np.cos(day)], axis=1)
    starts = [int(np.searchsorted(time, np.datetime64(date))) for date in (VALIDATION, TEST)]
    return values.astype(float), clock, starts


def windows_between(values, begin, end, stride=1):
    """Windows with targets from `begin` on and before `end`; their origins count from 0."""
    first = max(0, begin - PAST)
    cut = masked_windows(
        values[first:end],
        np.isfinite(values[first:end]),
        PAST,
        HORIZON,
        stride=stride,
        target=0,
        known=table()[1][first:end],
    )
    return cut._replace(origins=cut.origins + first)


@cache
def parts():
    """Windows to learn from, to choose by and to score on."""
    values, _, (validation, test) = table()
    return (
        windows_between(values, 0, validation),
        windows_between(values, validation, test, STRIDE),
        windows_between(values, test, len(values), STRIDE),
    )


def errors(forecast, part):
    """Errors by hour ahead."""
    e = forecast - part.Y
    return {
        "mae": np.abs(e).mean(axis=0).tolist(),
        "rmse": np.sqrt((e**2).mean(axis=0)).tolist(),
    }


def interval(low, high, part, columns):
    inside = (low <= part.Y[:, columns]) & (part.Y[:, columns] <= high)
    return inside.mean(axis=0).tolist(), (high - low).mean(axis=0).tolist()


def in_thirds(low, high, part, columns):
    """Coverage (3, H) in the thirds of the origins with the narrowest to the widest interval."""
    wide, y = high - low, part.Y[:, columns]
    third = sum((wide > np.quantile(wide, k / 3, axis=0)).astype(int) for k in (1, 2))
    inside = (low <= y) & (y <= high)
    return [
        [float(inside[third[:, h] == k, h].mean()) for h in range(y.shape[1])] for k in range(3)
    ]


def quantile_scores(q, part, q_validation=None, validation=None, columns=slice(None)):
    """Scores of quantiles (N, H, Q), by hour ahead.

    With the quantiles of the validation year also the 90 % interval mended by that year: wider or
    narrower by one number for each hour ahead, such that it would have held 90 % of that year.
    """
    targets, hours = part.Y[:, columns], range(q.shape[1])
    found = {
        "below": [(targets[:, h, None] <= q[:, h]).mean(axis=0).tolist() for h in hours],
        "pinball": [float(pinball(q[:, h], targets[:, h], LEVELS).mean()) for h in hours],
        "crps": [crps(q[:, h], targets[:, h], LEVELS) for h in hours],
    }
    low, high = q[..., 0], q[..., -1]
    found["coverage"], found["width"] = interval(low, high, part, columns)
    if q_validation is not None:
        y = validation.Y[:, columns]
        outside = np.maximum(q_validation[..., 0] - y, y - q_validation[..., -1])
        by = np.quantile(outside, 0.9, axis=0)
        mended = interval(low - by, high + by, part, columns)
        found["coverage mended"], found["width mended"] = mended
        found["thirds"] = in_thirds(low, high, part, columns)
        found["thirds mended"] = in_thirds(low - by, high + by, part, columns)
    return found


def kept(forecast):
    """Hundredths of a degree, of a few hours ahead."""
    return {"forecast": np.round(100 * forecast[:, KEPT]).astype(np.int16)}


class Climatology:
    """The mean of the hour and the season: linear in waves of the day and the year."""

    def waves(self, clock):
        s, c, sy, cy = np.moveaxis(clock, -1, 0)
        day = [np.ones_like(s), s, c, 2 * s * c, c**2 - s**2]
        year = [np.ones_like(s), sy, cy, 2 * sy * cy, cy**2 - sy**2]
        return np.stack([d * y for d in day for y in year], axis=-1)

    def fit(self, X, Y, known):
        rows = self.waves(known[:, 0])
        self.w = np.linalg.lstsq(rows, Y[:, 0], rcond=None)[0]
        return self

    def predict(self, X, known):
        return self.waves(known) @ self.w


class ByHour:
    """One ridge for each hour of the day, on some lags of all columns."""

    def __init__(self, penalty, columns=9):
        self.penalty, self.columns = penalty, columns

    def rows(self, known):
        """The hour of the day of the origin, from its clock."""
        angle = np.arctan2(known[:, 0, 0], known[:, 0, 1])
        return np.round(24 * angle / (2 * np.pi)).astype(int) % 24

    def fit(self, X, Y, known):
        X, hours = X[:, -np.array(LAGS), : self.columns], self.rows(known)
        self.models = [
            Scaled(LinearAutoregression(self.penalty)).fit(
                X[hours == h], Y[hours == h], known[hours == h]
            )
            for h in range(24)
        ]
        return self

    def predict(self, X, known):
        X, hours = X[:, -np.array(LAGS), : self.columns], self.rows(known)
        out = np.empty((len(X), HORIZON))
        for h in set(hours.tolist()):
            rows = hours == h
            out[rows] = self.models[h].predict(X[rows], known[rows])
        return out


class RecursiveRidge:
    """One ridge for all columns one hour ahead, fed with its own forecasts."""

    def __init__(self, penalty):
        self.penalty = penalty

    def fit(self, X, Y, known):
        self.mean, self.std = X[:, -1].mean(axis=0), X[:, -1].std(axis=0)
        Z = (X - self.mean) / self.std
        # The hour after window n is the last hour of window n + 1: origins are one hour apart.
        self.model = LinearAutoregression(self.penalty).fit(Z[:-1], Z[1:, -1], known[:-1, :1])
        return self

    def predict(self, X, known):
        Z, out = (X - self.mean) / self.std, []
        for step in range(HORIZON):
            ahead = self.model.predict(Z, known[:, step : step + 1])
            Z = np.concatenate([Z[:, 1:], ahead[:, None]], axis=1)
            out.append(ahead[:, 0])
        return np.stack(out, axis=1) * self.std[0] + self.mean[0]


class Chosen:
    """For each hour ahead the one of several fitted models that validation chose."""

    def __init__(self, models, validation):
        misses = np.stack(
            [np.abs(m.predict(validation.X, validation.known) - validation.Y) for m in models]
        ).mean(axis=1)
        self.models, self.best = models, misses.argmin(axis=0)
        self.validation = misses.mean(axis=1).tolist()

    def fit(self, X, Y, known):
        """They are fitted already."""
        return self

    def predict(self, X, known):
        forecasts = np.stack([m.predict(X, known) for m in self.models])
        return forecasts[self.best, :, np.arange(HORIZON)].T


def choose(make, grid, train, validation):
    return Chosen([make(g).fit(train.X, train.Y, train.known) for g in grid], validation)


@cache
def simple():
    """Everything that is fitted in closed form, or not at all."""
    train, validation, test = parts()
    makers = {
        "last value": (lambda _: Naive(), [0]),
        "same hour yesterday": (lambda _: SeasonalNaive(24), [0]),
        "climatology": (lambda _: Climatology(), [0]),
        "ridge": (lambda penalty: Scaled(LinearAutoregression(penalty)), PENALTIES),
        "ridge by hour": (ByHour, PENALTIES),
        "ridge by hour, temperature only": (lambda penalty: ByHour(penalty, 1), PENALTIES),
        "ridge recursive": (RecursiveRidge, PENALTIES),
    }
    results, files = {}, {}
    for name, (make, grid) in makers.items():
        model = choose(make, grid, train, validation)
        forecast = model.predict(test.X, test.known)
        results[name] = {
            "chosen": [grid[k] for k in model.best],
            "validation": model.validation,
            **errors(forecast, test),
        }
        if name in ("same hour yesterday", "climatology", "ridge by hour"):
            # The quantiles of its errors on 2013, a year it did not learn from, around it.
            around = EmpiricalQuantiles(LEVELS, model)
            around.fit(validation.X, validation.Y, validation.known)
            results[name] |= quantile_scores(around.predict(test.X, test.known), test)
        if name in ("ridge", "ridge by hour"):
            files[f"weather_{name.replace(' ', '_')}"] = kept(forecast)
    return results, files


def tree_rows(X, known, step, age=None):
    """Inputs of the trees: now, and by how much earlier hours differed from now.

    Trees split one column at a time; a difference of two columns must be a column. With gaps, also
    the age (N,) of what stands at the last hour.
    """
    now, lags = X[:, -1:], X[:, -np.array(OTHER)]
    changes = lags[:, 1:, 1:4] - now[:, :, 1:4]
    blocks = [now[:, 0, :4], X[:, :-1, 0] - now[:, :, 0], changes, lags[:, :, 4:], known[:, step]]
    blocks += [] if age is None else [age]
    return np.concatenate([block.reshape(len(X), -1) for block in blocks], axis=1)


def tree(part, step, leaf, age=None, **settings):
    """A boosted regressor of the change from the last temperature."""
    model = HistGradientBoostingRegressor(
        max_iter=150,
        learning_rate=0.08,
        min_samples_leaf=leaf,
        early_stopping=False,
        random_state=0,
        **settings,
    )
    return model.fit(tree_rows(part.X, part.known, step, age), part.Y[:, step] - part.X[:, -1, 0])


def tree_forecast(model, part, step, age=None):
    return part.X[:, -1, 0] + model.predict(tree_rows(part.X, part.known, step, age))


def quantile_trees(leaf):
    """For each level at a few hours ahead: quantiles (N, 3, 7) on validation and test."""
    train, *others = parts()
    out = [[], []]
    for step in KEPT:
        models = [tree(train, step, leaf, loss="quantile", quantile=float(v)) for v in LEVELS]
        for q, part in zip(out, others, strict=True):
            q.append(np.stack([tree_forecast(m, part, step) for m in models], axis=-1))
    return [mend_crossing(np.stack(q, axis=1)) for q in out]


@cache
def trees():
    """Boosted trees for each hour ahead, and for each level at a few hours ahead."""
    train, validation, test = parts()
    tried = {(leaf, step): tree(train, step, leaf) for leaf in LEAVES for step in (0, 5, 11, 23)}
    misses = {
        key: np.abs(tree_forecast(m, validation, key[1]) - validation.Y[:, key[1]]).mean()
        for key, m in tried.items()
    }
    scores = {
        leaf: float(np.mean([v for k, v in misses.items() if k[0] == leaf])) for leaf in LEAVES
    }
    best = min(scores, key=scores.get)
    models = [tried.get((best, h)) or tree(train, h, best) for h in range(HORIZON)]
    forecast = np.stack([tree_forecast(m, test, h) for h, m in enumerate(models)], axis=1)
    # The quantiles have a leaf of their own, chosen by their own loss.
    quantiles = {leaf: quantile_trees(leaf) for leaf in LEAVES}
    losses = {
        leaf: float(pinball(q, validation.Y[:, KEPT], LEVELS).mean())
        for leaf, (q, _) in quantiles.items()
    }
    best_quantile = min(losses, key=losses.get)
    q_validation, q = quantiles[best_quantile]
    result = {
        "chosen": best,
        "validation": {str(leaf): score for leaf, score in scores.items()},
        **errors(forecast, test),
        "quantile trees": {
            "chosen": best_quantile,
            "validation": {str(leaf): loss for leaf, loss in losses.items()},
            **quantile_scores(q, test, q_validation, validation, KEPT),
        },
    }
    ends = {"ends": np.round(100 * q[..., [0, -1]]).astype(np.int16)}
    return result, {"weather_trees": kept(forecast), "weather_quantile_trees": ends}


@cache
def gaps():
    """True (L,) where an hour is missing: blocks, the same for every model."""
    rng, length = np.random.default_rng(0), len(table()[0])
    missing = np.zeros(length, bool)
    while missing.mean() < GAP_SHARE:
        start = rng.integers(1, length)
        missing[start : start + rng.geometric(1 / GAP_LENGTH)] = True
    return missing


def ages():
    """Hours (L,) since the last measurement, as an hour's forecaster sees it: 0 if just made."""
    place = np.arange(len(gaps()))
    return place - np.maximum.accumulate(np.where(gaps(), 0, place))


def filled(values):
    """Each gap filled with the last value before it."""
    return values[np.arange(len(values)) - ages()]


def by_age(forecast, part):
    """Mean error one hour ahead, by how long ago the last measurement was made."""
    age, miss = ages()[part.origins - 1], np.abs(forecast[:, 0] - part.Y[:, 0])
    groups = ((0, 0), (1, 3), (4, 8), (9, 1000))
    return [float(miss[(age >= low) & (age <= high)].mean()) for low, high in groups]


@cache
def simple_with_gaps():
    """The last value; ridge on repeated values, also told which are; trees, also told the age."""
    values, _, _ = table()
    truth = parts()

    def inputs(columns):
        return [
            part._replace(X=columns[part.origins[:, None] + np.arange(-PAST, 0)]) for part in truth
        ]

    repeated = inputs(filled(values))
    train, validation, test = repeated
    ridge = choose(ByHour, PENALTIES, train, validation)
    told = inputs(np.concatenate([filled(values), gaps()[:, None]], axis=1))
    ridge_told = choose(lambda penalty: ByHour(penalty, 10), PENALTIES, *told[:2])
    forecasts = {
        "last value": Naive().fit(train.X, train.Y).predict(test.X),
        "ridge by hour, filled": ridge.predict(test.X, test.known),
        "ridge by hour, filled and mask": ridge_told.predict(told[2].X, test.known),
    }
    found = {name: {**errors(f, test), "by age": by_age(f, test)} for name, f in forecasts.items()}
    holes = inputs(np.where(gaps()[:, None], np.nan, values))
    for part, whole in zip(holes, repeated, strict=True):
        part.X[:, -1] = whole.X[:, -1]  # the last value stands at the end, or no change were known
    old = [ages()[part.origins - 1] for part in truth]
    for name, age in (("trees", [None] * 3), ("trees, age", old)):
        ahead = {leaf: [[], []] for leaf in LEAVES}
        for leaf, step in product(LEAVES, KEPT):
            model = tree(holes[0], step, leaf, age[0])
            for k in (1, 2):
                ahead[leaf][k - 1].append(tree_forecast(model, holes[k], step, age[k]))
        ahead = {leaf: [np.stack(a, axis=1) for a in both] for leaf, both in ahead.items()}
        misses = {
            leaf: float(np.abs(a - validation.Y[:, KEPT]).mean()) for leaf, (a, _) in ahead.items()
        }
        best = min(misses, key=misses.get)
        forecast = ahead[best][1]
        found[name] = {
            "chosen": best,
            "mae": np.abs(forecast - test.Y[:, KEPT]).mean(axis=0).tolist(),
            "by age": by_age(forecast, test),
        }
    return found, {}


def scaled():
    """Standardised values (L, 9), by the training years; 0 and 1 stay."""
    values, clock, (validation, _) = table()
    mean, std = values[:validation].mean(axis=0), values[:validation].std(axis=0)
    mean[4:], std[4:] = 0, 1
    z = (values - mean) / std
    return z, clock, float(mean[0]), float(std[0])


def tensor(x):
    return torch.tensor(x, dtype=torch.float32)


class DirectNetwork(nn.Module):
    """Reads hours; gives 24 hours of quantiles at the chosen places, as changes from `last`."""

    def __init__(self, kind, input_size, dropout):
        super().__init__()
        self.rnn = getattr(nn, kind)(input_size, HIDDEN, batch_first=True)
        self.head = nn.Sequential(
            nn.Dropout(dropout),
            nn.Linear(HIDDEN + 4, 128),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(128, HORIZON * len(LEVELS)),
        )

    def forward(self, x, last, places):
        hs = self.rnn(x)[0][:, places]
        ahead = self.head(torch.cat([hs, x[:, places, -4:]], dim=-1))
        return last[:, places, None, None] + ahead.unflatten(-1, (HORIZON, len(LEVELS)))


def pinball_loss(q, y):
    e, level = y[..., None] - q, tensor(LEVELS)
    return torch.maximum(level * e, (level - 1) * e).mean()


def optimise(model, rate, loss_of, steps=STEPS):
    optimizer = torch.optim.Adam(model.parameters(), rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps)
    for _ in range(steps):
        loss = loss_of()
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
    return model.eval()


def direct(seed, kind, rate, dropout, x, last, y):
    """A trained network: hours x (L, D), the last temperature (L,), temperatures y (L,)."""
    torch.manual_seed(seed)
    rng, end = np.random.default_rng(seed), table()[2][0]
    model = DirectNetwork(kind, x.shape[-1], dropout)
    places = np.arange(FIRST - 1, LENGTH, STRIDE)

    def loss_of():
        starts = rng.integers(0, end - LENGTH - HORIZON + 1, BATCH)[:, None]
        hours = starts + np.arange(LENGTH)
        targets = (starts + places)[..., None] + np.arange(1, HORIZON + 1)
        return pinball_loss(model(x[hours], last[hours], places), y[targets])

    return optimise(model, rate, loss_of)


@torch.no_grad()
def quantiles(model, x, last, part):
    """Quantiles (N, 24, 7) in degrees, sorted, from the 48 hours before each origin."""
    _, _, mean, std = scaled()
    chunks = np.array_split(part.origins[:, None] + np.arange(-PAST, 0), 8)
    q = torch.cat([model(x[hours], last[hours], [PAST - 1])[:, 0] for hours in chunks])
    return mend_crossing(q.numpy() * std + mean)


def train_direct(seed, kind):
    """The network that validation chose of the trials, scored."""
    _, validation, test = parts()
    z, clock, _, _ = scaled()
    x, y = tensor(np.concatenate([z, clock], axis=1)), tensor(z[:, 0])
    models = {trial: direct(seed, kind, *trial, x, y, y) for trial in TRIALS}
    ahead = {trial: quantiles(m, x, y, validation) for trial, m in models.items()}
    losses = {trial: float(pinball(q, validation.Y, LEVELS).mean()) for trial, q in ahead.items()}
    best = min(losses, key=losses.get)
    trials, scores = {}, {}
    for trial, model in models.items():
        q = quantiles(model, x, y, test)
        scores[trial] = {
            **errors(q[..., 3], test),
            **quantile_scores(q, test, ahead[trial], validation),
        }
        means = {key: float(np.mean(scores[trial][key])) for key in ("mae", "pinball", "coverage")}
        trials[str(trial)] = {"validation": losses[trial], **means}
        if trial == best:
            file = {f"weather_{kind}_{seed}": kept(q[..., 3])}
    parameters = sum(p.numel() for p in models[best].parameters())
    found = {"chosen": list(best), "parameters": parameters, "trials": trials, **scores[best]}
    return {**found, "weights": file}


class Recursive(nn.Module):
    """Reads hours; gives all columns of the next hour, as changes."""

    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(13, HIDDEN, batch_first=True)
        self.head = nn.Sequential(nn.Linear(HIDDEN + 4, 64), nn.ReLU(), nn.Linear(64, 9))

    def forward(self, z, clock, next_clock, state=None):
        hs, state = self.rnn(torch.cat([z, clock], dim=-1), state)
        return z + self.head(torch.cat([hs, next_clock], dim=-1)), state

    def run(self, z, clock, origins):
        """24 hours from each origin: every forecast is the next input."""
        hours = origins[:, None] + np.arange(-PAST, 0)
        ahead, state = self(z[hours], clock[hours], clock[hours + 1])
        out = [ahead[:, -1:]]
        for step in range(1, HORIZON):
            now = clock[origins + step - 1][:, None], clock[origins + step][:, None]
            ahead, state = self(out[-1], *now, state)
            out.append(ahead)
        return torch.cat(out, dim=1)


def recursive(seed, rate, unrolled):
    """Trained one hour ahead, or on the temperatures of all 24 hours of its own run."""
    torch.manual_seed(seed)
    rng, end = np.random.default_rng(seed), table()[2][0]
    z, clock = (tensor(v) for v in scaled()[:2])
    model = Recursive()

    def one_step():
        hours = rng.integers(0, end - LENGTH, BATCH)[:, None] + np.arange(LENGTH)
        ahead, _ = model(z[hours], clock[hours], clock[hours + 1])
        return ((ahead - z[hours + 1])[:, 12:] ** 2).mean()

    def whole_run():
        origins = rng.integers(PAST, end - HORIZON + 1, 2 * BATCH)
        targets = z[origins[:, None] + np.arange(HORIZON), 0]
        return ((model.run(z, clock, origins)[..., 0] - targets) ** 2).mean()

    return optimise(model, rate, whole_run if unrolled else one_step)


def train_recursive(seed, unrolled):
    _, validation, test = parts()
    z, clock, mean, std = scaled()
    z, clock = tensor(z), tensor(clock)
    rates = RECURSIVE_RATES[1:] if unrolled else RECURSIVE_RATES
    forecasts, scores = {}, {}
    for rate in rates:
        model = recursive(seed, rate, unrolled)
        with torch.no_grad():
            of = [
                model.run(z, clock, part.origins)[..., 0].numpy() * std + mean
                for part in (validation, test)
            ]
        scores[rate], forecasts[rate] = float(np.abs(of[0] - validation.Y).mean()), of[1]
    best = min(scores, key=scores.get)
    named = {str(rate): score for rate, score in scores.items()}
    return {"chosen": best, "validation": named, **errors(forecasts[best], test)}


def train_with_gaps(seed, fill):
    """A network whose inputs lack blocks of hours, in training and in the test."""
    _, _, test = parts()
    z, clock, _, _ = scaled()
    there = filled(z)
    seen = np.where(gaps()[:, None], 0, z) if fill == "zero and mask" else there
    mask = [] if fill == "last value" else [~gaps()[:, None]]
    x = tensor(np.concatenate([seen, *mask, clock], axis=1))
    last, y = tensor(there[:, 0]), tensor(z[:, 0])
    q = quantiles(direct(seed, "GRU", *ALONE, x, last, y), x, last, test)
    scores = quantile_scores(q, test)
    return {**errors(q[..., 3], test), **scores, "by age": by_age(q[..., 3], test)}


def train_on_temperature(seed):
    """A network that sees the temperature and the clock, no other column."""
    z, clock, _, _ = scaled()
    x, y = tensor(np.concatenate([z[:, :1], clock], axis=1)), tensor(z[:, 0])
    q = quantiles(direct(seed, "GRU", *ALONE, x, y, y), x, y, parts()[2])
    return {**errors(q[..., 3], parts()[2]), **quantile_scores(q, parts()[2])}


def rounded(found):
    """The same with five decimals: a record is read by people too."""
    if isinstance(found, dict):
        return {key: rounded(value) for key, value in found.items()}
    if isinstance(found, list):
        return [rounded(value) for value in found]
    return round(found, 5) if isinstance(found, float) else found


def run(seed, model, fill=None):
    torch.set_num_threads(1)
    once = {"simple": simple, "trees": trees, "simple with gaps": simple_with_gaps}
    if model in once:
        result, files = once[model]()
        result = {**result, "weights": files if seed == 0 else {}}
    elif model in ("GRU", "LSTM"):
        result = train_direct(seed, model)
    elif model == "GRU, temperature only":
        result = train_on_temperature(seed)
    elif model == "GRU with gaps":
        result = train_with_gaps(seed, fill)
    else:
        result = train_recursive(seed, unrolled=model.endswith("unrolled"))
    return {key: value if key == "weights" else rounded(value) for key, value in result.items()}
