"""A sentence of the book, checked where it stands."""

from numbers import Integral, Real
from typing import Any

import numpy as np

KINDS = ("exact", "measured", "recorded", "timed")


class ClaimError(AssertionError):
    """A claim of the book does not hold."""


def claim(
    statement: str, holds: Any, evidence: Any = None, *, kind: str, seeds: int | None = None
) -> None:
    """Print the statement, its evidence and its kind; raise `ClaimError` if it does not hold.

    `kind` says what stands behind the sentence, since a reader can't guess it:

    - `"exact"`: a proof, a count, or two computations that agree to rounding;
    - `"measured"`: this notebook measured it, on data or on networks that it trained itself;
    - `"recorded"`: a recorded experiment measured it, over `seeds` random starts (required);
    - `"timed"`: `make bench` measured it, on the machine that its record names.

    `holds` must be one truth value: an array or a number is refused, because `if array` asks
    something else than what was meant. `evidence` is text, a number, or a list or dict of such,
    which `words` puts into a sentence.

    >>> claim("a longer sequence costs more", 3 > 2, {"100 steps": 3.0, "50": 2.0}, kind="measured")
    claim: a longer sequence costs more
    evidence: 100 steps: 3, 50: 2
    kind: measured here
    >>> claim("gates help", True, "1.9 against 2.4", kind="recorded", seeds=3)
    claim: gates help
    evidence: 1.9 against 2.4
    kind: recorded over 3 seeds
    """
    if not isinstance(holds, (bool, np.bool_)):
        raise TypeError(
            f"holds is a {type(holds).__name__}; expected one bool, such as (a < b).all()"
        )
    source = _source(kind, seeds)
    evidence = None if evidence is None else words(evidence)
    if not holds:
        raise ClaimError(f"{statement} (evidence: {evidence})")
    print(f"claim: {statement}")
    if evidence is not None:
        print(f"evidence: {evidence}")
    print(f"kind: {source}")


def words(evidence: Any) -> str:
    """Evidence as a reader would write it: numbers to four digits, no brackets and no quotes.

    >>> words({"GRU": 0.82841, "LSTM": [1.5, 2.25e-16]})
    'GRU: 0.8284; LSTM: 1.5 and 2.25e-16'
    >>> words(np.array([1, 20000, 3]))
    '1, 20,000 and 3'
    >>> words((True, None, np.float64(98765.4321)))
    'yes, none and 98,765'
    """
    if isinstance(evidence, dict):
        parts = [f"{_key(key)}: {words(value)}" for key, value in evidence.items()]
        return ("; " if any("," in part or " and " in part for part in parts) else ", ").join(parts)
    if isinstance(evidence, np.ndarray) and evidence.ndim == 0:
        return words(evidence.item())
    if isinstance(evidence, (list, tuple, set, frozenset, range, np.ndarray, type({}.values()))):
        parts = [words(value) for value in evidence]
        if any(" and " in part or ": " in part for part in parts):
            return "; ".join(parts)
        return " and ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]])) or "none"
    return _word(evidence)


def _key(key):
    return " ".join(map(_word, key)) if isinstance(key, tuple) else _word(key)


def _word(value):
    if value is None:
        return "none"
    if isinstance(value, (bool, np.bool_)):
        return "yes" if value else "no"
    if isinstance(value, Integral):
        return f"{value:,}"
    if isinstance(value, Real):
        number = float(value)
        return f"{number:,.0f}" if 1000 <= abs(number) < 1e9 else f"{number:.4g}"
    return str(value)


def _source(kind, seeds):
    """What the third line says."""
    if kind not in KINDS:
        raise ValueError(f"kind is {kind!r}; expected {', '.join(map(repr, KINDS))}")
    if seeds is not None and (isinstance(seeds, bool) or not isinstance(seeds, Integral)):
        raise TypeError(f"seeds is {seeds!r}; expected a positive whole number")
    if kind == "recorded" and seeds is None:
        raise ValueError("seeds is missing; expected how many random starts were recorded")
    if seeds is not None and (seeds < 1 or kind in ("exact", "timed")):
        raise ValueError(
            f"seeds is {seeds} for kind {kind!r}; expected none, or 1 or more if random"
        )
    over = "" if seeds is None else " with one seed" if seeds == 1 else f" over {seeds} seeds"
    return {"measured": "measured here", "timed": "timed by make bench"}.get(kind, kind) + over
