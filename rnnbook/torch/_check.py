"""Checks of what a caller gives to a torch layer, with errors that say what to do about it.

Checks of types, dtypes and shapes run always, also under `torch.compile` and `torch.export`.
Checks of numbers (NaN, ids, gaps in a mask) run in eager mode only: a traced program can't branch
on numbers.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from rnnbook._check import check_shape, type_name
from rnnbook.torch.export import refuse_free_steps

if TYPE_CHECKING:
    from rnnbook.torch.recurrent import Recurrent, Wrapper

LOW = (torch.bfloat16, torch.float16, torch.float32)  # what autocast mixes
UNPACK = (
    "unpack it with `x, lengths = torch.nn.utils.rnn.pad_packed_sequence(x, batch_first=True)` "
    "and pass mask=torch.arange(x.shape[1]) < lengths[:, None]"
)


def check_inputs(
    layer: "Recurrent",
    x: Tensor,
    state: Any,
    mask: Tensor | None,
    *,
    wrapper: "Wrapper | None" = None,
) -> tuple[Tensor, ...]:
    """The first states, zeros for None; raises unless x, state and mask fit the layer.

    `wrapper` is the module that runs the layer's steps, if another does.
    """
    check_tensor("x", x)
    layer.check_x(x)
    check_dtype("x", x, layer.dtype)
    refuse_free_steps(wrapper or layer, x.shape[1])
    check_mask(mask, x.shape[:2])
    check_finite("x", x, mask)
    return _first_states(layer, x.shape[0], x[:, 0], state)


def check_step(layer: "Recurrent", x_t: Tensor, state: Any) -> tuple[Tensor, ...]:
    """The states before a step, zeros for None; raises unless x_t and state fit the layer."""
    check_frame(layer, x_t)
    check_dtype("x_t", x_t, layer.dtype)
    _check_finite_step(x_t)
    return _first_states(layer, x_t.shape[0], x_t, state)


def check_frame(layer: "Recurrent", x_t: Tensor) -> None:
    """Raise unless x_t is a tensor with the shape of x without its axis T."""
    check_tensor("x_t", x_t)
    layer.check_x_t(x_t)


def _first_states(layer, N, x_t, state):
    shape, dtype = (N, *layer.state_shape(x_t)), layer.state_dtype
    names = layer.state_names
    if state is None:
        return (x_t.new_zeros(shape, dtype=dtype),) * len(names)
    if len(names) == 1:
        named = {"state": state}
    elif isinstance(state, tuple | list) and len(state) == len(names):
        named = {f"state's {name}": value for name, value in zip(names, state, strict=True)}
    else:
        size = f" of {len(state)}" if isinstance(state, tuple | list) else ""
        kind = type_name(type(state))
        raise TypeError(f"state is a {kind}{size}; expected the tuple ({', '.join(names)})")
    for name, value in named.items():
        check_tensor(name, value)
        check_dtype(name, value, dtype)
        if value.ndim == len(shape) + 1:
            raise ValueError(
                f"{name} has shape {tuple(value.shape)}; expected {layer.state_symbols} = "
                f"{tuple(shape)}: torch.nn's states have a first axis for layers and directions, "
                "take one of its entries"
            )
        check_shape(name, value, layer.state_symbols, shape)
    return tuple(value.to(dtype) for value in named.values())


def check_tensor(name: str, value: Any) -> None:
    """Raise `TypeError` unless `value` is a tensor.

    >>> check_tensor("x", [[1.0, 2.0]])
    Traceback (most recent call last):
    ...
    TypeError: x is a list; expected a torch.Tensor: torch.tensor(x)
    """
    if isinstance(value, PackedSequence):
        raise TypeError(f"{name} is a PackedSequence; expected a torch.Tensor: {UNPACK}")
    if not isinstance(value, Tensor):
        make = "torch.from_numpy" if type(value).__module__ == "numpy" else "torch.tensor"
        kind = type_name(type(value))
        raise TypeError(f"{name} is a {kind}; expected a torch.Tensor: {make}({name})")


def check_dtype(name: str, value: Tensor, expected: torch.dtype) -> None:
    """Raise `TypeError` unless `value` has the dtype; autocast may mix what it converts.

    >>> check_dtype("x", torch.tensor([1, 2]), torch.float32)
    Traceback (most recent call last):
    ...
    TypeError: x has dtype torch.int64; expected torch.float32, as the weights: x.to(torch.float32)
    """
    if value.dtype == expected:
        return
    mixed = value.dtype in LOW and expected in LOW
    if mixed and torch.is_autocast_enabled(value.device.type):
        return
    raise TypeError(
        f"{name} has dtype {value.dtype}; expected {expected}, as the weights: "
        f"{name}.to({expected})"
    )


def check_mask(mask: Any, shape: Sequence[int]) -> None:
    """Raise unless `mask` is None or Boolean of the shape (N, T).

    >>> check_mask(torch.ones(2, 3), (2, 3))
    Traceback (most recent call last):
    ...
    TypeError: mask has dtype torch.float32; expected torch.bool, True at the steps that count
    """
    if mask is None:
        return
    check_tensor("mask", mask)
    if mask.dtype != torch.bool:
        raise TypeError(
            f"mask has dtype {mask.dtype}; expected torch.bool, True at the steps that count"
        )
    check_shape("mask", mask, "(N, T)", shape)


def check_finite(
    name: str, x: Tensor, mask: Tensor | None, remedy: str = "mask the step or clean the input"
) -> None:
    """Raise `ValueError` where a step that counts is NaN or infinite, in eager mode.

    >>> check_finite("x", torch.tensor([[[0.0], [torch.nan]]]), None)
    Traceback (most recent call last):
    ...
    ValueError: x[0, 1] has NaN or infinity; mask the step or clean the input
    """
    if not is_eager(x) or x.detach().sum().isfinite():  # fast: one NaN or infinity spoils the sum
        return
    counted = torch.isfinite(x).flatten(2).all(-1)
    if mask is not None:
        counted = counted | ~mask
    if not counted.all():
        n, t = torch.nonzero(~counted)[0].tolist()
        raise ValueError(f"{name}[{n}, {t}] has NaN or infinity; {remedy}")


def _check_finite_step(x_t):
    if not is_eager(x_t):
        return
    finite = torch.isfinite(x_t).flatten(1).all(-1)
    if not finite.all():
        n = int(torch.nonzero(~finite)[0])
        raise ValueError(f"x_t[{n}] has NaN or infinity; clean the input")


def check_padding(mask: Tensor, first: str = "the first step") -> None:
    """Raise `ValueError`, in eager mode, unless a mask (N, T) begins with True and has no gap.

    >>> check_padding(torch.tensor([[True, False, True]]))
    Traceback (most recent call last):
    ...
    ValueError: mask has a gap in row 0; expected sequences padded at their end only
    """
    if not is_eager(mask):
        return
    if not mask[:, 0].all():
        n = int((~mask[:, 0]).nonzero()[0])
        raise ValueError(f"mask[{n}] does not count {first}; expected at least one")
    gaps = (mask[:, 1:] & ~mask[:, :-1]).any(dim=1)
    if gaps.any():
        n = int(gaps.nonzero()[0])
        raise ValueError(f"mask has a gap in row {n}; expected sequences padded at their end only")


def is_eager(x: Tensor) -> bool:
    """Whether code may look at the numbers of x.

    Not while torch compiles, exports or traces, nor in `torch.func`, where vmap has no single
    number, nor on the device "meta", which has none at all.
    """
    return not (
        torch.compiler.is_compiling()
        or torch.jit.is_tracing()
        or torch._C._are_functorch_transforms_active()
        or x.is_meta
    )
