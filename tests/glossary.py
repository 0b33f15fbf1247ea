"""The terms of the glossary, and how to find them in a text in whatever form it needs them."""

import re
import unicodedata
from collections.abc import Iterator
from functools import cache

from pages import ENGLISH, sections

PAGE = "glossary.md"
NOTATION = "glossary-notation"


@cache
def pairs(language: str) -> list[tuple[str, str]]:
    """Each English term, and what stands for it in a language."""
    ours, theirs = (list(rows(code)) for code in (ENGLISH, language))
    return [
        pair
        for (english, *_), (term, *_) in zip(ours, theirs, strict=True)
        for pair in zip(split(english), split(term), strict=True)
    ]


def rows(language: str) -> Iterator[tuple[str, ...]]:
    """The rows of all tables but that of the symbols."""
    for section in sections(language, PAGE).values():
        width = sum(text.kind == "head" for text in section.texts)
        cells = [text.prose for text in section.texts if text.kind == "cell"]
        if width and section.label != NOTATION:
            yield from zip(*[iter(cells)] * width, strict=True)


def split(cell: str) -> list[str]:
    """The terms of a cell, without what an addition in brackets says of them."""
    return re.sub(r"\s*\([^)]*\)", "", cell).split(", ")


@cache
def pattern(term: str, language: str) -> re.Pattern:
    """What finds a term in a bare text."""
    find = PATTERNS.get(language, as_written)
    return re.compile(find(bare(term, language)), re.IGNORECASE)


def bare(text: str, language: str) -> str:
    """Drop what differs in a text without making another word of it."""
    if language == "ko":
        return re.sub(r"\s+", "", text)
    if language == "es":
        return "".join(
            c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c)
        )
    return text.replace("İ", "i").replace("I", "ı") if language == "tr" else text


def as_written(term: str) -> str:
    return re.escape(term)


def english(term: str) -> str:
    words = (re.escape(word) for word in re.split(r"[\s-]", term))
    return r"(?<!\w)" + r"[\s-]".join(words) + r"(?:s|es)?(?!\w)"


def spanish(term: str) -> str:
    """Endings change: "valoraciones medias"."""
    stems = [
        re.escape(word[: max(3, len(word) - (2 if len(word) > 5 else 1))]) for word in term.split()
    ]
    return r"\b" + r"\w*\W+".join(stems)


def turkish(term: str) -> str:
    """Suffixes are added, and take the ending of a compound with them: "test kümelerinde"."""
    stems = [
        re.escape(re.sub(r"(?<=\w{3})(?:s?[ıiuü]|[kçtp])$", "", word)) for word in term.split()
    ]
    return r"\b" + r"\w*\W+".join(stems)


PATTERNS = {"en": english, "es": spanish, "tr": turkish}
