"""Every module of `rnnbook.torch`, and what goes into it: all sizes differ and nothing is zero."""

import torch
from torch.utils._pytree import tree_map

import rnnbook.torch as ours

N, T, D, H, R, C, K = 6, 3, 4, 5, 1, 2, 8
MAKE = {
    "RNN": lambda: ours.RNN(D, H),
    "LSTM": lambda: ours.LSTM(D, H),
    "LSTM(peepholes=True)": lambda: ours.LSTM(D, H, peepholes=True),
    "GRU": lambda: ours.GRU(D, H),
    'GRU(reset="before")': lambda: ours.GRU(D, H, reset="before"),
    "LayerNormLSTM": lambda: ours.LayerNormLSTM(D, H),
    "MinGRU": lambda: ours.MinGRU(D, H),
    "MinLSTM": lambda: ours.MinLSTM(D, H),
    "LRU": lambda: ours.LRU(D, H),
    "DiagonalSSM": lambda: ours.DiagonalSSM(D, H),
    "DeltaNet": lambda: ours.DeltaNet(D, 6, heads=2, gate="double"),
    "DeltaNet(factors=2)": lambda: ours.DeltaNet(D, 6, heads=2, factors=2, gate="hard"),
    "ConvLSTM": lambda: ours.ConvLSTM(D, H),
    "Stack": lambda: ours.Stack([[ours.GRU(D, H), ours.MinLSTM(D, 6)], [ours.LSTM(H + 6, 2)]]),
    "Sweep": lambda: ours.Sweep([[ours.RNN(D, H), ours.GRU(D, H)], [ours.GRU(2 * H, H)] * 2]),
    "Zoneout": lambda: ours.Zoneout(ours.LSTM(D, H), rate=0.2, cell_rate=0.3),
    "VariationalDropout": lambda: ours.VariationalDropout(ours.LSTM(D, H), state_rate=0.2),
    "Attention": lambda: ours.Attention(D, H),
    "CRF": lambda: ours.CRF(K),
}


def module_of(name):
    torch.manual_seed(0)
    module = MAKE[name]()
    for weight in module.parameters():  # nothing is zero
        weight.data += 0.1 * torch.randn_like(weight)
    return module.eval()


def inputs_of(name, batch, *, steps=T, seed=1):
    """Positional and keyword arguments; recurrent layers get a state and a mask as well."""
    torch.manual_seed(seed)
    mask = torch.arange(steps) < torch.arange(batch)[:, None] % (steps - 1) + 1
    if name == "Attention":
        sizes = ((3, D), (steps, H), (steps, 9))
        return tuple(torch.randn(batch, *size) for size in sizes), {"mask": mask}
    if name == "CRF":
        return (torch.randn(batch, steps, K), torch.randint(K, (batch, steps))), {"mask": mask}
    if name == "Sweep":
        return (torch.randn(batch, R, C, D),), {}
    shape = (steps, R, C, D) if name == "ConvLSTM" else (steps, D)
    x = torch.randn(batch, *shape)
    _, last = module_of(name)(x)
    state = tree_map(torch.randn_like, last)
    return (x, state), {"mask": mask}
