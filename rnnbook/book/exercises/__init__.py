"""Exercises that check themselves.

`check(name, answer)` runs an answer on random cases beside a reference and says which output is
wrong, and how. Every exercise also knows its typical mistakes and names them. `checker` holds
the machinery; beside it stands one file for each notebook.
"""

import difflib
from collections.abc import Callable

from rnnbook.book.exercises import (
    article_project,
    backward,
    biology,
    classics,
    classification,
    deep_step,
    deeper,
    efficient,
    export,
    expressive,
    first_look,
    forward,
    frameworks,
    generalisation,
    generation,
    gpu,
    gradient_flow,
    gru,
    gru_gates,
    history,
    jobs,
    language_models,
    load_forecast,
    lstm,
    lstm_gates,
    masks,
    memory,
    memory_and_bits,
    padding,
    recurrence,
    recurrence_or_attention,
    segmentation,
    semantic_roles,
    serving,
    society,
    starts,
    stocks,
    text_generation,
    three_ways,
    traffic,
    training,
    translation,
    truncation,
    verses,
    video,
    waking,
    weather,
    weather_gaps,
    weather_sure,
    weather_windows,
    which_gru,
    worked_examples,
    writing,
)
from rnnbook.book.exercises.checker import CASES, Exercise, first_mistake

_NOTEBOOKS = (  # in the order of the book
    *(first_look, history, classics, recurrence, memory, waking),
    *(forward, backward, writing, training, starts, truncation),
    *(worked_examples, gradient_flow, lstm, lstm_gates, gru, which_gru, gru_gates),
    *(article_project, load_forecast, three_ways),
    *(language_models, text_generation, translation, verses),
    *(recurrence_or_attention, semantic_roles),
    *(classification, generation, segmentation, video),
    *(stocks, weather, weather_sure, weather_gaps, weather_windows, traffic),
    *(frameworks, padding, export, gpu, serving),
    *(deeper, deep_step, expressive, efficient, memory_and_bits),
    *(generalisation, masks, biology, society, jobs),
)
EXERCISES: dict[str, Exercise] = {
    name: entry for book in _NOTEBOOKS for name, entry in book.EXERCISES.items()
}


def check(name: str, answer: Callable) -> None:
    """Try `answer` on random cases and print whether it is right, or what is wrong with it.

    An untouched stub (it returns None or `...`, or raises NotImplementedError) prints "not
    attempted". Raises `ValueError` for an unknown name and `TypeError` for an answer that is
    not a function.

    >>> check("skill", lambda error, reference_error: 1 - error / reference_error)
    skill: correct on 5 random cases
    >>> check("skill", lambda error, reference_error: error / reference_error)
    skill: skill is wrong. This is the ratio of the errors: skill is what it falls short of 1 by.
    """
    exercise = _find(name)
    if not callable(answer):
        raise TypeError(f"answer is a {type(answer).__name__}; expected a function")
    message = first_mistake(exercise, answer)
    print(f"{name}: {message or f'correct on {CASES} random cases'}")


def _find(name):
    if name in EXERCISES:
        return EXERCISES[name]
    near = difflib.get_close_matches(str(name), EXERCISES, n=3, cutoff=0.3) or sorted(EXERCISES)
    raise ValueError(f"name is {name!r}; expected an exercise such as {', '.join(map(repr, near))}")
