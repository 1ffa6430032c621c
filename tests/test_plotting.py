import io

import matplotlib as mpl
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
