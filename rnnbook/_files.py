"""Files that are never half written."""

import errno
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from stat import S_IMODE


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """A temporary path to write to, which replaces `path` at the end; on an error `path` stays.

    Where `path` is a link, the file that it points to is replaced. A file that was there hands on
    its permissions. Raises `OSError` where the folder is missing, or `path` is one.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "poem.txt"
    ...     with replacing(path) as temporary:
    ...         _ = temporary.write_text("Rose is a rose")
    ...     path.read_text(), len(list(path.parent.iterdir()))
    ('Rose is a rose', 1)
    """
    target = Path(path).resolve()
    if not target.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, "no such folder", str(target.parent))
    if target.exists() and not target.is_file():
        raise FileExistsError(errno.EEXIST, "no file, and nothing that one may replace", str(path))
    mode = S_IMODE(target.stat().st_mode) if target.exists() else None
    temporary = target.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        temporary.touch(0o666 if mode is None else 0o600, exist_ok=False)
        yield temporary
        if mode is not None:
            temporary.chmod(mode)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
