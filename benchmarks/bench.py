"""Speed and memory of the layers, side by side with the frameworks, in one run on one thread.

    python benchmarks/bench.py            # a few minutes; writes results.json and the book's page

Every contender does the same work: outputs of one layer from random inputs, then the gradients
of all weights and of the inputs. Rounds of all contenders alternate, so that a slow moment of
the machine hits all of them; the table shows the median round.
"""

import json
import os
import platform
import time
import tracemalloc
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"  # before NumPy is imported
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf
import torch
from tqdm import tqdm

from rnnbook import convert
from rnnbook.numpy import gru, lstm
from rnnbook.numpy.masks import rows

HERE = Path(__file__).parent
PAGE = HERE.parent / "chapters" / "appendix" / "benchmarks.md"
SIZES = [(32, 100, 64, 128), (64, 100, 128, 256)]
ROUNDS = 15
LENGTHS = [250, 500, 1000, 2000, 4000]


def random_layer(module, N, T, D, H):
    rng = np.random.default_rng(0)
    params = module.init(rng, D, H, dtype=np.float32)
    x = rng.standard_normal((N, T, D)).astype(np.float32)
    dhs = rng.standard_normal((N, T, H)).astype(np.float32)
    return params, x, dhs


def numpy_layer(module, params, x, dhs):
    def run():
        _, _, cache = module.forward(params, x)
        module.backward(params, cache, dhs)

    return run


def matrix_products(params, x, dhs, *, transpose_once):
    """Only the products that forward and backward cannot do without, on the same shapes."""
    x = x.swapaxes(0, 1).copy()
    hs = dhs.swapaxes(0, 1).copy()

    def run():
        a = (rows(x) @ params.W_x).reshape(*x.shape[:2], -1)
        for h_t in hs:
            h_t @ params.W_h
        W_hT = params.W_h.T.copy() if transpose_once else params.W_h.T
        for a_t in a:
            a_t @ W_hT
        rows(a) @ params.W_x.T
        rows(x).T @ rows(a)
        rows(hs).T @ rows(a)

    return run


def torch_layer(params, x, dhs):
    layer, x, dhs = convert.to_torch(params), torch.tensor(x, requires_grad=True), torch.tensor(dhs)

    def run():
        hs, _ = layer(x)
        torch.autograd.grad(hs, [x, *layer.parameters()], dhs)

    return run


def keras_layer(params, x, dhs):
    layer, x, dhs = convert.to_keras(params), tf.Variable(x), tf.constant(dhs)
    weights = [w.value for w in layer.trainable_weights]

    @tf.function
    def gradients():
        with tf.GradientTape() as tape:
            hs, *_ = layer(x)
        return tape.gradient(hs, [x, *weights], dhs)

    return lambda: gradients()[0].numpy()


def contenders(module, size):
    params, x, dhs = random_layer(module, *size)
    return {
        "rnnbook.numpy": numpy_layer(module, params, x, dhs),
        "products": matrix_products(params, x, dhs, transpose_once=False),
        "products, W_h.T copied once": matrix_products(params, x, dhs, transpose_once=True),
        "torch.nn": torch_layer(params, x, dhs),
        "Keras, tf.function": keras_layer(params, x, dhs),
    }


def seconds(run):
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def compare(module, size):
    runs = contenders(module, size)
    for run in runs.values():  # warm up, compile
        run()
        run()
    times = {name: [] for name in runs}
    for _ in tqdm(range(ROUNDS), desc=f"{module.__name__} {size}"):
        for name, run in runs.items():
            times[name].append(seconds(run))
    return {name: {"median": float(np.median(t)), "best": min(t)} for name, t in times.items()}


def lengths(module):
    """Seconds and peak MiB of forward and backward against T, at N, D, H = 8, 16, 32."""
    results = []
    for T in tqdm(LENGTHS, desc=f"{module.__name__} lengths"):
        run = numpy_layer(module, *random_layer(module, 8, T, 16, 32))
        run()
        best = min(seconds(run) for _ in range(7))
        tracemalloc.start()
        run()
        peak = tracemalloc.get_traced_memory()[1] / 2**20
        tracemalloc.stop()
        results.append({"T": T, "seconds": best, "MiB": peak})
    return results


def measure():
    torch.set_num_threads(1)
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    modules = {"LSTM": lstm, "GRU": gru}
    return {
        "machine": {
            "processor": processor(),
            "threads": 1,
            "dtype": "float32",
            "rounds": ROUNDS,
            "python": platform.python_version(),
            "numpy": np.__version__,
            "torch": torch.__version__,
            "tensorflow": tf.__version__,
            "keras": keras.__version__,
            "date": time.strftime("%Y-%m-%d"),
        },
        "speed": [
            {"layer": name, "size": size, "seconds": compare(module, size)}
            for name, module in modules.items()
            for size in SIZES
        ],
        "lengths": {name: lengths(module) for name, module in modules.items()},
    }


def processor():
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [line for line in info.read_text().splitlines() if line.startswith("model name")]
        if names:
            return names[0].split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def page(results):
    """The results as a page of the book."""
    m = results["machine"]
    lines = [
        "# Benchmarks",
        "",
        "<!-- Written by `make bench`; do not edit. -->",
        "",
        "How fast is a readable loop in NumPy? Forward and backward of one layer, in "
        f"{m['dtype']}, on one thread ({m['processor']}, Python {m['python']}, NumPy "
        f"{m['numpy']}, PyTorch {m['torch']}, TensorFlow {m['tensorflow']}, Keras {m['keras']}, "
        f"{m['date']}). All contenders have the same weights and inputs and compute the gradients "
        f"of all weights and of the inputs; {m['rounds']} rounds alternate between them, and the "
        "table shows the median. The last columns are times relative to the NumPy layer's: above "
        "1, the other is slower.",
        "",
        "| layer | N, T, D, H | NumPy, ms | products, ms | torch.nn, ms | Keras, ms | "
        "torch.nn / NumPy | Keras / NumPy |",
        "| --- | --- | --: | --: | --: | --: | --: | --: |",
    ]
    for row in results["speed"]:
        s = {name: t["median"] for name, t in row["seconds"].items()}
        ours = s["rnnbook.numpy"]
        cells = [
            1e3 * s[k] for k in ("rnnbook.numpy", "products", "torch.nn", "Keras, tf.function")
        ]
        numbers = " | ".join(f"{v:.1f}" for v in cells)
        ratios = " | ".join(f"{s[k] / ours:.2f}" for k in ("torch.nn", "Keras, tf.function"))
        lines.append(
            f"| {row['layer']} | {', '.join(map(str, row['size']))} | {numbers} | {ratios} |"
        )
    lines += [
        "",
        "The column *products* is a lower bound: only the matrix products that no implementation "
        "can leave out, each written the plain way. What the layer takes beyond it is the price "
        "of gates, masks, checks and Python. The layer copies the transpose of $W_h$ once instead "
        "of multiplying by a transposed view at every step; the second bound does so too.",
        "",
        "| layer | N, T, D, H | NumPy / products | NumPy / products with $W_h^\\top$ copied once |",
        "| --- | --- | --: | --: |",
    ]
    for row in results["speed"]:
        s = {name: t["median"] for name, t in row["seconds"].items()}
        ours = s["rnnbook.numpy"]
        ratios = " | ".join(
            f"{ours / s[k]:.2f}" for k in ("products", "products, W_h.T copied once")
        )
        lines.append(f"| {row['layer']} | {', '.join(map(str, row['size']))} | {ratios} |")
    lines += [
        "",
        "Time and memory grow in proportion to the number of steps T (here N, D, H = 8, 16, 32). "
        "Backpropagation through time keeps every step, which is why memory grows too.",
        "",
        "| T | LSTM, ms | LSTM, peak MiB | GRU, ms | GRU, peak MiB |",
        "| --: | --: | --: | --: | --: |",
    ]
    for a, b in zip(*results["lengths"].values(), strict=True):
        numbers = [1e3 * a["seconds"], a["MiB"], 1e3 * b["seconds"], b["MiB"]]
        lines.append(f"| {a['T']} | " + " | ".join(f"{v:.1f}" for v in numbers) + " |")
    return "\n".join(lines) + "\n"


def write(path, text):
    temporary = path.with_suffix(path.suffix + ".tmp")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


if __name__ == "__main__":
    results = measure()
    write(HERE / "results.json", json.dumps(results, indent=1) + "\n")
    write(PAGE, page(results))
    print(page(results))
