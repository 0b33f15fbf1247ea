"""What tests share about the pages of the course: languages, names, sections, other texts."""

import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from babel.messages.pofile import read_po

from book._site.interface import LOCALE
from book._site.languages import LANGUAGES
from book.prose import Section, prose_of_line, sections_of

ROOT = Path(__file__).resolve().parents[1]
BOOK = ROOT / "book"
HINTS = ROOT / "recsys_helpers" / "hints"
ENGLISH, *OTHERS = LANGUAGES
PAGES = sorted(page.name for page in (BOOK / ENGLISH).glob("*.md"))


class Line(NamedTuple):
    """A text that somebody reads, in one line, and where it stands."""

    place: str
    kind: str
    text: str

    def around(self, start: int, end: int) -> str:
        return f"{self.place}: …{self.text[max(0, start - 40) : end + 40]}…"


def read(language: str, page: str) -> str:
    return (BOOK / language / page).read_text(encoding="utf-8")


@cache
def sections(language: str, page: str) -> dict[str, Section]:
    return sections_of(BOOK / language / page)


def lines_of_page(language: str, page: str) -> Iterator[Line]:
    for section in sections(language, page).values():
        yield from lines_of_section(section, f"book/{language}/{page}")


def lines_of_section(section: Section, file: str) -> Iterator[Line]:
    for text in section.texts:
        if text.prose:
            yield Line(f"{file}:{text.line}", text.kind, text.prose.replace("\n", " "))


def lines_elsewhere(language: str) -> Iterator[Line]:
    """What the site, the notebooks and the checks say in a language."""
    hints = tomllib.loads((HINTS / f"{language}.toml").read_text(encoding="utf-8"))
    for name, words in (("languages.toml", LANGUAGES[language]), (f"{language}.toml", hints)):
        yield from lines_of_table(words, name)
    file = LOCALE / f"{language}.po"
    if file.exists():
        with file.open("rb") as catalogue:
            for message in read_po(catalogue):
                if message.id:
                    yield Line(f"{file.name}:{message.lineno}", "interface", message.string)


def lines_of_table(table: dict, place: str) -> Iterator[Line]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from lines_of_table(value, f"{place}, {name}")
        elif isinstance(value, str):
            yield Line(f"{place}, {name}", "interface", prose_of_line(value))
