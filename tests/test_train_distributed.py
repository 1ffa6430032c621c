"""Two processes, each with half of every batch, train as one process with all of it."""

import os
import subprocess
import sys

import pytest
import torch

from rnnbook.torch import train_distributed

SETTINGS = ["--steps", "12", "--batch", "8", "--length", "10", "--hidden", "5"]


def run(tmp_path, processes):
    out = tmp_path / f"{processes}.pt"
    launch = ["torch.distributed.run", "--standalone", f"--nproc-per-node={processes}", "-m"]
    launch = launch if processes > 1 else []
    command = [sys.executable, "-m", *launch, "rnnbook.torch.train_distributed", "--out", str(out)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    subprocess.run([*command, *SETTINGS], check=True, env=environment)
    return torch.load(out)


def test_two_processes_find_the_gradient_of_one(tmp_path):
    one, two = run(tmp_path, 1), run(tmp_path, 2)
    assert (one["processes"], two["processes"]) == (1, 2)
    assert one["gradient"].abs().max() > 1e-3
    torch.testing.assert_close(two["gradient"], one["gradient"], rtol=0, atol=1e-12)
    torch.testing.assert_close(two["weights"], one["weights"], rtol=0, atol=1e-9)
    assert two["losses"] == pytest.approx(one["losses"], abs=1e-10)
    assert not list(tmp_path.glob("*.tmp"))


def test_it_learns_in_this_process(tmp_path, capsys):
    out = tmp_path / "result.pt"
    train_distributed.main(
        ["--out", str(out), "--steps", "150", "--length", "4", "--hidden", "16", "--rate", "0.02"]
    )
    losses = torch.load(out)["losses"]
    assert sum(losses[-20:]) < 0.3 * sum(losses[:20])
    assert "step 100: loss" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("gpus", "processes", "expected"),
    [(0, 2, "cpu"), (1, 2, "cpu"), (2, 2, "cuda"), (1, 1, "cuda")],
)
def test_the_processes_of_a_machine_take_the_same_kind_of_device(
    monkeypatch, gpus, processes, expected
):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
    for rank in range(processes):
        monkeypatch.setenv("LOCAL_RANK", str(rank))
        monkeypatch.setenv("LOCAL_WORLD_SIZE", str(processes))
        device = train_distributed.own_device()
        assert device.type == expected
        assert device.index == (rank if expected == "cuda" else None)


def test_shares_must_be_equal():
    with pytest.raises(ValueError, match="batch has 7 rows; expected a multiple of 2 processes"):
        train_distributed.share(torch.zeros(7, 3), 0, 2)


def test_a_whole_batch_is_the_sum_of_the_shares():
    batch = torch.arange(12)
    assert sorted(torch.cat([train_distributed.share(batch, r, 3) for r in range(3)]).tolist()) == (
        batch.tolist()
    )


@pytest.mark.parametrize(
    "options, message",
    [
        (["--out", "there.pt", "--steps", "0"], "--steps is 0; expected a positive whole number"),
        (["--out", "nowhere/there.pt"], "--out is nowhere/there.pt; its folder does not exist"),
    ],
)
def test_options_that_cannot_work_are_refused_before_training(options, message, capsys):
    with pytest.raises(SystemExit):
        train_distributed.main(options)
    assert message in capsys.readouterr().err
