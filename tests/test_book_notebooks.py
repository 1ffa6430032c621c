"""Stored notebooks: nothing stale, nothing missing, nothing that belongs to one machine."""

import ast
import re
import shutil
from pathlib import Path

import nbformat
import notebooks
import pages
import pytest
import yaml

from rnnbook.book.plotting import is_heavy

ROOT = Path(__file__).resolve().parent.parent
PATHS = notebooks.paths()
every_notebook = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)


def code_cells(path):
    return notebooks.code_cells(notebooks.read(path))


def tags(cell):
    return set(cell.metadata.get("tags", []))


def figures(cell):
    """The drawn figures among the outputs of a cell, as bundles of formats."""
    bundles = [output.get("data", {}) for output in cell.outputs]
    return [b for b in bundles if "image/png" in b or "image/svg+xml" in b]


def tree(cell):
    return ast.parse(re.sub(r"(?m)^( *)%pip .*$", r"\1pass", cell.source))


def names(cell, context):
    """The variables that a cell sets (`ast.Store`) or reads (`ast.Load`)."""
    found = [node for node in ast.walk(tree(cell)) if isinstance(node, ast.Name)]
    return {node.id for node in found if isinstance(node.ctx, context)}


def has_claim(cell):
    calls = [node for node in ast.walk(tree(cell)) if isinstance(node, ast.Call)]
    return any(getattr(call.func, "id", "") == "claim" for call in calls)


@every_notebook
def test_the_outputs_belong_to_this_code_and_these_versions(path):
    notebook = notebooks.read(path)
    stored = notebook.metadata["rnnbook"]
    assert stored["hash"] == notebooks.code_hash(notebook), f"run: make execute NB={path}"
    assert stored["seconds"] <= 120, "a notebook takes two minutes of CPU time at most"


@every_notebook
def test_it_begins_with_set_up_in_two_cells(path):
    first, second, *others = code_cells(path)
    assert first.source == notebooks.first_cell(notebooks.read(path))
    assert "set-up" in tags(second), "the imports come second, in a cell tagged set-up"
    assert not [cell.id for cell in others if "set-up" in tags(cell)]


@every_notebook
def test_outputs_are_there_and_clean(path):
    cells = code_cells(path)
    outputs = [output for cell in cells for output in cell.outputs]
    assert outputs
    assert not [o for o in outputs if o.output_type == "error" or o.get("name") == "stderr"]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    ignored = sum("nbval-ignore-output" in tags(cell) for cell in cells)
    assert ignored <= len(cells) / 3, "at most a third of the cells may leave out the comparison"
    text = str([output.get("text", output.get("data", {}).get("text/plain")) for output in outputs])
    assert not re.search(r"/home/|/root/|/work/|/tmp/|C:\\\\", text)


@every_notebook
def test_no_backslash_was_lost(path):
    """Where a program wrote "\\tanh" as "\tanh", the cell holds a tabulator and "anh"."""
    for cell in notebooks.read(path).cells:
        assert not re.search(r"[\x00-\x09\x0b-\x1f]", cell.source), cell.source


@every_notebook
def test_every_figure_has_a_description_and_a_caption(path):
    drawn = [cell for cell in code_cells(path) if figures(cell)]
    assert len(drawn) >= 1, "a page has a picture"
    for cell in drawn:
        render = cell.metadata["mystnb"]
        assert len(render["image"]["alt"]) > 40, f"{cell.id}: describe the picture (alt)"
        assert len(render["figure"]["caption"]) > 40, f"{cell.id}: say what to see (caption)"


@every_notebook
def test_figures_are_drawn_in_lines_not_in_pixels(path):
    for cell in code_cells(path):
        for figure in figures(cell):
            assert "image/svg+xml" in figure, (
                f"{cell.id}: as SVG the figure is too heavy; rasterise what is dense in it"
            )
            assert not is_heavy(figure["image/svg+xml"].encode()), cell.id


@every_notebook
def test_claims_stand_apart_and_follow_training(path):
    cells = code_cells(path)
    printed = [o.get("text", "") for cell in cells for o in cell.outputs]
    assert sum(text.count("claim: ") for text in printed) >= 2, "a page has two claims or more"
    for number, cell in enumerate(cells):
        if has_claim(cell):
            assert "checking" in tags(cell), f"{cell.id}: a cell with claims is tagged checking"
        if "nbval-ignore-output" in tags(cell) and "timing" not in tags(cell):
            following = cells[number + 1 : number + 5]
            assert any(map(has_claim, following)), f"{cell.id}: training, and no claim after it"


CLOCK = re.compile(r"perf_counter|process_time|timeit|time\.time\(|thread_time|psutil")


@every_notebook
def test_no_claim_reads_a_clock(path):
    timed = set()
    for cell in code_cells(path):
        if "timing" in tags(cell):
            assert "nbval-ignore-output" in tags(cell), cell.id
            timed |= names(cell, ast.Store)
        elif has_claim(cell):
            assert not CLOCK.search(cell.source), f"{cell.id}: speed is claimed from make bench"
            read = timed & names(cell, ast.Load) - names(cell, ast.Store)
            assert not read, f"{cell.id}: {', '.join(read)} comes from a cell tagged timing"


@every_notebook
def test_a_cell_that_only_checks_or_draws_is_folded_under_one_name(path):
    for cell in code_cells(path):
        assert len(tags(cell) & pages.FOLDED) <= 1, cell.id
        if "drawing" in tags(cell):
            assert figures(cell) or not cell.outputs, f"{cell.id}: tagged drawing, draws nothing"


MODELS = {
    "lstm": r"\bLSTMs?\b",
    "gru": r"\bGRUs?\b",
    "rnn": r"\b(plain )?RNNs?\b",
    "trees": r"\btrees\b",
    "linear": r"\b(linear|ridge|logistic)\b",
    "convolution": r"\bconvolution",
}


def colour_mistakes(source):
    """Calls whose label names one model and whose colour is another's."""
    for call in ast.walk(ast.parse(source)):
        if not isinstance(call, ast.Call):
            continue
        given = {k.arg: ast.unparse(k.value) for k in call.keywords}
        match = re.fullmatch(r"COLORS\['(\w+)'\]", given.get("color", ""))
        named = [m for m, pattern in MODELS.items() if re.search(pattern, given.get("label", ""))]
        if match and len(named) == 1 and match[1] in MODELS and match[1] != named[0]:
            yield f"{given['label']} in the colour of {match[1]}"


@every_notebook
def test_a_colour_means_one_model(path):
    for cell in code_cells(path):
        source = ast.unparse(tree(cell))
        assert not list(colour_mistakes(source)), cell.id
        raw = re.findall(r"'#[0-9a-fA-F]{6}'|'C\d'|'tab:\w+'", source)
        assert not raw, f"{cell.id}: {raw}; take colours from rnnbook.book.plotting"


def test_a_wrong_colour_is_found():
    wrong = 'ax.plot(y, color=COLORS["gru"], label="LSTM")'
    right = 'ax.plot(y, color=COLORS["gru"], label="GRU, 64 units")'
    assert list(colour_mistakes(wrong)) == ["'LSTM' in the colour of gru"]
    assert not list(colour_mistakes(right))


@every_notebook
def test_exercises_have_solutions(path):
    text = "\n".join(c.source for c in notebooks.read(path).cells if c.cell_type == "markdown")
    exercises = re.findall(r":::\{exercise\}.*\n:label: (ex-[\w-]+)", text)
    solutions = re.findall(r":::\{solution-start\} (ex-[\w-]+)", text)
    assert 2 <= len(exercises) <= 5, "a page has two to five exercises"
    assert set(solutions) <= set(exercises)
    assert set(exercises) - set(solutions) <= {"ex-load-open"}  # an open question
    assert text.count(":::{solution-start}") == text.count(":::{solution-end}")


def test_all_notebooks_take_40_minutes_of_cpu_time_at_most():
    seconds = [notebooks.read(path).metadata["rnnbook"]["seconds"] for path in PATHS]
    assert sum(seconds) <= 40 * 60


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
    with_figure = Path(shutil.copy(ROOT / "chapters/math/lstm.ipynb", tmp_path / "chapters"))
    old = notebooks.address(), notebooks.published()
    monkeypatch.setattr(notebooks, "ROOT", tmp_path)
    notebooks.main(["address", "https://github.com/someone/their-book/"])
    assert notebooks.address() == "https://github.com/someone/their-book"
    texts = [path.read_text("utf-8") for path in tmp_path.glob("**/*.*")]
    assert not [text for text in texts if old[0] in text or old[1] in text]
    page = "https://someone.github.io/their-book/chapters/math/lstm.html#live-lstm-unit"
    assert page in with_figure.read_text("utf-8")
    stored = notebooks.read(notebook)
    assert code_cells(notebook)[0].source == notebooks.first_cell(stored)
    assert stored.metadata["rnnbook"]["hash"] == notebooks.code_hash(stored)


SCRIPT = """\
# ---
# jupyter:
#   rnnbook:
#     extras: notebooks
# ---

# %% [markdown]
# # Title

# %% tags=["drawing"]
print(1 + 1)
"""


def test_a_script_becomes_a_notebook_and_a_script_again(tmp_path):
    source, out, again = tmp_path / "a.py", tmp_path / "a.ipynb", tmp_path / "b.py"
    source.write_text(SCRIPT)
    notebooks.main(["from-py", str(source), str(out)])
    stored = notebooks.read(out)
    assert [tags(cell) for cell in stored.cells] == [set(), {"install", "set-up"}, {"drawing"}]
    notebooks.main(["to-py", str(out), str(again)])
    assert "# # Title" in again.read_text() and "extras: notebooks" in again.read_text()
    notebooks.main(["from-py", str(again), str(out)])
    assert notebooks.read(out).cells == stored.cells


def test_cells_whose_code_is_the_same_keep_their_outputs(tmp_path):
    source, out = tmp_path / "a.py", tmp_path / "a.ipynb"
    source.write_text(SCRIPT + "\n# %%\nprint(3)\n")
    notebooks.main(["from-py", str(source), str(out)])
    notebooks.execute(out)
    source.write_text(SCRIPT + "\n# %%\nprint(4)\n")
    notebooks.main(["from-py", str(source), str(out)])
    assert [len(cell.outputs) for cell in code_cells(out)] == [0, 1, 0]
    assert not notebooks.is_current(notebooks.read(out))


def test_a_script_that_does_not_say_what_it_needs_is_refused(tmp_path):
    source = tmp_path / "a.py"
    source.write_text("# %%\nprint(1)\n")
    with pytest.raises(SystemExit, match=r"a\.py does not say what it needs; expected"):
        notebooks.main(["from-py", str(source), str(tmp_path / "a.ipynb")])


def test_the_hash_covers_the_versions_of_what_is_imported_and_no_others(tmp_path, monkeypatch):
    code = "import sklearn.tree\nfrom rnnbook.torch import LSTM"
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    names = ["matplotlib", "numpy", "scikit-learn", "torch"]
    assert [pin.split("==")[0] for pin in notebooks.pins(book)] == names
    monkeypatch.setattr(notebooks, "ROOT", tmp_path)
    pinned, hashes = tmp_path / "constraints.txt", []
    for versions in ("torch==1\nsphinx==1", "torch==1\nsphinx==2", "torch==2\nsphinx==2"):
        pinned.write_text(versions)
        hashes.append(notebooks.code_hash(book))
    assert hashes[0] == hashes[1] != hashes[2]


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
