"""The record of `make bench` has what the page and the claims need. No test compares clocks."""

import json
import math
from functools import partial
from pathlib import Path

import bench
import clock
import numpy as np
import page
import pytest
import torch

from rnnbook.book import records

ROOT = Path(__file__).resolve().parent.parent

TINY = {
    "layers": {"layers": ("GRU",), "sizes": ((2, 3, 4, 5),)},
    "lengths": {"layers": ("LSTM",), "T": (3, 5), "N": 2, "D": 3, "H": 4},
    "input products": {"sizes": ((1, 3, 2), (2, 4, 3)), "T": 5},
    "through time": {"T": (3, 5), "N": 2, "D": 3, "H": 4},
    "one step": {"t": (3, 10), "H": 4, "window": 2},
    "three ways": {"N": 2, "T": 3, "H": 4},
    "readings": {"T": (1, 4), "N": 2, "hidden": 3},
    "adding": {"T": (5, 6), "N": 2, "units": 3},
    "segmentation": {"models": ("dilated", "sweep 1"), "N": 2},
    "scan": {"batches": (1, 2), "T": 8, "quarter": 2, "H": 3},
    "layers by length": {"T": (4, 8), "width": 4},
    "scan or fused": {"batches": (1, 2), "T": (4, 8), "width": 4, "slow_batches": (2,)}
    | {"slow_T": (8,)},
    "convolution": {"batches": (1, 2), "T": 8, "width": 3},
    "checkpoints": {"T": 8, "N": 2, "D": 3, "H": 4, "pieces": 2},
    "five calls": {"N": 2, "T": 3, "D": 4, "H": 5},
    "fused and loop": {"N": 2, "T": 3, "D": 4, "H": 5},
    "sweeps": {"batches": (1, 2), "widths": (3,), "lengths": (4,), "middle": (2, 3, 4)},
}
KEYS = ("median", "quartiles", "wall_median", "wall_quartiles")


@pytest.fixture(scope="module")
def record():
    return records.load_benchmarks()


@pytest.fixture
def hasty(monkeypatch):
    monkeypatch.setattr(clock, "LEAST", 0.0)


def tiny(name, benchmark):
    """The same benchmark, so small that it takes no time."""
    return benchmark._replace(runs=partial(benchmark.runs, **TINY[name]), rounds=2)


def check(result):
    """Times by name, sorted, in the form that the claims read."""
    names = list(result["median"])
    assert names
    for key in KEYS:
        assert list(result[key]) == names
    assert result["clock"] == "processor"
    for name in names:
        for kind in ("", "wall_"):
            low, high = result[f"{kind}quartiles"][name]
            assert 0 < low <= result[f"{kind}median"][name] <= high and math.isfinite(high)


def test_the_record_says_where_and_when(record):
    assert {"date", "where", "machine", "versions", "seconds", "results"} <= set(record)
    assert set(record["machine"]) == {"processor", "cores", "threads", "system"}
    assert set(record["versions"]) == {"python", "numpy", "torch", "tensorflow", "keras"}
    assert record["date"] in record["where"] and record["machine"]["processor"] in record["where"]
    assert record["machine"]["threads"] == 1
    assert record["seconds"] > 0


def test_the_record_has_every_benchmark_and_no_other(record):
    assert list(record["results"]) == list(bench.BENCHMARKS)


@pytest.mark.parametrize("name", bench.BENCHMARKS)
def test_the_record_has_the_sizes_and_names_of_today(name, record):
    result, benchmark = record["results"][name], bench.BENCHMARKS[name]
    check(result)
    assert result["sizes"] == clock.sizes(benchmark)
    assert (result["page"], result["what"]) == (benchmark.page, benchmark.what)
    assert (result["dtype"], result["rounds"]) == (benchmark.dtype, benchmark.rounds)
    assert list((ROOT / "chapters").glob(f"{benchmark.page}.*"))
    assert set(result["median"]) == set(benchmark.runs())


def test_the_page_shows_the_record(record):
    assert page.PAGE.read_text("utf-8") == page.page(record)


@pytest.mark.parametrize("name", bench.BENCHMARKS)
def test_a_benchmark_runs(name, hasty):
    benchmark = tiny(name, bench.BENCHMARKS[name])._replace(also=None)
    result = clock.measure(benchmark)
    check(result)
    assert set(result["median"]) == set(benchmark.runs())
    json.dumps(result)


def test_contenders_compute_the_same():
    rng = np.random.default_rng(0)
    ways = bench.training.three_ways(**TINY["three ways"])
    losses = {name: [step() for _ in range(3)] for name, step in ways.items()}
    for other in ("PyTorch", "TensorFlow"):
        np.testing.assert_allclose(losses[other], losses["NumPy"], rtol=1e-5)
    params, x, _ = bench.layers.random_layer(bench.loops.rnn, 2, 5, 3, 4, np.float64)
    same = bench.loops.before_the_loop(params, x) - bench.loops.inside_the_loop(params, x)
    assert abs(same).max() < 1e-14
    a, b = (torch.tensor(rng.random((2, 9, 3))) for _ in "ab")
    scans, leaves = bench.scans, [a.requires_grad_(), b.requires_grad_()]
    for T in (1, 2, 7, 8, 9):
        found = [f(a[:, :T], b[:, :T]) for f in scans.WAYS.values()]
        assert max((f - found[0]).abs().max() for f in found) < 1e-12
        slopes = [torch.autograd.grad((f**3).sum(), leaves) for f in found]
        assert max((s[k] - slopes[0][k]).abs().max() for s in slopes for k in (0, 1)) < 1e-10
    made, x = bench.scans.layers(4, "cpu"), torch.randn(1, 9, 4)
    assert (made["minGRU, scan"](x) - made["minGRU, loop"](x)).abs().max() < 1e-6
    ways = [made[f"state space, {way}"](x) for way in ("scan", "convolution")]
    assert (ways[0] - ways[1]).abs().max() < 1e-5
    layer, x = torch.nn.LSTM(3, 4, batch_first=True), torch.randn(2, 5, 3)
    assert (bench.calls.LSTMLoop(layer)(x)[0] - layer(x)[0]).abs().max() < 1e-6


def test_what_is_measured_besides_seconds(hasty):
    runs = bench.BENCHMARKS["lengths"].runs(**TINY["lengths"])
    assert all(v > 0 for v in bench.layers.peaks(runs).values())
    share = bench.calls.share_of_products(2, **TINY["five calls"])["share of products"]
    low, high = share["quartiles"]
    assert 0 < low <= share["median"] <= high < 1


def test_runs_take_turns(monkeypatch):
    order = []
    runs = {name: partial(order.append, name) for name in "ab"}
    monkeypatch.setattr(clock, "LEAST", 0.0)
    monkeypatch.setattr(clock, "seconds", lambda run, calls=1: (run() or 1.0, 2.0))
    some = clock.Benchmark("page", "what", "float32", 9, lambda: runs)
    result = clock.measure(some)
    assert order[:4] == ["a", "a", "b", "b"]
    orders = [tuple(order[k : k + 2]) for k in range(4, len(order), 2)]
    assert len(orders) == 9 and set(orders) == {("a", "b"), ("b", "a")}
    assert (result["clock"], result["median"]) == ("processor", {"a": 1.0, "b": 1.0})
    assert result["wall_median"] == {"a": 2.0, "b": 2.0}


def test_quartiles():
    assert clock.quartiles([4.0, 1.0, 2.0, 3.0, 5.0]) == [2.0, 3.0, 4.0]


@pytest.fixture
def small_bench(monkeypatch, tmp_path):
    """`main` with two tiny benchmarks and a page of one line, in a folder of its own."""
    some = {name: tiny(name, bench.BENCHMARKS[name]) for name in ("adding", "one step")}
    monkeypatch.setattr(clock, "LEAST", 0.0)
    monkeypatch.setattr(bench, "BENCHMARKS", some)
    monkeypatch.setattr(bench, "page", lambda record: f"{len(record['results'])} results\n")
    path = tmp_path / "bench" / "benchmarks.json"
    return path, partial(bench.main, path=path, target=tmp_path / "page.md")


def test_the_command_writes_record_and_page(small_bench, monkeypatch):
    path, main = small_bench
    main([])
    monkeypatch.setattr(records, "FOLDER", path.parent.parent)
    found = records.load_benchmarks()
    assert list(found["results"]) == ["adding", "one step"]
    assert (path.parent.parent / "page.md").read_text() == "2 results\n"
    assert not list(path.parent.parent.rglob("*.tmp"))


def test_an_unknown_argument_is_named(small_bench):
    with pytest.raises(SystemExit, match=r"\['gpus'\]; expected none"):
        small_bench[1](["gpus"])


def test_a_missing_record_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr(records, "FOLDER", tmp_path)
    with pytest.raises(FileNotFoundError, match=r"no bench/benchmarks\.json; run: make bench"):
        records.load_benchmarks()
