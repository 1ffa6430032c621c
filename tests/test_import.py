"""What importing costs, and what it must not load."""

import subprocess
import sys

import pytest


def python(code):
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120
    )
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


def test_import_adds_at_most_50_ms_to_numpy():
    code = (
        "import time, numpy; start = time.perf_counter();"
        "import rnnbook.numpy.rnn, rnnbook.numpy.lstm, rnnbook.numpy.gru, rnnbook.numpy.stack;"
        "print(time.perf_counter() - start)"
    )
    assert min(float(python(code)) for _ in range(5)) < 0.05
