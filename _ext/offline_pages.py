"""Pages that need no network: MathJax stands beside them.

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


def setup(app):
    app.connect("config-inited", set_mathjax_path, priority=900)
    app.connect("build-finished", copy_mathjax)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
