"""Counting with Kneser-Ney smoothing: nltk's numbers, the formulas by hand, probabilities."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nltk.lm import KneserNeyInterpolated
from nltk.util import everygrams

from rnnbook.text.ngrams import (
    FALLBACK,
    KneserNey,
    ModifiedKneserNey,
    count,
    count_pairs,
    estimate_discounts,
)

KINDS = [
    lambda tables, order, tokens: KneserNey(tables, order=order, discount=0.6, tokens=tokens),
    lambda tables, order, tokens: ModifiedKneserNey(tables, order=order, tokens=tokens),
]
TEXTS, LETTERS = ["the cat sat on the mat", "a hat that the rat ate"], "achemnorstq "


@pytest.fixture(params=[(kind, order) for kind in KINDS for order in (1, 2, 3, 4)])
def model(request):
    kind, order = request.param
    return kind(count(TEXTS, 4), order, len(LETTERS))


@pytest.mark.parametrize("order", [2, 3])
def test_nltk_has_the_same_numbers_above_single_tokens(order):
    """In a text whose first pair stands elsewhere too; nltk miscounts it where it doesn't."""
    model = KneserNey(count(TEXTS[:1], order), order=order, discount=0.6, tokens=len(LETTERS))
    theirs = KneserNeyInterpolated(order, discount=0.6)
    theirs.fit([everygrams(TEXTS[0], max_len=order)], vocabulary_text=LETTERS)
    theirs.estimator.unigram_score = lambda token: model.prob(token, ())
    text = "the cat sat"
    for t in range(1, len(text)):
        context = tuple(text[max(0, t - order + 1) : t])
        expected = theirs.unmasked_score(text[t], context)
        assert model.prob(text[t], context) == pytest.approx(expected, rel=1e-12)


def by_the_formula(texts, order, tokens, discounts_of):
    """p(token, context), by sums over all runs of tokens, without tables of contexts."""

    def runs(length):
        """How often each run of so many tokens was seen, or after how many different tokens."""
        seen = [t[k : k + length] for t in texts for k in range(len(t) - length + 1)]
        if length == order:
            return Counter(seen)
        longer = {t[k : k + length + 1] for t in texts for k in range(len(t) - length)}
        return Counter(run[1:] for run in longer)

    found = {length: runs(length) for length in range(1, order + 1)}
    discounts = {length: discounts_of(list(c.values())) for length, c in found.items()}

    def p(token, context):
        c, d = found[len(context) + 1], discounts[len(context) + 1]
        lower = p(token, context[1:]) if context else 1 / tokens
        after = {run: n for run, n in c.items() if run[:-1] == context}
        if not after:
            return lower
        own = after.get(context + token, 0)
        kept = own - d[min(own, 3) - 1] if own else 0
        taken = sum(d[k - 1] * sum(min(n, 3) == k for n in after.values()) for k in (1, 2, 3))
        return kept / sum(after.values()) + taken / sum(after.values()) * lower

    return p


def discounts_of_counts(counts):
    """Chen and Goodman's formula 26, with the rule for small texts."""
    n1, n2, n3, n4 = (counts.count(k) for k in (1, 2, 3, 4))
    if 0 in (n1, n2, n3):
        return FALLBACK
    y = n1 / (n1 + 2 * n2)
    found = 1 - 2 * y * n2 / n1, 2 - 3 * y * n3 / n2, 3 - 4 * y * n4 / n3
    return found if min(found) > 0 else FALLBACK


@pytest.mark.parametrize(
    ("kind", "discounts_of"),
    [(KINDS[0], lambda counts: (0.6,) * 3), (KINDS[1], discounts_of_counts)],
)
@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_the_probabilities_are_those_of_the_formula(kind, discounts_of, order):
    texts = [*TEXTS, "the hat that the cat sat on", "a cat ate the rat that sat on a hat"]
    model = kind(count(texts, order), order, len(LETTERS))
    p = by_the_formula(texts, order, len(LETTERS), discounts_of)
    for context in ("", "t", "th", "the", " a", "n a", "xq", "qth"):
        context = context[max(0, len(context) - order + 1) :]
        for token in LETTERS:
            assert model.prob(token, context) == pytest.approx(p(token, context), rel=1e-12)


def test_with_three_equal_discounts_the_modified_method_is_the_other():
    class Equal(ModifiedKneserNey):
        def _choose(self, table):
            return (0.6, 0.6, 0.6)

    tables = count(TEXTS, 3)
    one = KneserNey(tables, order=3, discount=0.6, tokens=12).log2_probs("the cat that sat")
    three = Equal(tables, order=3, tokens=12).log2_probs("the cat that sat")
    np.testing.assert_allclose(one, three, rtol=1e-12)


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ([1] * 6 + [2, 2, 3, 3, 4], (0.6, 0.2, 1.8)),
        ([1] * 4 + [2, 2, 3], (0.5, 1.25, 3.0)),  # nothing four times: all of a three is given
        ([1, 1, 2], FALLBACK),  # nothing three times
        ([2, 2, 3], FALLBACK),  # nothing once
        ([1, 1, 1, 2, 3, 3], FALLBACK),  # the formula's D2 is below zero
        ([], FALLBACK),
    ],
)
def test_discounts_come_from_counts_of_counts(counts, expected):
    table = {("a",): Counter(dict(enumerate(counts)))}
    assert estimate_discounts(table) == pytest.approx(expected)


def test_pairs_of_a_text_are_its_tables():
    text = "the cat sat"
    pairs = [(text[:t], token) for t, token in enumerate(text)]
    assert count_pairs(pairs, 3) == count([text], 3)
    model = ModifiedKneserNey(count(TEXTS, 3), order=3, tokens=12)
    np.testing.assert_array_equal(model.log2_pairs(pairs[1:]), model.log2_probs(text))


def test_a_place_in_the_context_is_counted_like_a_token():
    """Two letters and a mark, over and over: with the place no letter stands where a mark does."""
    lines = ["ab.cd.", "ba.dc.", "ac.bd.", "cb.da."]
    pairs = [((line[t - 1], t % 3), line[t]) for line in lines for t in range(1, 6)]
    with_place = KneserNey(count_pairs(pairs, 3), order=3, discount=0.5, tokens=5)
    without = KneserNey(count(lines, 2), order=2, discount=0.5, tokens=5)
    assert with_place.prob(".", ("d", 2)) > 0.9 > without.prob(".", ("d",))
    assert sum(with_place.prob(w, ("d", 2)) for w in "abcd.") == pytest.approx(1)


@pytest.mark.parametrize("context", ["", "t", "th", "the", " a", "a", "xq"])
def test_the_probabilities_of_all_tokens_sum_to_one(model, context):
    probabilities = [model.prob(token, tuple(context)) for token in LETTERS]
    assert sum(probabilities) == pytest.approx(1) and min(probabilities) > 0


@given(
    st.lists(st.text("abc", max_size=9), max_size=4),
    st.integers(1, 4),
    st.floats(1e-6, 1),
    st.integers(3, 7),
    st.text("abcd", max_size=5),
    st.booleans(),
)
def test_after_any_context_all_tokens_have_a_share_and_the_shares_sum_to_one(
    texts, order, discount, tokens, context, modified
):
    tables = count(texts, order)
    model = KneserNey(tables, order=order, discount=discount, tokens=tokens)
    if modified:
        model = ModifiedKneserNey(tables, order=order, tokens=tokens)
    shares = [model.prob(token, tuple(context)) for token in "abcdefg"[:tokens]]
    assert sum(shares) == pytest.approx(1, abs=1e-12)
    assert min(shares) > 0


def test_a_context_may_be_any_sequence(model):
    for context in ("the", ["t", "h", "e"], np.array(["t", "h", "e"])):
        assert model.prob(" ", context) == model.prob(" ", ("t", "h", "e"))
    if model.order > 1:
        assert model.prob(" ", "the") != model.prob(" ", ())


def test_a_token_after_many_others_is_likelier_than_one_after_a_single_other():
    """Francisco follows San alone: Kneser and Ney's point, which frequencies miss."""
    text = ["san", "francisco", "san", "francisco", "san", "francisco", "my", "dog", "your", "dog"]
    model = KneserNey(count([text], 2), order=2, discount=0.75, tokens=6)
    assert model.prob("dog", ("unknown",)) > model.prob("francisco", ("unknown",))


def test_each_token_is_judged_by_the_ones_before_it(model):
    before, after = model.log2_probs("the cat"), model.log2_probs("the cae")
    np.testing.assert_array_equal(before[:-1], after[:-1])
    assert before[-1] != after[-1]


def test_the_context_reaches_back_order_minus_one_tokens(model):
    one, other = model.log2_probs("xxxthe")[-1], model.log2_probs("cat the")[-1]
    assert (
        one == model.log2_probs("xxxthe"[-model.order :])[-1] if model.order > 1 else one == other
    )


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"order": 5}, "order is 5; expected at most 4"),
        ({"discount": 2}, "discount is 2; expected"),
        ({"discount": 0}, "discount is 0; expected a number above 0 and at most 1"),
        ({"discount": np.nan}, "discount is nan; expected"),
        ({"tokens": 9}, "tokens is 9; expected at least 11, as tables has tokens"),
    ],
)
def test_bad_settings_are_named(wrong, message):
    with pytest.raises(ValueError, match=message):
        KneserNey(count(TEXTS, 4), **{"order": 2, "discount": 0.5, "tokens": 12} | wrong)


def test_one_text_is_not_taken_for_many():
    with pytest.raises(TypeError, match=r"texts is one text; expected a list of texts, such as"):
        count("the cat", 2)
