"""Figures that answer: the build puts them in the place of their stills.

Each lies in `interactive/NAME/`: `figure.js` is a module that imports others from the rooms
`arithmetic` and `frame`; `NAME.py` makes what it reads, `data.json`, and computes with the package
what it must show; `figure.css` is how its own parts look; `NAME.png` is its still, how it looks at
first. A notebook shows the still, as a link to the published page:

    [![What one sees](../../interactive/NAME/NAME.png)](https://.../page.html#live-NAME) A caption.

Browsers run no modules from a folder on the disk, so each figure becomes one classic script, with
all that it imports, and its data a script that registers itself, which the figure asks for. What
lies in the package already, such as trained weights, `NAME.py` names in `large()`: the build makes
scripts of that, too, and nothing is stored twice.
"""

import base64
import functools
import hashlib
import importlib.util
import json
import re
from pathlib import Path

import dark_figures
from docutils import nodes

from rnnbook._files import replacing
from rnnbook.book.plotting import COLORS, DATA

ROOT = Path(__file__).resolve().parent.parent
FIGURES = ROOT / "interactive"
SITE = "_static/live"
D3 = ("array", "color", "format", "interpolate", "scale", "dispatch", "selection", "drag", "axis")
STILL = re.compile(r"(?:^|/)interactive/(\w+)/\1\.png$")
IMPORT = re.compile(r'^import (?:\* as (\w+)|(\{[^}]*\})) from "(\.[^"]*)";\n', re.MULTILINE)
EXPORT = re.compile(r"^export (?=(?:async )?(?:function|const|class) (\w+))", re.MULTILINE)
SELECTORS = re.compile(r"[^{}]+(?=\{)")
COMMA = re.compile(r",(?![^()]*\))")  # between selectors, not in :is(...)
WRONG = "#CC3311"  # what is not as it should be; from Paul Tol's vibrant scheme


def names():
    """All figures, by name."""
    return sorted(path.parent.name for path in FIGURES.glob("*/figure.js"))


def element(name):
    return f"live-{name.replace('_', '-')}"


@functools.cache
def maker(name):
    """The Python module of a figure: `data`, `random_settings`, `reference`, perhaps `large`."""
    spec = importlib.util.spec_from_file_location(name, FIGURES / name / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# Scripts.


def modules(entry, seen=()):
    """A module and all that it imports, each once, what is imported first."""
    if entry in seen:
        raise ValueError(f"{entry.name} imports itself, through {seen[-1].name}")
    found = {}
    for _, _, place in IMPORT.findall(entry.read_text("utf-8")):
        found |= modules((entry.parent / place).resolve(), (*seen, entry))
    return found | {entry: entry.relative_to(FIGURES).as_posix()}


def as_function(path, name, known):
    """A module as a function that runs once and returns what it exports."""
    text = path.read_text("utf-8")

    def taken(match):
        whole, some, place = match.groups()
        some = some and re.sub(r" as ", ": ", some)
        return f'const {whole or some} = modules["{known[(path.parent / place).resolve()]}"];\n'

    body = EXPORT.sub("", IMPORT.sub(taken, text))
    left = re.search(r"^(import|export)\b.*$", body, re.MULTILINE)
    if left:
        raise ValueError(f"{name}: {left[0]!r} is no form of import or export that the build knows")
    exported = ", ".join(EXPORT.findall(text))
    return f'modules["{name}"] = (() => {{\n{body}\nreturn {{ {exported} }};\n}})();\n'


def script(name):
    """A figure and all that it imports, as one classic script."""
    known = modules(FIGURES / name / "figure.js")
    parts = [as_function(path, short, known) for path, short in known.items()]
    start = '(() => {\n"use strict";\nconst modules = {};\n'
    return "".join([f"// Its data: {data_sum(name)}\n", start, *parts, "})();\n"])


def data_scripts(name):
    """What the figure reads, as scripts: its data, and what the package has for it."""
    path = FIGURES / name / "data.json"
    if not path.exists():
        return {}
    found = {"data": json.loads(path.read_text("utf-8"))}
    found |= getattr(maker(name), "large", dict)()
    return {f"{name}/{key}": data_script(f"{name}/{key}", value) for key, value in found.items()}


def data_sum(name):
    """A sum of the data: with it the script, and so its address in the pages, changes, too."""
    return hashlib.sha256("".join(data_scripts(name).values()).encode()).hexdigest()


def library():
    """D3, as far as the figures use it."""
    files = [FIGURES / "vendor" / f"d3-{name}.min.js" for name in D3]
    return "\n".join(file.read_text("utf-8") for file in files)


def data_script(key, value):
    """Data as a script that puts them where `frame/data.js` looks for them."""
    text = json.dumps(value, separators=(",", ":"), default=packed, ensure_ascii=False)
    return f'(window.bookData ??= {{}})["{key}"] = {text};\n'


def packed(array):
    """An array of 8, 16 or 32 bits as its bytes, which `frame/data.js` unpacks."""
    kinds = {"float16": "<f2", "float32": "<f4", "int16": "<i2", "uint8": "u1"}
    content = array.astype(kinds[str(array.dtype)]).tobytes()
    shape, kind = list(array.shape), str(array.dtype)
    return {"shape": shape, "kind": kind, "bytes": base64.b64encode(content).decode()}


def palette():
    """The book's colours, and what becomes of them on a dark page."""
    named = {**COLORS, **{f"data-{k}": color for k, color in enumerate(DATA)}, "wrong": WRONG}
    rules = {
        "html": named,
        'html[data-theme="dark"]': {k: dark_figures.dark(v) for k, v in named.items()},
    }
    lines = (
        f"{selector} {{ {' '.join(f'--{name}: {color};' for name, color in colors.items())} }}\n"
        for selector, colors in rules.items()
    )
    return "".join(lines)


def own_style(name):
    """The style of one figure, and of nothing else: its name before each selector."""
    path = FIGURES / name / "figure.css"
    if not path.exists():
        return ""

    def own(selector):
        if selector.startswith(element(name)):
            return selector
        itself = selector.startswith((".live-narrow", ".live-figure"))  # classes of the element
        return element(name) + ("" if itself else " ") + selector

    def owned(match):
        if match[0].strip().startswith("@"):
            return match[0]
        line = "\n" if match[0].startswith("\n") else ""
        return line + ", ".join(own(one.strip()) for one in COMMA.split(match[0])) + " "

    return SELECTORS.sub(owned, path.read_text("utf-8"))


def style(*figures):
    """The palette, what all figures have in common, and the own style of some of them."""
    frame = (FIGURES / "frame" / "live.css").read_text("utf-8")
    return palette() + frame + "".join(own_style(name) for name in figures)


def files():
    """All that the figures load: {path below the folder: text}."""
    found = {"d3.js": library(), "live.css": style(*names())}
    for name in names():
        found[f"{name}.js"] = script(name)
        found |= {f"{key}.js": text for key, text in data_scripts(name).items()}
    return found


def write(folder):
    for name, text in files().items():
        target = Path(folder) / name
        if not target.exists() or target.read_text("utf-8") != text:
            target.parent.mkdir(parents=True, exist_ok=True)
            with replacing(target) as temporary:
                temporary.write_text(text, encoding="utf-8")


def source_hash(name):
    """A hash of all that decides how a figure looks: its scripts, its data, the style."""
    return hashlib.sha256((script(name) + style(name)).encode()).hexdigest()


# Pages.


class live_figure(nodes.General, nodes.Element):
    """A figure that answers; inside, its still and its caption."""


def visit_live_figure(translator, node):
    name = element(node["name"])
    translator.body.append(f'<figure class="live" id="{name}">\n<{name}>')


def depart_live_figure(translator, node):
    translator.body.append("</figure>\n")


class live_caption(nodes.TextElement):
    """The caption below a figure that answers."""


def visit_live_caption(translator, node):
    name = element(node.parent["name"])
    translator.body.append(f"</{name}>\n<figcaption><p>")


def depart_live_caption(translator, node):
    translator.body.append("</p></figcaption>\n")


def put_figures(app, doctree, docname):
    """Replace each still that is a link by its figure."""
    if app.builder.format != "html":
        return
    for link in list(doctree.findall(nodes.reference)):
        image = link[0] if len(link) == 1 and isinstance(link[0], nodes.image) else None
        found = STILL.search(image["uri"]) if image is not None else None
        if not found:
            continue
        paragraph = link.parent
        if paragraph[0] is not link or len(paragraph) < 2:
            raise ValueError(
                f"{docname}: the still of {found[1]} must begin a paragraph, its caption"
            )
        paragraph.remove(link)
        image["loading"] = "lazy"
        caption = live_caption("", "", *paragraph.children)
        paragraph.replace_self(live_figure("", image, caption, name=found[1]))


def add_files(app, pagename, templatename, context, doctree):
    """Load D3, the style and the scripts on pages that have figures."""
    found = [] if doctree is None else [node["name"] for node in doctree.findall(live_figure)]
    if found:
        app.add_css_file("live/live.css")
        app.add_js_file("live/d3.js", loading_method="defer")
    for name in found:
        app.add_js_file(f"live/{name}.js", loading_method="defer")


def write_files(app):
    """Before the pages, which then carry a sum of each file in its address."""
    if app.builder.format == "html":
        write(Path(app.outdir) / SITE)


def setup(app):
    ours = {"html": (visit_live_figure, depart_live_figure)}
    app.add_node(live_figure, **ours)
    app.add_node(live_caption, html=(visit_live_caption, depart_live_caption))
    app.connect("builder-inited", write_files)
    app.connect("doctree-resolved", put_figures)
    app.connect("html-page-context", add_files)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
