import sys
from pathlib import Path

import pytest

from rnnbook.book.records import best, load_record, runs

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "scripts"))
import experiments  # noqa: E402


@pytest.mark.parametrize("path", experiments.scripts(), ids=lambda path: path.stem)
def test_a_record_was_made_by_the_script_as_it_stands(path):
    record, module = load_record(path.stem), experiments.load(path)
    assert record["hash"] == experiments.code_hash(path), f"run: make experiments NAME={path.stem}"
    assert len(record["results"]) == len(list(module.SEEDS)) * len(module.SETTINGS)


def test_every_record_has_its_script():
    scripts = {path.stem for path in experiments.scripts()}
    assert scripts == {path.stem for path in experiments.RECORDS.glob("*.json")}


SCRIPT = "from rnnbook.old.place import Cell\ndef run(seed):\n    return Cell(2 * seed)\n"


@pytest.mark.parametrize(
    "old, new, same",
    [
        ("old.place", "new.place", True),
        ("):\n", '):\n    """A docstring."""\n', True),
        ("Cell(", "Cell(  # a comment\n        ", True),
        ("from", 'POINT = {"seed": 1}\nfrom', True),
        ("rnnbook", "elsewhere", False),
        ("2 * seed", "seed * 2", False),
        ("2 * seed)", "2 * seed, 0)", False),
    ],
)
def test_the_hash_is_that_of_what_is_computed(old, new, same, tmp_path):
    before, after = tmp_path / "before.py", tmp_path / "after.py"
    before.write_text(SCRIPT)
    after.write_text(SCRIPT.replace(old, new))
    assert after.read_text() != before.read_text()
    assert (experiments.code_hash(after) == experiments.code_hash(before)) is same


def test_an_experiment_is_recorded(tmp_path, monkeypatch):
    script = tmp_path / "tiny.py"
    script.write_text(
        'SEEDS, SETTINGS = [1, 2], [{"k": 3}]\n'
        'def run(seed, k):\n    return {"product": seed * k}\n'
    )
    monkeypatch.setattr(experiments, "RECORDS", tmp_path)
    monkeypatch.setattr(experiments, "UNFINISHED", tmp_path / "unfinished")
    experiments.record(script)
    monkeypatch.setattr("rnnbook.book.records.FOLDER", tmp_path)
    record = load_record("tiny")
    assert [r["product"] for r in record["results"]] == [3, 6]
    assert record["hash"] == experiments.code_hash(script)
    assert not list(tmp_path.rglob("*.tmp")) + list(tmp_path.rglob("*.jsonl"))


def test_an_interrupted_experiment_goes_on_where_it_stopped(tmp_path, monkeypatch):
    script = tmp_path / "tiny.py"
    script.write_text(
        "from pathlib import Path\n"
        "SEEDS, SETTINGS = [1, 2, 3], [{}]\n"
        "def run(seed):\n"
        f"    done = Path({str(tmp_path / 'done')!r})\n"
        "    before = done.read_text() if done.exists() else ''\n"
        "    done.write_text(before + str(seed))\n"
        "    if before == '1':\n"
        "        raise KeyboardInterrupt\n"
        "    return {'seen': before}\n"
    )
    monkeypatch.setattr(experiments, "RECORDS", tmp_path)
    monkeypatch.setattr(experiments, "UNFINISHED", tmp_path / "unfinished")
    with pytest.raises(KeyboardInterrupt):
        experiments.record(script)
    experiments.record(script)
    monkeypatch.setattr("rnnbook.book.records.FOLDER", tmp_path)
    assert [r["seen"] for r in load_record("tiny")["results"]] == ["", "12", "122"]


def test_an_unknown_record_is_named():
    with pytest.raises(FileNotFoundError, match=r"there is no record 'nothing'; expected one of"):
        load_record("nothing")


def test_runs_have_the_settings_asked_for():
    found = runs("memory", task="recall", cell="gru", lag=50)
    everything = load_record("memory")["results"]
    wanted = ("recall", "gru", 50)
    assert found == [r for r in everything if (r["task"], r["cell"], r["lag"]) == wanted]
    with pytest.raises(KeyError, match=r"memory has no setting 'leg'; expected one of: task, cell"):
        runs("memory", leg=50)
    with pytest.raises(ValueError, match=r"lag is 51; expected one of 10, 100"):
        runs("memory", task="recall", lag=51)


def test_the_best_setting_is_that_of_the_mean_over_its_seeds():
    made = [
        {"rate": 0.1, "seed": 0, "loss": 1.0},
        {"rate": 0.1, "seed": 1, "loss": 5.0},
        {"rate": 0.2, "seed": 0, "loss": 2.0},
        {"rate": 0.2, "seed": 1, "loss": 3.0},
    ]
    assert best(made, "loss") == made[2:]
    assert best(made, "loss", largest=True) == made[:2]
    assert best(made, "loss", setting="seed") == made[::2]
