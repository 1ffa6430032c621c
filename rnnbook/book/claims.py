"""A sentence of the book, checked where it stands."""

import numpy as np


class ClaimError(AssertionError):
    """A claim of the book does not hold."""


def claim(statement: str, holds, evidence=None) -> None:
    """Print the statement and its evidence; raise `ClaimError` if it does not hold.

    `holds` must be one truth value: an array or a number is refused, because `if array` asks
    something else than what was meant.

    >>> claim("a longer sequence costs more", 3 > 2, evidence="3 s against 2 s")
    claim: a longer sequence costs more
    evidence: 3 s against 2 s
    """
    if not isinstance(holds, (bool, np.bool_)):
        raise TypeError(
            f"holds is a {type(holds).__name__}; expected one bool, such as (a < b).all()"
        )
    if not holds:
        raise ClaimError(f"{statement} (evidence: {evidence})")
    print(f"claim: {statement}")
    if evidence is not None:
        print(f"evidence: {evidence}")
