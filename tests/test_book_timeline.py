"""The timeline of the page about history agrees with the bibliography and with itself."""

import re
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGE = nbformat.read(ROOT / "chapters" / "background" / "history.ipynb", as_version=4)
BIBLIOGRAPHY = (ROOT / "references.bib").read_text("utf-8")


def events():
    """Each entry as [year, name, key, family, bases], from the cell with the table."""
    source = next(cell.source for cell in PAGE.cells if 'TABLE = """' in cell.source)
    lines = source.split('TABLE = """\n')[1].split('"""')[0].splitlines()
    return [line.split("|") for line in lines if not line.startswith(" ")]


EVENTS = events()


def published(key):
    (line,) = re.findall(rf"^@\w+{{{key},.*$", BIBLIOGRAPHY, flags=re.MULTILINE)
    return re.search(r"year={(\d{4})}", line)[1]


@pytest.mark.parametrize("year, name, key, family, bases", EVENTS)
def test_an_entry_has_the_year_of_its_source(year, name, key, family, bases):
    assert year == published(key), name


def test_an_entry_comes_after_what_it_builds_on():
    seen = set()
    for _, name, _, _, bases in EVENTS:
        assert set(filter(None, bases.split(", "))) <= seen, name
        seen.add(name)
    assert len(seen) == len(EVENTS)


def test_the_years_go_forward():
    years = [int(event[0]) for event in EVENTS]
    assert years == sorted(years)


def test_the_text_cites_the_source_of_every_entry():
    text = "\n".join(cell.source for cell in PAGE.cells if cell.cell_type == "markdown")
    cited = set(re.findall(r"[\w-]+", " ".join(re.findall(r"{cite:[tp]}`([^`]+)`", text))))
    missing = {key for _, _, key, _, _ in EVENTS} - cited
    assert not missing, f"not cited below the figure: {missing}"
