"""What lies at the root of the site, and what every page tells search engines and networks."""

import io
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from bs4 import BeautifulSoup
from built_site import SITE, QuietHandler, pages, served
from docutils.core import publish_doctree
from matplotlib.image import imread
from visitor import reader

from book._site import pictures
from book._site.languages import LANGUAGES
from book._site.metadata import describe, meta_tags
from book._site.root_pages import SITEMAP, XHTML, write_root_pages

ADDRESS = "https://example.org/course"
PAGES = ["00_first.html", "index.html"]

each_language = pytest.mark.parametrize("language", LANGUAGES)


@pytest.fixture
def site_of(tmp_path):
    """Return a function that makes a site with two pages per language, and its root pages."""

    def make(baseurl):
        for language in LANGUAGES:
            (tmp_path / language).mkdir(exist_ok=True)
            for name in [*PAGES, "search.html"]:
                (tmp_path / language / name).write_text(f"<title>{language}</title>", "utf-8")
        write_root_pages(tmp_path, baseurl)
        return tmp_path

    return make


def parse(file):
    return BeautifulSoup(file.read_text(encoding="utf-8"), "html.parser")


# The landing page, and that for what is not there


def test_the_landing_page_offers_each_language_in_its_own(site_of):
    site = site_of("")
    page = parse(site / "index.html")
    for language, texts in LANGUAGES.items():
        link = page.find("a", href=f"{language}/index.html")
        assert link["lang"] == link["hreflang"] == language
        assert texts["name"] in link.text
        assert texts["sentence"] in link.text
    for icon in page.select("link[rel~=icon], link[rel~=apple-touch-icon]"):
        assert (site / icon["href"]).exists()
    assert not page.find("link", rel="canonical")


@pytest.mark.parametrize("baseurl", [ADDRESS, f"{ADDRESS}/"])
def test_with_an_address_the_links_for_search_engines_are_complete(site_of, baseurl):
    page = parse(site_of(baseurl) / "index.html")
    assert page.find("link", rel="canonical")["href"] == f"{ADDRESS}/"
    for link in page.select("link[hreflang]"):
        code = link["hreflang"]
        path = "" if code == "x-default" else f"{code}/index.html"
        assert link["href"] == f"{ADDRESS}/{path}"


@pytest.mark.parametrize(("baseurl", "root"), [("", None), (ADDRESS, "/course/")])
def test_a_missing_page_speaks_all_languages_and_links_from_the_root(site_of, baseurl, root):
    page = parse(site_of(baseurl) / "404.html")
    assert (page.base and page.base["href"]) == root
    for language, texts in LANGUAGES.items():
        link = page.find("a", href=f"{language}/index.html")
        assert link["lang"] == language
        assert all(text in link.text for text in texts["missing"].values())


class ShowsMissing(QuietHandler):
    """As hosts do: whatever is not there is answered with 404.html, at the address asked for."""

    def send_head(self):
        self.path = self.path.removeprefix("/course")
        if not Path(self.translate_path(self.path)).exists():
            self.path = "/404.html"
        return super().send_head()


@pytest.mark.parametrize(
    ("path", "locale", "language"),
    [
        ("ko/no/such/page.html", "es-MX", "ko"),
        ("es/old.html", "en-GB", "es"),
        ("no/such/page.html", "tr-TR", "tr"),
        ("nothing", "fr-FR", "en"),
    ],
)
def test_a_missing_page_leads_on_from_any_depth(browser, site_of, path, locale, language):
    with (
        served(ShowsMissing, site_of(ADDRESS)) as host,
        reader(browser, locale=locale) as page,
    ):
        page.goto(f"{host}/course/{path}")
        assert page.inner_text("h1") == page.title() == LANGUAGES[language]["missing"]["title"]
        assert page.get_attribute("html", "lang") == language
        first = page.locator("main a").first
        assert first.get_attribute("lang") == language
        first.click()
        page.wait_for_url(f"{host}/course/{language}/index.html")
        assert page.title() == language


# The sitemap


def test_the_sitemap_names_each_page_with_its_counterparts(site_of):
    root = ElementTree.parse(site_of(ADDRESS) / "sitemap.xml").getroot()
    listed = {
        page.find(f"{{{SITEMAP}}}loc").text: {
            link.get("hreflang"): link.get("href") for link in page.iter(f"{{{XHTML}}}link")
        }
        for page in root
    }
    assert listed.pop(f"{ADDRESS}/") == {}
    assert set(listed) == {f"{ADDRESS}/{code}/{name}" for code in LANGUAGES for name in PAGES}
    for address, counterparts in listed.items():
        name = address.rpartition("/")[2]
        expected = {code: f"{ADDRESS}/{code}/{name}" for code in LANGUAGES}
        assert counterparts == expected | {"x-default": f"{ADDRESS}/en/{name}"}


def test_a_site_that_does_not_know_its_address_has_no_sitemap(site_of):
    site_of(ADDRESS)
    assert not (site_of("") / "sitemap.xml").exists()


# Pictures


def test_the_cards_have_the_size_that_networks_ask_for_and_are_the_same_on_each_build(site_of):
    names = [pictures.ICON, *map(pictures.card, LANGUAGES)]
    first = read(site_of(""), names)
    assert read(site_of(""), names) == first
    assert len(set(first.values())) == len(names)
    for name, content in first.items():
        height, width, _ = imread(io.BytesIO(content)).shape
        is_icon = name == pictures.ICON
        assert (width, height) == (pictures.ICON_SIZE if is_icon else pictures.CARD_SIZE)
        assert len(content) < 100_000


def read(folder, names):
    return {name: (folder / name).read_bytes() for name in names}


def inked(file):
    """The columns of a picture in which there is more than its ground."""
    image = imread(file)
    return {int(column) for column in (image != image[0, 0]).any(axis=(0, 2)).nonzero()[0]}


@each_language
def test_titles_fit_their_cards(tmp_path, language):
    texts = LANGUAGES[language]
    pictures.draw_card(tmp_path / "card.png", texts["title"], texts["sentence"])
    assert max(inked(tmp_path / "card.png")) < pictures.CARD_SIZE[0] - 40


def test_without_a_font_for_a_language_its_card_has_no_text(tmp_path, monkeypatch):
    monkeypatch.setattr(pictures, "FONTS", ("No such font", "DejaVu Sans"))
    assert pictures.font_for("Öğrenme: ¿qué?").stem == "DejaVuSans"
    assert pictures.font_for("추천") is None
    pictures.draw_card(tmp_path / "card.png", "추천", "추천")
    columns = inked(tmp_path / "card.png")
    assert min(columns) + max(columns) == pytest.approx(pictures.CARD_SIZE[0], abs=2)


# What a page is about


def test_a_description_is_the_first_sentences_of_the_text():
    second = "A second one that is short, too!"
    page = f"""
Title
=====

.. note:: Not this.

.. class:: page-facts

Not this either.

The 2. *short*
sentence? {second} {"And a very long one " * 10}.

A paragraph.
"""
    document = publish_doctree(page, settings_overrides={"doctitle_xform": False})
    assert describe(document) == f"The 2. short sentence? {second}"


def test_a_first_sentence_stays_whole():
    sentence = "long " * 60 + "end."
    document = publish_doctree(
        f"T\n=\n\n{sentence} Short.", settings_overrides={"doctitle_xform": 0}
    )
    assert describe(document) == sentence


def values(tags):
    found = BeautifulSoup(tags, "html.parser").find_all("meta")
    return {tag.get("name") or tag.get("property"): tag.get("content") for tag in found}


def test_a_page_without_an_address_has_no_card():
    found = values(meta_tags("ko", '<A & "B">', "It's.", "", "ko/a.html"))
    assert found["og:title"] == '<A & "B">'
    assert found["description"] == found["og:description"] == "It's."
    assert found["og:locale"] == "ko_KR"
    assert found["og:site_name"] == LANGUAGES["ko"]["title"]
    assert not {"og:url", "og:image"} & found.keys()


def test_a_page_with_an_address_has_the_card_of_its_language():
    found = values(meta_tags("es", "T", "D", f"{ADDRESS}/", "es/a.html"))
    assert found["og:url"] == f"{ADDRESS}/es/a.html"
    assert found["og:image"] == f"{ADDRESS}/{pictures.card('es')}"
    assert (found["og:image:width"], found["og:image:height"]) == ("1200", "630")
    assert found["twitter:card"] == "summary_large_image"


@pytest.mark.skipif(
    not (SITE / "index.html").exists(), reason="no built site: run `jupyter-book build .` first"
)
def test_every_page_of_the_course_has_a_description_of_its_own():
    descriptions = {}
    for language in LANGUAGES:
        for file in pages(language):
            head = values(file.read_text(encoding="utf-8").partition("</head>")[0])
            text = descriptions[language, file.name] = head["description"]
            assert 15 <= len(text) <= 300, (language, file.name)
            assert not re.search(r"[{}`$\\]|  |\n", text), text
            assert head["og:title"]
            assert head["og:locale"] == LANGUAGES[language]["locale"]
    assert len(set(descriptions.values())) == len(descriptions)
