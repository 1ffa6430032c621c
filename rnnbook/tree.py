"""Nested parameters: apply one function to every array of a structure.

A structure is an array, or a (named) tuple, list or dict of structures. Gradients have the
structure of their parameters, so that an optimizer or a check just walks both together.
"""

import numpy as np


def tree_map(function, tree, *others):
    """The structure of `tree` with `function(leaf, *other_leaves)` at every leaf.

    >>> tree_map(lambda a, b: a + b, [1, (2, 3)], [10, (20, 30)])
    [11, (22, 33)]
    """
    if isinstance(tree, dict):
        return {key: tree_map(function, tree[key], *(o[key] for o in others)) for key in tree}
    if not isinstance(tree, (tuple, list)):
        return function(tree, *others)
    children = [tree_map(function, *nodes) for nodes in zip(tree, *others, strict=True)]
    return type(tree)(*children) if hasattr(tree, "_fields") else type(tree)(children)


def leaves(tree) -> list:
    """All leaves of a structure, from left to right.

    >>> leaves([1, (2, {"W": 3})])
    [1, 2, 3]
    """
    found: list = []
    tree_map(found.append, tree)
    return found


def num_parameters(tree) -> int:
    """How many numbers a structure of arrays holds.

    >>> num_parameters((np.zeros((2, 3)), np.zeros(3)))
    9
    """
    return sum(np.size(leaf) for leaf in leaves(tree))
