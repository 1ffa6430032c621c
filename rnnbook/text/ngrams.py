"""Counting as a language model: n-grams with interpolated Kneser-Ney smoothing.

After Kneser and Ney (1995), interpolated as by Chen and Goodman (1999). A discount d is taken off
every count c and given to the context u' that lacks the oldest token of u:

    p(w | u) = (max(c(uw) - d, 0) + d n(u) p(w | u')) / c(u),

c(u) being the sum of the c(uw) and n(u) the number of different w among them. The longest context
counts how often uw was seen, all shorter ones count after how many different tokens. Below the
empty context stands the same probability for all tokens of the vocabulary, so none is impossible.
"""

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence

import numpy as np

from rnnbook._check import check_sizes

Table = dict[tuple, Counter]  # context -> how often each token followed


def count(texts: Iterable[Sequence[Hashable]], order: int) -> list[Table]:
    """Tables of the contexts of 0, 1, ... `order` - 1 tokens.

    Raises `TypeError` for one string, which would be taken for texts of one character each.

    >>> count(["abab"], 2)[1]["a",]
    Counter({'b': 2})
    """
    check_sizes(order=order)
    if isinstance(texts, (str, bytes)):
        raise TypeError("texts is one text; expected a list of texts, such as [text]")
    tables: list[Table] = [defaultdict(Counter) for _ in range(order)]
    for text in texts:
        for length, table in enumerate(tables):
            for t in range(length, len(text)):
                table[tuple(text[t - length : t])][text[t]] += 1
    return tables


def continuations(table: Table) -> Table:
    """Contexts one token shorter: before each token, how many different ones were cut off.

    >>> continuations(count(["abab", "cb"], 2)[1])[()]  # b came after a and after c
    Counter({'b': 2, 'a': 1})
    """
    shorter: Table = defaultdict(Counter)
    for context, counts in table.items():
        shorter[context[1:]].update(dict.fromkeys(counts, 1))
    return shorter


class KneserNey:
    """The n-gram model of one order and discount, from tables of that order or a higher one.

    `tokens` is the size of the vocabulary: how many different tokens may come. The probabilities
    of all these sum to 1 after every context. The discount is above 0, or a token that was not
    seen after a known context would be impossible, and at most 1.

    >>> model = KneserNey(count(["abracadabra"], 3), order=3, discount=0.75, tokens=5)
    >>> round(model.prob("r", ("a", "b")), 2)
    0.76
    >>> round(sum(model.prob(w, ("a", "b")) for w in "abcdr"), 12)
    1.0
    """

    def __init__(self, tables: list[Table], *, order: int, discount: float, tokens: int):
        check_sizes(order=order, tokens=tokens)
        if order > len(tables):
            raise ValueError(f"order is {order}; expected at most {len(tables)}, as in tables")
        if not 0 < discount <= 1:
            raise ValueError(f"discount is {discount}; expected a number above 0 and at most 1")
        seen = len(tables[0].get((), ()))
        if tokens < seen:
            raise ValueError(f"tokens is {tokens}; expected at least {seen}, as tables has tokens")
        self.order, self.discount, self.tokens = order, discount, tokens
        chosen = [continuations(table) for table in tables[1:order]] + [tables[order - 1]]
        self.tables = [{u: (c, c.total()) for u, c in table.items()} for table in chosen]

    def prob(self, token: Hashable, context: Sequence[Hashable]) -> float:
        """p(token | context), read off the last `order` - 1 tokens of the context.

        >>> model = KneserNey(count(["abracadabra"], 3), order=3, discount=0.75, tokens=5)
        >>> model.prob("r", "cab") == model.prob("r", ("a", "b"))
        True
        """
        context = tuple(context)
        d, p = self.discount, 1 / self.tokens
        for length, table in enumerate(self.tables[: len(context) + 1]):
            known = table.get(context[len(context) - length :])
            if known is None:
                break  # nor was any longer context seen
            counts, total = known
            p = (max(counts[token] - d, 0) + d * len(counts) * p) / total
        return p

    def log2_probs(self, text: Sequence[Hashable]) -> np.ndarray:
        """log2 p of each token but the first (T - 1,), given the order - 1 tokens before it.

        >>> model = KneserNey(count(["abracadabra"], 3), order=3, discount=0.75, tokens=5)
        >>> model.log2_probs("abba").round(1)
        array([-2.4, -4.6, -1.6])
        """
        begin = 1 - self.order
        steps = range(1, len(text))
        contexts = [tuple(text[max(0, t + begin) : t]) for t in steps]
        return np.log2([self.prob(text[t], u) for t, u in zip(steps, contexts, strict=True)])
