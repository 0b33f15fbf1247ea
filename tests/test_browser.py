"""Checks of the built site in headless Chromium, as readers meet it."""

from contextlib import contextmanager

import nbformat
import pytest
from built_site import CHAPTERS, SITE, pages
from map_page import build, points
from sphinx.application import Sphinx
from sphinx_alone import sphinx_alone
from visitor import PHONE, open_typeset, overflow, reader

from book._site.languages import LANGUAGES
from book.notebooks.chapter import READERS

each_language = pytest.mark.parametrize("language", LANGUAGES)

MATHS = """() => ({
  formulas: document.querySelectorAll("span.math, div.math").length,
  typeset: document.querySelectorAll("mjx-container").length,
  spoken: document.querySelectorAll("mjx-container mjx-assistive-mml math").length,
  // MathJax writes the name of a macro that it does not know in red.
  errors: [...document.querySelectorAll("mjx-merror, mjx-mtext[style*='color: red']")].length,
})"""


def assert_typeset(page):
    maths = page.evaluate(MATHS)
    assert maths["errors"] == 0
    assert maths["typeset"] == maths["formulas"] == maths["spoken"]
    return maths["typeset"]


@each_language
def test_pages_open_without_errors_and_fit_the_window(browser, site, language):
    formulas = 0
    with reader(browser) as page:
        for file in pages(language):
            open_typeset(page, f"{site}/{language}/{file.name}")
            formulas += assert_typeset(page)
            for width in (1280, 768, 390):
                page.set_viewport_size({"width": width, "height": 844})
                assert overflow(page) <= 0, f"{file.name} at {width} pixels"
    assert formulas > 0


@each_language
def test_pages_open_from_a_folder(browser, site, language):
    """Unzipped on a USB stick: no server, no network."""
    with reader(browser, own="file://", offline=True) as page:
        for file in pages(language):
            open_typeset(page, file.as_uri())
            assert_typeset(page)
        for name in ("index.html#choose", "404.html"):
            page.goto(f"{SITE.as_uri()}/{name}")
        page.goto((SITE / language / "search.html").as_uri() + "?q=MovieLens")
        page.wait_for_selector("#search-results li a")


@each_language
def test_a_tap_saves_the_notebook_of_a_learner_or_of_a_teacher(browser, site, language):
    """Over http only: from a folder, Chromium shows the notebook instead of saving it."""
    chapter, n_cells = CHAPTERS[0], []
    with reader(browser, **PHONE) as page:
        page.goto(f"{site}/{language}/{chapter}.html")
        links = page.locator(".page-notebooks a[download]").all()
        for link, whose in zip(links, READERS, strict=True):
            assert link.bounding_box()["height"] >= 24  # what WCAG 2.5.8 asks of a target
            with page.expect_download() as saving:
                link.tap()
            assert saving.value.suggested_filename == f"{chapter}-{whose}.ipynb"
            notebook = nbformat.read(saving.value.path(), as_version=4)
            nbformat.validate(notebook)
            n_cells.append(len(notebook.cells))
    learner, teacher = n_cells
    assert learner < teacher, "the solutions are the teacher's alone"


# The rows whose third cell is not beside the first one.
STACKED = """() => [...document.querySelectorAll("article tr:has(> :nth-child(3))")].filter(
  ({ cells }) => cells[2].offsetTop > cells[0].offsetTop
).length"""


def test_on_a_phone_only_the_glossary_puts_a_third_cell_below(browser, site):
    with reader(browser, **PHONE) as page:
        for name, is_stacked in {"glossary": True, "results": False, "teachers": False}.items():
            page.goto(f"{site}/en/{name}.html")
            assert (page.evaluate(STACKED) > 0) == is_stacked, name


def contrast(page, selector):
    """The contrast ratio of WCAG between a text and the page behind it."""
    colours = page.evaluate(
        """(selector) => {
          const opaque = (e) => {
            const colour = getComputedStyle(e).backgroundColor;
            const clear = colour === "rgba(0, 0, 0, 0)";
            return clear && e.parentElement ? opaque(e.parentElement) : colour;
          };
          const text = document.querySelector(selector);
          return [getComputedStyle(text).color, opaque(text)].map(
            (colour) => colour.match(/[\\d.]+/g).slice(0, 3).map(Number)
          );
        }""",
        selector,
    )
    text, ground = map(luminance, colours)
    return (max(text, ground) + 0.05) / (min(text, ground) + 0.05)


def luminance(colour):
    shares = [channel / 255 for channel in colour]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in shares]
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_contrast_of_black_on_white_is_21():
    assert luminance([0, 0, 0]) == 0
    assert luminance([255, 255, 255]) == pytest.approx(1)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@each_language
def test_the_colours_follow_the_reader_and_are_readable(browser, site, language, scheme):
    with reader(browser, color_scheme=scheme) as page:
        page.goto(f"{site}/{language}/{CHAPTERS[0]}.html")
        assert page.get_attribute("html", "data-theme") == scheme
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (luminance([int(c) for c in ground[4:-1].split(",")]) < 0.1) == (scheme == "dark")
        for selector in ("h1", "article p", ".page-facts", "article p a", ".bd-links a", "pre"):
            assert contrast(page, selector) >= 4.5, selector


def test_the_chooser_leads_to_the_same_chapter(browser, site):
    codes, chapter = list(LANGUAGES), CHAPTERS[-1]
    with reader(browser) as page:
        page.goto(f"{site}/{codes[0]}/{chapter}.html")
        for code in [*codes[1:], codes[0]]:
            page.click(".language-chooser button")
            page.click(f".language-chooser a[hreflang={code}]")
            page.wait_for_url(f"**/{code}/{chapter}.html")
            assert page.get_attribute("html", "lang") == code
            assert page.inner_text(".language-chooser button").strip() == LANGUAGES[code]["name"]


def test_the_chooser_needs_no_script(browser, site):
    with reader(browser, java_script_enabled=False) as page:
        page.goto(f"{site}/en/{CHAPTERS[0]}.html")
        page.click(".language-chooser button")
        page.click(".language-chooser a[hreflang=tr]")
        page.wait_for_url(f"**/tr/{CHAPTERS[0]}.html")


def test_the_chooser_stays_at_the_section_that_is_being_read(browser, site):
    with reader(browser) as page:
        page.goto(f"{site}/en/00_ratings.html#ratings-split")
        page.click(".language-chooser button")
        page.click(".language-chooser a[hreflang=ko]")
        page.wait_for_url("**/ko/00_ratings.html#ratings-split")
        assert page.locator("#ratings-split").is_visible()


@each_language
def test_the_landing_page_follows_the_browser_on_the_first_visit_only(browser, site, language):
    with reader(browser, locale=language) as page:
        page.goto(f"{site}/")
        page.wait_for_url(f"**/{language}/index.html")
        page.goto(f"{site}/")
        page.wait_for_load_state("load")
        assert page.url == f"{site}/"
        links = page.eval_on_selector_all("main a[hreflang]", "all => all.map((a) => a.lang)")
        assert links == list(LANGUAGES)


def test_the_landing_page_stays_for_a_language_that_the_course_has_not(browser, site):
    with reader(browser, locale="fr-FR") as page:
        page.goto(f"{site}/")
        page.wait_for_load_state("load")
        assert page.url == f"{site}/"


@each_language
def test_the_keyboard_reaches_skip_link_search_and_chooser(browser, site, language):
    with reader(browser) as page:
        page.goto(f"{site}/{language}/{CHAPTERS[0]}.html")
        stops = []
        for _ in range(40):
            page.keyboard.press("Tab")
            stops.append(page.evaluate("document.activeElement.outerHTML.slice(0, 200)"))
            if "language-chooser" in page.evaluate(
                "document.activeElement.parentElement?.className ?? ''"
            ):
                break
        assert "#main-content" in stops[0]
        assert any("search-button" in stop for stop in stops)
        page.keyboard.press("Enter")
        page.keyboard.press("ArrowDown")
        assert page.evaluate("document.activeElement.hreflang") == next(iter(LANGUAGES))
        page.keyboard.press("Escape")
        page.keyboard.press("Control+k")
        page.keyboard.type("MovieLens")
        page.keyboard.press("Enter")
        page.wait_for_url("**/search.html?q=MovieLens")
        page.wait_for_selector("#search-results li a")


# The words of the prose: not code, not formulas, not what Sphinx fills in (numbers, titles).
PROSE = """() => {
  const texts = [];
  for (const block of document.querySelectorAll("article p, article h2")) {
    if (block.closest(".page-facts, .admonition-title")) continue;
    const copy = block.cloneNode(true);
    copy.querySelectorAll("a, code, .math, .caption-number").forEach((e) => e.remove());
    texts.push(copy.textContent);
  }
  return texts;
}"""
WORDS = "(texts) => [...new Set(texts.flatMap((text) => splitQuery(text)))]"
NOT_FOUND = """(words) => {
  const stemmer = new Stemmer();
  const { terms, titleterms } = Search._index;
  const isIgnored = (word) => stopwords.includes(word) || /^(\\d*|[a-z])$/.test(word);
  return words.map((word) => word.toLowerCase()).filter((word) => {
    const stem = stemmer.stemWord(word);
    const isFound = Object.hasOwn(terms, stem) || Object.hasOwn(titleterms, stem);
    return !isFound && !isIgnored(word) && !isIgnored(stem);
  });
}"""


@each_language
def test_search_finds_every_word_of_a_chapter(browser, site, language):
    """What the browser makes of a word of a query is what Python made of it for the index."""
    with reader(browser) as page:
        page.goto(f"{site}/{language}/{CHAPTERS[0]}.html")
        texts = page.evaluate(PROSE)
        page.goto(f"{site}/{language}/search.html")
        page.wait_for_function("Search.hasIndex()")
        words = page.evaluate(WORDS, texts)
        assert words
        assert page.evaluate(NOT_FOUND, words) == []


PAGES_TO_SEARCH = {
    "ko": "시드를 고정하면 협업필터링의 RMSE를 비교할 수 있어요.",
    "tr": "İlk bakış: Işık, Item ve SVD öğrenme sınırı.",
    "es": "La predicción según el tamaño de la matriz.",
}


@pytest.fixture(scope="module")
def small_sites(tmp_path_factory):
    """One page in each language, with an index of the course's search languages."""
    folder = tmp_path_factory.mktemp("search")
    for language, text in PAGES_TO_SEARCH.items():
        source, built = folder / language, folder / language / "html"
        source.mkdir()
        (source / "index.rst").write_text(f"x\n=\n\n{text}\n", encoding="utf-8")
        settings = {
            "extensions": ["book._site.search"],
            "html_theme": "basic",
            "html_show_search_summary": False,
            "language": language,
        }
        with sphinx_alone():
            Sphinx(source, None, built, built / ".doctrees", "html", settings, status=None).build()
    return folder


def results(page, folder, query):
    """The links that the search page of a small site offers for a query."""
    page.goto(f"{(folder / 'html' / 'search.html').as_uri()}?q={query}")
    page.wait_for_function("Search.title && !Search.title.contains(Search.dots)")  # it is done
    return page.query_selector_all("#search-results li a")


@pytest.mark.parametrize(
    ("language", "queries"),
    [
        ("ko", ["시드", "시드를", "시드는", "필터링", "협업", "RMSE", "rmse를"]),
        ("tr", ["ilk", "İlk", "İLK", "ışık", "Işık", "IŞIK", "isik", "item", "Item", "svd"]),
        ("tr", ["Öğrenme", "ogrenme", "sınır", "sinir"]),
        ("es", ["predicción", "prediccion", "Predicciones", "tamaño", "tamano"]),
    ],
)
def test_search_finds_words_as_they_are_typed(browser, small_sites, language, queries):
    with reader(browser, own="file://") as page:
        found = {query: len(results(page, small_sites / language, query)) for query in queries}
    assert found == dict.fromkeys(queries, 1)


@pytest.mark.parametrize(("language", "query"), [("ko", "모델"), ("tr", "model"), ("es", "modelo")])
def test_search_finds_nothing_that_is_not_there(browser, small_sites, language, query):
    with reader(browser, own="file://") as page:
        assert results(page, small_sites / language, query) == []


# The interactive map


@pytest.fixture(scope="module")
def small_map(tmp_path_factory):
    """A page with a map whose points are known."""
    return build(tmp_path_factory.mktemp("map"), "es", points())


@contextmanager
def opened_map(browser, file, **options):
    """A page, as a folder holds it, and the map in it, which writes nothing to the console."""
    with reader(browser, own="file://", offline=True, **options) as page:
        messages = []  # those of the map alone: the theme of the page writes some of its own

        def note(message):
            if "/_static/maps/" in message.location["url"]:
                messages.append(message.text)

        page.on("console", note)
        page.goto(file.as_uri())
        page.click(".interactive-map summary")
        page.locator("iframe").first.scroll_into_view_if_needed()
        frame = page.locator("iframe").first.element_handle().content_frame()
        frame.wait_for_selector("html[data-ready]")
        yield page, frame
        assert messages == []


VISIBLE = """() => {
  const [plot] = Bokeh.documents[0].roots();
  return [plot.x_range, plot.y_range].map(({ start, end }) => [start, end]);
}"""
# What the search has drawn: how many points, and which titles.
FOUND = """() => {
  const [found, titles] = ["found", "titles"].map((n) => Bokeh.documents[0].get_model_by_name(n));
  return [found.view.filter.indices.length, [...titles.data_source.data.text]];
}"""


def visible(frame):
    frame.wait_for_timeout(200)  # it is drawn with the next frame of the screen
    return frame.evaluate(VISIBLE)


def width(frame):
    (start, end), _ = visible(frame)
    return end - start


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ("amelie", ["AMELIE III", "Amélie I", "Amélie II: «Işık»"]),
        ("Ámelie iii", ["AMELIE III"]),
        ("ISIK", ["Amélie II: «Işık»"]),
        ("ışık amélie", ["Amélie II: «Işık»"]),
        ("film", []),  # so many that their titles would cover the map
        ("</b>", ["</script><b>\"Quotes\" & 'more'</b>"]),
        ("nowhere", []),
        ("  ", []),
    ],
)
def test_a_search_on_the_map_draws_what_it_finds(browser, small_map, query, titles):
    n_found = 295 if query == "film" else len(titles)
    with opened_map(browser, small_map) as (_, frame):
        before = frame.locator("#map").screenshot()
        frame.fill("input", query)
        frame.wait_for_timeout(200)
        assert frame.evaluate(FOUND) == [n_found, titles]
        assert frame.inner_text("output") == (f"{n_found} / 300" if query.strip() else "")
        assert (frame.locator("#map").screenshot() == before) == (not query.strip())


def test_enter_leads_to_what_was_found_and_a_button_back(browser, small_map):
    with opened_map(browser, small_map) as (_, frame):
        whole = visible(frame)
        frame.fill("input", "amelie")
        frame.press("input", "Enter")
        (left, right), (bottom, top) = near = visible(frame)
        assert left < 9 < 9.1 < right
        assert bottom < 9 < 9.1 < top
        assert right - left < 0.4 * (whole[0][1] - whole[0][0])
        frame.press("input", "Enter")
        assert visible(frame) == [pytest.approx(ends) for ends in near]
        frame.fill("input", "")
        frame.click("[data-word=whole]")
        assert visible(frame) == [pytest.approx(ends) for ends in whole]
        assert frame.evaluate(FOUND) == [0, []]


def test_enter_stays_on_the_map_where_all_points_are_in_one_place(browser, tmp_path):
    with opened_map(browser, build(tmp_path, "en", points()[-1:])) as (_, frame):
        whole = visible(frame)
        frame.fill("input", "amelie")
        frame.press("input", "Enter")
        assert visible(frame) == [pytest.approx(ends) for ends in whole]


def test_the_keyboard_reaches_the_map_and_leaves_it(browser, small_map):
    with opened_map(browser, small_map) as (page, frame):
        stops = []
        while "region" not in stops and len(stops) < 30:
            page.keyboard.press("Tab")
            inside = page.evaluate("document.activeElement.localName") == "iframe"
            active = "document.activeElement.dataset.word ?? document.activeElement.role"
            stops.append((frame if inside else page).evaluate(active))
        on_the_map = ["search", "zoom_in", "zoom_out", "whole", "region"]
        assert stops[-5:] == on_the_map
        frame.focus("[data-word=zoom_in]")
        whole = width(frame)
        page.keyboard.press("Space")
        assert width(frame) == pytest.approx(0.6 * whole)


def test_the_map_speaks_the_language_of_the_page(browser, small_map):
    with opened_map(browser, small_map) as (page, frame):
        assert frame.get_attribute("html", "lang") == "es"
        assert frame.get_by_role("searchbox", name="Buscar un título").is_visible()
        for button in ("Acercar", "Alejar", "Mapa completo"):
            assert frame.get_by_role("button", name=button).is_visible()
        assert page.get_attribute("iframe", "title") == frame.title() == "Mapa interactivo"


def centre_of(page):
    box = page.locator("iframe").first.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_the_wheel_scrolls_the_page_and_zooms_with_control_only(browser, small_map):
    with opened_map(browser, small_map, viewport={"width": 800, "height": 700}) as (page, frame):
        page.evaluate("scrollTo(0, 0)")
        whole = width(frame)
        page.mouse.move(*centre_of(page))
        page.mouse.wheel(0, 100)
        page.wait_for_function("scrollY > 0")
        assert width(frame) == whole
        page.keyboard.down("Control")
        page.mouse.wheel(0, -100)
        assert width(frame) < whole
        page.keyboard.up("Control")


def place_of(frame, row):
    """Where the point in a row of the table is drawn, in pixels of the page."""
    x, y = frame.evaluate(
        """(row) => {
          const { x_scale, y_scale } = Bokeh.index.roots[0].frame;
          const { x, y } = Bokeh.documents[0].get_model_by_name("points").data_source.data;
          return [x_scale.compute(x[row]), y_scale.compute(y[row])];
        }""",
        row,
    )
    area = frame.locator(".bk-events").bounding_box()
    return area["x"] + x, area["y"] + y


def assert_tooltip(frame):
    for text in ("title:", "Film 20 (1920)", "year:", "1920", "ratings:", "21"):
        frame.get_by_text(text, exact=True).wait_for(timeout=5000)


def test_the_mouse_shows_facts_and_moves_the_map(browser, small_map):
    with opened_map(browser, small_map) as (page, frame):
        before, (x, y) = visible(frame), place_of(frame, 20)
        page.mouse.move(x - 1, y)
        page.mouse.move(x, y)
        assert_tooltip(frame)
        page.mouse.down()
        page.mouse.move(x + 50, y, steps=5)
        page.mouse.up()
        assert visible(frame)[0][0] < before[0][0]


def swipe(page, dx, dy):
    """Draw a finger over the middle of the map."""
    x, y = centre_of(page)
    session = page.context.new_cdp_session(page)

    def touch(kind, *places):
        points = [{"x": x, "y": y} for x, y in places]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", (x, y))
    for step in range(1, 11):
        touch("touchMove", (x + dx * step / 10, y + dy * step / 10))
        page.wait_for_timeout(20)
    touch("touchEnd")


def test_on_a_phone_a_finger_scrolls_the_page_moves_the_map_and_reads_it(browser, small_map):
    with opened_map(browser, small_map, **PHONE) as (page, frame):
        assert overflow(frame) <= 0
        page.evaluate("scrollTo(0, 0)")
        before = visible(frame)
        page.touchscreen.tap(*place_of(frame, 20))
        assert_tooltip(frame)
        swipe(page, 0, -200)
        page.wait_for_function("scrollY > 50")
        assert visible(frame) == [pytest.approx(ends) for ends in before]
        swipe(page, 100, 0)
        assert visible(frame)[0][0] < before[0][0]


@each_language
def test_the_maps_of_the_chapters_can_be_searched(browser, site, language):
    """On whichever pages they are: each finds the first film of the table beside it."""
    pages = [f for f in (SITE / language).glob("*.html") if "_static/maps/" in f.read_text("utf-8")]
    assert pages, "chapter 04 has a map"
    for file in pages:
        for options in ({}, PHONE):
            with opened_map(browser, file, **options) as (page, frame):
                cell = page.locator('[role="region"] > table tbody th').first
                title = cell.text_content()
                frame.fill("input", title)
                found, titles = frame.evaluate(FOUND)
                assert title in titles
                assert found == len(titles)
                assert overflow(frame) <= 0
