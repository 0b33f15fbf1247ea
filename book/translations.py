"""Which sections of a translation are older than their English source: python -m book.translations

A short hash of every English section stands for what its translations were made from. It is in
book/<language>/translated_from.toml, and changes with whatever a translator has to follow: prose,
captions, alternative texts, hints, formulas; not with code cells or line breaks. Whoever has
brought a translation up to date says so with --accept.
"""

import argparse
import hashlib
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from book._site.execution import ROOT
from book._site.languages import LANGUAGES
from book.prose import Section, sections_of

BOOK = ROOT / "book"
ENGLISH, *OTHERS = LANGUAGES
RECORD = "translated_from.toml"
HEADER = """\
# The English sections that these pages were translated from, as hashes. Written by
# `python -m book.translations --accept`, which CONTRIBUTING.md explains.
"""


class Outdated(NamedTuple):
    """A section of a translation that does not follow its English source, and where both are."""

    language: str
    page: str  # without .md
    section: str
    english_line: int
    line: int | None  # None: the translation lacks the section

    def __str__(self) -> str:
        there = f"book/{self.language}/{self.page}.md"
        there += f":{self.line}" if self.line else ", which lacks it,"
        source = f"book/{ENGLISH}/{self.page}.md:{self.english_line}"
        return f"{there} [{self.section}] is older than {source}"


def fingerprint(section: Section) -> str:
    """Hash what a translator has to follow in a section."""
    texts = [f"{text.kind} {' '.join(text.source.split())}" for text in section.texts]
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:10]


def outdated(language: str, book: Path = BOOK) -> Iterator[Outdated]:
    """The sections of a translation whose English source has changed since; none of English."""
    record = read_record(language, book)
    for page in pages(book) if language != ENGLISH else []:
        english, other = (read(book / code / f"{page}.md") for code in (ENGLISH, language))
        recorded = record.get(page, {})
        for label, source in english.items():
            if label not in other or recorded.get(label) != fingerprint(source):
                line = other[label].line if label in other else None
                yield Outdated(language, page, label, source.line, line)


def read(page: Path) -> dict[str, Section]:
    return sections_of(page) if page.exists() else {}


def pages(book: Path = BOOK) -> list[str]:
    return sorted(page.stem for page in (book / ENGLISH).glob("*.md"))


def read_record(language: str, book: Path = BOOK) -> dict[str, dict[str, str]]:
    """The fingerprints, by page and section; none before the first page has been accepted."""
    file = book / language / RECORD
    return tomllib.loads(file.read_text(encoding="utf-8")) if file.exists() else {}


def accept(language: str, page: str | None, section: str | None, book: Path = BOOK) -> int:
    """Record that sections follow their present English source; return how many are new.

    Sections that English has no longer are forgotten.
    """
    old, new = read_record(language, book), {}
    for name in pages(book):
        english = sections_of(book / ENGLISH / f"{name}.md")
        is_meant = {label: page in (None, name) and section in (None, label) for label in english}
        before = old.get(name, {})
        new[name] = {
            label: fingerprint(source) if is_meant[label] else before[label]
            for label, source in english.items()
            if is_meant[label] or label in before
        }
    write_record(language, new, book)
    return sum(
        old.get(name, {}).get(label) != value
        for name, values in new.items()
        for label, value in values.items()
    )


def write_record(language: str, record: dict[str, dict[str, str]], book: Path) -> None:
    tables = [
        "\n".join([f"\n[{page}]", *(f'{label} = "{value}"' for label, value in sections.items())])
        for page, sections in record.items()
    ]
    text = "\n".join([HEADER.rstrip(), *tables]) + "\n"
    (book / language / RECORD).write_text(text, encoding="utf-8", newline="\n")


def main(arguments: list[str] | None = None, book: Path = BOOK) -> int:
    """List what is older than its source, and fail if anything is; or accept it."""
    options = read_options(arguments, book)
    languages = [options.language] if options.language else OTHERS
    if options.accept:
        for language in languages:
            n_new = accept(language, options.page, options.section, book)
            print(f"{language}: {n_new} sections accepted")
        return 0
    found = [
        one
        for language in languages
        for one in outdated(language, book)
        if options.page in (None, one.page) and options.section in (None, one.section)
    ]
    print(*found, f"{len(found)} sections are older than their source", sep="\n")
    return 1 if found else 0


def read_options(arguments: list[str] | None, book: Path) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m book.translations", description=__doc__)
    parser.add_argument("--accept", action="store_true", help="they are up to date: record that")
    parser.add_argument("language", nargs="?", choices=OTHERS, help="only this language")
    parser.add_argument("page", nargs="?", choices=pages(book), help="only this page: 02_mf")
    parser.add_argument("section", nargs="?", help="only the section with this label: mf-bias")
    options = parser.parse_args(arguments)
    if options.section and options.section not in sections_of(
        book / ENGLISH / f"{options.page}.md"
    ):
        parser.error(f"{options.page} has no section {options.section!r}")
    return options


if __name__ == "__main__":
    sys.exit(main())
