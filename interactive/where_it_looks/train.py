"""Trains the network that reads dates, in half a minute, and stores it: weights.npz.

    python interactive/where_it_looks/train.py

It is the network of the page, half as wide, and trained until it is right on nine dates of ten and
not on all, so that a beam has something to find. Its texts are those of the page.
"""

from pathlib import Path

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from rnnbook.tasks import dates
from rnnbook.text import decoding
from rnnbook.text.vocabulary import Vocabulary, pad
from rnnbook.torch import Seq2Seq

SIZES = {"embedding_size": 16, "hidden_size": 64}
STEPS, RATE, BATCH = 200, 0.012, 64


def sets():
    """Pairs for training, validation and test, as on the page: no day is in two of them."""
    rng = np.random.default_rng(0)
    return [dates.pairs(rng, days) for days in dates.split(rng, 24_000, 1200, 3600)]


def vocabularies(pairs):
    """Of the texts and of the dates."""
    texts, isos = ([pair.text for pair in pairs], [pair.iso for pair in pairs])
    return Vocabulary.build(texts), Vocabulary.build(isos)


def batch(pairs, characters, digits):
    """Sources, their mask, and targets between their marks."""
    source, mask = pad([characters.encode(pair.text) for pair in pairs])
    ends = digits["<s>"], digits["</s>"]
    target = np.array([[ends[0], *digits.encode(pair.iso), ends[1]] for pair in pairs])
    return [torch.from_numpy(array) for array in (source, mask, target)]


def train(model, pairs, characters, digits):
    rng = np.random.default_rng(0)
    optimizer = torch.optim.Adam(model.parameters(), RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, STEPS, pct_start=0.1)
    for _ in range(STEPS):
        drawn = [pairs[k] for k in rng.integers(0, len(pairs), BATCH)]
        source, mask, target = batch(drawn, characters, digits)
        logits, _ = model(source, mask, target[:, :-1])
        loss = cross_entropy(logits.flatten(0, 1), target[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
    return model.eval()


def flat(params):
    """The weights by names such as "decoder_W_x", in 16 bits."""
    forward, backward = params.pop("encoder")
    found = {}
    for part, value in (params | {"forward": forward, "backward": backward}).items():
        named = value._asdict() if hasattr(value, "_asdict") else {"": value}
        found |= {f"{part}_{name}".strip("_"): array for name, array in named.items()}
    return {name: array.astype(np.float16) for name, array in found.items()}


def main():
    torch.manual_seed(0)
    torch.set_num_threads(1)
    training, _, test = sets()
    characters, digits = vocabularies(training)
    model = Seq2Seq(len(characters), len(digits), score="general", **SIZES)
    train(model, training, characters, digits)
    tokens = {"texts": np.array(characters.tokens), "dates": np.array(digits.tokens)}
    stored = flat(model.params()) | tokens
    np.savez_compressed(Path(__file__).with_name("weights.npz"), **stored)
    source, mask, target = batch(test, characters, digits)
    start, end = target[:, 0].numpy(), digits["</s>"]
    found = decoding.greedy(model.step, model.start(source, mask), start, max_steps=12, end=end)
    right = [digits.decode(f) == list(p.iso) for f, p in zip(found, test, strict=True)]
    print(f"right on the test dates: {np.mean(right):.1%}")


if __name__ == "__main__":
    main()
