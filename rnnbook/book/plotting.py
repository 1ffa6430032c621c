"""One figure style for the book: fixed meanings of colours, sharp at any size, light and dark."""

import gzip
import io
from dataclasses import replace
from pathlib import Path
from typing import Any

# For Chinese and Japanese text: a part of Noto Sans CJK TC, under the SIL Open Font License.
FONT = Path(__file__).parent / "fonts" / "NotoSansCJKtc-subset.otf"

# Okabe and Ito's palette, which colour-blind readers can tell apart; a colour means one model,
# or one of three parts that occur everywhere: what is wanted, what is simple, what to look at.
COLORS = {
    "rnn": "#0072B2",
    "lstm": "#D55E00",
    "gru": "#009E73",
    "target": "#444444",
    "baseline": "#8C8C8C",
    "linear": "#E69F00",
    "trees": "#CC79A7",
    "convolution": "#8C564B",
    "accent": "#56B4E9",
}

# For what is no model: months, tickers, languages, channels. From Paul Tol's muted scheme.
DATA = ("#332288", "#CC6677", "#999933", "#AA4499", "#88CCEE", "#DDCC77", "#882255")

# Text on a picture keeps its colour on a dark page, as the picture does.
ON_LIGHT, ON_DARK = "#0B0B0B", "#FFFFFF"

STYLE: dict[Any, Any] = {
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
    "axes.axisbelow": True,
    "grid.color": "#E4E4E4",
    "grid.linewidth": 0.7,
    "legend.frameon": False,
    "lines.linewidth": 1.8,
    "svg.fonttype": "path",
    "svg.hashsalt": "rnnbook",  # the same figure gives the same file
}

HEAVY = 150_000  # bytes of a compressed SVG from which on pixels are the better choice
SHARP = 220  # dots an inch: twice what the page shows


def use_style() -> None:
    """Make all figures that follow use the book's style, with a font for Chinese characters.

    In a notebook, figures are then stored as SVG, or where that is heavier than 150 KB as PNG
    with twice the pixels that a page shows.

    >>> use_style()
    >>> import matplotlib
    >>> matplotlib.rcParams["axes.spines.top"]
    False
    """
    import matplotlib as mpl
    from cycler import cycler
    from matplotlib import font_manager

    fonts = font_manager.fontManager
    if not any(Path(font.fname).name == FONT.name for font in fonts.ttflist):
        fonts.addfont(FONT)
        # Bold text takes the same characters, or Matplotlib warns that it has no bold ones.
        fonts.ttflist.append(replace(fonts.ttflist[-1], weight=700))
    mpl.rcParams.update(STYLE)
    mpl.rcParams["axes.prop_cycle"] = cycler(color=list(COLORS.values()))
    _show_as_svg()


def drawn(figure: Any, kind: str) -> bytes:
    """A figure as the bytes of an SVG or PNG file.

    >>> from matplotlib.figure import Figure
    >>> drawn(Figure(), "svg")[:5], drawn(Figure(), "png")[1:4]
    (b'<?xml', b'PNG')
    """
    file = io.BytesIO()
    about = dict.fromkeys(["Date", "Creator", "Format", "Type"] if kind == "svg" else ["Software"])
    figure.savefig(file, format=kind, dpi=SHARP, bbox_inches="tight", metadata=about)
    return file.getvalue()


def is_heavy(svg: bytes) -> bool:
    """Whether an SVG is heavier than the page should load.

    >>> is_heavy(b"<svg></svg>")
    False
    """
    return len(gzip.compress(svg)) > HEAVY


def _show_as_svg():
    """Where IPython runs, give figures as SVG, or as PNG where that would be heavy."""
    try:
        from IPython import get_ipython
    except ModuleNotFoundError:
        return
    shell = get_ipython()
    if shell is None:
        return
    import matplotlib.pyplot as plt
    from matplotlib.figure import Figure

    plt.switch_backend(plt.get_backend())  # it brings formats of its own, which ours replace
    kept = {}

    def svg(figure):
        kept[id(figure)] = drawn(figure, "svg")
        return None if is_heavy(kept[id(figure)]) else kept[id(figure)].decode()

    def png(figure):
        svg_file = kept.pop(id(figure), None) or drawn(figure, "svg")
        if not is_heavy(svg_file):
            return None
        pixels = drawn(figure, "png")
        width, height = (int.from_bytes(pixels[i : i + 4]) for i in (16, 20))
        return pixels, {"width": width // 2, "height": height // 2}

    formatters = shell.display_formatter.formatters
    formatters["image/svg+xml"].for_type(Figure, svg)
    formatters["image/png"].for_type(Figure, png)
