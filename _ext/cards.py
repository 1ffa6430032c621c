"""The picture of a page where somebody shares its address: 1200 x 630 pixels, and the icon.

A card shows the part of the book, the title, the description, and a unit with a loop, unrolled.
Drawn cards are kept in _build/cards under a hash of what is on them.
"""

import hashlib
import shutil
from functools import cache
from pathlib import Path

import numpy as np
from fontTools.ttLib import TTFont
from fontTools.varLib import instancer
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import Arc, Circle, Rectangle
from matplotlib.textpath import TextToPath
from PIL import Image

from rnnbook._files import replacing

ROOT = Path(__file__).resolve().parent.parent
KEPT = ROOT / "_build" / "cards"
FONT = ROOT / "_static" / "fonts" / "source-serif-4-latin-wght-normal.woff2"
BOOK = "Recurrent neural networks, every equation run"
WIDTH, HEIGHT, MARGIN = 1200, 630, 76
UNIT, LOOP, TEXT, QUIET, PAPER = "#0072B2", "#D55E00", "#1d2126", "#545d68", "#ffffff"


@cache
def face(weight, size):
    """The book's text face in one weight, in pixels: Matplotlib reads no variable woff2."""
    path = KEPT / f"serif-{weight}.ttf"
    if not path.exists():
        KEPT.mkdir(parents=True, exist_ok=True)
        font = instancer.instantiateVariableFont(TTFont(FONT), {"wght": weight})
        font.flavor = None
        with replacing(path) as temporary:
            font.save(temporary)
    return FontProperties(fname=path, size=size)


def width(text, font):
    return TextToPath().get_text_width_height_descent(text, font, ismath=False)[0]


def wrapped(text, font, room):
    """The text in lines that are no wider than the room."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        lines[-1:] = [longer] if width(longer, font) <= room else [lines[-1], word]
    return [line for line in lines if line]


def arrow(axes, x0, x1, y, size, color, line):
    """A straight arrow to the right with a head of two strokes."""
    axes.plot([x0, x1], [y, y], color=color, lw=line, solid_capstyle="round")
    head = [x1 - size, x1, x1 - size], [y - size, y, y + size]
    axes.plot(*head, color=color, lw=line, solid_capstyle="round", solid_joinstyle="round")


def unit_with_loop(axes, x, y, r, line):
    """A unit whose output comes back to it: what a recurrent network is."""
    size = 2 * 1.45 * r
    loop = Arc((x, y + 2 * r), size, size, theta1=-50, theta2=230, color=LOOP, lw=line)
    loop.set_capstyle("round")
    axes.add_patch(loop)
    head = [x + 0.35 * r, x + r, x + 1.16 * r], [y + 1.03 * r, y + 0.82 * r, y + 1.51 * r]
    axes.plot(*head, color=LOOP, lw=line, solid_capstyle="round", solid_joinstyle="round")
    axes.add_patch(Circle((x, y), r, color=UNIT, lw=0))


def motif(axes, x, y, r, steps):
    """The logo: a unit with a loop, and the same unrolled."""
    line = r / 2.6
    unit_with_loop(axes, x, y, r, line)
    arrow(axes, x + 2.6 * r, x + 4.4 * r, y, 0.5 * r, "#8C8C8C", 0.75 * line)
    for step in range(steps):
        at = x + (6.4 + 4.6 * step) * r
        axes.add_patch(Circle((at, y), r, color=UNIT, lw=0))
        if step:
            arrow(axes, at - 3.2 * r, at - 1.5 * r, y, 0.5 * r, LOOP, line)


def canvas(wide, high):
    """Axes that count in pixels from the lower left."""
    figure = Figure(figsize=(wide / 72, high / 72), dpi=72, facecolor=PAPER, layout="none")
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, wide), ylim=(0, high))
    axes.set_axis_off()
    return figure, axes


def save(figure, path):
    """Write the picture with a palette of 64 colours: a quarter of the bytes, the same look."""
    figure.canvas.draw()
    pixels = Image.fromarray(np.asarray(figure.canvas.buffer_rgba())).convert("RGB")
    with replacing(path) as temporary:
        pixels.quantize(64).save(temporary, format="PNG", optimize=True)


def draw(part, title, description, path):
    """The card of one page; returns how far down the texts go."""
    figure, axes = canvas(WIDTH, HEIGHT)
    room, top = WIDTH - 2 * MARGIN, HEIGHT - MARGIN
    axes.add_patch(Rectangle((0, 0), 14, HEIGHT, color=UNIT, lw=0))
    axes.text(MARGIN, top, part, font=face(600, 28), color=LOOP, va="top")
    fonts = [face(640, size) for size in (72, 60, 50)]
    large = next((f for f in fonts if len(wrapped(title, f, room)) <= 2), fonts[-1])
    y = write(axes, wrapped(title, large, room), top - 62, large, TEXT)
    small = face(400, 33)
    y = write(axes, wrapped(description, small, 980), y - 24, small, QUIET)
    motif(axes, MARGIN + 25, 58, 17, 4)
    axes.text(WIDTH - MARGIN, 58, BOOK, font=face(400, 24), color=QUIET, ha="right", va="center")
    save(figure, path)
    return y


def write(axes, lines, y, font, color):
    """Write lines from `y` downwards; returns where the next would begin."""
    for line in lines:
        axes.text(MARGIN, y, line, font=font, color=color, va="top")
        y -= 1.2 * font.get_size()
    return y


def draw_icon(path):
    """The icon that a phone shows for a page on its first screen."""
    figure, axes = canvas(180, 180)
    unit_with_loop(axes, 90, 52, 32, 15)
    save(figure, path)


def kept(texts):
    """The card with these texts, drawn if it has not been drawn before."""
    code = Path(__file__).read_bytes() + FONT.read_bytes()
    name = hashlib.sha256(repr(texts).encode() + code).hexdigest()[:16]
    path = KEPT / f"{name}.png"
    if not path.exists():
        KEPT.mkdir(parents=True, exist_ok=True)
        draw(*texts, path)
    return path


def put(texts, target):
    """Copy the card with these texts to its place on the site."""
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(kept(texts), target)
