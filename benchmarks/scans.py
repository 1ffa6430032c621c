"""Linear recurrences as loops, scans and convolutions, beside gated layers and attention."""

import warnings

import torch
from clock import Benchmark
from torch import nn
from torch.nn.functional import scaled_dot_product_attention

from rnnbook import torch as in_torch
from rnnbook.torch.scan import loop, scan


def usual_loop(a, b):
    """As one would write it: the backward pass of each `a[:, t]` fills a tensor as large as a."""
    h, hs = torch.zeros_like(b[:, 0]), []
    for t in range(a.shape[1]):
        h = a[:, t] * h + b[:, t]
        hs.append(h)
    return torch.stack(hs, dim=1)


def few_rounds(a, b):
    """All states in log2 T rounds: in round r a step takes in the piece that ends 2^r before it.

    Hillis and Steele (1986). Every round touches nearly all numbers.
    """
    reach = 1
    while reach < a.shape[1]:
        joined = torch.addcmul(b[:, reach:], a[:, reach:], b[:, :-reach])
        b = torch.cat([b[:, :reach], joined], dim=1)
        a = torch.cat([a[:, :reach], a[:, reach:] * a[:, :-reach]], dim=1)
        reach *= 2
    return b


def little_work(a, b):
    """All states in 2 log2 T rounds: pairs are joined until one is left, then the way back.

    As JAX and Keras do it. Each round has half as much to do as the one before it.
    """
    T = a.shape[1]
    if T == 1:
        return b
    first, second = slice(0, T - 1, 2), slice(1, T, 2)
    joined = torch.addcmul(b[:, second], a[:, second], b[:, first])
    ends = little_work(a[:, second] * a[:, first], joined)
    hs = torch.empty_like(b)
    hs[:, 0], hs[:, second] = b[:, 0], ends
    hs[:, 2::2] = torch.addcmul(b[:, 2::2], a[:, 2::2], ends[:, : (T - 1) // 2])
    return hs


class Tree(torch.autograd.Function):
    """A scan in rounds, one way or the other; its gradient is the same, backwards."""

    @staticmethod
    def forward(ctx, a, b, way):
        hs, ctx.way = way(a, b), way
        ctx.save_for_backward(a, hs)
        return hs

    @staticmethod
    def backward(ctx, dhs):
        a, hs = ctx.saved_tensors
        zero = torch.zeros_like(a[:, :1])
        later = torch.cat([a[:, 1:], zero], dim=1)
        db = ctx.way(later.flip(1), dhs.flip(1)).flip(1)
        return db * torch.cat([zero, hs[:, :-1]], dim=1), db, None


def tree(way):
    return lambda a, b: Tree.apply(a, b, way)


WAYS = {
    "usual loop": usual_loop,
    "careful loop": loop,
    "scan": scan,
    "tree, few rounds": tree(few_rounds),
    "tree, little work": tree(little_work),
}


def both_passes(f, *tensors):
    """Forward and backward of f, as a function without arguments."""

    def run():
        leaves = [t.detach().requires_grad_() for t in tensors]
        f(*leaves).square().mean().backward()

    return run


def scans(batches=(1, 8), T=4096, quarter=1024, H=64, device="cpu"):
    torch.manual_seed(0)
    runs = {}
    for N in batches:
        a, b = torch.rand(N, T, H, device=device), torch.randn(N, T, H, device=device)
        runs |= {f"batch {N}: {name}": both_passes(way, a, b) for name, way in WAYS.items()}
    part = a[:, :quarter].clone(), b[:, :quarter].clone()
    runs[f"batch {N}, {quarter} steps: usual loop"] = both_passes(usual_loop, *part)
    return runs


class Attention(nn.Module):
    """Causal self-attention, nothing else."""

    def __init__(self, width, heads):
        super().__init__()
        self.heads, self.mix = heads, nn.Linear(width, 3 * width)

    def forward(self, x):
        q, k, v = self.mix(x).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        return scaled_dot_product_attention(q, k, v, is_causal=True)


def as_a_loop(layer):
    """A minGRU whose recurrence is the careful loop."""

    def run(x):
        z, n = (x @ layer.W + layer.b).chunk(2, dim=-1)
        z = torch.sigmoid(z)
        return loop(z, (1 - z) * n)

    return run


def outputs(layer):
    return lambda x: layer(x)[0]


def layers(width, device):
    torch.manual_seed(0)
    scanned = in_torch.MinGRU(width, width).to(device)
    state_space = in_torch.DiagonalSSM(width, 8).to(device)
    return {
        "minGRU, scan": outputs(scanned),
        "minGRU, loop": as_a_loop(scanned),
        "nn.GRU": outputs(nn.GRU(width, width, batch_first=True).to(device)),
        "nn.LSTM": outputs(nn.LSTM(width, width, batch_first=True).to(device)),
        "state space, scan": outputs(state_space),
        "state space, convolution": state_space.convolve,
        "attention": Attention(width, 4).to(device),
    }


def without_onednn(run):
    def alone():
        with (
            warnings.catch_warnings(action="ignore"),  # about Intel's GPUs
            torch.backends.mkldnn.flags(enabled=False),
        ):
            run()

    return alone


def by_length(T=(64, 256, 1024, 4096, 16384), width=64, device="cpu"):
    runs, made = {}, layers(width, device)
    for steps in T:
        x = torch.randn(1, steps, width, device=device)
        for name, layer in made.items():
            runs[f"{name}: {steps}"] = both_passes(layer, x)
    if torch.backends.mkldnn.is_available() and device == "cpu":
        alone = {f"nn.LSTM without oneDNN: {n}": without_onednn(runs[f"nn.LSTM: {n}"]) for n in T}
        runs |= alone
    return runs


def scan_or_fused(
    batches=(1, 8, 32),
    T=(16, 64, 256, 1024, 4096),
    width=64,
    slow_batches=(1, 8),
    slow_T=(64, 1024),
):
    """The scan and the fused LSTM, by the number of sequences and their length.

    For some of them also the LSTM that goes step by step.
    """
    runs, made = {}, layers(width, "cpu")
    for N in batches:
        for steps in T:
            x = torch.randn(N, steps, width)
            for name in ("minGRU, scan", "nn.LSTM"):
                runs[f"{name}, batch {N}: {steps}"] = both_passes(made[name], x)
    if torch.backends.mkldnn.is_available():
        runs |= {
            f"nn.LSTM without oneDNN, batch {N}: {steps}": without_onednn(
                runs[f"nn.LSTM, batch {N}: {steps}"]
            )
            for N in slow_batches
            for steps in slow_T
        }
    return runs


def convolutions(batches=(1, 8), T=4096, width=64):
    torch.manual_seed(0)
    layer = in_torch.DiagonalSSM(width, 8)
    runs = {"kernel alone": both_passes(lambda _: layer.kernel(T), torch.zeros(1))}
    return runs | {
        f"batch {N}": both_passes(layer.convolve, torch.randn(N, T, width)) for N in batches
    }


BENCHMARKS = {
    "scan": Benchmark(
        page="outlook/efficient",
        what="a linear recurrence of 4,096 steps and 64 channels in PyTorch, forward and backward",
        dtype="float32",
        rounds=7,
        runs=scans,
    ),
    "layers by length": Benchmark(
        page="outlook/efficient",
        what="one sequence through a layer of width 64 in PyTorch, forward and backward, by the "
        "number of steps",
        dtype="float32",
        rounds=7,
        runs=by_length,
    ),
    "scan or fused": Benchmark(
        page="outlook/efficient",
        what="a minGRU by the scan and an LSTM, fused or step by step, width 64, in PyTorch, "
        "forward and backward, by the number of sequences and of steps",
        dtype="float32",
        rounds=9,
        runs=scan_or_fused,
    ),
    "convolution": Benchmark(
        page="outlook/efficient",
        what="a state space layer as a convolution over 4,096 steps, forward and backward",
        dtype="float32",
        rounds=11,
        runs=convolutions,
    ),
}
