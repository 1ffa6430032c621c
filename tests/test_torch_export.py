"""What `rnnbook.torch.export.SUPPORT` says is true: each layer is compiled and exported."""

import inspect
import logging
import subprocess
import sys
import warnings

import pytest
import torch
from torch.export import Dim, export
from torch.utils._pytree import tree_leaves, tree_map
from torch_modules import MAKE, D, H, N, inputs_of, module_of

import rnnbook.torch as ours
from rnnbook.torch.export import ONE_STEP, SUPPORT, TO_TORCH_NN, OneStep

FREE = {0: Dim("batch"), 1: Dim("time")}
ROWS = {row.layer: row for row in SUPPORT}
every = pytest.mark.parametrize("name", MAKE)


def plain_inputs_of(name, batch):
    """Without a state and a mask."""
    arguments, _ = inputs_of(name, batch)
    return arguments if name in ("Attention", "CRF") else arguments[:1]


def dynamic_shapes(module, args, kwargs, axes):
    """All tensors have these free axes, by the names of the arguments."""
    names = list(inspect.signature(module.forward).parameters)
    named = dict(zip(names[: len(args)], args, strict=True)) | kwargs
    return tree_map(lambda _: axes, named)


def assert_same(found, expected, atol=1e-5):
    found, expected = (tree_leaves(v) for v in (found, expected))
    for a, b in zip(found, expected, strict=True):
        torch.testing.assert_close(a, b, atol=atol, rtol=1e-4)


def test_the_table_has_every_layer():
    assert set(ROWS) == set(MAKE)
    assert {name.split("(")[0] for name in ROWS} == set(ours.__all__) - {"Seq2Seq"}


@every
# Dynamo makes an object of torch's own class to look at it.
@pytest.mark.filterwarnings("ignore:.*should not be instantiated:DeprecationWarning")
def test_it_is_compiled_as_one_graph_with_its_gradients(name):
    assert ROWS[name].compiles
    module = module_of(name)
    args, kwargs = inputs_of(name, N)
    torch.compiler.reset()
    compiled = torch.compile(module, fullgraph=True, backend="aot_eager")
    results = []
    for call in (module, compiled):
        module.zero_grad()
        leaves = tree_leaves(call(*args, **kwargs))
        parts = [torch.view_as_real(v) if v.is_complex() else v for v in leaves]
        sum(v.square().sum() for v in parts).backward()
        results.append((leaves, [weight.grad for weight in module.parameters()]))
    assert_same(*results)


@every
@pytest.mark.parametrize("extras", [False, True], ids=["x", "x, state, mask"])
def test_it_is_exported_for_batches_of_any_size(name, extras):
    assert ROWS[name].free_batch
    module = module_of(name)
    args, kwargs = inputs_of(name, N) if extras else (plain_inputs_of(name, N), {})
    shapes = dynamic_shapes(module, args, kwargs, {0: Dim("batch")})
    program = export(module, args, kwargs, dynamic_shapes=shapes)
    args, kwargs = inputs_of(name, 7, seed=2) if extras else (plain_inputs_of(name, 7), {})
    assert_same(program.module()(*args, **kwargs), module(*args, **kwargs))


@pytest.mark.parametrize("name", [row.layer for row in SUPPORT if row.free_steps != "yes"])
def test_a_free_number_of_steps_is_refused_with_the_alternative(name):
    module = module_of(name)
    args = plain_inputs_of(name, N)
    axes = {0: Dim("batch"), 1: Dim("time"), 2: Dim("columns")} if name == "Sweep" else FREE
    expected = None if name in ("Stack", "Sweep") else ROWS[name].free_steps
    with pytest.raises(ValueError, match="the number of steps is free") as error:
        export(module, args, dynamic_shapes=dynamic_shapes(module, args, {}, axes))
    assert expected is None or str(error.value).endswith(f"export {expected}")


def test_onnx_is_refused_a_free_number_of_steps_too(quiet):
    """Of itself torch.onnx.export would fix T, without a word."""
    with pytest.raises(torch.onnx.errors.OnnxExporterError, match="the number of steps is free"):
        to_onnx(module_of("GRU"), plain_inputs_of("GRU", N), FREE)


def test_attention_is_exported_for_any_length():
    module = module_of("Attention")
    args, kwargs = inputs_of("Attention", N)
    shapes = dynamic_shapes(module, args, kwargs, FREE)
    shapes["query"] = {0: FREE[0]}
    program = export(module, args, kwargs, dynamic_shapes=shapes)
    args, kwargs = inputs_of("Attention", 7, steps=9)
    assert_same(program.module()(*args, **kwargs), module(*args, **kwargs))


FUSED = """
import logging, warnings, torch
from torch.export import Dim
logging.disable(logging.CRITICAL)
warnings.simplefilter("ignore")
from rnnbook import convert, torch as ours
axes = {0: Dim("batch"), 1: Dim("time")}
for make in (ours.LSTM, ours.GRU):
    fused, x = convert.to_torch(make(3, 2).params()).eval(), torch.ones(2, 4, 3)
    program = torch.onnx.export(fused, (x,), dynamic_shapes=(axes,), dynamo=True, verbose=False)
    shape = program.model_proto.graph.input[0].type.tensor_type.shape
    print(*(axis.dim_param or axis.dim_value for axis in shape.dim))
"""


def test_onnx_leaves_the_steps_free_for_the_layer_of_torch_nn():
    """In a process of its own: only the first export in a process does."""
    result = subprocess.run([sys.executable, "-c", FUSED], capture_output=True, text=True)
    assert result.stdout.splitlines() == ["batch time 3"] * 2, result.stderr
    assert [r.layer for r in SUPPORT if r.free_steps == TO_TORCH_NN] == ["LSTM", "GRU"]


@torch.no_grad()
@pytest.mark.parametrize("name", [r.layer for r in SUPPORT if ONE_STEP in r.free_steps])
def test_one_step_is_exported_and_looped_outside(name):
    module = module_of(name)
    if name == "Stack":
        module = ours.Stack([[ours.GRU(D, H)], [ours.LRU(H, 2)]])
    x = plain_inputs_of(name, N)[0]
    step = OneStep(module)
    args = x[:, 0], module(x[:, :1])[1]
    program = export(step, args, dynamic_shapes=dynamic_shapes(step, args, {}, {0: Dim("n")}))
    x = torch.cat([plain_inputs_of(name, 7)[0]] * 2, dim=1)  # twice as long
    expected, last = module(x)
    state = tree_map(torch.zeros_like, module(x[:, :1])[1])
    for t in range(x.shape[1]):
        found = program.module()(x[:, t], state)
        state = found[1] if name.startswith(("Stack", "LRU", "DiagonalSSM", "DeltaNet")) else found
        output = tree_leaves(found)[0]
        assert_same(output, expected[:, t])
    assert_same(state, last)


@pytest.fixture
def quiet():
    """torch.onnx logs what it could not find, and warns of what it does itself."""
    logging.disable(logging.CRITICAL)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
    logging.disable(logging.NOTSET)


def to_onnx(module, args, axes):
    shapes = dynamic_shapes(module, args, {}, axes)
    options = {"dynamo": True, "optimize": False, "verbose": False}
    return torch.onnx.export(module, args, dynamic_shapes=shapes, **options)


@pytest.mark.parametrize("name", [row.layer for row in SUPPORT if row.onnx])
def test_onnx_runtime_gives_the_same_numbers(name, quiet):
    import onnxruntime

    module = module_of(name)
    program = to_onnx(module, plain_inputs_of(name, N), {0: Dim("batch")})
    session = onnxruntime.InferenceSession(
        program.model_proto.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    args = plain_inputs_of(name, 7)
    names = [i.name for i in session.get_inputs()]
    feed = {name: value.numpy() for name, value in zip(names, args, strict=True)}
    found = [torch.tensor(v) for v in session.run(None, feed)]
    assert_same(found, module(*args))


@pytest.mark.parametrize("name", [row.layer for row in SUPPORT if not row.onnx])
def test_onnx_refuses_a_complex_state(name, quiet):
    with pytest.raises(torch.onnx.errors.OnnxExporterError, match="has a complex state, and ONNX"):
        to_onnx(module_of(name), plain_inputs_of(name, N), {0: Dim("batch")})


@every
def test_torch_jit_trace_is_refused_where_it_would_fix_the_steps(name):
    """Traced with 5 steps and fed 7 it would return 5, without a word."""
    module, args = module_of(name), plain_inputs_of(name, N)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TorchScript is deprecated
        if name == "Attention":  # it has no loop
            traced = torch.jit.trace(module, args, check_trace=False)
            args, _ = inputs_of(name, 7, steps=9)
            return assert_same(traced(*args), module(*args))
        with pytest.raises(ValueError, match=r"torch\.jit\.trace would fix .*use torch\.export"):
            torch.jit.trace(module, args, check_trace=False, strict=False)
