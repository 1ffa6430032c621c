"""The same comparisons on an NVIDIA GPU, where there is one, with larger sizes."""

import time
from functools import partial

import torch
from calls import fused_and_loop, sweeps, training_step
from clock import Benchmark, measure
from machine import machine, versions
from scans import by_length, scans
from torch import nn


def half_the_bits(units=1024, N=16, T=128, D=16, device="cuda"):
    torch.manual_seed(0)
    layer = nn.GRU(D, units, batch_first=True).to(device)
    x = torch.randn(N, T, D, device=device)
    half = torch.float16 if device == "cuda" else torch.bfloat16
    full = training_step(layer, x)

    def tf32():
        torch.backends.cudnn.allow_tf32 = True
        full()
        torch.backends.cudnn.allow_tf32 = False

    return {"float32": full, "16 bits": training_step(layer, x, half), "TF32": tf32}


ON_GPU = {"device": "cuda"}
BENCHMARKS = {
    "fused and loop": Benchmark(
        page="tools/gpu",
        what="forward and backward of an LSTM of 64 units over 16 sequences of 128 steps in "
        "PyTorch",
        dtype="float32",
        rounds=15,
        runs=partial(fused_and_loop, **ON_GPU),
    ),
    "sweeps": Benchmark(
        page="tools/gpu",
        what="forward and backward of nn.GRU, around 16 sequences of 128 steps with 64 units",
        dtype="float32",
        rounds=9,
        runs=partial(
            sweeps,
            batches=(1, 4, 16, 64, 256, 1024),
            widths=(16, 64, 256, 1024, 2048),
            lengths=(64, 256, 1024, 4096),
            **ON_GPU,
        ),
    ),
    "half the bits": Benchmark(
        page="tools/gpu",
        what="forward and backward of nn.GRU with 1,024 units over 16 sequences of 128 steps, in "
        "float32, under autocast to float16, and with TF32",
        dtype="as named",
        rounds=9,
        runs=partial(half_the_bits, **ON_GPU),
    ),
    "scan": Benchmark(
        page="outlook/efficient",
        what="a linear recurrence of 4,096 steps and 64 channels in PyTorch, forward and backward",
        dtype="float32",
        rounds=7,
        runs=partial(scans, **ON_GPU),
    ),
    "layers by length": Benchmark(
        page="outlook/efficient",
        what="one sequence through a layer of width 64 in PyTorch, forward and backward, by the "
        "number of steps",
        dtype="float32",
        rounds=7,
        runs=partial(by_length, **ON_GPU),
    ),
}


def record():
    """What stands under "gpu" in the record, or nothing where there is no NVIDIA GPU."""
    if not torch.cuda.is_available():
        return None
    torch.backends.cudnn.allow_tf32 = False  # float32 in full
    start = time.perf_counter()
    results = {
        name: measure(benchmark, title=f"{name}, GPU", wait=torch.cuda.synchronize)
        for name, benchmark in BENCHMARKS.items()
    }
    device, date = torch.cuda.get_device_name(), time.strftime("%Y-%m-%d")
    return {
        "date": date,
        "where": f"{device}, {date}",
        "machine": {"device": device, **machine()},
        "versions": versions(),
        "seconds": round(time.perf_counter() - start),
        "results": results,
    }
