"""A date in one of twelve languages: where the network looks, and what a beam finds."""

import datetime
import functools
from pathlib import Path

import numpy as np
from babel.dates import get_date_format, get_day_names, get_month_names

from rnnbook.numpy import attention, gru
from rnnbook.tasks import dates
from rnnbook.text import decoding
from rnnbook.text.vocabulary import Vocabulary

FORMS = ("full", "long", "medium")
DAYS = (dates.LAST - dates.FIRST).days + 1
START, END, MAX_STEPS, WIDEST = 1, 2, 12, 5
LARGEST = {"width": WIDEST, "typed": "miércoles, 16 de septiembre de 2026, o"}


@functools.cache
def stored():
    """What train.py has left: the weights, and the characters of texts and dates."""
    with np.load(Path(__file__).with_name("weights.npz")) as found:
        return dict(found)


def weights():
    return {name: array for name, array in stored().items() if name not in ("texts", "dates")}


def vocabulary(name):
    """The characters of "texts" or of "dates", in the order of the network's embeddings."""
    return Vocabulary(stored()[name].tolist())


def language(locale):
    """How a language writes a date: its patterns, as the locale data have them, and its names."""
    named = {
        "MMMM": get_month_names("wide", locale=locale),
        "MMM": get_month_names("abbreviated", locale=locale),
        "EEEE": get_day_names("wide", locale=locale),  # Monday has the key 0
    }
    return {
        "name": dates.LOCALES[locale],
        "patterns": {form: get_date_format(form, locale).pattern for form in FORMS},
        "names": {key: [name for _, name in sorted(found.items())] for key, found in named.items()},
        "digits": "0123456789".translate(dates.ARABIC_DIGITS if locale == "ar_EG" else {}),
    }


def data():
    return {
        "languages": {locale: language(locale) for locale in dates.LOCALES},
        "days": DAYS,
        "widest": WIDEST,
        "steps": MAX_STEPS,
        "texts": vocabulary("texts").tokens,
        "dates": vocabulary("dates").tokens,
    }


def large():
    return {"weights": {"weights": weights()}}


def random_settings(rng):
    """Settings that a reader could choose; one in four has typed something."""
    typed = ["hello", "31 Feb 2026", "7 März", "the 3rd of May 1999", "第"]
    return {
        "day": int(rng.integers(DAYS)),
        "language": str(rng.choice(list(dates.LOCALES))),
        "form": str(rng.choice(FORMS)),
        "typed": str(rng.choice(typed)) if rng.uniform() < 0.25 else "",
        "step": int(rng.integers(10)),
        "width": int(rng.integers(1, WIDEST + 1)),
    }


@functools.cache
def part(name, kind):
    """The weights of one part of the network, as the package's own type has them."""
    return kind(*(weights()[f"{name}_{field}"].astype(float) for field in kind._fields))


def start(source):
    """What the encoder leaves at each character (1, T, H), and the decoder's first state."""
    w, x = weights(), weights()["source_embedding"].astype(float)[source][None]
    ahead, _, _ = gru.forward(part("forward", gru.Params), x)
    behind, _, _ = gru.forward(part("backward", gru.Params), x[:, ::-1])
    memory = np.concatenate([ahead, behind[:, ::-1]], axis=-1)
    summary = np.concatenate([ahead[:, -1], behind[:, -1]], axis=-1)
    return np.tanh(summary @ w["bridge_W"] + w["bridge_b"]), memory


def step(tokens, state):
    """One step of the decoder; the weights of its look come third."""
    w, (h, memory) = weights(), state
    h = gru.step(part("decoder", gru.Params), w["target_embedding"].astype(float)[tokens], h)
    score = part("attention", attention.GeneralParams)
    context, looks, _ = attention.forward(score, h[:, None], memory, memory)
    joined = np.concatenate([context[:, 0], h], axis=-1)
    combined = np.tanh(joined @ w["combine_W"] + w["combine_b"])
    log_probs = decoding.log_softmax(combined @ w["output_W"] + w["output_b"])
    return log_probs, (h, memory), looks[:, 0]


def search(source, width):
    """What beam search finds, and the beginnings that it kept at each step, with their log p."""
    levels = []

    def watched(tokens, state):
        *state, beginnings, log_p, log_probs = state
        beginnings = np.concatenate([beginnings, tokens[:, None]], axis=1)
        log_p = log_p + log_probs[np.arange(len(tokens)), tokens]
        pairs = zip(beginnings.tolist(), log_p.tolist(), strict=True)
        levels.append([[tokens[1:], one] for tokens, one in pairs])
        log_probs, state, _ = step(tokens, state)
        return log_probs, (*state, beginnings, log_p, log_probs)

    none_yet = np.zeros((1, 0), int), np.zeros(1), np.zeros((1, len(vocabulary("dates"))))
    how = {"width": width, "max_steps": MAX_STEPS, "end": END}
    found = decoding.beam_search(watched, (*start(source), *none_yet), START, **how)
    return found, levels[1:]


def day_of(settings):
    return dates.FIRST + datetime.timedelta(settings["day"])


def day_number(iso):
    """The setting `day` of a date."""
    return (datetime.date.fromisoformat(iso) - dates.FIRST).days


def text_of(settings):
    if settings["typed"]:
        return settings["typed"]
    return dates.write(day_of(settings), settings["language"], settings["form"])


def reference(settings):
    text = text_of(settings)
    source = vocabulary("texts").encode(text)
    found, levels = search(source, settings["width"])
    state, token, looks, p = start(source), START, [], []
    for following in found[0].tokens:
        log_probs, state, weights_here = step(np.array([token]), state)
        looks.append(weights_here[0].tolist())
        p.append(float(np.exp(log_probs[0, following])))
        token = following
    return {
        "text": text,
        "found": [[one.tokens, float(np.exp(one.log_prob))] for one in found],
        "levels": levels,
        "looks": looks,
        "p": p,
    }
