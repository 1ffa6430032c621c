"""Forecasting without fooling oneself: windows, baselines, backtests, scores and tests.

A model is anything with `fit(X, Y)` and `predict(X)`, where X is (N, T) or (N, T, D), the T steps
before each forecast origin, and Y (N, H), the H values after it. What is missing is NaN in both.
scikit-learn's regressors are such models (`Direct` fits one for each step ahead and puts up with
missing values); so are the baselines here, and a network in a class of a few lines. Where columns
are known ahead, such as the hour or a holiday, both get a third argument, (N, H, K). NumPy only.
"""

from rnnbook.forecasting.baselines import (
    EmpiricalQuantiles,
    LinearAutoregression,
    Naive,
    SeasonalNaive,
)
from rnnbook.forecasting.comparison import (
    DieboldMariano,
    ResultsTable,
    bootstrap_means,
    diebold_mariano,
    hac_variance,
    results_table,
)
from rnnbook.forecasting.quantiles import coverage, crps, mend_crossing, pinball, width
from rnnbook.forecasting.rolling import Backtest, Direct, Scaled, backtest
from rnnbook.forecasting.scores import mae, mase, rmse, skill
from rnnbook.forecasting.series import Standardizer, check_series, check_values, time_split
from rnnbook.forecasting.times import check_times, regular_grid
from rnnbook.forecasting.window import Windows, masked_windows, windows

__all__ = [
    "Backtest",
    "DieboldMariano",
    "Direct",
    "EmpiricalQuantiles",
    "LinearAutoregression",
    "Naive",
    "ResultsTable",
    "Scaled",
    "SeasonalNaive",
    "Standardizer",
    "Windows",
    "backtest",
    "bootstrap_means",
    "check_series",
    "check_times",
    "check_values",
    "coverage",
    "crps",
    "diebold_mariano",
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
