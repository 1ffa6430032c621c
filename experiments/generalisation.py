"""Overfitting and what helps: characters of "Alice" read by one LSTM, with little text.

Four comparisons. "method": ways to regularise, on 30,000 characters; for each the best of its
strengths on the ninth tenth of the book with the first seed, then three seeds on the last tenth.
"size": from 7,500 to 120,000 characters, without and with dropout outside the recurrence.
"seeds": three settings with 18 seeds each. "window": trained on windows of one length, read on.
"recall": one symbol to be held for 20 steps, or for up to 20, under masks in different places, and
then for other numbers of steps.
A run is stopped when ten looks at the ninth tenth, 50 steps apart, brought nothing; the best
look counts. Text always ends where the ninth tenth begins.
"""

from copy import deepcopy
from functools import cache
from itertools import pairwise

import numpy as np
import torch
from torch import nn

from rnnbook import convert, data
from rnnbook.tasks import delayed_recall
from rnnbook.text.vocabulary import Vocabulary
from rnnbook.torch import LSTM, VariationalDropout, Zoneout
from rnnbook.torch.variational_dropout import draw_mask

SEEDS = range(3)
EMBEDDING, HIDDEN, WINDOW, BATCH = 64, 128, 48, 32
STEPS, LOOK, PATIENCE, RATE = 3000, 50, 10, 4e-3
STRENGTHS = {
    "none": (1e-3, 2e-3, 4e-3, 8e-3),  # learning rates: all there is to tune
    "smaller": (32, 48, 64, 96),  # units
    "decay": (0.03, 0.1, 0.3, 1.0),
    "L2": (1e-5, 1e-4, 1e-3),
    "outside": (0.2, 0.4, 0.6),
    "fresh h": (0.1, 0.25, 0.5),
    "fresh c": (0.1, 0.25, 0.5),
    "same h": (0.1, 0.25, 0.5),
    "weights": (0.25, 0.5, 0.75),
    "zoneout": (0.05, 0.15, 0.3),
    "outside + same h": (0.2, 0.4, 0.6),  # outside; a quarter of the state
}
SIZES = (7_500, 15_000, 30_000, 60_000, 120_000)
TRIED = (0.25, 0.4, 0.5)
SETTINGS = (
    [{"part": "method", "method": method, "size": 30_000} for method in STRENGTHS]
    + [{"part": "size", "method": m, "size": n} for m in ("none", "outside") for n in SIZES]
    + [
        {"part": "seeds", "method": "outside", "size": 15_000, "strength": p, "block": block}
        for p in TRIED
        for block in range(6)
    ]
    + [
        {"part": "window", "size": 60_000, "window": window, "carried": carried}
        for window, carried in ((8, False), (8, True), (48, False), (48, True))
    ]
    + [
        {"part": "recall", "method": method, "strength": p, "varied": varied}
        for varied in (False, True)
        for method in ("none", "fresh h", "fresh c", "same h", "zoneout")
        for p in ((0.25, 0.5) if method != "none" else (0.0,))
    ]
)
POINT = [
    *(
        {
            "seed": 0,
            "settings": {
                "part": "recall",
                "method": method,
                "strength": 0.25,
                "varied": varied,
                "steps": 20,
            },
            "constants": {},
            "tolerance": 1 / 500,
        }
        for method, varied in (
            ("none", False),
            ("fresh c", True),
            ("same h", True),
            ("weights", True),
            ("zoneout", True),
        )
    ),
    {
        "seed": 0,
        "settings": {"part": "window", "size": 7_500, "window": 8, "carried": True},
        "constants": {"EMBEDDING": 8, "HIDDEN": 8, "STEPS": 10, "LOOK": 10},
        "tolerance": 1e-3,
    },
]


class FreshDropout(nn.Module):
    """An LSTM whose old state h or old cell c gets a new mask at every step."""

    def __init__(self, layer, rate, of):
        super().__init__()
        self.layer, self.rate, self.of = layer, rate, of

    def forward(self, x):
        state, hs = {name: x.new_zeros(len(x), self.layer.hidden_size) for name in "hc"}, []
        for x_t in x.unbind(1):
            if self.training:
                state[self.of] = draw_mask(state[self.of], self.rate) * state[self.of]
            state["h"], state["c"] = self.layer.step(x_t, (state["h"], state["c"]))
            hs.append(state["h"])
        return torch.stack(hs, dim=1), (state["h"], state["c"])


class WeightDrop(nn.Module):
    """An LSTM some of whose recurrent weights are zero, drawn anew for every batch."""

    def __init__(self, layer, rate):
        super().__init__()
        self.layer, self.rate = layer, rate

    def forward(self, x):
        if not self.training:
            return self.layer(x)
        dropped = {"W_h": draw_mask(self.layer.W_h, self.rate) * self.layer.W_h}
        return torch.func.functional_call(self.layer, dropped, (x,))


def fused(layer):
    """The same weights as torch.nn.LSTM, which is faster; one of its two biases stays zero."""
    module = convert.to_torch(layer.params())
    module.bias_hh_l0.requires_grad_(False)
    return module


def core(method, strength, inputs, hidden):
    """The recurrent layer with the masks of one method."""
    layer = LSTM(inputs, hidden)
    if method in ("fresh h", "fresh c"):
        return FreshDropout(layer, strength, of=method[-1])
    if method == "same h":
        return VariationalDropout(layer, state_rate=strength)
    if method == "outside + same h":
        return VariationalDropout(layer, state_rate=0.25)
    if method == "weights":
        return WeightDrop(layer, strength)
    if method == "zoneout":
        return Zoneout(layer, rate=strength, cell_rate=strength)
    return fused(layer)


class Reader(nn.Module):
    """An embedding, an LSTM, and scores for the next character at every step."""

    def __init__(self, tokens, method="none", strength=0.0):
        super().__init__()
        hidden = strength if method == "smaller" else HIDDEN
        self.dropout = nn.Dropout(strength if "outside" in method else 0.0)
        self.embedding = nn.Embedding(tokens, EMBEDDING)
        self.core = core(method, strength, EMBEDDING, hidden)
        self.head = nn.Linear(hidden, tokens)

    def forward(self, ids, state=None):
        x = self.dropout(self.embedding(ids))
        h, state = self.core(x) if state is None else self.core(x, state)
        return self.head(self.dropout(h)), state


def load(size=120_000):
    """The number of characters; training text, ninth and last tenth as numbers.

    What does not stand in the first eight tenths counts as unknown, at every size.
    """
    text = data.load_text("alice29")
    a, b = int(0.8 * len(text)), int(0.9 * len(text))
    vocabulary = Vocabulary.build([text[:a]], specials=("<unk>",))
    parts = (text[a - size : a], text[a:b], text[b:])
    return len(vocabulary), [torch.tensor(vocabulary.encode(part)) for part in parts]


@torch.no_grad()
def losses(model, ids, length=300):
    """Bits of every character, in rows of `length` steps that begin without a state."""
    model.eval()
    n = (len(ids) - 1) // length * length
    logits, _ = model(ids[:n].view(-1, length))
    model.train()
    entropies = nn.functional.cross_entropy(logits.flatten(0, 1), ids[1 : n + 1], reduction="none")
    return entropies.view(-1, length) / np.log(2)


def bits(model, ids):
    return losses(model, ids).mean().item()


def optimizer_of(model, method, strength):
    """Adam; biases are left out of both kinds of decay."""
    weights = [w for w in model.parameters() if w.requires_grad and w.ndim > 1]
    others = [w for w in model.parameters() if w.requires_grad and w.ndim == 1]
    decay = strength if method in ("decay", "L2") else 0.0
    groups = [{"params": weights, "weight_decay": decay}, {"params": others, "weight_decay": 0.0}]
    kind = torch.optim.AdamW if method == "decay" else torch.optim.Adam
    return kind(groups, lr=strength if method == "none" else RATE)


def windows(training, rng, window=WINDOW):
    """Batches without end, each from random places of the text; no state is carried."""
    rows = training.unfold(0, window + 1, 1)
    while True:
        batch = rows[rng.integers(len(rows), size=BATCH * WINDOW // window)]
        yield batch[:, :-1], batch[:, 1:], False


def streams(training, rng, window):
    """Batches without end that go on where the one before stopped, from random beginnings."""
    rows, length = BATCH * WINDOW // window, len(training) - 1
    places = rng.integers(length, size=(rows, 1))
    carried = False
    while True:
        ids = (places + np.arange(window)) % length
        yield training[ids], training[ids + 1], carried
        places, carried = places + window, True


def step(model, optimizer, x, y, state=None):
    """One step of training; returns the state, cut off from its history."""
    logits, state = model(x, state)
    loss = nn.functional.cross_entropy(logits.flatten(0, 1), y.flatten())
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    return tuple(s.detach() for s in state)


def train(model, optimizer, batches, validation, progress=lambda steps: steps):
    """Train until PATIENCE looks bring nothing; leaves the best weights and returns all looks."""
    looks, best, state = [], None, None
    for k in progress(range(1, STEPS + 1)):
        x, y, carried = next(batches)
        state = step(model, optimizer, x, y, state if carried else None)
        if k % LOOK:
            continue
        looks.append(bits(model, validation))
        if looks[-1] == min(looks):
            best = deepcopy(model.state_dict())
        if len(looks) - 1 - int(np.argmin(looks)) >= PATIENCE:
            break
    model.load_state_dict(best)
    return looks


def trained(seed, method, size, strength):
    tokens, (training, validation, test) = load(size)
    torch.manual_seed(seed)
    model = Reader(tokens, method, strength)
    optimizer = optimizer_of(model, method, strength)
    looks = train(model, optimizer, windows(training, np.random.default_rng(seed)), validation)
    return {
        "strength": strength,
        "training": round(bits(model, training), 4),
        "validation": round(min(looks), 4),
        "test": round(bits(model, test), 4),
        "steps": LOOK * (1 + int(np.argmin(looks))),
        "parameters": sum(w.numel() for w in model.parameters() if w.requires_grad),
    }


@cache
def first(method, size):
    """With the first seed: the strength that is best on the ninth tenth, and all tried."""
    runs = [trained(0, method, size, strength) for strength in STRENGTHS[method]]
    best = min(runs, key=lambda run: run["validation"])
    return best | {"tried": [[run["strength"], run["validation"]] for run in runs]}


def chosen(seed, method, size):
    best = first(method, size)
    return best if seed == 0 else trained(seed, method, size, best["strength"])


LAG, LAGS = 20, (5, 10, 20, 40, 80, 160, 320)
BANDS = (0, 8, 16, 48, 100, 300)


def window_run(seed, size, window, carried):
    """Bits on the last tenth by the number of characters read, from an empty state."""
    tokens, (training, validation, test) = load(size)
    torch.manual_seed(seed)
    model = Reader(tokens)
    batches = (streams if carried else windows)(training, np.random.default_rng(seed), window)
    train(model, torch.optim.Adam(model.parameters(), lr=RATE), batches, validation)
    by_place = losses(model, test).mean(0).numpy()
    bands = [by_place[low:high].mean() for low, high in pairwise(BANDS)]
    return {"test": [round(float(b), 4) for b in bands]}


class Recaller(nn.Module):
    """Which symbol came first? An LSTM of 32 units, read at its last step."""

    def __init__(self, method, strength):
        super().__init__()
        self.core, self.head = core(method, strength, 5, 32), nn.Linear(32, 4)

    def forward(self, x):
        return self.head(self.core(x)[0][:, -1])


def recall_batch(rng, size, lag):
    x, y, _ = delayed_recall(rng, size, lag)
    return torch.tensor(x).float(), torch.tensor(y)


@torch.no_grad()
def recalled(model, rng, lag):
    """The share of 500 symbols that are right; chance is a quarter."""
    x, y = recall_batch(rng, 500, lag)
    return round((model(x).argmax(1) == y).float().mean().item(), 4)


def recall_run(seed, method, strength, varied, steps=800, rate=1e-2):
    """Accuracy by lag, without masks, of a network trained with them."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    model = Recaller(method, strength)
    optimizer = torch.optim.Adam(model.parameters(), lr=rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps)
    for _ in range(steps):
        x, y = recall_batch(rng, 64, int(rng.integers(1, LAG + 1)) if varied else LAG)
        loss = nn.functional.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
    model.eval()
    return {"accuracy": [recalled(model, rng, lag) for lag in LAGS]}


def run(seed, part, **settings):
    torch.set_num_threads(1)
    if part == "window":
        return window_run(seed, **settings)
    if part == "recall":
        return recall_run(seed, **settings)
    if part == "seeds":
        block = settings.pop("block")
        return trained(3 * block + seed, **settings) | {"drawn": 3 * block + seed}
    return chosen(seed, **settings)
