"""Another language is a folder of pages and a table of words: proved with a throw-away one."""

import json
import re

import pytest
from small_course import build, make_course, read_page, run, table_of, write_pages

GLOSSARY = """\
(glossary)=
# {title}

(glossary-data)=
## {data}

| {term} | in English | {meaning} |
|---|---|---|
| {rating} | rating | {number} |
"""
NAMES = ("title", "data", "term", "meaning", "rating", "number")
WORDS = {
    "en": ("Words", "Data", "term", "meaning", "rating", "a number"),
    "de": ("Wörter", "Daten", "Begriff", "Bedeutung", "Bewertung", "eine Zahl"),
}
TEXTS = {
    "en": {"index": ("A course", "It begins."), "00_first": ("First", "A film gets stars.")},
    "de": {
        "index": ("Ein Kurs", "Er beginnt."),
        "00_first": ("Erstens", "Ein Film erhält Sterne."),
    },
}


def pages(language):
    texts = TEXTS[language].items()
    glossary = dict(zip(NAMES, WORDS[language], strict=True))
    return {
        page: f"({page.replace('_', '-')})=\n# {title}\n\n{text} [](#glossary-data)\n"
        for page, (title, text) in texts
    } | {"glossary": GLOSSARY.format(**glossary)}


def english_course(folder):
    return make_course(folder, {"en": pages("en")})


def add_words(course, change=lambda table: table):
    """Put the table of the new language at the end of languages.toml, in place of an older one."""
    file = course / "book" / "_site" / "languages.toml"
    english = table_of(file.read_text(encoding="utf-8"), "en")
    german = change(english.replace("[en", "[de").replace('"English"', '"Deutsch"'))
    file.write_text(english + german, encoding="utf-8")


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Do what CONTRIBUTING.md says."""
    course = english_course(tmp_path_factory.mktemp("fifth"))
    add_words(course)
    write_pages(course, "de", pages("de"))
    run(course, "-m", "book.translations", "--accept", "de")
    status, log = build(course)
    assert status == 0, log
    return course


def test_what_is_missing_is_named_with_its_remedy(tmp_path):
    course = english_course(tmp_path)
    add_words(course, lambda table: re.sub(r"^(sentence|colab) = .*\n", "", table, flags=re.M))
    status, log = build(course)
    assert status != 0
    assert "lacks words of [de]: sentence, links.colab. Translate those of [en]" in log

    add_words(course)
    status, log = build(course)
    assert status != 0
    assert "book/de/ lacks pages of _toc.yml: index, 00_first, glossary. Translate" in log
    assert not (course / "_build" / "html" / "index.html").exists()

    write_pages(course, "de", pages("de"))
    status, log = run(course, "-m", "book.translations")
    assert status == 1
    assert "book/de/00_first.md:2 [00-first] is older than book/en/00_first.md:2" in log


def test_its_pages_are_in_its_language_and_not_called_old(built):
    page = read_page(built, "de/00_first.html")
    assert page.html["lang"] == "de"
    assert page.h1.text.startswith("Erstens")
    assert "Ein Film erhält Sterne." in page.text
    assert page.select(".outdated") == []


def test_every_page_leads_to_it_and_back(built):
    for language in ("en", "de"):
        page = read_page(built, f"{language}/00_first.html")
        chooser = {a["hreflang"]: a["href"] for a in page.select(".language-chooser a[hreflang]")}
        assert chooser == {code: f"../{code}/00_first.html" for code in ("en", "de")}
        alternates = {link["hreflang"] for link in page.select("link[hreflang]")}
        assert alternates == {"en", "de", "x-default"}


def test_the_landing_page_offers_it(built):
    link = read_page(built, "index.html").find("a", hreflang="de")
    assert link["href"] == "de/index.html"
    assert "Deutsch" in link.text


def test_it_can_be_searched(built):
    index = (built / "_build" / "html" / "de" / "searchindex.js").read_text(encoding="utf-8")
    assert "stern" in json.loads(index[index.index("{") : index.rindex("}") + 1])["terms"]


def test_its_hints_are_those_of_the_package(built):
    hints = built / "recsys_helpers" / "hints"
    say = "from recsys_helpers.checks import language; print(language())"
    code = f"import os; os.environ['RECSYS_LANG'] = 'de'; {say}"
    status, log = run(built, "-c", code)
    assert status != 0
    assert "RECSYS_LANG='de' is not one of en, es, ko, tr" in log
    (hints / "de.toml").write_bytes((hints / "en.toml").read_bytes())
    assert run(built, "-c", code) == (0, "de\n")
