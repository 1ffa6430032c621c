"""Exercises of `chapters/*/article-project`."""

from rnnbook.book.exercises.checker import Exercise


def _weights_case(rng):
    D, H = rng.integers(1, 5, 2)
    return int(D), int(H)


EXERCISES = {
    "rnn-parameters": Exercise(
        case=_weights_case,
        solution=lambda D, H: D * H + H * H + H,
        outputs=("the number of parameters",),
        mistakes={
            "You left out the recurrent weights, H x H.": lambda D, H: D * H + H,
            "You left out the bias, one for each unit.": lambda D, H: D * H + H * H,
        },
    ),
}
