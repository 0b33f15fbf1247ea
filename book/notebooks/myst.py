"""MyST as its own parser reads it, with what a translation of the source needs besides."""

import re
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_inline import StateInline, backtick, link
from markdown_it.token import Token
from mdit_py_plugins.myst_role.index import myst_role
from myst_parser.parsers.mdit import create_md_parser

from book._site.execution import syntax

DIRECTIVE = re.compile(r"\{(?P<name>[^}]+)\}\s*(?P<argument>.*)")
OPTION = re.compile(r":(?P<name>[\w-]+):\s*(?P<value>.*)")


class NotPlain(ValueError):
    """Why a chapter cannot be a notebook that needs nothing of the book, and where that stands."""

    def __init__(self, place: "Place", problem: str) -> None:
        super().__init__(f"{place.file}:{place.line}: {problem}")


class Place(NamedTuple):
    """A line of a file, counted from 1."""

    file: str
    line: int

    def below(self, n_lines: int) -> "Place":
        return self._replace(line=self.line + n_lines)


class Directive(NamedTuple):
    """A directive at the top level of a text."""

    name: str
    argument: str
    options: dict[str, str]
    body: str
    place: Place  # of its first line
    body_place: Place

    def refuse(self, problem: str) -> NotPlain:
        return NotPlain(self.place, f"the directive {{{self.name}}} {problem}")


@cache
def parser() -> MarkdownIt:
    """The parser of the book; code, links and roles say in `meta["raw"]` what was written."""
    markdown = create_md_parser(syntax(), RendererHTML)
    for name, rule, kind in (
        ("backticks", backtick, "code_inline"),
        ("link", link, "link_open"),
        ("myst_role", myst_role, "myst_role"),
    ):
        markdown.inline.ruler.at(name, with_raw_text(rule, kind))
    return markdown


def with_raw_text(rule: Callable, kind: str) -> Callable:
    """Make a rule for inline text keep the source of what it reads."""

    def rule_with_raw_text(state: StateInline, silent: bool) -> bool:
        start, n_tokens = state.pos, len(state.tokens)
        found = rule(state, silent)
        if found and not silent:
            for token in state.tokens[n_tokens:]:
                if token.type == kind:
                    token.meta["raw"] = state.src[start : state.pos]
                    break
        return found

    return rule_with_raw_text


def directive_of(token: Token, place: Place) -> Directive | None:
    """Read the directive in a fence of colons or backticks; None for anything else."""
    if token.type not in ("fence", "colon_fence"):
        return None
    found = DIRECTIVE.fullmatch(token.info.strip())
    if not found:
        return None
    lines = token.content.splitlines()
    options = {}
    while lines and (option := OPTION.fullmatch(lines[0])):
        options[option["name"]] = option["value"]
        del lines[0]
    place = place.below(token.map[0])
    body_place = place.below(1 + len(options))
    return Directive(
        found["name"], found["argument"].strip(), options, "\n".join(lines), place, body_place
    )
