"""Vocabulary, padding, buckets and streams."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnbook.text.vocabulary import Vocabulary, chunks, length_buckets, pad


@given(st.lists(st.text(max_size=8), max_size=8))
def test_known_tokens_come_back(texts):
    vocabulary = Vocabulary.build(texts)
    for text in texts:
        assert "".join(vocabulary.decode(vocabulary.encode(text))) == text
    assert vocabulary.tokens[4:] == sorted(set("".join(texts)))


def test_rare_and_unknown_tokens_become_unk():
    vocabulary = Vocabulary.build([["a", "a", "b"]], min_count=2)
    assert "a" in vocabulary and "b" not in vocabulary
    assert vocabulary.decode(vocabulary.encode(["b", "a", "好"])) == ["<unk>", "a", "<unk>"]


def test_an_empty_sequence_has_no_ids():
    ids = Vocabulary.build(["ab"]).encode("")
    assert ids.shape == (0,) and ids.dtype == np.int64


def test_pad_marks_what_counts():
    ids, mask = pad([[], [3, 4], [5]], value=9, length=3)
    np.testing.assert_array_equal(ids, [[9, 9, 9], [3, 4, 9], [5, 9, 9]])
    np.testing.assert_array_equal(mask, [[0, 0, 0], [1, 1, 0], [1, 0, 0]])


def test_buckets_hold_every_index_once_and_waste_little():
    lengths = np.random.default_rng(0).integers(1, 50, 203)
    batches = length_buckets(np.random.default_rng(1), lengths, 16)
    assert sorted(np.concatenate(batches)) == list(range(203))
    wasted = sum((lengths[b].max() - lengths[b]).sum() for b in batches)
    assert wasted < 0.1 * lengths.sum()
    again = length_buckets(np.random.default_rng(2), lengths, 16)
    assert any(a.tolist() != b.tolist() for a, b in zip(batches, again, strict=True))


@given(st.integers(1, 60), st.integers(1, 5), st.integers(1, 7))
def test_streams_continue_from_chunk_to_chunk(length, batch_size, steps):
    text = np.arange(length)
    if length <= batch_size:
        with pytest.raises(ValueError, match=f"ids has {length} tokens; expected at least"):
            chunks(text, batch_size, steps)
        return
    pieces = list(chunks(text, batch_size, steps))
    x = np.concatenate([x for x, _ in pieces], axis=1)
    y = np.concatenate([y for _, y in pieces], axis=1)
    np.testing.assert_array_equal(y, x + 1)
    np.testing.assert_array_equal(x.ravel(), np.arange(x.size))
    assert x.size >= length - 1 - batch_size
    assert all(piece.shape[1] == steps for piece, _ in pieces[:-1])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Vocabulary([]), "tokens is empty"),
        (lambda: Vocabulary("aba"), "tokens has 'a' more than once"),
        (lambda: Vocabulary("ab").encode("c"), "'c' is not among the 2 tokens"),
        (lambda: Vocabulary("ab").decode([2]), "ids has 2; expected numbers from 0 to 1"),
        (lambda: Vocabulary("ab").decode([-1]), "ids has -1"),
        (lambda: pad([]), "sequences is empty"),
        (lambda: pad([[1, 2, 3]], length=2), r"sequences\[0\] has 3 tokens; expected at most 2"),
        (lambda: length_buckets(np.random.default_rng(0), [], 2), "lengths is empty"),
        (lambda: length_buckets(np.random.default_rng(0), [1], 0), "batch_size is 0"),
        (lambda: chunks(np.zeros((2, 2), int), 1, 1), r"ids has shape \(2, 2\); expected one text"),
    ],
)
def test_errors(call, message):
    with pytest.raises(ValueError, match=message):
        call()
