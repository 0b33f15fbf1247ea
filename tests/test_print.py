"""A page on paper: what is folded stays away, or is there, as the reader asks."""

import pytest
from visitor import reader

from book._site.languages import LANGUAGES

CHAPTER = "00_ratings.html"
ANSWERS = ("solutions", "hints", "answers", "cells", "verdicts")
# What is on the paper, while the browser prints; a real dialogue would wait for somebody.
RECORD = """() => {
  window.print = () => {
    window.dispatchEvent(new Event("beforeprint"));
    const isVisible = (element) => element.checkVisibility({ visibilityProperty: true });
    const seen = (selector) => [...document.querySelectorAll(selector)].filter(isVisible).length;
    window.onPaper = {
      theme: document.documentElement.dataset.theme,
      lazy: document.querySelectorAll("img[loading=lazy]").length,
      solutions: seen("article .solution pre"),
      hints: seen("article section[id*=-exercise] details"),
      answers: seen("article details.sd-dropdown:not(section[id$=-quiz] *) .sd-summary-content p"),
      options: seen("article section[id$=-quiz] summary"),
      cells: seen("article section[id$=-bug] details.hide pre"),
      verdicts: seen("article section[id$=-quiz] .sd-summary-content p"),
      screenOnly: seen("header, nav, .headerlink, .copybtn, .bd-sidebar-primary, footer"),
      text: seen("article p"),
    };
    window.dispatchEvent(new Event("afterprint"));
  };
}"""
COUNTS = """() => ({
  solutions: document.querySelectorAll("article .solution pre").length,
  options: document.querySelectorAll("article section[id$=-quiz] summary").length,
  folded: document.querySelectorAll("article details:not([open])").length,
  toggled: document.querySelectorAll("article .toggle-hidden").length,
  theme: document.documentElement.dataset.theme,
})"""


SIDEBAR = 'seen("#mf-speed details.sd-dropdown p")'


def print_with(page, command):
    """Choose a command of the menu; return what came onto the paper."""
    page.evaluate(RECORD)
    page.click(".dropdown-download-buttons > button")
    page.emulate_media(media="print")
    page.evaluate(f"document.querySelector('.btn-{command}').click()")
    page.wait_for_function("window.onPaper")
    page.emulate_media(media="screen")
    return page.evaluate("window.onPaper")


@pytest.fixture(params=LANGUAGES)
def chapter(browser, site, request):
    with reader(browser, color_scheme="dark") as page:
        page.goto(f"{site}/{request.param}/{CHAPTER}")
        page.wait_for_load_state("networkidle")
        yield page


def test_a_page_is_printed_without_what_is_folded(chapter):
    before = chapter.evaluate(COUNTS)
    paper = print_with(chapter, "print")
    assert before["solutions"] > 0
    assert {paper[kind] for kind in ANSWERS} == {0}
    assert paper["options"] == before["options"] > 0, "a quiz without its options is no quiz"
    assert paper["text"] > 50


def test_a_page_is_printed_with_the_solutions_and_folded_again(chapter):
    before = chapter.evaluate(COUNTS)
    paper = print_with(chapter, "print-solutions")
    assert paper["solutions"] == before["solutions"]
    assert min(paper[kind] for kind in ANSWERS) > 0
    assert chapter.evaluate(COUNTS) == before


def test_paper_is_light_and_has_no_use_for_the_screen(chapter):
    before = chapter.evaluate(COUNTS)
    assert before["theme"] == "dark"
    paper = print_with(chapter, "print")
    assert paper["theme"] == "light"
    assert paper["lazy"] == paper["screenOnly"] == 0
    assert chapter.evaluate(COUNTS)["theme"] == "dark"


def test_what_the_reader_has_unfolded_is_printed_by_the_browser_too(browser, site):
    with reader(browser) as page:
        page.goto(f"{site}/en/{CHAPTER}")
        page.wait_for_load_state("networkidle")
        page.click("article .solution .toggle-button >> nth=0")
        page.evaluate(RECORD)
        page.emulate_media(media="print")
        page.evaluate("window.print()")
        assert page.evaluate("window.onPaper.solutions") > 0


def test_a_sidebar_is_part_of_the_lesson(browser, site):
    with reader(browser) as page:
        page.goto(f"{site}/en/02_mf.html")
        page.wait_for_load_state("networkidle")
        sidebar = page.locator("#mf-speed details.sd-dropdown p")
        assert sidebar.count() > 0
        assert not sidebar.first.is_visible()
        page.evaluate(
            RECORD.replace("window.onPaper = {", f"window.onPaper = {{ sidebar: {SIDEBAR},")
        )
        page.emulate_media(media="print")
        page.evaluate("window.print()")
        assert page.evaluate("window.onPaper.sidebar") > 0
        assert not sidebar.first.is_visible()


def test_a_page_without_solutions_offers_no_choice(browser, site):
    with reader(browser) as page:
        page.goto(f"{site}/en/glossary.html")
        assert page.locator(".btn-print").count() == 1
        assert page.locator(".btn-print-solutions").count() == 0
