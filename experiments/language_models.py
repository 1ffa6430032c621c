"""Recurrent language models: characters of a play, characters of quatrains, words of a play.

All models are one: embedding, one recurrent layer, a projection back to the embedding's size and
an output layer that shares its weights with the embedding. Sizes, dropout and epochs were chosen
on the validation part, by hand. The learning rate falls linearly to zero.
"""

import re

import numpy as np
import torch
from torch import nn

from rnnbook import data
from rnnbook.text.vocabulary import Vocabulary, chunks

SEEDS = range(3)
SETTINGS = [
    {"text": text, "cell": cell}
    for text in ("characters", "quatrains", "words")
    for cell in ("rnn", "lstm", "gru")
]
POINT = [
    {
        "seed": 0,
        "settings": {"text": text, "cell": cell},
        "constants": {"EMBEDDING": 8, "HIDDEN": 8, "EPOCHS": {text: 1}},
        "first": {"load_quatrains": 1000, "load_text": 40_000},
        "tolerance": 1e-3,
    }
    for text, cell in (("words", "gru"), ("quatrains", "lstm"))
]
CELLS = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}
EMBEDDING, HIDDEN = 128, 256
RATE = {"characters": 4e-3, "quatrains": 3e-3, "words": 4e-3}
EPOCHS = {"characters": 14, "quatrains": 10, "words": 8}
DROPOUT = {"characters": 0.2, "quatrains": 0.3, "words": 0.4}


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


def batches(text, ids, rng):
    """Inputs and targets of one epoch, and whether the state is carried from the batch before."""
    if text == "quatrains":
        for rows in np.array_split(rng.permutation(len(ids)), len(ids) // 32):
            yield ids[rows, :-1], ids[rows, 1:], False
    else:
        for x, y in chunks(ids, batch_size=16, steps=64 if text == "characters" else 32):
            yield x, y, True


def detach(state):
    """The same numbers without their history: gradients stop at the border of a chunk."""
    if isinstance(state, tuple):
        return tuple(s.detach() for s in state)
    return state if state is None else state.detach()


@torch.no_grad()
def bits(model, ids):
    """Mean bits per token of a stream (T,), read as a whole, or of rows (N, T)."""
    model.eval()
    ids = torch.tensor(np.atleast_2d(ids))
    logits, _ = model(ids[:, :-1])
    loss = nn.functional.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten())
    model.train()
    return loss.item() / np.log(2)


def train(text, cell, seed, epochs, progress=lambda epochs: epochs):
    """A trained model, and its validation bits after every epoch."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    vocabulary, (training, validation, _) = load(text)
    model = LanguageModel(cell, len(vocabulary), DROPOUT[text])
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE[text])
    steps = epochs * sum(1 for _ in batches(text, training, rng))
    decay = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.01, steps)
    curve = []
    for _ in progress(range(epochs)):
        state = None
        for x, y, carried in batches(text, training, rng):
            logits, state = model(torch.tensor(x), detach(state) if carried else None)
            loss = nn.functional.cross_entropy(logits.flatten(0, 1), torch.tensor(y).flatten())
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            decay.step()
        curve.append(bits(model, validation))
    return model, curve


def run(seed, text, cell):
    torch.set_num_threads(1)
    model, curve = train(text, cell, seed, EPOCHS[text])
    _, (_, _, test) = load(text)
    return {"valid": [round(b, 4) for b in curve], "test": round(bits(model, test), 4)}
