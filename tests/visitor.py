"""A visitor of the site, in a browser: a page that met no error, typeset, on a phone or not."""

from collections.abc import Iterator
from contextlib import contextmanager

PHONE = {"viewport": {"width": 390, "height": 700}, "has_touch": True, "is_mobile": True}


@contextmanager
def reader(browser, own: str = "http://127.0.0.1", **options) -> Iterator:
    """A fresh visitor's page; afterwards it must have met no error and asked no other host."""
    context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
    page, problems = context.new_page(), []
    page.on("console", lambda m: m.type == "error" and problems.append(f"console: {m.text}"))
    page.on("pageerror", lambda error: problems.append(f"error: {error}"))
    page.on("request", lambda r: r.url.startswith((own, "data:")) or problems.append(r.url))
    page.on("response", lambda r: r.status < 400 or problems.append(f"{r.status}: {r.url}"))
    yield page
    context.close()
    assert problems == []


def open_typeset(page, address: str) -> None:
    """Open a page and wait until its formulas are drawn."""
    page.goto(address)
    page.wait_for_load_state("networkidle" if address.startswith("http") else "load")
    page.wait_for_function(
        "window.MathJax?.startup?.promise ? true : !document.querySelector('.math')"
    )
    page.evaluate("window.MathJax?.startup?.promise")


def overflow(page) -> int:
    """Pixels by which the page is wider than the window."""
    return page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
