"""Exercises of `chapters/applications/language/semantic-roles`."""

import numpy as np

from rnnbook.book.exercises.checker import Exercise
from rnnbook.text.spans import score, spans


def _chain_case(rng):
    T, K = 6, 4
    return 2 * rng.standard_normal((T, K)), 2 * rng.standard_normal((K, K))


def _large_case(rng):
    emissions, transitions = _chain_case(rng)
    emissions[2] += 800  # e to the power of it overflows
    return emissions, transitions


def _viterbi(emissions, transitions):
    best, came_from = emissions[0], []
    for e in emissions[1:]:
        scores = best[:, None] + transitions
        came_from.append(scores.argmax(axis=0))
        best = scores.max(axis=0) + e
    tags = [best.argmax()]
    for back in reversed(came_from):
        tags.append(back[tags[-1]])
    return np.array(tags[::-1])


def _greedy(emissions, transitions):
    tags = [emissions[0].argmax()]
    for e in emissions[1:]:
        tags.append((transitions[tags[-1]] + e).argmax())
    return np.array(tags)


def _without_way_back(emissions, transitions):
    best, tags = emissions[0], [emissions[0].argmax()]
    for e in emissions[1:]:
        best = (best[:, None] + transitions).max(axis=0) + e
        tags.append(best.argmax())
    return np.array(tags)


def _log_sum_exp(a, axis=None):
    highest = a.max(axis=axis, keepdims=True)
    return (np.log(np.exp(a - highest).sum(axis=axis, keepdims=True)) + highest).squeeze(axis)


def _log_z(emissions, transitions):
    alpha = emissions[0]
    for e in emissions[1:]:
        alpha = _log_sum_exp(alpha[:, None] + transitions, axis=0) + e
    return _log_sum_exp(alpha)


def _best_score(emissions, transitions):
    best = emissions[0]
    for e in emissions[1:]:
        best = (best[:, None] + transitions).max(axis=0) + e
    return best.max()


def _tags_case(rng):
    roles = ("A", "B")

    def sentence():
        tags, before = [], "O"
        for _ in range(8):
            goes_on = [f"I-{before[2:]}"] * 3 if before != "O" else []
            tags.append(str(rng.choice(["O", *(f"B-{role}" for role in roles), *goes_on])))
            before = tags[-1]
        return tags

    true = [sentence() for _ in range(4)]
    found = [[t if rng.random() < 0.8 else "O" for t in tags] for tags in true]
    return true, [_repaired(tags) for tags in found]


def _repaired(tags):
    """The same spans with B where a span begins."""
    written = ["O"] * len(tags)
    for start, stop, role in spans(tags):
        written[start:stop] = [f"B-{role}"] + [f"I-{role}"] * (stop - start - 1)
    return written


def _by_word(true, predicted):
    pairs = [
        (a, b) for s, p in zip(true, predicted, strict=True) for a, b in zip(s, p, strict=True)
    ]
    right = sum(a == b != "O" for a, b in pairs)
    return 2 * right / max(sum((a != "O") + (b != "O") for a, b in pairs), 1)


def _by_start(true, predicted):
    pairs = [
        (a, b) for s, p in zip(true, predicted, strict=True) for a, b in zip(s, p, strict=True)
    ]
    right = sum(a == b and a[0] == "B" for a, b in pairs)
    return 2 * right / max(sum((a[0] == "B") + (b[0] == "B") for a, b in pairs), 1)


def _mean_of_sentences(true, predicted):
    return np.mean([score([a], [b]).f1 for a, b in zip(true, predicted, strict=True)])


EXERCISES = {
    "viterbi": Exercise(
        case=_chain_case,
        solution=_viterbi,
        outputs=("the tags",),
        mistakes={
            "These are the best tags word by word: the transitions are not used.": (
                lambda emissions, transitions: emissions.argmax(axis=1)
            ),
            "This is greedy: it keeps one beginning instead of one for each last tag.": _greedy,
            "The best score at each word is right, but the way back is missing.": (
                _without_way_back
            ),
            "The transitions are transposed: [j, k] is the score of k after j.": (
                lambda emissions, transitions: _viterbi(emissions, transitions.T)
            ),
        },
    ),
    "log-partition": Exercise(
        case=_large_case,
        solution=_log_z,
        outputs=("log Z",),
        mistakes={
            "This is the score of the best sequence: sum over all, do not take the maximum.": (
                _best_score
            ),
            "The transitions are transposed: [j, k] is the score of k after j.": (
                lambda emissions, transitions: _log_z(emissions, transitions.T)
            ),
            "The transitions are missing: this is a softmax at each word.": (
                lambda emissions, transitions: _log_z(emissions, 0 * transitions)
            ),
        },
    ),
    "span-f1": Exercise(
        case=_tags_case,
        solution=lambda true, predicted: score(true, predicted).f1,
        outputs=("F1",),
        mistakes={
            "This counts words: an argument is right only as a whole.": _by_word,
            "This looks at beginnings only: the end of an argument must agree too.": _by_start,
            "This is the mean over sentences: count the spans of all sentences together.": (
                _mean_of_sentences
            ),
        },
    ),
}
