"""The bibliography and the styles in which every language shows it."""

import re
import unicodedata
from pathlib import Path

import pytest
from pybtex.backends.plaintext import Backend
from pybtex.database import parse_file, parse_string

from book._site.references import BibliographyStyle, CitationStyle, address

BOOK = Path(__file__).resolve().parents[1] / "book"
BIBLIOGRAPHY = parse_file(BOOK / "references.bib")


def test_the_bibliography_holds_what_the_course_cites():
    pages = "".join(file.read_text(encoding="utf-8") for file in (BOOK / "en").glob("*.md"))
    cited = re.findall(r"\{cite(?::\w+)?\}`([^`]+)`", pages)
    assert {key for keys in cited for key in keys.split(",")} == set(BIBLIOGRAPHY.entries)


def as_text(bibliography):
    entries = BibliographyStyle().format_bibliography(bibliography)
    return {entry.key: entry.text.render(Backend()) for entry in entries}


@pytest.mark.parametrize(
    ("entry", "text"),
    [
        (
            """@article{a, author = {Young, Gale and Eckart, Carl}, title = {On {SVD}}, year = 1936,
            journal = {Psychometrika}, volume = 1, number = 3, pages = {211--218}, doi = {10/x}}""",
            "Young, G. & Eckart, C. (1936). On SVD. Psychometrika 1(3), 211–218.",
        ),
        (
            """@inproceedings{a, author = {Bell, Robert M. and Koren, Yehuda and Van Loan, Charles},
            title = {T}, booktitle = {RecSys}, publisher = {ACM}, year = 2007, url = {https://x}}""",
            "Bell, R. M., Koren, Y. & Van Loan, C. (2007). T. RecSys.",
        ),
        (
            """@misc{a, author = {Funk, Simon}, title = {T}, year = 2006, howpublished = {H},
            url = {https://x}}""",
            "Funk, S. (2006). T. H.",
        ),
        (
            """@misc{a, author = {Funk, Simon}, title = {Why?}, year = 2006, howpublished = {H},
            url = {https://x}}""",
            "Funk, S. (2006). Why? H.",
        ),
    ],
)
def test_entries_have_no_word_of_english(entry, text):
    formatted = as_text(parse_string(entry, "bibtex"))["a"].replace("\N{NO-BREAK SPACE}", " ")
    assert formatted == text


def test_entries_stand_in_the_order_of_authors_and_years():
    keys = ("zhou2001", "bell2009", "bell2007")
    entries = [
        f"@misc{{{key}, author = {{{key[:4]}, A.}}, year = {key[4:]}, title = {{T}},"
        " howpublished = {H}, url = {https://x}}"
        for key in keys
    ]
    assert list(as_text(parse_string("".join(entries), "bibtex"))) == sorted(keys)


def test_an_accent_does_not_move_an_author():
    entries = [
        f"@misc{{{n}, author = {{{name}}}, year = 2000, title = {{T}}, howpublished = {{H}}}}"
        for n, name in enumerate(["Jz, A.", "Järvelin, K.", "Jb, A.", "Jas, A.", "Öz, A.", "P, A."])
    ]
    order = BibliographyStyle().sort(parse_string("".join(entries), "bibtex").entries.values())
    assert [entry.key for entry in order] == ["1", "3", "2", "0", "4", "5"]


def test_every_entry_of_the_course_can_be_formatted_and_found():
    texts = as_text(BIBLIOGRAPHY)
    assert texts.keys() == BIBLIOGRAPHY.entries.keys()
    for key, entry in BIBLIOGRAPHY.entries.items():
        assert re.fullmatch(r"https://[^\s{}]+", address(entry)), key
        assert entry.fields["year"] in texts[key]
        assert not re.search(r"[{}\\]|--|\. \.$|[?!]\.|\b(and|pp|pages|eds?)\. ", texts[key]), (
            texts[key]
        )


def test_keys_name_first_author_and_year():
    for key, entry in BIBLIOGRAPHY.entries.items():
        author, year = entry.persons["author"][0].last_names[-1], entry.fields["year"]
        letters = unicodedata.normalize("NFKD", author.lower()).encode("ascii", "ignore").decode()
        assert key.startswith(f"{letters}{year}"), key


def test_citations_join_two_authors_with_an_ampersand():
    person = CitationStyle().person
    assert (person.sep2, str(person.other)) == (" & ", " et al.")
