"""The measurements on a GPU, as far as a processor can test them: no GPU is needed here.

The record that these tests read is made up, in a temporary folder; no number in it was measured.
"""

import json
import math

import pytest
import torch

import experiments
from rnnbook.book import gpu
from rnnbook.book.records import has_record, load_record

PATH = experiments.FOLDER / "gpu.py"
CARD = {
    "device": "made-up card",
    "memory": 16 * 10**9,
    "cache": 4 * 2**20,
    "processors": 40,
    "driver": "1.2",
    "cuda": "13.0",
    "cudnn": 91000,
    "torch": "2.13.0",
}


@pytest.fixture(scope="module")
def script():
    return experiments.load(PATH)


def made_up(settings):
    """A result as `run` would give it, of settings of the script."""
    what, times = settings["what"], [0.9e-3, 1e-3, 1.1e-3]
    if what == "machine":
        return CARD
    if what == "layer":
        fits = settings["T"] < 16384 or settings["layer"] != "attention"
        times = {"difference": 0.0, "kept": 1, "forward": times, "both": times, "peak": 2}
        return {"fits": True, **times} if fits else {"fits": False}
    more = {"bandwidth": {"bytes": 2 * 10**6 * settings.get("megabytes", 0)}}
    more["speed"] = {"operations": 10**10}
    more["loop"] = {"difference": 0.0}
    if what == "start":
        return {"seconds": [1e-3 * t for t in times]}
    return {"seconds": times, **more.get(what, {})}


@pytest.fixture
def record(script, tmp_path, monkeypatch):
    """A record of made-up numbers, read as the page reads one."""
    monkeypatch.setattr("rnnbook.book.records.FOLDER", tmp_path)
    results = [{**settings, "seed": 0, **made_up(settings)} for settings in script.SETTINGS]
    content = {"date": "some day", "hash": "", "results": results}
    (tmp_path / "gpu.json").write_text(json.dumps(content))
    assert has_record("gpu")
    return load_record("gpu")


def test_the_settings_are_all_different_and_fit_into_ten_minutes(script):
    settings = [json.dumps(entry, sort_keys=True) for entry in script.SETTINGS]
    assert len(set(settings)) == len(settings)
    clocks = sum(2 if entry["what"] == "layer" else 1 for entry in script.SETTINGS)
    assert clocks * script.PATIENCE < 300, "half of ten minutes; the rest is for the first calls"


def test_the_point_runs_every_kind_of_measurement(script):
    kinds = {entry["what"] for entry in script.SETTINGS}
    assert {entry["settings"]["what"] for entry in script.POINT} == kinds - {"machine"}
    layers = {entry["settings"].get("layer") for entry in script.POINT}
    assert layers == {None, *script.LAYERS}


def test_the_made_up_record_has_the_form_of_a_real_one():
    for entry in experiments.compute_point(PATH):
        made, real = made_up(entry["settings"]), entry["result"]
        assert set(made) == set(real), entry["settings"]
        assert all(type(made[k]) is type(real[k]) for k in real if k != "peak")


def test_the_machine_is_described_without_a_host():
    found = experiments.load(PATH, {"DEVICE": "cpu"}).run(0, what="machine")
    assert found == {"device": "cpu", "torch": torch.__version__}


def test_a_layer_that_differs_from_the_package_is_not_timed(monkeypatch):
    tiny = experiments.load(PATH, {"DEVICE": "cpu", "PATIENCE": 0.0})
    right = tiny.Fused.forward
    monkeypatch.setattr(tiny.Fused, "forward", lambda self, x: right(self, x) + 1e-3)
    (settings,) = tiny.layers(["GRU"], N=2, T=5, H=4)
    said = "GRU in float32 with N, T, H = 2, 5, 4 differs from the package .*; expected 0.0001"
    with pytest.raises(ValueError, match=said):
        tiny.run(0, **settings)


@pytest.mark.parametrize(
    "name, dtype",
    [
        *(("GRU", dtype) for dtype in ("float32", "TF32", "float16")),
        *(("LSTM", dtype) for dtype in ("float32", "TF32")),  # not every processor has float16
    ],
)
def test_the_layers_run_in_all_types(name, dtype):
    tiny = experiments.load(PATH, {"DEVICE": "cpu", "PATIENCE": 0.0})
    before = torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32
    (settings,) = tiny.layers([name], N=2, T=5, H=4, dtype=dtype)
    found = tiny.run(0, **settings)
    torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32 = before
    assert found["fits"] and found["difference"] < 0.05 and found["kept"] > 0
    assert all(0 < t < math.inf for t in (*found["forward"], *found["both"]))


def test_what_does_not_fit_is_recorded_as_such(monkeypatch):
    tiny = experiments.load(PATH, {"DEVICE": "cpu"})

    def full(*_):
        raise torch.cuda.OutOfMemoryError

    monkeypatch.setattr(tiny, "difference", full)
    (settings,) = tiny.layers(["scan"], N=2, T=5, H=4)
    assert tiny.run(0, **settings) == {"fits": False}


@pytest.mark.parametrize("blocks, number", [(3, 4), (4, 4), (3, 2)])
def test_each_region_of_the_model_ends_where_two_terms_are_equal(blocks, number):
    card = gpu.Card("a card", start=4e-6, bandwidth=3e11, speed=9e12)
    options = {"blocks": blocks, "number": number, "kernels": 2}
    H = math.sqrt(2 * card.start * card.bandwidth / (number * blocks))
    N = number * card.speed / (2 * card.bandwidth)
    launches, memory, arithmetic = gpu.terms(N, H, card, **options)
    assert launches == pytest.approx(memory) and memory == pytest.approx(arithmetic)
    assert gpu.step_time(2 * N, H, card, **options) == pytest.approx(2 * launches)
    assert gpu.step_time(N, 2 * H, card, **options) == pytest.approx(4 * launches)
    assert gpu.step_time(N / 2, H / 2, card, **options) == pytest.approx(launches)


def test_constants_and_table_of_a_record(record):
    found = gpu.constants(record)
    assert found["start"] == pytest.approx(1e-6) and found["bandwidth"] == 2.048e12
    assert found["speed"] == dict.fromkeys(["float32", "TF32", "float16", "bfloat16"], 1e13)
    lines = gpu.table(record)
    where = "made-up card, driver 1.2, CUDA 13.0, cuDNN 91000, PyTorch 2.13.0, some day"
    assert lines[0] == f"measured on {where}"
    assert "bandwidth               2048 GB/s" in lines
    assert sum(line.startswith("LSTM, ") for line in lines) == 3


def test_the_figure_of_a_record_has_every_point_and_the_model(record):
    by_batch, by_width, by_length = gpu.draw(record).axes
    script = experiments.load(PATH)
    assert len(by_batch.lines) == 8 and len(by_width.lines) == 4 and len(by_length.lines) == 4
    points, model = by_width.lines[:2]
    assert list(points.get_xdata()) == list(model.get_xdata()) == list(script.WIDTHS)
    assert list(by_batch.lines[0].get_xdata()) == list(script.BATCHES)
    assert points.get_ydata()[0] == pytest.approx(1e6 * 1e-3 / 128)
    assert model.get_ydata()[0] == pytest.approx(2e6 * gpu.constants(record)["start"])
    lengths = {line.get_label(): list(line.get_xdata()) for line in by_length.lines}
    assert lengths["scan"] == list(script.LENGTHS)
    assert lengths["attention"] == list(script.LENGTHS[:-1]), "the longest did not fit"
