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


def test_pad_keeps_decimals_and_their_dtype():
    array, mask = pad([[0.5, 1.9, -0.25], []], value=np.nan)
    np.testing.assert_array_equal(array, [[0.5, 1.9, -0.25], [np.nan] * 3])
    assert mask.tolist() == [[True] * 3, [False] * 3]
    for dtype in (np.float32, np.int16, np.complex64):
        assert pad([np.ones(3, dtype), [], np.ones(2, dtype)])[0].dtype == dtype
    assert pad([[1, 2], [0.5]])[0].tolist() == [[1, 2], [0.5, 0]]


def test_pad_gives_the_dtype_that_is_asked_for():
    array, _ = pad([[0.1, 2], [3]], value=0.2, dtype=np.float32)
    np.testing.assert_array_equal(array, np.array([[0.1, 2], [3, 0.2]], np.float32))
    assert pad([[1, 2], [3]], np.nan, dtype=float)[0].tolist()[0] == [1, 2]
    assert pad([[4.0, 2.0]], dtype=int)[0].tolist() == [[4, 2]]
    assert pad([[3.0, np.inf, np.nan]], dtype=np.float32)[0].dtype == np.float32


def test_pad_gives_ids_where_nothing_says_otherwise():
    ids, mask = pad([[], []], value=7, length=3)
    assert ids.dtype == np.int64 and ids.tolist() == [[7] * 3] * 2 and not mask.any()


def test_pad_takes_sequences_of_vectors():
    first, second = np.arange(1.0, 13).reshape(4, 3), np.arange(20.0, 26).reshape(2, 3)
    array, mask = pad([[], first, second], value=-1, length=5)
    assert array.shape == (3, 5, 3) and mask.sum(axis=1).tolist() == [0, 4, 2]
    np.testing.assert_array_equal(array[1][mask[1]], first)
    np.testing.assert_array_equal(array[2][mask[2]], second)
    assert (array[~mask] == -1).all()


def test_pad_takes_tensors():
    import torch

    array, _ = pad([torch.tensor([0.5, 1.9]), torch.tensor([0.25])])
    np.testing.assert_array_equal(array, np.array([[0.5, 1.9], [0.25, 0]], np.float32))


def test_tokens_of_any_one_type_are_sorted():
    words = [("the", "DET"), ("cat", "NOUN"), ("the", "DET")]
    assert Vocabulary.build([words], specials=()).tokens == [("cat", "NOUN"), ("the", "DET")]
    assert Vocabulary.build([[10, 9], [2.5]], specials=("<s>",)).tokens == ["<s>", 2.5, 9, 10]


def test_an_empty_corpus_leaves_the_specials():
    assert Vocabulary.build([], specials=("<unk>",)).encode("ab").tolist() == [0, 0]
    with pytest.raises(ValueError, match="tokens is empty"):
        Vocabulary.build([], specials=())


def test_a_special_is_not_counted_as_a_token_and_not_given_twice():
    vocabulary = Vocabulary.build([["<s>", "b", "<s>"]], specials=("<unk>", "<s>"))
    assert vocabulary.tokens == ["<unk>", "<s>", "b"]
    with pytest.raises(ValueError, match="tokens has '<s>' more than once"):
        Vocabulary.build(["ab"], specials=("<s>", "<unk>", "<s>"))


def test_ids_of_every_framework_are_decoded():
    import torch

    vocabulary = Vocabulary("abc")
    for ids in ([2, 0, 1], np.array([2, 0, 1], np.uint8), torch.tensor([2, 0, 1])):
        assert vocabulary.decode(ids) == ["c", "a", "b"]


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
        (lambda: length_buckets(np.random.default_rng(0), [[1, 2]], 2), r"lengths has shape \(1, "),
        (lambda: pad([[], []]), "sequences are all empty; expected at least one step, or a length"),
        (lambda: pad([[5, 6]], value=np.nan), "value has nan, which int64 can't hold: pass"),
        (lambda: pad([[5, 6]], value=0.5), "value has 0.5, which int64 can't hold"),
        (lambda: pad([[0.5, 1.9]], dtype=int), r"sequences\[0\] has 0.5, which int64 can't hold"),
        (lambda: pad([[3], [7, 300]], dtype=np.uint8), r"sequences\[1\] has 300, which uint8"),
        (lambda: pad([[3.0, np.nan]], dtype=int), r"sequences\[0\] has nan, which int64"),
        (lambda: pad([[3.0, 1e300]], dtype=np.float32), "has 1e.300, which float32 can't hold"),
        (lambda: pad([[3.0]], value=1j), "value has complex128 numbers, which float64 can't hold"),
        (lambda: pad([np.ones((4, 3)), [], np.ones((2, 5))]),
         r"sequences\[2\] has shape \(2, 5\); expected \(T, D\), .* sequences\[0\], \(4, 3\)"),
        (lambda: pad([np.ones((4, 3)), np.ones(5)]), r"sequences\[1\] has shape \(5,\); expected"),
        (lambda: pad([[1], [[1, 2], [3]]]), r"sequences\[1\] has vectors of different lengths"),
    ],
)  # fmt: skip
def test_errors(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Vocabulary([["a"], ["b"]]), "tokens has a token that is no dictionary key"),
        (lambda: Vocabulary.build([[["a"]]]), "sequences has a token that is no dictionary key"),
        (lambda: Vocabulary.build([3, 1]), r"sequences\[0\] is 3; expected a sequence of tokens"),
        (lambda: Vocabulary.build("ab", specials="<pad>"), r"several tokens: \('<pad>',\)"),
        (lambda: Vocabulary.build([[1, "1"]]), r"tokens \(int and str\) that can't be"),
        (lambda: Vocabulary.build([["b", None]]), r"tokens \(NoneType and str\) that can't be"),
        (lambda: Vocabulary.build([[2.5, np.nan, 1.5]]), "that can't be sorted; .* missing values"),
        (lambda: Vocabulary.build([[frozenset("ab"), frozenset("cd")]]), "that can't be sorted"),
        (lambda: Vocabulary("ab").decode([0.7]), "ids has 0.7; expected one sequence of ids"),
        (lambda: Vocabulary("ab").decode(np.array([[1], [0]])), "expected one sequence of ids"),
        (lambda: pad([5, 6]), r"sequences\[0\] is 5; expected a sequence, \(T,\) or \(T, D\)"),
        (lambda: pad([[5], "ab"]), r"sequences\[1\] has no numbers; expected ids, from Vocabulary"),
        (lambda: pad([[None]]), r"sequences\[0\] has no numbers"),
    ],
)  # fmt: skip
def test_wrong_types(call, message):
    with pytest.raises(TypeError, match=message):
        call()


def test_pad_never_changes_a_whole_number():
    for sequences, dtype in (
        ([np.array([2**63 + 1], np.uint64), np.array([1], np.int64)], None),
        ([[2**53 + 1], [0.5]], None),
        ([[-(2**53) - 1], [0.5]], None),
        ([np.array([2**63 - 1])], np.float64),
        ([np.array([2**64 - 1], np.uint64)], np.float32),
        ([[2**53 + 1], [0.5j]], None),
        ([[7, 2**24 + 1]], np.float32),
        ([[7, 70_000]], np.float16),
    ):
        with pytest.raises(ValueError, match=r"^sequences\[0\] has -?\d+, which \w+ can't hold"):
            pad(sequences, dtype=dtype)
    with pytest.raises(ValueError, match=r"^value has 9007199254740993, which float64 can't hold"):
        pad([[0.5], []], value=2**53 + 1)
    held = pad([np.array([2**63, 2**53, 2**64 - 2**11], np.uint64), [0.5]])[0]
    assert held[0].tolist() == [2.0**63, 2.0**53, 2.0**64 - 2**11] and held[1, 0] == 0.5
    assert pad([[-(2**63), 3], [0.5]])[0][0].tolist() == [-(2.0**63), 3]


def test_pad_takes_tensors_with_their_graph_and_of_16_bits():
    torch = pytest.importorskip("torch")
    first = torch.tensor([0.5, 2.0, -1.0], requires_grad=True)
    array, _ = pad([first, 2 * first[:2]], value=7)
    assert array.dtype == np.float32 and array.tolist() == [[0.5, 2, -1], [1, 4, 7]]
    assert pad([first.bfloat16()])[0].tolist() == [[0.5, 2, -1]]
    assert pad([first.half()])[0].dtype == np.float16
    assert pad([torch.arange(3)])[0].dtype == np.int64


def test_what_is_no_token_no_sequence_and_no_generator_is_named():
    vocabulary = Vocabulary("abc")
    for call, message in (
        (lambda: vocabulary.encode([["a"]]), r"^\['a'\] is no token \(unhashable type: 'list'\); "),
        (lambda: vocabulary[{}], "^{} is no token"),
        (lambda: vocabulary.encode(3), "^sequence is 3; expected one sequence of tokens"),
        (lambda: vocabulary.decode(3), "^ids is 3; expected one sequence of ids"),
        (lambda: length_buckets(5, [3, 4], 2), "^rng is 5; expected a NumPy generator, such as"),
    ):
        with pytest.raises(TypeError, match=message):
            call()
