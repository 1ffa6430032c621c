"""The notebooks that nbval is to run, the longest first, so that none is still running alone.

python scripts/nbval_paths.py               all of them
python scripts/nbval_paths.py --changed     those that differ from the main branch
"""

import subprocess
import sys

import notebooks


def git(*arguments):
    """What git prints, line by line; nothing where it fails."""
    command = ["git", "-C", notebooks.ROOT, *arguments]
    return subprocess.run(command, capture_output=True, text=True).stdout.splitlines()


def changed():
    """The notebooks that differ from where this branch left main, uncommitted ones included."""
    bases = (git("merge-base", "HEAD", name) for name in ("main", "origin/main", "HEAD"))
    base = next((lines[0] for lines in bases if lines), None)
    if base is None:
        raise SystemExit("What has changed is known only in a clone of the repository, with git.")
    names = git("diff", "--name-only", "--relative", base, "--", "chapters")
    names += git("ls-files", "--others", "--exclude-standard", "--", "chapters")
    return {notebooks.ROOT / name for name in names}


def longest_first(paths):
    """Sorted by the seconds that their last execution took; one never executed comes first."""

    def seconds(path):
        return notebooks.read(path).metadata.get("rnnbook", {}).get("seconds", float("inf"))

    return sorted(paths, key=seconds, reverse=True)


def main():
    wanted = notebooks.paths()
    if "--changed" in sys.argv[1:]:
        names = changed()
        wanted = [path for path in wanted if path in names]
    for path in longest_first(wanted):
        print(path.relative_to(notebooks.ROOT))


if __name__ == "__main__":
    main()
