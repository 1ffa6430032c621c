"""Who did what to whom: taggers of semantic roles, with and without a conditional random field.

Every sentence has one marked predicate; a tagger gives each word a BIO tag. Training sees some
pairs of verb and construction, the test also has the others. The recurrent taggers read from
left to right, from right to left or both ways, and are trained with a softmax at every step or
with a conditional random field. Beside them stand two rules about positions and a linear model:
logistic regression on features of words and order. What can be tuned was tuned on validation
sentences, the networks' settings by hand, the linear model's penalty in every run. Models without
a field are scored twice: with the best tag of every step, and with the best sequence that is well
formed. Scores are F1 of spans.

Two things to know. The logistic regression stopped too early, since its tolerance is too large;
`semantic_roles_words` trains it to the end, and the page shows that. And nothing is forbidden for
the networks with a conditional random field: where ill-formed sequences are, too, they gain 0.1 to
0.2 points of F1 with 150 sentences.
"""

import numpy as np
import torch
from sklearn.feature_extraction import DictVectorizer
from sklearn.linear_model import LogisticRegression
from torch import nn

from rnnbook.numpy import crf
from rnnbook.tasks import roles
from rnnbook.text.spans import score, spans
from rnnbook.text.vocabulary import Vocabulary, pad
from rnnbook.torch import CRF

SEEDS = range(5)
SIZES = (150, 500, 2000)
SETTINGS = [
    {"model": "positions", "size": 2000},
    *({"model": "logistic", "size": size} for size in SIZES),
    *({"model": "lstm", "direction": "both", "size": size} for size in SIZES),
    *({"model": "lstm_crf", "direction": "both", "size": size} for size in SIZES),
    *({"model": "lstm_crf", "direction": one, "size": 2000} for one in ("left", "right")),
]
POINT = [
    {
        "seed": 0,
        "settings": {"model": "positions", "size": 2000},
        "constants": {},
        "tolerance": 1e-6,
    },
    *(
        {
            "seed": 0,
            "settings": {"model": model, "direction": "both", "size": 150},
            "constants": {"STEPS": {150: 20}},
            "tolerance": {
                "": 1e-3,
                "seen_constructions": 1 / 100,
                "unseen_constructions": 1 / 100,
                "seen_gaps": 1 / 100,
                "unseen_gaps": 1 / 100,
            },
        }
        for model in ("lstm", "lstm_crf")
    ),
]
NESTED = 0.6
EMBEDDING, HIDDEN, DROPOUT, BATCH, RATE = 32, 64, 0.5, 32, 1.2e-2
STEPS = {150: 800, 500: 1000, 2000: 1200}
UNKNOWN_SHARE = 0.15  # of the training words, hidden, so that "<unk>" has a vector
PENALTIES = (0.1, 1.0, 10.0)  # inverse strengths of the squared weights


def sentences(seed, size):
    """Training, validation, test on seen pairs, test on unseen pairs."""
    rng = np.random.default_rng(seed)
    seen, unseen = roles.split(rng)
    sizes = ((seen, size), (seen, 300), (seen, 1500), (unseen, 1500))
    return [roles.corpus(rng, pairs, number, nested=NESTED) for pairs, number in sizes]


TAGS = ("O", *(f"{bi}-{role}" for role in roles.ROLES for bi in "BI"))


def well_formed():
    """Transitions that forbid an I tag after anything but its own role."""
    params = crf.init(len(TAGS))
    for k, tag in enumerate(TAGS):
        if tag[0] == "I":
            params.start[k] = -np.inf
            for j, before in enumerate(TAGS):
                if before[2:] != tag[2:]:
                    params.transitions[j, k] = -np.inf
    return params


# Rules about positions.

ADJUNCTS = {tuple(words): role for role, list_ in roles.ADJUNCTS.items() for words in list_}


def by_position(sentence, *, voice):
    """What stands before the verb did it, what stands after had it done, "to" receives.

    Phrases begin at an article, "to" or "by" and end at the next noun; the adjuncts are known; each
    role is given once. With `voice`, "was" before the verb turns the rule round.
    """
    tokens, p = sentence.tokens, sentence.predicate
    passive = voice and tokens[p - 1] == "was"
    tags, t = ["O"] * len(tokens), 0
    while t < len(tokens):
        words = next((w for w in ADJUNCTS if tuple(tokens[t : t + len(w)]) == w), None)
        stop, role = t + 1, None
        if words:
            stop, role = t + len(words), ADJUNCTS[words]
        elif tokens[t] in ("the", "a", "to", "by"):
            while stop < len(tokens) and tokens[stop - 1] not in roles.NOUNS:
                stop += 1
            before = "ARG1" if passive else "ARG0"
            after = {"to": "ARG2", "by": "ARG0"}.get(tokens[t], "ARG1")
            role = before if t < p else after
        elif tokens[t] in ("who", "whom", "what") and t == 0:
            role = "ARG0" if tokens[t] == "who" else "ARG1"
        if role and f"B-{role}" not in tags:
            tags[t:stop] = [f"B-{role}"] + [f"I-{role}"] * (stop - t - 1)
        t = stop
    return tags


# A linear model of features.


def features(sentence):
    """For each word a dictionary: the words around it and around the verb, and their order."""
    tokens, p = ["<s>", *sentence.tokens, "</s>"], sentence.predicate + 1
    rows = []
    for t in range(1, len(tokens) - 1):
        side = "at" if t == p else "before" if t < p else "after"
        low, high = min(t, p), max(t, p)
        between = tokens[low + 1 : high]
        passive = tokens[p - 1] == "was"
        row = {"bias": 1, f"side {side}": 1, f"verb {tokens[p]}": 1, f"{side} {passive}": 1}
        row[f"first {tokens[1]} {side}"] = 1
        row[f"away {side} {min(abs(t - p), 12)}"] = 1
        for k in range(-3, 4):
            word = tokens[t + k] if 0 <= t + k < len(tokens) else "<none>"
            row[f"{k} {word}"] = row[f"{k} {word} {side}"] = 1
            row[f"{k} {word} {side} {passive}"] = 1
        for k in (-2, -1, 1, 2):
            word = tokens[p + k] if 0 <= p + k < len(tokens) else "<none>"
            row[f"verb{k} {word} {side}"] = 1
            row[f"verb{k} {word} {side} {tokens[t]}"] = 1
        for word in ("the", "a", "to", "by", "who", "whom", "that", "was"):
            row[f"{between.count(word)} {word} between {side}"] = 1
        verbs = sum(word in FORMS for word in between)
        row[f"{verbs} verbs between {side} {passive}"] = 1
        rows.append(row)
    return rows


FORMS = {form for verb in roles.VERBS.values() for form in (verb.base, verb.past, verb.participle)}


def logistic(training, validation, tests):
    """Tags and well-formed tags of each test."""
    vectorizer = DictVectorizer()
    x = vectorizer.fit_transform([row for s in training for row in features(s)])
    y = [tag for s in training for tag in s.tags]
    forbid = well_formed()

    def predict(model, some):
        found = []
        for s in some:
            scores = np.full((1, len(s.tokens), len(TAGS)), -1e3)
            columns = [TAGS.index(tag) for tag in model.classes_]
            scores[0][:, columns] = model.predict_log_proba(vectorizer.transform(features(s)))
            found.append(scores)
        plain = [[TAGS[k] for k in scores[0].argmax(axis=1)] for scores in found]
        best = [[TAGS[k] for k in crf.viterbi(forbid, scores)[0][0]] for scores in found]
        return plain, best

    tried = []
    for penalty in PENALTIES:
        model = LogisticRegression(C=penalty, max_iter=300, tol=1e-3).fit(x, y)
        right = score([s.tags for s in validation], predict(model, validation)[1]).f1
        tried.append((right, penalty, model))
    _, penalty, model = max(tried, key=lambda entry: entry[0])
    return [predict(model, test) for test in tests], {"penalty": penalty}


# Recurrent taggers.


class Tagger(nn.Module):
    """Emissions (N, T, K) from words and the mark of the predicate."""

    def __init__(self, words, direction, with_crf):
        super().__init__()
        self.embedding = nn.Embedding(words, EMBEDDING)
        size = EMBEDDING + 1
        self.ahead = nn.LSTM(size, HIDDEN, batch_first=True) if direction != "right" else None
        self.back = nn.LSTM(size, HIDDEN, batch_first=True) if direction != "left" else None
        self.output = nn.Linear(HIDDEN * (2 if direction == "both" else 1), len(TAGS))
        self.crf = CRF(len(TAGS)) if with_crf else None
        self.dropout = nn.Dropout(DROPOUT)

    def forward(self, inputs, mask):
        words, marks = inputs[..., 0], inputs[..., 1:].float()
        if self.training:
            hidden = torch.rand(words.shape) < UNKNOWN_SHARE
            words = torch.where(hidden, torch.ones_like(words), words)
        x = torch.cat([self.dropout(self.embedding(words)), marks], dim=-1)
        states = []
        if self.ahead:
            states.append(self.ahead(x)[0])
        if self.back:
            states.append(reverse(self.back(reverse(x, mask))[0], mask))
        return self.output(self.dropout(torch.cat(states, dim=-1)))


def reverse(x, mask):
    """Each sequence turned round within its own length; the padding stays where it is."""
    steps = torch.arange(x.shape[1])
    turned = torch.where(mask, mask.sum(dim=1, keepdim=True) - 1 - steps, steps)
    return x.gather(1, turned[..., None].expand_as(x))


def encoder(vocabulary):
    """A function from sentences to inputs (N, T, 2), mask and tags."""

    def encode(some):
        words, mask = pad([vocabulary.encode(s.tokens) for s in some])
        marks = np.arange(words.shape[1]) == np.array([s.predicate for s in some])[:, None]
        tags, _ = pad([[TAGS.index(tag) for tag in s.tags] for s in some])
        inputs = np.stack([words, marks], axis=-1)
        return tuple(torch.tensor(a) for a in (inputs, mask, tags))

    return encode


def fit(model, encoded, seed, steps):
    """Adam, with a rate that rises over a tenth of the steps and falls to zero as a cosine."""
    rng = np.random.default_rng(seed)
    optimizer = torch.optim.Adam(model.parameters(), RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, steps, pct_start=0.1)
    model.train()
    for _ in range(steps):
        rows = torch.tensor(rng.integers(0, len(encoded[0]), BATCH))
        inputs, mask, tags = (array[rows] for array in encoded)
        emissions = model(inputs, mask)
        if model.crf is None:
            loss = nn.functional.cross_entropy(emissions[mask], tags[mask])
        else:
            loss = model.crf(emissions, tags, mask=mask).sum() / mask.sum()
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
    model.eval()


@torch.no_grad()
def predict(model, encode, some):
    """Tags as the model means them, and the best well-formed tags."""
    inputs, mask, _ = encode(some)
    emissions = model(inputs, mask)
    if model.crf is None:
        plain = emissions.argmax(dim=-1).numpy()
        scores = emissions.log_softmax(dim=-1).double().numpy()
        best, _ = crf.viterbi(well_formed(), scores, mask=mask.numpy())
    else:
        plain, _ = model.crf.viterbi(emissions, mask=mask)
        best = plain
    return [
        [[TAGS[k] for k in row[: len(s.tokens)]] for row, s in zip(rows, some, strict=True)]
        for rows in (plain, best)
    ]


def lstm(training, tests, seed, direction, with_crf):
    vocabulary = Vocabulary.build([s.tokens for s in training], specials=("<pad>", "<unk>"))
    encode = encoder(vocabulary)
    torch.manual_seed(seed)
    model = Tagger(len(vocabulary), direction, with_crf)
    fit(model, encode(training), seed, STEPS[len(training)])
    return [predict(model, encode, test) for test in tests], {}


# One run.

GAPS = {"0": (0, 1), "1-3": (1, 4), "4-7": (4, 8), "8 or more": (8, 100)}


def by_gap(some, tags):
    """The share of true spans that were found, by the words between them and the verb."""
    hits = {name: [] for name in GAPS}
    for s, found in zip(some, tags, strict=True):
        there = set(spans(found))
        for span in spans(s.tags):
            gap = max(span.start - s.predicate - 1, s.predicate - span.stop)
            name = next(n for n, (low, high) in GAPS.items() if low <= gap < high)
            hits[name].append(span in there)
    return {name: round(float(np.mean(share)), 4) for name, share in hits.items()}


def by_construction(some, tags):
    """F1 of the sentences of each construction."""
    found = {}
    for name in roles.CONSTRUCTIONS:
        rows = [n for n, s in enumerate(some) if s.construction == name]
        if rows:
            found[name] = round(score([some[n].tags for n in rows], [tags[n] for n in rows]).f1, 4)
    return found


def run(seed, model, size, direction=None):
    torch.set_num_threads(1)
    training, validation, *tests = sentences(seed, size)
    if model == "positions":
        found = [
            tuple([by_position(s, voice=voice) for s in test] for voice in (False, True))
            for test in tests
        ]
        extra = {}
    elif model == "logistic":
        found, extra = logistic(training, validation, tests)
    else:
        found, extra = lstm(training, tests, seed, direction, model == "lstm_crf")
    result = extra
    for name, test, (plain, best) in zip(("seen", "unseen"), tests, found, strict=True):
        true = [s.tags for s in test]
        result[name] = round(score(true, best).f1, 4)
        result[f"{name}_plain"] = round(score(true, plain).f1, 4)
        result[f"{name}_constructions"] = by_construction(test, best)
        result[f"{name}_gaps"] = by_gap(test, best)
    return result
