"""Exercises of `chapters/applications/images/classification`."""

from math import comb

import numpy as np

from rnnbook.book.exercises.checker import Exercise


def _image_case(rng):
    size = int(rng.integers(2, 4))
    shape = (size * int(rng.integers(2, 4)), size * int(rng.integers(4, 6)))
    return rng.standard_normal(shape), size


def _blocks(image, size):
    """The image as (patch row, patch column, row in it, column in it)."""
    R, C = image.shape
    return image.reshape(R // size, size, C // size, size).swapaxes(1, 2)


def _patches(image, size):
    return _blocks(image, size).reshape(-1, size * size)


def _network_case(rng):
    T, D, H = 5, 3, 4
    return (
        rng.standard_normal((D, H)),
        0.5 * rng.standard_normal((H, H)),
        rng.standard_normal(H),
        rng.standard_normal((T, D)),
    )


def _states(W_x, W_h, x):
    hs = [np.zeros(len(W_h))]
    for x_t in x:
        hs.append(np.tanh(x_t @ W_x + hs[-1] @ W_h))
    return hs[1:]


def _saliency(W_x, W_h, w, x, slope=lambda h: 1 - h**2, back=np.transpose):
    dh, dx = w, np.zeros_like(x)
    for t, h in reversed(list(enumerate(_states(W_x, W_h, x)))):
        da = dh * slope(h)
        dx[t] = da @ W_x.T
        dh = da @ back(W_h)
    return dx


def _last_step_only(W_x, W_h, w, x):
    dx = _saliency(W_x, W_h, w, x)
    dx[:-1] = 0
    return dx


def _errors_case(rng):
    first = rng.random(60) < 0.2
    return first, np.where(rng.random(60) < 0.3, rng.random(60) < 0.6, first)


def _counts(first, second):
    return int((first & ~second).sum()), int((second & ~first).sum())


def _tail(few, n):
    return sum(comb(n, k) for k in range(few + 1)) / 2**n


def _sign_test(first, second):
    a, b = _counts(first, second)
    return min(1.0, 2 * _tail(min(a, b), a + b))


def _one_sided(first, second):
    a, b = _counts(first, second)
    return _tail(min(a, b), a + b)


def _with_ties(first, second):
    a, b = int(first.sum()), int(second.sum())
    return min(1.0, 2 * _tail(min(a, b), a + b))


EXERCISES = {
    "patch-sequence": Exercise(
        case=_image_case,
        solution=_patches,
        outputs=("the sequence",),
        mistakes={
            "A plain reshape cuts lines, not squares: bring the two axes of a patch together.": (
                lambda image, size: image.reshape(-1, size * size)
            ),
            "The patches come column by column; read a row of patches before the next.": (
                lambda image, size: _blocks(image, size).swapaxes(0, 1).reshape(-1, size * size)
            ),
            "Inside a patch rows and columns are swapped.": (
                lambda image, size: _blocks(image, size).swapaxes(2, 3).reshape(-1, size * size)
            ),
        },
    ),
    "saliency": Exercise(
        case=_network_case,
        solution=_saliency,
        outputs=("the gradient",),
        mistakes={
            "The derivative of tanh, 1 - h^2, is missing.": (
                lambda W_x, W_h, w, x: _saliency(W_x, W_h, w, x, slope=lambda h: 1.0)
            ),
            "On the way back the state goes through W_h transposed.": (
                lambda W_x, W_h, w, x: _saliency(W_x, W_h, w, x, back=lambda W: W)
            ),
            "Only the last step has a gradient here: carry dh back through all of them.": (
                _last_step_only
            ),
        },
    ),
    "sign-test": Exercise(
        case=_errors_case,
        solution=_sign_test,
        outputs=("the probability",),
        mistakes={
            "This is one-sided: a surprise in the other direction counts too.": (_one_sided),
            "Images that both get wrong say nothing: count those that only one gets wrong.": (
                _with_ties
            ),
        },
    ),
}
