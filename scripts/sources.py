"""Write rnnbook/data/files/SOURCES.md from sources.toml beside it: python scripts/sources.py"""

from rnnbook import data
from rnnbook._files import replacing

if __name__ == "__main__":
    with replacing(data.FOLDER / "SOURCES.md") as temporary:
        temporary.write_text(data.sources(), "utf-8")
