"""The same problem solved by PyTorch and TensorFlow: their own layers, and ours in them.

Every function takes a `Problem` and returns a `Result` of NumPy arrays, as `run_numpy` does.
"""

import keras
import numpy as np
import tensorflow as tf
import torch
from cells import Problem, Result, options

import rnnbook.tensorflow
import rnnbook.torch
from rnnbook import convert
from rnnbook.numpy import gru
from rnnbook.tree import leaves, tree_map


def torch_layer(cell, params, device="cpu"):
    """Our torch layer with these weights."""
    make, dtype = getattr(rnnbook.torch, cell.layer), getattr(torch, params.W_x.dtype.name)
    settings = {**cell.options, **options(cell), "dtype": dtype, "device": device}
    return make(len(params.W_x), len(params.W_h), **settings).load_params(params)


def keras_layer(cell, params):
    """Our Keras layer with these weights; it returns all outputs and the last state."""
    make, dtype = getattr(rnnbook.tensorflow, cell.layer), params.W_x.dtype.name
    settings = {**cell.options, **options(cell), "dtype": dtype}
    layer = make(len(params.W_h), return_sequences=True, return_state=True, **settings)
    layer.build((None, None, len(params.W_x)))
    layer.set_weights(list(params))
    assert type(layer.params()) is type(params)
    return layer


def run_torch_nn(problem: Problem) -> Result:
    """torch.nn.RNN, LSTM or GRU; sequences of several lengths as packed sequences."""
    module = convert.to_torch(problem.layers, activation=problem.cell.activation)
    x = torch.tensor(np.nan_to_num(problem.x), requires_grad=True)
    states = tree_map(_torch_leaf, problem.states)
    inputs, T = x, x.shape[1]
    if problem.mask is not None:
        lengths = torch.tensor(problem.mask.sum(1))
        inputs = torch.nn.utils.rnn.pack_padded_sequence(
            x, lengths, batch_first=True, enforce_sorted=False
        )
    hs, last = module(inputs, _torch_pack_states(states))
    if problem.mask is not None:
        hs, _ = torch.nn.utils.rnn.pad_packed_sequence(hs, batch_first=True, total_length=T)
    last = _torch_unpack_states(last, problem.states)
    _torch_loss(hs, last, problem).backward()
    for weight in module.parameters():
        weight.data = weight.grad
    grads = convert.from_torch(module, activation=problem.cell.activation)
    grads = grads if isinstance(grads, list) else [[grads]]
    if problem.cell.module is not gru:  # from_torch adds two biases, which have equal gradients
        grads = tree_map(lambda g: g / 2 if g.ndim == 1 else g, grads)
    return _numpy_result(hs, last, grads, x.grad, tree_map(lambda s: s.grad, states))


def run_rnnbook_torch(problem: Problem, device="cpu") -> Result:
    modules = [
        [torch_layer(problem.cell, params, device) for params in entry] for entry in problem.layers
    ]
    x = torch.tensor(problem.x, requires_grad=True, device=device)
    states = tree_map(lambda s: _torch_leaf(s, device), problem.states)
    mask = None if problem.mask is None else torch.tensor(problem.mask, device=device)
    hs, last = rnnbook.torch.Stack(modules)(x, states, mask=mask)
    _torch_loss(hs, last, problem).backward()
    grads = [
        [m.params_type(*(getattr(m, n).grad for n in m.params_type._fields)) for m in entry]
        for entry in modules
    ]
    return _numpy_result(hs, last, grads, x.grad, tree_map(lambda s: s.grad, states))


def run_keras(problem: Problem) -> Result:
    """keras.layers.SimpleRNN, LSTM or GRU, put together by hand for layers and directions."""
    activation = problem.cell.activation
    layers = [
        [convert.to_keras(params, activation=activation) for params in entry]
        for entry in problem.layers
    ]

    def gradients(layer, params, grads):
        layer.set_weights([g.numpy() for g in grads])
        return convert.from_keras(layer, activation=activation)

    x = np.nan_to_num(problem.x)
    return _run_tensorflow(problem, rnnbook.tensorflow.Stack(layers), x, gradients)


def run_rnnbook_tensorflow(problem: Problem) -> Result:
    layers = [[keras_layer(problem.cell, params) for params in entry] for entry in problem.layers]
    stack = rnnbook.tensorflow.Stack(layers, dtype=problem.x.dtype.name)
    return _run_tensorflow(problem, stack, problem.x, lambda _, params, g: type(params)(*g))


def _run_tensorflow(problem, stack, x, gradients):
    x = tf.Variable(x)
    states = tree_map(tf.Variable, [[_as_list(s) for s in entry] for entry in problem.states])
    mask = None if problem.mask is None else tf.constant(problem.mask)
    layers = [(one, params) for ones, entry in zip(stack.layers, problem.layers, strict=True)
              for one, params in zip(ones, entry, strict=True)]  # fmt: skip
    weights = [[w.value for w in one.trainable_weights] for one, _ in layers]
    with tf.GradientTape() as tape:
        hs, last = stack.call(x, states, mask)
        loss = tf.reduce_sum(hs * problem.dhs)
        for s, ds in zip(leaves(last), leaves(problem.dstates), strict=True):
            loss += tf.reduce_sum(s * ds)
    dx, dstates_0, dweights = tape.gradient(loss, [x, states, weights])
    flat = [gradients(one, params, g) for (one, params), g in zip(layers, dweights, strict=True)]
    k = len(problem.layers[0])
    grads = [flat[i : i + k] for i in range(0, len(flat), k)]
    return _numpy_result(hs, last, grads, dx, dstates_0)


def _as_list(state):
    return list(state) if isinstance(state, tuple) else [state]


def _torch_leaf(value, device="cpu"):
    return torch.tensor(value, requires_grad=True, device=device)


def _torch_pack_states(states):
    """Nested states to torch's: (layers x directions, N, H), or a pair of them."""
    flat = [state for entry in states for state in entry]
    if isinstance(flat[0], tuple):
        return torch.stack([h for h, _ in flat]), torch.stack([c for _, c in flat])
    return torch.stack(flat)


def _torch_unpack_states(last, like):
    flat = list(zip(*last, strict=True)) if isinstance(last, tuple) else list(last)
    k = len(like[0])
    return [flat[i : i + k] for i in range(0, len(flat), k)]


def _torch_loss(hs, last, problem):
    loss = (hs * torch.tensor(problem.dhs, device=hs.device)).sum()
    for s, ds in zip(leaves(last), leaves(problem.dstates), strict=True):
        loss = loss + (s * torch.tensor(ds, device=hs.device)).sum()
    return loss


def _numpy_result(hs, last, grads, dx, dstates_0):
    def array(v):
        v = v.detach().cpu() if isinstance(v, torch.Tensor) else v
        return np.asarray(keras.ops.convert_to_numpy(v) if tf.is_tensor(v) else v)

    return Result(*(tree_map(array, v) for v in (hs, last, grads, dx, dstates_0)))
