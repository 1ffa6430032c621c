"""Text as whole numbers: a vocabulary, padding, batches of similar length, parallel streams."""

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Sequence
from itertools import pairwise
from operator import index
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from rnnbook._check import check_sizes
from rnnbook._rng import check_rng


class Vocabulary:
    """A fixed list of tokens, each with its place in the list as its number (id).

    A token is a character, a word or anything else that is hashable. With "<unk>" among the
    tokens, a token that is not in the list becomes "<unk>"; without it, it is an error.

    >>> vocabulary = Vocabulary.build(["abba", "abc"], specials=("<pad>", "<unk>"))
    >>> vocabulary.tokens
    ['<pad>', '<unk>', 'a', 'b', 'c']
    >>> vocabulary.encode("cab?")
    array([4, 2, 3, 1])
    >>> vocabulary.decode([4, 2, 3])
    ['c', 'a', 'b']
    """

    def __init__(self, tokens: Iterable[Hashable]):
        self.tokens = list(tokens)
        if not self.tokens:
            raise ValueError("tokens is empty; expected at least one token")
        counts = _counts("tokens", [self.tokens])
        twice, times = counts.most_common(1)[0]
        if times > 1:
            raise ValueError(f"tokens has {twice!r} more than once; expected distinct tokens")
        self.ids = {token: number for number, token in enumerate(self.tokens)}

    @classmethod
    def build(
        cls,
        sequences: Iterable[Iterable[Hashable]],
        *,
        specials: Sequence[Hashable] = ("<pad>", "<s>", "</s>", "<unk>"),
        min_count: int = 1,
    ) -> "Vocabulary":
        """The `specials`, then every token seen at least `min_count` times, in sorted order.

        Build it from training data only: what a test text adds must become "<unk>". Without any
        token that is seen so often, only the specials remain. Raises `TypeError` for tokens that
        have no order among each other, such as 1 and "1".

        >>> Vocabulary.build(["abba", "abc"], specials=("<unk>",), min_count=2).tokens
        ['<unk>', 'a', 'b']
        """
        check_sizes(min_count=min_count)
        if isinstance(specials, (str, bytes)):
            raise TypeError(f"specials is {specials!r}; expected several tokens: ({specials!r},)")
        counts = _counts("sequences", sequences)
        seen = [t for t, count in counts.items() if count >= min_count and t not in specials]
        return cls([*specials, *_in_order(seen)])

    def __len__(self) -> int:
        return len(self.tokens)

    def __contains__(self, token: Hashable) -> bool:
        return token in self.ids

    def __getitem__(self, token: Hashable) -> int:
        """The id of one token."""
        try:
            known = token in self.ids
        except TypeError as error:
            raise TypeError(
                f"{token!r} is no token ({error}); expected one that is hashable, such as a "
                "string, in one sequence at a time"
            ) from None
        if known:
            return self.ids[token]
        if "<unk>" in self.ids:
            return self.ids["<unk>"]
        raise ValueError(f"{token!r} is not among the {len(self)} tokens, and there is no '<unk>'")

    def encode(self, sequence: Iterable[Hashable]) -> np.ndarray:
        """The ids of a sequence of tokens, shape (T,), int64.

        >>> Vocabulary("abc").encode("cab")
        array([2, 0, 1])
        """
        _check_iterable("sequence", sequence, "one sequence of tokens")
        return np.array([self[token] for token in sequence], dtype=np.int64)

    def decode(self, ids: Iterable[int]) -> list[Any]:
        """The tokens of a sequence of ids.

        >>> "".join(Vocabulary("abc").decode([2, 0, 1]))
        'cab'
        """
        _check_iterable("ids", ids, "one sequence of ids")
        tokens = []
        for number in ids:
            try:
                n = index(number)
            except TypeError:
                raise TypeError(f"ids has {number!r}; expected one sequence of ids") from None
            if not 0 <= n < len(self):
                raise ValueError(f"ids has {n}; expected numbers from 0 to {len(self) - 1}")
            tokens.append(self.tokens[n])
        return tokens


def _check_iterable(name: str, value: Any, expected: str) -> None:
    if not hasattr(value, "__iter__"):
        raise TypeError(f"{name} is {value!r}; expected {expected}")


def _counts(name: str, sequences: Iterable[Iterable[Hashable]]) -> Counter:
    """How often each token occurs; an error names what is no token or no sequence of tokens."""
    counts: Counter = Counter()
    for n, sequence in enumerate(sequences):
        _check_iterable(f"{name}[{n}]", sequence, "a sequence of tokens")
        tokens = list(sequence)
        try:
            counts.update(tokens)
        except TypeError as error:
            raise TypeError(
                f"{name} has a token that is no dictionary key ({error}); "
                "expected hashable tokens, such as strings"
            ) from None
    return counts


def _in_order(tokens: list[Any]) -> list[Any]:
    """The tokens sorted, where each of two different ones comes before the other."""
    try:
        ordered = sorted(tokens)
        total = all(a < b for a, b in pairwise(ordered))
    except TypeError:
        total = False
    if not total:
        types = " and ".join(sorted({type(token).__name__ for token in tokens}))
        raise TypeError(
            f"sequences has tokens ({types}) that can't be sorted; expected tokens of one type "
            "that has an order: convert them, for example with str, or drop missing values"
        )
    return ordered


def pad(
    sequences: Sequence[ArrayLike],
    value: complex = 0,
    length: int | None = None,
    *,
    dtype: DTypeLike | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Sequences of different lengths as one array, and the mask (N, T) of what counts.

    Sequences of numbers (T_n,) give an array (N, T), sequences of vectors (T_n, D) one of shape
    (N, T, D). T is the longest length, or `length`; a sequence longer than that is an error, since
    cutting it is a decision of its own. An empty sequence becomes a row that counts nowhere.

    The array has the dtype of the sequences, or `dtype`. Raises `ValueError` where that can't hold
    a number or `value`: integers hold no decimals and no NaN, and float64 not all whole numbers
    above 2^53. Tensors of torch are taken without their graph.

    >>> ids, mask = pad([[5, 6, 7], [8]])
    >>> ids
    array([[5, 6, 7],
           [8, 0, 0]])
    >>> mask.sum(axis=1)
    array([3, 1])
    >>> pad([[0.5, 1.9], []], value=-1)[0]
    array([[ 0.5,  1.9],
           [-1. , -1. ]])
    >>> pad([np.ones((4, 3)), np.ones((2, 3))])[0].shape
    (2, 4, 3)
    """
    if len(sequences) == 0:
        raise ValueError("sequences is empty; expected at least one sequence")
    arrays = [_numbers(f"sequences[{n}]", sequence) for n, sequence in enumerate(sequences)]
    lengths = np.array([len(array) for array in arrays])
    if length is None and not lengths.any():
        raise ValueError("sequences are all empty; expected at least one step, or a length")
    steps = int(lengths.max()) if length is None else length
    check_sizes(length=steps)
    if lengths.max() > steps:
        raise ValueError(
            f"sequences[{lengths.argmax()}] has {lengths.max()} tokens; expected at most {steps}"
        )
    full = [n for n, array in enumerate(arrays) if len(array)]
    shape = arrays[full[0]].shape[1:] if full else ()
    for n in full:
        if arrays[n].shape[1:] != shape:
            raise ValueError(
                f"sequences[{n}] has shape {arrays[n].shape}; "
                f"expected (T, D), with D as in sequences[{full[0]}], {arrays[full[0]].shape}"
            )
    if dtype is None:
        dtype = np.result_type(*(arrays[n] for n in full)) if full else np.int64
    chosen = np.dtype(dtype)
    mask = np.arange(steps) < lengths[:, None]
    padded = np.full((*mask.shape, *shape), _held("value", np.asarray(value), chosen))
    for n in full:
        padded[n, : lengths[n]] = _held(f"sequences[{n}]", arrays[n], chosen)
    return padded, mask


def _numbers(name: str, sequence: Any) -> np.ndarray:
    """A sequence of numbers or of vectors as an array."""
    if hasattr(sequence, "detach"):  # a tensor of torch
        sequence = sequence.detach().cpu()
        sequence = sequence.float() if "bfloat16" in str(sequence.dtype) else sequence
    try:
        array = np.asarray(sequence)
    except ValueError:
        raise ValueError(f"{name} has vectors of different lengths; expected (T, D)") from None
    if array.ndim == 0 and array.dtype.kind not in "US":
        raise TypeError(f"{name} is {sequence!r}; expected a sequence, (T,) or (T, D)")
    if array.dtype.kind not in "biufc":
        raise TypeError(f"{name} has no numbers; expected ids, from Vocabulary.encode, or vectors")
    return array


def _held(name: str, values: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """The values as `dtype`, if it holds them: decimals are rounded as ever, whole numbers not."""
    if values.dtype == dtype:
        return values
    if dtype.kind not in "biufc" or (values.dtype.kind == "c" and dtype.kind != "c"):
        raise ValueError(f"{name} has {values.dtype} numbers, which {dtype} can't hold")
    with np.errstate(invalid="ignore", over="ignore"):
        cast = values.astype(dtype)
    finite = np.isfinite(values) == np.isfinite(cast)
    held = finite if dtype.kind in "fc" else cast == values
    if dtype.kind in "fc" and values.dtype.kind in "iu":
        held = _is_exact(values, cast.real.astype(float))
    if not held.all():
        first = values[~held].flat[0]
        raise ValueError(f"{name} has {first}, which {dtype} can't hold: pass a dtype that does")
    return cast


def _is_exact(whole: np.ndarray, floats: np.ndarray) -> np.ndarray:
    """Where whole numbers are still themselves as floats, which may have become too large."""
    fits = floats < 2.0 ** (np.iinfo(whole.dtype).bits - (whole.dtype.kind == "i"))
    return fits & (np.where(fits, floats, 0).astype(whole.dtype) == whole)


def length_buckets(
    rng: np.random.Generator, lengths: ArrayLike, batch_size: int
) -> list[np.ndarray]:
    """All indices of `lengths` in batches of similar length, the batches in random order.

    Padding costs time. Sorting by length, with ties in random order, leaves little of it.

    >>> lengths = np.array([3, 9, 3, 9, 3])
    >>> batches = length_buckets(np.random.default_rng(0), lengths, batch_size=3)
    >>> sorted(lengths[b].tolist() for b in batches)
    [[3, 3, 3], [9, 9]]
    """
    check_rng(rng)
    check_sizes(batch_size=batch_size)
    lengths = np.asarray(lengths)
    if lengths.ndim != 1:
        raise ValueError(f"lengths has shape {lengths.shape}; expected one a sequence, (N,)")
    if len(lengths) == 0:
        raise ValueError("lengths is empty; expected at least one length")
    order = np.lexsort((rng.random(len(lengths)), lengths))
    batches = [order[i : i + batch_size] for i in range(0, len(order), batch_size)]
    return [batches[i] for i in rng.permutation(len(batches))]


def chunks(ids: ArrayLike, batch_size: int, steps: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """One long text as `batch_size` parallel streams, in chunks (x, y) of `steps` tokens.

    y is x one step later. Row n of a chunk continues row n of the chunk before, so the state
    can be carried over; the last chunk may be shorter. Up to `batch_size` tokens at the end of
    the text are left over.

    >>> for x, y in chunks(np.arange(9), batch_size=2, steps=3):
    ...     print(x.tolist(), y.tolist())
    [[0, 1, 2], [4, 5, 6]] [[1, 2, 3], [5, 6, 7]]
    [[3], [7]] [[4], [8]]
    """
    check_sizes(batch_size=batch_size, steps=steps)
    ids = np.asarray(ids)
    if ids.ndim != 1:
        raise ValueError(f"ids has shape {ids.shape}; expected one text, (T,)")
    length = (len(ids) - 1) // batch_size
    if length < 1:
        raise ValueError(
            f"ids has {len(ids)} tokens; expected at least {batch_size + 1} "
            f"for batch_size={batch_size}"
        )
    x = ids[: batch_size * length].reshape(batch_size, length)
    y = ids[1 : batch_size * length + 1].reshape(batch_size, length)
    return ((x[:, t : t + steps], y[:, t : t + steps]) for t in range(0, length, steps))
