"""Torch layers as torch users use them: messages, stacks, wrappers, weights, printing."""

import copy

import numpy as np
import pytest
import torch
from torch.func import vmap
from torch.utils._pytree import tree_leaves, tree_map
from torch_modules import MAKE, D, H, N, T, inputs_of, module_of

import rnnbook.torch as ours
from rnnbook import gradcheck
from rnnbook.numpy import layer_norm_lstm, stack
from rnnbook.tree import tree_map as numpy_map

every = pytest.mark.parametrize("name", MAKE)
RECURRENT = [name for name in MAKE if name not in ("Stack", "Sweep", "Attention", "CRF")]
recurrent = pytest.mark.parametrize("name", RECURRENT)


# Messages.


@recurrent
def test_what_is_no_tensor_is_named_with_the_remedy(name):
    module = module_of(name)
    (x, state), kwargs = inputs_of(name, N)
    mask = kwargs["mask"]
    with pytest.raises(TypeError, match=r"x is a ndarray; .*: torch.from_numpy\(x\)"):
        module(x.numpy())
    with pytest.raises(TypeError, match=r"x is a list; expected a torch.Tensor: torch.tensor\(x\)"):
        module(x.tolist())
    with pytest.raises(TypeError, match=r"mask is a list; .*: torch.tensor\(mask\)"):
        module(x, mask=mask.tolist())
    with pytest.raises(TypeError, match=r"state.* is a ndarray; .*: torch.from_numpy"):
        module(x, tree_map(lambda s: s.numpy(), state))
    with pytest.raises(TypeError, match=r"x_t is a list; expected a torch.Tensor"):
        module.step(x[:, 0].tolist(), state)
    with pytest.raises(TypeError, match=r"x has dtype torch.int64; .*: x.to\(torch.float32\)"):
        module(x.long())
    with pytest.raises(TypeError, match=r"mask has dtype torch.int64; expected torch.bool"):
        module(x, mask=mask.long())
    packed = torch.nn.utils.rnn.pack_padded_sequence(x, torch.full((N,), T), batch_first=True)
    with pytest.raises(TypeError, match=r"x is a PackedSequence; .*pad_packed_sequence.* mask="):
        module(packed)


def test_the_remedy_for_a_packed_sequence_works():
    layer, x = module_of("GRU"), torch.randn(N, T, D)
    lengths = torch.tensor([3, 1, 2, 3, 2, 1])
    packed = torch.nn.utils.rnn.pack_padded_sequence(
        x, lengths, batch_first=True, enforce_sorted=False
    )
    x_again, lengths = torch.nn.utils.rnn.pad_packed_sequence(packed, batch_first=True)
    _, last = layer(x_again, mask=torch.arange(x_again.shape[1]) < lengths[:, None])
    for n, length in enumerate(lengths):
        torch.testing.assert_close(last[n], layer(x[n : n + 1, :length])[1][0])


@recurrent
def test_a_state_that_does_not_fit_is_named(name):
    module = module_of(name)
    (x, state), _ = inputs_of(name, N)
    one = tree_map(lambda s: s[:1], state)
    expected = r"has shape \(1, .*; expected \(N, .*\) = \(6, "
    with pytest.raises(ValueError, match="state.*" + expected):
        module(x, one)
    with pytest.raises(ValueError, match="state.*" + expected):
        module.step(x[:, 0], one)
    of_torch_nn = tree_map(lambda s: s[None], state)
    with pytest.raises(ValueError, match=r"state.* a first axis for layers and directions"):
        module(x, of_torch_nn)
    if isinstance(state, tuple):
        with pytest.raises(TypeError, match=r"state is a Tensor; expected the tuple \(h, c\)"):
            module(x, state[0])
        with pytest.raises(TypeError, match=r"state is a tuple of 1; expected the tuple \(h, c\)"):
            module(x, state[:1])


@recurrent
def test_a_step_says_what_it_wants(name):
    module = module_of(name)
    (x, state), _ = inputs_of(name, N)
    with pytest.raises(ValueError, match=r"x_t has shape .*; expected \(N, (R, C, )?D\)"):
        module.step(x, state)
    bad = x[:, 0].clone()
    bad[4, ..., 0] = torch.nan
    with pytest.raises(ValueError, match=r"x(_t\[4\]|\[4, 0\]) has NaN or infinity"):
        module.step(bad, state)


@pytest.mark.parametrize("name", ["Stack", "Sweep", "Attention", "CRF"])
def test_other_modules_name_what_is_no_tensor_too(name):
    module, (args, _) = module_of(name), inputs_of(name, N)
    with pytest.raises(TypeError, match=r"(x|query|emissions) is a list; expected a torch.Tensor"):
        module(args[0].tolist(), *args[1:])
    with pytest.raises(TypeError, match=r"(x|query|emissions) has dtype torch.int64; expected"):
        module(args[0].long(), *args[1:])


def test_large_numbers_whose_sum_overflows_are_no_infinity():
    layer, x = module_of("GRU"), torch.full((N, T, D), 3e38)
    assert x.sum().isinf() and layer(x)[0].isfinite().all()
    x[2, 1, 3] = torch.inf
    with pytest.raises(ValueError, match=r"x\[2, 1\] has NaN or infinity"):
        layer(x)


def test_nan_passes_where_code_may_not_branch_on_numbers():
    layer, x = module_of("GRU"), torch.randn(N, T, D)
    x[2, 1] = torch.nan
    for call in (vmap(lambda x: layer(x[None])[0][0]), torch.compile(layer, backend="eager")):
        found = tree_leaves(call(x))[0]
        assert found[2].isnan().any() and not found[0].isnan().any()
    layer = ours.GRU(D, H, device="meta")
    assert layer(x.to("meta"))[0].shape == (N, T, H)


# Stacks.


def test_a_stack_refuses_what_it_can_not_run():
    with pytest.raises(TypeError, match=r"layers\[0\] is a GRU; expected a list of 1 or 2 layers"):
        ours.Stack([ours.GRU(D, H)])
    with pytest.raises(ValueError, match=r"layers\[0\] has 3 directions; expected 1 or 2"):
        ours.Stack([[ours.GRU(D, H)] * 3])
    with pytest.raises(TypeError, match=r"layers\[0\]\[0\] is a torch GRU; expected a layer of rn"):
        ours.Stack([[torch.nn.GRU(D, H)]])
    for layer in (torch.nn.Linear(D, H), ours.CRF(D), ours.Attention(D, H)):
        with pytest.raises(TypeError, match=r"layers\[0\]\[0\] is a .*; expected a layer of rnnb"):
            ours.Stack([[layer]])
    for empty in ([], torch.nn.ModuleList()):
        with pytest.raises(ValueError, match="layers is empty; expected at least one layer"):
            ours.Stack(empty)
    one = ours.Stack([[ours.GRU(D, H)], [ours.GRU(H, 2)]])
    with pytest.raises(ValueError, match=r"states is nested as \[1\]; expected \[1, 1\]"):
        one(torch.randn(N, T, D), [[None]])
    with pytest.raises(TypeError, match=r"states is not nested like the layers; expected lists of"):
        one(torch.randn(N, T, D), torch.zeros(2, N, H))
    state = [torch.zeros(N, H)]
    for states in ([state], [state, [torch.zeros(N, 2)], state]):
        with pytest.raises(ValueError, match=r"states is nested as \[1.*\]; expected \[1, 1\]"):
            one.step(torch.randn(N, D), states)
    both = ours.Stack([[ours.GRU(D, H), ours.GRU(D, H)]])
    with pytest.raises(ValueError, match=r"layers\[0\] has 2 directions; expected 1.*step by step"):
        both.step(torch.randn(N, D))


class Mean(torch.nn.Module):
    """A layer of somebody's own: the mean so far of the steps that count."""

    def forward(self, x, state=None, *, mask=None):
        total, count = (0, 0) if state is None else state
        mask = torch.ones_like(x[..., :1]) if mask is None else mask[..., None]
        total = total + (x * mask).cumsum(1)
        count = count + mask.cumsum(1)
        return total / count, (total[:, -1:], count[:, -1:])


def test_a_stack_takes_a_layer_of_your_own_and_a_compiled_one():
    layer = ours.GRU(D, H)
    x, mask = torch.randn(N, T, D), torch.arange(T) < torch.tensor([3, 1, 2, 3, 2, 1])[:, None]
    expected, _ = layer(Mean()(x, mask=mask)[0], mask=mask)
    compiled = torch.compile(layer, backend="eager")
    for one in (layer, compiled, ours.Stack([[layer]])):
        found, states = ours.Stack([[Mean()], [one]])(x, mask=mask)
        torch.testing.assert_close(found, expected)
        assert len(states) == 2


def test_a_stack_of_every_layer_is_its_layers_one_after_the_other():
    layers = [module_of(name) for name in RECURRENT if name != "ConvLSTM"]
    x, mask = torch.randn(N, T, D), torch.arange(T) < torch.tensor([3, 1, 2, 3, 2, 1])[:, None]
    entries, expected, y = [], [], x
    for layer in layers:
        layer = copy.deepcopy(layer)
        if y.shape[-1] != D:  # all of these read D features
            entries.append([ours.RNN(y.shape[-1], D)])
            y, last = entries[-1][0](y, mask=mask)
            expected.append([last])
        entries.append([layer])
        y, last = layer(y, mask=mask)
        expected.append([last])
    whole = ours.Stack(entries).eval()
    found, states = whole(x, mask=mask)
    torch.testing.assert_close(found, y)
    torch.testing.assert_close(tree_leaves(states), tree_leaves(expected))
    found, states = whole(x)
    state = None
    for t in range(T):
        y_t, state = whole.step(x[:, t], state)
        torch.testing.assert_close(y_t, found[:, t], atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(tree_leaves(state), tree_leaves(states), atol=1e-5, rtol=1e-4)


def test_the_weights_of_a_stack_are_those_of_numpys():
    module = module_of("Stack").double()
    x = np.random.default_rng(0).standard_normal((N, T, D))
    expected, _ = module(torch.tensor(x))
    params = module.params()
    found, _, _ = stack.forward(params, x)
    assert gradcheck.max_error(found, expected.detach().numpy()) < 1e-12
    again = MAKE["Stack"]().double().load_params(params)
    assert torch.equal(again(torch.tensor(x))[0], expected)
    with pytest.raises(ValueError, match=r"params is nested as \[2\]; expected \[2, 1\]"):
        again.load_params(params[:1])
    with pytest.raises(
        TypeError, match=r"params\[1\]\[0\] is an? gru.Params; expected lstm.Params"
    ):
        again.load_params([params[0], [params[0][0]]])
    unchanged(again, stack_with_a_wrong_last_weight(params), r"params\[1\]\[0\].b has shape \(1,\)")


def stack_with_a_wrong_last_weight(params):
    """Other weights than those of a model, of which the last does not fit."""
    other = numpy_map(lambda w: w + 1, params)
    last = other[-1][-1]
    other[-1][-1] = last._replace(**{last._fields[-1]: np.ones(1)})
    return other


def unchanged(module, params, message):
    before = copy.deepcopy(module.state_dict())
    with pytest.raises(ValueError, match=message):
        module.load_params(params)
    for name, weight in module.state_dict().items():
        assert torch.equal(weight, before[name]), name


def test_the_weights_of_a_sweep_come_out_and_go_in():
    module, (x,) = module_of("Sweep"), inputs_of("Sweep", N)[0]
    again = MAKE["Sweep"]().load_params(module.params())
    assert torch.equal(again(x), module(x))
    with pytest.raises(ValueError, match="expected two pairs"):
        again.load_params(module.params()[:1])
    bad = stack_with_a_wrong_last_weight(module.params())
    unchanged(again, bad, r"params\[1\]\[1\].b_h has shape \(1,\); expected .* = \(15,\)")


# Wrappers.


@pytest.mark.parametrize("name", ["RNN", "LSTM", "GRU", "LayerNormLSTM", "MinGRU", "ConvLSTM"])
def test_zoneout_takes_every_layer_whose_output_is_its_state(name):
    layer, ((x, state), kwargs) = module_of(name), inputs_of(name, N)
    zoned = ours.Zoneout(layer, rate=0.0, cell_rate=0.0)
    found, expected = zoned(x, state, **kwargs), layer(x, state, **kwargs)
    torch.testing.assert_close(tree_leaves(found), tree_leaves(expected), atol=1e-6, rtol=1e-5)
    zoned = ours.Zoneout(layer, rate=0.3, cell_rate=0.6).eval()
    first = tree_leaves(zoned.step(x[:, 0], state))[0]
    mean = 0.3 * tree_leaves(state)[0] + 0.7 * tree_leaves(layer.step(x[:, 0], state))[0]
    torch.testing.assert_close(first, mean)


@pytest.mark.parametrize("name", ["RNN", "LSTM", "LayerNormLSTM"])
def test_variational_dropout_takes_the_layers_that_read_a_state_only_through_weights(name):
    layer, ((x, state), kwargs) = module_of(name), inputs_of(name, N)
    dropped = ours.VariationalDropout(layer, input_rate=0.3, state_rate=0.4).eval()
    found, expected = dropped(x, state, **kwargs), layer(x, state, **kwargs)
    torch.testing.assert_close(tree_leaves(found), tree_leaves(expected))
    found, expected = dropped.step(x[:, 0], state), layer.step(x[:, 0], state)
    torch.testing.assert_close(tree_leaves(found), tree_leaves(expected))
    dropped.train()
    assert not torch.equal(dropped(x, state)[0], layer(x, state)[0])
    with pytest.raises(RuntimeError, match="a step in training has no masks"):
        dropped.step(x[:, 0], state)


@pytest.mark.parametrize("name", ["MinGRU", "GRU", "LRU", "ConvLSTM"])
def test_variational_dropout_refuses_the_others(name):
    with pytest.raises(TypeError, match=f"layer is a {name}; expected an RNN, LSTM or LayerNorm"):
        ours.VariationalDropout(MAKE[name]())


# Modules.


@every
def test_it_is_copied_saved_and_loaded(name, tmp_path):
    module, (args, kwargs) = module_of(name), inputs_of(name, N)
    expected = tree_leaves(module(*args, **kwargs))
    torch.save(module.state_dict(), tmp_path / "weights.pt")
    again = MAKE[name]().eval()
    again.load_state_dict(torch.load(tmp_path / "weights.pt", weights_only=True))
    for other in (again, copy.deepcopy(module)):
        found = tree_leaves(other(*args, **kwargs))
        assert all(torch.equal(a, b) for a, b in zip(found, expected, strict=True))
    module.requires_grad_(False)
    assert not any(w.requires_grad for w in module.parameters())


def test_printing_a_layer_says_its_sizes_and_options():
    printed = {
        ours.RNN(3, 4, activation="relu"): "input_size=3, hidden_size=4, activation='relu'",
        ours.LSTM(3, 4): "input_size=3, hidden_size=4, peepholes=False, forget_bias=1.0",
        ours.GRU(3, 4, reset="before"): "input_size=3, hidden_size=4, reset='before'",
        ours.LRU(3, 4, max_angle=1): "3, hidden_size=4, radius=(0.9, 0.999), max_angle=1",
        ours.DiagonalSSM(3, 4): "input_size=3, state_size=4",
        ours.DeltaNet(3, 4, heads=2): "heads=2, factors=1, gate='sigmoid'",
        ours.ConvLSTM(3, 4): "channels=3, hidden_size=4, kernel_size=3, forget_bias=1.0",
        ours.Attention(3, 4): "query_size=3, key_size=4, score='additive', units=4",
        ours.CRF(5): "num_tags=5",
        ours.Zoneout(ours.RNN(3, 4), rate=0.1): "rate=0.1, cell_rate=0.0",
        ours.VariationalDropout(ours.RNN(3, 4)): "input_rate=0.0, state_rate=0.0",
    }
    for module, text in printed.items():
        assert text in repr(module)


@pytest.mark.parametrize(
    "name", ["RNN", "LSTM", "LRU", "DiagonalSSM", "DeltaNet", "ConvLSTM", "CRF"]
)
def test_a_layer_is_made_without_memory_and_filled_later(name):
    """As large models are loaded: on the device "meta", then `to_empty` and new weights."""
    with torch.device("meta"):
        layer = MAKE[name]()
    assert {w.device.type for w in layer.parameters()} == {"meta"}
    torch.manual_seed(5)
    layer.to_empty(device="cpu").reset_parameters()
    torch.manual_seed(5)
    expected = MAKE[name]()
    for a, b in zip(layer.parameters(), expected.parameters(), strict=True):
        assert torch.equal(a, b)


def test_loading_checks_before_it_changes():
    layer = ours.LayerNormLSTM(D, H)
    before = layer.params()
    rng = np.random.default_rng(0)
    params = layer_norm_lstm.init(rng, D, H)
    with pytest.raises(ValueError, match=r"b_c has shape \(4,\); expected .* = \(5,\)"):
        layer.load_params(params._replace(b_c=params.b_c[1:]))
    with pytest.raises(TypeError, match=r"s_x has dtype complex128; expected float32 or float64"):
        layer.load_params(params._replace(s_x=params.s_x + 0j))
    assert gradcheck.max_error(layer.params(), before) == 0
