"""What a letter costs: memory and time of the language models, while training and while writing.

Training: forward and backward through LETTERS letters of the play's vocabulary, cut into rows of
so many steps; the bytes are those of all tensors that autograd keeps for the backward pass, each
storage once. `softmax` is the transformer with its attention weights written out, as a matrix of
all pairs, where `transformer` lets PyTorch's fused kernel do without. Writing: one more letter
after so many others; the bytes are those of the state, or of the kept keys and values. Attention
looks at everything that there is here, not at the last 128 tokens only. Its time has in it what
its blocks take to build their mask, which the fused kernel then does without.

Two more arms ask what belongs to a network and what to its code. `lstm_loop` is the LSTM with
oneDNN switched off: on an x86 processor PyTorch gives an LSTM, and no other layer, to that library,
which runs the whole loop in one kernel. `buffer` is the transformer, writing as a program made for
writing would: its keys lie in a buffer, turned already, where the blocks of `language_models` copy
all they keep and turn all keys again for each letter. It says the same, apart from rounding.

Times are CPU seconds, in rounds in which every model has its turn; the median of each, and the
median and quartiles of its ratio to the LSTM in the same round. To be run on a quiet machine.
"""

import time
import warnings
from contextlib import contextmanager
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from unittest import mock

import numpy as np
import torch
from torch import nn

SEEDS = range(1)
ROUNDS, STEPS_AT_ONCE = 5, 20
FUSED = nn.functional.scaled_dot_product_attention
LETTERS, TOKENS = 4096, 69
MODELS = ("rnn", "lstm", "lstm_loop", "gru", "transformer", "softmax")
SAME = {"lstm_loop": "lstm", "softmax": "transformer"}  # as the model of that name
SETTINGS = [
    *({"phase": "training", "length": n} for n in (64, 256, 1024, 4096)),
    *({"phase": "writing", "length": n} for n in (1, 16, 64, 256, 1024, 4096)),
]
POINT = [
    {
        "seed": 0,
        "settings": {"phase": phase, "length": 32},
        "constants": {"ROUNDS": 1, "LETTERS": 64, "STEPS_AT_ONCE": 1},
        "tolerance": {
            **{"": 1e-6, "apart": 1e-3},
            **{"seconds": float("inf"), "ratios": float("inf")},
        },
    }
    for phase in ("training", "writing")
]


def beside(name):
    """The script of another experiment, as a module."""
    spec = spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def fused(q, k, v, attn_mask):
    """PyTorch's own kernel: all rows see what came before them, or the one row sees everything."""
    return FUSED(q, k, v, is_causal=q.shape[-2] > 1)


def written_out(q, k, v, attn_mask):
    """Attention with a matrix of weights, a row for each query."""
    scores = q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5
    return scores.masked_fill(~attn_mask, -torch.inf).softmax(dim=-1) @ v


@contextmanager
def without_onednn():
    with (
        warnings.catch_warnings(action="ignore"),  # about Intel's GPUs
        torch.backends.mkldnn.flags(enabled=False),
    ):
        yield


def kernel_of(name):
    """A context in which the model runs."""
    if name == "lstm_loop":
        return without_onednn()
    function = written_out if name == "softmax" else fused
    return mock.patch.object(nn.functional, "scaled_dot_product_attention", function)


def with_buffer(model, cache, turned):
    """The transformer's next step, from buffers of turned keys and of values, one place free."""
    buffers = []
    for keys, values in cache:
        k, v = (nn.functional.pad(part, (0, 0, 0, 1)) for part in (keys, values))
        buffers.append((turned(k, torch.arange(k.shape[2])), v))
    here = torch.tensor([buffers[0][0].shape[2] - 1])

    def step(token, _):
        x = model.embedding(token)
        for block, (keys, values) in zip(model.blocks, buffers, strict=True):
            heads, width = keys.shape[1], keys.shape[3]
            parts = block.qkv(block.norms[0](x)).view(1, 1, 3, heads, width)
            q, k, v = parts.permute(2, 0, 3, 1, 4)
            keys[:, :, -1:], values[:, :, -1:] = turned(k, here), v
            a = FUSED(turned(q, here), keys, values)
            x = x + block.out(a.transpose(1, 2).reshape(x.shape))
            x = x + block.mlp(block.norms[1](x))
        return model.projection(model.norm(x)) @ model.embedding.weight.T + model.bias, None

    return step


def size(state):
    """Bytes of all tensors in a state."""
    if isinstance(state, (tuple, list)):
        return sum(size(part) for part in state)
    return state.numel() * state.element_size()


def kept_bytes(work):
    """Bytes of what autograd keeps, in storages that were not there before."""
    found = {}

    def pack(tensor):
        if not isinstance(tensor, nn.Parameter):
            storage = tensor.untyped_storage()
            found[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        loss = work()
    del loss
    return sum(found.values())


def loss_of(model, tokens):
    logits, _ = model(tokens[:, :-1])
    return nn.functional.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten())


def in_turn(works):
    """CPU seconds of every work in every round, after a round that doesn't count."""
    found = {name: [] for name in works}
    for k in range(ROUNDS + 1):
        for name, work in works.items():
            start = time.process_time()
            work()
            if k:
                found[name].append(time.process_time() - start)
    return {name: np.array(seconds) for name, seconds in found.items()}


def step_of(model, token, state, name):
    def work():
        with torch.no_grad(), kernel_of(name):
            for _ in range(STEPS_AT_ONCE):
                model(token, state)

    return work


def run(seed, phase, length):
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    models = beside("language_models")
    models.WINDOW = 10**9
    built = {
        name: models.build("characters", SAME.get(name, name), TOKENS).train(phase == "training")
        for name in MODELS
    }
    works, bytes_kept, found = {}, {}, {}
    for name, model in built.items():
        if phase == "training":
            tokens = torch.randint(TOKENS, (max(1, LETTERS // length), length + 1))

            def work(model=model, tokens=tokens, name=name):
                with kernel_of(name):
                    loss_of(model, tokens).backward()

            with kernel_of(name):
                bytes_kept[name] = kept_bytes(lambda m=model, t=tokens: loss_of(m, t))
            works[name] = work
        else:
            token = torch.zeros(1, 1, dtype=torch.long)
            with torch.no_grad():
                _, state = model(torch.randint(TOKENS, (1, length)))
            works[name] = step_of(model, token, state, name)
            bytes_kept[name] = size(state)
            if name == "transformer":
                step = with_buffer(model, state, models.turned)
                works["buffer"] = step_of(step, token, None, name)
                bytes_kept["buffer"] = size(state)
                with torch.no_grad(), kernel_of(name):
                    gap = model(token, state)[0] - step(token, None)[0]
                found["apart"] = gap.abs().max().item()
    seconds = in_turn(works)
    parts = LETTERS if phase == "training" else STEPS_AT_ONCE
    return {
        **found,
        "bytes": bytes_kept,
        "seconds": {name: float(np.median(s)) / parts for name, s in seconds.items()},
        "ratios": {
            name: np.quantile(s / seconds["lstm"], [0.25, 0.5, 0.75]).round(3).tolist()
            for name, s in seconds.items()
        },
    }
