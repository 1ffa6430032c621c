import shutil
import subprocess
import sys

import pandas as pd
import pytest

from rnnbook import data

LOADERS = {
    "tang_quatrains.tsv": (data.load_quatrains, (3772, 3)),
    "pingshui_rhymes.tsv": (lambda: pd.Series(data.load_rhymes()), (8550,)),
    "verses_english_spanish.tsv": (data.load_verses, (7235, 3)),
    "surnames.tsv": (data.load_surnames, (11725, 2)),
    "dna_splice_junctions.tsv": (data.load_splice_junctions, (3002, 2)),
    "stocks_daily.csv.gz": (data.load_stocks, (12154, 6)),
    "beijing_weather_hourly.csv.gz": (data.load_beijing_weather, (43824, 8)),
    "electricity_hourly.csv.gz": (data.load_electricity, (26304,)),
    "traffic_i94_hourly.csv.gz": (data.load_traffic, (23084, 7)),
    "us_employment_monthly.csv": (data.load_employment, (120, 23)),
    "alice29.txt": (lambda: pd.Series(list(data.load_text("alice29"))), (152089,)),
    "asyoulik.txt": (lambda: pd.Series(list(data.load_text("asyoulik"))), (125179,)),
}


@pytest.fixture
def copy(tmp_path, monkeypatch):
    """A copy of the data folder that a test may damage."""
    shutil.copytree(data.FOLDER, tmp_path / "files")
    monkeypatch.setattr(data, "FOLDER", tmp_path / "files")
    return tmp_path / "files"


@pytest.mark.parametrize("name", LOADERS)
def test_every_file_loads(name):
    load, shape = LOADERS[name]
    assert load().shape == shape


def test_every_file_has_a_loader_a_hash_and_a_source():
    files = {path.name for path in data.FOLDER.iterdir()} - {"SOURCES.md", "SHA256SUMS"}
    assert files == set(LOADERS)
    assert all(f"| {name} |" in data.sources() for name in files)


@pytest.mark.parametrize("name", LOADERS)
def test_a_changed_file_is_refused(name, copy):
    content = bytearray((copy / name).read_bytes())
    content[len(content) // 2] ^= 1
    (copy / name).write_bytes(bytes(content))
    with pytest.raises(ValueError, match=rf"{name} has SHA-256 [0-9a-f]+; expected [0-9a-f]+"):
        LOADERS[name][0]()


def test_a_missing_file_is_named(copy):
    (copy / "surnames.tsv").unlink()
    with pytest.raises(FileNotFoundError, match=r"surnames.tsv is not .* install rnnbook again"):
        data.load_surnames()
    with pytest.raises(ValueError, match=r"name is 'hamlet'; expected 'alice29' or 'asyoulik'"):
        data.load_text("hamlet")


def test_electricity_is_complete_but_for_three_hours_that_do_not_exist():
    series = data.load_electricity()
    assert (series.index.to_series().diff().dropna() == pd.Timedelta(hours=1)).all()
    low = series[series < 100]
    assert [t.strftime("%m-%d %H") for t in low.index] == ["03-25 01", "03-31 01", "03-30 01"]
    assert series.drop(low.index).min() > 300


def test_traffic_gaps():
    times = data.load_traffic().index
    expected = pd.date_range(times[0], times[-1], freq="h")
    assert times.is_monotonic_increasing and times.is_unique
    assert len(expected) - len(times) == 1012


def test_weather_is_complete():
    table = data.load_beijing_weather()
    assert (table.index.to_series().diff().dropna() == pd.Timedelta(hours=1)).all()
    assert table["pm2.5"].isna().sum() == 2067


def test_raw_closes_contain_splits():
    table = data.load_stocks().loc["MSFT"]
    change = table.Close.pct_change()
    assert change.abs().idxmax() == pd.Timestamp("2003-02-18")
    assert abs(table["Adj Close"].pct_change()["2003-02-18"]) < 0.05


def test_quatrains_have_four_lines_of_five():
    poems = data.load_quatrains().poem
    assert set(poems.str.len()) == {24}
    assert poems.str.fullmatch(r"([^，。]{5}[，。？！；]?){4}").mean() > 0.9


def test_the_second_and_fourth_lines_of_quatrains_rhyme():
    rhymes, poems = data.load_rhymes(), data.load_quatrains().poem
    pairs = [(rhymes[p[10]], rhymes[p[22]]) for p in poems if p[10] in rhymes and p[22] in rhymes]
    assert len(pairs) > 0.95 * len(poems)
    assert sum(bool(a & b) for a, b in pairs) > 0.9 * len(pairs)


def test_employment_leaves_add_up():
    table = data.load_employment()
    total = table[list(data.EMPLOYMENT_LEAVES)].sum(axis=1)
    assert (total - table.nonfarm).abs().max() < 10  # thousands; sectors are rounded


def test_import_loads_no_pandas_and_a_missing_one_is_named():
    code = "import sys; sys.modules['pandas'] = None; from rnnbook import data; data.load_verses()"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert 'pip install "rnnbook[data]"' in result.stderr
