"""What importing loads, and what it must not load."""

import subprocess
import sys

import pytest


def python(code):
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.mark.parametrize(
    "module, absent",
    [
        ("rnnbook", ["torch", "tensorflow", "keras", "matplotlib", "pandas"]),
        ("rnnbook.numpy.stack", ["torch", "tensorflow", "keras", "matplotlib", "pandas"]),
        ("rnnbook.convert", ["torch", "tensorflow", "keras"]),
        ("rnnbook.gradcheck", ["torch", "tensorflow", "keras"]),
        ("rnnbook.torch", ["tensorflow", "keras"]),
        ("rnnbook.tensorflow", ["torch"]),
    ],
)
def test_what_is_not_loaded(module, absent):
    loaded = python(f"import sys, {module}; print(*sys.modules)").split()
    assert "numpy" in loaded or module == "rnnbook"
    assert not set(absent) & set(loaded)


def test_import_loads_nothing_but_numpy_and_the_package():
    code = (
        "import sys, numpy; before = set(sys.modules);"
        "import rnnbook.numpy.rnn, rnnbook.numpy.lstm, rnnbook.numpy.gru, rnnbook.numpy.stack;"
        "print(*(set(sys.modules) - before))"
    )
    added = {name.split(".")[0] for name in python(code).split()}
    added = {name for name in added if "cython" not in name}  # NumPy's own random numbers
    assert added - set(sys.stdlib_module_names) <= {"rnnbook", "numpy"}
