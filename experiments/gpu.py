"""Recurrent layers, a scan and attention on an NVIDIA GPU, and the numbers of the time model.

Needs CUDA, and at most ten minutes on any machine that has it; `make experiments NAME=gpu` says so
where there is none. Each layer is first compared with the package, in NumPy where the package has
it there: outputs and the gradient of the input, of two sequences over their first steps. Only then
the clock runs. Times are lower quartile, median and upper quartile in seconds of the wall's clock.
"""

import math
import shutil
import subprocess
import time

import numpy as np
import torch
from torch import nn
from torch.nn.functional import scaled_dot_product_attention

from rnnbook import convert
from rnnbook import torch as in_torch
from rnnbook.book.loop import LSTMLoop
from rnnbook.numpy import gru, lstm
from rnnbook.torch.scan import loop, scan

NEEDS = "cuda"
DEVICE = "cuda"
SEEDS = [0]
PATIENCE = 1.0  # seconds that the rounds of one measurement take together
ROUNDS = 30
LEAST = 0.002  # seconds: what takes less is called several times between two looks at the clock
# Largest difference from the package, of outputs and gradients of a size around one.
ALLOWED = {"float32": 1e-4, "TF32": 0.05, "float16": 0.05}
HALF = {"float16": torch.float16, "bfloat16": torch.bfloat16}
STARTS = 1000  # tiny kernels in a row
MEGABYTES = (1, 4, 16, 64, 256, 1024)
SIDE = 4096  # of the square matrices that are multiplied

LAYERS = ("scan", "GRU", "LSTM", "attention")
LENGTHS = (64, 256, 1024, 4096, 16384)
WIDTHS = (64, 128, 192, 256, 512, 1024, 2048)
BATCHES = (1, 4, 16, 64, 256, 1024)


def layers(names, N=16, T=128, H=256, dtype="float32"):
    settings = {"what": "layer", "N": N, "T": T, "H": H, "dtype": dtype}
    return [{**settings, "layer": name} for name in names]


SETTINGS = [
    {"what": "machine"},
    *({"what": "start", "way": way} for way in ("one by one", "as a graph")),
    *({"what": "bandwidth", "megabytes": size} for size in MEGABYTES),
    *({"what": "speed", "dtype": dtype} for dtype in ("float32", "TF32", "float16", "bfloat16")),
    *({"what": "loop", "way": way} for way in ("fused", "loop", "loop as a graph")),
    *(entry for T in LENGTHS for entry in layers(LAYERS, N=8, T=T)),
    *(entry for H in WIDTHS for entry in layers(LAYERS, H=H)),
    *(entry for N in BATCHES if N != 16 for entry in layers(LAYERS, N=N)),
    *(entry for N in BATCHES if N != 16 for entry in layers(LAYERS[1:3], N=N, H=1024)),
    *(
        e
        for H in (256, 1024)
        for d in ("TF32", "float16")
        for e in layers(LAYERS[1:3], 64, 128, H, d)
    ),
]


# The clock.


def wait():
    if DEVICE == "cuda":
        torch.cuda.synchronize()


def once(run, calls=1):
    wait()
    start = time.perf_counter()
    for _ in range(calls):
        run()
    wait()
    return (time.perf_counter() - start) / calls


def seconds(run):
    """Quartiles of the seconds of one call; the first, which fetches memory, does not count."""
    run()
    calls = max(1, math.ceil(LEAST / max(once(run), 1e-9)))
    taken, end = [], time.perf_counter() + PATIENCE
    while len(taken) < 3 or (len(taken) < ROUNDS and time.perf_counter() < end):
        taken.append(once(run, calls))
    return [float(f"{q:.4g}") for q in np.quantile(taken, [0.25, 0.5, 0.75])]


# The layers: each gives outputs (N, T, H) from inputs of the same shape.


class Attention(nn.Module):
    """Causal self-attention with four heads, nothing else."""

    def __init__(self, width):
        super().__init__()
        self.mix = nn.Linear(width, 3 * width)

    def forward(self, x):
        q, k, v = self.mix(x).unflatten(-1, (3, 4, -1)).permute(2, 0, 3, 1, 4)
        return scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).flatten(2)

    def reference(self, x):
        """The same by its definition."""
        q, k, v = self.mix(x).unflatten(-1, (3, 4, -1)).permute(2, 0, 3, 1, 4)
        scores = q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5
        later = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool).triu(1)
        weights = scores.masked_fill(later, -torch.inf).softmax(-1)
        return (weights @ v).transpose(1, 2).flatten(2)


class Scan(nn.Module):
    """A minGRU by the scan, without the layer's look at its input, which would wait for the GPU."""

    def __init__(self, width):
        super().__init__()
        self.layer = in_torch.MinGRU(width, width)

    def states(self, recurrence, x):
        z, n = (x @ self.layer.W + self.layer.b).chunk(2, dim=-1)
        return recurrence(torch.sigmoid(z), (1 - torch.sigmoid(z)) * n)

    def forward(self, x):
        return self.states(scan, x)

    def reference(self, x):
        """Step after step."""
        return self.states(loop, x)


class Fused(nn.Module):
    """`nn.LSTM` or `nn.GRU`, with weights of the package."""

    def __init__(self, module, width):
        super().__init__()
        self.module = module
        self.params = module.init(np.random.default_rng(0), width, width, dtype=np.float32)
        self.layer = convert.to_torch(self.params)

    def forward(self, x):
        return self.layer(x)[0]


def made(name, width):
    torch.manual_seed(0)
    if name in ("GRU", "LSTM"):
        return Fused({"GRU": gru, "LSTM": lstm}[name], width)
    return {"scan": Scan, "attention": Attention}[name](width)


def in_package(layer, x, dhs):
    """Outputs and the gradient of x in float64, by the package or by the definition."""
    if isinstance(layer, Fused):
        params = type(layer.params)(*(np.float64(w) for w in layer.params))
        hs, _, cache = layer.module.forward(params, x)
        return hs, layer.module.backward(params, cache, dhs)[1]
    x = torch.tensor(x, requires_grad=True)
    hs = layer.double().reference(x)
    (dx,) = torch.autograd.grad(hs, x, torch.tensor(dhs))
    layer.float()
    return hs.detach().numpy(), dx.numpy()


# What is measured.


class Precision:
    """float32 in full, TF32, or 16 bits by autocast."""

    def __init__(self, dtype):
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = dtype == "TF32"
        self.half = HALF.get(dtype)

    def autocast(self):
        return torch.autocast(DEVICE, self.half, enabled=self.half is not None)


def both_passes(layer, x, precision):
    """A training step without the optimizer, as a function without arguments."""

    def run():
        layer.zero_grad()
        with precision.autocast():
            loss = layer(x).float().square().mean()
        loss.backward()

    return run


def forward_pass(layer, x, precision):
    def run():
        with torch.no_grad(), precision.autocast():
            return layer(x)

    return run


def difference(layer, x, precision):
    """The largest difference from the package in two sequences over 32 steps, and the kept bytes.

    `layer` sees all of x; what comes later cannot change the outputs that are compared. The bytes
    are those that autograd keeps for the backward pass, without the weights.
    """
    part, kept = (slice(2), slice(32)), {}
    weights = {w.untyped_storage().data_ptr() for w in layer.parameters()}

    def keep(tensor):
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    x = x.detach().requires_grad_()
    with precision.autocast(), torch.autograd.graph.saved_tensors_hooks(keep, lambda t: t):
        hs = layer(x).float()
    dhs = torch.zeros_like(hs)
    dhs[part] = torch.randn(hs[part].shape, generator=torch.Generator().manual_seed(1)).to(DEVICE)
    (dx,) = torch.autograd.grad(hs, x, dhs)
    hs, dx, x, dhs = (t[part].detach().cpu().double().numpy() for t in (hs, dx, x, dhs))
    expected = in_package(layer.to("cpu"), x, dhs)
    layer.to(DEVICE)
    apart = max(float(np.abs(a - b).max()) for a, b in zip((hs, dx), expected, strict=True))
    return apart, sum(kept.values())


def layer_times(layer, N, T, H, dtype):
    made_layer, precision = made(layer, H).to(DEVICE), Precision(dtype)
    x = torch.randn(N, T, H, generator=torch.Generator().manual_seed(0)).to(DEVICE)
    try:
        apart, kept = difference(made_layer, x, precision)
        if not apart <= ALLOWED[dtype]:
            raise ValueError(
                f"{layer} in {dtype} with N, T, H = {N}, {T}, {H} differs from the package by "
                f"{apart:.1e}; expected {ALLOWED[dtype]:g} at most"
            )
        if DEVICE == "cuda":
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats()
        return {
            "fits": True,
            "difference": apart,
            "kept": kept,
            "forward": seconds(forward_pass(made_layer, x, precision)),
            "both": seconds(both_passes(made_layer, x, precision)),
            "peak": torch.cuda.max_memory_allocated() if DEVICE == "cuda" else None,
        }
    except torch.cuda.OutOfMemoryError:
        return {"fits": False}


def start_time(way):
    """Seconds to start one kernel: many tiny ones in a row, from Python or as one CUDA graph."""
    x = torch.zeros(1, device=DEVICE)

    def run():
        for _ in range(STARTS):
            x.add_(1.0)

    if way == "as a graph":
        run = as_graph(run)
    return {"seconds": [q / STARTS for q in seconds(run)]}


def as_graph(run):
    """The kernels of `run`, captured once and replayed by one call."""
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            run()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        run()
    return graph.replay


def bandwidth(megabytes):
    """Bytes a second of a copy: each is read once and written once."""
    source = torch.ones(megabytes * 125_000, dtype=torch.float64, device=DEVICE)
    target = torch.empty_like(source)
    taken = seconds(lambda: target.copy_(source))
    return {"seconds": taken, "bytes": 2 * source.nbytes}


def speed(dtype):
    """Operations a second of a large product."""
    Precision(dtype)
    a, b = (torch.randn(SIDE, SIDE, device=DEVICE, dtype=HALF.get(dtype)) for _ in "ab")
    return {"seconds": seconds(lambda: a @ b), "operations": 2 * SIDE**3}


def loop_times(way, N=16, T=128, H=64):
    """Forward pass of one LSTM: at once, step by step, and the steps as a CUDA graph."""
    precision, fused = Precision("float32"), made("LSTM", H).layer.to(DEVICE)
    x = torch.randn(N, T, H, generator=torch.Generator().manual_seed(0)).to(DEVICE)
    layer = fused if way == "fused" else LSTMLoop(fused).to(DEVICE)
    run = forward_pass(layer, x, precision)
    apart = float((run()[0] - forward_pass(fused, x, precision)()[0]).abs().max())
    if not apart <= ALLOWED["float32"]:
        raise ValueError(f"{way} differs from the fused layer by {apart:.1e}")
    return {"difference": apart, "seconds": seconds(as_graph(run) if "graph" in way else run)}


def machine():
    """What measured: the card, its driver and the versions; no name of a host."""
    if DEVICE != "cuda":
        return {"device": DEVICE, "torch": torch.__version__}
    about = torch.cuda.get_device_properties(0)
    ask = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
    found = shutil.which(ask[0]) and subprocess.run(ask, capture_output=True, text=True).stdout
    return {
        "device": about.name,
        "memory": about.total_memory,
        "cache": about.L2_cache_size,
        "processors": about.multi_processor_count,
        "driver": found.split("\n")[0] if found else "unknown",
        "cuda": torch.version.cuda,
        "cudnn": torch.backends.cudnn.version(),
        "torch": torch.__version__,
    }


def run(seed, what, **settings):
    torch.manual_seed(seed)
    measured = {
        "machine": machine,
        "start": start_time,
        "bandwidth": bandwidth,
        "speed": speed,
        "loop": loop_times,
        "layer": layer_times,
    }
    return measured[what](**settings)


# The point runs the same functions on a processor. Its times may be anything; what it compares are
# the differences from the package, and the bytes kept for the backward pass.
TINY = {
    "DEVICE": "cpu",
    "PATIENCE": 0.0,
    "STARTS": 10,
    "SIDE": 8,
    "ALLOWED": dict.fromkeys(ALLOWED, 9.0),
}
ANY_TIME = {"": 1e-3, "seconds": math.inf, "forward": math.inf, "both": math.inf}
# What the libraries of a processor keep for an LSTM and for attention depends on the processor.
ANY_BYTES = {**ANY_TIME, "kept": math.inf}
POINT = [
    {"seed": 0, "settings": settings, "constants": TINY, "tolerance": tolerance}
    for tolerance, several in (
        (
            ANY_TIME,
            [
                {"what": "start", "way": "one by one"},
                {"what": "bandwidth", "megabytes": 1},
                {"what": "speed", "dtype": "float32"},
                {"what": "loop", "way": "fused"},
                {"what": "loop", "way": "loop"},
                *layers(LAYERS[:2], N=3, T=40, H=8),
            ],
        ),
        (ANY_BYTES, layers(LAYERS[2:], N=3, T=40, H=8)),
    )
    for settings in several
]
