"""Language models of three texts: three recurrent cells, and attention.

The texts are the characters of a play, characters of quatrains, and words of a play. All models
have the same frame: an embedding, a middle, a projection back to the embedding's size, and an
output layer that shares its weights with the embedding. The middle is one recurrent layer, or two
blocks of causal attention, so wide that the model has nearly as many weights as the LSTM: two to
three and a half per cent fewer.

Training is alike for all: batches, epochs, clipping, dropout, Adam, a learning rate that rises for
50 steps and then falls linearly to zero. How high it rises was chosen for each text and model on
the validation part, with seed 0, by `language_rates`. One more arm, "brief", is the transformer
with so few epochs that it trains for as many seconds as the LSTM; RATIO was measured before, in
alternating steps (1.14 on quatrains, which would be one epoch less of twelve: no such arm there).

A stream is read in chunks, and what a model keeps is carried from one to the next without its
gradient: a recurrent layer its state, attention the keys and values of the last 127 tokens (Dai et
al., 2019). So a token sees 127 older ones in each block, 254 through both, in training as in the
test. A poem is read as a whole, by all models.

Width, dropout and the cells' epochs follow an older record of this name, for which they were
chosen by hand on the validation part; attention has the same.
"""

import re
import time

import numpy as np
import torch
from torch import nn

from rnnbook import data
from rnnbook.book.records import runs
from rnnbook.text.vocabulary import Vocabulary, chunks

SEEDS = range(3)
TEXTS = ("characters", "quatrains", "words")
MODELS = ("rnn", "lstm", "gru", "transformer", "brief")
SETTINGS = [
    {"text": text, "cell": cell}
    for text in TEXTS
    for cell in MODELS
    if (text, cell) != ("quatrains", "brief")
]
POINT = [
    {
        "seed": 0,
        "settings": {"text": text, "cell": cell},
        "constants": {
            **{"EMBEDDING": 16, "HIDDEN": 16, "EPOCHS": {text: 1}},
            **{"PREFIX": 32, "LENGTHS": (1, 8), "STRIDE": 10},
        },
        "first": {"load_quatrains": 250, "load_text": 8_000},
        "tolerance": {"": 1e-3, "seconds": float("inf")},
    }
    for text, cell in (("quatrains", "gru"), ("characters", "transformer"))
]
CELLS = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}
EMBEDDING, HIDDEN = 128, 256
LAYERS, HEADS, WINDOW = 2, 2, 128
EPOCHS, WARM_UP = {"characters": 14, "quatrains": 12, "words": 10}, 50
RATIO = {"characters": 1.68, "words": 1.45}  # seconds of a step: transformer to LSTM
DROPOUT = {"characters": 0.2, "quatrains": 0.3, "words": 0.4}
STEPS = {"characters": 64, "words": 32}
BLOCKS = 40
LENGTHS = (1, 2, 4, 8, 16, 32, 64, 128)
PREFIX, STRIDE = 256, 16


def parts(sequence):
    """The first 90 % for training, then 5 % for validation and 5 % for the test."""
    a, b = int(0.9 * len(sequence)), int(0.95 * len(sequence))
    return sequence[:a], sequence[a:b], sequence[b:]


def load(text):
    """The vocabulary and, for each part, its tokens: one stream, or one row a poem."""
    if text == "quatrains":
        poems = data.load_quatrains(distinct=True).poem.to_numpy()
        split = parts(poems[np.random.default_rng(0).permutation(len(poems))])
        vocabulary = Vocabulary.build(split[0], specials=("\n", "<unk>"), min_count=2)
        return vocabulary, [np.stack([vocabulary.encode(f"\n{p}\n") for p in s]) for s in split]
    play = data.load_text("asyoulik")
    tokens = list(play) if text == "characters" else re.findall(r"\w+|[^\w\s]|\n", play)
    split = parts(tokens)
    vocabulary = Vocabulary.build([split[0]], specials=("<unk>",), min_count=2)
    return vocabulary, [vocabulary.encode(s) for s in split]


class LanguageModel(nn.Module):
    """Scores of the next token at every step, and the last state."""

    def __init__(self, cell, tokens, dropout):
        super().__init__()
        self.embedding = nn.Embedding(tokens, EMBEDDING)
        self.cell = CELLS[cell](EMBEDDING, HIDDEN, batch_first=True)
        self.projection = nn.Linear(HIDDEN, EMBEDDING)
        self.bias = nn.Parameter(torch.zeros(tokens))
        self.dropout = nn.Dropout(dropout)
        nn.init.normal_(self.embedding.weight, std=0.1)

    def forward(self, tokens, state=None):
        x = self.dropout(self.embedding(tokens))
        h, state = self.cell(x, state)
        e = self.dropout(self.projection(self.dropout(h)))
        return e @ self.embedding.weight.T + self.bias, state


def turned(x, places):
    """Pairs of numbers, each turned by an angle that grows with the place (Su et al., 2021)."""
    half = x.shape[-1] // 2
    angles = places[:, None] * 10_000.0 ** (-torch.arange(half) / half)
    cos, sin = angles.cos(), angles.sin()
    a, b = x[..., :half], x[..., half:]
    return torch.cat([a * cos - b * sin, a * sin + b * cos], dim=-1)


class Block(nn.Module):
    """Each token looks at itself and the last WINDOW - 1 tokens; then a small network follows."""

    def __init__(self, width, dropout):
        super().__init__()
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(2))
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.mlp = nn.Sequential(
            nn.Linear(width, 4 * width), nn.ReLU(), nn.Linear(4 * width, width)
        )
        self.dropout = nn.Dropout(dropout)

    def forward(self, x, cache=None):
        N, T, D = x.shape
        parts = self.qkv(self.norms[0](x)).view(N, T, 3, HEADS, D // HEADS)
        q, k, v = parts.permute(2, 0, 3, 1, 4)
        if cache is not None:
            k, v = (torch.cat(pair, dim=2) for pair in zip(cache, (k, v), strict=True))
        places = torch.arange(k.shape[2])
        back = places[-T:, None] - places
        a = nn.functional.scaled_dot_product_attention(
            turned(q, places[-T:]),
            turned(k, places),
            v,
            attn_mask=(back >= 0) & (back < WINDOW),
        )
        x = x + self.dropout(self.out(a.transpose(1, 2).reshape(N, T, D)))
        x = x + self.dropout(self.mlp(self.norms[1](x)))
        return x, (k[:, :, 1 - WINDOW :], v[:, :, 1 - WINDOW :])


class Transformer(nn.Module):
    """The same frame around blocks of attention; the state is what they keep of older tokens."""

    def __init__(self, width, tokens, dropout):
        super().__init__()
        self.embedding = nn.Embedding(tokens, width)
        self.blocks = nn.ModuleList(Block(width, dropout) for _ in range(LAYERS))
        self.norm = nn.LayerNorm(width)
        self.projection = nn.Linear(width, width)
        self.bias = nn.Parameter(torch.zeros(tokens))
        self.dropout = nn.Dropout(dropout)
        nn.init.normal_(self.embedding.weight, std=0.1)

    def forward(self, tokens, state=None):
        x = self.dropout(self.embedding(tokens))
        kept = []
        for block, cache in zip(self.blocks, state or [None] * LAYERS, strict=True):
            x, cache = block(x, cache)
            kept.append(cache)
        e = self.dropout(self.projection(self.dropout(self.norm(x))))
        return e @ self.embedding.weight.T + self.bias, kept


def build(text, cell, tokens):
    """A model with random weights."""
    if cell in CELLS:
        return LanguageModel(cell, tokens, DROPOUT[text])
    return Transformer(EMBEDDING, tokens, DROPOUT[text])


def batches(text, ids, rng):
    """Inputs and targets of one epoch, and whether the state is carried from the batch before."""
    if text == "quatrains":
        for rows in np.array_split(rng.permutation(len(ids)), len(ids) // 32):
            yield ids[rows, :-1], ids[rows, 1:], False
    else:
        for x, y in chunks(ids, batch_size=16, steps=STEPS[text]):
            yield x, y, True


def detach(state):
    """The same numbers without their history: gradients stop at the border of a chunk."""
    if isinstance(state, (tuple, list)):
        return type(state)(detach(s) for s in state)
    return state if state is None else state.detach()


@torch.no_grad()
def token_bits(model, ids, piece=256):
    """Bits of each token but the first, of a stream (T,) or of rows (N, T), with carried state."""
    model.eval()
    ids = torch.tensor(np.atleast_2d(ids))
    found, state = [], None
    for start in range(0, ids.shape[1] - 1, piece):
        x = ids[:, start : start + piece + 1]
        logits, state = model(x[:, :-1], state)
        loss = nn.functional.cross_entropy(logits.transpose(1, 2), x[:, 1:], reduction="none")
        found.append(loss.numpy() / np.log(2))
    model.train()
    return np.concatenate(found, axis=1).astype(float)


def train(text, cell, seed, rate, epochs, progress=lambda epochs: epochs):
    """A trained model, its validation bits after every epoch, and the CPU seconds."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    vocabulary, (training, validation, _) = load(text)
    model = build(text, cell, len(vocabulary))
    optimizer = torch.optim.Adam(model.parameters(), lr=rate)
    steps = epochs * sum(1 for _ in batches(text, training, rng))
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda k: min((k + 1) / WARM_UP, (steps - k) / max(1, steps - WARM_UP))
    )
    curve, seconds = [], 0.0
    for _ in progress(range(epochs)):
        state, start = None, time.process_time()
        for x, y, carried in batches(text, training, rng):
            logits, state = model(torch.tensor(x), detach(state) if carried else None)
            loss = nn.functional.cross_entropy(logits.flatten(0, 1), torch.tensor(y).flatten())
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
        seconds += time.process_time() - start
        curve.append(token_bits(model, validation).mean())
    return model, curve, seconds


def in_blocks(bits):
    """How many tokens and how many bits lie in each of BLOCKS parts of a stream or of all rows."""
    rows = bits if len(bits) > 1 else bits.T
    return [[b.size, round(b.sum(), 3)] for b in np.array_split(rows, min(BLOCKS, len(rows)))]


def after_changed_text(model, ids, start, kind, rng):
    """Bits of each token from `start` on, where all that is older than n tokens was changed.

    Row r, column n - 1: the prediction after n tokens of the text itself, before which stand
    PREFIX others, either those that stood there in another order, or a passage from elsewhere.
    The last column minus the same token's bits in the unchanged text says what the older text is
    worth (Khandelwal et al., 2018).
    """
    longest = max(LENGTHS)
    rows = []
    for s in range(start, len(ids) - longest - 1, STRIDE):
        older = ids[s - PREFIX : s]
        if kind == "shuffled":
            older = rng.permutation(older)
        else:
            far = np.flatnonzero(np.abs(np.arange(len(ids) - PREFIX) + PREFIX / 2 - s) > 3 * PREFIX)
            k = rng.choice(far)
            older = ids[k : k + PREFIX]
        rows.append(np.concatenate([older, ids[s : s + longest + 1]]))
    return token_bits(model, np.stack(rows))[:, PREFIX:]


def context(model, validation, test):
    """For each n of LENGTHS, what changing all older text costs: bits in each of 20 blocks."""
    ids = np.concatenate([validation, test])
    intact = np.concatenate([[0.0], token_bits(model, ids)[0]])
    starts = np.arange(len(validation), len(ids) - max(LENGTHS) - 1, STRIDE)
    found = {"lengths": LENGTHS}
    for kind in ("shuffled", "elsewhere"):
        changed = after_changed_text(model, ids, len(validation), kind, np.random.default_rng(0))
        found[kind] = [
            [
                round(block.mean(), 4)
                for block in np.array_split(changed[:, n - 1] - intact[starts + n], BLOCKS // 2)
            ]
            for n in LENGTHS
        ]
    return found


def run(seed, text, cell):
    torch.set_num_threads(1)
    brief = cell == "brief"
    model_name = "transformer" if brief else cell
    rate = runs("language_rates", text=text, cell=model_name)[0]["rate"]
    epochs = round(EPOCHS[text] / RATIO[text]) if brief else EPOCHS[text]
    model, curve, seconds = train(text, model_name, seed, rate, epochs)
    _, (_, validation, test) = load(text)
    bits = token_bits(model, test)
    found = {
        "rate": rate,
        "valid": [round(b, 4) for b in curve],
        "test": round(bits.mean(), 4),
        "blocks": in_blocks(bits),
        "weight_count": sum(p.numel() for p in model.parameters()),
        "seconds": round(seconds, 1),
    }
    if text == "quatrains":
        found["places"] = bits.mean(axis=0).round(3).tolist()
    if text == "characters":
        found["context"] = context(model, validation, test)
        if seed == 0 and cell in ("lstm", "transformer"):
            arrays = {k: v.numpy().astype(np.float16) for k, v in model.state_dict().items()}
            found["weights"] = {f"language_models_{cell}": arrays}
    return found
