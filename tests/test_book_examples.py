"""What a stranger tries first runs: the examples of the README and of the first page, recipes."""

import re
from pathlib import Path

import numpy as np
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


RECIPES = python_blocks("chapters/appendix/api.md")


def recipe(word, folder, monkeypatch):
    """What a recipe of the package page leaves behind, run in an empty folder."""
    monkeypatch.chdir(folder)
    (block,) = (block for block in RECIPES if word in block)
    names = {}
    exec(block, names)
    return names


def test_recipe_serving_with_numpy(tmp_path, monkeypatch):
    names = recipe("stack.step", tmp_path, monkeypatch)
    expected = names["head"](names["reader"](names["torch"].ones(1, 5, 3))[0])[:, -1]
    np.testing.assert_allclose(names["y_t"], expected.detach(), atol=1e-6)


def test_recipe_training_with_numpy(tmp_path, monkeypatch):
    names = recipe("lstm.backward", tmp_path, monkeypatch)
    assert names["loss"] < 0.05 * names["y"].var()


def test_recipe_saving_keras_models(tmp_path, monkeypatch):
    names = recipe("model.keras", tmp_path, monkeypatch)
    x = np.random.default_rng(0).standard_normal((2, 5, 3)).astype("float32")
    np.testing.assert_array_equal(names["same"](x), names["model"](x))


def test_recipe_of_a_cell_of_your_own(tmp_path, monkeypatch):
    assert recipe("leaky integrator", tmp_path, monkeypatch)["error"] < 1e-14


def test_recipe_writing_text(tmp_path, monkeypatch):
    texts = recipe("decoding import sample", tmp_path, monkeypatch)["texts"]
    assert len(texts) == 3 and len(set(map(tuple, texts))) > 1
    tokens = {token for text in texts for token in text}
    assert 0 not in tokens and tokens <= set(range(9))  # 0 ends a text and is left out


def test_recipe_forecasting(tmp_path, monkeypatch):
    ahead = recipe("SeasonalNaive", tmp_path, monkeypatch)["ahead"]
    assert [str(day)[:10] for day in ahead.times] == ["2024-03-01", "2024-03-02", "2024-03-03"]
    assert ahead.values.tolist() == [53.0, 54.0, 55.0]


def test_every_recipe_is_run():
    assert len(RECIPES) == 6


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
