"""The built site (`jupyter-book build .`): where it is, its pages, and a browser to look at it.

A test that needs a browser is skipped where Playwright, Chromium or the built site is missing; with
REQUIRE_BROWSER=1 that is a failure.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from book.one_file import NotReady
from book.pdf import launch

ROOT = Path(__file__).resolve().parents[1]
SITE = ROOT / "_build" / "html"
CHAPTERS = sorted(file.stem for file in (ROOT / "book" / "en").glob("[0-9]*.md"))


def pages(language: str) -> list[Path]:
    return sorted((SITE / language).glob("*.html"))


def unavailable(reason: str) -> None:
    if os.environ.get("REQUIRE_BROWSER") == "1":
        pytest.fail(f"REQUIRE_BROWSER=1, but {reason}")
    pytest.skip(reason)


def require_site() -> None:
    if not (SITE / "index.html").exists():
        unavailable("there is no built site: run `jupyter-book build .` first")


@contextmanager
def chromium() -> Iterator:
    """A headless Chromium, the one that is installed."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        unavailable("playwright is not installed: pip install playwright")
    with sync_playwright() as playwright:
        try:
            browser = launch(playwright)
        except NotReady as missing:
            unavailable(str(missing))
        yield browser
        browser.close()


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@contextmanager
def served(handler: type = QuietHandler, folder: Path = SITE) -> Iterator[str]:
    """The address at which this machine serves a folder."""
    handler = partial(handler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
