"""Find a Chrome or Chromium for the page tests, or get one.

python scripts/browser.py     print its path; where there is none, say what to run and exit with 1

It looks at the variable CHROMIUM, then on the PATH, at macOS's applications and into the folder
`.browser`. Where it finds none it lets Playwright download one into that folder, and where that
fails it installs the system's package, if it may do so without asking for a password.
"""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".browser"  # what Playwright downloads for this project
NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "microsoft-edge",
)
APPLICATIONS = tuple(
    f"{name}.app/Contents/MacOS/{name}"
    for name in ("Google Chrome", "Chromium", "Microsoft Edge", "Google Chrome for Testing")
)
DOWNLOADED = ("chrome", "headless_shell", "chrome-headless-shell", "*.app/Contents/MacOS/*")
DOWNLOAD_LIMIT = 30  # seconds
INSTALL_LIMIT = 1800


class Missing(RuntimeError):
    """There is no browser, and none could be had; the message says what to run."""


def starts(path):
    """Whether a browser runs at all: some are stubs, some lack a library of the system."""
    try:
        result = subprocess.run([path, "--version"], capture_output=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return result.returncode == 0


def candidates():
    """The paths where a browser may be, the system's own before a downloaded one."""
    yield from filter(None, map(shutil.which, NAMES))
    for folder in (Path("/Applications"), Path.home() / "Applications"):
        yield from (str(folder / name) for name in APPLICATIONS if (folder / name).exists())
    yield from downloaded()


def downloaded():
    """The browsers that Playwright has completely downloaded into the project's folder."""
    for mark in sorted(FOLDER.glob("chromium*/INSTALLATION_COMPLETE")):
        for name in DOWNLOADED:
            yield from map(str, sorted(mark.parent.glob(f"chrome-*/{name}")))


def find():
    """The path of a browser that starts, or None. A wrong CHROMIUM raises `Missing`."""
    chosen = os.environ.get("CHROMIUM")
    if not chosen:
        return next(filter(starts, candidates()), None)
    path = shutil.which(chosen)
    if path and starts(path):
        return path
    raise Missing(f"CHROMIUM is {chosen!r}, which does not start: correct it, or unset it.")


def run(command, limit, **environment):
    """Run a command, with all that it starts, for so many seconds; return why it failed, or ''."""
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env={**os.environ, **environment},
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=limit)
    except BaseException as error:  # Ctrl+C, too, reaches only this process
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        if isinstance(error, subprocess.TimeoutExpired):
            return f"given up after {limit} s"
        raise
    return reason(output, process.returncode) if process.returncode else ""


def reason(output, status):
    """The line of a failed command's output that says why: its first error, or else its last."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith(("Error:", "E:"))]
    return (errors or lines[-1:] or [f"exit status {status}"])[0]


def say(text):
    """One line for the person who waits; standard output is for the path alone."""
    print(text, file=sys.stderr, flush=True)


def download():
    """Let Playwright download its own browser into the project's folder."""
    say(f"Downloading a browser into {FOLDER.name} ({DOWNLOAD_LIMIT} s at most) ...")
    FOLDER.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "playwright", "install", "--only-shell", "chromium"]
    failed = run(command, DOWNLOAD_LIMIT, PLAYWRIGHT_BROWSERS_PATH=str(FOLDER), TMPDIR=str(FOLDER))
    if failed:
        shutil.rmtree(FOLDER, ignore_errors=True)
        say(f"The download failed: {failed}")


def as_root():
    """What to put before a command that needs root, or None where a password would be needed."""
    if os.geteuid() == 0:
        return []
    sudo = ["sudo", "-n"]
    if os.environ.get("CI") and shutil.which("sudo") and not run([*sudo, "true"], 10):
        return sudo
    return None


def install():
    """Install the system's package, where that is possible without asking for a password."""
    root = as_root() if shutil.which("apt-get") else None
    if root is None:
        return
    say("Installing the system's package chromium with apt-get (a minute or two) ...")
    command = [*root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq"]
    command += ["-o", "DPkg::Lock::Timeout=300"]  # another apt-get may be at work
    failed = run([*command, "update"], INSTALL_LIMIT)
    failed = run([*command, "install", "-y", "chromium"], INSTALL_LIMIT) or failed
    if failed:
        say(f"apt-get failed: {failed}")


def advice():
    """What to do where there is no browser and none could be had."""
    command = f"PLAYWRIGHT_BROWSERS_PATH={FOLDER} {sys.executable} -m playwright install chromium"
    if shutil.which("apt-get"):
        command = (
            "apt-get install chromium" if os.geteuid() == 0 else "sudo apt-get install chromium"
        )
    return (
        f"The page tests need Chrome or Chromium, and there is none. Run: {command}\n"
        "Or set CHROMIUM to the path of one."
    )


def get():
    """The path of a browser, found, downloaded or installed; raises `Missing` if all fails."""
    path = find()
    for way in (download, install):
        if path is None:
            way()
            path = find()
    if path is None:
        raise Missing(advice())
    return path


def main():
    try:
        print(get())
    except Missing as error:
        say(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
