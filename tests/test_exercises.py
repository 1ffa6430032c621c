import numpy as np
import pytest

from rnnbook.book.exercises import EXERCISES, check


@pytest.mark.parametrize("name", EXERCISES)
def test_the_solution_passes(name, capsys):
    check(name, EXERCISES[name].solution)
    assert capsys.readouterr().out == f"{name}: correct on 5 random cases\n"


def raising(*arguments):
    raise NotImplementedError


@pytest.mark.parametrize("name", EXERCISES)
@pytest.mark.parametrize("stub", [lambda *a: None, lambda *a: ..., raising])
def test_a_stub_does_not_pass(name, stub, capsys):
    check(name, stub)
    assert capsys.readouterr().out == f"{name}: not attempted\n"


@pytest.mark.parametrize(
    "name, message", [(n, m) for n, exercise in EXERCISES.items() for m in exercise.mistakes]
)
def test_a_typical_mistake_is_named(name, message, capsys):
    check(name, EXERCISES[name].mistakes[message])
    assert capsys.readouterr().out.rstrip().endswith(message)


def test_every_exercise_knows_two_mistakes():
    assert all(len(exercise.mistakes) >= 2 for exercise in EXERCISES.values())


def test_shapes_counts_and_places(capsys):
    check("windows", lambda series, T, H: np.zeros((3, T)))
    assert "it returns 3 values; expected 2: ('X', 'Y')" in capsys.readouterr().out
    check("gru-step", lambda *a: np.zeros((4, 2)))
    assert "h has shape (4, 2); expected (4, 3)." in capsys.readouterr().out
    check("gru-step", lambda *a: np.full((4, 3), np.nan))
    assert "h is wrong. At [0, 0] it is nan; expected" in capsys.readouterr().out


@pytest.mark.parametrize(
    "name, answer, message",
    [
        ("windows", lambda *a: 3.0, "it returns 1 value; expected 2: ('X', 'Y')"),
        ("sgd-momentum", lambda *a: {"p": 1}, "it returns 1 value; expected 2: ('p', 'v')"),
        ("sgd-momentum", lambda *a: (None, None), "p is not made of real numbers (NoneType)"),
        ("skill", lambda *a: "0.3", "skill is not made of real numbers (str)"),
        ("skill", lambda a, b: 1 - a / b + 0j, "skill is not made of real numbers"),
        ("windows", lambda *a: ([[1], [1, 2]], [1]), "X is not made of real numbers (list)"),
    ],
)
def test_answers_of_the_wrong_kind_are_explained(name, answer, message, capsys):
    check(name, answer)
    assert message in capsys.readouterr().out


def test_unknown_names_and_answers():
    with pytest.raises(ValueError, match=r"name is 'gru-stop'; expected .* 'gru-step'"):
        check("gru-stop", lambda: None)
    with pytest.raises(TypeError, match=r"answer is a int; expected a function"):
        check("skill", 3)
