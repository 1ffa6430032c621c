"""Does this piece of DNA hold a splice junction, and of which kind? In the middle, or anywhere.

Windows of 60 bases in three classes. "aligned" takes their middle 40, with the junction always at
the same place; "shifted" takes 40 bases from any start, so that the junction lies anywhere in the
middle half. Relatives (windows that share 20 bases in a row, at any place and on either strand,
or are alike in 40 of 60 places) stay together in one of ten parts. Fold k tests on two parts,
tunes on a third and trains on seven; the split "random" has the same sizes and knows nothing of
relatives.

Every method has the same windows. In the shifted task each network draws a new start for each
window in every epoch; "linear", "k-mers" and "scan" train on all 21 cuts of each window, and every
method is tested on all 21. "scan" slides weight matrices along the cut; it alone is told where
the junctions of the training windows lie. What is tuned on the validation part: the penalty of a
linear model, the reach of the matrices, and the learning rate of a network, of which the notebook
takes the better one for each fold.
"""

from functools import cache

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from torch import nn

from rnnbook.data import load_splice_junctions

SEEDS = range(5)  # a seed is a fold
SIMPLE = {"aligned": ("nearest", "linear"), "shifted": ("linear", "k-mers", "scan")}
RATES = {
    "rnn last": (1e-3, 3e-3),
    "rnn": (3e-3, 1e-2),
    "lstm": (1e-2, 2e-2),
    "gru": (1e-2, 2e-2),
    "convolution": (3e-3, 1e-2),
    "convolution twice": (3e-3, 1e-2),
    "convolution places": (3e-3, 1e-2),
}
NETWORKS = {
    "aligned": ("lstm", "convolution", "convolution places"),
    "shifted": ("rnn last", "rnn", "lstm", "gru", "convolution", "convolution twice"),
}
SETTINGS = [
    *({"task": "aligned", "split": "random", "model": m, "rate": None} for m in SIMPLE["aligned"]),
    *(
        {"task": task, "split": "family", "model": model, "rate": rate}
        for task in ("aligned", "shifted")
        for model in SIMPLE[task] + NETWORKS[task]
        for rate in RATES.get(model, (None,))
    ),
]
POINT = [
    {
        "seed": 0,
        "settings": {"task": "aligned", "split": "random", "model": "nearest", "rate": None},
        "constants": {},
        "tolerance": 1e-6,
    },
]
CLASSES = ("n", "ei", "ie")
LENGTH, ALIGNED, STARTS = 40, 10, np.arange(21)
EPOCHS, BATCH, DROPOUT = 30, 64, 0.2
HIDDEN = 32
PENALTIES, REACHES = (1e-3, 1e-2, 1e-1, 1.0), (10, 15, 20)


def load():
    """Bases as integers (N, 60) and classes (N,), without the window that has two labels."""
    table = load_splice_junctions().drop_duplicates("bases", keep=False)
    bases = np.array([["ACGT".index(base) for base in window] for window in table.bases])
    return bases, np.array([CLASSES.index(junction) for junction in table.junction])


def families(bases, run=20, alike=40):
    """A number for each window; relatives, and relatives of relatives, have the same."""
    parent, first = list(range(len(bases))), {}

    def root(i):
        while parent[i] != i:
            i = parent[i]
        return i

    for i, window in enumerate(bases.astype(np.uint8)):
        for start in range(window.size - run + 1):
            piece = window[start : start + run]
            name = min(piece.tobytes(), (3 - piece[::-1]).tobytes())  # either strand
            parent[root(i)] = root(first.setdefault(name, i))
        for j in np.flatnonzero((bases[:i] == window).sum(axis=1) >= alike):
            parent[root(i)] = root(int(j))
    return np.array([root(i) for i in range(len(bases))])


def parts(groups, count=10):
    """Whole groups into parts of nearly equal size: the largest first, each to the smallest."""
    names, members, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    order = np.random.default_rng(0).permutation(len(names))
    part, filled = np.empty(len(names), int), np.zeros(count, int)
    for group in order[np.argsort(-sizes[order], kind="stable")]:
        part[group] = filled.argmin()
        filled[part[group]] += sizes[group]
    return part[members]


def fold(part, k):
    """Rows of the training, validation and test windows of fold k."""
    test, validation = part // 2 == k, part == (2 * k + 2) % 10
    return [np.flatnonzero(rows) for rows in (~test & ~validation, validation, test)]


def cuts(bases, starts):
    """LENGTH bases from each start, or from one start for each window: (N, LENGTH)."""
    return np.take_along_axis(bases, np.reshape(starts, (-1, 1)) + np.arange(LENGTH), axis=1)


def every_cut(bases):
    """All cuts of all windows, one start after the other: (21 N, LENGTH)."""
    return np.concatenate([bases[:, start : start + LENGTH] for start in STARTS])


def one_hot(bases):
    return np.eye(4, dtype=np.float32)[bases]


def places(x):
    """One number for each base at each place: (N, 160)."""
    return one_hot(x).reshape(len(x), -1)


def kmers(x, longest=4):
    """How often each word of one to four bases occurs, as square roots: (N, 340)."""
    counts, codes = [], np.zeros_like(x)
    for k in range(1, longest + 1):
        codes = 4 * codes[:, : LENGTH - k + 1] + x[:, k - 1 :]
        codes_of_row = codes + 4**k * np.arange(len(x))[:, None]
        counts.append(np.bincount(codes_of_row.ravel(), minlength=len(x) * 4**k))
        counts[-1] = counts[-1].reshape(len(x), 4**k)
    return np.sqrt(np.concatenate(counts, axis=1)).astype(np.float32)


def weight_matrix(bases, y, kind, before, after=10):
    """Log odds of each base at each place around the junction: (before + after, 4)."""
    near = one_hot(bases[:, 30 - before : 30 + after])
    odds = []
    for c in (kind, 0):
        counts = near[y == c].sum(axis=0) + 1
        odds.append(counts / counts.sum(axis=1, keepdims=True))
    return np.log(odds[0] / odds[1])


def scan(matrix, x, before, after=10):
    """The best score of a matrix along each cut; what lies beyond the cut counts nothing."""
    beyond = [np.zeros((len(x), max(0, reach - 10), 4)) for reach in (before, after)]
    wide = np.concatenate([beyond[0], one_hot(x), beyond[1]], axis=1)
    last = wide.shape[1] - len(matrix) + 1
    return np.max(
        [sum(wide[:, t + k] @ row for k, row in enumerate(matrix)) for t in range(last)], axis=0
    )


def logistic(features, training, validation):
    """The logistic regression whose penalty does best on the validation cuts."""
    (x, y), (x_validation, y_validation) = ((features(x), y) for x, y in (training, validation))
    best, chosen = -1.0, None
    for penalty in PENALTIES:
        model = LogisticRegression(C=penalty, max_iter=2000, tol=1e-2).fit(x, y)
        if (score := model.score(x_validation, y_validation)) > best:
            best, chosen = score, model
    return best, lambda x: chosen.predict(features(x))


def simple(model, training, validation, bases, y):
    """Validation score and a function from cuts to classes, for a method without a network."""
    if model == "nearest":
        x, labels = training
        return None, lambda new: labels[[(x == row).sum(axis=1).argmax() for row in new]]
    if model != "scan":
        return logistic({"linear": places, "k-mers": kmers}[model], training, validation)

    def scores(before):
        matrices = [weight_matrix(bases, y, kind, before) for kind in (1, 2)]
        return lambda x: np.stack([scan(matrix, x, before) for matrix in matrices], axis=1)

    found = [logistic(scores(before), training, validation) for before in REACHES]
    return max(found, key=lambda pair: pair[0])


def convolutions(*shapes):
    """Layers of filters, each with its number and its width, over (N, channels, T)."""
    layers, channels = [], 4
    for filters, width in shapes:
        layers += [nn.Dropout(DROPOUT)] if layers else []
        layers += [nn.Conv1d(channels, filters, width, padding=width // 2), nn.ReLU()]
        channels = filters
    return nn.Sequential(*layers), channels


class Reader(nn.Module):
    """A layer over the bases, in both directions if it recurs; one vector; three logits."""

    def __init__(self, kind):
        super().__init__()
        name, _, self.how = kind.partition(" ")
        if name == "convolution":
            shapes = ((32, 15), (32, 15)) if self.how == "twice" else ((64, 21),)
            self.layer, size = convolutions(*shapes)
        else:
            cell = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}[name]
            self.layer, size = cell(4, HIDDEN, bidirectional=True, batch_first=True), 2 * HIDDEN
        self.drop = nn.Dropout(DROPOUT)
        self.head = nn.Linear(size * LENGTH if self.how == "places" else size, 3)

    def forward(self, x):
        if isinstance(self.layer, nn.Sequential):
            h = self.layer(x.transpose(1, 2)).transpose(1, 2)
        else:
            h, _ = self.layer(x)
        if self.how == "last":  # each direction where it has read everything
            z = torch.cat([h[:, -1, :HIDDEN], h[:, 0, HIDDEN:]], dim=1)
        else:
            z = h.flatten(1) if self.how == "places" else h.amax(dim=1)
        return self.head(self.drop(z))


def train(net, bases, y, rate, seed, shifted):
    """Adam; the rate rises for three tenths of the steps and then falls. New cuts every epoch."""
    rng, target = np.random.default_rng(seed), torch.tensor(y)
    steps = len(y) // BATCH
    optimizer = torch.optim.Adam(net.parameters(), lr=rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=EPOCHS * steps)
    for _ in range(EPOCHS):
        starts = rng.choice(STARTS, len(y)) if shifted else ALIGNED
        x = torch.tensor(one_hot(cuts(bases, starts)))
        for rows in rng.permutation(len(y))[: steps * BATCH].reshape(steps, BATCH):
            loss = nn.functional.cross_entropy(net(x[rows]), target[rows])
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()
            schedule.step()


def network(model, rate, seed, bases, y, shifted):
    """A trained network's function from cuts to classes, and its number of weights."""
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    net = Reader(model)
    train(net, bases, y, rate, seed, shifted)
    net.eval()

    @torch.no_grad()
    def predict(x):
        pieces = torch.tensor(one_hot(x)).split(1024)
        return torch.cat([net(piece).argmax(dim=1) for piece in pieces]).numpy()

    return predict, sum(w.numel() for w in net.parameters())


@cache
def prepare():
    """Bases, classes and families: the same for every run."""
    bases, y = load()
    return bases, y, families(bases)


def run(seed, task, split, model, rate):
    bases, y, kin = prepare()
    part = parts(kin if split == "family" else np.arange(len(y)))
    training, validation, test = fold(part, seed)

    def prepared(rows):
        if task == "aligned":
            return cuts(bases[rows], ALIGNED), y[rows]
        return every_cut(bases[rows]), np.tile(y[rows], len(STARTS))

    parameters, known = None, (bases[training], y[training])
    if rate is None:
        score, predict = simple(model, prepared(training), prepared(validation), *known)
    else:
        predict, parameters = network(model, rate, seed, *known, task == "shifted")
        x, labels = prepared(validation)
        score = float((predict(x) == labels).mean())
    answers = predict(every_cut(bases[test])).reshape(len(STARTS), -1)
    counted = answers[[ALIGNED]] if task == "aligned" else answers
    right = counted == y[test]
    related = np.bincount(kin)[kin[test]] > 1
    return {
        "validation": score,
        "accuracy": float(right.mean()),
        "related": float(right[:, related].mean()),
        "by_start": (answers == y[test]).mean(axis=1).round(4).tolist(),
        "confusion": [
            [int(((y[test] == a) & (counted == b)).sum()) for b in range(3)] for a in range(3)
        ],
        "parameters": parameters,
    }
