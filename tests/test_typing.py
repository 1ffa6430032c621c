"""Every public function says what it takes and gives; `make lint` has mypy check that it is so."""

import ast
from pathlib import Path

import pytest

import rnnbook

ROOT = Path(rnnbook.__file__).parent
FILES = [
    path
    for path in sorted(ROOT.glob("**/*.py"))
    if path.name == "__init__.py" or not path.name.startswith("_")
]


def public_functions(tree):
    """Functions and methods that a reader may call, with the names of their classes."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            yield node.name, node
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            for method in node.body:
                if isinstance(method, ast.FunctionDef) and (
                    method.name in ("__init__", "__call__") or not method.name.startswith("_")
                ):
                    yield f"{node.name}.{method.name}", method


def without_hints(function):
    arguments = function.args
    named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    named += [a for a in (arguments.vararg, arguments.kwarg) if a is not None]
    yield from (
        a.arg for a in named if a.annotation is None and a.arg not in ("self", "cls", "ctx")
    )
    if function.returns is None and function.name != "__init__":
        yield "return"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_public_functions_have_type_hints(path):
    tree = ast.parse(path.read_text("utf-8"))
    missing = [
        f"{name}: {argument}"
        for name, function in public_functions(tree)
        for argument in without_hints(function)
    ]
    assert not missing


def test_the_package_says_that_it_has_hints():
    assert (ROOT / "py.typed").exists()
