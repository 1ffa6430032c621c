"""A memory that is a matrix as a loop and in chunks, beside gated layers and attention."""

import numpy as np
import torch
from clock import Benchmark
from scans import Attention, both_passes, outputs
from torch import nn

from rnnbook.numpy import delta_rule as in_numpy
from rnnbook.torch import delta_rule as in_torch


def unit(v):
    return v / np.linalg.norm(v, axis=-1, keepdims=True)


def loop_or_chunks(T=(512, 2048, 8192), N=1, K=32, V=32):
    """The delta rule with a decay in NumPy, forward and backward by hand."""
    rng, runs = np.random.default_rng(0), {}
    for steps in T:
        q, k = unit(rng.standard_normal((2, N, steps, K)))
        v, do = rng.standard_normal((2, N, steps, V))
        b, log_a = rng.uniform(0, 2, (N, steps)), np.log(rng.uniform(0.9, 1, (N, steps)))
        *inputs, do = (w.astype(np.float32) for w in (q, k, v, b, log_a, do))

        def loop(inputs=inputs, do=do):
            in_numpy.loop_backward(in_numpy.loop(*inputs)[-1], do)

        def chunks(inputs=inputs, do=do):
            in_numpy.chunks_backward(in_numpy.chunks(*inputs)[-1], do)

        runs |= {f"loop: {steps}": loop, f"chunks: {steps}": chunks}
    return runs


class Memory(nn.Module):
    """Queries, keys, values and strengths of one head, and the delta rule; nothing else."""

    def __init__(self, width, rule):
        super().__init__()
        self.width, self.rule, self.mix = width, rule, nn.Linear(width, 3 * width + 1)

    def forward(self, x):
        q, k, v, b = self.mix(x).split([self.width] * 3 + [1], dim=-1)
        k = nn.functional.normalize(k, dim=-1)
        return self.rule(q, k, v, torch.sigmoid(b[..., 0]))[0]


def by_length(T=(128, 512, 2048, 8192), width=32):
    torch.manual_seed(0)
    made = {
        "delta rule, loop": Memory(width, in_torch.loop),
        "delta rule, chunks of 32": Memory(width, in_torch.chunks),
        "delta rule, chunks of 64": Memory(width, lambda *v: in_torch.chunks(*v, size=64)),
        "nn.LSTM": outputs(nn.LSTM(width, width, batch_first=True)),
        "nn.GRU": outputs(nn.GRU(width, width, batch_first=True)),
        "attention": Attention(width, 1),
    }
    runs = {}
    for steps in T:
        x = torch.randn(1, steps, width)
        runs |= {f"{name}: {steps}": both_passes(layer, x) for name, layer in made.items()}
    return runs


BENCHMARKS = {
    "loop or chunks": Benchmark(
        page="outlook/matrix-memory",
        what="the delta rule with a decay in NumPy, one sequence, keys and values of 32 numbers, "
        "forward and backward, by the number of steps",
        dtype="float32",
        rounds=7,
        runs=loop_or_chunks,
    ),
    "memories by length": Benchmark(
        page="outlook/matrix-memory",
        what="one sequence through a layer of width 32 in PyTorch, forward and backward, by the "
        "number of steps",
        dtype="float32",
        rounds=7,
        runs=by_length,
    ),
}
