"""Who speaks? Nine speakers, utterances of different lengths, twelve ways to batch them.

The protocol, written before any of the runs. Of the 270 training utterances of
`japanese_vowels.npz` the last six of each speaker are for validation (54), the others for training
(216); the 370 test utterances serve once, for the rate that has the lowest mean validation loss.
Coefficients are scaled by mean and deviation of the real training steps. A GRU of 32 units, forward
or in both directions, as PyTorch starts it, reads an utterance; a linear layer answers. Cross
entropy, Adam, gradients clipped to norm 1, batches of 16, 20 epochs for all, and the weights of the
last one. Each way tries the same four rates with the same five seeds, which give the same first
weights and, but for buckets, the same batches. A rate at the edge that turns out best means a wider
grid: with one direction 0.03 was the best of most ways, so they all got 0.1 as well, and
"behind" with 100 steps got 0.3. Padding is zero, which after scaling is the mean frame.

A way is where the padding stands, how long the batch is made, what is read, and in which order the
batches come:

- "behind": padding on the right; the answer is read at the last column, whatever stands there.
- "before": padding on the left; read at the last column, which is always real.
- "last": padding on the right; read at the last real step.
- "packed": no padding; the last state.
- "buckets": as "last", in batches of similar length.
- "both ...": two directions. "both packed" reads both last states; "both padded" the forward output
  at the last real step and the backward output at the first, after the padding.
- "steps ...": padding on the right, an answer at every step, accuracy over the real ones. "steps
  real" has the loss of the real steps alone; "steps all" counts padding as a tenth class, which is
  to be recognised, in the loss.

The length is that of the longest in the batch, or 100 steps. The test set is read in batches of 16
in one random order, made as in training; and, as if each utterance came alone, without padding.
Where every
step is answered, the validation loss is that of the real steps, for both.
"""

import numpy as np
import torch
from torch.nn.utils.rnn import pack_padded_sequence

from rnnbook.data import load_japanese_vowels

HIDDEN, BATCH, EPOCHS, HELD_OUT = 32, 16, 20, 6
SPEAKERS = PADDING = 9  # the class of padding comes after theirs, 0 to 8
SEEDS = range(5)
RATES = (1e-3, 3e-3, 1e-2, 3e-2)
FIT, LONG = 0, 100
WAYS = [
    ("behind", FIT),
    ("before", FIT),
    ("last", FIT),
    ("packed", FIT),
    ("buckets", FIT),
    ("both padded", FIT),
    ("both packed", FIT),
    ("steps real", FIT),
    ("steps all", FIT),
    ("behind", LONG),
    ("before", LONG),
    ("steps all", LONG),
]
WIDER = [(way, length) for way, length in WAYS if not way.startswith("both")]
SETTINGS = [
    *({"way": way, "length": length, "rate": rate} for way, length in WAYS for rate in RATES),
    *({"way": way, "length": length, "rate": 1e-1} for way, length in WIDER),
    {"way": "behind", "length": LONG, "rate": 3e-1},  # for which 0.1 was the best
]
POINT = [
    {
        "seed": 0,
        "settings": {"way": way, "length": FIT, "rate": 1e-2},
        "constants": {"EPOCHS": 2},
        "tolerance": {"": 1e-3, "test": 1 / 370, "alone": 1 / 370, "changed": 1 / 370},
    }
    for way in ("behind", "packed", "buckets", "both padded")
]


class Listener(torch.nn.Module):
    """A GRU reads an utterance, in one direction or both; a linear layer names the speaker."""

    def __init__(self, both=False, classes=SPEAKERS):
        super().__init__()
        self.gru = torch.nn.GRU(12, HIDDEN, batch_first=True, bidirectional=both)
        self.answer = torch.nn.Linear((1 + both) * HIDDEN, classes)

    def forward(self, x, lengths, read):
        if read == "packed":
            steps = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
            return self.answer(torch.cat(tuple(self.gru(steps)[1]), dim=-1))
        outputs = self.gru(x)[0]
        if read == "steps":
            return self.answer(outputs)
        if read == "column":
            return self.answer(outputs[:, -1])
        last = outputs[torch.arange(len(x)), lengths - 1]
        if read == "both":
            last = torch.cat([last[:, :HIDDEN], outputs[:, 0, HIDDEN:]], dim=-1)
        return self.answer(last)


READ = {
    "behind": "column",
    "before": "column",
    "last": "last",
    "packed": "packed",
    "buckets": "last",
    "both padded": "both",
    "both packed": "packed",
    "steps real": "steps",
    "steps all": "steps",
}


def parts():
    """Training, validation and test: lists of utterances (T, 12), scaled, and their speakers."""
    vowels = load_japanese_vowels()
    speakers = vowels.training_speakers
    place = np.array([np.sum(speakers[:k] == speaker) for k, speaker in enumerate(speakers)])
    held = place >= np.bincount(speakers)[speakers] - HELD_OUT
    steps = np.concatenate([u for u, out in zip(vowels.training, held, strict=True) if not out])
    mean, deviation = steps.mean(0), steps.std(0)

    def part(utterances, speakers, chosen):
        scaled = [((utterances[k] - mean) / deviation).astype(np.float32) for k in chosen]
        return scaled, torch.tensor(speakers[chosen])

    return (
        part(vowels.training, speakers, np.flatnonzero(~held)),
        part(vowels.training, speakers, np.flatnonzero(held)),
        part(vowels.test, vowels.test_speakers, np.arange(len(vowels.test))),
    )


def padded(utterances, length=FIT, left=False):
    """A batch (N, T, 12) with zeros behind or before the utterances, and their lengths."""
    lengths = torch.tensor([len(u) for u in utterances])
    x = torch.zeros(len(utterances), max(length, int(lengths.max())), 12)
    for row, utterance in zip(x, utterances, strict=True):
        place = slice(-len(utterance), None) if left else slice(len(utterance))
        row[place] = torch.from_numpy(utterance)
    return x, lengths


def random_batches(rng, lengths):
    """Numbers of the utterances, in random order, by batches."""
    return np.split(rng.permutation(len(lengths)), range(BATCH, len(lengths), BATCH))


def bucket_batches(rng, lengths):
    """Batches of similar lengths in random order: sorted, equal ones in random order."""
    by_length = np.lexsort((rng.random(len(lengths)), lengths))
    batches = np.split(by_length, range(BATCH, len(lengths), BATCH))
    return [batches[k] for k in rng.permutation(len(batches))]


def run(seed, way, length, rate):
    """Validation loss; accuracy on the test in batches and alone; answers that differ.

    "counted" is the accuracy in batches with padding counted, where every step is answered.
    """
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    (training, speakers), held_out, test = parts()
    lengths = np.array([len(u) for u in training])
    steps, everything = way.startswith("steps"), way == "steps all"
    model = Listener(way.startswith("both"), SPEAKERS + everything)
    optimizer = torch.optim.Adam(model.parameters(), lr=rate)
    order = bucket_batches if way == "buckets" else random_batches

    def batch(utterances, speakers, length=length):
        """Logits and truth: of each utterance, or of each step, padding included."""
        x, sizes = padded(utterances, length, left=way == "before")
        logits = model(x, sizes, READ[way])
        if not steps:
            return logits, speakers
        real = torch.arange(x.shape[1]) < sizes[:, None]
        return logits.flatten(0, 1), torch.where(real, speakers[:, None], PADDING).flatten()

    def answered(part, batches, length=length):
        """Logits and truth of a part, in the given batches."""
        found = [batch([part[0][k] for k in b], part[1][b], length) for b in batches]
        return (torch.cat(several) for several in zip(*found, strict=True))

    def cost(logits, truth, everything=everything):
        ignored = -100 if everything else PADDING
        return torch.nn.functional.cross_entropy(logits, truth, ignore_index=ignored)

    def share(right, truth):
        """Of the real answers, how many are right."""
        return right[truth != PADDING].float().mean().item()

    for _ in range(EPOCHS):
        for chosen in order(rng, lengths):
            loss = cost(*batch([training[k] for k in chosen], speakers[chosen]))
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()

    def in_order(logits, truth, batches):
        """The answers to what is real, utterance by utterance."""
        order = np.concatenate(batches)
        counts = [len(test[0][k]) if steps else 1 for k in order]
        pieces = logits.argmax(-1)[truth != PADDING].split(counts)
        return torch.cat([pieces[k] for k in np.argsort(order)])

    with torch.no_grad():
        shuffled, sizes = np.random.default_rng(0), np.array([len(u) for u in test[0]])
        held = answered(held_out, random_batches(shuffled, held_out[0]))
        batches = random_batches(shuffled, test[0])
        equal = [np.flatnonzero(sizes == size) for size in np.unique(sizes)]  # no padding
        logits, truth = answered(test, batches)
        alone, truth_alone = answered(test, equal, FIT)
    changed = in_order(logits, truth, batches) != in_order(alone, truth_alone, equal)
    return {
        "loss": loss.item(),
        "validation": cost(*held, everything=False).item(),
        "test": share(logits.argmax(-1) == truth, truth),
        "alone": share(alone.argmax(-1) == truth_alone, truth_alone),
        "changed": changed.float().mean().item(),
        "counted": (logits.argmax(-1) == truth).float().mean().item(),
    }
