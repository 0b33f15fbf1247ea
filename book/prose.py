"""What a reader of a page reads: its sections, and in each of them its texts, one after another.

Code cells are no prose, and neither are the options of directives, formulas, code, citations and
references within a sentence; there, `MARK` stands in their place.
"""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from markdown_it.token import Token

from book.notebooks.myst import Directive, Place, directive_of, parser

MARK = "\N{OBJECT REPLACEMENT CHARACTER}"
# Directives whose argument is a name; that of the others is a title, which is translated.
NAMED = {
    "code-block",
    "computed-with",
    "figure",
    "glue",
    "glue:figure",
    "image",
    "solution",
    "solution-start",
}
KINDS = {"th_open": "head", "td_open": "cell"}
MARKED = ("code_inline", "math_inline", "myst_role")


class Text(NamedTuple):
    """A heading, a paragraph, an item of a list, a cell of a table, a title, a caption...

    Also a formula or a block of code: these have a source, but no prose.
    """

    kind: str
    line: int  # where it starts in the file
    source: str  # as MyST
    prose: str = ""  # lines break where they break in the source


class Section(NamedTuple):
    """What stands between a heading and the next one, the heading included."""

    label: str
    line: int
    texts: list[Text]

    @property
    def level(self) -> int:
        return int(self.texts[0].kind.removeprefix("h"))


def sections_of(page: Path) -> dict[str, Section]:
    """The sections of a page by their labels, in order."""
    return read_sections(page.read_text(encoding="utf-8"))


@cache  # the build compares every translation with the same English pages
def read_sections(source: str) -> dict[str, Section]:
    label, sections, section = "", {}, None
    for text in texts_of(source, Place("", 1)):
        if text.kind == "label":
            label = text.source
        elif label and text.kind.startswith("h") and text.kind != "head":
            section = sections[label] = Section(label, text.line, [text])
            label = ""  # a heading without one of its own belongs to this section
        elif section:
            section.texts.append(text)
    return sections


def texts_of(source: str, place: Place, paragraph: str = "paragraph") -> Iterator[Text]:
    """All texts of a source that starts at a place; `paragraph` is what it calls a paragraph."""
    tokens = parser().parse(source)
    for number, token in enumerate(tokens):
        line = place.line + token.map[0] if token.map else place.line
        if directive := directive_of(token, place):
            yield from texts_of_directive(directive)
        elif token.type == "inline":
            kind = kind_of(tokens[max(0, number - 2) : number], paragraph)
            yield Text(kind, line, token.content, prose(token.children))
        elif token.type == "myst_target":
            yield Text("label", line, token.content)
        elif token.type in ("fence", "math_block", "amsmath"):
            yield Text("code" if token.type == "fence" else "formula", line, token.content)


def texts_of_directive(directive: Directive) -> Iterator[Text]:
    if directive.name == "code-cell":
        return
    line = directive.place.line
    if directive.argument and directive.name not in NAMED:
        yield from texts_of(directive.argument, directive.place, "title")
    if alt := directive.options.get("alt"):
        yield Text("alt", line + list(directive.options).index("alt") + 1, alt, alt)
    is_figure = directive.name.endswith("figure")
    yield from texts_of(
        directive.body, directive.body_place, "caption" if is_figure else "paragraph"
    )


def kind_of(before: list[Token], paragraph: str) -> str:
    """What an inline text is, from the tokens before it."""
    opening = before[-1]
    if opening.type == "heading_open":
        return opening.tag
    is_item = len(before) > 1 and before[-2].type == "list_item_open"
    return "item" if is_item else KINDS.get(opening.type, paragraph)


def prose_of_line(source: str) -> str:
    """What is read of a line of MyST that belongs to no page."""
    return prose(parser().parseInline(source)[0].children)


def prose(tokens: list[Token]) -> str:
    """What is read of the inline tokens of a text."""
    words = []
    for following, token in enumerate(tokens, 1):
        is_reference = token.type == "link_open" and tokens[following].type == "link_close"
        if token.type in MARKED or is_reference:
            words.append(MARK)
        elif token.type in ("softbreak", "hardbreak"):
            words.append("\n")
        elif token.type in ("text", "text_special"):
            words.append(token.content)
        elif token.children:  # the alternative text of an image
            words.append(prose(token.children))
    return "".join(words)
