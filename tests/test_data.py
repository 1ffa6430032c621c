"""The shipped files: whole, unchanged, and odd only in the ways that are told."""

import shutil
import socket
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from rnnbook import data
from rnnbook.data import _sources, mnist
from rnnbook.data.mnist import load_mnist

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
    "mnist_10000.npz": (lambda: np.concatenate([*load_mnist()[::2]]), (10_000, 28, 28)),
    "japanese_vowels.npz": (
        lambda: np.concatenate(
            [*data.load_japanese_vowels().training, *data.load_japanese_vowels().test]
        ),
        (9961, 12),
    ),
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
def test_nothing_is_fetched(name, monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("a loader asked for a connection")

    monkeypatch.setattr(socket, "socket", refuse)
    LOADERS[name][0]()


def test_no_encoding_is_left_to_the_machine():
    code = """
import warnings
import pandas
from rnnbook import data
from rnnbook.data.conllu import read_propositions
from rnnbook.data.mnist import load_mnist
warnings.simplefilter("error", EncodingWarning)
names = [name for name in dir(data) if name.startswith("load_") and name != "load_text"]
found = [getattr(data, name)() for name in names] + [data.load_text("alice29"), load_mnist()]
data.sources()
try:
    read_propositions(data.FOLDER / "SOURCES.md")
except ValueError:
    print(len(found), "read")
"""
    how = [sys.executable, "-X", "warn_default_encoding", "-c", code]
    result = subprocess.run(how, capture_output=True, text=True)
    assert result.stdout.split() == ["14", "read"], result.stderr


@pytest.mark.parametrize("name", LOADERS)
def test_every_file_loads(name):
    load, shape = LOADERS[name]
    assert load().shape == shape


def test_every_file_has_a_loader_and_each_loader_its_files():
    assert set(LOADERS) == set(_sources.read())
    modules = (data, mnist)
    loaders = {name for module in modules for name in vars(module) if name.startswith("load_")}
    loaders.remove("load_scenes")  # another view of the play that load_text gives
    assert loaders == {source.loader for source in _sources.read().values()}


@pytest.mark.parametrize("name", LOADERS)
def test_a_changed_file_is_refused(name, copy):
    content = bytearray((copy / name).read_bytes())
    content[len(content) // 2] ^= 1
    (copy / name).write_bytes(bytes(content))
    with pytest.raises(ValueError, match=rf"{name} has SHA-256 [0-9a-f]+; expected [0-9a-f]+"):
        LOADERS[name][0]()


def test_scenes_are_the_play_without_what_stands_between_them():
    play, scenes = data.load_text("asyoulik"), data.load_scenes()
    assert scenes.groupby("act", sort=False).size().to_dict() == {
        "I": 3, "II": 7, "III": 5, "IV": 3, "V": 4,
    }  # fmt: skip
    assert not scenes.text.str.contains("ACT|SCENE|DRAMATIS").any()
    assert list(np.flatnonzero(scenes.text.str.contains("AS YOU LIKE IT"))) == [21]  # epilogue
    rest = play
    for text in scenes.text:
        assert play.count(text) == 1 and text.startswith("[") and text.endswith("\n")
        rest = rest.replace(text, "", 1)
    left = rest[rest.index("ACT I\n") :].split()
    places = " ".join(scenes.place).split()
    assert sorted(left) == sorted(
        [
            *["AS", "YOU", "LIKE", "IT"] * 21,
            *("ACT", "SCENE") * 22,
            *scenes.act,
            *scenes.scene,
            *places,
        ]
    )


def test_a_missing_file_is_named(copy):
    (copy / "surnames.tsv").unlink()
    with pytest.raises(FileNotFoundError, match=r"surnames.tsv is not .* get the package again"):
        data.load_surnames()
    with pytest.raises(ValueError, match=r"name is 'hamlet'; expected 'alice29' or 'asyoulik'"):
        data.load_text("hamlet")


def test_electricity_is_complete_but_for_three_hours_that_do_not_exist():
    series = data.load_electricity()
    assert (series.index.to_series().diff().dropna() == pd.Timedelta(hours=1)).all()
    low = series[series < 100]
    assert [t.strftime("%m-%d %H") for t in low.index] == ["03-25 01", "03-31 01", "03-30 01"]
    assert series.drop(low.index).min() > 300
    for day in ("2012-10-28", "2013-10-27", "2014-10-26"):  # 01:00 comes twice
        assert series[f"{day} 01:00"] > 1.5 * max(series[f"{day} 00:00"], series[f"{day} 02:00"])


def test_electricity_is_rounded_to_one_decimal():
    tenths = data.load_electricity().to_numpy() * 10
    np.testing.assert_allclose(tenths, tenths.round(), rtol=0, atol=1e-9)


def test_a_window_of_dna_ends_in_bases_that_nobody_read():
    """The archive has 41 times N there; StatLog coded them like G."""
    bases = data.load_splice_junctions().bases
    (window,) = bases[bases.str.endswith("G" * 41)]
    assert window == "CACACAGGGCACCCCCTCA" + "G" * 41
    assert set("".join(bases)) == set("ACGT")


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
    assert "this table needs pandas: pip install pandas" in result.stderr


def test_a_caller_may_change_what_was_loaded():
    table, verses = data.load_employment(), data.load_verses()
    table.iloc[:, :] = 0
    verses.loc[0, "english"] = "?"
    data.load_rhymes()["光"].clear()
    series = data.load_electricity()
    series[:] = 0
    vowels, mnist = data.load_japanese_vowels(), load_mnist()
    for array in (*vowels.training, vowels.test_speakers, *mnist):
        array[...] = 0
    assert data.load_employment().nonfarm.min() > 100_000
    assert data.load_verses().english[0].startswith("In the beginning")
    assert data.load_rhymes()["光"] and data.load_electricity().max() > 5000
    assert data.load_japanese_vowels().training[0].any() and load_mnist().training.any()


def test_a_character_that_only_some_take_for_a_line_end_stays_in_its_line(copy, monkeypatch):
    monkeypatch.setattr(data, "read_bytes", lambda name: "en\tA\u2028B\nen\tNA\n".encode())
    assert data.load_surnames().surname.tolist() == ["A\u2028B", "NA"]


def test_vowels_are_utterances_of_nine_speakers_in_the_split_of_the_archive():
    vowels = data.load_japanese_vowels()
    assert np.bincount(vowels.training_speakers).tolist() == [30] * 9
    assert np.bincount(vowels.test_speakers).tolist() == [31, 35, 88, 44, 29, 24, 40, 50, 29]
    lengths = [[len(u) for u in part] for part in (vowels.training, vowels.test)]
    assert [(min(part), max(part)) for part in lengths] == [(7, 26), (7, 29)]
    assert {u.shape[1] for u in vowels.training + vowels.test} == {12}
    first = [1.860936, -0.207383, 0.261557, -0.214562, -0.171253, -0.118167]
    np.testing.assert_array_equal(vowels.training[0][0, :6], first)
    assert vowels.training[0].dtype == np.float64 and vowels.test_speakers.dtype == np.int64


def test_the_speakers_can_be_told_by_the_mean_of_their_frames():
    """So the labels belong to the utterances: chance is one in nine."""
    vowels = data.load_japanese_vowels()
    training, test = (
        np.array([u.mean(axis=0) for u in part]) for part in (vowels.training, vowels.test)
    )
    nearest = ((test[:, None] - training) ** 2).sum(axis=-1).argmin(axis=1)
    assert (vowels.training_speakers[nearest] == vowels.test_speakers).mean() > 0.9
