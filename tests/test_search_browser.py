"""What a student types is found: the queries of search_queries.toml, on the built site."""

import tomllib
from pathlib import Path

import pytest
from built_site import SITE
from visitor import open_typeset, reader

from book._site.languages import LANGUAGES

QUERIES = tomllib.loads(Path(__file__).with_name("search_queries.toml").read_text(encoding="utf-8"))

each_language = pytest.mark.parametrize("language", LANGUAGES)

# The first three results of each query, as the page itself would list them: [page, "#section"].
BEST = """(queries) => queries.map((query) => {
  const results = Search._performSearch(...Search._parseQuery(query));
  return results.slice(-3).reverse().map(([page, , section]) => [page, section]);
})"""
PLACES = "() => Search._index.docnames.map((name) => name.split(/(?=#)/))"
OWN_SECTION = "() => document.querySelector(location.hash).matches('section')"


def search(page, address, query=""):
    page.goto(f"{address}?q={query}")
    page.wait_for_function("Search.hasIndex()")


def file_of(language):
    return (SITE / language / "search.html").as_uri()


@each_language
def test_a_student_finds_the_page_among_the_first_three_results(browser, site, language):
    queries = QUERIES[language]
    with reader(browser) as page:
        search(page, f"{site}/{language}/search.html")
        best = page.evaluate(BEST, list(queries))
    missed = {
        query: results
        for (query, places), results in zip(queries.items(), best, strict=True)
        if not any(name in places for result in results for name in result)
    }
    assert missed == {}


@each_language
def test_the_queries_name_places_that_there_are(browser, site, language):
    """A renamed section would make its queries fail, or pass by another of their places."""
    with reader(browser) as page:
        search(page, f"{site}/{language}/search.html")
        names = {name for place in page.evaluate(PLACES) for name in place}
    assert {place for places in QUERIES[language].values() for place in places} <= names
    assert len(QUERIES[language]) >= 30


@each_language
def test_results_are_listed_and_lead_to_their_sections_from_a_folder(browser, site, language):
    query, places = next(
        (query, places) for query, places in QUERIES[language].items() if places[0][0] == "#"
    )
    with reader(browser, own="file://", offline=True) as page:
        search(page, file_of(language), query)
        page.wait_for_function("!Search.title.contains(Search.dots)")  # the list is complete
        links = page.query_selector_all("#search-results li a")
        found = [link for link in links if link.get_attribute("href").endswith(tuple(places))]
        assert 0 < len(links) <= 30
        found[0].click()
        page.wait_for_url("**.html#*")
        assert page.evaluate(OWN_SECTION)


@each_language
def test_nonsense_finds_nothing_and_says_so(browser, site, language):
    with reader(browser) as page:
        search(page, f"{site}/{language}/search.html", "qqxqxqqzx")
        page.wait_for_function("Search.status.innerText")
        assert page.query_selector_all("#search-results li") == []


HIGHLIGHTED = "() => [...(CSS.highlights.get('search') ?? [])].map(String)"


def test_highlights_leave_the_page_as_it_is(browser, site):
    """Formulas have these words, too (\\text{RMSE}); spans would keep them from being drawn."""
    chapter = f"{site}/en/00_ratings.html"
    with reader(browser) as page:
        open_typeset(page, chapter)
        before = page.inner_html("article")
        search(page, f"{site}/en/search.html", "rmse text")
        open_typeset(page, chapter)
        page.wait_for_function("CSS.highlights.has('search')")
        words = {word.lower() for word in page.evaluate(HIGHLIGHTED)}
        assert "rmse" in words
        assert all(word.startswith(("rmse", "text")) for word in words)
        assert page.inner_html("article") == before
        page.keyboard.press("Escape")
        assert page.evaluate(HIGHLIGHTED) == []
        open_typeset(page, chapter)
        assert page.evaluate(HIGHLIGHTED) == [], "the words are shown once"
