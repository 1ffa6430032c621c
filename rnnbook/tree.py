"""Nested parameters: apply one function to every array of a structure.

A structure is an array, or a (named) tuple, list or dict of structures. Gradients have the
structure of their parameters, so that an optimizer or a check just walks both together.
Lists and tuples of one length are alike; so are a named tuple and a plain one.
"""

from collections.abc import Callable
from typing import Any

import numpy as np


def tree_map(function: Callable, tree: Any, *others: Any) -> Any:
    """The structure of `tree` with `function(leaf, *other_leaves)` at every leaf.

    Raises `ValueError` or `TypeError` where one of the others has another structure.

    >>> tree_map(lambda a, b: a + b, [1, (2, 3)], [10, (20, 30)])
    [11, (22, 33)]
    """
    for k, other in enumerate(others):
        zip_leaves(f"others[{k}]", other, "tree", tree)
    return _map(function, tree, *others)


def leaves(tree: Any) -> list:
    """All leaves of a structure, from left to right.

    >>> leaves([1, (2, {"W": 3})])
    [1, 2, 3]
    """
    return [leaf for _, leaf in named_leaves("", tree)]


def named_leaves(name: str, tree: Any) -> list[tuple[str, Any]]:
    """All leaves, each with how one would write it in code, where `tree` is called `name`.

    >>> named_leaves("grads", [1, {"W": 2}])
    [('grads[0]', 1), ("grads[1]['W']", 2)]
    """
    children = _children(tree)
    if children is None:
        return [(name, tree)]
    return [pair for label, child in children.items() for pair in named_leaves(name + label, child)]


def num_parameters(tree: Any) -> int:
    """How many numbers a structure of arrays holds.

    >>> num_parameters((np.zeros((2, 3)), np.zeros(3)))
    9
    """
    return sum(np.size(leaf) for leaf in leaves(tree))


def zip_leaves(name: str, tree: Any, like_name: str, like: Any) -> list[tuple[str, Any, str, Any]]:
    """The leaves of two structures side by side, each with its name: (name, leaf, name, leaf).

    Raises `ValueError` where the two differ in their keys or in the number of entries, `TypeError`
    where only one of them has a leaf.

    >>> zip_leaves("grads", {"W": 1, "b": 2}, "params", {"b": 3})
    Traceback (most recent call last):
    ...
    ValueError: grads has ['W'], ['b']; expected ['b'], as params has
    """
    children, expected = _children(tree), _children(like)
    if children is None and expected is None:
        return [(name, tree, like_name, like)]
    if children is None or expected is None or isinstance(tree, dict) != isinstance(like, dict):
        raise TypeError(
            f"{name} is {_describe(tree)}; expected {_describe(like)}, as {like_name} is"
        )
    named = _is_named(tree) and _is_named(like)
    if named and set(children) != set(expected):
        raise ValueError(
            f"{name} has {', '.join(children)}; expected {', '.join(expected)}, as {like_name} has"
        )
    if len(children) != len(expected):
        raise ValueError(
            f"{name} has {len(children)} entries; expected {len(expected)}, as {like_name} has"
        )
    pairs = zip(children, children if named else expected, strict=True)
    return [
        found
        for a, b in pairs
        for found in zip_leaves(name + a, children[a], like_name + b, expected[b])
    ]


def check_alike(name: str, tree: Any, like_name: str, like: Any) -> None:
    """Raise unless `tree`, called `name`, is nested as `like` is, with arrays of its shapes.

    Errors are those of `zip_leaves`, and `ValueError` for another shape.

    >>> check_alike("grads", {"W": np.ones(2), "b": 1.0}, "params", {"W": np.ones(3), "b": 2.0})
    Traceback (most recent call last):
    ...
    ValueError: grads['W'] has shape (2,); expected (3,), that of params['W']
    """
    for path, leaf, like_path, like_leaf in zip_leaves(name, tree, like_name, like):
        got, wanted = tuple(np.shape(leaf)), tuple(np.shape(like_leaf))
        if got != wanted:
            raise ValueError(f"{path} has shape {got}; expected {wanted}, that of {like_path}")


def as_array(name: str, leaf: Any) -> np.ndarray:
    """A leaf as a NumPy array; `TypeError` for a tensor that still belongs to a graph.

    >>> as_array("b", 0.5)
    array(0.5)
    """
    if getattr(leaf, "requires_grad", False):
        raise TypeError(f"{name} is a {type(leaf).__name__} that requires grad; write .detach()")
    return np.asarray(leaf)


def check_finite(name: str, tree: Any) -> None:
    """Raise unless all leaves are finite numbers; the error names the first that is not.

    >>> check_finite("grads", {"W": np.array([[1.0, np.inf]])})
    Traceback (most recent call last):
    ...
    ValueError: grads['W'][0, 1] is inf; expected finite numbers
    """
    for path, leaf in named_leaves(name, tree):
        array = as_array(path, leaf)
        if array.dtype.kind not in "biufc":
            found = "None" if leaf is None else f"a {type(leaf).__name__} of dtype {array.dtype}"
            raise TypeError(f"{path} is {found}; expected numbers")
        bad = np.argwhere(~np.isfinite(array))
        if len(bad):
            index = tuple(bad[0])
            raise ValueError(f"{path}{subscript(index)} is {array[index]}; expected finite numbers")


def subscript(index: tuple) -> str:
    """How one writes an index in code; nothing for a single number.

    >>> subscript((0, 2)), subscript(())
    ('[0, 2]', '')
    """
    return f"[{', '.join(map(str, index))}]" if index else ""


def _children(tree):
    """The entries of one level, by how one would write them, or None for a leaf."""
    if isinstance(tree, dict):
        return {f"[{key!r}]": child for key, child in tree.items()}
    if hasattr(tree, "_fields"):
        return {f".{field}": getattr(tree, field) for field in tree._fields}
    if isinstance(tree, (tuple, list)):
        return {f"[{k}]": child for k, child in enumerate(tree)}
    return None


def _is_named(tree):
    return isinstance(tree, dict) or hasattr(tree, "_fields")


def _describe(tree):
    if _children(tree) is None:
        return "None" if tree is None else f"one array or number ({type(tree).__name__})"
    return f"a {type(tree).__name__} of {len(tree)}"


def _map(function, tree, *others):
    if isinstance(tree, dict):
        return {key: _map(function, tree[key], *(o[key] for o in others)) for key in tree}
    if not isinstance(tree, (tuple, list)):
        return function(tree, *others)
    children = [_map(function, *nodes) for nodes in zip(tree, *others, strict=True)]
    return type(tree)(*children) if hasattr(tree, "_fields") else type(tree)(children)
