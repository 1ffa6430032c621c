"""Train one network in several processes, each on its share of every batch.

    torchrun --standalone --nproc-per-node 2 -m rnnbook.torch.train_distributed --out result.pt

On several machines leave `--standalone` out and give each the same
`--nnodes --rdzv-backend c10d --rdzv-id ID --rdzv-endpoint HOST:PORT`.
Started without torchrun it is one process on the whole batch, which must find the same gradient.
Processes speak through nccl where each has a GPU of its own, and through gloo otherwise.

The task is the adding problem of `rnnbook.tasks`, the network a GRU with a linear head. The file
holds the loss of every step, the gradient of the first one, and the weights.
"""

import argparse
import os
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel

from rnnbook._files import replacing
from rnnbook.tasks import adding


class Network(nn.Module):
    """A GRU, and one number after the last step."""

    def __init__(self, hidden_size: int):
        super().__init__()
        self.rnn = nn.GRU(2, hidden_size, batch_first=True)
        self.head = nn.Linear(hidden_size, 1)

    def forward(self, x: Tensor) -> Tensor:
        """One number for each sequence (N, T, 2)."""
        return self.head(self.rnn(x)[0][:, -1])[:, 0]


def share(batch: Any, rank: int, size: int) -> Any:
    """The rows of one process: every `size`-th, from `rank` on; all shares are equally large.

    >>> [share(torch.arange(6), rank, 2).tolist() for rank in (0, 1)]
    [[0, 2, 4], [1, 3, 5]]
    """
    if len(batch) % size:
        raise ValueError(f"batch has {len(batch)} rows; expected a multiple of {size} processes")
    return batch[rank::size]


def train(options: argparse.Namespace, rank: int, size: int, device: torch.device) -> dict:
    """Losses (steps,), the first gradient and the last weights, both as flat lists."""
    torch.manual_seed(options.seed)  # all processes start from the same weights
    net = Network(options.hidden).to(device, torch.float64)
    # DistributedDataParallel averages the gradients of all processes while backward runs.
    model = DistributedDataParallel(net) if size > 1 else net
    optimizer = torch.optim.Adam(net.parameters(), options.rate)
    losses, first = [], None
    for step in range(options.steps):
        batch = adding(np.random.default_rng([options.seed, step]), options.batch, options.length)
        x, y = (torch.tensor(share(a, rank, size), device=device) for a in (batch.x, batch.y))
        loss = ((model(x) - y.reshape(len(x))) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        if first is None:
            grads = [w.grad.flatten() for w in net.parameters() if w.grad is not None]
            first = torch.cat(grads).cpu().clone()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        losses.append(mean_over_processes(loss.detach(), size))
        if rank == 0 and step % 50 == 0:
            print(f"step {step}: loss {losses[-1]:.4f}", flush=True)
    weights = torch.cat([w.detach().flatten() for w in net.parameters()]).cpu()
    return {"losses": losses, "gradient": first, "weights": weights, "processes": size}


def mean_over_processes(value: Tensor, size: int) -> float:
    """The mean of one number of each process."""
    if size > 1:
        distributed.all_reduce(value)
    return float(value) / size


def own_device() -> torch.device:
    """A GPU for each process of this machine, or the processor for all: they must decide alike."""
    local, processes = (
        int(os.environ.get(name, default))
        for name, default in (("LOCAL_RANK", 0), ("LOCAL_WORLD_SIZE", 1))
    )
    if torch.cuda.device_count() >= processes:
        return torch.device("cuda", local)
    return torch.device("cpu")


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """The options; those that cannot work end the program before it trains."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", required=True, help="the file to write")
    for name, kind, default in [
        ("steps", int, 100),
        ("batch", int, 64),
        ("length", int, 50),
        ("hidden", int, 32),
        ("rate", float, 5e-3),
        ("seed", int, 0),
    ]:
        parser.add_argument(f"--{name}", type=kind, default=default, help=f"default {default}")
    options = parser.parse_args(arguments)
    for name in ("steps", "batch", "length", "hidden"):
        if getattr(options, name) < 1:
            parser.error(f"--{name} is {getattr(options, name)}; expected a positive whole number")
    if not Path(options.out).absolute().parent.is_dir():
        parser.error(f"--out is {options.out}; its folder does not exist")
    return options


def main(arguments: list[str] | None = None) -> None:
    """Train, and write the result from the first process."""
    options = parse(arguments)
    torch.set_num_threads(1)  # the processes share the cores
    size, rank = (int(os.environ.get(n, k)) for n, k in (("WORLD_SIZE", 1), ("RANK", 0)))
    device = own_device()
    if device.type == "cuda":
        torch.cuda.set_device(device)
    if size > 1:
        distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        result = train(options, rank, size, device)
        if rank == 0:
            with replacing(options.out) as temporary:
                torch.save(result, temporary)
    finally:
        if size > 1:
            distributed.destroy_process_group()


if __name__ == "__main__":
    main()
