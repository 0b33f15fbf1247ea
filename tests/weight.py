"""What the pages of the built site weigh on their way to a reader.

    PYTHONPATH=. python tests/weight.py [SITE]

The site is served on this machine as GitHub Pages does it, texts compressed and everything kept by
the browser for ten minutes. Every byte of an answer counts, headers too. A page is weighed twice:
when it is opened, and when it was read to its end, which also loads the figures further down.
"""

import gzip
import io
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from built_site import CHAPTERS, SITE, QuietHandler, chromium, served

from book._site.languages import LANGUAGES

COMPRESSED = (".html", ".css", ".js", ".svg", ".json", ".txt", ".xml")
STEP = 1000  # pixels: a reader's window
# Of a figure that there is twice, Chromium loads the smaller one.
LOADED = re.compile(r'(?:<source srcset|(?<!"image/avif">)<img [^>]*src)="(_images/[^"]+)"')


class Weight(NamedTuple):
    """Kilobytes (of 1000 bytes) that had to be transferred."""

    opened: float
    read: float


class Reader:
    """A visitor with an empty cache, and the server that counts what it sends to this visitor."""

    def __init__(self, page, address: str, language: str, answers: list[int]) -> None:
        self.page, self.folder, self.answers = page, f"{address}/{language}", answers

    def weigh(self, name: str) -> Weight:
        """Open a page and read it to its end."""
        self.answers.clear()
        self.page.goto(f"{self.folder}/{name}.html")
        self.page.evaluate("window.MathJax?.startup?.promise")
        self.settle()
        opened = sum(self.answers)
        self.read_to_the_end()
        return Weight(opened / 1000, sum(self.answers) / 1000)

    def read_to_the_end(self) -> None:
        height = self.page.evaluate("document.documentElement.scrollHeight")
        for top in range(0, height + STEP, STEP):
            self.page.evaluate("(top) => scrollTo({ top, behavior: 'instant' })", top)
            self.page.wait_for_timeout(50)  # the browser has to notice what has come near
        self.settle()

    def settle(self) -> None:
        """Wait until nothing more has been asked for in half a second."""
        n_answers = -1
        while n_answers != len(self.answers):
            n_answers = len(self.answers)
            self.page.wait_for_timeout(500)


@contextmanager
def reader(browser, language: str, site: Path = SITE) -> Iterator[Reader]:
    answers = []

    class Handler(QuietHandler):
        """Answers as GitHub Pages does, and notes the length of each answer."""

        protocol_version = "HTTP/1.1"

        def handle(self):
            with suppress(ConnectionResetError):  # a visitor who leaves closes what is kept open
                super().handle()

        def send_head(self):
            file = Path(self.translate_path(self.path))
            if not file.is_file():
                return super().send_head()
            is_text = file.suffix in COMPRESSED
            content = gzipped(file) if is_text else file.read_bytes()
            self.send_response(200)
            self.send_header("Content-Type", self.guess_type(file))
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Cache-Control", "max-age=600")
            self.send_header("Last-Modified", self.date_time_string(file.stat().st_mtime))
            if is_text:
                self.send_header("Content-Encoding", "gzip")
                self.send_header("Vary", "Accept-Encoding")
            answers.append(len(content) + sum(map(len, self._headers_buffer)))
            self.end_headers()
            return io.BytesIO(content)

    with served(Handler, site) as address:
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        yield Reader(context.new_page(), address, language, answers)
        context.close()


@cache
def gzipped(file: Path) -> bytes:
    return gzip.compress(file.read_bytes(), 6)


def own_weight(page: Path) -> int:
    """What a page brings that no other one does: its text and its figures."""
    images = set(LOADED.findall(page.read_text(encoding="utf-8")))
    return len(gzipped(page)) + sum((page.parent / image).stat().st_size for image in images)


def weigh_pair(browser, language: str, first: str, following: str, site: Path = SITE):
    """A page on a first visit, and the one that is read after it."""
    with reader(browser, language, site) as visitor:
        return visitor.weigh(first), visitor.weigh(following)


def table(browser, site: Path) -> Iterator[str]:
    """The lines of a table: each chapter on a first visit, and after the page before it."""
    yield "| page | first visit: opened | read | next page: opened | read |"
    yield "|---|---:|---:|---:|---:|"
    for language in LANGUAGES:
        following = Weight(0, 0)
        for page, next_page in pairwise(["index", *CHAPTERS, "results"]):
            first, after_it = weigh_pair(browser, language, page, next_page, site)
            numbers = " | ".join(f"{kilobytes:.0f}" for kilobytes in (*first, *following))
            yield f"| {language}/{page} | {numbers} |"
            following = after_it


if __name__ == "__main__":
    with chromium() as browser:
        for line in table(browser, Path(sys.argv[1]).resolve() if sys.argv[1:] else SITE):
            print(line, flush=True)
