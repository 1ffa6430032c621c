"""Surnames and employment: recurrent networks against the simplest things that could work.

Surnames: which of 16 lists does a name stand on? Names are put into families (the same last word
without accents, feminine endings and final vowels), and a family lies on one side of the split
only; the task "surnames, relatives on both sides" splits by spelling instead, to see what that is
worth. Training has one row for each list a name stands on. The settings of simple methods are
chosen by the accuracy on the validation names of each split. Those of the networks were chosen by
hand on the validation names of split 0, out of a dozen, and are the same for all.

Employment: 15 sectors, 120 months, one network for all. It reads monthly changes and forecasts the
change over 1 to 12 months. For every year from 2011 to 2015 the number of units and of steps is
chosen by forecasts for the two years before it, made by networks that know nothing of them; then
the network is trained again on all months before that year. Zero steps are allowed.
"""

import re
import unicodedata

import numpy as np
import torch
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import MultinomialNB
from torch import nn

from rnnbook import data

SEEDS = range(3)
APART, SPELLING, JOBS = "surnames", "surnames, relatives on both sides", "employment"
SETTINGS = [
    *({"task": APART, "model": m} for m in ("letters", "naive Bayes", "nearest", "n-grams")),
    {"task": APART, "model": "n-grams, both spellings"},
    *({"task": APART, "model": m} for m in ("GRU, forward", "GRU", "LSTM")),
    *({"task": SPELLING, "model": m} for m in ("nearest", "n-grams")),
    *({"task": JOBS, "model": m} for m in ("GRU", "GRU on the slope")),
]
POINT = [
    {
        "seed": 0,
        "settings": {"task": APART, "model": "naive Bayes"},
        "constants": {},
        "tolerance": 1e-6,
    },
    {
        "seed": 0,
        "settings": {"task": JOBS, "model": "GRU on the slope"},
        "constants": {"MARKS": (0, 5), "UNITS": (8,)},
        "tolerance": 1e-3,
    },
]


# Surnames: data


def plain(text):
    """The text in lower case, without accents."""
    text = text.casefold().translate(str.maketrans("ıəđ", "ied"))
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))


def family(name):
    """What relatives share: the last word without accents, -ova, final vowels and fleeting e."""
    word = re.split(r"[ \-']", name)[-1]
    word = plain(re.sub(r"^[htnm](?=[A-ZÁÉÍÓÚ])", "", word))
    if len(word) > 5:
        word = re.sub(r"ov[ae]?$", "", word)
    stem = re.sub(r"[aeiouy]+$", "", word)
    word = stem if len(stem) >= 3 else word
    return re.sub(r"([^aeiouy])e([^aeiouy])$", r"\1\2", word) if len(word) > 4 else word


def surnames():
    """Spellings (N,) in lower case, their families (N,) and the lists they stand on (N, 16)."""
    table = data.load_surnames()
    languages = sorted(table.language.unique())
    lists, families = {}, {}
    for language, name in zip(table.language, table.surname, strict=True):
        key = unicodedata.normalize("NFC", name.casefold())
        lists.setdefault(key, set()).add(languages.index(language))
        families.setdefault(key, family(name))
    labels = np.zeros((len(lists), len(languages)), bool)
    for row, found in zip(labels, lists.values(), strict=True):
        row[list(found)] = True
    return np.array(list(lists)), np.array(list(families.values())), labels


def split(seed, groups):
    """Indices of training (70 %), validation (10 %) and test (20 %): whole groups."""
    unique, group = np.unique(groups, return_inverse=True)
    place = np.random.default_rng(seed).permutation(len(unique))[group] / len(unique)
    return [np.flatnonzero((place >= a) & (place < b)) for a, b in ((0, 0.7), (0.7, 0.8), (0.8, 1))]


def scores(chances, labels):
    """Accuracy, macro recall and log loss on names of one list; on others, whether it is one."""
    one = labels.sum(axis=1) == 1
    target, answer = labels[one].argmax(axis=1), chances.argmax(axis=1)
    recalls = [(answer[one][target == k] == k).mean() for k in range(labels.shape[1])]
    given = chances[one][np.arange(len(target)), target]
    return {
        "accuracy": float((answer[one] == target).mean()),
        "recall": float(np.mean(recalls)),
        "loss": float(-np.log(np.maximum(given, 1e-12)).mean()),
        "several": float(labels[~one][np.arange((~one).sum()), answer[~one]].mean()),
    }


# Surnames: simple methods


def marked(names):
    return [f"^{name}$" for name in names]


def linear(names, targets, longest, C):
    """Logistic regression on the n-grams of 1 to `longest` letters."""
    grams = TfidfVectorizer(
        analyzer="char", ngram_range=(1, longest), lowercase=False, sublinear_tf=True
    )
    model = LogisticRegression(C=C, max_iter=500, tol=1e-3)
    model.fit(grams.fit_transform(marked(names)), targets)
    return lambda some: model.predict_proba(grams.transform(marked(some)))


def naive_bayes(names, targets, length, alpha):
    grams = CountVectorizer(analyzer="char", ngram_range=(length, length), lowercase=False)
    model = MultinomialNB(alpha=alpha).fit(grams.fit_transform(marked(names)), targets)
    return lambda some: model.predict_proba(grams.transform(marked(some)))


def nearest(names, targets, count):
    """Votes of the `count` names that share most n-grams, weighted by the squared cosine."""
    grams = TfidfVectorizer(analyzer="char", ngram_range=(1, 4), lowercase=False, sublinear_tf=True)
    stored, one_hot = grams.fit_transform(marked(names)), np.eye(16)[targets]

    def chances(some):
        cosines = (grams.transform(marked(some)) @ stored.T).toarray()
        best = np.argsort(-cosines, axis=1, kind="stable")[:, :count]
        weights = np.take_along_axis(cosines, best, axis=1) ** 2 + 1e-9
        votes = (weights[..., None] * one_hot[best]).sum(axis=1)
        return votes / votes.sum(axis=1, keepdims=True)

    return chances


GRIDS = {
    "letters": (linear, [(1, C) for C in (1, 10, 100)]),
    "n-grams": (linear, [(4, C) for C in (3, 10, 30)]),
    "n-grams, both spellings": (linear, [(4, 10)]),
    "naive Bayes": (naive_bayes, [(n, a) for n in (2, 3, 4) for a in (0.03, 0.1, 0.3)]),
    "nearest": (nearest, [(count,) for count in (1, 5, 15)]),
}


# Surnames: networks


class Reader(nn.Module):
    """A GRU or an LSTM reads the letters, both ways or one; its last states give 16 logits."""

    def __init__(self, letters, cell, both_ways, size=64, hidden=128, dropout=0.5):
        super().__init__()
        self.embedding = nn.Embedding(letters, size, padding_idx=0)
        self.rnn = getattr(nn, cell)(size, hidden, batch_first=True, bidirectional=both_ways)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(hidden * (1 + both_ways), 16)

    def forward(self, x, lengths):
        embedded = self.dropout(self.embedding(x))
        packed = nn.utils.rnn.pack_padded_sequence(
            embedded, lengths, batch_first=True, enforce_sorted=False
        )
        state = self.rnn(packed)[1]
        state = state[0] if isinstance(state, tuple) else state
        return self.head(self.dropout(torch.cat(list(state), dim=1)))


def encode(names, ids):
    """Padded ids (N, T) and lengths (N,): 0 pads, 1 begins, 2 ends, 3 is a letter never seen."""
    rows = [[1, *(ids.get(letter, 3) for letter in name), 2] for name in names]
    lengths = torch.tensor([len(row) for row in rows])
    x = torch.zeros(len(rows), int(lengths.max()), dtype=torch.long)
    for row, values in zip(x, rows, strict=True):
        row[: len(values)] = torch.tensor(values)
    return x, lengths


def batches(rng, lengths, size):
    """Random batches of names of about the same length, which saves steps."""
    order = rng.permutation(len(lengths))[: len(lengths) // size * size]
    found = []
    for pool in np.array_split(order, max(1, len(order) // size // 8)):
        pool = pool[np.argsort(lengths[pool], kind="stable")]
        found += np.array_split(pool, round(len(pool) / size))
    return [found[i] for i in rng.permutation(len(found))]


def train_reader(seed, names, targets, cell, both_ways, epochs=20, rate=0.006, size=128):
    """A trained network as a function from names to chances (N, 16)."""
    ids = {letter: k + 4 for k, letter in enumerate(sorted(set("".join(names))))}
    x, lengths = encode(names, ids)
    y = torch.tensor(targets)
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    model = Reader(len(ids) + 4, cell, both_ways)
    optimizer = torch.optim.AdamW(model.parameters(), rate, weight_decay=0.3)
    steps = epochs * (len(names) // size)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps)
    for _ in range(epochs):
        for rows in batches(rng, lengths.numpy(), size):
            longest = int(lengths[rows].max())
            logits = model(x[rows, :longest], lengths[rows])
            loss = nn.functional.cross_entropy(logits, y[rows])
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
    model.eval()

    @torch.no_grad()
    def chances(some):
        return torch.softmax(model(*encode(some, ids)), dim=1).numpy()

    return chances, sum(p.numel() for p in model.parameters())


def shuffled(rng, names):
    """The letters of each name in random order: words of no language."""
    return ["".join(rng.permutation(list(name))) for name in names]


def run_surnames(seed, task, model):
    names, families, labels = surnames()
    train, validation, test = split(seed, families if task == APART else names)
    rows, targets = np.nonzero(labels[train])
    known, extra = names[train][rows], {}
    if model in GRIDS:
        make, grid = GRIDS[model]
        if model.endswith("both spellings"):
            known = np.concatenate([known, [plain(name) for name in known]])
            targets = np.concatenate([targets, targets])
        fitted = [make(known, targets, *setting) for setting in grid]
        accuracies = [
            scores(chances(names[validation]), labels[validation])["accuracy"] for chances in fitted
        ]
        best = int(np.argmax(accuracies))
        chances, extra["chosen"] = fitted[best], list(grid[best])
    else:
        chances, extra["parameters"] = train_reader(
            seed, known, targets, model.split(",")[0], "forward" not in model
        )
    found = chances(names[test])
    without = scores(chances([plain(name) for name in names[test]]), labels[test])
    mixed = chances(shuffled(np.random.default_rng(seed), names[test]))
    result = {
        **scores(found, labels[test]),
        "without accents": without["accuracy"],
        "nonsense": float((mixed.max(axis=1) > 0.9).mean()),
        **extra,
    }
    if task == APART and model in ("GRU", "n-grams"):
        file = f"society_{model.replace('-', '')}_{seed}".lower()
        result["weights"] = {file: {"test": test, "chances": found.astype(np.float16)}}
    return result


# Employment

AHEAD, YEAR = 12, 12
MARKS, UNITS = (0, 10, 25, 50, 100), (8, 16)
TEST = [12 * (year - 2006) for year in range(2011, 2016)]  # the first month of each test year


def employment():
    """100 times the logarithm of employment (15, 120), and employment in thousands."""
    people = data.load_employment()[list(data.EMPLOYMENT_LEAVES)].to_numpy().T
    return 100 * np.log(people), people


def ahead(levels, origins):
    """Changes (15, O, 12) from the month before each origin to that of each step ahead."""
    steps = origins[:, None] + np.arange(AHEAD)
    return levels[:, steps] - levels[:, origins - 1][..., None]


def slopes(changes):
    """At each month, the mean of the last 12 changes, or of those there are."""
    total = np.concatenate([np.zeros((len(changes), 1)), changes.cumsum(axis=1)], axis=1)
    places = np.arange(1, changes.shape[1] + 1)
    first = np.maximum(places - YEAR, 0)
    return (total[:, places] - total[:, first]) / (places - first)


class Forecaster(nn.Module):
    """A GRU for all sectors, and at every month 12 numbers: mean changes a month."""

    def __init__(self, units):
        super().__init__()
        self.rnn = nn.GRU(2, units, batch_first=True)
        self.head = nn.Linear(units, AHEAD)
        with torch.no_grad():
            self.head.weight.mul_(0.1)
            self.head.bias.zero_()

    def forward(self, x):
        return self.head(self.rnn(x)[0])


def train_jobs(seed, levels, end, units, on_slope):
    """Forecasts {steps: (15, 119, 12)} at every month, by networks trained on months before end."""
    changes = np.diff(levels, axis=1)
    scale = np.abs(changes[:, : end - 1]).mean(axis=1, keepdims=True)
    changes = changes / scale
    x = np.stack([changes, np.broadcast_to(changes.mean(axis=0), changes.shape)], axis=-1)
    x, step = torch.tensor(x, dtype=torch.float32), torch.arange(1.0, AHEAD + 1)
    base = torch.tensor(slopes(changes)[..., None] * on_slope, dtype=torch.float32)
    origins = np.arange(YEAR + 1, end - AHEAD + 1)
    targets = torch.tensor(ahead(levels, origins) / scale[..., None], dtype=torch.float32)
    torch.manual_seed(seed)
    model, found = Forecaster(units), {}
    optimizer = torch.optim.Adam(model.parameters(), 0.01)
    for k in range(max(MARKS) + 1):
        if k in MARKS:
            with torch.no_grad():
                found[k] = ((model(x) + base) * step).numpy() * scale[..., None]
        forecasts = (model(x[:, : end - 1]) + base[:, : end - 1])[:, origins - 2] * step
        loss = (forecasts - targets).abs().mean()  # the errors that MASE counts
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    return found


def scaled_errors(forecasts, people, origins):
    """Absolute errors (15, O, 12) over the mean monthly change before 2011, sector by sector."""
    scale = np.abs(np.diff(people[:, : TEST[0]], axis=1)).mean(axis=1)
    made = people[:, origins - 1][..., None] * np.exp(forecasts / 100)
    return np.abs(made - people[:, origins[:, None] + np.arange(AHEAD)]) / scale[:, None, None]


def run_employment(seed, model):
    levels, people = employment()
    on_slope, chosen, kept, by_steps = "slope" in model, [], [], {k: [] for k in MARKS}
    for end in TEST:
        before = np.arange(end - 2 * YEAR, end - AHEAD + 1)
        origins = np.arange(end, min(end + YEAR, levels.shape[1] - AHEAD + 1))
        grid = {}
        for units in UNITS:
            made = train_jobs(seed, levels, before[0], units, on_slope)
            for k, values in made.items():
                errors = scaled_errors(values[:, before - 2], people, before)
                grid[units, k] = float(errors.mean())
        units, steps = min(grid, key=grid.get)
        made = train_jobs(seed, levels, end, units, on_slope)
        for k, values in made.items():
            errors = scaled_errors(values[:, origins - 2], people, origins)
            by_steps[k] += list(errors.mean(axis=(0, 2)))
        kept.append(made[steps][:, origins - 2])
        chosen.append([units, steps])
    forecasts, origins = np.concatenate(kept, axis=1), np.arange(TEST[0], 120 - AHEAD + 1)
    file = f"society_jobs_{'slope' if on_slope else 'gru'}_{seed}"
    return {
        "mase": float(scaled_errors(forecasts, people, origins).mean()),
        "chosen": chosen,
        "steps": {str(k): float(np.mean(v)) for k, v in by_steps.items()},
        "weights": {file: {"forecasts": forecasts.astype(np.float32)}},
    }


def run(seed, task, model):
    torch.set_num_threads(1)
    return run_employment(seed, model) if task == JOBS else run_surnames(seed, task, model)
