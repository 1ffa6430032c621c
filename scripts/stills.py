"""Make the data and the stills of the figures that answer.

python scripts/stills.py [NAME ...]     make what is out of date, or those named

A still is the figure as it begins, on a light page, at twice the pixels: for notebooks, and for
pages without scripts. `made.json` beside it holds a hash of the data, and one of all that the still
shows; tests compare them.
"""

import functools
import json
import shutil
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT / "_ext"))
import browser as browsers  # noqa: E402
import fonts  # noqa: E402
import live_figures  # noqa: E402

WIDTH = 742  # CSS pixels: the width of a figure on a page
COLORS = 128  # a still has few; with a palette it weighs a third
PAGE = """\
<!DOCTYPE html>
<html lang="en" data-theme="light">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{name}</title>
<link rel="stylesheet" href="_static/book.css"><link rel="stylesheet" href="_static/live/live.css">
<style>
html {{ --pst-color-background: #ffffff; }}
body {{ margin: 0; padding: 12px; background: var(--pst-color-background); }}
*, ::before, ::after {{ box-sizing: border-box; }}
</style>
<script defer src="_static/live/d3.js"></script><script defer src="_static/live/{name}.js"></script>
</head>
<body><main class="bd-article"><h1>{name}</h1>
<figure class="live"><{element}></{element}></figure></main></body>
</html>
"""


@functools.cache
def write_files(folder):
    """All that the pages of figures load, once in a folder."""
    live_figures.write(folder / live_figures.SITE)
    shutil.copyfile(ROOT / "_static" / "book.css", folder / "_static" / "book.css")
    shutil.copytree(ROOT / "_static" / "fonts", folder / "_static" / "fonts", dirs_exist_ok=True)
    fonts.cut_cjk(folder, [])


def trial_page(name, folder):
    """A page with one figure and nothing else; its address."""
    write_files(Path(folder))
    page = Path(folder) / f"{name}.html"
    page.write_text(PAGE.format(name=name, element=live_figures.element(name)), "utf-8")
    return page


def made(name):
    """What is noted of a figure: the hashes of its data and of its still."""
    path = live_figures.FIGURES / name / "made.json"
    return json.loads(path.read_text("utf-8")) if path.exists() else {}


def note(name, **hashes):
    path = live_figures.FIGURES / name / "made.json"
    path.write_text(json.dumps(made(name) | hashes, indent=1) + "\n", encoding="utf-8")


def make_data(name):
    text = json.dumps(live_figures.maker(name).data()) + "\n"
    (live_figures.FIGURES / name / "data.json").write_text(text, encoding="utf-8")
    note(name, data=live_figures.data_sum(name))


def draw(page, name, folder):
    """The picture of one figure, with a small palette."""
    from PIL import Image

    element = live_figures.element(name)
    page.goto(trial_page(name, folder).as_uri())
    page.evaluate("(name) => document.querySelector(name).come()", element)
    page.evaluate("() => document.fonts.ready")
    page.wait_for_timeout(300)
    target = live_figures.FIGURES / name / f"{name}.png"
    page.locator(element).screenshot(path=target)
    with Image.open(target) as picture:
        small = picture.convert("RGB").quantize(COLORS, dither=Image.Dither.NONE)
    small.save(target, optimize=True)


def main(chosen):
    from playwright.sync_api import sync_playwright

    for name in chosen or live_figures.names():
        make_data(name)
    current = {name: live_figures.source_hash(name) for name in live_figures.names()}
    todo = chosen or [name for name in current if made(name).get("still") != current[name]]
    if not todo:
        print(f"{len(current)} stills are up to date")
        return
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        program = playwright.chromium.launch(executable_path=browsers.get(), args=["--no-sandbox"])
        size = {"width": WIDTH + 60, "height": 1200}
        page = program.new_page(viewport=size, device_scale_factor=2, reduced_motion="reduce")
        for name in todo:
            draw(page, name, folder)
            note(name, still=current[name])
            print(f"drawn: {name}")


if __name__ == "__main__":
    main(sys.argv[1:])
