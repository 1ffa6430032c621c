"""Pages that need no network: MathJax beside them, and no script that fails on load.

MathJax comes from the Python package sphinx-mathjax-offline, of which only the files that the
pages load are copied into the site.
"""

import shutil
from importlib.metadata import files
from pathlib import Path

PACKAGE = "sphinx-mathjax-offline"
NEEDED = ("tex-mml-chtml.js", "output/chtml/fonts/woff-v2/", "input/tex/extensions/")
MARK = "/static/mathjax/"


def copy_mathjax(app, exception):
    """Copy the needed files to _static/mathjax/ in the built site."""
    if exception or app.builder.format != "html":
        return
    for file in files(PACKAGE):
        _, found, name = file.as_posix().partition(MARK)
        if found and name.startswith(NEEDED):
            target = Path(app.outdir) / "_static" / "mathjax" / name
            if not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file.locate(), target)


def set_mathjax_path(app, config):
    config.mathjax_path = "mathjax/tex-mml-chtml.js"  # below _static


def drop_thebe(app, pagename, templatename, context, doctree):
    """sphinx-thebe adds its scripts twice to each page, which is an error; no page uses them."""
    if "script_files" in context:
        context["script_files"] = [
            script
            for script in context["script_files"]
            if "thebe" not in (getattr(script, "filename", "") or "")
            and "thebe" not in str(getattr(script, "attributes", ""))
        ]


def setup(app):
    app.connect("config-inited", set_mathjax_path, priority=900)
    app.connect("html-page-context", drop_thebe, priority=900)
    app.connect("build-finished", copy_mathjax)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
