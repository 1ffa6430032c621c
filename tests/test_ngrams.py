"""Counting with Kneser-Ney smoothing: nltk's numbers where they agree, and probabilities."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nltk.lm import KneserNeyInterpolated
from nltk.util import everygrams

from rnnbook.text.ngrams import KneserNey, count

TEXTS, LETTERS = ["the cat sat on the mat", "a hat that the rat ate"], "achemnorstq "


@pytest.fixture(params=[1, 2, 3, 4])
def model(request):
    return KneserNey(count(TEXTS, 4), order=request.param, discount=0.6, tokens=len(LETTERS))


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
)
def test_after_any_context_all_tokens_have_a_share_and_the_shares_sum_to_one(
    texts, order, discount, tokens, context
):
    model = KneserNey(count(texts, order), order=order, discount=discount, tokens=tokens)
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
