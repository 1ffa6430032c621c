import io

import matplotlib as mpl
import numpy as np
import pytest
from dark_figures import contrast
from matplotlib.figure import Figure
from matplotlib.ft2font import FT2Font

from rnnbook import data
from rnnbook.book import plotting


def test_text_and_lines_stand_out_from_the_page():
    assert contrast(mpl.colors.to_hex(mpl.rcParams["text.color"]), "#ffffff") > 7
    for name in ("rnn", "lstm", "gru", "target", "baseline", "convolution"):
        assert contrast(plotting.COLORS[name], "#ffffff") > 3, name


def test_models_and_data_have_colours_of_their_own():
    colors = [*plotting.COLORS.values(), *plotting.DATA]
    assert len(set(colors)) == len(colors)
    with mpl.rc_context():
        plotting.use_style()
        cycle = [entry["color"] for entry in mpl.rcParams["axes.prop_cycle"]]
    assert cycle == list(plotting.COLORS.values())


def test_the_same_figure_gives_the_same_file():
    def drawn():
        figure = Figure()
        figure.add_subplot().fill_between([0, 1], [0, 1], hatch="/")
        return plotting.drawn(figure, "svg")

    with mpl.rc_context():
        plotting.use_style()
        assert drawn() == drawn()


def test_a_figure_with_very_many_marks_is_heavy_until_they_are_rasterised():
    def svg(rasterized):
        figure = Figure()
        x = [(k * 7919 % 20011) / 20011 for k in range(20000)]
        figure.add_subplot().scatter(x, x[::-1], rasterized=rasterized)
        return plotting.drawn(figure, "svg")

    assert plotting.is_heavy(svg(False)) and not plotting.is_heavy(svg(True))


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


def boxes(heights, **options):
    """Left, bottom, right and top of each letter that is drawn, in the order of drawing."""
    axes = Figure().add_subplot()
    plotting.sequence_logo(axes, heights, **options)
    found = [patch.get_path().get_extents() for patch in axes.patches]
    return axes, np.array([[b.x0, b.y0, b.x1, b.y1] for b in found])


def test_a_logo_stacks_its_letters_with_the_largest_outside():
    axes, found = boxes([[0.5, 1.0, -0.25, -1.5]], first=-3)
    expected = [[-0.25, 0], [0, 0.5], [0.5, 1.5], [-1.75, -0.25]]  # G, A, C, T
    assert found[:, [1, 3]] == pytest.approx(np.array(expected), abs=1e-9)
    assert found[:, [0, 2]] == pytest.approx(np.tile([-2.95, -2.05], (4, 1)), abs=1e-9)
    assert axes.get_ylim() == (-1.75, 1.5) and axes.get_xlim() == (-3, -2)
    order = [2, 0, 1, 3]
    shown = [mpl.colors.to_hex(patch.get_facecolor()) for patch in axes.patches]
    assert shown == [plotting.DATA[k].lower() for k in order]


def test_a_logo_leaves_out_what_is_too_flat_but_keeps_its_room():
    _, found = boxes([[1e-3, 1.0, 0.0, 0.0]])
    assert found[:, [1, 3]] == pytest.approx(np.array([[1e-3, 1.001]]), abs=1e-9)
    assert len(boxes(np.zeros((2, 4)))[1]) == 0
    axes, found = boxes([[2.0, 1.0]], letters="no")
    assert found[:, 1].tolist() == pytest.approx([0, 1]) and axes.get_xlim() == (0, 1)


def test_a_logo_names_what_does_not_fit():
    axes = Figure().add_subplot()
    with pytest.raises(ValueError, match=r"heights has shape \(4,\); expected \(T, K\) = \(T, 4\)"):
        plotting.sequence_logo(axes, np.zeros(4))
    with pytest.raises(
        ValueError, match=r"heights has shape \(2, 3\); expected \(T, K\) = \(T, 4\)"
    ):
        plotting.sequence_logo(axes, np.zeros((2, 3)))
    with pytest.raises(ValueError, match="not finite; expected finite"):
        plotting.sequence_logo(axes, np.full((2, 4), np.nan))
    with pytest.raises(ValueError, match="colors has 1 entries; expected at least 4"):
        plotting.sequence_logo(axes, np.zeros((2, 4)), colors=["red"])
