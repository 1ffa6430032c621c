"""The page of the book that shows the record.

python benchmarks/page.py     # writes the page again from the record; measures nothing
"""

from pathlib import Path

import numpy as np

from rnnbook.book.records import load_benchmarks

PAGE = Path(__file__).resolve().parent.parent / "chapters" / "appendix" / "benchmarks.md"
OURS = "rnnbook.numpy"


def table(head, rows, numbers=1):
    """A table in Markdown; the columns after the first `numbers` are set flush right."""
    rule = ["---" if k < numbers else "--:" for k in range(len(head))]
    return [f"| {' | '.join(map(str, row))} |" for row in (head, rule, *rows)] + [""]


def digits(seconds):
    """Milliseconds to three digits, without an exponent."""
    value = 1e3 * seconds
    return f"{value:.{max(0, 2 - int(np.floor(np.log10(value))))}f}"


def opening(record):
    m, v = record["machine"], record["versions"]
    rounds = [r["rounds"] for r in record["results"].values()]
    return [
        "# Benchmarks",
        "",
        "<!-- Written by `make bench`; do not edit. -->",
        "",
        "Speed belongs to a machine and a day. So no test of this book compares clocks: `make "
        "bench` measures, its record is part of the book, and every claim about speed is a claim "
        f"about that record. This one was made on {record['date']} on {m['processor']} "
        f"({m['system']}, {m['cores']} cores), on **one thread**, with Python {v['python']}, NumPy "
        f"{v['numpy']}, PyTorch {v['torch']}, TensorFlow {v['tensorflow']} and Keras {v['keras']}, "
        f"in {record['seconds'] / 60:.0f} minutes. Run `make bench` for numbers of your own.",
        "",
        "All contenders of a table take turns, round after round in one run, so that a slow "
        "moment of the machine hits all of them alike. The tables give the median of "
        f"{min(rounds)} to {max(rounds)} rounds and, in brackets, the quartiles: half of the "
        "rounds lay between these. Time is what the processor worked for the run. On one thread "
        "that is the time on the wall, as long as nothing else runs; "
        f"{waiting(record['results'])} The record has both.",
        "",
    ]


def waiting(results):
    """How far the two clocks are apart, in words."""
    ratios = [r["wall_median"][k] / r["median"][k] for r in results.values() for k in r["median"]]
    times = np.median(ratios)
    if times < 1.05:
        return "here the two agreed to a twentieth in most runs."
    return f"here the machine had other work to do, and the median run took {times:.1f} times that."


def layers(result):
    """The layers beside the frameworks, with ratios."""
    t = {}
    for name, median in result["median"].items():
        case, contender = name.split(": ")
        t.setdefault(case, {})[contender] = median
    names = (OURS, "products", "torch.nn", "Keras, tf.function")
    speed = [
        [c, *(digits(t[c][k]) for k in names), *(f"{t[c][k] / t[c][OURS]:.2f}" for k in names[2:])]
        for c in t
    ]
    bounds = [
        [c, *(f"{t[c][OURS] / t[c][k]:.2f}" for k in ("products", "products, W_h.T copied once"))]
        for c in t
    ]
    return [
        "## A readable loop in NumPy",
        "",
        "How fast is it? Forward and backward of one layer, in "
        f"{result['dtype']}. All contenders have the same weights and inputs and compute the "
        "gradients of all weights and of the inputs. The last columns are times relative to the "
        "NumPy layer's: above 1, the other is slower.",
        "",
        *table(
            ["layer, N, T, D, H", "NumPy, ms", "products, ms", "torch.nn, ms", "Keras, ms"]
            + ["torch.nn / NumPy", "Keras / NumPy"],
            speed,
        ),
        "The column *products* has only the matrix products of both passes, each written the "
        "plain way in NumPy. So it is a lower bound for a layer in NumPy, and not for a "
        "framework, whose own routines may multiply faster. What the layer takes beyond it is "
        "the price of gates, masks, checks and Python. The layer copies the transpose of $W_h$ "
        "once instead of multiplying by a transposed view at every step; the second bound does "
        "so too.",
        "",
        *table(
            ["layer, N, T, D, H", "NumPy / products"]
            + ["NumPy / products with $W_h^\\top$ copied once"],
            bounds,
        ),
    ]


def lengths(result):
    t, MiB, names = result["median"], result["MiB"], result["sizes"]["layers"]
    N, D, H = (result["sizes"][k] for k in "NDH")
    rows = [
        [f"{T:,}", *(v for n in names for v in (digits(t[f"{n}: {T}"]), f"{MiB[f'{n}: {T}']:.1f}"))]
        for T in result["sizes"]["T"]
    ]
    head = ["T", *(f"{name}, {what}" for name in names for what in ("ms", "peak MiB"))]
    return [
        "Time and memory by the number of steps T (here N, D, H = "
        f"{N}, {D}, {H}). Backpropagation through time keeps every step, which is why memory "
        "grows too.",
        "",
        *table(head, rows, numbers=0),
    ]


def other(name, result):
    """Any other result: a table of two ways where names are "row: column", else a list."""
    link = f"{{doc}}`../{result['page']}`"
    return [
        f"### {name[0].upper()}{name[1:]}",
        "",
        f"{result['what'][0].upper()}{result['what'][1:]}; {result['dtype']}, milliseconds. Read "
        f"by {link}.",
        "",
        *(two_ways(result) if any(": " in k for k in result["median"]) else one_way(result)),
        *shares(result),
    ]


def cell(result, name):
    if name not in result["median"]:
        return ""
    low, high = map(digits, result["quartiles"][name])
    return f"{digits(result['median'][name])} ({low} to {high})"


def one_way(result):
    rows = [[name, cell(result, name)] for name in result["median"]]
    return table(["", "median (quartiles)"], rows)


def two_ways(result):
    keys = [k.split(": ") for k in result["median"]]
    columns = list(dict.fromkeys(column for _, column in keys))
    rows = [
        [row, *(cell(result, f"{row}: {column}") for column in columns)]
        for row in dict.fromkeys(row for row, _ in keys)
    ]
    head = [f"{int(c):,}" if c.isdigit() else c for c in columns]
    return table(["", *head], rows)


def shares(result):
    if "share of products" not in result:
        return []
    share = result["share of products"]
    low, high = share["quartiles"]
    return [
        "By PyTorch's profiler the matrix products take "
        f"{100 * share['median']:.0f} % of the time of the loop over cells "
        f"({100 * low:.0f} to {100 * high:.0f} %).",
        "",
    ]


def page(record):
    """The record as a page of the book."""
    results = record["results"]
    lines = [*opening(record), *layers(results["layers"]), *lengths(results["lengths"])]
    lines += ["## What the pages of this book compare", ""]
    for name, result in results.items():
        if name not in ("layers", "lengths"):
            lines += other(name, result)
    return "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(load_benchmarks()), encoding="utf-8")
