"""Recurrent models of quatrains and of a play, trained with PyTorch, and what they write.

The model is an embedding, a GRU and the transposed embedding. Rates, epochs and dropout are those
of this record's first edition, which were chosen on the validation parts of that edition with
Keras; nothing was tuned since. The play is read scene by scene without the headings that stand
before each; its last scene is the test, the two before it are for validation. The weights of the
first seed are kept, as 16-bit numbers, for the notebook. What the models write is drawn from the
16-bit weights too, each set of texts with a stream of random numbers of its own.

For every seed the record has

- "validation" and "test", bits a character;
- "written", counts of what the model writes under each way of drawing, "<unk>" forbidden: the bits
  a character of the poems in form under the model as it was trained ("<unk>" not forbidden), the
  share of distinct pairs of characters, form and rhyme, and the longest runs copied from the
  training part (mean, standard deviation, longest);
- "real", for the quatrains: bits a character of each test poem that holds no "<unk>", numbered as
  in the test part;
- "free", for the quatrains: POEMS draws from the whole model, nothing forbidden. Counted are those
  in form and without "<unk>", and of these the ones that rhyme: that is the model's distribution
  given these conditions, by rejection. With bits a character of both;
- "masked", for the quatrains: the same conditions by masking, MASKED poems: their bits, their
  weights prod_t P(allowed_t | beginning), and the bits once weighted: that is the same
  distribution as by rejection, by importance sampling. "reach" is how many characters of the
  vocabulary rhyme with the end of line 2, in the mean, for each of the three.

Tried beforehand: one epoch of each text for the time it takes, and the sampling below with the
weights of the first edition, 500 poems, for its time. Two seeds, since the budget is 15 minutes of
CPU; that of the poems and texts they write is the larger error.
"""

import numpy as np
import torch
from torch import nn

from rnnbook import convert, data
from rnnbook.numpy import gru
from rnnbook.text import decoding, quality
from rnnbook.text.vocabulary import Vocabulary

SEEDS = range(2)
SETTINGS = [{"text": "quatrains"}, {"text": "play"}]
POINT = [
    {
        "seed": 0,
        "settings": {"text": "play"},
        "constants": {
            "EMBEDDING": 16,
            "HIDDEN": 32,
            "EPOCHS": {"play": 1},
            "RATE": {"play": 3e-2},
            "SAMPLES": {"play": 4},
            "WAYS": {"play": {"temperature": (0.5,), "typical_p": (0.5,), "min_p": (0.1,)}},
        },
        "first": {"load_scenes": 5},
        "tolerance": 1e-3,
    }
]
EMBEDDING, HIDDEN, BATCH, WINDOW = 128, 256, 32, 64
RATE = {"quatrains": 3e-3, "play": 5e-3}
EPOCHS = {"quatrains": 14, "play": 12}
DROPOUT = {"quatrains": 0.3, "play": 0.15}
SAMPLES = {"quatrains": 300, "play": 100}
TEMPERATURES = (0.5, 0.7, 0.85, 1.0, 1.2)
WAYS = {
    "quatrains": {
        "temperature": TEMPERATURES,
        "top_k": (5, 20, 80, 320),
        "top_p": (0.4, 0.6, 0.8, 0.95),
        "min_p": (0.3, 0.1, 0.03, 0.01),
        "typical_p": (0.4, 0.6, 0.8, 0.95),
    },
    "play": {"temperature": TEMPERATURES},
}
POEMS, MASKED, AT_ONCE = 4000, 1000, 500


def load(text):
    """The vocabulary, and the training, validation and test parts, each a list of texts."""
    if text == "quatrains":
        poems = data.load_quatrains(distinct=True).poem.to_numpy()
        whole = list(poems[np.random.default_rng(0).permutation(len(poems))])
        a, b = int(0.9 * len(whole)), int(0.95 * len(whole))
    else:
        whole = list(data.load_scenes().text)
        a, b = len(whole) - 3, len(whole) - 1
    split = whole[:a], whole[a:b], whole[b:]
    return Vocabulary.build(split[0], specials=("\n", "<unk>"), min_count=2), split


def rows(text, vocabulary, part, rng=None):
    """Ids (N, T): a poem in each row, or windows of the play from a random offset."""
    if text == "quatrains":
        return np.stack([vocabulary.encode(f"\n{poem}\n") for poem in part])
    ids = vocabulary.encode("\n".join(part))[0 if rng is None else rng.integers(WINDOW) :]
    starts = np.arange(0, len(ids) - WINDOW, WINDOW)
    return np.stack([ids[s : s + WINDOW + 1] for s in starts])


class LanguageModel(nn.Module):
    """Embedding, GRU, projection, and scores by the embedding's own vectors."""

    def __init__(self, tokens, dropout):
        super().__init__()
        self.embedding = nn.Embedding(tokens, EMBEDDING)
        nn.init.normal_(self.embedding.weight, std=0.1)
        self.gru = nn.GRU(EMBEDDING, HIDDEN, batch_first=True)
        self.projection = nn.Linear(HIDDEN, EMBEDDING)
        self.dropout = nn.Dropout(dropout)
        self.bias = nn.Parameter(torch.zeros(tokens))

    def forward(self, tokens):
        h, _ = self.gru(self.dropout(self.embedding(tokens)))
        e = self.dropout(self.projection(self.dropout(h)))
        return e @ self.embedding.weight.T + self.bias


def loss(model, ids):
    """Nats a token of all but the first of each row (N, T)."""
    scores = model(ids[:, :-1])
    return nn.functional.cross_entropy(scores.flatten(0, 1), ids[:, 1:].flatten())


def train(text, seed):
    """A trained model, its vocabulary, and the parts of the text."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    vocabulary, split = load(text)
    model = LanguageModel(len(vocabulary), DROPOUT[text])
    steps = EPOCHS[text] * -(-len(rows(text, vocabulary, split[0])) // BATCH)
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE[text], eps=1e-7)
    rate = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.01, steps)
    for _ in range(EPOCHS[text]):
        ids = torch.tensor(rows(text, vocabulary, split[0], rng))
        for batch in torch.tensor(rng.permutation(len(ids))).split(BATCH):
            optimizer.zero_grad()
            loss(model, ids[batch]).backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            rate.step()
    return model.eval(), vocabulary, split


def weights(model):
    """The model as NumPy arrays: gru.Params, embedding, projection and bias."""
    params = convert.from_torch(model.gru)
    arrays = {f"gru_{name}": array for name, array in params._asdict().items()}
    arrays["embedding"] = model.embedding.weight.detach().numpy()
    arrays["projection_W"] = model.projection.weight.detach().numpy().T
    arrays["projection_b"] = model.projection.bias.detach().numpy()
    arrays["bias"] = model.bias.detach().numpy()
    return {name: np.asarray(array, dtype=np.float16) for name, array in arrays.items()}


def stepper(arrays):
    """The function step(tokens, h) that `rnnbook.text.decoding` wants, in NumPy."""
    arrays = {name: array.astype(np.float32) for name, array in arrays.items()}
    params = gru.Params(*(arrays[f"gru_{name}"] for name in gru.Params._fields))

    def step(tokens, h):
        h = gru.step(params, arrays["embedding"][tokens], h)
        e = h @ arrays["projection_W"] + arrays["projection_b"]
        return decoding.log_softmax(e @ arrays["embedding"].T + arrays["bias"]), h

    return step


def zeros(count):
    return np.zeros((count, HIDDEN), np.float32)


def along(step, ids, allowed=None):
    """Bits of all tokens of each row but the first, and of all that a rule allows there (N, T)."""
    h, bits, masses = zeros(len(ids)), [], []
    for t in range(ids.shape[1] - 1):
        log_probs, h = step(ids[:, t], h)
        bits.append(-log_probs[np.arange(len(ids)), ids[:, t + 1]] / np.log(2))
        if allowed is not None:
            keep = np.broadcast_to(allowed(ids[:, : t + 1]), log_probs.shape)
            mass = np.where(keep, np.exp(log_probs), 0).sum(axis=1)
            masses.append(-np.log2(mass))
    return np.stack(bits, axis=1), np.stack(masses, axis=1) if masses else None


def shown(values):
    """Mean, standard deviation and number."""
    values = np.asarray(values, float)
    return {
        "mean": round(float(values.mean()), 4),
        "sd": round(float(values.std(ddof=1)), 4),
        "n": len(values),
    }


def statistics(text, step, vocabulary, training, rng, how):
    """What the model writes in one way, counted."""
    start = np.full(SAMPLES[text], vocabulary["\n"])
    found = decoding.sample(
        rng,
        decoding.forbid(step, vocabulary["<unk>"]),
        zeros(len(start)),
        start,
        max_steps=24 if text == "quatrains" else 200,
        **how,
    )
    texts = ["".join(vocabulary.decode(ids)) for ids in found]
    corpus = "\n".join(training)
    copied = [quality.longest_copied_run(t, corpus) for t in texts]
    counted = {
        "distinct_2": round(quality.distinct_share(texts, 2), 4),
        "copied": shown(copied) | {"longest": max(copied)},
    }
    if text == "quatrains":
        classes = data.load_rhymes()
        form = [t for t in texts if quality.is_quatrain(t)]
        known = [r for r in (quality.rhymes(t, classes) for t in form) if r is not None]
        counted["form"] = round(len(form) / len(texts), 4)
        counted["rhyme"] = round(float(np.mean(known)), 4)
        counted["bits"] = shown(along(step, rows(text, vocabulary, form))[0].mean(axis=1))
    return counted


class Rules:
    """What makes a quatrain that rhymes, as Booleans over the vocabulary."""

    def __init__(self, vocabulary):
        classes, tokens = data.load_rhymes(), vocabulary.tokens
        names = sorted({name for t in tokens for name in classes.get(t, ())})
        member = np.array([[name in classes.get(t, ()) for name in names] for t in tokens])
        self.rhyming = (member.astype(np.int32) @ member.T) > 0
        np.fill_diagonal(self.rhyming, False)  # not the same character again
        special = {"\n", "<unk>", *"，。？！；、"}
        self.full = np.array([t not in special for t in tokens])
        self.marks = {mark: np.array([t == mark for t in tokens]) for mark in "，。\n"}

    def allowed(self, written):
        """What may follow: punctuation after five characters, a rhyme at the end of line 4."""
        place = written.shape[1] - 1  # the first token is the line break
        if place == 24:
            return self.marks["\n"]
        if place % 6 == 5:
            return self.marks["，" if place in (5, 17) else "。"]
        if place == 10:
            return self.full & self.rhyming.any(axis=1)
        if place == 22:
            return self.full & self.rhyming[written[:, 11]]
        return self.full

    def kept(self, ids):
        """Which rows (N, 26) keep the form and have no "<unk>", and which of all rows rhyme."""
        form = np.ones(len(ids), bool)
        for place in range(25):
            keep = self.full if place in (10, 22) else self.allowed(ids[:, : place + 1])
            form &= keep[ids[:, place + 1]]
        return form, self.rhyming[ids[:, 11], ids[:, 23]]


def drawn(rng, step, vocabulary, count, rules=None):
    """Ids (N, 26) of poems drawn at temperature 1; with rules, masked by them."""
    start, state = np.full(count, vocabulary["\n"]), zeros(count)
    if rules is not None:
        step = decoding.constrain(step, rules.allowed)
        state = (state, np.zeros((count, 0), int))
    found = decoding.sample(rng, step, state, start, max_steps=25)
    return np.concatenate([start[:, None], np.array(found)], axis=1)


def conditions(step, vocabulary, rng):
    """The poems that have the form and rhyme: by rejection, by masking, and by weights."""
    rules = Rules(vocabulary)
    batches = [drawn(rng, step, vocabulary, AT_ONCE) for _ in range(POEMS // AT_ONCE)]
    ids = np.concatenate(batches)
    form, rhymed = rules.kept(ids)
    plain = along(step, ids[form][: 2 * AT_ONCE])[0].mean(axis=1)
    both = ids[form & rhymed]
    reach = rules.rhyming.sum(axis=1)
    free = {
        "drawn": len(ids),
        "form": int(form.sum()),
        "bits_of_form": shown(plain),
        "rhyme": int((form & rhymed).sum()),
        "bits_of_rhyme": shown(along(step, both)[0].mean(axis=1)),
        "reach_of_form": shown(reach[ids[form][:, 11]]),
        "reach": shown(reach[both[:, 11]]),
    }
    ids = np.concatenate(
        [drawn(rng, step, vocabulary, AT_ONCE, rules) for _ in range(MASKED // AT_ONCE)]
    )
    bits, cost = along(step, ids, rules.allowed)
    bits, cost = bits.mean(axis=1), cost.sum(axis=1)
    weight = np.exp2(cost.min() - cost)
    weight /= weight.sum()

    def weighted(values):
        mean = (weight * values).sum()
        error = np.sqrt((weight**2 * (values - mean) ** 2).sum())
        return {"mean": round(float(mean), 4), "error": round(float(error), 4)}

    masked = {
        "bits": shown(bits),
        "cost": shown(cost),
        "reach": shown(reach[ids[:, 11]]),
        "probability": shown(np.exp2(-cost)),
        "weighted_bits": weighted(bits),
        "weighted_reach": weighted(reach[ids[:, 11]]),
        "effective": round(float(1 / (weight**2).sum()), 1),
    }
    return {"free": free, "masked": masked}


def run(seed, text):
    model, vocabulary, (training, validation, test) = train(text, seed)
    result = {}
    for name, part in (("validation", validation), ("test", test)):
        ids = rows(text, vocabulary, part)
        with torch.no_grad():
            nats = loss(model, torch.tensor(ids)).item()
        result[name] = round(nats / np.log(2), 4)
    arrays = weights(model)
    step = stepper(arrays)
    ways = [(way, value) for way, values in WAYS[text].items() for value in values]
    streams = np.random.default_rng([2026, seed]).spawn(len(ways) + 1)
    result["written"] = {}
    for (way, value), rng in zip(ways, streams, strict=False):
        counted = statistics(text, step, vocabulary, training, rng, {way: value})
        result["written"].setdefault(way, {})[str(value)] = counted
    if text == "quatrains":
        known = [k for k, poem in enumerate(test) if all(c in vocabulary for c in poem)]
        bits = along(step, rows(text, vocabulary, [test[k] for k in known]))[0].mean(axis=1)
        result["real"] = {"poem": known, "bits": bits.round(3).tolist()}
        result |= conditions(step, vocabulary, streams[-1])
    result["weights"] = {f"text_generation_{text}": arrays} if seed == SEEDS[0] else {}
    return result
