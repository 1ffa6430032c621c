"""How time is measured: all contenders in turns, round after round, in one run.

A slow moment of the machine then hits all of them alike. Each round has an order of its own: what
follows a large contender finds its own data pushed out of the fast memory, and that must not
always be the same one. What is kept is the median round and
the quartiles, in seconds that the processor worked for this process, and on the wall's clock
beside it. On one thread of a quiet machine the two agree; where other work runs, the first still
tells what a run costs.
"""

import inspect
import math
import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

LEAST = 0.002  # seconds: what takes less is called several times between two looks at the clock


class Benchmark(NamedTuple):
    """What is compared: `runs(**sizes)` makes functions without arguments, by name.

    A name "case: contender" makes the page show the two in columns of their own. `also`, called
    with the number of rounds, measures something else than seconds, as a dict.
    """

    page: str  # the page of the book that reads the result
    what: str  # in one sentence
    dtype: str
    rounds: int
    runs: Callable[..., dict[str, Callable[[], object]]]
    also: Callable[[int], dict] | None = None


def sizes(benchmark):
    """The sizes of a benchmark: the defaults of its `runs`, as they stand in the record."""
    parameters = inspect.signature(benchmark.runs).parameters.values()
    lists = {p.name: p.default for p in parameters}
    return {
        k: [list(e) if isinstance(e, tuple) else e for e in v] if isinstance(v, tuple) else v
        for k, v in lists.items()
    }


def seconds(run, calls=1):
    """Seconds of one call, of the processor and on the wall."""
    wall, processor = time.perf_counter(), time.process_time()
    for _ in range(calls):
        run()
    return (time.process_time() - processor) / calls, (time.perf_counter() - wall) / calls


def alternate(runs, rounds, *, title=None):
    """Seconds of one call of each run, by both clocks: arrays (rounds, 2), by name."""
    calls = {}
    for name, run in runs.items():
        run()  # compile, fetch memory
        calls[name] = max(1, math.ceil(LEAST / max(seconds(run)[0], 1e-7)))
    taken = {name: [] for name in runs}
    rng = np.random.default_rng(0)
    for _ in tqdm(range(rounds), desc=title, leave=False, disable=None):
        for name in rng.permutation(list(runs)):
            taken[name].append(seconds(runs[name], calls[name]))
    return {name: np.array(found) for name, found in taken.items()}


def quartiles(values):
    """Lower quartile, median and upper quartile, to four digits."""
    return [float(f"{v:.4g}") for v in np.quantile(values, [0.25, 0.5, 0.75])]


def measure(benchmark, *, title=None):
    """The result of one benchmark, as it stands in the record."""
    taken = alternate(benchmark.runs(), benchmark.rounds, title=title)
    processor, wall = ({n: quartiles(t[:, k]) for n, t in taken.items()} for k in (0, 1))
    return {
        "page": benchmark.page,
        "what": benchmark.what,
        "dtype": benchmark.dtype,
        "threads": 1,
        "sizes": sizes(benchmark),
        "rounds": benchmark.rounds,
        "clock": "processor",
        "median": {name: q[1] for name, q in processor.items()},
        "quartiles": {name: [q[0], q[2]] for name, q in processor.items()},
        "wall_median": {name: q[1] for name, q in wall.items()},
        "wall_quartiles": {name: [q[0], q[2]] for name, q in wall.items()},
        **(benchmark.also(benchmark.rounds) if benchmark.also else {}),
    }
