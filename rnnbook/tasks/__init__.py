"""Generated sequence tasks with known answers: what can a recurrent network do, and how far?

`memory` holds tasks whose answer needs something long past, `grammars` strings whose next
symbol obeys rules, `chaos` series from equations, `roles` sentences with semantic roles. Each
docstring of the first three says what a model without memory reaches and what a perfect one
does; the tests measure both.

`rng` is always a NumPy generator, such as `np.random.default_rng(0)`; a seed raises `TypeError`.
Sizes and lengths are positive whole numbers; others raise `ValueError` or `TypeError` that name
the argument.
"""

from rnnbook.tasks.chaos import lorenz, mackey_glass
from rnnbook.tasks.grammars import Strings, a_n_b_n, dyck, embedded_reber, reber
from rnnbook.tasks.memory import (
    Batch,
    adding,
    copy,
    delayed_recall,
    parity,
    register,
    temporal_order,
)

__all__ = [
    "Batch",
    "Strings",
    "a_n_b_n",
    "adding",
    "copy",
    "delayed_recall",
    "dyck",
    "embedded_reber",
    "lorenz",
    "mackey_glass",
    "parity",
    "reber",
    "register",
    "temporal_order",
]
