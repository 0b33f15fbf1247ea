"""The course in one language as a PDF to print: python -m book.pdf LANGUAGE FILE.pdf [--solutions]

Chromium prints the built site, all pages of a language as one document: page numbers run on, links
lead from page to page, and the headings are the outline. Needs Chromium and
`pip install -e ".[pdf]"`.
"""

import argparse
import html
import io
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from bs4 import BeautifulSoup, Tag

from book._site.execution import ROOT
from book._site.languages import LANGUAGES
from book.one_file import NotReady, report, require_place
from recsys_helpers.files import written_whole

SITE = ROOT / "_build" / "html"
STYLE = Path(__file__).with_suffix(".css")
ADDRESS = "http://course.invalid"  # the site, for this one browser: no network is asked
OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
]
REFERRING = ("aria-labelledby", "aria-describedby", "for")
# What only a screen has a use for; the answers, which a reader without them must not find; what is
# folded and stays so: tables that are pages long, and the options of a quiz, which are its text.
NOT_PRINTED = "script, iframe, .headerlink, .page-notebooks, .sd-summary-state-marker"
ANSWERED = 'section:is([id$="-predict"], [id$="-bug"], [id*="-exercise"])'
ANSWERS = f".solution, {ANSWERED} details"
LONG = "details:has([role=region])"
QUIZ = 'section[id$="-quiz"] details'
FOOTER = (
    '<div style="font: 8pt sans-serif; width: 100%; margin: 0 16mm; display: flex; '
    'justify-content: space-between"><span>{title}</span><span class="pageNumber"></span></div>'
)


class Chapter(NamedTuple):
    """A page of the site: the name of its file, without .html, and its title."""

    name: str
    title: str


def main(arguments: list[str] | None = None) -> int:
    """Write the PDF, or say what it lacks and return 1."""
    parser = argparse.ArgumentParser(prog="python -m book.pdf", description=__doc__)
    parser.add_argument("language", choices=LANGUAGES)
    parser.add_argument("file", metavar="FILE.pdf", type=Path)
    parser.add_argument("--solutions", action="store_true", help="with hints and solutions, too")
    options = parser.parse_args(arguments)
    language, file, solutions = options.language, options.file, options.solutions
    require_place(parser, file, ".pdf")
    return report(file, lambda: f"{write_pdf(SITE, language, file, solutions)} pages")


def write_pdf(site: Path, language: str, file: Path, solutions: bool) -> int:
    """Print the pages of a language into a file; return the number of sheets' sides."""
    if not (site / language / "index.html").is_file():
        raise NotReady(f"{site / language} is not there: run `jupyter-book build .` first")
    with chromium_on(site) as page:
        document = compose(site / language, language, solutions)
        # Only the printed document tells on which page a chapter begins; its table of contents
        # takes as many lines with the numbers as without.
        numbers = page_numbers(printed(page, language, document))
        for entry in document.select(".contents [data-page]"):
            entry.string = str(numbers[entry["data-page"]])
        pdf = printed(page, language, document)
    with written_whole(file) as unfinished:
        unfinished.write_bytes(pdf)
    return len(opened(pdf).pages)


def compose(folder: Path, language: str, solutions: bool) -> BeautifulSoup:
    """All pages of an edition as one document, with the head of a page that has formulas."""
    chapters = chapters_of(folder)
    pages = {c.name: read(folder / f"{c.name}.html") for c in chapters}
    document = next((p for p in pages.values() if p.select_one(".math")), pages["index"])
    articles = [article(page, name, pages, solutions) for name, page in pages.items()]
    for script in document.select("script"):
        script.extract()
        if "mathjax" in f"{script.get('src', '')}{script.string or ''}".lower():
            document.head.append(script)
    document.head.append(tag(f"<style>{STYLE.read_text(encoding='utf-8')}</style>"))
    texts = LANGUAGES[language]
    document.title.string = texts["title"]
    document.html["data-theme"] = "light"
    document.body.clear()
    document.body.append(tag(cover(texts, chapters)))
    document.body.extend(articles)
    return document


def cover(texts: dict, chapters: list[Chapter]) -> str:
    """The title page, and the contents."""
    entries = "".join(
        f'<li><a href="#{name}">{html.escape(title)}</a><span data-page="{name}">0</span></li>'
        for name, title in chapters
    )
    title, sentence, footer = (html.escape(texts[k]) for k in ("title", "sentence", "footer"))
    return (
        f'<div><header class="cover"><p class="title">{title}</p><p>{sentence}</p>'
        f'<footer>{footer}</footer></header><ol class="contents">{entries}</ol></div>'
    )


def chapters_of(folder: Path) -> list[Chapter]:
    """The pages in the order of the site's own navigation."""
    links = read(folder / "index.html").select("nav.bd-links a")
    chapters = [Chapter("index", "")]
    for link in links:
        name = Path(unquote(urlsplit(link["href"]).path)).stem
        title = " ".join(link.get_text().split())
        if name in ("", "index"):  # the page itself
            chapters[0] = Chapter("index", title)
        else:
            chapters.append(Chapter(name, title))
    return chapters


def article(page: BeautifulSoup, name: str, pages: dict, solutions: bool) -> Tag:
    """The text of a page, ready to stand beside the other ones."""
    text = page.select_one("article.bd-article").extract()
    for needless in text.select(NOT_PRINTED if solutions else f"{NOT_PRINTED}, {ANSWERS}"):
        needless.extract()
    dropdowns = f"details.sd-dropdown:not({LONG if solutions else f'{LONG}, {QUIZ}'})"
    for folded in text.select(f"{dropdowns}, {ANSWERED} details.hide"):
        folded["open"] = ""
    for element in text.select("[id]"):
        element["id"] = anchor(name, element["id"])
    for attribute in REFERRING:
        for element in text.select(f"[{attribute}]"):
            ids = element[attribute].split()
            element[attribute] = " ".join(anchor(name, element_id) for element_id in ids)
    for image in text.select("img[loading]"):
        image["loading"] = "eager"
    for link in text.select("a[href]"):
        lead_within(link, name, pages)
    text["id"] = name
    return text


def lead_within(link: Tag, name: str, pages: dict) -> None:
    """Let a link to a page of the course lead there; to a file beside the pages, be plain text."""
    target = urlsplit(link["href"])
    if target.scheme or target.netloc:
        return
    page = Path(unquote(target.path)).stem if target.path else name
    if page not in pages or "/" in target.path:
        link.unwrap()
    else:
        link["href"] = f"#{anchor(page, target.fragment) if target.fragment else page}"


def anchor(page: str, element_id: str) -> str:
    return f"{page}--{unquote(element_id)}"


def read(file: Path) -> BeautifulSoup:
    return BeautifulSoup(file.read_text(encoding="utf-8"), "html.parser")


def tag(text: str) -> Tag:
    return BeautifulSoup(text, "html.parser").contents[0]


@contextmanager
def chromium_on(site: Path) -> Iterator:
    """A page of a browser that finds the files of the site at ADDRESS, and nothing else."""
    try:
        import pypdf  # noqa: F401  (needed below; said here, before a minute of work)
        from playwright.sync_api import sync_playwright
    except ImportError as missing:
        raise NotReady(f'{missing.name} is missing: pip install -e ".[pdf]"') from missing
    with sync_playwright() as playwright:
        browser = launch(playwright)
        page = browser.new_page()
        page.route("**/*", lambda route: fulfil(route, site))
        yield page
        browser.close()


def launch(playwright):
    """Start the Chromium of this machine, else the one that Playwright has installed."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if not chromium and not Path(playwright.chromium.executable_path).exists():
        raise NotReady("Chromium is missing: install it, or run `playwright install chromium`")
    return playwright.chromium.launch(executable_path=chromium, args=OPTIONS)


def fulfil(route, site: Path) -> None:
    file = site / unquote(urlsplit(route.request.url).path).lstrip("/")
    if route.request.url.startswith(ADDRESS) and file.is_file():
        route.fulfill(path=file)
    else:
        route.abort()


def printed(page, language: str, document: BeautifulSoup) -> bytes:
    address = f"{ADDRESS}/{language}/whole.html"
    page.unroute(address)
    body = str(document)
    kind = "text/html; charset=utf-8"
    page.route(address, lambda route: route.fulfill(body=body, content_type=kind))
    page.goto(address, timeout=300_000)
    page.evaluate("() => window.MathJax?.startup?.promise")
    page.evaluate("Promise.all([...document.images].map((image) => image.decode()))")
    return page.pdf(
        format="A4",
        prefer_css_page_size=True,
        print_background=True,
        display_header_footer=True,
        header_template="<span></span>",
        footer_template=FOOTER.format(title=html.escape(document.title.string)),
        outline=True,
        tagged=True,
    )


def page_numbers(pdf: bytes) -> dict[str, int]:
    """On which page, from 1, each link of the contents arrives."""
    reader = opened(pdf)
    return {
        name.lstrip("/"): reader.get_destination_page_number(destination) + 1
        for name, destination in reader.named_destinations.items()
    }


def opened(pdf: bytes):
    from pypdf import PdfReader

    return PdfReader(io.BytesIO(pdf))


if __name__ == "__main__":
    sys.exit(main())
