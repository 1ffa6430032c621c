from pathlib import Path

import pytest

import experiments
from rnnbook.book.records import best, has_record, load_record, runs

ROOT = Path(__file__).resolve().parent.parent


RECORDED = [path for path in experiments.scripts() if experiments.has_record(path)]


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_a_record_was_made_by_the_script_as_it_stands(path):
    record, module = load_record(path.stem), experiments.load(path)
    assert record["hash"] == experiments.code_hash(path), f"run: make experiments NAME={path.stem}"
    assert len(record["results"]) == len(list(module.SEEDS)) * len(module.SETTINGS)


def test_every_record_has_its_script():
    scripts = {path.stem for path in experiments.scripts()}
    assert scripts >= {path.stem for path in experiments.RECORDS.glob("*.json")}


def test_only_a_script_that_needs_a_device_is_without_a_record():
    without = set(experiments.scripts()) - set(RECORDED)
    lacking = {path.stem for path in without if experiments.needs(path) is None}
    assert not lacking, "run: make experiments NAME=..."


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


POINT = 'POINT = [{"seed": 7, "settings": {%s}, "constants": {"N": 0}, "tolerance": 0}]\n'
TINY = 'SEEDS, SETTINGS, N = [1, 2], [{"k": 3}], 1\n' + POINT % '"k": 5'
TINY += 'def run(seed, k):\n    return {"product": seed * k + N}\n'


@pytest.fixture
def written(tmp_path, monkeypatch):
    """A function that writes a script; its record and what is unfinished stand beside it."""
    monkeypatch.setattr(experiments, "RECORDS", tmp_path)
    monkeypatch.setattr(experiments, "UNFINISHED", tmp_path / "unfinished")
    monkeypatch.setattr("rnnbook.book.records.FOLDER", tmp_path)

    def write(text):
        script = tmp_path / "tiny.py"
        script.write_text(text)
        return script

    return write


def test_an_experiment_is_recorded(written, tmp_path):
    script = written(TINY)
    experiments.record(script)
    record = load_record("tiny")
    assert [r["product"] for r in record["results"]] == [4, 7]
    assert record["hash"] == experiments.code_hash(script)
    asked = {"seed": 7, "settings": {"k": 5}, "constants": {"N": 0}}
    assert record["point"] == [{**asked, "result": {"product": 35}}]
    assert {path.name for path in tmp_path.rglob("*.*")} == {"tiny.py", "tiny.json"}


def test_a_point_is_stored_and_nothing_else_changes(written, tmp_path):
    script = written(TINY)
    experiments.record(script)
    before = (tmp_path / "tiny.json").read_text()
    written(TINY.replace('"seed": 7', '"seed": 8'))
    experiments.store_point(script)
    after = (tmp_path / "tiny.json").read_text()
    assert load_record("tiny")["point"][0]["result"] == {"product": 40}
    assert after == before.replace('"seed": 7', '"seed": 8').replace("35", "40")


INTERRUPTED = """
from pathlib import Path
SEEDS, SETTINGS, N = [1, 2, 3], [{{}}], 1
{point}
def run(seed):
    if N == 0:
        return {{"seen": Path({package!r}).read_text()}}
    done = Path({done!r})
    before = done.read_text() if done.exists() else ""
    done.write_text(before + str(seed))
    if before == "1":
        raise KeyboardInterrupt
    return {{"seen": before}}
"""


@pytest.fixture
def interrupted(written, tmp_path):
    """A script that was interrupted in its second run, and the file it depends on."""
    package, done = tmp_path / "package.txt", tmp_path / "done.txt"
    package.write_text("as before")
    point = POINT % ""
    text = INTERRUPTED.format(point=point, package=str(package), done=str(done))
    script = written(text)
    with pytest.raises(KeyboardInterrupt):
        experiments.record(script)
    return script, package


def seen():
    return [r["seen"] for r in load_record("tiny")["results"]]


def test_an_interrupted_experiment_goes_on_where_it_stopped(interrupted):
    experiments.record(interrupted[0])
    assert seen() == ["", "12", "122"]


def test_an_interrupted_experiment_begins_anew_with_another_script(interrupted):
    script, _ = interrupted
    script.write_text(script.read_text() + "ANOTHER = 1\n")
    experiments.record(script)
    assert seen() == ["12", "121", "1212"]


def test_an_interrupted_experiment_is_not_finished_by_another_package(interrupted):
    script, package = interrupted
    package.write_text("changed")
    with pytest.raises(ValueError, match=r"not the one that made the 1 finished runs: .*changed"):
        experiments.record(script)


@pytest.mark.parametrize(
    "old, new, said",
    [
        ("POINT", "PIONT", r"tiny.py has POINT = None; expected a list of dicts of constants,"),
        ('"tolerance"', '"margin"', r"'margin': 0.*expected a list of dicts of constants,"),
        ('{"N": 0}', '{"M": 0}', r"tiny.py has no constant M; expected some of: N, POINT"),
    ],
)
def test_a_wrong_point_is_refused(old, new, said, written):
    with pytest.raises(ValueError, match=said):
        experiments.record(written(TINY.replace(old, new)))


def test_a_long_point_is_refused(written, monkeypatch):
    monkeypatch.setattr(experiments, "LONGEST", 0)
    with pytest.raises(ValueError, match=r"tiny.py has a POINT of .* s of CPU; expected 0 at most"):
        experiments.record(written(TINY))


ELSEWHERE = 'NEEDS = "cuda"\n' + TINY


def test_a_script_whose_device_is_missing_says_so_and_changes_nothing(
    written, tmp_path, monkeypatch, capsys
):
    script = written(ELSEWHERE)
    monkeypatch.setattr(experiments, "FOLDER", tmp_path)
    monkeypatch.setitem(experiments.NEEDS, "cuda", ("a CUDA GPU", lambda: False))
    experiments.main(["tiny"])
    said = "tiny needs a CUDA GPU, and there is none here: nothing was changed.\n"
    assert capsys.readouterr().out == said
    experiments.main([])
    experiments.main(["point"])
    assert list(tmp_path.iterdir()) == [script]
    with pytest.raises(SystemExit, match="no record yet; run: make experiments NAME=tiny"):
        experiments.main(["point", "tiny"])


def test_a_script_whose_device_is_there_is_recorded(written, tmp_path, monkeypatch):
    written(ELSEWHERE)
    monkeypatch.setattr(experiments, "FOLDER", tmp_path)
    monkeypatch.setitem(experiments.NEEDS, "cuda", ("a CUDA GPU", lambda: True))
    assert not has_record("tiny")
    experiments.main(["tiny"])
    assert has_record("tiny") and len(load_record("tiny")["results"]) == 2


def test_an_unknown_need_is_refused(written):
    with pytest.raises(ValueError, match=r"tiny.py has NEEDS = 'magic'; expected cuda"):
        experiments.needs(written(ELSEWHERE.replace("cuda", "magic")))


def test_constants_are_replaced_before_anything_uses_them(tmp_path):
    script = tmp_path / "tiny.py"
    script.write_text("A, B = 1, 2\nC = 10 * A\ndef f(a=A):\n    return a, A, B, C\n")
    assert experiments.load(script).f() == (1, 1, 2, 10)
    assert experiments.load(script, {"A": 3}).f() == (3, 3, 2, 30)


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
