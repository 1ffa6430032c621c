"""Every verb of every layer refuses weights that are not its own, by name."""

import numpy as np
import pytest

from rnnbook.numpy import (
    attention,
    conv_lstm,
    crf,
    delta_net,
    diagonal_ssm,
    gru,
    layer_norm_lstm,
    linear,
    lru,
    lstm,
    min_gru,
    min_lstm,
    rnn,
    stack,
    sweep,
)

N, T, D, H = 2, 4, 3, 3  # one size in and out, or the shapes alone would tell layers apart
RNG = np.random.default_rng(0)
X = RNG.standard_normal((N, T, D))
WITH_A_STATE = [
    rnn,
    lstm,
    gru,
    layer_norm_lstm,
    min_gru,
    min_lstm,
    lru,
    diagonal_ssm,
    delta_net,
    conv_lstm,
]
OTHERS = {
    module.__name__[14:]: module.init(RNG, D, H) for module in [*WITH_A_STATE, linear, attention]
}
OTHERS |= {"crf": crf.init(H), "a tuple": (1, 2), "a list": list(gru.init(RNG, D, H))}


def verbs(module):
    """Each of the verbs, as a function of the weights, on inputs that fit."""
    own = crf.init(H) if module is crf else module.init(RNG, D, H)
    name = module.__name__[14:]
    if module is linear:
        _, cache = linear.forward(own, X)
        yield "forward", lambda params: linear.forward(params, X)
        yield "backward", lambda params: linear.backward(params, cache, X)
    elif module is crf:
        tags = RNG.integers(0, H, (N, T))
        _, cache = crf.forward(own, X, tags)
        yield "forward", lambda params: crf.forward(params, X, tags)
        yield "backward", lambda params: crf.backward(params, cache, np.ones(N))
        yield "marginals", lambda params: crf.marginals(params, X)
        yield "viterbi", lambda params: crf.viterbi(params, X)
    elif module is attention:
        context, _, cache = attention.forward(own, X, X, X)
        yield "forward", lambda params: attention.forward(params, X, X, X)
        yield "backward", lambda params: attention.backward(params, cache, context)
    else:
        x = X[:, :, None, None] if module is conv_lstm else X
        hs, state, cache = module.forward(own, x)
        yield "forward", lambda params: module.forward(params, x)
        yield "backward", lambda params: module.backward(params, cache, hs)
        yield "step", lambda params: module.step(params, x[:, 0], state)
    if name == "lru":
        yield "eigenvalues", lru.eigenvalues
    if name == "diagonal_ssm":
        yield "discretise", diagonal_ssm.discretise
        yield "kernel", lambda params: diagonal_ssm.kernel(params, T)
        yield "convolve", lambda params: diagonal_ssm.convolve(params, X)


CASES = [
    pytest.param(module, call, other, id=f"{module.__name__[14:]}.{name}({other})")
    for module in [*WITH_A_STATE, linear, crf, attention]
    for name, call in verbs(module)
    for other in OTHERS
    if other != module.__name__[14:]
]


@pytest.mark.parametrize("module, call, other", CASES)
def test_weights_of_another_layer_are_refused(module, call, other):
    found = {"a tuple": "a tuple", "a list": "a list"}.get(other, rf"an? {other}\.\w*Params")
    own = module.__name__[14:]
    with pytest.raises(TypeError, match=rf"^params is {found}; expected {own}\.\w*Params"):
        call(OTHERS[other])


@pytest.mark.parametrize("module", [*WITH_A_STATE, linear], ids=lambda m: m.__name__[14:])
def test_weights_without_the_axes_of_their_layer_are_refused_by_name(module):
    params = module.init(RNG, D, H)
    field = {"lru": "B_re", "diagonal_ssm": "log_decay"}.get(module.__name__[14:])
    field = field or next(name for name in params._fields if name.startswith("W"))
    for bad in (np.ones(()), np.ones(H)):
        with pytest.raises(
            ValueError, match=rf"{field} has shape \({len(bad.shape) * '3,'}\); exp"
        ):
            module.forward(params._replace(**{field: bad}), X)


INITS = {
    **{module.__name__[14:]: lambda m=module, **o: m.init(RNG, D, H, **o)
       for module in [*WITH_A_STATE, linear, attention]},
    "crf": lambda **options: crf.init(H, **options),
    "general attention": lambda **options: attention.init(RNG, D, H, score="general", **options),
    "stack": lambda **options: stack.init(gru, RNG, D, H, **options),
    "sweep": lambda **options: sweep.init(rnn, RNG, D, H, **options),
}  # fmt: skip


@pytest.mark.parametrize("name", INITS)
@pytest.mark.parametrize("dtype", [int, bool, "float16", object, "torch.float32"])
def test_initial_weights_of_a_dtype_that_no_layer_takes_are_refused(name, dtype):
    with pytest.raises(TypeError, match=r"^dtype is [\w.]+; expected one of float32, float64"):
        INITS[name](dtype=dtype)
    INITS[name](dtype=np.float32)
