"""Pages for readers who do not see them, do not point at them, or want them to keep still.

axe-core, which looks for what keeps people out, reads every page, each in one look per language;
with AXE_ALL=1 in every combination of colours and width, which takes four times as long.
"""

import os
from itertools import cycle, product

import pytest
from built_site import CHAPTERS, pages, unavailable
from visitor import PHONE, open_typeset, reader

from book._site.access import say_what_heads_are_of
from book._site.interface import LOCALE, read_words
from book._site.languages import LANGUAGES

each_language = pytest.mark.parametrize("language", LANGUAGES)
each_language_in_one_scheme = pytest.mark.parametrize(
    ("language", "scheme"), list(zip(LANGUAGES, cycle(("light", "dark"))))
)

WIDTHS = (1280, 390)
LOOKS = list(product(("light", "dark"), WIDTHS))


# Heads of tables


@pytest.mark.parametrize(
    ("part", "rows", "mended"),
    [
        ("thead", "<th>a</th>", '<th scope="col">a</th>'),
        ("thead", '<th class="head">a</th>', '<th scope="col" class="head">a</th>'),
        ("thead", '<th colspan="2">a</th>', '<th scope="colgroup" colspan="2">a</th>'),
        ("thead", "<th></th>", "<td></td>"),
        ("tbody", "<th>a</th><td>b</td>", '<th scope="row">a</th><td>b</td>'),
        ("tbody", '<th rowspan="3">a</th>', '<th scope="rowgroup" rowspan="3">a</th>'),
        ("tbody", '<th rowspan="10">a</th>', '<th scope="rowgroup" rowspan="10">a</th>'),
        ("thead", '<th colspan="1">a</th>', '<th scope="col" colspan="1">a</th>'),
        ("tbody", '<th scope="row">a</th>', '<th scope="row">a</th>'),
        ("thead", "<thead><th>a</th></thead>", '<thead><th scope="col">a</th></thead>'),
    ],
)
def test_heads_say_what_they_are_of(part, rows, mended):
    assert say_what_heads_are_of(rows, part) == mended


# What axe-core finds


@pytest.fixture(scope="module")
def axe():
    try:
        from axe_playwright_python.sync_playwright import Axe
    except ImportError:
        unavailable('axe-core is not installed: pip install -e ".[browser]"')
    return Axe()


def violations(axe, page, context=None, **options):
    """What axe-core finds on a page as it is now: the rule and the elements that break it."""
    # With `preload`, it looks for what style sheets import in the wrong folder.
    options = {"resultTypes": ["violations"], "preload": False, **options}
    found = axe.run(page, context, options).response["violations"]
    return {rule["id"]: [node["target"] for node in rule["nodes"]] for rule in found}


def show(page, scheme, width):
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.set_viewport_size({"width": width, "height": 844})
    page.wait_for_timeout(400)  # the theme looks at a new width a little later


UNFOLD = """() => {
  document.querySelectorAll("details").forEach((details) => { details.open = true; });
  document.querySelectorAll(".toggle-button[aria-expanded=false]").forEach((b) => b.click());
}"""


# Code is coloured word by word, thousands of them, which would take axe-core most of its time.
WORDS_OF_CODE = ".highlight pre span"
BLACK_AND_WHITE = """() => document.querySelectorAll(".highlight pre").forEach((code) => {
  code.textContent = code.textContent;
})"""


@each_language
def test_axe_finds_nothing_on_any_page(browser, site, axe, language):
    """Each page in one look; over the languages, in all four."""
    found, n_language = {}, list(LANGUAGES).index(language)
    with reader(browser, reduced_motion="reduce") as page:
        for n, file in enumerate(pages(language)):
            open_typeset(page, f"{site}/{language}/{file.name}")
            page.evaluate(UNFOLD)
            page.evaluate(BLACK_AND_WHITE)
            one = LOOKS[(n + n_language) % len(LOOKS)]
            for look in LOOKS if os.environ.get("AXE_ALL") == "1" else [one]:
                show(page, *look)
                if problems := violations(axe, page):
                    found[file.name, *look] = problems
    assert found == {}


# A word of each kind and ground on a page.
SAMPLE = """(words) => {
  const kinds = new Set();
  for (const word of document.querySelectorAll(words)) {
    const kind = [word.className, word.closest("[class*=highlight-]").className].join();
    if (!kinds.has(kind)) word.dataset.sample = kind;
    kinds.add(kind);
  }
  return kinds.size;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_colour_of_code_is_readable(browser, site, axe, scheme):
    """On the English pages: the code is the same in all languages."""
    with reader(browser, reduced_motion="reduce") as page:
        for chapter in CHAPTERS:
            page.goto(f"{site}/en/{chapter}.html")
            page.evaluate(UNFOLD)
            show(page, scheme, 1280)
            assert page.evaluate(SAMPLE, WORDS_OF_CODE) > 10
            code = {"include": ["[data-sample]"]}
            assert violations(axe, page, code, runOnly=["color-contrast"]) == {}, chapter


@pytest.mark.parametrize(("scheme", "width"), LOOKS)
def test_axe_finds_nothing_at_the_root(browser, site, axe, scheme, width):
    with reader(browser) as page:
        for name in ("index.html#choose", "404.html"):
            page.goto(f"{site}/{name}")
            show(page, scheme, width)
            assert violations(axe, page) == {}, name


# Buttons above a page on a phone, and what they open.
OPENED_BY_BUTTONS = {
    ".language-chooser button": ".language-chooser .dropdown-menu",
    ".dropdown-download-buttons button": ".dropdown-download-buttons .dropdown-menu",
    ".bd-header-article .search-button__button": "#pst-search-dialog",
    ".primary-toggle": "#pst-primary-sidebar-modal",
    ".secondary-toggle": "#pst-secondary-sidebar-modal",
}


@each_language_in_one_scheme
def test_axe_finds_nothing_in_what_opens(browser, site, axe, language, scheme):
    with reader(browser, color_scheme=scheme, reduced_motion="reduce", **PHONE) as page:
        page.goto(f"{site}/{language}/glossary.html")
        for button, opened in OPENED_BY_BUTTONS.items():
            page.locator(button).first.click()
            page.locator(opened).first.wait_for()
            page.wait_for_timeout(200)
            assert violations(axe, page) == {}, button
            page.keyboard.press("Escape")


# The keyboard


@each_language
def test_escape_closes_what_opens_and_the_button_has_the_focus_again(browser, site, language):
    with reader(browser, **PHONE) as page:
        page.goto(f"{site}/{language}/{CHAPTERS[0]}.html")
        for button, opened in OPENED_BY_BUTTONS.items():
            page.locator(button).first.focus()
            page.keyboard.press("Enter")
            page.locator(opened).first.wait_for()
            page.keyboard.press("Escape")
            page.locator(opened).first.wait_for(state="hidden")
            page.wait_for_timeout(50)  # it is told when it has closed
            assert page.evaluate("(it) => document.activeElement.matches(it)", button), button


# What has the focus: whether it is new, how it is called, whether a ring is drawn around it.
FOCUSED = """() => {
  const it = document.activeElement;
  const drawn = (element, pseudo) => {
    const style = getComputedStyle(element, pseudo);
    const outline = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
    return outline || /(\\d+px) (\\d+px) 0px [2-9]/.test(style.boxShadow);
  };
  const isNew = !it.dataset.visited;
  it.dataset.visited = "yes";
  const image = it.querySelector("img");
  const { width, height, right } = it.getBoundingClientRect();
  return {
    html: it.outerHTML.slice(0, 120),
    isNew,
    isBody: it === document.body,
    isNamed: [it.ariaLabel, it.title, it.textContent, it.placeholder, image?.alt].some(
      (name) => name?.trim()
    ),
    isSeen: width * height > 0 && right > 0 && drawn(it),
  };
}"""


@each_language_in_one_scheme
def test_every_stop_of_the_keyboard_is_new_named_and_seen(browser, site, language, scheme):
    """From the skip link to the end of the page, with everything unfolded: nothing is a trap."""
    with reader(browser, color_scheme=scheme, reduced_motion="reduce") as page:
        open_typeset(page, f"{site}/{language}/{CHAPTERS[0]}.html")
        page.evaluate(UNFOLD)
        page.wait_for_timeout(400)
        page.evaluate("scrollTo(0, 0)")
        stops = []
        while len(stops) < 1000:
            page.keyboard.press("Tab")
            stop = page.evaluate(FOCUSED)
            if stop["isBody"] or (stops and stop["html"] == stops[0]["html"]):
                break
            stops.append(stop)
    assert len(stops) > 100
    assert len(stops) < 1000, "the end of the page cannot be reached"
    assert [s["html"] for s in stops if not (s["isNew"] and s["isNamed"] and s["isSeen"])] == []


@each_language
def test_the_skip_link_is_seen_when_it_is_reached_and_leads_to_the_text(browser, site, language):
    file = LOCALE / f"{language}.po"
    text = "Skip to main content"
    with reader(browser) as page:
        page.goto(f"{site}/{language}/{CHAPTERS[0]}.html")
        link = page.locator("#pst-skip-link a")
        assert link.bounding_box()["y"] + link.bounding_box()["height"] <= 0
        page.keyboard.press("Tab")
        page.wait_for_timeout(500)  # it slides in
        assert link.bounding_box()["y"] >= 0
        assert link.inner_text() == (read_words(file).gettext(text) if file.exists() else text)
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        assert page.evaluate("Boolean(document.activeElement.closest('main'))")


def test_what_scrolls_can_be_reached_and_has_a_name(browser, site):
    """On a phone; in what was folded, too."""
    with reader(browser, **PHONE) as page:
        open_typeset(page, f"{site}/ko/{CHAPTERS[0]}.html")
        page.evaluate(UNFOLD)
        page.wait_for_timeout(400)
        names = page.evaluate(
            """() => [...document.querySelectorAll("article *")]
              .filter((e) => /auto|scroll/.test(getComputedStyle(e).overflowX))
              .filter((e) => e.scrollWidth > e.clientWidth)
              .map((e) => e.tabIndex === 0 && e.role === "group" && e.ariaLabel)"""
        )
        assert {"수식", "코드", "표"} <= set(names)
        assert all(names)


# Motion


def test_nothing_moves_for_who_does_not_want_it(browser, site):
    moving = """() => [...document.querySelectorAll("*")].filter((element) => {
      const { transitionDuration, animationName, animationDuration, scrollBehavior } =
        getComputedStyle(element);
      const lasts = (times) => times.split(",").some((time) => parseFloat(time) > 0.01);
      const isAnimated = animationName !== "none" && lasts(animationDuration);
      return lasts(transitionDuration) || isAnimated || scrollBehavior === "smooth";
    }).length"""
    for motion, moves in {"no-preference": True, "reduce": False}.items():
        with reader(browser, reduced_motion=motion) as page:
            page.goto(f"{site}/en/{CHAPTERS[0]}.html")
            assert (page.evaluate(moving) > 0) == moves
