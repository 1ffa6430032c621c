"""From a model of the next token to whole sequences: greedy, sampling, beam and exact search.

All functions here know a model by one function alone,

    log_probs, state = step(tokens, state)

which takes the last token of N sequences, whole numbers (N,), and the model's state, and returns
the log-probabilities of the next token as an array (N, V), with the new state. So they serve
NumPy, PyTorch and TensorFlow models alike. An array of torch may still have its graph. Of 16 bits
the log-probabilities are rounded so coarsely that they are normalised again.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from rnnbook._check import check_sizes
from rnnbook._rng import check_rng
from rnnbook.text._beam import Hypothesis, beam_search
from rnnbook.text._best_first import MostProbable, most_probable
from rnnbook.text._distributions import (
    as_array,
    draw,
    keep_min_p,
    keep_top_k,
    keep_top_p,
    keep_typical,
    log_softmax,
    reshape,
    sharpen,
)
from rnnbook.text._step import (
    Step,
    Take,
    check_token,
    checked_log_probs,
    first_axis,
    start_tokens,
    taken,
)

__all__ = [
    "Hypothesis",
    "MostProbable",
    "beam_search",
    "constrain",
    "draw",
    "first_axis",
    "forbid",
    "greedy",
    "keep_min_p",
    "keep_top_k",
    "keep_top_p",
    "keep_typical",
    "log_softmax",
    "most_probable",
    "reshape",
    "sample",
    "sharpen",
    "tile",
]


def greedy(
    step: Step, state: Any, start: ArrayLike, *, max_steps: int, end: int | None = None
) -> list[list[int]]:
    """The most probable next token, again and again, for N sequences at once.

    `start` holds the N first tokens (N,), which are not part of the result. A sequence stops
    after `max_steps` tokens or before the token `end`.

    >>> def step(tokens, state):  # counts upwards from 0 to 3, then starts again
    ...     return np.log(np.eye(4)[(tokens + 1) % 4] + 1e-300), state
    >>> greedy(step, None, [0, 2], max_steps=5, end=3)
    [[1, 2], []]
    """
    return _decode(lambda log_probs: log_probs.argmax(axis=-1), step, state, start, max_steps, end)


def sample(
    rng: np.random.Generator,
    step: Step,
    state: Any,
    start: ArrayLike,
    *,
    max_steps: int,
    end: int | None = None,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    min_p: float | None = None,
    typical_p: float | None = None,
) -> list[list[int]]:
    """The next token drawn from its distribution, again and again, for N sequences at once.

    The distribution is changed by `temperature` first, then cut to `top_k` tokens, to the nucleus
    `top_p`, to tokens of at least `min_p` times the largest probability, and to the typical set
    `typical_p`. Without any of them it is the model's own. Otherwise as `greedy`. For several
    samples of one prompt, `tile` the state and repeat the start.

    >>> def step(tokens, state):
    ...     return np.log(np.full((len(tokens), 2), 0.5)), state
    >>> sample(np.random.default_rng(0), step, None, [0], max_steps=8)
    [[1, 1, 0, 0, 0, 1, 1, 1]]
    """
    check_rng(rng)
    how: dict[str, Any] = {"top_k": top_k, "top_p": top_p, "min_p": min_p, "typical_p": typical_p}

    def choose(log_probs: np.ndarray) -> np.ndarray:
        return draw(rng, reshape(log_probs, temperature=temperature, **how))

    return _decode(choose, step, state, start, max_steps, end)


def forbid(step: Step, *tokens: int) -> Step:
    """The model `step` without some tokens: their probability goes to the others.

    Use it for tokens that cannot be written, such as "<unk>".

    >>> def step(tokens, state):
    ...     return np.log([[0.5, 0.3, 0.2]]), state
    >>> np.exp(forbid(step, 0)(np.array([1]), None)[0])
    array([[0. , 0.6, 0.4]])
    """

    def allowed(last: np.ndarray, state: Any) -> tuple[np.ndarray, Any]:
        log_probs, state = step(last, state)
        log_probs = np.array(as_array(log_probs))
        for token in tokens:
            check_token("tokens", token, log_probs.shape[-1])
        log_probs[..., list(tokens)] = -np.inf
        return log_softmax(log_probs), state

    return allowed


def constrain(step: Step, allowed: Callable[[np.ndarray], np.ndarray]) -> Step:
    """The model `step` where what has been written so far decides what may follow.

    `allowed(written)` takes the tokens of N sequences so far, (N, t) with the first token in front,
    and says which may be next: Booleans (N, V), or (V,) for all alike. The probability of the
    others goes to these. The state of the new model is (state of `step`, written), at first
    (state, an empty array of whole numbers (N, 0)).

    This masks. It is not the distribution of the model's own sequences that happen to keep the
    rule: a beginning after which the model would hardly have kept it is written as often as any
    other. To get that one, give each sequence the weight prod_t P(allowed_t | tokens before t).

    >>> def step(tokens, state):
    ...     return np.log(np.tile([0.5, 0.3, 0.2], (len(tokens), 1))), state
    >>> def upwards(written):
    ...     return np.arange(3) > written[:, -1:]
    >>> nothing = np.zeros((1, 0), int)
    >>> np.exp(constrain(step, upwards)(np.array([0]), (None, nothing))[0])
    array([[0. , 0.6, 0.4]])
    """

    def allowed_only(last: np.ndarray, state: Any) -> tuple[np.ndarray, Any]:
        inner, written = state
        log_probs, inner = step(last, inner)
        written = np.concatenate([written, np.asarray(last)[:, None]], axis=1)
        log_probs, keep = as_array(log_probs), np.asarray(allowed(written))
        if keep.dtype != bool or keep.shape not in (log_probs.shape, log_probs.shape[-1:]):
            raise ValueError(
                f"allowed returned {keep.dtype} {keep.shape}; expected bool (N, V) ="
                f" {log_probs.shape} or (V,)"
            )
        return log_softmax(np.where(keep, log_probs, -np.inf)), (inner, written)

    return allowed_only


def tile(state: Any, samples: int, *, batch: int = 1, take: Take = first_axis) -> Any:
    """The state after `batch` prompts, each `samples` times: for several samples of one prompt.

    The copies of a prompt stand side by side, as those of its last token in
    `np.repeat(start, samples)`. `take` as in `beam_search`.

    >>> after_prompt = np.array([[0.5, -2.0]])
    >>> tile({"h": after_prompt}, 3)["h"].shape
    (3, 2)
    """
    check_sizes(samples=samples, batch=batch)
    return taken(state, np.repeat(np.arange(batch), samples), batch, take)


def _decode(
    choose: Callable[[np.ndarray], np.ndarray],
    step: Step,
    state: Any,
    start: ArrayLike,
    max_steps: int,
    end: int | None,
) -> list[list[int]]:
    """The loop of `greedy` and `sample`: N sequences until each has met `end`."""
    check_sizes(max_steps=max_steps)
    tokens = start_tokens(start)
    sequences: list[list[int]] = [[] for _ in tokens]
    for _ in range(max_steps):
        log_probs, state = step(tokens, state)
        checked = checked_log_probs(log_probs, len(tokens))
        if end is not None:
            check_token("end", end, checked.shape[1])
        tokens = choose(checked)
        for sequence, token in zip(sequences, tokens, strict=True):
            if end is None or end not in sequence:
                sequence.append(int(token))
        if end is not None and all(end in sequence for sequence in sequences):
            break
    return [sequence if end not in sequence else sequence[:-1] for sequence in sequences]
