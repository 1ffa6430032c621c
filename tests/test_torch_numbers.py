"""Derivatives of torch layers, `torch.func`, and weights and inputs of less than 32 bits."""

import numpy as np
import pytest
import torch
from torch.func import functional_call, grad, hessian, jacfwd, jacrev, vmap
from torch.utils._pytree import tree_flatten, tree_leaves, tree_map, tree_unflatten
from torch_modules import MAKE, D, H, N, inputs_of, module_of

import rnnbook.torch as ours

every = pytest.mark.parametrize("name", MAKE)
COMPLEX = ("LRU", "DiagonalSSM")


def case(name, batch=2):
    """A module in float64, what goes into it, and a real scalar of all that comes out."""
    module = module_of(name).double()
    args, kwargs = cast(inputs_of(name, batch), torch.float64)

    def loss(x):
        leaves = tree_leaves(module(x, *args[1:], **kwargs))
        parts = [torch.view_as_real(v) if v.is_complex() else v for v in leaves]
        return sum((v * v).sum() for v in parts)

    return module, args, kwargs, loss


def cast(tree, dtype):
    def one(v):
        return v.to(dtype.to_complex() if v.is_complex() else dtype) if differentiable(v) else v

    return tree_map(one, tree)


def differentiable(v):
    return v.is_floating_point() or v.is_complex()


# Derivatives.


@every
def test_second_derivatives_by_gradgradcheck(name):
    module, args, kwargs, _ = case(name)
    weights = list(module.parameters())
    leaves, places = tree_flatten(args)
    chosen = [i for i, v in enumerate(leaves) if differentiable(v)]

    def function(*inputs):
        given = list(leaves)
        for i, value in zip(chosen, inputs, strict=False):
            given[i] = value
        arguments = tree_unflatten(given, places)
        return tuple(v for v in tree_leaves(module(*arguments, **kwargs)) if v.requires_grad)

    inputs = [leaves[i].detach().clone().requires_grad_() for i in chosen]
    assert torch.autograd.gradcheck(function, (*inputs, *weights), fast_mode=True)
    assert torch.autograd.gradgradcheck(function, (*inputs, *weights), fast_mode=True)


@every
# torch compiles a derivative of its own with what it deprecates.
@pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated:DeprecationWarning")
def test_jacobians_forward_and_backward_and_the_hessian_agree(name):
    module, args, kwargs, loss = case(name)

    def first(x):
        return tree_leaves(module(x, *args[1:], **kwargs))[0]

    x = args[0]
    torch.testing.assert_close(jacfwd(first)(x), jacrev(first)(x), atol=1e-12, rtol=1e-9)
    direction = torch.randn_like(x)
    along = grad(lambda x: (grad(loss)(x) * direction).sum())(x)
    found = torch.tensordot(direction, hessian(loss)(x), dims=x.ndim)
    torch.testing.assert_close(found, along, atol=1e-10, rtol=1e-9)


@every
def test_vmap_over_inputs_and_over_weights(name):
    module, args, kwargs, _ = case(name)
    xs = torch.stack([args[0], -2 * args[0], args[0] ** 2])

    def first(x, weights):
        return tree_leaves(functional_call(module, weights, (x, *args[1:]), kwargs))[0]

    weights = dict(module.named_parameters())
    found = vmap(first, in_dims=(0, None))(xs, weights)
    expected = torch.stack([first(x, weights) for x in xs])
    torch.testing.assert_close(found, expected, atol=1e-12, rtol=1e-9)
    many = {key: torch.stack([w, 1.5 * w]) for key, w in weights.items()}
    found = vmap(first, in_dims=(None, 0))(xs[0], many)
    expected = [first(xs[0], {key: w[i] for key, w in many.items()}) for i in range(2)]
    torch.testing.assert_close(found, torch.stack(expected), atol=1e-12, rtol=1e-9)


# Low precision.


@every
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_low_precision_works_or_says_what_to_do(name, dtype):
    module, (args, kwargs) = module_of(name), inputs_of(name, N)
    expected = tree_leaves(module(*args, **kwargs))
    module.to(dtype)
    if name in COMPLEX:
        with pytest.raises(TypeError, match=r"expected float32 or float64.* use torch.autocast"):
            module(cast(args[0], dtype))
        return
    found = tree_leaves(module(*cast(args, dtype), **kwargs))
    for a, b in zip(found, expected, strict=True):
        assert a.dtype == dtype
        torch.testing.assert_close(a.float(), b, atol=0.05, rtol=0.05)
    sum(v.float().sum() for v in found).backward()
    assert all(w.grad.isfinite().all() for w in module.parameters())


@every
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32])
def test_autocast_takes_both_dtypes(name, dtype):
    module, (args, kwargs) = module_of(name), inputs_of(name, N)
    expected = tree_leaves(module(*args, **kwargs))
    args = tree_map(lambda v: v.to(dtype) if v.is_floating_point() else v, args)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = tree_leaves(module(*args, **kwargs))
    for a, b in zip(found, expected, strict=True):
        torch.testing.assert_close(a.to(b.dtype), b, atol=0.05, rtol=0.05)


@pytest.mark.parametrize("name", ["RNN", "LSTM", "GRU", "LayerNormLSTM", "ConvLSTM", "MinGRU"])
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_weights_of_low_precision_come_out_as_float32_exactly(name, dtype):
    layer = module_of(name).to(dtype)
    params = layer.params()
    again = module_of(name).to(dtype)
    again.load_state_dict({key: torch.zeros_like(w) for key, w in again.state_dict().items()})
    again.load_params(params)
    for field, value in params._asdict().items():
        assert value.dtype == np.float32
        assert torch.equal(getattr(again, field), getattr(layer, field))


@pytest.mark.parametrize("name", ["RNN", "LSTM", "GRU", "LayerNormLSTM", "ConvLSTM"])
def test_a_layer_is_made_in_low_precision(name):
    """There is no QR decomposition below 32 bits."""
    layer = getattr(ours, name)(D, H, dtype=torch.bfloat16)
    W = layer.W_h[1, 1] if name == "ConvLSTM" else layer.W_h
    W = W[:, :H].float()
    torch.testing.assert_close(W @ W.T, torch.eye(H), atol=0.03, rtol=0)
    with pytest.raises(TypeError, match=r"LRU has weights of dtype torch\.float16; expected fl"):
        ours.LRU(D, H, dtype=torch.float16)
