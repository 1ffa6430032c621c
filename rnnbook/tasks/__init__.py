"""Generated sequence tasks with known answers: what can a recurrent network do, and how far?

`memory` holds tasks whose answer needs something long past, `recall` keys whose values change,
`permutations` sums that wrap round and cups that change places, `grammars` strings whose next
symbol obeys rules, `chaos` series from equations, `roles` sentences with semantic roles. Each
docstring of the first five says what a model without memory reaches and what a perfect one does;
the tests measure both.

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
from rnnbook.tasks.permutations import cups, modulo
from rnnbook.tasks.recall import rewriting_recall

__all__ = [
    "Batch",
    "Strings",
    "a_n_b_n",
    "adding",
    "copy",
    "cups",
    "delayed_recall",
    "dyck",
    "embedded_reber",
    "lorenz",
    "mackey_glass",
    "modulo",
    "parity",
    "reber",
    "register",
    "rewriting_recall",
    "temporal_order",
]
