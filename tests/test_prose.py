"""The prose of the pages: nothing left in English, nothing lost, nothing that shows its markup.

What test_parity.py holds line by line (directives, labels, options, mentions) is not repeated here.
"""

import itertools
import re
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal

import pytest
from pages import ENGLISH, OTHERS, PAGES, Line, lines_elsewhere, lines_of_page, sections

from book._site.languages import LANGUAGES
from book.prose import MARK, Section, read_sections

each_page = pytest.mark.parametrize("page", PAGES)
each_language = pytest.mark.parametrize("language", LANGUAGES)
each_translation = pytest.mark.parametrize("language", OTHERS)

# Frequent words of English that are no words of the other languages.
STOP_WORDS = {
    *("the", "of", "and", "is", "are", "was", "were", "with", "that", "for", "from", "which"),
    *("this", "be", "each", "their", "its", "what", "than", "when", "there", "into", "you"),
    *("have", "has", "if", "but", "they", "must", "only", "more"),
}
# Titles of films stay in English: "Return of the Jedi".
TITLE = re.compile(r"[A-Z][\w'-]*(?: (?:of|the|and|in|to|[A-Z][\w'-]*))* [A-Z][\w'-]*")
GLOSS = re.compile(r"\([^()]*\)")
LEFTOVER = re.compile(r"\*|`|\$|:::|\]\(|\{[a-z:-]+\}|__|<[a-z/]")


def sentences_in_english(text: str) -> Iterator[str]:
    bare = TITLE.sub("", GLOSS.sub("", text))
    for sentence in re.split(r"(?<=[.!?:;])\s", bare):
        words = re.findall(r"[^\W\d_]+", sentence.lower())
        n_english = sum(word in STOP_WORDS for word in words)
        if n_english >= 2 and n_english > 0.2 * len(words):
            yield sentence


@each_translation
def test_no_sentence_is_left_in_english(language):
    lines = [line for page in PAGES for line in lines_of_page(language, page)]
    lines += lines_elsewhere(language)
    left = [(line.place, text) for line in lines for text in sentences_in_english(line.text)]
    assert left == []


def untranslated(english: Section, other: Section) -> Iterator[str]:
    """Texts of several words that are those of the English section; names stand in tables."""
    words = re.compile(r"[^\W\d_].*\s\W*[^\W\d_]", re.DOTALL)
    ours = {text.prose for text in english.texts if words.search(text.prose)}
    for text in other.texts:
        if text.prose in ours and text.kind not in ("cell", "head"):
            yield f"line {text.line}, {text.kind}: {text.prose}"


@each_page
@each_translation
def test_nothing_is_said_in_the_words_of_the_english_page(language, page):
    pairs = zip(sections(ENGLISH, page).values(), sections(language, page).values(), strict=True)
    assert [text for english, other in pairs for text in untranslated(english, other)] == []


def shape(section: Section) -> Counter:
    """How many headings, items, cells, captions... a section has; paragraphs are free."""
    return Counter(text.kind for text in section.texts if text.kind != "paragraph")


@each_page
@each_translation
def test_sections_have_the_same_labels_and_shapes(language, page):
    english, other = sections(ENGLISH, page), sections(language, page)
    assert list(english) == list(other)
    shapes = {label: (shape(english[label]), shape(other[label])) for label in english}
    assert {label: pair for label, pair in shapes.items() if pair[0] != pair[1]} == {}


@each_page
@each_language
def test_nothing_of_the_markup_is_read(language, page):
    lines = list(lines_of_page(language, page))
    found = [line.around(*m.span()) for line in lines for m in LEFTOVER.finditer(line.text)]
    assert found == []


@each_page
@each_language
def test_headings_step_down_one_level_at_a_time(language, page):
    levels = [section.level for section in sections(language, page).values()]
    assert levels.count(1) == 1 == levels[0]
    assert all(below - level <= 1 for level, below in itertools.pairwise(levels))


@each_page
@each_language
def test_every_figure_says_what_it_shows_and_what_it_says(language, page):
    """The alternative text for those who do not see it, the caption for everybody."""
    for section in sections(language, page).values():
        alts = [text.prose for text in section.texts if text.kind == "alt"]
        captions = [text.prose for text in section.texts if text.kind == "caption"]
        assert len(alts) == len(captions), section.label
        assert all(len(alt) > 20 for alt in alts), section.label
        assert not set(alts) & set(captions), section.label


# Numbers

SEPARATORS = {"tr": (".", ","), "es": ("\u202f", ".")}  # of thousands, of decimals
# Not "2.8 million": other languages count in other units.
NUMBER = re.compile(r"(?<![\d.,])\d(?:[\d.,\u202f]*\d)?(?![\d.,]*\d)(?!\s?(?:mil|만|억))")
# Some languages rather say "half a star" or "a hundredth".
IN_WORDS = {Decimal(number) for number in ("0.001", "0.01", "0.1", "0.25", "0.5", "1.5", "2.5")}


def numbers(text: str, language: str) -> set[Decimal]:
    """The numbers that every language writes in digits: 0.94 and 1682, not 3 or 100."""
    thousands, decimal = SEPARATORS.get(language, (",", "."))
    text = text.replace("{,}", ",").replace(r"\,", "\u202f")
    found = set()
    for match in NUMBER.findall(text):
        number = re.sub(rf"(?<=\d){re.escape(thousands)}(?=\d{{3}}(?!\d))", "", match)
        number = number.replace(decimal, ".")
        if re.fullmatch(r"\d+\.\d+|\d{2,}[1-9]", number):
            found.add(Decimal(number))
    return found - IN_WORDS


def numbers_of(section: Section, part: str, language: str) -> set[Decimal]:
    return set().union(*(numbers(getattr(text, part), language) for text in section.texts))


def differing_numbers(english: Section, other: Section, language: str) -> set[Decimal]:
    """Those that only one of them has; what one says, the other may have in a formula."""
    ours, theirs = (english, ENGLISH), (other, language)
    only = [
        numbers_of(one, "prose", code) - numbers_of(another, "source", code_of_another)
        for (one, code), (another, code_of_another) in ((ours, theirs), (theirs, ours))
    ]
    return set().union(*only)


@each_page
@each_translation
def test_numbers_are_the_same(language, page):
    pairs = zip(sections(ENGLISH, page).values(), sections(language, page).values(), strict=True)
    differing = {e.label: differing_numbers(e, other, language) for e, other in pairs}
    assert {label: some for label, some in differing.items() if some} == {}


# What these tests are there to see, they must see.

PAGE = """\
(start)=
# A title

Words of the page, which are there to be read, with 1,682 films and $x = 0.631$.

:::{dropdown} A hint of the page
The `code` and [](#start) are no prose.
:::

:::{glue:figure} fig-one
:alt: A curve of the error that falls.
:name: fig-one

A caption of the figure.
:::

```{code-cell} ipython3
print("# the output")
```
"""
SPANISH = (
    PAGE.replace("A title", "Un título")
    .replace("Words of the page, which are there to be read, with", "Palabras con")
    .replace("1,682 films", "1682 películas")
    .replace("A hint of the page", "Una pista")
    .replace("are no prose", "no son prosa")
    .replace("The `code` and", "El `code` y")
    .replace("A curve of the error that falls.", "Una curva del error que baja.")
    .replace("A caption of the figure.", "Un pie de figura.")
)


def test_a_page_is_read_without_its_code_and_formulas():
    (section,) = read_sections(PAGE).values()
    assert [(text.kind, text.line, text.prose) for text in section.texts] == [
        ("h1", 2, "A title"),
        (
            "paragraph",
            4,
            f"Words of the page, which are there to be read, with 1,682 films and {MARK}.",
        ),
        ("title", 6, "A hint of the page"),
        ("paragraph", 7, f"The {MARK} and {MARK} are no prose."),
        ("alt", 11, "A curve of the error that falls."),
        ("caption", 14, "A caption of the figure."),
    ]


def problems(other: str) -> list:
    ours, theirs = (read_sections(text)["start"] for text in (PAGE, other))
    lines = [Line("", text.kind, text.prose.replace("\n", " ")) for text in theirs.texts]
    found = [text for line in lines for text in sentences_in_english(line.text)]
    found += [match for line in lines for match in LEFTOVER.findall(line.text)]
    found += [*untranslated(ours, theirs), *differing_numbers(ours, theirs, "es")]
    return found + ([] if shape(ours) == shape(theirs) else ["shape"])


def test_a_translation_passes():
    assert problems(SPANISH) == []


@pytest.mark.parametrize(
    ("original", "planted"),
    [
        ("Un título", "A title"),
        ("Una pista", "A hint of the page"),
        ("Un pie de figura.", "A caption of the figure."),
        ("Una curva del error que baja.", "A curve of the error that falls."),
        ("Palabras con", "Words, which are in the text, con"),
        ("1682", "1628"),
        ("1682 ", ""),
        ("$x = 0.631$", "0.613"),
        ("Palabras", "**Palabras **y"),
        ("y [](#start)", "y {nada}[](#start)"),
        ("Un pie de figura.", "- Un pie de figura."),
    ],
)
def test_a_planted_mistake_is_found(original, planted):
    assert original in SPANISH
    assert problems(SPANISH.replace(original, planted))


def test_titles_of_films_may_stay_in_english():
    assert list(sentences_in_english("Vienen Contact, Fargo y Return of the Jedi.")) == []
