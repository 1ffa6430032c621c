"""A model of the time that a recurrent step takes, and the record of `make experiments NAME=gpu`.

The record is made on a machine with a CUDA GPU; the book may be without one.
"""

from typing import Any, NamedTuple

import numpy as np

from rnnbook.book.plotting import COLORS

SHOWN = {"scan": "linear", "GRU": "gru", "LSTM": "lstm", "attention": "accent"}


class Card(NamedTuple):
    """What the time model knows of a device."""

    name: str
    start: float  # seconds to start one kernel
    bandwidth: float  # bytes a second between the memory and the arithmetic
    speed: float  # operations a second, in the type of the weights


class Terms(NamedTuple):
    """Seconds that a step takes to start its kernels, to read its weights, to multiply."""

    launches: Any
    memory: Any
    arithmetic: Any


def terms(
    N: Any, H: Any, card: Card, *, blocks: int = 3, kernels: float = 2, number: int = 4
) -> Terms:
    """What one step of the forward pass of a recurrent layer waits for; N and H may be arrays.

    ======= ========= ==============================================
    symbol  argument  meaning
    ======= ========= ==============================================
    N, H    N, H      sequences in a batch, units
    b       blocks    of the weights: 1, 3 for a GRU, 4 for an LSTM
    k       kernels   started for one step
    p       number    bytes of a weight: 4 in float32, 2 in 16 bits
    ======= ========= ==============================================

    The recurrent weights are read once a step, as without persistent kernels and from beyond the
    caches; the product with the input, which can be made for all steps at once, is left out.

    >>> found = terms(8, 1024, Card("a card", 5e-6, 1e12, 1e13))
    >>> [f"{1e6 * seconds:.1f} µs" for seconds in found]
    ['10.0 µs', '12.6 µs', '5.0 µs']
    """
    launches = kernels * card.start
    memory = number * blocks * H**2 / card.bandwidth
    arithmetic = 2 * blocks * N * H**2 / card.speed
    return Terms(*np.broadcast_arrays(launches, memory, arithmetic))


def step_time(N: Any, H: Any, card: Card, **options: Any) -> Any:
    """Seconds of a step whose three parts overlap: the longest of the `terms` decides.

    Where nothing overlaps they add up, to three times as long at most. The idea is the roofline
    of Williams, Waterman and Patterson (2009), with launches as a third bound.

    >>> f"{1e6 * step_time(8, 1024, Card('a card', 5e-6, 1e12, 1e13)):.1f} µs"
    '12.6 µs'
    """
    launches, memory, arithmetic = terms(N, H, card, **options)
    time = np.maximum(np.maximum(launches, memory), arithmetic)  # eq-gpu-step
    return time


def constants(record: dict) -> dict[str, Any]:
    """The numbers of the time model as the record has them, and the words for the machine.

    "start" and "start in a graph" are seconds a kernel, "bandwidth" bytes a second of the largest
    copy, "speed" operations a second by type, "card" the same for the model, in float32.

    >>> runs = [
    ...     {"what": "machine", "device": "a card", "driver": "1", "cuda": "2", "cudnn": 3,
    ...      "torch": "4"},
    ...     {"what": "start", "way": "one by one", "seconds": [4e-6, 5e-6, 6e-6]},
    ...     {"what": "start", "way": "as a graph", "seconds": [1e-6, 2e-6, 3e-6]},
    ...     {"what": "bandwidth", "megabytes": 64, "seconds": [1e-3, 2e-3, 3e-3], "bytes": 10**8},
    ...     {"what": "speed", "dtype": "float32", "seconds": [1, 2, 3], "operations": 10**13},
    ... ]
    >>> found = constants({"date": "today", "results": runs})
    >>> found["start"], found["bandwidth"], found["speed"]
    (5e-06, 50000000000.0, {'float32': 5000000000000.0})
    >>> found["where"]
    'a card, driver 1, CUDA 2, cuDNN 3, PyTorch 4, today'
    """
    runs = record["results"]
    (machine,) = (run for run in runs if run["what"] == "machine")
    start = {run["way"]: _median(run["seconds"]) for run in runs if run["what"] == "start"}
    copies = [run for run in runs if run["what"] == "bandwidth"]
    largest = max(copies, key=lambda run: run["bytes"])
    bandwidth = largest["bytes"] / _median(largest["seconds"])
    products = [run for run in runs if run["what"] == "speed"]
    speed = {run["dtype"]: run["operations"] / _median(run["seconds"]) for run in products}
    return {
        "where": f"{machine['device']}, driver {machine['driver']}, CUDA {machine['cuda']}, "
        f"cuDNN {machine['cudnn']}, PyTorch {machine['torch']}, {record['date']}",
        "start": start["one by one"],
        "start in a graph": start["as a graph"],
        "bandwidth": bandwidth,
        "speed": speed,
        "card": Card(machine["device"], start["one by one"], bandwidth, speed["float32"]),
    }


def table(record: dict) -> list[str]:
    """The record in lines of text: the machine, its constants, three ways through one LSTM."""
    found = constants(record)
    lines = [
        f"measured on {found['where']}",
        f"start of a kernel   {1e6 * found['start']:8.1f} µs",
        f"  in a CUDA graph   {1e6 * found['start in a graph']:8.1f} µs",
        f"bandwidth           {found['bandwidth'] / 1e9:8.0f} GB/s",
    ]
    for dtype, speed in found["speed"].items():
        lines.append(f"speed, {dtype:12} {speed / 1e12:8.1f} TFLOP/s")
    for run in record["results"]:
        if run["what"] == "loop":
            lines.append(f"LSTM, {run['way']:15} {1e3 * _median(run['seconds']):6.2f} ms")
    return lines


def draw(record: dict) -> Any:
    """A figure: what the record measured, and in grey what the model predicts from its constants.

    Left and middle a step of the forward pass by the number of sequences and of units, right
    forward and backward of whole layers by their length.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 3.0))
    by_batch, by_width, by_length = figure.subplots(1, 3)
    card = constants(record)["card"]
    for name, blocks in (("GRU", 3), ("LSTM", 4)):
        for H, line, filled in ((256, ":", "none"), (1024, "-", COLORS[SHOWN[name]])):
            points = _points(record, "N", layer=name, T=128, H=H, dtype="float32")
            about = {"color": COLORS[SHOWN[name]], "markerfacecolor": filled}
            by_batch.plot(*_a_step(points), "o", label=f"{name}, {H:,} units", **about)
            model = step_time(np.array(list(points)), H, card, blocks=blocks)
            by_batch.plot(list(points), _micro(model), line, color=COLORS["baseline"])
        points = _points(record, "H", layer=name, N=16, T=128, dtype="float32")
        by_width.plot(*_a_step(points), "o", color=COLORS[SHOWN[name]], label=name)
        model = step_time(16, np.array(list(points)), card, blocks=blocks)
        by_width.plot(list(points), _micro(model), color=COLORS["baseline"])
    for name, color in SHOWN.items():
        points = _points(record, "T", layer=name, N=8, H=256, dtype="float32")
        times = [1e3 * _median(run["both"]) for run in points.values()]
        by_length.plot(list(points), times, "o-", color=COLORS[color], label=name)
    by_batch.set(xlabel="sequences N", ylabel="a forward step, µs", title="by batch")
    by_width.set(xlabel="units H", title="by width")
    by_length.set(xlabel="steps T", ylabel="both passes, ms", title="by length")
    for axes in (by_batch, by_width, by_length):
        axes.set(xscale="log", yscale="log")
        axes.legend(fontsize=7)
    return figure


def _median(quartiles):
    return quartiles[1]


def _points(record, key, **settings):
    """The runs with these settings that fitted into the memory, by `key`, in its order."""
    wanted = {"what": "layer", **settings}
    found = [run for run in record["results"] if wanted.items() <= run.items() and run["fits"]]
    return {run[key]: run for run in sorted(found, key=lambda run: run[key])}


def _a_step(points):
    return list(points), _micro(_median(run["forward"]) / run["T"] for run in points.values())


def _micro(values):
    return [1e6 * float(value) for value in values]
