"""Stored notebooks: nothing stale, nothing missing, nothing that belongs to one machine."""

import re
import shutil
import sys
from pathlib import Path

import nbformat
import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "scripts"))
import notebooks  # noqa: E402

PATHS = notebooks.paths()
every_notebook = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)


def code_cells(path):
    return [cell for cell in notebooks.read(path).cells if cell.cell_type == "code"]


def ignored(cell):
    return "nbval-ignore-output" in cell.metadata.get("tags", [])


def has_figure(cell):
    return any("image/png" in output.get("data", {}) for output in cell.outputs)


@every_notebook
def test_the_outputs_belong_to_this_code_and_these_versions(path):
    notebook = notebooks.read(path)
    stored = notebook.metadata["rnnbook"]
    assert stored["hash"] == notebooks.code_hash(notebook), f"run: make execute NB={path}"
    assert stored["seconds"] <= 120


@every_notebook
def test_it_begins_with_the_install_cell(path):
    assert code_cells(path)[0].source == notebooks.first_cell(notebooks.read(path))


@every_notebook
def test_outputs_are_there_and_clean(path):
    cells = code_cells(path)
    outputs = [output for cell in cells for output in cell.outputs]
    assert outputs
    assert not [o for o in outputs if o.output_type == "error" or o.get("name") == "stderr"]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert sum(map(ignored, cells)) <= len(cells) / 3
    text = str([output.get("text", output.get("data", {}).get("text/plain")) for output in outputs])
    assert not re.search(r"/home/|/root/|/work/|/tmp/|C:\\\\", text)


@every_notebook
def test_every_figure_has_a_description_and_a_caption(path):
    figures = [cell for cell in code_cells(path) if has_figure(cell)]
    assert len(figures) >= 2
    for cell in figures:
        render = cell.metadata["mystnb"]
        assert len(render["image"]["alt"]) > 40, cell.id
        assert len(render["figure"]["caption"]) > 40, cell.id


@every_notebook
def test_claims_follow_training_and_timing(path):
    cells = code_cells(path)
    assert sum("claim(" in cell.source for cell in cells) >= 4
    for number, cell in enumerate(cells):
        if ignored(cell):
            following = cells[number + 1 : number + 5]
            assert any("claim(" in later.source for later in following), cell.id


@every_notebook
def test_exercises_have_solutions(path):
    text = "\n".join(c.source for c in notebooks.read(path).cells if c.cell_type == "markdown")
    exercises = re.findall(r":::\{exercise\}.*\n:label: (ex-[\w-]+)", text)
    solutions = re.findall(r":::\{solution-start\} (ex-[\w-]+)", text)
    assert 3 <= len(exercises) <= 5
    assert set(solutions) <= set(exercises)
    assert set(exercises) - set(solutions) <= {"ex-load-open"}  # an open question
    assert text.count(":::{solution-start}") == text.count(":::{solution-end}")


def test_all_notebooks_take_half_an_hour_at_most():
    seconds = [notebooks.read(path).metadata["rnnbook"]["seconds"] for path in PATHS]
    assert sum(seconds) <= 30 * 60


def test_every_notebook_is_in_the_book():
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text("utf-8"))
    files = {chapter["file"] for part in toc["parts"] for chapter in part["chapters"]}
    for path in PATHS:
        assert path.relative_to(ROOT).with_suffix("").as_posix() in files
    assert all(list(ROOT.glob(f"{name}.*")) for name in files)


def test_one_address_everywhere():
    address = notebooks.address()
    pattern = re.compile(r"(?:git\+|repository-code: )(https://[^@\s\"]+)")
    for name in ("README.md", "CITATION.cff", "chapters/appendix/api.md"):
        found = pattern.findall((ROOT / name).read_text("utf-8"))
        assert {url.removesuffix(".git") for url in found} == {address}, name


def test_executing_a_notebook_stores_its_outputs_and_a_hash(tmp_path):
    notebook = nbformat.v4.new_notebook(metadata={"rnnbook": {"extras": "notebooks"}})
    notebook.cells = [
        nbformat.v4.new_markdown_cell("# Title"),
        nbformat.v4.new_code_cell("print(1 + 1)"),
    ]
    path = tmp_path / "tiny.ipynb"
    notebooks.save(notebook, path)
    notebooks.execute(path)
    stored = notebooks.read(path)
    assert stored.cells[2].outputs[0].text == "2\n"
    assert stored.metadata["rnnbook"]["hash"] == notebooks.code_hash(stored)
    stored.cells[2].source = "print(1 + 2)"
    assert stored.metadata["rnnbook"]["hash"] != notebooks.code_hash(stored)
    assert not list(tmp_path.glob("*.tmp"))


def test_a_notebook_that_warns_is_refused(tmp_path):
    notebook = nbformat.v4.new_notebook(metadata={"rnnbook": {"extras": "notebooks"}})
    notebook.cells = [
        nbformat.v4.new_markdown_cell("# Title"),
        nbformat.v4.new_code_cell("import sys\nprint('beware', file=sys.stderr)"),
    ]
    path = tmp_path / "warns.ipynb"
    notebooks.save(notebook, path)
    with pytest.raises(SystemExit, match="writes to stderr:\nbeware"):
        notebooks.execute(path)


def test_one_command_sets_the_address_everywhere(tmp_path, monkeypatch):
    names = ["_config.yml", "README.md", "CITATION.cff", "CONTRIBUTING.md", "pyproject.toml"]
    for name in [*names, "constraints.txt", "chapters/appendix/api.md"]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    notebook = tmp_path / "chapters" / PATHS[0].name
    shutil.copy(PATHS[0], notebook)
    old = notebooks.address()
    monkeypatch.setattr(notebooks, "ROOT", tmp_path)
    notebooks.main(["address", "https://github.com/someone/their-book/"])
    assert notebooks.address() == "https://github.com/someone/their-book"
    assert not [path for path in tmp_path.glob("**/*.*") if old in path.read_text("utf-8")]
    stored = notebooks.read(notebook)
    assert code_cells(notebook)[0].source == notebooks.first_cell(stored)
    assert stored.metadata["rnnbook"]["hash"] == notebooks.code_hash(stored)


@pytest.fixture
def copied_notebook(tmp_path, monkeypatch):
    """A notebook in a copy of the book, on which the commands then work."""
    names = ["_config.yml", "README.md", "CITATION.cff", "CONTRIBUTING.md", "pyproject.toml"]
    for name in [*names, "constraints.txt"]:
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "chapters").mkdir()
    monkeypatch.setattr(notebooks, "ROOT", tmp_path)
    return Path(shutil.copy(PATHS[0], tmp_path / "chapters"))


def change(path, number, source):
    notebook = notebooks.read(path)
    [cell for cell in notebook.cells if cell.cell_type == "code"][number].source = source
    notebooks.save(notebook, path)


def test_a_new_address_does_not_hide_that_a_notebook_is_stale(copied_notebook):
    change(copied_notebook, -1, "print('not run')")
    notebooks.main(["address", "https://github.com/someone/their-book.git"])
    assert notebooks.address() == "https://github.com/someone/their-book"
    assert not notebooks.is_current(notebooks.read(copied_notebook))


@pytest.mark.parametrize("url", ["someone/book", "https://github.com/someone", "http://a/b/c"])
def test_an_address_that_is_none_is_refused(copied_notebook, url):
    with pytest.raises(SystemExit, match=r"expected https://github\.com/OWNER"):
        notebooks.main(["address", url])


def test_check_names_what_is_out_of_date(copied_notebook, capsys):
    assert notebooks.main(["check"]) == 0
    change(copied_notebook, 0, "pass")
    capsys.readouterr()
    assert notebooks.main(["check"]) == 1
    out = capsys.readouterr().out
    assert copied_notebook.name in out
    assert "not the install cell" in out and "not those of its code" in out
    notebooks.main(["first-cell"])
    assert notebooks.main(["check"]) == 0
