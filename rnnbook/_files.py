"""Files that are never half written."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """A temporary path to write to, which replaces `path` at the end; on an error `path` stays.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "poem.txt"
    ...     with replacing(path) as temporary:
    ...         _ = temporary.write_text("Rose is a rose")
    ...     path.read_text(), len(list(path.parent.iterdir()))
    ('Rose is a rose', 1)
    """
    temporary = Path(path).with_name(Path(path).name + ".tmp")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
