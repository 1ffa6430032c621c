"""The states of a GRU step by step, and all at once by Newton's iterations."""

import numpy as np
from clock import Benchmark

from rnnbook.numpy import gru, newton


def by_length(T=(256, 1024, 4096), D=4, H=16):
    params = gru.init(np.random.default_rng(0), D, H)
    runs = {}
    for steps in T:
        x = np.random.default_rng(1).standard_normal((1, steps, D))
        runs |= {
            f"loop: {steps}": lambda x=x: gru.forward(params, x),
            f"Newton: {steps}": lambda x=x: newton.states(params, x),
            f"diagonal: {steps}": lambda x=x: newton.states(params, x, jacobian="diagonal"),
        }
    return runs


BENCHMARKS = {
    "all steps at once": Benchmark(
        page="outlook/newton",
        what="the states of a GRU of 16 units as it starts, in NumPy, one sequence of four inputs, "
        "forward, by the number of steps; Newton's iterations to 1e-10",
        dtype="float64",
        rounds=7,
        runs=by_length,
    ),
}
