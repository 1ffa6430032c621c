"""Written dates into ISO form: an encoder and a decoder, with attention and without.

Four networks, alike but for what the decoder learns of the source at each of its steps:

- "one vector": the encoder's two last states, the same at every step (Cho et al. 2014);
- "attention": a mean of the encoder's outputs with weights of its own at every step, with the
  score that Luong et al. (2015) call general;
- "equal weights": the mean of the encoder's outputs, trained with all weights equal, which
  Wiegreffe and Pinter (2019) ask for before anything is said about the weights;
- "input feeding": attention, and what a step has read goes into the next step (Luong et al. 2015).

The protocol, written before any of these runs. For each network and number of steps the learning
rate is moved by factors of two, from 0.012, until the best one has been tried together with its
two neighbours: best by the share of exact dates on 1,200 validation days, where that is equal by
the smaller loss. All rates are tried with seed 0. The network with the best rate is then trained
with seeds 0, 1 and 2, and only these are scored on the 3,600 test days. The same seed gives the
same batches to all networks. The schedule (a tenth of warm-up, a cosine to zero) belongs to the
number of steps. Seen beforehand: the record that this one replaces, with the additive score, in
TensorFlow, 250 steps, rates up to 0.024 (on the same test days), and the seconds of 40 steps of
each network here.

Scored are exact dates, by length of the text and by language; year, month and day apart; month
and day after a wrong digit was put into the year behind the network's back (1,200 days). For
"attention" the weights are then moved, step by step with the right date before it, and the digits
counted that come out as before: all weight on the place with most of it, on the second, none on
the first (the others scaled up), equal weights, weights shuffled among the characters.

What that gave for "none on the first" is not used: in 32 bits the first place often has all the
weight, and the others 0 / 0.

"one vector" was also to have 960 steps. That setting, the last of the list, was left out unseen
when the others had used up the time for them.
"""

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy, one_hot

from rnnbook.tasks import dates
from rnnbook.text import decoding
from rnnbook.text.vocabulary import Vocabulary, pad
from rnnbook.torch import Seq2Seq

SEEDS = [0]
SETTINGS = [
    *({"network": "attention", "steps": steps} for steps in (60, 120, 240)),
    *({"network": "one vector", "steps": steps} for steps in (60, 120, 240)),
    {"network": "equal weights", "steps": 240},
    *({"network": "input feeding", "steps": steps} for steps in (60, 120)),
    *({"network": network, "steps": 480} for network in ("attention", "one vector")),
]
TRAINED = (0, 1, 2)
DAYS = (24_000, 1200, 3600)
SLIPS = 1200
RATE, BATCH = 0.012, 64
POINT = [
    {
        "seed": 0,
        "settings": {"network": network, "steps": 2},
        "constants": {"TRAINED": (0,), "DAYS": (400, 20, 40)},
        "tolerance": {"": 1 / 20, "loss": 1e-3},
    }
    for network in ("attention", "one vector", "input feeding")
]


class EqualWeights(nn.Module):
    """The place of attention, with the same weight for all characters."""

    def forward(self, query, keys, values, mask):
        weights = (mask / mask.sum(dim=1, keepdim=True))[:, None].expand(-1, query.shape[1], -1)
        return weights @ values, weights


class InputFeeding(Seq2Seq):
    """Each step of the decoder also reads what the last one gave after its look at the source.

    The state is h and that, side by side; the first step has h alone, and reads zeros.
    """

    def __init__(self, *sizes, embedding_size, hidden_size, score):
        super().__init__(
            *sizes, embedding_size=embedding_size, hidden_size=hidden_size, score=score
        )
        self.decoder = nn.GRU(embedding_size + hidden_size, hidden_size, batch_first=True)

    def decode(self, target_in, h_0, summary, memory, mask, *, training=None):
        x, H = self.target_embedding(target_in), self.combine.out_features
        h, fed = h_0[:, :H], h_0[:, H:]
        fed = fed if fed.shape[1] else torch.zeros_like(h)
        all_fed, all_weights = [], []
        for s in range(x.shape[1]):
            _, h = self.decoder(torch.cat([x[:, s], fed], dim=-1)[:, None], h[None].contiguous())
            h = h[0]
            context, weights = self.attention(h[:, None], memory, memory, mask=mask)
            fed = torch.tanh(self.combine(torch.cat([context[:, 0], h], dim=-1)))
            all_fed.append(fed)
            all_weights.append(weights)
        logits = self.output(torch.stack(all_fed, dim=1))
        return logits, torch.cat(all_weights, dim=1), torch.cat([h, fed], dim=-1)


def make(network, characters, digits, seed):
    torch.manual_seed(seed)
    kind = InputFeeding if network == "input feeding" else Seq2Seq
    score = None if network in ("one vector", "equal weights") else "general"
    model = kind(len(characters), len(digits), embedding_size=32, hidden_size=128, score=score)
    if network == "equal weights":
        model.attention = EqualWeights()
    return model


def batch(encoded, indices):
    """Sources, their mask, targets between "<s>" (1) and "</s>" (2), all of one length."""
    source, mask = pad([encoded[0][i] for i in indices])
    target = np.array([encoded[1][i] for i in indices])
    return torch.from_numpy(source), torch.from_numpy(mask), torch.from_numpy(target)


def loss_of(model, source, mask, target):
    logits, _ = model(source, mask, target[:, :-1])
    return cross_entropy(logits.flatten(0, 1), target[:, 1:].flatten())


def train(model, encoded, rate, steps, seed):
    rng = np.random.default_rng(seed)
    optimizer = torch.optim.Adam(model.parameters(), lr=rate)
    warm = steps // 10
    for s in range(steps):
        left = (s - warm) / (steps - warm)
        share = (s + 1) / (warm + 1) if s < warm else (1 + np.cos(np.pi * left)) / 2
        optimizer.param_groups[0]["lr"] = rate * share
        loss = loss_of(model, *batch(encoded, rng.integers(0, len(encoded[0]), BATCH)))
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    return model.eval()


def write(model, encoded, digits):
    """The dates that the network writes, by the most probable token at every step."""
    source, mask, target = batch(encoded, range(len(encoded[0])))
    found = decoding.greedy(
        model.step, model.start(source, mask), target[:, 0].numpy(), max_steps=12, end=2
    )
    return ["".join(digits.decode(ids)) for ids in found]


def after_a_slip(model, encoded, digits):
    """Shares with month and day right: undisturbed, and with a wrong third digit of the year."""
    source, mask, target = batch(encoded, range(len(encoded[0][:SLIPS])))
    shares = []
    for slip in (False, True):
        state, tokens = model.start(source, mask), target[:, 0].numpy()
        good = np.ones(len(tokens), bool)
        for s in range(10):
            log_probs, state = model.step(tokens, state)
            tokens = log_probs.argmax(axis=1)
            if s > 4:
                good &= tokens == target[:, s + 1].numpy()
            if s == 2 and slip:
                tokens = digits["0"] + (target[:, s + 1].numpy() - digits["0"] + 5) % 10
        shares.append(float(good.mean()))
    return shares


def moves(weights, mask, rng):
    """The weights (N, S, T) of attention, moved in five ways."""
    T = weights.shape[-1]
    order = weights.argsort(dim=-1, descending=True)
    first, second = (one_hot(order[..., k], T).to(weights.dtype) for k in (0, 1))
    others = weights * (1 - first)
    noise = torch.from_numpy(rng.random(weights.shape)).masked_fill(~mask[:, None], 2)
    drawn = noise.argsort(dim=-1)  # the places in a random order, padding last as before
    return {
        "all on the first": first,
        "all on the second": second,
        "none on the first": others / others.sum(dim=-1, keepdim=True),
        "equal": (mask / mask.sum(dim=1, keepdim=True))[:, None].expand_as(weights),
        "shuffled": torch.zeros_like(weights).scatter(-1, drawn, weights),
    }


@torch.no_grad()
def with_moved_weights(model, encoded):
    """By move: the share of digits that stay as they were, and the share that is right."""
    source, mask, target = batch(encoded, range(len(encoded[0])))
    memory, summary = model.encode(source, mask)
    h, _ = model.decoder(
        model.target_embedding(target[:, :-1]), torch.tanh(model.bridge(summary))[None]
    )
    _, weights = model.attention(h, memory, memory, mask=mask)

    def digits_with(weights):
        combined = torch.tanh(model.combine(torch.cat([weights @ memory, h], dim=-1)))
        return model.output(combined).argmax(dim=-1)[:, [0, 1, 2, 3, 5, 6, 8, 9]]

    before, right = digits_with(weights), target[:, [1, 2, 3, 4, 6, 7, 9, 10]]
    found = {"as learned": before}
    for name, moved in moves(weights, mask, np.random.default_rng(0)).items():
        found[name] = digits_with(moved)
    return {
        name: [float((d == before).float().mean()), float((d == right).float().mean())]
        for name, d in found.items()
    }


def score(model, pairs, encoded, digits):
    written = write(model, encoded, digits)
    right = np.array([w == p.iso for w, p in zip(written, pairs, strict=True)])
    lengths = np.array([len(p.text) for p in pairs])
    starts = range(5, 35, 5)
    bins = {low: right[(lengths >= low) & (lengths < low + 5)] for low in starts}
    places = {"year": slice(0, 4), "month": slice(5, 7), "day": slice(8, 10)}
    return {
        "exact": float(right.mean()),
        "lengths": {str(low): float(found.mean()) for low, found in bins.items() if len(found)},
        "languages": {
            name: float(right[[p.locale == name for p in pairs]].mean()) for name in dates.LOCALES
        },
        "parts": {
            part: float(
                np.mean([w[place] == p.iso[place] for w, p in zip(written, pairs, strict=True)])
            )
            for part, place in places.items()
        },
        "slip": after_a_slip(model, encoded, digits),
    }


def run(seed, network, steps):
    rng = np.random.default_rng(seed)
    parts = [dates.pairs(rng, days) for days in dates.split(rng, *DAYS)]
    characters = Vocabulary.build([pair.text for pair in parts[0]])
    digits = Vocabulary.build([pair.iso for pair in parts[0]])
    training, validation, test = (
        (
            [characters.encode(p.text) for p in part],
            [[digits["<s>"], *digits.encode(p.iso), digits["</s>"]] for p in part],
        )
        for part in parts
    )

    def trained(rate, seed):
        model = make(network, characters, digits, seed)
        return train(model, training, rate, steps, seed)

    def validated(model):
        written = write(model, validation, digits)
        exact = np.mean([w == p.iso for w, p in zip(written, parts[1], strict=True)])
        with torch.no_grad():
            loss = loss_of(model, *batch(validation, range(len(written))))
        return {"exact": float(exact), "loss": float(loss)}

    tried, models, here = {}, {}, 0
    while not {here - 1, here, here + 1} <= set(tried):
        for k in sorted({here - 1, here, here + 1} - set(tried)):
            models[k] = trained(RATE * 2.0**k, TRAINED[0])
            tried[k] = validated(models[k])
        here = max(tried, key=lambda k: (tried[k]["exact"], -tried[k]["loss"]))
    rate = RATE * 2.0**here
    chosen = [models[here], *(trained(rate, k) for k in TRAINED[1:])]
    result = {
        "rate": rate,
        "tried": {f"{RATE * 2.0**k:g}": tried[k] for k in sorted(tried)},
        "test": [score(model, parts[2], test, digits) for model in chosen],
    }
    if network == "attention":
        result["moved"] = [with_moved_weights(model, test) for model in chosen]
    return result
