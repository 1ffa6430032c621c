"""Recurrent models of quatrains and of a play, trained with Keras, and what they write.

The model is that of `language_models.py`, with a GRU. For every seed the record has the bits on
the test part and statistics of what the model writes at several temperatures; the weights of
the first seed are kept, as 16-bit numbers, for the notebook.
"""

import keras
import numpy as np

from rnnbook import convert, data
from rnnbook.numpy import gru
from rnnbook.text import decoding, quality
from rnnbook.text.vocabulary import Vocabulary

SEEDS = range(3)
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
            "TEMPERATURES": (0.5,),
        },
        "first": {"load_text": 20_000},
        "tolerance": 1e-3,
    }
]
EMBEDDING, HIDDEN, BATCH, WINDOW = 128, 256, 32, 64
RATE = {"quatrains": 3e-3, "play": 5e-3}
EPOCHS = {"quatrains": 14, "play": 12}
DROPOUT = {"quatrains": 0.3, "play": 0.15}
SAMPLES = {"quatrains": 300, "play": 60}
TEMPERATURES = (0.5, 0.7, 0.85, 1.0, 1.2)


def load(text):
    """The vocabulary, and the texts of the training, validation and test parts."""
    if text == "quatrains":
        poems = data.load_quatrains(distinct=True).poem.to_numpy()
        whole = poems[np.random.default_rng(0).permutation(len(poems))]
    else:
        whole = data.load_text("asyoulik")
    a, b = int(0.9 * len(whole)), int(0.95 * len(whole))
    split = whole[:a], whole[a:b], whole[b:]
    training = split[0] if text == "quatrains" else [split[0]]
    return Vocabulary.build(training, specials=("\n", "<unk>"), min_count=2), split


def rows(text, vocabulary, part, rng=None):
    """Ids (N, T): a poem in each row, or windows of the play from a random offset."""
    if text == "quatrains":
        return np.stack([vocabulary.encode(f"\n{poem}\n") for poem in part])
    ids = vocabulary.encode(part)[0 if rng is None else rng.integers(WINDOW) :]
    starts = np.arange(0, len(ids) - WINDOW, WINDOW)
    return np.stack([ids[s : s + WINDOW + 1] for s in starts])


class LanguageModel(keras.Model):
    """Embedding, GRU, projection, and scores by the embedding's own vectors."""

    def __init__(self, tokens, dropout):
        super().__init__()
        start = keras.initializers.RandomNormal(stddev=0.1)
        self.embedding = keras.layers.Embedding(tokens, EMBEDDING, embeddings_initializer=start)
        self.gru = keras.layers.GRU(HIDDEN, return_sequences=True)
        self.projection = keras.layers.Dense(EMBEDDING)
        self.dropout = keras.layers.Dropout(dropout)
        self.bias = self.add_weight(shape=(tokens,), initializer="zeros", name="bias")

    def call(self, tokens, training=False):
        h = self.gru(self.dropout(self.embedding(tokens), training=training))
        e = self.projection(self.dropout(h, training=training))
        e = self.dropout(e, training=training)
        return keras.ops.matmul(e, keras.ops.transpose(self.embedding.embeddings)) + self.bias


def train(text, seed):
    """A trained Keras model, its vocabulary, and the parts of the text."""
    keras.utils.set_random_seed(seed)
    rng = np.random.default_rng(seed)
    vocabulary, split = load(text)
    model = LanguageModel(len(vocabulary), DROPOUT[text])
    steps = EPOCHS[text] * -(-len(rows(text, vocabulary, split[0])) // BATCH)
    model.compile(
        keras.optimizers.Adam(
            keras.optimizers.schedules.PolynomialDecay(RATE[text], steps, 0.01 * RATE[text]),
            global_clipnorm=1.0,
        ),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        jit_compile=False,
    )
    for _ in range(EPOCHS[text]):
        ids = rows(text, vocabulary, split[0], rng)
        model.fit(ids[:, :-1], ids[:, 1:], batch_size=BATCH, verbose=0)
    return model, vocabulary, split


def weights(model):
    """The model as NumPy arrays: gru.Params, embedding, projection and bias."""
    params = convert.from_keras(model.gru)
    arrays = {f"gru_{name}": array for name, array in params._asdict().items()}
    arrays["embedding"] = model.embedding.embeddings
    arrays["projection_W"], arrays["projection_b"] = model.projection.weights
    arrays["bias"] = model.bias
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


def statistics(text, arrays, vocabulary, training, temperature):
    """What the model writes at one temperature, counted."""
    start = np.full(SAMPLES[text], vocabulary["\n"])
    h = np.zeros((len(start), HIDDEN), np.float32)
    found = decoding.sample(
        np.random.default_rng(1),
        decoding.forbid(stepper(arrays), vocabulary["<unk>"]),
        h,
        start,
        max_steps=24 if text == "quatrains" else 200,
        temperature=temperature,
    )
    texts = ["".join(vocabulary.decode(ids)) for ids in found]
    corpus = "\n".join(training) if text == "quatrains" else training
    copied = [quality.longest_copied_run(t, corpus) for t in texts]
    counted = {
        "distinct_2": quality.distinct_share(texts, 2),
        "copied_mean": float(np.mean(copied)),
        "copied_max": int(max(copied)),
    }
    if text == "quatrains":
        classes = data.load_rhymes()
        form = [t for t in texts if quality.is_quatrain(t)]
        known = [r for r in (quality.rhymes(t, classes) for t in form) if r is not None]
        counted |= {"form": len(form) / len(texts), "rhyme": float(np.mean(known))}
    return {name: round(value, 4) for name, value in counted.items()}


def run(seed, text):
    model, vocabulary, (training, _, test) = train(text, seed)
    ids = rows(text, vocabulary, test)
    nats = model.evaluate(ids[:, :-1], ids[:, 1:], verbose=0)
    arrays = weights(model)
    written = {str(t): statistics(text, arrays, vocabulary, training, t) for t in TEMPERATURES}
    kept = {f"text_generation_{text}": arrays} if seed == SEEDS[0] else {}
    return {"test": round(nats / np.log(2), 4), "written": written, "weights": kept}
