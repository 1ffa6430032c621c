"""Fonts that hold only what the pages show: the icons of the theme, Chinese and Japanese text.

The icon fonts weigh 300 KB whole and 5 KB with the icons in use; the font that the figures use
for Chinese weighs 1 MB. Both are cut down after every build. What a figure that answers loads on
demand, such as the vocabulary of a network that writes poems, has a font of its own, so that no
page waits for it.
"""

import re
from pathlib import Path

import live_figures
from fontTools import subset
from fontTools.ttLib import TTFont

from rnnbook._files import replacing

ROOT = Path(__file__).resolve().parent.parent
CJK = ROOT / "rnnbook" / "book" / "fonts" / "NotoSansCJKtc-subset.otf"
CJK_TEXT = re.compile("[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef\U00020000-\U0002ffff]")
ICON_NAME = re.compile(r"\bfa-[a-z][a-z-]+")
ICON_RULE = re.compile(r"([^{}]+)\{content:\"\\([0-9a-f]+)\"")
SCRIPTED = {"fa-xmark", "fa-check", "fa-copy"}  # icons that scripts put into a page


def read_pages(folder):
    return [path.read_text("utf-8") for path in Path(folder).rglob("*.html")]


def cut_cjk(folder, pages):
    """Write two fonts for Chinese, Japanese and Korean: cjk.woff2 with what stands in the pages and
    in the first data of figures, cjk-more.woff2 with what figures load on demand."""
    parts = live_figures.files()
    first = [text for path, text in parts.items() if path.endswith("/data.js")]
    target = Path(folder) / "_static" / "fonts"
    target.mkdir(parents=True, exist_ok=True)
    for name, texts in (("cjk", [*pages, *first]), ("cjk-more", parts.values())):
        shown = {ord(character) for text in texts for character in CJK_TEXT.findall(text)}
        cut(CJK, target / f"{name}.woff2", shown, "woff2")


def icon_codes(styles):
    """The character of every icon: {"fa-bars": 0xf0c9, ...}, from the theme's style sheet."""
    return {
        name: int(code, 16)
        for selectors, code in ICON_RULE.findall(styles)
        for name in ICON_NAME.findall(selectors)
    }


def cut(source, target, characters, flavor):
    """Write the font `source` with these characters only to `target`."""
    options = subset.Options(flavor=flavor, notdef_outline=True, layout_features=[])
    font = TTFont(source)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=characters)
    cutter.subset(font)
    font.flavor = flavor
    with replacing(target) as temporary:
        font.save(temporary)


def cut_fonts(app, exception):
    if exception or app.builder.format != "html":
        return
    static = Path(app.outdir) / "_static"
    pages = read_pages(app.outdir)
    cut_cjk(app.outdir, pages)
    styles = "".join(path.read_text("utf-8") for path in static.glob("styles/*.css"))
    codes = icon_codes(styles)
    names = {name for text in pages for name in ICON_NAME.findall(text)} | SCRIPTED
    for font in static.glob("vendor/fontawesome/webfonts/*.woff2"):
        cut(font, font, {codes[name] for name in names & set(codes)}, "woff2")


def setup(app):
    app.connect("build-finished", cut_fonts)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
