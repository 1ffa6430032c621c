"""The recorded forecasts of shares: none sees the future, and the files hold what was scored."""

from pathlib import Path

import numpy as np
import pytest

import experiments
from rnnbook.book.records import load_record, load_weights

SCRIPT = Path(__file__).resolve().parent.parent / "experiments" / "stocks.py"
KINDS = ("returns", "ranges", "mean")


def forecasts(kind, nonsense_from=None):
    """All forecasts of a network trained on the days before 2009, and the number of that day."""
    module = experiments.load(SCRIPT)
    dates, returns, ranges = module.days()
    end = module.starts(dates, ("2009",))[0]
    if nonsense_from is not None:
        rng, later = np.random.default_rng(0), slice(end + nonsense_from, None)
        returns, ranges = returns.copy(), ranges.copy()
        returns[:, later] = rng.normal(0, 3, returns[:, later].shape)
        ranges[:, later] = rng.normal(1, 1, ranges[:, later].shape)
    model = module.train(0, kind, 4, 3, returns, ranges, end)
    return module.forecast(model, kind, returns, ranges, end)[:, : end + 1]


@pytest.mark.parametrize("kind", KINDS)
def test_nonsense_from_a_day_on_changes_no_forecast_of_it(kind):
    honest = forecasts(kind)
    assert np.array_equal(honest, forecasts(kind, nonsense_from=0), equal_nan=True)
    assert not np.array_equal(honest, forecasts(kind, nonsense_from=-1), equal_nan=True)


def test_the_files_hold_the_scores_of_the_record():
    module = experiments.load(SCRIPT)
    dates, returns, _ = module.days()
    returns = returns[:, module.starts(dates, module.TEST)[0] :]
    for run in load_record("stocks")["results"]:
        ahead = load_weights("stocks", f"stocks_{run['kind']}_{run['seed']}")["ahead"]
        found = module.score(run["kind"], ahead.astype(float), returns)
        assert found == pytest.approx(run["test"], rel=1e-5)


def test_every_search_found_an_end():
    """So says the page: no neighbour of the chosen setting was left untried."""
    module = experiments.load(SCRIPT)
    for run in load_record("stocks")["results"]:
        assert len(run["validation"]) < module.TRIED
        chosen = np.log2(np.divide((run["hidden"], run["steps"]), module.FIRST)).round().astype(int)
        for place in module.neighbours(tuple(chosen)):
            setting = module.setting(place)
            assert setting is None or "{} units, {} steps".format(*setting) in run["validation"]
