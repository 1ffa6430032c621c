"""The examples that a stranger tries first, in the README and on the book's first page, run."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def python_blocks(name):
    return re.findall(r"```python\n(.*?)```", (ROOT / name).read_text("utf-8"), flags=re.DOTALL)


@pytest.mark.parametrize("name", ["README.md", "intro.md"])
def test_the_example_runs(name):
    (block,) = python_blocks(name)
    names = {}
    exec(block, names)
    assert names["hs"].shape == (2, 5, 8)
    assert names["dparams"].W_h.shape == (8, 32)
    assert names["module"].hidden_size == 8


def test_the_gradient_of_the_readme_is_exact(capsys):
    (block,) = python_blocks("README.md")
    exec(block, {})
    assert float(capsys.readouterr().out) < 1e-13


def test_the_commands_of_the_readme_are_targets_of_the_makefile():
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^(\w+):", makefile, flags=re.MULTILINE))
    commands = re.findall(
        r"^make (\w+)", (ROOT / "README.md").read_text("utf-8"), flags=re.MULTILINE
    )
    assert {"book", "test"} <= set(commands) <= targets
