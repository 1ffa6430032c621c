"""The search of the book: the page search.html, and all that it looks through, in one script.

Sphinx's own search knows which pages have a word but not how often, and it needs http to show
excerpts. This one has the text of all pages at hand, so it also works from a folder. A word that
the glossary explains, or that stands under `find` in pages.yml, leads first to its page.
"""

import json
import shutil
from pathlib import Path

import contents
import glossary
import search_text

FILES = Path(__file__).resolve().parent / "search_files"
COPIED = ("minisearch.js", "find.js", "results.js", "search.css")
TITLE_ONLY = ("chapters/appendix/claims",)  # it repeats sentences of all other pages


def keep_text(app, pagename, templatename, context, doctree):
    """Store the text of a page beside its doctree: the next build writes only what changed."""
    if doctree is not None and app.builder.format == "html":
        path = kept(app, pagename)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(list(search_text.sections(doctree))), "utf-8")


def kept(app, docname):
    return Path(app.doctreedir) / "search" / f"{docname}.json"


def kind(docname, part):
    """What a page is to a reader who looks for a word."""
    if docname.startswith("chapters/appendix/api"):
        return "package"
    return "appendix" if part in ("", "Appendix") else "chapter"


def pages(app):
    """All pages as `search.js` reads them."""
    parts = contents.parts()
    for name in sorted(app.env.found_docs):
        if kept(app, name).exists():
            entry = app.book_pages.get(name.removeprefix("chapters/"), {})
            yield page(app, name, parts.get(name, ""), entry)


def page(app, docname, part, entry):
    sections = json.loads(kept(app, docname).read_text("utf-8"))
    is_package = kind(docname, part) == "package"
    return {
        "url": app.builder.get_target_uri(docname),
        "title": app.env.titles[docname].astext(),
        "part": "Package" if is_package else part,
        "kind": kind(docname, part),
        "about": entry.get("description", ""),
        "find": entry.get("find", []),
        "sections": sections[:1] if docname in TITLE_ONLY else new_code(sections),
    }


def new_code(sections):
    """The sections, each with the names of code that none before it has."""
    seen, found = set(), []
    for anchor, heading, text, code in sections:
        new = [name for name in code.split() if name not in seen]
        seen.update(new)
        found.append([anchor, heading, text, " ".join(new)])
    return found


def terms():
    """The entries of the glossary: names that mean the same, the definition, and the page."""
    for entry in glossary.entries():
        yield {"names": entry.terms, "definition": entry.definition, "url": f"{entry.page}.html"}


def write_search(app, exception):
    if exception or app.builder.format != "html":
        return
    folder = Path(app.outdir) / "_static" / "search"
    folder.mkdir(parents=True, exist_ok=True)
    for name in COPIED:
        shutil.copyfile(FILES / name, folder / name)
    shutil.copyfile(folder.parent / "language_data.js", folder / "english.js")
    data = json.dumps({"pages": list(pages(app)), "terms": list(terms())}, ensure_ascii=False)
    (folder / "text.js").write_text(f"const BOOK = {data};\n", "utf-8")


def use_own_page(app, config):
    config.templates_path.append(str(FILES))


def setup(app):
    app.connect("config-inited", use_own_page)
    app.connect("html-page-context", keep_text)
    app.connect("build-finished", write_search)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
