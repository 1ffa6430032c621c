"""The browser of the page tests: where it is looked for, and what happens where there is none."""

import os
import sys
import time

import browser as browsers
import pytest


@pytest.fixture(autouse=True)
def bare(tmp_path, monkeypatch):
    """A machine without any browser, whose user is not root, and that downloads nothing."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setattr(browsers, "FOLDER", tmp_path / ".browser")
    monkeypatch.setattr(browsers, "APPLICATIONS", ())
    monkeypatch.setattr(os, "geteuid", lambda: 1000)


@pytest.fixture
def commands(monkeypatch):
    """The commands that would have run; each one fails."""
    seen = []

    def run(command, limit, **environment):
        seen.append(" ".join(command))
        return "no network"

    monkeypatch.setattr(browsers, "run", run)
    return seen


def program(path, status=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\nexit {status}\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize("name", browsers.NAMES)
def test_it_is_found_on_the_path(name, tmp_path):
    path = program(tmp_path / "bin" / name)
    assert browsers.find() == browsers.get() == path


def test_it_is_found_among_the_applications_of_macos(tmp_path, monkeypatch):
    monkeypatch.setattr(browsers.Path, "home", lambda: tmp_path)
    monkeypatch.setattr(browsers, "APPLICATIONS", ("Chromium.app/Contents/MacOS/Chromium",))
    path = program(tmp_path / "Applications" / browsers.APPLICATIONS[0])
    assert browsers.find() == path


@pytest.mark.parametrize(
    "name",
    [
        "chromium-1/chrome-linux64/chrome",
        "chromium_headless_shell-1/chrome-linux/headless_shell",
        "chromium_headless_shell-1/chrome-headless-shell-linux64/chrome-headless-shell",
        "chromium-1/chrome-mac-arm64/Google Chrome for Testing.app/Contents/MacOS/Google Chrome",
    ],
)
def test_it_is_found_where_playwright_put_it_completely(name, tmp_path):
    path = program(tmp_path / ".browser" / name)
    assert browsers.find() is None
    (tmp_path / ".browser" / name.split("/")[0] / "INSTALLATION_COMPLETE").touch()
    assert browsers.find() == path


def test_one_that_does_not_start_is_passed_over(tmp_path):
    program(tmp_path / "bin" / "chromium", status=10)
    path = program(tmp_path / "bin" / "microsoft-edge")
    assert browsers.find() == path


def test_the_readers_choice_comes_first(tmp_path, monkeypatch):
    program(tmp_path / "bin" / "chromium")
    path = program(tmp_path / "mine")
    monkeypatch.setenv("CHROMIUM", path)
    assert browsers.find() == path


def test_a_wrong_choice_is_named(tmp_path, monkeypatch, capsys):
    program(tmp_path / "bin" / "chromium")
    monkeypatch.setenv("CHROMIUM", "/nowhere/chrome")
    assert browsers.main() == 1
    assert "CHROMIUM is '/nowhere/chrome', which does not start" in capsys.readouterr().err


def test_a_download_is_tried_and_swept_away_when_it_fails(tmp_path, commands, capsys):
    assert browsers.main() == 1
    [command] = commands
    assert command.endswith("-m playwright install --only-shell chromium")
    assert not (tmp_path / ".browser").exists()
    out, err = capsys.readouterr()
    assert not out
    assert "(30 s at most)" in err and "The download failed: no network" in err
    assert f"Run: PLAYWRIGHT_BROWSERS_PATH={tmp_path / '.browser'} {sys.executable}" in err


def test_a_download_that_works_is_used(tmp_path, monkeypatch, capsys):
    folder = tmp_path / ".browser" / "chromium_headless_shell-1"

    def run(command, limit, **environment):
        assert environment["PLAYWRIGHT_BROWSERS_PATH"] == str(tmp_path / ".browser")
        program(folder / "chrome-linux" / "headless_shell")
        (folder / "INSTALLATION_COMPLETE").touch()
        return ""

    monkeypatch.setattr(browsers, "run", run)
    assert browsers.main() == 0
    assert capsys.readouterr().out == f"{folder}/chrome-linux/headless_shell\n"


@pytest.mark.parametrize("uid, name", [(1000, "sudo apt-get"), (0, "apt-get")])
def test_the_message_names_the_package(uid, name, tmp_path, monkeypatch, commands, capsys):
    program(tmp_path / "bin" / "apt-get")
    monkeypatch.setattr(os, "geteuid", lambda: uid)
    assert browsers.main() == 1
    assert f"Run: {name} install chromium\n" in capsys.readouterr().err


def test_a_user_without_root_installs_nothing(tmp_path, commands):
    program(tmp_path / "bin" / "apt-get")
    program(tmp_path / "bin" / "sudo")
    browsers.install()
    assert not commands


def test_root_installs_the_package(tmp_path, monkeypatch, commands, capsys):
    program(tmp_path / "bin" / "apt-get")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    browsers.install()
    update, install = commands
    assert update.startswith("env DEBIAN_FRONTEND=noninteractive apt-get")
    assert update.endswith("update") and install.endswith("install -y chromium")
    assert capsys.readouterr().err.startswith("Installing the system's package chromium")


@pytest.mark.parametrize("failed, root", [("", ["sudo", "-n"]), ("a password is required", None)])
def test_ci_uses_sudo_only_where_it_asks_for_no_password(failed, root, tmp_path, monkeypatch):
    program(tmp_path / "bin" / "sudo")
    monkeypatch.setenv("CI", "true")
    monkeypatch.setattr(browsers, "run", lambda command, limit: failed)
    assert browsers.as_root() == root


def test_a_command_says_why_it_failed():
    assert browsers.run(["/bin/sh", "-c", "exit 0"], 60) == ""
    assert browsers.run(["/bin/sh", "-c", "exit 3"], 60) == "exit status 3"
    text = "echo Error: no host; echo '  at a line'; exit 1"
    assert browsers.run(["/bin/sh", "-c", text], 60) == "Error: no host"
    assert browsers.run(["/bin/sh", "-c", "echo first; echo last; exit 1"], 60) == "last"


def test_a_command_is_given_up_with_all_that_it_started(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    child = f"(sleep 1; touch {tmp_path / 'alive'}) & sleep 60"
    assert browsers.run(["/bin/sh", "-c", child], 0.2) == "given up after 0.2 s"
    time.sleep(1.5)
    assert not (tmp_path / "alive").exists()
