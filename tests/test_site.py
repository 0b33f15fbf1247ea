"""Checks of the built site (`jupyter-book build .`), read from its files without a browser."""

import gzip
import json
import re
from collections import Counter
from functools import cache
from itertools import pairwise
from urllib.parse import unquote, urldefrag, urlsplit

import pytest
from babel.messages.pofile import read_po
from bs4 import BeautifulSoup
from built_site import SITE, pages
from pages import OTHERS

from book._site.interface import LOCALE
from book._site.languages import LANGUAGES

pytestmark = pytest.mark.skipif(
    not (SITE / "index.html").exists(), reason="no built site: run `jupyter-book build .` first"
)
each_language = pytest.mark.parametrize("language", LANGUAGES)


@cache
def parse(file):
    return BeautifulSoup(file.read_text(encoding="utf-8"), "html.parser")


@cache
def anchors(file):
    return {tag.get("id") or tag.get("name") for tag in parse(file).find_all(["a", True])}


def all_pages():
    return [
        SITE / "index.html",
        SITE / "404.html",
        *(page for language in LANGUAGES for page in pages(language)),
    ]


def name(page):
    return page.relative_to(SITE).as_posix()


def is_external(address):
    return bool(urlsplit(address).netloc)


def addresses(page):
    """Every address on a page that the browser follows or loads."""
    for tag in parse(page).select(":not(base)"):  # where 404.html is at home, and leads nowhere
        for attribute in ("href", "src", "poster", "data", "action"):
            if tag.get(attribute):
                yield tag[attribute]


def broken(page):
    for address in addresses(page):
        path, anchor = urldefrag(address)
        if is_external(address) or urlsplit(address).scheme in ("mailto", "data", "javascript"):
            continue
        target = (page.parent / unquote(urlsplit(path).path)).resolve() if path else page
        target = target / "index.html" if target.is_dir() else target
        if not target.is_file():
            yield f"{name(page)} -> {address}: no such file"
        elif anchor and target.suffix == ".html" and unquote(anchor) not in anchors(target):
            yield f"{name(page)} -> {address}: no such anchor"


def test_the_languages_have_the_same_pages():
    expected = [page.name for page in pages("en")]
    assert {"index.html", "00_ratings.html", "01_svd.html", "search.html"} <= set(expected)
    for language in LANGUAGES:
        assert [page.name for page in pages(language)] == expected


@each_language
def test_one_heading_of_the_first_level_and_no_level_is_skipped(language):
    for page in pages(language):
        html = parse(page).find("article") or parse(page).find("main")
        levels = [int(heading.name[1]) for heading in html.find_all(re.compile("^h[1-6]$"))]
        assert levels.count(1) == 1, name(page)
        assert levels[0] == 1, name(page)
        skipped = [(a, b) for a, b in pairwise(levels) if b > a + 1]
        assert skipped == [], name(page)


@each_language
def test_tables_have_heads_that_say_what_they_are_of(language):
    for page in pages(language):
        for table in parse(page).select("main table"):
            heads = table.find_all("th")
            assert heads, name(page)
            assert all(head.get("scope") and head.get_text().strip() for head in heads), name(page)


def test_links_lead_to_files_and_anchors_of_the_site():
    assert [problem for page in all_pages() for problem in broken(page)] == []


def test_with_an_address_too_the_links_of_404_lead_to_files(tmp_path):
    """The site that is published knows its address, and 404.html names it as its base."""
    (tmp_path / "en").mkdir()
    (tmp_path / "en" / "index.html").touch()
    page = tmp_path / "404.html"
    page.write_text('<base href="/course/"><a href="en/index.html">1</a>', encoding="utf-8")
    assert list(broken(page)) == []


def test_nothing_is_loaded_from_another_host():
    loads = "script[src], img[src], iframe, object, embed, source, video, audio, link[href]"
    for page in all_pages():
        for tag in parse(page).select(loads):
            is_link = tag.name == "link" and {"alternate", "canonical"} & set(tag.get("rel", ()))
            assert is_link or not is_external(tag.get("src") or tag.get("href", "")), name(page)


def test_styles_load_nothing_from_another_host():
    for style in SITE.rglob("*.css"):
        text = style.read_text(encoding="utf-8")
        used = re.findall(r"(?:url\(|@import)\s*['\"]?((?:https?:)?//[^'\")]+)", text)
        assert used == [], style


def test_thebe_is_gone():
    """Jupyter Book puts it on every page; it would load from another host."""
    for page in all_pages():
        assert "thebe" not in page.read_text(encoding="utf-8").lower(), name(page)


@each_language
def test_pages_say_their_language_and_lead_to_the_others(language):
    for page in pages(language):
        html = parse(page)
        assert html.html["lang"] == language
        alternates = {
            link["hreflang"]: link["href"] for link in html.select("link[rel~=alternate][hreflang]")
        }
        assert set(alternates) == {*LANGUAGES, "x-default"}, name(page)
        assert all(
            url.endswith(f"{code}/{page.name}")
            for code, url in alternates.items()
            if code != "x-default"
        )


@each_language
def test_the_chooser_offers_the_same_page_in_every_language(language):
    for page in pages(language):
        links = parse(page).select(".language-chooser a[hreflang]")
        offered = {link["hreflang"]: (page.parent / link["href"]).resolve() for link in links}
        assert offered == {code: SITE / code / page.name for code in LANGUAGES}, name(page)
        assert [link["hreflang"] for link in links if link.get("aria-current")] == [language]


@each_language
def test_every_figure_has_an_alternative_text(language):
    for page in pages(language):
        for image in parse(page).select("main img"):
            assert len(image.get("alt", "").strip()) > 20, f"{name(page)}: {image.get('src')}"


@each_language
def test_chapters_hold_no_error_and_no_unresolved_markup(language):
    for page in pages(language):
        text = "\n".join(block.get_text() for block in parse(page).select("article p, article li"))
        assert "Traceback" not in parse(page).get_text(), name(page)
        assert not re.search(r"\{[a-z:]+\}`|:::|```", text), name(page)


@each_language
def test_ids_are_unique_on_a_page(language):
    for page in pages(language):
        ids = Counter(tag["id"] for tag in parse(page).select("[id]"))
        assert [id_ for id_, count in ids.items() if count > 1] == [], name(page)


def interactive_maps(language):
    """The pages with interactive maps, and for each map its file and the table of its data."""
    for page in pages(language):
        frames = parse(page).select('iframe[src*="_static/maps/"]')
        tables = parse(page).select('[role="region"] > table')
        assert len(frames) == len(tables), name(page)
        for frame, table in zip(frames, tables, strict=True):
            yield page, page.parent / frame["src"], table


@each_language
def test_interactive_maps_are_light_and_speak_the_language(language):
    """What a page weighs is what travels: compressed."""
    maps = list(interactive_maps(language))
    assert maps, "chapter 04 has one"
    for page, file, table in maps:
        html = parse(file)
        words = json.loads(html.find(id="words").string)
        assert words == {"language": language, **LANGUAGES[language]["map"]}
        titles = [cell.get_text() for cell in table.select("tbody th")]
        assert len(titles) > 500
        assert all(json.dumps(t, ensure_ascii=False) in html.find(id="plot").string for t in titles)
        assert len(gzip.compress(file.read_bytes())) < 450_000, name(page)
        assert len(gzip.compress(str(table).encode())) < 60_000, name(page)
        assert html.select("[src], link, iframe") == []


def test_no_page_carries_a_map():
    for page in all_pages():
        assert "srcdoc" not in page.read_text(encoding="utf-8"), name(page)


def headings(page):
    return [heading.parent["id"] for heading in parse(page).select("section > :is(h1, h2, h3, h4)")]


def test_sections_have_the_same_ids_in_all_languages():
    for page in pages("en"):
        ids = headings(page)
        assert not [id_ for id_ in ids if re.fullmatch(r"id\d+", id_)], name(page)
        for language in OTHERS:
            assert headings(SITE / language / page.name) == ids, f"{language}/{page.name}"


# What the course itself writes, or what is the same in every language: not of the interface.
OF_THE_COURSE = (
    "head, script, style, pre, img, .math, a.internal, .bd-links, #pst-page-toc-nav, .navbar-brand,"
    "#jb-print-docs-body, .prev-next-title, .language-chooser, .extra_footer, .btn__text-container"
)


@cache
def interface_texts(page):
    """The texts of the interface: attributes, and what stands around and between the prose."""
    html, texts = BeautifulSoup(str(parse(page)), "html.parser"), set()
    for part in html.select(OF_THE_COURSE):
        part.decompose()
    for tag in html.find_all(True):
        for attribute in ("title", "aria-label", "placeholder", "data-bs-title", "data-tooltip"):
            texts.add(tag.get(attribute, "").strip())
    for part in html.select("article .admonition-title, article summary, .caption-number"):
        texts.add(part.get_text().strip())
    for article in html.select("article"):
        article.decompose()
    return texts.union(html.stripped_strings)


@pytest.mark.parametrize("language", OTHERS)
def test_no_english_is_left_in_the_interface(language):
    """What reads as in the English edition was not translated."""
    with (LOCALE / f"{language}.po").open("rb") as file:
        same_word = {message.id for message in read_po(file) if message.id == message.string}
    for page in pages(language):
        english = interface_texts(SITE / "en" / page.name)
        left = {text for text in interface_texts(page) if re.search(r"[a-z]{2}", text)} & english
        assert left - same_word - {"Ctrl"} == set(), name(page)


@pytest.mark.parametrize("language", OTHERS)
def test_the_words_of_scripts_are_translated(language):
    script = (SITE / language / "_static" / "interface.js").read_text(encoding="utf-8")
    words = dict(re.findall(r'"((?:[^"\\]|\\.)+)": "((?:[^"\\]|\\.)+)"', script))
    assert len(words) > 5
    assert [english for english, word in words.items() if english == word] == []
