"""The check of the argument `rng`, the source of random numbers of everything that draws some."""

import numpy as np


def check_rng(rng: np.random.Generator) -> None:
    """Raise `TypeError` unless `rng` is a generator of NumPy, and not a seed, say.

    >>> check_rng(0)
    Traceback (most recent call last):
    ...
    TypeError: rng is 0; expected a NumPy generator, such as np.random.default_rng(0)
    """
    if not isinstance(rng, np.random.Generator):
        whole = isinstance(rng, (int, np.integer)) and not isinstance(rng, bool)
        found = repr(rng) if whole or rng is None else f"a {type(rng).__name__}"
        seed = rng if whole else 0
        raise TypeError(
            f"rng is {found}; expected a NumPy generator, such as np.random.default_rng({seed})"
        )
