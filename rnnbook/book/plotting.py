"""One figure style for the book: fixed meanings of colours, sharp at any size, light and dark."""

import gzip
import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from numpy.typing import ArrayLike

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


def sequence_logo(
    axes: Any,
    heights: ArrayLike,
    *,
    first: float = 0,
    letters: str = "ACGT",
    colors: Sequence[str] = DATA,
) -> None:
    """Stacks of letters, one stack a place, as Schneider and Stephens (1990) draw them.

    `heights` (T, K): how high each of K letters stands at each of T places, such as bits or log
    odds. What is positive stands above zero and what is negative hangs below it, the largest
    outside. Stack t lies between `first` + t and `first` + t + 1, and the limits of both axes are
    set. `letters` are K letters, and `colors` theirs.

    >>> from matplotlib.figure import Figure
    >>> axes = Figure().add_subplot()
    >>> sequence_logo(axes, [[1.0, 0.0, 0.0, -0.5], [0.0, 2.0, 0.0, 0.0]])
    >>> len(axes.patches), axes.get_ylim() == (-0.5, 2)
    (3, True)
    """
    import numpy as np
    from matplotlib.font_manager import FontProperties
    from matplotlib.patches import PathPatch
    from matplotlib.textpath import TextPath
    from matplotlib.transforms import Affine2D

    table = np.asarray(heights, float)
    if table.ndim != 2 or table.shape[1] != len(letters) or not len(table):
        expected = f"(T, K) = (T, {len(letters)}), a column for each of {letters!r}"
        raise ValueError(f"heights has shape {table.shape}; expected {expected}")
    if not np.isfinite(table).all():
        raise ValueError("heights holds values that are not finite; expected finite ones")
    if len(colors) < len(letters):
        raise ValueError(f"colors has {len(colors)} entries; expected at least {len(letters)}")
    font = FontProperties(family="DejaVu Sans", weight="bold")
    shapes = [TextPath((0, 0), letter, size=1, prop=font) for letter in letters]
    low, high = np.minimum(table, 0).sum(axis=1).min(), np.maximum(table, 0).sum(axis=1).max()
    for place, column in enumerate(table):
        edges = {1: 0.0, -1: 0.0}
        for k in np.argsort(np.abs(column)):
            sign = 1 if column[k] > 0 else -1
            bottom = min(edges[sign], edges[sign] + column[k])
            edges[sign] += column[k]
            if abs(column[k]) <= 0.002 * (high - low):  # too flat to be seen
                continue
            box = shapes[k].get_extents()
            stretch = Affine2D().translate(-box.x0, -box.y0)
            stretch.scale(0.9 / box.width, abs(column[k]) / box.height)
            path = stretch.translate(first + place + 0.05, bottom).transform_path(shapes[k])
            axes.add_patch(PathPatch(path, color=colors[k], lw=0))
    axes.set(xlim=(first, first + len(table)))
    if high > low:
        axes.set(ylim=(low, high))


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
