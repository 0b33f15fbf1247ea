"""Each language as it is to be written: terms, numbers, quotation marks, suffixes and particles.

The glossary decides which term stands for which; tests/wording.toml has rules beyond it.
"""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import glossary
import pytest
import reading
from pages import ENGLISH, OTHERS, PAGES, Line, lines_elsewhere, lines_of_page, sections

from book._site.languages import LANGUAGES
from book.prose import Section

WORDING = tomllib.loads(Path(__file__).with_name("wording.toml").read_text(encoding="utf-8"))
each_language = pytest.mark.parametrize("language", LANGUAGES)
each_translation = pytest.mark.parametrize("language", OTHERS)


def lines(language: str) -> Iterator[Line]:
    for page in PAGES:
        found = lines_of_page(language, page)
        # The tables of the glossary name terms of other languages.
        yield from (line for line in found if page != glossary.PAGE or line.kind != "cell")
    yield from lines_elsewhere(language)


# Rules


class Rule(NamedTuple):
    wrong: str
    right: str
    caught: str
    passes: str
    unless: str = r"(?!)"

    def broken_in(self, line: Line) -> Iterator[str]:
        fine = [match.span() for match in re.finditer(self.unless, line.text, re.IGNORECASE)]
        for match in re.finditer(self.wrong, line.text, re.IGNORECASE):
            start, end = match.span()
            if not any(first <= start and end <= last for first, last in fine):
                yield f"{line.around(start, end)} -> {self.right}"


RULES = {language: [Rule(**rule) for rule in WORDING.get(language, [])] for language in LANGUAGES}


@pytest.mark.parametrize(
    ("language", "rule"), [(language, rule) for language in RULES for rule in RULES[language]]
)
def test_a_rule_catches_what_it_is_for_and_nothing_else(language, rule):
    assert list(rule.broken_in(Line("", "", rule.caught)))
    passes = Line("", "", rule.passes)
    assert [text for other in RULES[language] for text in other.broken_in(passes)] == []


@each_language
def test_no_rule_is_broken(language):
    rules = RULES[language]
    assert [
        text for line in lines(language) for rule in rules for text in rule.broken_in(line)
    ] == []


# Terms of the glossary


def prose(section: Section) -> str:
    return " ".join(text.prose.replace("\n", " ") for text in section.texts)


def missing_terms(language: str, english: Section, other: Section) -> Iterator[str]:
    """The terms of a section that its translation says in other words than the glossary."""
    settings = WORDING["glossary"]
    apart = settings["everyday"] + settings["otherwise"].get(english.label, [])
    forms = settings["forms"].get(language, {})
    ours, theirs = (
        glossary.bare(prose(s), code) for s, code in ((english, ENGLISH), (other, language))
    )
    for term, translated in glossary.pairs(language):
        if term in apart or not glossary.pattern(term, ENGLISH).search(ours):
            continue
        form = re.compile(forms.get(translated, "(?!)"), re.IGNORECASE)
        if not any(
            found.search(theirs) for found in (glossary.pattern(translated, language), form)
        ):
            yield f"{other.label}, line {other.line}: {term} -> {translated}"


@pytest.mark.parametrize("page", [page for page in PAGES if page != glossary.PAGE])
@each_translation
def test_terms_are_those_of_the_glossary(language, page):
    pairs = zip(sections(ENGLISH, page).values(), sections(language, page).values(), strict=True)
    assert [
        text for english, other in pairs for text in missing_terms(language, english, other)
    ] == []


def terms_in_english(language: str, line: Line) -> Iterator[str]:
    """English terms that are no explanation in brackets."""
    text = re.sub(r"\([^()]*\)", lambda gloss: " " * len(gloss[0]), line.text)
    for term, translated in glossary.pairs(language):
        is_same = term.lower() == translated.lower() or term in WORDING["glossary"]["everyday"]
        for match in [] if is_same else glossary.pattern(term, ENGLISH).finditer(text):
            yield f"{line.around(*match.span())} -> {translated}"


@each_translation
def test_no_term_is_left_in_english(language):
    assert [text for line in lines(language) for text in terms_in_english(language, line)] == []


@each_translation
def test_a_term_in_other_words_is_found(language):
    english, other = (sections(code, "02_mf.md")["mf-one-hot"] for code in (ENGLISH, language))
    assert list(missing_terms(language, english, other)) == []
    term = dict(glossary.pairs(language))["weight"]
    pattern = glossary.pattern(term, language)
    texts = [
        t._replace(prose=pattern.sub("x", glossary.bare(t.prose, language))) for t in other.texts
    ]
    assert any(
        "weight" in text for text in missing_terms(language, english, other._replace(texts=texts))
    )
    assert list(terms_in_english(language, Line("", "", "the matrix factorisation")))
    assert not list(terms_in_english(language, Line("", "", "x (matrix factorisation)")))


# Turkish suffixes, Korean particles

TURKISH = WORDING["read_as"]["tr"]
SUFFIX = re.compile(
    rf"(?<!\w)(?P<word>{'|'.join(TURKISH)}|[A-ZÇĞİÖŞÜ]{{2,}}|%?[\d.,]*\d)'(?P<suffix>[a-zçğıöşü]+)"
)


def wrong_suffixes(line: Line) -> Iterator[str]:
    for match in SUFFIX.finditer(line.text):
        word = TURKISH.get(match["word"]) or reading.turkish_end(match["word"])
        if not reading.turkish_suffix_fits(word, match["suffix"]):
            yield f"{line.around(*match.span())}: {match['word']} is read as {word}"


KOREAN = WORDING["read_as"]["ko"]
CLOSED_OPEN = (
    "은는",
    "이가",
    "을를",
    "과와",
    ("으로", "로"),
    ("이라고", "라고"),
    ("이에요", "예요"),
)
AFTER_CLOSED, AFTER_OPEN = zip(*CLOSED_OPEN, strict=True)
PARTICLE = re.compile(
    rf"(?P<word>[가-힣]|(?<![A-Za-z])(?:{'|'.join(KOREAN)}|[A-Z]{{2,}})|(?<![\w.,/])[\d.,]*\d)"
    rf"(?P<gloss>\([^()]*\)|[’”])?(?P<particle>{'|'.join(AFTER_CLOSED + AFTER_OPEN)})"
    r"(?:는|도|만|의|서)?(?![가-힣])"
)


def wrong_particles(line: Line) -> Iterator[str]:
    """Particles after digits, Latin letters, quotations and English words in brackets.

    After a bracket, the particle is that of the Korean word before it. In a plain Korean word, what
    looks like a particle may be a part of it.
    """
    for match in PARTICLE.finditer(line.text):
        word = KOREAN.get(match["word"], match["word"])
        if "가" <= match["word"] <= "힣" and not match["gloss"]:
            continue
        end, particle = reading.korean_end(word), match["particle"]
        ends_open = end == reading.OPEN or (particle.endswith("로") and end == reading.RIEUL)
        if particle not in (AFTER_OPEN if ends_open else AFTER_CLOSED):
            yield line.around(*match.span())


def test_turkish_suffixes_follow_what_is_read():
    assert [text for line in lines("tr") for text in wrong_suffixes(line)] == []


def test_korean_particles_follow_what_is_read():
    assert [text for line in lines("ko") for text in wrong_particles(line)] == []


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("RMSE'si", "RMSE'sı"),
        ("SVD'yi", "SVD'i"),
        ("EASE'in", "EASE'nin"),
        ("3'ün", "3'in"),
        ("10'unu", "10'ini"),
        ("0,98'de", "0,98'te"),
        ("1.682'den", "1.682'ten"),
        ("40'ta", "40'da"),
        ("100.000'den", "100.000'dan"),
        ("8.192'lik", "8.192'lük"),
        ("20'ye", "20'e"),
        ("3 GB'lık", "3 GB'lik"),
    ],
)
def test_a_wrong_suffix_is_found(right, wrong):
    assert list(wrong_suffixes(Line("", "", right))) == []
    assert list(wrong_suffixes(Line("", "", wrong)))


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("RMSE는", "RMSE은"),
        ("SVD로", "SVD으로"),
        ("ALS를", "ALS을"),
        ("HTML로", "HTML으로"),
        ("HTML은", "HTML는"),
        ("UMAP은", "UMAP는"),
        ("0.94를", "0.94을"),
        ("0.98이에요", "0.98예요"),
        ("1,000은", "1,000는"),
        ("1은", "1는"),
        ("2로", "2으로"),
        ("행렬 분해(matrix factorisation)는", "행렬 분해(matrix factorisation)은"),
        ("층(layer)이", "층(layer)가"),
        ("학습률(learning rate)로", "학습률(learning rate)으로"),
        ("‘보기’라고", "‘보기’이라고"),
    ],
)
def test_a_wrong_particle_is_found(right, wrong):
    assert list(wrong_particles(Line("", "", right))) == []
    assert list(wrong_particles(Line("", "", wrong)))
