"""One figure style for the book: fixed meanings of colours, readable in light and dark."""

from dataclasses import replace
from pathlib import Path

# For Chinese and Japanese text: a part of Noto Sans CJK TC, under the SIL Open Font License.
FONT = Path(__file__).parent / "fonts" / "NotoSansCJKtc-subset.otf"

# Okabe and Ito's palette, which colour-blind readers can tell apart; a colour means one thing.
COLORS = {
    "rnn": "#0072B2",
    "lstm": "#D55E00",
    "gru": "#009E73",
    "target": "#444444",
    "baseline": "#8C8C8C",
    "linear": "#E69F00",
    "trees": "#CC79A7",
    "accent": "#56B4E9",
}

PANEL = "#FBFAF7"

STYLE = {
    # A light panel behind the figure reads the same on a light and on a dark page.
    "figure.facecolor": PANEL,
    "savefig.facecolor": PANEL,
    "axes.facecolor": PANEL,
    "figure.figsize": (7.2, 3.6),
    "figure.dpi": 110,
    "figure.constrained_layout.use": True,
    "font.family": ["DejaVu Sans", "Noto Sans CJK TC"],
    "font.size": 10.5,
    "axes.titlesize": 11.5,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#E4E0D8",
    "grid.linewidth": 0.7,
    "legend.frameon": False,
    "lines.linewidth": 1.8,
}


def use_style() -> None:
    """Make all figures that follow use the book's style, with a font for Chinese characters.

    >>> use_style()
    >>> import matplotlib
    >>> matplotlib.rcParams["axes.spines.top"]
    False
    """
    import matplotlib as mpl
    from matplotlib import font_manager

    fonts = font_manager.fontManager
    if not any(Path(font.fname).name == FONT.name for font in fonts.ttflist):
        fonts.addfont(FONT)
        # Bold text takes the same characters, or Matplotlib warns that it has no bold ones.
        fonts.ttflist.append(replace(fonts.ttflist[-1], weight=700))
    mpl.rcParams.update(STYLE)
    mpl.rcParams["axes.prop_cycle"] = mpl.cycler(color=list(COLORS.values()))
