"""A figure of a notebook on another page is that notebook's own picture."""

import json
from pathlib import Path

import pictures
import pytest

ROOT = Path(__file__).resolve().parent.parent


def test_the_picture_and_its_alt_text_are_those_of_the_cell(tmp_path):
    drawn = {"figure": {"name": "fig-b"}, "image": {"alt": "a line"}}
    cells = [
        {"metadata": {}, "outputs": []},
        {"metadata": {"mystnb": drawn}, "outputs": [{"data": {"image/svg+xml": ["<svg", "/>"]}}]},
    ]
    path = tmp_path / "page.ipynb"
    path.write_text(json.dumps({"cells": cells}))
    assert pictures.figure_of(path, "fig-b") == ("<svg/>", "a line")
    with pytest.raises(ValueError, match=r"page\.ipynb has no figure fig-a"):
        pictures.figure_of(path, "fig-a")


def test_the_introduction_shows_a_figure_that_is_there():
    line = next(x for x in (ROOT / "intro.md").read_text("utf-8").splitlines() if "{picture}" in x)
    page, name = line.split()[1:]
    svg, alt = pictures.figure_of(ROOT / f"{page}.ipynb", name)
    assert svg.lstrip().startswith("<?xml") or svg.startswith("<svg")
    assert alt
