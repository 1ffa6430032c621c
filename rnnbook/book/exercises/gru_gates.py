"""Exercises of `chapters/*/gru-gates`."""

from rnnbook.book.exercises.checker import Exercise

# How far a counter with a small step counts: up n and down n, off by less than half a step.


def _limit_case(rng):
    return (float(10 ** rng.uniform(-6, -1)),)


def _limit(step):
    return (3 / step**2) ** 0.25


def _limit_on_the_way_up(step):
    return (6 / step**2) ** 0.25


def _limit_without_the_third(step):
    return (1 / step**2) ** 0.25


def _limit_in_units_of_the_state(step):
    return (3 / step**3) ** 0.25


EXERCISES = {
    "gru-count-limit": Exercise(
        case=_limit_case,
        solution=_limit,
        outputs=("n",),
        mistakes={
            "On the way down the state is pulled towards zero, too: count both ways.": (
                _limit_on_the_way_up
            ),
            "tanh(a) is about a - a**3 / 3: the third is missing.": _limit_without_the_third,
            "The loss counts in steps: divide the loss of the state by the step once more.": (
                _limit_in_units_of_the_state
            ),
        },
    ),
}
