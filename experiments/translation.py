"""Translation with and without attention: written dates, and verses from Spanish.

Dates: the same encoder and decoder with additive attention and without (the encoder's last state
is then the context of every step), each at three learning rates, of which the notebook takes the
one that is best on validation days; and the one without attention trained three times longer.
Verses: the model with attention, its curve on validation chapters after every other epoch, and
its translations of the test chapters. Where it writes "<unk>", the source word it looks at most
is put there, marked "@word", for the notebook to translate by dictionary (Luong et al. 2015).
"""

import re

import keras
import numpy as np
import tensorflow as tf

from rnnbook import data
from rnnbook.tasks import dates
from rnnbook.tensorflow.seq2seq import Seq2Seq
from rnnbook.text import decoding
from rnnbook.text.vocabulary import Vocabulary, length_buckets, pad

SEEDS = range(3)
SETTINGS = [
    *(
        {"task": "dates", "score": score, "rate": rate, "steps": 250}
        for score in ("additive", None)
        for rate in (0.006, 0.012, 0.024)
    ),
    {"task": "dates", "score": None, "rate": 0.012, "steps": 750},
    {"task": "verses", "score": "additive", "rate": 0.004, "epochs": 12},
]
POINT = [
    {
        "seed": 0,
        "settings": {"task": "verses", "score": "additive", "rate": 0.004, "epochs": 2},
        "constants": {},
        "first": {"load_verses": 200},
        "tolerance": 1e-3,
    }
]
BATCH = 64


def trainer(model, rate, steps):
    """A compiled function that makes one step of Adam on a batch of teacher-forced targets."""
    schedule = keras.optimizers.schedules.CosineDecay(
        0.0, steps, warmup_target=rate, warmup_steps=steps // 10
    )
    optimizer = keras.optimizers.Adam(schedule, global_clipnorm=1.0)
    optimizer.build(model.trainable_variables)
    ids, counts = tf.TensorSpec((None, None), tf.int32), tf.TensorSpec((None, None), tf.bool)

    @tf.function(input_signature=[ids, counts, ids, counts])
    def step(source, mask, target, target_mask):
        with tf.GradientTape() as tape:
            logits, _ = model(source, mask, target[:, :-1], training=True)
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(target[:, 1:], logits)
            loss = tf.reduce_mean(losses[target_mask[:, 1:]])
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return loss

    return step


def batch(pairs, indices):
    """Sources, their mask, targets, their mask; `pairs` holds two lists of id arrays."""
    source, mask = pad([pairs[0][i] for i in indices])
    target, target_mask = pad([pairs[1][i] for i in indices])
    return source.astype(np.int32), mask, target.astype(np.int32), target_mask


def translate(model, sources, max_steps):
    """The most probable token at every step, as lists of ids; "<s>" is 1, "</s>" is 2."""
    source, mask = pad(sources)
    state = model.start(tf.constant(source, tf.int32), tf.constant(mask))
    start = np.full(len(sources), 1)
    return decoding.greedy(model.step, state, start, max_steps=max_steps, end=2)


# Dates.


def date_data():
    """Training, validation and test pairs, on days that differ, and the two vocabularies."""
    rng = np.random.default_rng(0)
    parts = [dates.pairs(rng, days) for days in dates.split(rng, 24_000, 1200, 3600)]
    sources = Vocabulary.build([pair.text for pair in parts[0]])
    targets = Vocabulary.build([pair.iso for pair in parts[0]])
    return parts, sources, targets


def encode(pairs, sources, targets):
    encoded = [[targets["<s>"], *targets.encode(p.iso), targets["</s>"]] for p in pairs]
    return [sources.encode(p.text) for p in pairs], encoded


def run_dates(seed, score, rate, steps):
    (training, validation, test), sources, targets = date_data()
    keras.utils.set_random_seed(seed)
    model = Seq2Seq(len(sources), len(targets), embedding_size=32, hidden_size=128, score=score)
    step, rng = trainer(model, rate, steps), np.random.default_rng(seed)
    encoded = encode(training, sources, targets)
    for _ in range(steps):
        step(*batch(encoded, rng.integers(0, len(training), BATCH)))

    def right(pairs):
        found = translate(model, encode(pairs, sources, targets)[0], max_steps=12)
        return np.array(
            ["".join(targets.decode(f)) == p.iso for f, p in zip(found, pairs, strict=True)]
        )

    correct = right(test)
    lengths = np.array([len(p.text) for p in test])
    return {
        "validation": float(right(validation).mean()),
        "accuracy": float(correct.mean()),
        "locales": {
            name: float(correct[[p.locale == name for p in test]].mean()) for name in dates.LOCALES
        },
        "lengths": {
            str(low): float(correct[(lengths >= low) & (lengths < low + 5)].mean())
            for low in range(5, 35, 5)
        },
    }


# Verses.

QUOTES = str.maketrans("“”‘’", "\"\"''")


def words(text):
    """Words and signs, in small letters."""
    return re.findall(r"\w+(?:'\w+)?|[^\w\s]", text.translate(QUOTES).lower())


def verse_data():
    """Spanish and English words, and the indices of training, validation and test chapters."""
    table = data.load_verses().drop_duplicates("spanish").drop_duplicates("english")
    chapter = table.reference.str.rsplit(":", n=1).str[0].to_numpy()
    order = np.random.default_rng(0).permutation(np.unique(chapter))
    held = {"validation": set(order[: len(order) // 14]), "test": set(order[-len(order) // 14 :])}
    parts = {name: [i for i, c in enumerate(chapter) if c in some] for name, some in held.items()}
    both = held["validation"] | held["test"]
    parts["training"] = [i for i, c in enumerate(chapter) if c not in both]
    return [words(t) for t in table.spanish], [words(t) for t in table.english], parts


def verse_loss(model, encoded, indices):
    """Mean cross-entropy per word with the right words before it, in nats."""
    total = count = 0
    for start in range(0, len(indices), BATCH):
        source, mask, target, target_mask = batch(encoded, indices[start : start + BATCH])
        logits, _ = model(*map(tf.constant, (source, mask, target[:, :-1])))
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(target[:, 1:], logits).numpy()
        total, count = total + losses[target_mask[:, 1:]].sum(), count + target_mask[:, 1:].sum()
    return float(total / count)


def write_words(model, encoded, spanish, targets, indices):
    """Translations as lists of words, with "@word" for an unknown word."""
    found = translate(model, [encoded[0][i] for i in indices], max_steps=30)
    source, mask = pad([encoded[0][i] for i in indices])
    reread, _ = pad([[1, *ids] for ids in found])
    _, weights = model(*(tf.constant(v) for v in (source, mask, reread)))
    looked_at = weights.numpy().argmax(axis=-1)
    return [
        [
            f"@{spanish[i][looked_at[n, s]]}" if word == "<unk>" else word
            for s, word in enumerate(targets.decode(ids))
        ]
        for n, (i, ids) in enumerate(zip(indices, found, strict=True))
    ]


def run_verses(seed, score, rate, epochs):
    spanish, english, parts = verse_data()
    sources = Vocabulary.build([spanish[i] for i in parts["training"]], min_count=4)
    targets = Vocabulary.build([english[i] for i in parts["training"]], min_count=4)
    encoded = [sources.encode(s) for s in spanish], [[1, *targets.encode(e), 2] for e in english]
    keras.utils.set_random_seed(seed)
    model = Seq2Seq(
        len(sources), len(targets), embedding_size=96, hidden_size=192, score=score, dropout=0.2
    )
    training = np.array(parts["training"])
    lengths = [40 * len(spanish[i]) + len(english[i]) for i in training]
    steps = epochs * (-(-len(training) // BATCH))
    step, rng = trainer(model, rate, steps), np.random.default_rng(seed)
    curve = []
    for epoch in range(1, epochs + 1):
        for rows in length_buckets(rng, lengths, BATCH):
            step(*batch(encoded, training[rows]))
        if epoch % 2 == 0:
            curve.append([epoch, verse_loss(model, encoded, parts["validation"])])
    return {
        "curve": curve,
        "outputs": [
            " ".join(output)
            for output in write_words(model, encoded, spanish, targets, parts["test"])
        ],
    }


def run(seed, task, **settings):
    return run_dates(seed, **settings) if task == "dates" else run_verses(seed, **settings)
