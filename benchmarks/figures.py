"""How long a figure of the pages takes to answer, in a browser, at its largest setting.

    python benchmarks/figures.py    # a minute; prints milliseconds and fails above LIMIT

A move is a change of every setting, the answer, the drawing and the layout, all at once, as
`set` and `now` of interactive/frame/base.js do it. The time is the processor's for the page's
main thread. Other work on the machine still makes some moves slower: what counts is the time that a
quarter of the moves stay below. No claim reads these times.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path += [str(ROOT / "scripts"), str(ROOT / "_ext")]
import browser as browsers
import live_figures
import stills

LIMIT = 50  # milliseconds: what a reader takes for at once
MOVES = 30
MOVE = """async ([name, settings]) => {
  const figure = document.querySelector(name);
  await figure.set(settings);
  figure.now();
  figure.getBoundingClientRect();
}"""


def moves(page, name, folder):
    """Milliseconds of some moves of one figure."""
    maker, rng = live_figures.maker(name), np.random.default_rng(0)
    page.goto(stills.trial_page(name, folder).as_uri())
    element = live_figures.element(name)
    page.evaluate("(name) => document.querySelector(name).come()", element)
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    clock = [thread_time(session)]
    for _ in range(MOVES):
        page.evaluate(MOVE, [element, maker.random_settings(rng) | maker.LARGEST])
        clock.append(thread_time(session))
    return np.diff(clock)


def thread_time(session):
    """Milliseconds that the page's main thread has worked."""
    metrics = {m["name"]: m["value"] for m in session.send("Performance.getMetrics")["metrics"]}
    return 1000 * metrics["ThreadTime"]


def main():
    slow = []
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        program = playwright.chromium.launch(executable_path=browsers.get(), args=["--no-sandbox"])
        page = program.new_page()
        for name in sys.argv[1:] or live_figures.names():
            quarter, half, most = np.quantile(moves(page, name, folder), [0.25, 0.5, 1])
            print(f"{name:16} {quarter:5.1f} ms, median {half:5.1f} ms, slowest {most:5.1f} ms")
            slow += [name] if quarter > LIMIT else []
    if slow:
        sys.exit(f"More than {LIMIT} ms: {', '.join(slow)}")


if __name__ == "__main__":
    main()
