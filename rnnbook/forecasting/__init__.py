"""Forecasting without fooling oneself: windows, baselines, backtests, scores and tests.

A model is anything with `fit(X, Y)` and `predict(X)`, where X is (N, T) or (N, T, D), the T steps
before each forecast origin, and Y (N, H), the H values after it. What is missing is NaN in both.
The baselines here are such models, and a network in a class of a few lines. So are scikit-learn's
regressors for one series without gaps; otherwise wrap them in `Direct`, which fits one for each
step ahead, and take one that accepts NaN or fills it in. Where columns are known ahead, such as
the hour or a holiday, both get a third argument, (N, H, K). NumPy only.

From measurements with gaps to a verdict: put them on a grid, forecast as one would have at the
time, compare with a baseline, and ask whether the difference is more than chance.

>>> import numpy as np
>>> from sklearn.impute import SimpleImputer
>>> from sklearn.linear_model import Ridge
>>> from sklearn.pipeline import make_pipeline
>>> rng, hours = np.random.default_rng(0), np.arange(60 * 24)
>>> values = 10 + 3 * np.sin(2 * np.pi * hours / 24) + rng.standard_normal(len(hours))
>>> kept = rng.random(len(hours)) > 0.05
>>> times, values = np.datetime64("2024-01-01T00") + hours[kept], values[kept]
>>> grid, series, mask = regular_grid(times, values, np.timedelta64(1, "h"))
>>> ridge = Direct(lambda: make_pipeline(SimpleImputer(), Ridge()))
>>> start = 45 * 24  # the last quarter of the days is the test
>>> settings = {"start": start, "input_length": 72, "horizon": 6, "stride": 6}
>>> settings |= {"mask": mask, "times": grid}
>>> results = {
...     "yesterday": backtest(SeasonalNaive(24), series, **settings),
...     "ridge": backtest(ridge, series, **settings),
... }
>>> targets, counts = results["ridge"].targets, results["ridge"].mask
>>> table = results_table(
...     {name: result.forecasts for name, result in results.items()},
...     targets,
...     series[:start],
...     reference="yesterday",
...     season=24,
...     mask=counts,
...     training_mask=mask[:start],
... )
>>> print(table)
                MAE      RMSE      MASE     skill
yesterday     1.183     1.469     1.089         0
ridge        0.8812     1.078    0.8111     0.255
>>> losses = {  # one for each origin, of the steps that were measured
...     name: np.mean(np.abs(result.forecasts - targets), axis=1, where=counts)
...     for name, result in results.items()
... }
>>> diebold_mariano(losses["ridge"], losses["yesterday"]).p_value < 0.01
True

And then what nobody knows yet:

>>> for name in ("start", "stride"):
...     del settings[name]
>>> ahead = forecast(ridge, series, **settings)
>>> print(ahead.times[:2], ahead.values[:2].round(1))
['2024-03-01T00' '2024-03-01T01'] [10.3 11. ]
"""

from rnnbook.forecasting.ahead import Forecast, forecast
from rnnbook.forecasting.baselines import (
    EmpiricalQuantiles,
    LinearAutoregression,
    Naive,
    SeasonalNaive,
)
from rnnbook.forecasting.comparison import (
    ClarkWest,
    DieboldMariano,
    ResultsTable,
    bootstrap_groups,
    bootstrap_means,
    clark_west,
    diebold_mariano,
    hac_variance,
    results_table,
)
from rnnbook.forecasting.direct import Direct
from rnnbook.forecasting.grouped import ByGroup
from rnnbook.forecasting.linear_quantiles import LinearQuantiles
from rnnbook.forecasting.quantiles import coverage, crps, mend_crossing, pinball, width
from rnnbook.forecasting.rolling import Backtest, backtest
from rnnbook.forecasting.scaled import Scaled
from rnnbook.forecasting.scores import mae, mase, rmse, skill
from rnnbook.forecasting.series import Standardizer, check_series, check_values, time_split
from rnnbook.forecasting.times import check_times, regular_grid
from rnnbook.forecasting.window import Windows, masked_windows, windows

__all__ = [
    "Backtest",
    "ByGroup",
    "ClarkWest",
    "DieboldMariano",
    "Direct",
    "EmpiricalQuantiles",
    "Forecast",
    "LinearAutoregression",
    "LinearQuantiles",
    "Naive",
    "ResultsTable",
    "Scaled",
    "SeasonalNaive",
    "Standardizer",
    "Windows",
    "backtest",
    "bootstrap_groups",
    "bootstrap_means",
    "check_series",
    "check_times",
    "check_values",
    "clark_west",
    "coverage",
    "crps",
    "diebold_mariano",
    "forecast",
    "hac_variance",
    "mae",
    "mase",
    "masked_windows",
    "mend_crossing",
    "pinball",
    "regular_grid",
    "results_table",
    "rmse",
    "skill",
    "time_split",
    "width",
    "windows",
]
