"""The package page shows what a reader needs: no entry for each field of a named tuple."""

from collections import namedtuple

FIELD = type(namedtuple("Example", "field").field)


def skip_fields(app, what, name, obj, skip, options):
    """Leave the fields out: the table of symbols above them says more."""
    return True if isinstance(obj, FIELD) else skip


def setup(app):
    app.connect("autodoc-skip-member", skip_fields)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
