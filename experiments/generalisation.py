"""Cures for learning by heart: one LSTM reads 30,000 characters of "Alice", and counting beside it.

The protocol, written before any run was scored.

Text. At each of four places of the book the network is trained on the 30,000 characters before it;
the next tenth of the book decides when to stop and which setting to take, the tenth after that
gives the score. The last place is that of the page: training ends where the ninth tenth begins. The
test parts do not overlap, and none of them lies in the part by which settings are chosen, which is
that of the last place. (The test part of the third place is in the training text of the last one.)
Characters that do not stand in the first eight tenths count as unknown, everywhere.

Cures. Each has one strength; "none" has only its learning rate. The strength is found at the last
place with seed 0 by the bits on the ninth tenth, at the rate 0.004: three values of a ladder, then
on until both neighbours of the best are worse, or the ladder ends. After that the rate is found in
the same way, at that strength. "closed" says for both whether the best lies inside. "annealed" is
"none" with a rate that falls in a straight line to zero; its strength is the number of steps. In
"outside + same h" the strength is that outside, and a quarter of the state is masked.

Second edition. Of 23 searches three had ended at an edge of their ladder: the penalty at 1e-5, and
the rates of "fresh h" and "fresh hc" at 0.001. The ladders were made longer at that end, and these
three run again. The others had ended inside, with a worse neighbour on each side; they would do the
same again and were kept.

Averages. While a network is trained, exponential averages of its weights are kept beside it, and
looked at like a network of their own; they change nothing in the training. Four decays for "none"
and "outside", 0.99 for all others. The strengths are chosen by the weights themselves, never by an
average. Each set of weights is stopped by itself when eight looks, 50 steps apart, brought nothing,
and its best look counts.

Score. With the chosen setting one training at each place (its number is its seed), and a second one
for the methods that stand in `TWICE`. Only these leave test losses: means over rows of 300
characters that begin with an empty state, in generalisation-METHOD.npz as (trainings, sets of
weights, rows), the sets in the order of "sets"; for the methods in `CHARACTERS` also the bits of
each character of the test part in the first training at each place, by the weights themselves and
by the average of 0.99, in float16.

Beforehand: an earlier record (three seeds, the last place only, windows of 48, no averages) had the
best strengths that the ladders begin with. Today only the time of a few steps was taken: 10 to 13
ms for a fused layer, 21 to 26 for the others, on a busy core. Windows of 32 steps in place of 48
make the layers that have no fused form a third faster, with as many characters in a step.

Expected, in the page's draft, committed before this record: every mask ahead of no cure; annealing,
the penalty and decay not settled; each mask inside the recurrence alone behind dropout outside
(zoneout was not among these, and came to them after the record); fresh masks of h or one not
settled; the average of 0.99 ahead of its own weights, without a cure and with dropout outside (by
an error of the text alone; that of the trainings was added after the record), and not settled
against annealing; network and table not told apart; the mean of both ahead of either.
"""

from copy import deepcopy
from functools import cache

import numpy as np
import torch
from torch import nn

from rnnbook import convert, data
from rnnbook.text.vocabulary import Vocabulary
from rnnbook.torch import LSTM, VariationalDropout, Zoneout
from rnnbook.torch.variational_dropout import draw_mask

SEEDS = [0]
SIZE, PLACES = 30_000, (30_000, 60_600, 91_200, 121_671)  # where the training text ends
EMBEDDING, HIDDEN, WINDOW, BATCH = 64, 128, 32, 48
STEPS, LOOK, PATIENCE = 4000, 50, 8
TRIED = 7  # values of a ladder, at most
RATES = (2.5e-4, 5e-4, 1e-3, 2e-3, 4e-3, 8e-3, 1.6e-2, 3.2e-2)
LADDERS = {  # the search begins in the middle
    "none": (),
    "annealed": (100, 250, 500, 1000, 2000),
    "decay": (0.03, 0.1, 0.3, 1.0, 3.0),
    "L2": (1e-6, 3e-6, 1e-5, 3e-5, 1e-4, 3e-4, 1e-3),
    "outside": (0.1, 0.2, 0.4, 0.6, 0.75),
    "fresh h": (0.05, 0.1, 0.25, 0.5, 0.75),
    "fresh c": (0.1, 0.25, 0.5, 0.75, 0.9),
    "fresh hc": (0.05, 0.1, 0.25, 0.5, 0.75),
    "same h": (0.05, 0.1, 0.25, 0.5, 0.75),
    "weights": (0.1, 0.25, 0.5, 0.75, 0.9),
    "outside + same h": (0.05, 0.1, 0.2, 0.4, 0.6),
    "zoneout": (0.02, 0.05, 0.15, 0.3, 0.5),
}
MANY = ("none", "outside")  # methods with four averages
TWICE = ("none", "outside + same h")
CHARACTERS = ("none", "outside + same h")
SETTINGS = [{"method": method} for method in LADDERS]
TINY = {
    "EMBEDDING": 8,
    "HIDDEN": 8,
    "STEPS": 20,
    "LOOK": 20,
    "TRIED": 1,
    "PLACES": (121_671,),
    "TWICE": (),
    "CHARACTERS": (),
    "MANY": (),
}
POINT = [
    {"seed": 0, "settings": {"method": method}, "constants": TINY, "tolerance": 1e-3}
    for method in ("none", "fresh hc", "same h", "weights", "zoneout")
]


class FreshDropout(nn.Module):
    """An LSTM whose old state h, old cell c, or both ("hc"), get new masks at every step."""

    def __init__(self, layer, rate, of):
        super().__init__()
        self.layer, self.rate, self.of = layer, rate, of

    def step(self, x_t, state):
        h, c = state
        if self.training and "h" in self.of:
            h = draw_mask(h, self.rate) * h
        if self.training and "c" in self.of:
            c = draw_mask(c, self.rate) * c
        return self.layer.step(x_t, (h, c))

    def forward(self, x):
        state, hs = (x.new_zeros(len(x), self.layer.hidden_size),) * 2, []
        for x_t in x.unbind(1):
            state = self.step(x_t, state)
            hs.append(state[0])
        return torch.stack(hs, dim=1), state


class WeightDrop(nn.Module):
    """A torch.nn.LSTM some of whose recurrent weights are zero, drawn anew for every batch."""

    def __init__(self, layer, rate):
        super().__init__()
        self.layer, self.rate = layer, rate

    def forward(self, x):
        if not self.training:
            return self.layer(x)
        weight = self.layer.weight_hh_l0
        dropped = {"weight_hh_l0": draw_mask(weight, self.rate) * weight}
        return torch.func.functional_call(self.layer, dropped, (x,))


class Average:
    """An exponential average of a model's weights, corrected for its beginning at zero."""

    def __init__(self, model, decay):
        self.copy, self.decay, self.steps = deepcopy(model), decay, 0
        self.sums = [torch.zeros_like(w) for w in model.parameters()]

    @torch.no_grad()
    def update(self, model):
        self.steps += 1
        torch._foreach_lerp_(self.sums, list(model.parameters()), 1 - self.decay)

    @torch.no_grad()
    def model(self):
        for weight, total in zip(self.copy.parameters(), self.sums, strict=True):
            weight.copy_(total / (1 - self.decay**self.steps))
        return self.copy


def fused(layer):
    """The same weights as torch.nn.LSTM, which is faster; one of its two biases stays zero."""
    module = convert.to_torch(layer.params())
    module.bias_hh_l0.requires_grad_(False)
    return module


def core(method, strength, inputs, hidden):
    """The recurrent layer with the masks of one method."""
    layer = LSTM(inputs, hidden)
    if method.startswith("fresh"):
        return FreshDropout(layer, strength, of=method.removeprefix("fresh "))
    if method == "same h":
        return VariationalDropout(layer, state_rate=strength)
    if method == "outside + same h":
        return VariationalDropout(layer, state_rate=0.25)
    if method == "weights":
        return WeightDrop(fused(layer), strength)
    if method == "zoneout":
        return Zoneout(layer, rate=strength, cell_rate=strength)
    return fused(layer)


class Reader(nn.Module):
    """An embedding, an LSTM, and scores for the next character at every step."""

    def __init__(self, tokens, method="none", strength=0.0, hidden=HIDDEN):
        super().__init__()
        self.dropout = nn.Dropout(strength if "outside" in method else 0.0)
        self.embedding = nn.Embedding(tokens, EMBEDDING)
        self.core = core(method, strength, EMBEDDING, hidden)
        self.head = nn.Linear(hidden, tokens)

    def forward(self, ids, state=None):
        x = self.dropout(self.embedding(ids))
        h, state = self.core(x) if state is None else self.core(x, state)
        return self.head(self.dropout(h)), state


def load(size, place=PLACES[-1]):
    """The number of characters; the text before a place and the two tenths after it as numbers."""
    text = data.load_text("alice29")
    begin, tenth = int(0.8 * len(text)), int(0.9 * len(text)) - int(0.8 * len(text))
    vocabulary = Vocabulary.build([text[:begin]], specials=("<unk>",))
    end = len(text) if place == begin else place + 2 * tenth
    parts = (text[place - size : place], text[place : place + tenth], text[place + tenth : end])
    return len(vocabulary), [torch.tensor(vocabulary.encode(part)) for part in parts]


@torch.no_grad()
def answers(model, ids, length=300):
    """In rows that begin without a state: bits of each character; is the likeliest right?"""
    model.eval()
    n = (len(ids) - 1) // length * length
    logits, y = model(ids[:n].view(-1, length))[0].flatten(0, 1), ids[1 : n + 1]
    model.train()
    entropies = nn.functional.cross_entropy(logits, y, reduction="none")
    right = (logits.argmax(1) == y).float().mean().item()
    return entropies.view(-1, length) / np.log(2), right


def bits(model, ids):
    return answers(model, ids)[0].mean().item()


def optimizer_of(model, method, strength, rate):
    """Adam; biases are left out of both kinds of decay."""
    weights = [w for w in model.parameters() if w.requires_grad and w.ndim > 1]
    others = [w for w in model.parameters() if w.requires_grad and w.ndim == 1]
    decay = strength if method in ("decay", "L2") else 0.0
    groups = [{"params": weights, "weight_decay": decay}, {"params": others, "weight_decay": 0.0}]
    kind = torch.optim.AdamW if method == "decay" else torch.optim.Adam
    return kind(groups, lr=rate)


def windows(training, rng, window=WINDOW):
    """Batches without end, each from random places of the text; no state is carried."""
    rows = training.unfold(0, window + 1, 1)
    while True:
        batch = rows[rng.integers(len(rows), size=BATCH * WINDOW // window)]
        yield batch[:, :-1], batch[:, 1:], False


def step(model, optimizer, x, y, state=None):
    """One step of training; returns the state, cut off from its history."""
    logits, state = model(x, state)
    loss = nn.functional.cross_entropy(logits.flatten(0, 1), y.flatten())
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    return tuple(s.detach() for s in state)


class Looks:
    """Bits of one set of weights on the validation part, until PATIENCE looks bring nothing."""

    def __init__(self):
        self.bits, self.best, self.open = [], None, True

    def look(self, model, ids):
        self.bits.append(bits(model, ids))
        if self.bits[-1] == min(self.bits):
            self.best = deepcopy(model.state_dict())
        self.open = len(self.bits) - 1 - int(np.argmin(self.bits)) < PATIENCE

    def steps(self):
        return LOOK * (1 + int(np.argmin(self.bits)))


def train(model, optimizer, batches, validation, decays=(), until=None, most=None):
    """Train until no set of weights gets better; {decay, 0 for the weights themselves: Looks}."""
    averages, looks = [Average(model, decay) for decay in decays], [Looks() for _ in (0, *decays)]
    rates, state = [group["lr"] for group in optimizer.param_groups], None
    for k in range(1, (until or most or STEPS) + 1):
        if until:  # annealed
            for group, rate in zip(optimizer.param_groups, rates, strict=True):
                group["lr"] = rate * (1 - (k - 1) / until)
        x, y, carried = next(batches)
        state = step(model, optimizer, x, y, state if carried else None)
        for average in averages:
            average.update(model)
        if k % LOOK and k != until:
            continue
        for seen, average in zip(looks, [None, *averages], strict=True):
            if seen.open:
                seen.look(average.model() if average else model, validation)
        if not any(seen.open for seen in looks):
            break
    return dict(zip((0.0, *decays), looks, strict=True))


@cache
def fitted(method, strength, rate, place, seed):
    """A trained network and the looks of all its sets of weights."""
    tokens, (training, validation, _) = load(SIZE, place)
    torch.manual_seed(seed)
    model = Reader(tokens, method, strength)
    optimizer = optimizer_of(model, method, strength, rate)
    batches = windows(training, np.random.default_rng(seed))
    decays = (0.97, 0.99, 0.997, 0.999) if method in MANY else (0.99,)
    until = strength if method == "annealed" else None
    return model, train(model, optimizer, batches, validation, decays, until)


def climb(values, begin, loss):
    """The best of a ladder, all losses found, and whether both neighbours of the best are worse."""
    found, best = {}, values.index(begin)
    while True:
        for k in (best, best - 1, best + 1):
            if 0 <= k < len(values) and k not in found and len(found) < TRIED:
                found[k] = loss(values[k])
        least = min(found, key=found.get)
        if least == best:
            closed = best - 1 in found and best + 1 in found
            return values[best], {values[k]: found[k] for k in sorted(found)}, closed
        best = least


def search(method):
    """The strength, then the rate, by the bits on the ninth tenth at the last place."""

    def loss(strength, rate):
        return round(min(fitted(method, strength, rate, PLACES[-1], 0)[1][0.0].bits), 4)

    strength, tried, closed = 0.0, {}, True
    if ladder := LADDERS[method]:
        middle = ladder[len(ladder) // 2]
        strength, tried, closed = climb(ladder, middle, lambda s: loss(s, 4e-3))
    rate, rates, inside = climb(RATES, 4e-3, lambda r: loss(strength, r))
    return {
        "strength": strength,
        "rate": rate,
        "closed": [closed, inside],
        "tried": [[s, v] for s, v in tried.items()],
        "rates": [[r, v] for r, v in rates.items()],
    }


def score(model, looks, place):
    """Means, and rows of bits, of each set of weights at its best look."""
    _, parts = load(SIZE, place)
    means, rows, characters = [], {"validation": [], "test": []}, []
    for seen in looks.values():
        model.load_state_dict(seen.best)
        found = {"steps": seen.steps()}
        for name, ids in zip(("training", "validation", "test"), parts, strict=True):
            entropies, right = answers(model, ids)
            found |= {name: round(entropies.mean().item(), 4), f"{name} right": round(right, 4)}
            if name in rows:
                rows[name].append(entropies.mean(1).numpy())
        means.append(found)
        characters.append(entropies.flatten().numpy().astype(np.float16))
    return means, {name: np.stack(v) for name, v in rows.items()}, characters


def run(seed, method):
    torch.set_num_threads(1)
    chosen, trainings, arrays = search(method), [], {"validation": [], "test": []}
    characters = []
    for draw in range(2 if method in TWICE else 1):
        for number, place in enumerate(PLACES):
            own = 0 if place == PLACES[-1] else 1 + number
            model, looks = fitted(
                method, chosen["strength"], chosen["rate"], place, 10 * draw + own
            )
            means, rows, by_character = score(model, looks, place)
            trainings.append({"place": place, "draw": draw, "sets": means})
            for name in arrays:
                arrays[name].append(rows[name])
            if method in CHARACTERS and draw == 0:
                kept = [list(looks).index(decay) for decay in (0.0, 0.99)]
                characters.append(np.stack([by_character[k] for k in kept]))
    fitted.cache_clear()
    arrays = {name: np.stack(v).astype(np.float32) for name, v in arrays.items()}
    if characters:
        arrays["characters"] = np.stack(characters)
    return {
        **chosen,
        "sets": list(looks),
        "parameters": sum(w.numel() for w in model.parameters() if w.requires_grad),
        "trainings": trainings,
        "weights": {f"generalisation-{method.replace(' + ', '-').replace(' ', '-')}": arrays},
    }
