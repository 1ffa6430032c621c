"""Text as whole numbers: a vocabulary, padding, batches of similar length, parallel streams."""

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Sequence

import numpy as np

from rnnbook._check import check_sizes


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
        self.ids = {token: number for number, token in enumerate(self.tokens)}
        if not self.tokens:
            raise ValueError("tokens is empty; expected at least one token")
        if len(self.ids) < len(self.tokens):
            twice = Counter(self.tokens).most_common(1)[0][0]
            raise ValueError(f"tokens has {twice!r} more than once; expected distinct tokens")

    @classmethod
    def build(
        cls,
        sequences: Iterable[Iterable[Hashable]],
        *,
        specials: Sequence[str] = ("<pad>", "<s>", "</s>", "<unk>"),
        min_count: int = 1,
    ) -> "Vocabulary":
        """The `specials`, then every token seen at least `min_count` times, in sorted order.

        Build it from training data only: what a test text adds must become "<unk>".
        """
        check_sizes(min_count=min_count)
        counts = Counter(token for sequence in sequences for token in sequence)
        seen = [t for t, count in counts.items() if count >= min_count and t not in specials]
        return cls([*specials, *sorted(seen)])

    def __len__(self) -> int:
        return len(self.tokens)

    def __contains__(self, token: Hashable) -> bool:
        return token in self.ids

    def __getitem__(self, token: Hashable) -> int:
        """The id of one token."""
        if token in self.ids:
            return self.ids[token]
        if "<unk>" in self.ids:
            return self.ids["<unk>"]
        raise ValueError(f"{token!r} is not among the {len(self)} tokens, and there is no '<unk>'")

    def encode(self, sequence: Iterable[Hashable]) -> np.ndarray:
        """The ids of a sequence of tokens, shape (T,), int64."""
        return np.array([self[token] for token in sequence], dtype=np.int64)

    def decode(self, ids: Iterable[int]) -> list:
        """The tokens of a sequence of ids."""
        ids = [int(number) for number in ids]
        for number in ids:
            if not 0 <= number < len(self):
                raise ValueError(f"ids has {number}; expected numbers from 0 to {len(self) - 1}")
        return [self.tokens[number] for number in ids]


def pad(
    sequences: Sequence[Sequence[int]], value: int = 0, length: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Sequences of different lengths as one array (N, T), and the mask (N, T) of what counts.

    T is the longest length, or `length`; a sequence longer than that is an error, since cutting
    it is a decision of its own. An empty sequence becomes a row that counts nowhere.

    >>> ids, mask = pad([[5, 6, 7], [8]])
    >>> ids
    array([[5, 6, 7],
           [8, 0, 0]])
    >>> mask.sum(axis=1)
    array([3, 1])
    """
    if len(sequences) == 0:
        raise ValueError("sequences is empty; expected at least one sequence")
    lengths = np.array([len(sequence) for sequence in sequences])
    steps = int(lengths.max()) if length is None else length
    check_sizes(length=steps)
    if lengths.max() > steps:
        raise ValueError(
            f"sequences[{lengths.argmax()}] has {lengths.max()} tokens; expected at most {steps}"
        )
    mask = np.arange(steps) < lengths[:, None]
    ids = np.full(mask.shape, value, dtype=np.int64)
    ids[mask] = np.concatenate([np.asarray(sequence, dtype=np.int64) for sequence in sequences])
    return ids, mask


def length_buckets(
    rng: np.random.Generator, lengths: Sequence[int], batch_size: int
) -> list[np.ndarray]:
    """All indices of `lengths` in batches of similar length, the batches in random order.

    Padding costs time. Sorting by length, with ties in random order, leaves little of it.

    >>> lengths = np.array([3, 9, 3, 9, 3])
    >>> batches = length_buckets(np.random.default_rng(0), lengths, batch_size=3)
    >>> sorted(lengths[b].tolist() for b in batches)
    [[3, 3, 3], [9, 9]]
    """
    check_sizes(batch_size=batch_size)
    if len(lengths) == 0:
        raise ValueError("lengths is empty; expected at least one length")
    order = np.lexsort((rng.random(len(lengths)), lengths))
    batches = [order[i : i + batch_size] for i in range(0, len(order), batch_size)]
    return [batches[i] for i in rng.permutation(len(batches))]


def chunks(ids: np.ndarray, batch_size: int, steps: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
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
