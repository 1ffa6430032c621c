"""Encoder and decoder: equal in both frameworks, masks, decoding step by step, errors."""

import numpy as np
import pytest
import tensorflow as tf
import torch

import rnnbook.tensorflow.seq2seq
import rnnbook.torch.seq2seq
from rnnbook.gradcheck import max_error
from rnnbook.numpy import attention
from rnnbook.text import decoding
from rnnbook.tree import leaves, tree_map

SOURCE, TARGET, E, H = 11, 7, 3, 4
SCORES = ("additive", "general", "dot", None)
SETTINGS = {"embedding_size": E, "hidden_size": H}
source = np.array([[3, 4, 5, 6, 7], [8, 9, 10, 0, 0], [2, 0, 0, 0, 0]])
mask = source > 0
target_in = np.array([[1, 3, 4, 5], [1, 6, 6, 2], [1, 2, 0, 0]])
target = np.array([[3, 4, 5, 2], [6, 6, 2, 0], [2, 0, 0, 0]])
every_score = pytest.mark.parametrize("score", SCORES)


def torch_model(score, seed=0):
    torch.manual_seed(seed)
    make = rnnbook.torch.seq2seq.Seq2Seq
    return make(SOURCE, TARGET, score=score, dtype=torch.float64, **SETTINGS)


def tensorflow_model(score):
    make = rnnbook.tensorflow.seq2seq.Seq2Seq
    return make(SOURCE, TARGET, score=score, dtype="float64", use_cudnn=False, **SETTINGS)


def torch_inputs():
    return torch.tensor(source), torch.tensor(mask), torch.tensor(target_in)


def tensorflow_inputs():
    return tf.constant(source), tf.constant(mask), tf.constant(target_in)


@every_score
def test_both_frameworks_give_the_same_from_the_same_weights(score):
    ours = torch_model(score)
    theirs = tensorflow_model(score).load_params(ours.params())
    a, b = ours(*torch_inputs()), theirs(*tensorflow_inputs())
    assert max_error(a[0].detach().numpy(), b[0].numpy()) < 1e-10
    if score is None:
        assert a[1] is None and b[1] is None
    else:
        assert max_error(a[1].detach().numpy(), b[1].numpy()) < 1e-10
        assert (a[1].detach().numpy()[np.broadcast_to(~mask[:, None], (3, 4, 5))] == 0).all()


@every_score
def test_the_weights_go_from_one_framework_to_the_other_and_back(score):
    ours = torch_model(score)
    theirs = tensorflow_model(score).load_params(ours.params())
    again = torch_model(score, seed=1).load_params(theirs.params())
    for a, b in zip(ours.state_dict().values(), again.state_dict().values(), strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize("score", ["additive", None])
def test_both_frameworks_give_the_same_gradients(score):
    ours = torch_model(score)
    theirs = tensorflow_model(score).load_params(ours.params())
    logits, _ = ours(*torch_inputs())
    counts = torch.tensor(target > 0)
    torch.nn.functional.cross_entropy(logits[counts], torch.tensor(target)[counts]).backward()
    with tf.GradientTape() as tape:
        logits, _ = theirs(*tensorflow_inputs())
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(target, logits)
        loss = tf.reduce_mean(losses[target > 0])
    names = ("source_embedding", "target_embedding", "bridge", "combine")
    variables = [getattr(theirs, name).weights[0] for name in names]
    grads = [tf.convert_to_tensor(g).numpy() for g in tape.gradient(loss, variables)]
    for name, grad in zip(names, grads, strict=True):
        weight = getattr(ours, name).weight.grad.numpy()
        assert max_error(weight if "embedding" in name else weight.T, grad) < 1e-10
        assert np.abs(grad).max() > 1e-4


def steps(model, state, as_array):
    """The log-probabilities of every step, decoded one token at a time."""
    found = []
    for t in range(target_in.shape[1]):
        log_probs, state = model.step(target_in[:, t], state)
        found.append(log_probs)
    return np.stack(found, axis=1)


@every_score
def test_one_step_at_a_time_is_teacher_forcing(score):
    ours = torch_model(score).eval()
    logits = torch.log_softmax(ours(*torch_inputs())[0], dim=-1).detach().numpy()
    one_by_one = steps(ours, ours.start(*torch_inputs()[:2]), np.asarray)
    np.testing.assert_allclose(one_by_one, logits, atol=1e-12)
    theirs = tensorflow_model(score).load_params(ours.params())
    one_by_one = steps(theirs, theirs.start(*tensorflow_inputs()[:2]), np.asarray)
    np.testing.assert_allclose(one_by_one, logits, atol=1e-10)


@every_score
def test_padding_changes_nothing(score):
    ours = torch_model(score).eval()
    wide = np.pad(source, ((0, 0), (0, 3)), constant_values=9), np.pad(mask, ((0, 0), (0, 3)))
    a = ours(*torch_inputs())[0]
    b = ours(*map(torch.tensor, wide), torch.tensor(target_in))[0]
    np.testing.assert_allclose(a.detach(), b.detach(), atol=1e-12)
    theirs = tensorflow_model(score).load_params(ours.params())
    c = theirs(*map(tf.constant, wide), tf.constant(target_in))[0]
    np.testing.assert_allclose(a.detach(), c, atol=1e-10)


def test_a_later_target_does_not_change_an_earlier_prediction():
    ours = torch_model("additive").eval()
    changed = target_in.copy()
    changed[:, 2:] = 5
    a, b = (ours(*torch_inputs()[:2], torch.tensor(t))[0] for t in (target_in, changed))
    np.testing.assert_array_equal(a[:, :2].detach(), b[:, :2].detach())
    assert not torch.allclose(a[:, 2:], b[:, 2:])


def test_decoding_gives_the_same_in_both_frameworks():
    ours = torch_model("additive").eval()
    theirs = tensorflow_model("additive").load_params(ours.params())
    options = {"max_steps": 6, "end": 2}
    start = np.ones(3, int)
    greedy = decoding.greedy(ours.step, ours.start(*torch_inputs()[:2]), start, **options)
    other = decoding.greedy(theirs.step, theirs.start(*tensorflow_inputs()[:2]), start, **options)
    assert greedy == other and len(greedy) == 3
    one, other = torch_inputs()[0][:1], tensorflow_inputs()[0][:1]
    a = decoding.beam_search(
        ours.step, ours.start(one, torch_inputs()[1][:1]), 1, width=4, **options
    )
    b = decoding.beam_search(
        theirs.step,
        theirs.start(other, tensorflow_inputs()[1][:1]),
        1,
        width=4,
        take=tf.gather,
        **options,
    )
    assert [h.tokens for h in a] == [h.tokens for h in b]
    assert max_error([h.log_prob for h in a], [h.log_prob for h in b]) < 1e-10


def test_dropout_acts_in_training_only():
    make = rnnbook.tensorflow.seq2seq.Seq2Seq
    model = make(SOURCE, TARGET, dropout=0.5, **SETTINGS)
    a, b = (model(*tensorflow_inputs())[0].numpy() for _ in range(2))
    np.testing.assert_array_equal(a, b)
    assert not np.allclose(a, model(*tensorflow_inputs(), training=True)[0])
    ours = rnnbook.torch.seq2seq.Seq2Seq(SOURCE, TARGET, dropout=0.5, **SETTINGS)
    a, b = (ours(*torch_inputs())[0] for _ in range(2))
    assert not torch.allclose(a, b)


def test_it_can_be_traced_for_any_length():
    model = rnnbook.tensorflow.seq2seq.Seq2Seq(SOURCE, TARGET, **SETTINGS)
    ids = tf.TensorSpec((None, None), tf.int32)
    run = tf.function(model, input_signature=[ids, tf.TensorSpec((None, None), tf.bool), ids])
    inputs = [tf.cast(v, tf.int32) if v.dtype != tf.bool else v for v in tensorflow_inputs()]
    np.testing.assert_allclose(run(*inputs)[0], model(*inputs)[0], atol=1e-6)
    shorter = [inputs[0][1:, :3], inputs[1][1:, :3], inputs[2][1:, :2]]
    np.testing.assert_allclose(run(*shorter)[0], model(*shorter)[0], atol=1e-6)


BAD = [
    (
        lambda s, m, t: (s + 90, m, t),
        ValueError,
        r"source has ids from 90 to 100; expected 0",
    ),
    (lambda s, m, t: (s, m, t + 5), ValueError, r"target_in has ids from 5 to 11; expected 0 to 6"),
    (lambda s, m, t: (s[0], m, t), ValueError, r"source has shape \(5,\); expected \(N, T\)"),
    (lambda s, m, t: (s * 1.0, m, t), TypeError, "source has dtype .*float64; expected"),
    (lambda s, m, t: (s, m * 1, t), TypeError, "mask has dtype .*int64; expected"),
    (lambda s, m, t: (s, m[:, :3], t), ValueError, r"mask has shape \(3, 3\); expected"),
    (lambda s, m, t: (s, m & False, t), ValueError, r"mask\[0\] does not count its first token"),
    (lambda s, m, t: (s, m ^ (np.arange(5) == 1), t), ValueError, "mask has a gap"),
    (lambda s, m, t: (s, m, t[:2]), ValueError, r"target_in has shape \(2, 4\); expected"),
]


@pytest.mark.parametrize("change, error, message", BAD)
def test_bad_input_is_named(change, error, message):
    bad = change(source, mask, target_in)
    with pytest.raises(error, match=message):
        torch_model("dot")(*map(torch.tensor, bad))
    with pytest.raises(error, match=message):
        tensorflow_model("dot")(*map(tf.constant, bad))


@pytest.mark.parametrize("framework", ["torch", "tensorflow"])
def test_bad_settings_are_named(framework):
    make = getattr(rnnbook, framework).seq2seq.Seq2Seq
    with pytest.raises(ValueError, match="hidden_size is 5; expected an even number"):
        make(SOURCE, TARGET, hidden_size=5)
    with pytest.raises(ValueError, match="score is 'cosine'; expected 'additive' or"):
        make(SOURCE, TARGET, score="cosine")
    with pytest.raises(ValueError, match="source_size is 0"):
        make(0, TARGET)
    with pytest.raises(ValueError, match=r"dropout is 1\.0"):
        make(SOURCE, TARGET, dropout=1.0)


def test_all_weights_are_in_params():
    model = tensorflow_model("additive")
    found = sum(np.size(w) for w in leaves(model.params()))
    assert found == sum(np.prod(w.shape) for w in model.weights)


# Weights of another model.


def reshaped(tree, path, value):
    """A copy of the params with `value` at a path of keys, indices and field names."""
    key, *rest = path
    if hasattr(tree, "_fields"):
        return tree._replace(**{key: reshaped(getattr(tree, key), rest, value) if rest else value})
    copy = dict(tree) if isinstance(tree, dict) else list(tree)
    copy[key] = reshaped(tree[key], rest, value) if rest else value
    return copy


WRONG = [
    ("additive", ["output", "b"], np.ones(1), ValueError, r"\['output'\].b has shape \(1,\)"),
    ("additive", ["output", "W"], np.ones((TARGET, H)), ValueError, r"W has shape \(7, 4\)"),
    ("dot", ["combine", "b"], np.ones(H, complex), TypeError, r"b has dtype complex128; expected"),
    ("dot", ["decoder", "b_h"], np.ones(1), ValueError, r"\['decoder'\].b_h has shape \(1,\)"),
    ("dot", ["encoder", 1, "W_x"], np.ones((E, 3)), ValueError, r"\['encoder'\]\[1\].W_x has sh"),
    ("dot", ["decoder"], None, TypeError, r"\['decoder'\] is an? NoneType; expected gru.Params"),
    ("dot", ["target_embedding"], np.ones((1, E)), ValueError, r"_embedding'\] has shape \(1, 3\)"),
    ("dot", ["none"], None, ValueError, r"params has the keys .*'none'.*; expected"),
    ("additive", ["attention", "v"], np.ones(1), ValueError, r"\['attention'\].v has shape \(1,\)"),
    ("general", ["attention"], None, TypeError, r"is an? NoneType; expected attention.General"),
    (
        None,
        ["attention"],
        attention.GeneralParams(np.ones((H, H))),
        TypeError,
        r"params\['attention'\] is an? attention.GeneralParams; expected NoneType",
    ),
]


@pytest.mark.parametrize("make", [torch_model, tensorflow_model])
@pytest.mark.parametrize("score, path, value, error, message", WRONG)
def test_wrong_weights_change_nothing(make, score, path, value, error, message):
    model = make(score)
    before = model.params()
    other = reshaped(tree_map(lambda w: None if w is None else w + 1, before), path, value)
    with pytest.raises(error, match=message):
        model.load_params(other)
    for a, b in zip(leaves(model.params()), leaves(before), strict=True):
        np.testing.assert_array_equal(a, b)


# Decoding.


@pytest.mark.parametrize(
    "tokens, error, message",
    [
        ([1, TARGET, 2], ValueError, "tokens has ids from 1 to 7; expected 0 to 6"),
        ([1, -1, 2], ValueError, "tokens has ids from -1 to 2; expected 0 to 6"),
        ([1, 2], ValueError, r"tokens has shape \(2,\); expected \(N,\) = \(3,\)"),
        ([[1], [2], [3]], ValueError, r"tokens has shape \(3, 1\); expected \(N,\)"),
        ([1.0, 2.0, 3.0], TypeError, "tokens has dtype .*float64; expected .*int"),
    ],
)
def test_tokens_that_do_not_fit_are_named(tokens, error, message):
    for model, inputs in (
        (torch_model("dot"), torch_inputs()),
        (tensorflow_model("dot"), tensorflow_inputs()),
    ):
        with pytest.raises(error, match=message):
            model.step(np.array(tokens), model.start(*inputs[:2]))


def test_decoding_drops_nothing_out_in_training_mode_either():
    make = rnnbook.torch.seq2seq.Seq2Seq
    ours = make(SOURCE, TARGET, dropout=0.5, dtype=torch.float64, **SETTINGS).train()
    theirs = rnnbook.tensorflow.seq2seq.Seq2Seq(
        SOURCE, TARGET, dropout=0.5, dtype="float64", use_cudnn=False, **SETTINGS
    ).load_params(ours.params())
    found = steps(ours, ours.start(*torch_inputs()[:2]), np.asarray)
    expected = steps(theirs, theirs.start(*tensorflow_inputs()[:2]), np.asarray)
    assert max_error(found, expected) < 1e-10 and ours.training
    assert not torch.equal(*(ours(*torch_inputs())[0] for _ in range(2)))  # training still does


@every_score
def test_decoding_in_16_bits_gives_log_probabilities_of_32(score):
    ours = torch_model(score).float().eval()
    exact = steps(ours, ours.start(*torch_inputs()[:2]), np.asarray)
    assert exact.dtype == np.float32
    with torch.autocast("cpu", torch.bfloat16):
        mixed = steps(ours, ours.start(*torch_inputs()[:2]), np.asarray)
    low = ours.bfloat16()
    found = [mixed, steps(low, low.start(*torch_inputs()[:2]), np.asarray)]
    make = rnnbook.tensorflow.seq2seq.Seq2Seq
    theirs = make(SOURCE, TARGET, score=score, dtype="mixed_bfloat16", use_cudnn=False, **SETTINGS)
    theirs.load_params(ours.params())
    found.append(steps(theirs, theirs.start(*tensorflow_inputs()[:2]), np.asarray))
    for log_probs in found:
        assert log_probs.dtype == np.float32
        np.testing.assert_allclose(np.exp(log_probs).sum(-1), 1, atol=1e-5)
        np.testing.assert_allclose(log_probs, exact, atol=0.05)


@pytest.mark.parametrize("make", [torch_model, tensorflow_model])
def test_weights_that_diverged_are_named(make):
    model, inputs = make("dot"), torch_inputs() if make is torch_model else tensorflow_inputs()
    params = model.params()
    params["source_embedding"][4, 1] = np.nan
    model.load_params(params)
    with pytest.raises(
        (ValueError, tf.errors.InvalidArgumentError), match=r"query.* has NaN or infinity"
    ):
        model(*inputs)
    with pytest.raises((ValueError, tf.errors.InvalidArgumentError), match="has NaN or infinity"):
        model.step(np.ones(3, int), model.start(*inputs[:2]))
