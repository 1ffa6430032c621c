"""A dark twin for each figure: drawn for white paper, recoloured for a dark page.

Text and lines turn light, white becomes the page's dark, hues become lighter until they stand
out. Images inside a figure (heat maps, photographs) and what is written on them keep their
colours.
"""

import colorsys
import re
import xml.etree.ElementTree as ET
from pathlib import Path

from docutils import nodes

PAGE = "#121212"
INK = "#E4E4E4"
ON_LIGHT = "#0b0b0b"  # rnnbook.book.plotting: text that stands on a picture
COLOR = re.compile(r"(fill|stroke): (#[0-9a-fA-F]{6})")
SVG = "http://www.w3.org/2000/svg"
XLINK = "http://www.w3.org/1999/xlink"


def luminance(color):
    """The relative luminance of the WCAG, from 0 for black to 1 for white."""
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(color, other=PAGE):
    high, low = sorted((luminance(color), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def dark(color, in_text=False):
    """The colour that does on a dark page what `color` does on a white one."""
    color = color.lower()
    red, green, blue = (int(color[i : i + 2], 16) / 255 for i in (1, 3, 5))
    hue, light, saturation = colorsys.rgb_to_hls(red, green, blue)
    if color == ON_LIGHT or (in_text and light > 0.5):
        return color
    is_tint = light > 0.85
    if is_tint or saturation < 0.12:  # paper, tints and greys change places
        light, saturation = 0.9 - 0.83 * light, saturation * 0.5
    is_ink = not is_tint and (saturation >= 0.12 or contrast(color, "#ffffff") > 3)
    while is_ink and contrast(as_hex(hue, light, saturation)) < 5 and light < 0.9:
        light += 0.02
    return PAGE if color == "#ffffff" else as_hex(hue, light, saturation)


def as_hex(*hls):
    return "#" + "".join(f"{round(255 * part):02x}" for part in colorsys.hls_to_rgb(*hls))


def dark_svg(text):
    """A figure drawn by Matplotlib, recoloured."""
    ET.register_namespace("", SVG)
    ET.register_namespace("xlink", XLINK)
    root = ET.fromstring(text)
    root.set("fill", INK)  # Matplotlib leaves out what is black
    recolour(root, in_text=False)
    return ET.tostring(root, encoding="unicode")


def recolour(element, in_text):
    name = element.get("id", "")
    if name.startswith("QuadMesh"):
        return
    if name.startswith(("text_", "patch_")):
        in_text = name.startswith("text_")  # the box around a text is a patch, no text
    style = element.get("style")
    if style:
        new = COLOR.sub(lambda m: f"{m[1]}: {dark(m[2], in_text and m[1] == 'fill')}", style)
        element.set("style", new)
    for child in element:
        recolour(child, in_text)


def add_twins(app, doctree, docname):
    """After each drawn figure its twin; the theme shows the one that fits the page."""
    if app.builder.format != "html":
        return
    for image in list(doctree.findall(nodes.image)):
        path = Path(app.srcdir) / image["uri"]
        if path.suffix != ".svg" or "jupyter_execute" not in path.parts:
            continue
        image["loading"] = "lazy"  # a picture that is not shown is not loaded
        twin = image.deepcopy()
        uri = image["uri"].removesuffix(".svg") + "-dark.svg"
        target = Path(app.srcdir) / uri
        target.write_text(dark_svg(path.read_text("utf-8")), encoding="utf-8")
        twin["uri"], twin["candidates"] = uri, {"image/svg+xml": uri}
        app.builder.images[uri] = target.name
        image["classes"] += ["only-light"]
        twin["classes"] += ["only-dark"]
        twin["ids"] = []
        image.parent.insert(image.parent.index(image) + 1, twin)


def setup(app):
    app.connect("doctree-resolved", add_twins, priority=700)
    return {"parallel_read_safe": True, "parallel_write_safe": False}
