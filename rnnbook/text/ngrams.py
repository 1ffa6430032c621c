"""Counting as a language model: n-grams with Kneser-Ney smoothing, interpolated and modified.

A discount is taken off every count c and given to the context u' that lacks the oldest token of u.
With one discount d (Kneser and Ney 1995, in its interpolated form),

    p(w | u) = (max(c(uw) - d, 0) + d n(u) p(w | u')) / c(u),

c(u) being the sum of the c(uw) and n(u) the number of different w among them. The longest context
counts how often uw was seen, all shorter ones count after how many different tokens. Below the
empty context stands the same probability for all tokens of the vocabulary, so none is impossible.

Chen and Goodman (1999) found that one discount does not suit all counts, and recommend three: one
for what was seen once, one for twice, and one for more often. That is modified Kneser-Ney:

    p(w | u) = (c(uw) - D(c(uw)) + (D1 n1(u) + D2 n2(u) + D3 n3(u)) p(w | u')) / c(u),

n1(u), n2(u) and n3(u) being how many different tokens were seen once, twice and more often after u.
"""

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence

import numpy as np

from rnnbook._check import check_sizes

Table = dict[tuple, Counter]  # context -> how often each token followed
Pair = tuple[Sequence[Hashable], Hashable]  # a context and the token that followed
FALLBACK = (0.5, 1.0, 1.5)  # discounts where a text is too small to estimate them


def count(texts: Iterable[Sequence[Hashable]], order: int) -> list[Table]:
    """Tables of the contexts of 0, 1, ... `order` - 1 tokens.

    Raises `TypeError` for one string, which would be taken for texts of one character each.

    >>> count(["abab"], 2)[1]["a",]
    Counter({'b': 2})
    """
    check_sizes(order=order)
    if isinstance(texts, (str, bytes)):
        raise TypeError("texts is one text; expected a list of texts, such as [text]")
    return count_pairs(
        ((text[max(0, t - order + 1) : t], text[t]) for text in texts for t in range(len(text))),
        order,
    )


def count_pairs(pairs: Iterable[Pair], order: int) -> list[Table]:
    """The tables of `count`, from pairs of a context and the token that followed it.

    A context may hold whatever is known before the token comes, such as its place in the line. What
    stands first in it is the first to be left out where counts are rare; only its last `order` - 1
    elements are read.

    >>> line = "abab"
    >>> pairs = [((line[t - 1], f"place {t}"), line[t]) for t in range(1, 4)]
    >>> count_pairs(pairs, 3)[1]["place 2",]
    Counter({'a': 1})
    >>> count_pairs(pairs, 3)[2]["b", "place 2"]
    Counter({'a': 1})
    """
    check_sizes(order=order)
    tables: list[Table] = [defaultdict(Counter) for _ in range(order)]
    for context, token in pairs:
        known = tuple(context)
        for length in range(min(order, len(known) + 1)):
            tables[length][known[len(known) - length :]][token] += 1
    return tables


def continuations(table: Table) -> Table:
    """Contexts one token shorter: before each token, how many different ones were cut off.

    >>> continuations(count(["abab", "cb"], 2)[1])[()]  # b came after a and after c
    Counter({'b': 2, 'a': 1})
    """
    shorter: Table = defaultdict(Counter)
    for context, counts in table.items():
        after = shorter[context[1:]]
        for token in counts:
            after[token] += 1
    return shorter


def estimate_discounts(table: Table) -> tuple[float, float, float]:
    """The discounts D1, D2, D3 of counts of one, two, and three or more, from counts of counts.

    With n_k the number of entries of the table that are k, Chen and Goodman (1999) estimate

        Y = n_1 / (n_1 + 2 n_2),    D_k = k - (k + 1) Y n_(k+1) / n_k.

    They derive it for texts large enough to have all of n_1, n_2 and n_3. Where one of these is
    zero, or where a discount would not be above zero, all three are `FALLBACK`, which is what the
    program KenLM has for such cases.

    >>> table = {("a",): Counter("bbbcccddefghi"), ("b",): Counter("aaaadde")}
    >>> [round(d, 3) for d in estimate_discounts(table)]  # n_1, ... are 6, 2, 2, 1
    [0.6, 0.2, 1.8]
    >>> estimate_discounts({("a",): Counter("bcd")})  # nothing was seen twice
    (0.5, 1.0, 1.5)
    """
    n = Counter(c for counts in table.values() for c in counts.values())
    if not (n[1] and n[2] and n[3]):
        return FALLBACK
    y = n[1] / (n[1] + 2 * n[2])
    d1, d2, d3 = (k - (k + 1) * y * n[k + 1] / n[k] for k in (1, 2, 3))
    return (d1, d2, d3) if min(d1, d2, d3) > 0 else FALLBACK


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
        if not 0 < discount <= 1:
            raise ValueError(f"discount is {discount}; expected a number above 0 and at most 1")
        self.discount = discount
        self._prepare(tables, order, tokens)

    def _choose(self, table: Table) -> tuple[float, float, float]:
        """The discounts of counts of one, two, and three or more in the table of one length."""
        return (self.discount,) * 3

    def _prepare(self, tables: list[Table], order: int, tokens: int) -> None:
        check_sizes(order=order, tokens=tokens)
        if order > len(tables):
            raise ValueError(f"order is {order}; expected at most {len(tables)}, as in tables")
        seen = len(tables[0].get((), ()))
        if tokens < seen:
            raise ValueError(f"tokens is {tokens}; expected at least {seen}, as tables has tokens")
        self.order, self.tokens = order, tokens
        chosen = [continuations(table) for table in tables[1:order]] + [tables[order - 1]]
        self.discounts = [self._choose(table) for table in chosen]
        self.tables = chosen
        self._off = [(0.0, *discounts) for discounts in self.discounts]
        self._sums: list[dict] = [{} for _ in chosen]

    def _after(self, context: tuple) -> tuple[Counter, int, float] | None:
        """The counts after a context, their sum, and all discounts; None if it was never seen."""
        length = len(context)
        counts = self.tables[length].get(context)
        if counts is None:
            return None
        sums = self._sums[length].get(context)
        if sums is None:
            off = self._off[length]
            sums = counts.total(), sum(off[min(c, 3)] for c in counts.values())
            self._sums[length][context] = sums
        return counts, *sums

    def prob(self, token: Hashable, context: Sequence[Hashable]) -> float:
        """p(token | context), read off the last `order` - 1 tokens of the context.

        >>> model = KneserNey(count(["abracadabra"], 3), order=3, discount=0.75, tokens=5)
        >>> model.prob("r", "cab") == model.prob("r", ("a", "b"))
        True
        """
        context = tuple(context)
        p = 1 / self.tokens
        for length in range(min(self.order, len(context) + 1)):
            known = self._after(context[len(context) - length :])
            if known is None:
                break  # nor was any longer context seen
            counts, total, taken = known
            c = counts[token]
            p = (c - self._off[length][min(c, 3)] + taken * p) / total
        return p

    def log2_probs(self, text: Sequence[Hashable]) -> np.ndarray:
        """log2 p of each token but the first (T - 1,), given the order - 1 tokens before it.

        >>> model = KneserNey(count(["abracadabra"], 3), order=3, discount=0.75, tokens=5)
        >>> model.log2_probs("abba").round(1)
        array([-2.4, -4.6, -1.6])
        """
        begin = 1 - self.order
        steps = range(1, len(text))
        return self.log2_pairs((tuple(text[max(0, t + begin) : t]), text[t]) for t in steps)

    def log2_pairs(self, pairs: Iterable[Pair]) -> np.ndarray:
        """log2 p of the token of each pair of a context and a token, as `count_pairs` takes them.

        >>> model = KneserNey(count(["abracadabra"], 3), order=3, discount=0.75, tokens=5)
        >>> model.log2_pairs([("a", "b"), ("ab", "b")]).round(1)
        array([-2.4, -4.6])
        """
        return np.log2([self.prob(token, context) for context, token in pairs])


class ModifiedKneserNey(KneserNey):
    """The same with three discounts for each length of context, estimated from the tables.

    `discounts` has those of the contexts of 0, 1, ... tokens, as `estimate_discounts` finds them.
    Chen and Goodman (1999) recommend this method after comparing it with the earlier ones.

    >>> model = ModifiedKneserNey(count(["abracadabra", "alakazam"], 3), order=3, tokens=9)
    >>> model.discounts[0]
    (0.5, 1.0, 1.5)
    >>> round(sum(model.prob(w, ("a", "b")) for w in "abcdklmrz"), 12)
    1.0
    """

    def __init__(self, tables: list[Table], *, order: int, tokens: int):
        self._prepare(tables, order, tokens)

    def _choose(self, table: Table) -> tuple[float, float, float]:
        return estimate_discounts(table)
