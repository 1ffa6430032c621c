"""Speed and memory, side by side with the frameworks, in one run on one thread.

    python benchmarks/bench.py    # a few minutes; writes the record and the book's page

The record, rnnbook/book/records/bench/benchmarks.json, names the machine, the versions and the
day. The claims of the book about speed read it. A GPU is measured by `make experiments NAME=gpu`.
"""

import json
import os
import sys
import time
from pathlib import Path

if __name__ == "__main__":
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[variable] = "1"  # before NumPy is imported
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import all_at_once
import calls
import checkpoints
import layers
import loops
import matrices
import scans
import segmenting
import tensorflow as tf
import torch
import training
from clock import measure
from machine import machine, versions
from page import PAGE, page

ROOT = Path(__file__).resolve().parent.parent
RECORD = ROOT / "rnnbook" / "book" / "records" / "bench" / "benchmarks.json"
MODULES = (layers, loops, training, segmenting, scans, matrices, all_at_once, checkpoints, calls)
BENCHMARKS = {name: b for module in MODULES for name, b in module.BENCHMARKS.items()}


def one_thread():
    tf.config.set_visible_devices([], "GPU")  # what is compared here runs on the processor
    torch.set_num_threads(1)
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)


def record(benchmarks):
    """The record of these benchmarks, measured now."""
    start, date, found = time.perf_counter(), time.strftime("%Y-%m-%d"), machine()
    results = {name: measure(b, title=name) for name, b in benchmarks.items()}
    return {
        "date": date,
        "where": f"{found['processor']}, one of {found['cores']} cores, {date}",
        "machine": found,
        "versions": versions(),
        "seconds": round(time.perf_counter() - start),
        "results": results,
    }


def write(path, text):
    """Write to a temporary name, then move: a broken run leaves the old file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


def main(arguments, path=RECORD, target=PAGE):
    if arguments:
        sys.exit(f"Unknown arguments {arguments}; expected none")
    new = record(BENCHMARKS)
    write(path, json.dumps(new, indent=1) + "\n")
    write(target, page(new))


if __name__ == "__main__":
    one_thread()
    main(sys.argv[1:])
