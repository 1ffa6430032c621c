"""Every data file names its licence, its creators and what was changed; the notices are shipped."""

import hashlib
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.licenses import canonicalize_license_expression

from rnnbook import data
from rnnbook.data import _sources

ROOT = Path(__file__).resolve().parent.parent
NOTICE = (ROOT / "NOTICE").read_text("utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
ABOUT = {"SOURCES.md", "sources.toml", "mnist_10000.LICENSE.txt"}
FILES = _sources.read()
FONTS = {"OFL-1.1"}

# What a licence under which packages pass files on asks to be kept: its terms and disclaimer.
OWN = (ROOT / "LICENSE").read_text("utf-8")
BSD = (
    "Redistributions of source code must retain the above copyright notice, this list of",
    "Redistributions in binary form must reproduce the above copyright notice, this list of",
    "documentation and/or other materials provided with the distribution.",
    "EXPRESS OR IMPLIED WARRANTIES, INCLUDING, BUT NOT LIMITED TO,",
    "EVEN IF ADVISED OF THE POSSIBILITY OF SUCH DAMAGE.",
)
WORDS = {
    "MIT": OWN.split("\n\n")[2:5],  # permission, condition, disclaimer
    "BSD-2-Clause": BSD,
    "BSD-3-Clause": (*BSD, "may be used to endorse or promote products derived from this software"),
}
IN_THE_WHEEL = {
    "LICENSE",
    "NOTICE",
    "rnnbook/data/files/mnist_10000.LICENSE.txt",
    "rnnbook/book/fonts/OFL.txt",
}
NO_NOTICE = {"public domain"}
# One table was read from a package under GPL-2. It holds facts of an archive under CC BY 4.0, and
# nothing of that package; NOTICE says so.
READ_ONLY = {"dna_splice_junctions.tsv": "GPL-2.0-only"}


def one_line(text):
    return " ".join(text.split())


def section(licence):
    """What NOTICE holds below the heading of a licence, up to the next heading."""
    parts = re.split(r"\n(?=[^\n]+\n-{5,}\n)", NOTICE)
    names = {"CC-BY-4.0": "CC BY 4.0", "CC-BY-SA-3.0": "CC BY-SA 3.0", "MIT": "The MIT License"}
    heads = {**names, "public domain": "Public domain"}
    return next(p for p in parts if p.lstrip().startswith(heads.get(licence, "Packages under BSD")))


def terms(package):
    """The part of NOTICE for one package: those under BSD licences have one each."""
    text = section(package.licence)
    if package.licence == "MIT":
        return text
    return next(p for p in re.split(r"\n(?=\w+: \w)", text) if p.startswith(package.name))


def test_the_table_has_every_file_and_no_other():
    assert {path.name for path in data.FOLDER.iterdir()} - ABOUT == set(FILES)


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_what_its_hash_says(name):
    assert hashlib.sha256((data.FOLDER / name).read_bytes()).hexdigest() == FILES[name].sha256


@pytest.mark.parametrize("name", FILES)
def test_a_file_has_a_known_licence_and_says_who_made_it_and_what_was_changed(name):
    source = FILES[name]
    assert source.licence in _sources.LICENCES
    for field in ("loader", "holds", "creators", "origin", "changes"):
        assert getattr(source, field).strip(), field
    assert all([source.package.kind, source.package.name, source.package.version])
    if source.licence.startswith("CC-BY"):
        assert "creativecommons.org" in _sources.LICENCES[source.licence]
        assert re.search(r"doi 10\.\d+/|MNIST", source.origin), "attribution needs a place"


@pytest.mark.parametrize("name", FILES)
def test_a_file_stands_in_the_notice_under_its_licence(name):
    licence = FILES[name].licence
    assert name in section(licence)
    if licence == "CC-BY-4.0":  # which asks for the creators' names and for what was changed
        first = re.split(r"[ ,]", FILES[name].creators)
        entry = section(licence).split(f"\n{name}\n")[1].split("\n    Changed")[0]
        assert any(word in entry for word in first)
        assert re.search(r"doi (10\.\S+?),? ", f"{FILES[name].origin} ")[1] in one_line(entry)


@pytest.mark.parametrize("name", FILES)
def test_the_notice_that_a_package_asks_for_is_kept(name):
    package = FILES[name].package
    if package.licence in WORDS:
        text = one_line(terms(package))
        assert all(one_line(words) in text for words in WORDS[package.licence])
        holder = re.escape(package.copyright)
        assert re.search(rf"Copyright (\(c\) )?{holder}", text), package.copyright
        assert package.name in text
    else:
        assert package.licence in NO_NOTICE or READ_ONLY[name] == package.licence


def test_what_was_read_from_a_package_under_the_gpl_is_told():
    assert "mlbench, which is under GPL-2; no code of that package is here" in one_line(NOTICE)


def test_the_digits_have_a_licence_of_their_own():
    text = (data.FOLDER / "mnist_10000.LICENSE.txt").read_text("utf-8")
    assert "Yann LeCun and Corinna Cortes" in text and "Attribution-ShareAlike 3.0" in text
    assert _sources.LICENCES["CC-BY-SA-3.0"] in text


def test_the_fonts_have_their_licence_beside_them():
    for folder in (ROOT / "rnnbook" / "book" / "fonts", ROOT / "_static" / "fonts"):
        assert "SIL OPEN FONT LICENSE Version 1.1" in (folder / "OFL.txt").read_text("utf-8")
    assert "NotoSansCJKtc-subset.otf" in NOTICE and "minisearch.js" in NOTICE


def test_the_package_states_all_licences_of_what_it_holds():
    held = {source.licence for source in FILES.values()} - NO_NOTICE
    held |= {source.package.licence for source in FILES.values()} & set(WORDS)
    stated = PROJECT["license"]
    assert set(stated.split(" AND ")) == {"MIT"} | held | FONTS
    assert canonicalize_license_expression(stated) == stated


def test_the_table_for_readers_is_the_table():
    shown = (data.FOLDER / "SOURCES.md").read_text("utf-8")
    assert shown == data.sources(), "python scripts/sources.py writes it"


def test_the_readme_counts_the_data_sets():
    numbers = {12: "twelve", 13: "thirteen", 14: "fourteen", 15: "fifteen", 16: "sixteen"}
    loaders = {source.loader for source in FILES.values()}
    sentence = f"{numbers[len(loaders)]} real data sets in {numbers[len(FILES)]} files"
    assert sentence in (ROOT / "README.md").read_text("utf-8")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The package as pip would install it, built without a network from a copy."""
    folder = tmp_path_factory.mktemp("wheel")
    for name in ("pyproject.toml", "README.md", *PROJECT["license-files"]):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    left_out = shutil.ignore_patterns("__pycache__", "records")
    shutil.copytree(ROOT / "rnnbook", folder / "rnnbook", ignore=left_out, dirs_exist_ok=True)
    code = "from setuptools import build_meta; print(build_meta.build_wheel('.'))"
    made = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], cwd=folder, capture_output=True, text=True
    )
    assert made.returncode == 0, made.stderr
    with zipfile.ZipFile(folder / made.stdout.split()[-1]) as archive:
        yield archive


def test_the_wheel_holds_the_data_and_every_notice(wheel):
    names = wheel.namelist()
    for name in [*FILES, *ABOUT]:
        assert f"rnnbook/data/files/{name}" in names
    info = next(n for n in names if n.endswith(".dist-info/METADATA"))
    metadata = wheel.read(info).decode()
    assert f"\nLicense-Expression: {PROJECT['license']}\n" in metadata
    assert set(PROJECT["license-files"]) == IN_THE_WHEEL
    for name in IN_THE_WHEEL:
        assert f"\nLicense-File: {name}\n" in metadata
        stored = wheel.read(info.replace("METADATA", f"licenses/{name}"))
        assert stored == (ROOT / name).read_bytes()
