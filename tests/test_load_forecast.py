"""The recorded load forecasts: no model sees the future, and the files hold what was scored."""

from pathlib import Path

import numpy as np
import pytest

import experiments
from rnnbook import data
from rnnbook.book.records import load_record, load_weights

SCRIPT = Path(__file__).resolve().parent.parent / "experiments" / "load_forecast.py"
QUICK = {
    "ridge": {"penalty": 0.01},
    "trees": {"leaves": 8, "iterations": 3},
    "perceptron": {"rate": 0.004, "steps": 5},
    "GRU": {"rate": 0.004, "steps": 5},
}


def first_day(model, nonsense_from=None):
    """The forecast for 1 January 2013, with noise in place of all from an hour on."""
    module = experiments.load(SCRIPT)
    values, times = module.load()
    end = module.first_hour("2013-01-01")
    if nonsense_from is not None:
        values = values.copy()
        noise = np.random.default_rng(0).uniform(1000, 5000, len(values))
        values[end + nonsense_from :] = noise[end + nonsense_from :]
        module.load = lambda: (values, times)
    return module.forecasts(model, 0, end, end + module.DAY, QUICK[model])


@pytest.mark.parametrize("model", QUICK)
def test_nonsense_from_midnight_on_changes_no_forecast(model):
    honest = first_day(model)
    assert np.array_equal(honest, first_day(model, nonsense_from=0))
    assert not np.array_equal(honest, first_day(model, nonsense_from=-1))


def test_the_files_hold_the_errors_of_the_record():
    module, record = experiments.load(SCRIPT), load_record("load_forecast")
    values, start = module.load()[0], module.first_hour("2013-01-01")
    targets = module.ahead(values, np.arange(start, len(values), module.DAY))
    assert values.max() < 6000  # in tenths they fit into 16 bits without a sign
    for run in record["results"]:
        name = f"load_forecast_{run['model'].lower()}"
        name += f"_{run['seed']}" if run["model"] in ("perceptron", "GRU") else ""
        tenths = load_weights("load_forecast", name)["tenths_of_kw"]
        assert np.mean((tenths / 10 - targets) ** 2) == pytest.approx(run["mse"], rel=1e-4)


def test_how_many_searches_used_up_their_trials():
    """The trees always, the perceptron more often than not, the GRU once: so says the page."""
    record, module = load_record("load_forecast"), experiments.load(SCRIPT)
    ended = {model: [] for model in QUICK}
    for run in record["results"]:
        ended[run["model"]] += [len(half["tried"]) == module.TRIED for half in run["choices"]]
    assert not any(ended["ridge"])
    assert all(ended["trees"])
    assert np.mean(ended["perceptron"]) > 0.5
    assert sum(ended["GRU"]) == 1


def test_the_clock_changes_are_mended():
    values, times = experiments.load(SCRIPT).load()
    raw = data.load_electricity().to_numpy()
    assert sorted({str(t)[5:7] for t in times[values != raw]}) == ["03", "10"]
    assert (values != raw).sum() == 6
