"""Pages that load what they need and nothing else, and whose HTML a checker accepts.

The theme and its companions add scripts to every page. Here go: the second copy of all icons as
a script (the fonts have them), Sphinx's own search (see site_search.py), the copy button on pages
without code, and thebe, which no page uses.
"""

import re
from pathlib import Path

from docutils import nodes

from rnnbook._files import replacing

# What stands in the file name of a script or style sheet: what a page must contain to need it.
NEEDS = {
    "thebe": "(?!)",  # nothing matches this: no page needs it
    "clipboard": "<pre>",
    "copybutton": "<pre>",
    "togglebutton": 'class="[^"]*(dropdown|toggle)',
    "design": 'class="[^"]*sd-',
    "exercise": 'class="[^"]*(exercise|solution)',
}
REPEATED = ("exercise-content", "solution-content")
UNUSED = re.compile(
    r'<script[^>]*src="(?:[^"]*/)?(?:fontawesome|searchtools|language_data|searchindex)\.js[^"]*"[^>]*>'
    r"</script>\s*"
)

# What the theme writes and a checker of accessibility refuses: the same, well formed.
ACCESSIBLE = {
    ' role="doc-biblioentry"': "",
    '<div role="list" class="citation-list">': '<div class="citation-list">',
    'search-button-field search-button__button pst-js-only" title="Search" aria-label="Search"': (
        'search-button-field search-button__button pst-js-only" title="Search"'
    ),
    '<th class="head"><p></p></th>': "<td></td>",
    '<th class="head text-right"><p></p></th>': "<td></td>",
    '<summary><span class="toctree-toggle"': (
        '<summary aria-label="Pages below this one"><span class="toctree-toggle"'
    ),
    'id="pst-primary-sidebar" class': (
        'id="pst-primary-sidebar" role="complementary" aria-label="Contents" class'
    ),
}


def is_needed(name, body):
    return all(re.search(needed, body) for part, needed in NEEDS.items() if part in name)


def drop_files(app, pagename, templatename, context, doctree):
    """Leave out scripts and style sheets that this page has no use for."""
    body = context.get("body", "")
    for key in ("script_files", "css_files"):
        files = context.get(key, [])
        context[key] = [file for file in files if is_needed(names(file), body)]


def names(file):
    """What tells a script or style sheet: its file name, and its text where it has none."""
    return f"{getattr(file, 'filename', file)} {getattr(file, 'attributes', '')}"


def unique_ids(app, doctree, docname):
    """sphinx-exercise gives the same id to the content of every exercise: leave it out."""
    for section in doctree.findall(nodes.section):
        section["ids"] = [i for i in section["ids"] if i not in REPEATED]


def nest(text):
    """The list of all modules, with the inner lists inside the entries that they belong to."""
    head, title, lists = text.partition("<h1>All modules for which code is available</h1>")
    lists = lists.replace("</li>\n<ul>", "\n<ul>")
    return head + title + re.sub("</ul>(?=<li>|</ul>)", "</ul></li>", lists)


def tidy(text):
    """The page as written by the theme, without what is unused or refused by a checker."""
    text = UNUSED.sub("", text)
    for written, better in ACCESSIBLE.items():
        text = text.replace(written, better)
    return nest(text)


def tidy_pages(app, exception):
    if exception or app.builder.format != "html":
        return
    for path in Path(app.outdir).rglob("*.html"):
        text = path.read_text("utf-8")
        new = tidy(text)
        if new != text:
            with replacing(path) as temporary:
                temporary.write_text(new, encoding="utf-8")


def setup(app):
    app.connect("html-page-context", drop_files, priority=900)
    app.connect("doctree-resolved", unique_ids)
    app.connect("build-finished", tidy_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
