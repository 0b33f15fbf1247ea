"""The languages of the course and their texts, read from languages.toml."""

import tomllib
from collections.abc import Iterator
from pathlib import Path

LANGUAGES: dict[str, dict] = tomllib.loads(
    Path(__file__).with_suffix(".toml").read_text(encoding="utf-8")
)


def missing_words(language: str) -> list[str]:
    """The names that the first language has and this one lacks."""
    first = next(iter(LANGUAGES.values()))
    present = set(names(LANGUAGES[language]))
    return [name for name in names(first) if name not in present]


def names(table: dict, parent: str = "") -> Iterator[str]:
    """The dotted names of all values of a table and of those within it."""
    for name, value in table.items():
        if isinstance(value, dict):
            yield from names(value, f"{parent}{name}.")
        else:
            yield f"{parent}{name}"
