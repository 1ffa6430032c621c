import io

import matplotlib as mpl
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.ft2font import FT2Font

from rnnbook import data
from rnnbook.book import plotting


def luminance(color):
    r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(color))
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(a, b):
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


def test_text_and_lines_stand_out_from_the_panel():
    assert contrast(mpl.rcParams["text.color"], plotting.PANEL) > 7
    for name in ("rnn", "lstm", "gru", "target", "baseline"):
        assert contrast(plotting.COLORS[name], plotting.PANEL) > 3, name


def test_use_style_sets_the_panel_and_the_colours():
    with mpl.rc_context():
        plotting.use_style()
        assert mpl.rcParams["figure.facecolor"] == plotting.PANEL
        cycle = [entry["color"] for entry in mpl.rcParams["axes.prop_cycle"]]
        assert cycle == list(plotting.COLORS.values())


def test_colours_differ():
    assert len(set(plotting.COLORS.values())) == len(plotting.COLORS)
    assert pytest.approx(1) == contrast(plotting.PANEL, plotting.PANEL)


def test_the_font_that_comes_along_has_the_characters_of_the_poems():
    font = FT2Font(plotting.FONT)
    poems = set("".join(data.load_quatrains().poem))
    missing = {c for c in poems if font.get_char_index(ord(c)) == 0}
    assert missing <= {"𤰳", "𡱈"}  # which the whole font lacks as well


def test_chinese_titles_are_drawn_without_a_warning(caplog):
    with mpl.rc_context():
        plotting.use_style()
        for weight in ("normal", "bold"):
            figure = Figure()
            figure.suptitle("床前明月光, a poem", weight=weight)
            figure.savefig(io.BytesIO())
    assert not caplog.records
