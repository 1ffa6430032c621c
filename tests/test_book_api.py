"""The package page shows every module that a reader may import."""

import ast
import importlib
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "chapters" / "appendix" / "api.md").read_text("utf-8")
LISTED = re.findall(r"automodule:: (\S+)(?:\n   :members: (.+))?", PAGE)


def public_modules():
    """All modules but those of single exercises, and packages that only have modules in them."""
    for path in sorted((ROOT / "rnnbook").glob("**/*.py")):
        if path.stem == "__init__":
            kinds = (ast.FunctionDef, ast.ClassDef)
            if not any(isinstance(node, kinds) for node in ast.parse(path.read_text("utf-8")).body):
                continue
            path = path.parent
        elif path.parent.name == "exercises":
            continue
        if not path.name.startswith("_"):
            yield ".".join(path.relative_to(ROOT).with_suffix("").parts)


def test_every_module_is_listed_once():
    names = [name for name, _ in LISTED]
    assert len(names) == len(set(names))
    assert set(public_modules()) <= set(names)


def test_what_is_listed_is_there():
    for name, members in LISTED:
        module = importlib.import_module(name)
        for member in filter(None, members.split(", ")):
            assert hasattr(module, member), f"{name}.{member}"
