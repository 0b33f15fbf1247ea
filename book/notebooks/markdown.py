"""MyST -> Markdown that Colab, JupyterLab and VS Code show alike.

The source is kept as it is, except for what only MyST knows. Whatever has no rule here is refused,
so that nothing of it can stay behind in a notebook.
"""

from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import attrgetter

from markdown_it import MarkdownIt
from markdown_it.token import Token

from .edition import Edition
from .myst import Directive, NotPlain, Place, directive_of, parser

SOLUTION = ("solution-start", "solution-end")
# Tokens whose source every reader of notebooks understands.
PLAIN = {
    *("inline", "paragraph", "heading", "bullet_list", "ordered_list", "list_item", "blockquote"),
    *("table", "thead", "tbody", "tr", "th", "td", "fence", "hr", "math_block"),
    *("text", "em", "strong", "code_inline", "math_inline", "link", "softbreak", "hardbreak"),
    "myst_role",  # which has rules of its own
}
# What attrs may say: where a list starts, how a column is aligned, where a link leads.
ATTRIBUTES = {"start", "style", "href"}


class Writer:
    """Writes the Markdown of an edition plainly."""

    def __init__(self, edition: Edition) -> None:
        self.edition = edition
        self.directives = {
            "admonition": (self.admonition, {"class"}),
            "note": (self.note, set()),
            "warning": (self.note, set()),
            "dropdown": (self.dropdown, set()),
            "exercise": (self.exercise, {"label"}),
            "glue": (self.nothing, set()),
            "glue:figure": (self.figure, {"name", "alt"}),
        }
        self.roles = {"cite:t": self.cite_in_sentence, "cite:p": self.cite_in_brackets}

    def pieces(self, text: str, place: Place) -> Iterator[str | Directive]:
        """The plain text before, between and after the marks of solutions, and these marks."""
        lines, begin = text.splitlines(), 0
        for token in parser().parse(text):
            directive = directive_of(token, place)
            if directive and directive.name in SOLUTION and token.level == 0:
                yield self.plain("\n".join(lines[begin : token.map[0]]), place.below(begin))
                yield directive
                begin = token.map[1]
        yield self.plain("\n".join(lines[begin:]), place.below(begin))

    def plain(self, text: str, place: Place) -> str:
        """Write a text that begins at this place without MyST.

        Raises NotPlain for what has no rule, and for a reference that leads nowhere.
        """
        lines, tokens = text.splitlines(), parser().parse(text)
        for (first, last), children in inline_parts(tokens):
            # One line, and no more, so that the numbers of the others remain what they are.
            written = self.rewrite("\n".join(lines[first:last]), children, place.below(first))
            lines[first:last] = [written, *[None] * (last - first - 1)]
        chunks, begin = [], 0
        for token in tokens:
            here = place.below(token.map[0]) if token.map else place
            directive = directive_of(token, place)
            if not directive and token.type not in ("myst_target", "myst_line_comment"):
                refuse_unless_plain(token, here)
                continue
            if token.level:
                raise NotPlain(here, f"{token.info or token.type} stands in a list or a quotation")
            chunks += [joined(lines[begin : token.map[0]])]
            chunks += [self.directive(directive)] if directive else []
            begin = token.map[1]
        chunks.append(joined(lines[begin:]))
        return "\n\n".join(chunk for chunk in chunks if chunk)

    def rewrite(self, text: str, children: Iterable[Token], here: Place) -> str:
        """Write the roles and references among the inline tokens of a text anew."""
        done = ""
        for child in children:
            refuse_unless_plain(child, here)
            raw = child.meta.get("raw", "")
            is_myst = child.type in ("link_open", "myst_role") and not leads_elsewhere(child)
            if is_myst and (not raw or raw not in text):
                written = raw or child.attrs["href"]
                raise NotPlain(here, f"{written} has to stand in one line, as [text](address)")
            if raw and raw in text:  # also code, lest what looks like MyST there be taken for it
                before, _, text = text.partition(raw)
                done += before + (self.inline(child, raw, here) if is_myst else raw)
        return done + text

    def inline(self, token: Token, raw: str, here: Place) -> str:
        if token.type == "link_open":
            return self.reference(token.attrs["href"], raw, here)
        name = token.meta["name"]
        if name not in self.roles:
            rules = known(self.roles)
            raise NotPlain(here, f"the role {{{name}}} has no rule; there is one for {rules}")
        return self.roles[name](token.content, here)

    def reference(self, href: str, raw: str, here: Place) -> str:
        """A link to the page on the site; without a site, its text, for there is nothing to open.

        A notebook travels alone: what lies beside it, if anything does, is not known.
        """
        page, _, anchor = href.partition("#")
        target = self.edition.targets.get(f"#{anchor}" if anchor else page)
        if target is None:
            raise NotPlain(here, f"{raw} leads to nothing in {self.edition.folder}")
        text = raw[1 : raw.rindex("](")]
        title = text or self.plain(target.text, here)
        address = self.edition.address_of(target)
        return f"[{title}]({address})" if address else text or f"*{title}*"

    def cite_in_sentence(self, keys: str, here: Place) -> str:
        return ", ".join(self.citations(keys, "{} ({})", here))

    def cite_in_brackets(self, keys: str, here: Place) -> str:
        return f"({'; '.join(self.citations(keys, '{}, {}', here))})"

    def citations(self, keys: str, form: str, here: Place) -> Iterator[str]:
        for key in keys.split(","):
            if key.strip() not in self.edition.literature:
                raise NotPlain(here, f"there is no {key.strip()!r} in references.bib")
            yield self.edition.cite(key.strip(), form)

    def directive(self, directive: Directive) -> str:
        if directive.name not in self.directives:
            raise directive.refuse(f"has no rule; there is one for {known(self.directives)}")
        if directive.body.startswith("---"):
            raise directive.refuse("has options between ---: write them as :name: value")
        write, options = self.directives[directive.name]
        if unknown := directive.options.keys() - options:
            raise directive.refuse(f"has no rule for the option :{min(unknown)}:")
        return write(directive)

    def body(self, directive: Directive) -> str:
        return self.plain(directive.body, directive.body_place)

    def admonition(self, directive: Directive) -> str:
        return quoted(self.plain(directive.argument, directive.place), self.body(directive))

    def note(self, directive: Directive) -> str:
        # Its first line is not a title.
        first = self.plain(directive.argument, directive.place)
        return quoted(self.edition.word(directive.name.capitalize()), first, self.body(directive))

    def dropdown(self, directive: Directive) -> str:
        body = self.body(directive)
        if not body:  # it held an output, which stands under its cell
            return ""
        for token in parser().parseInline(directive.argument)[0].children:
            if token.type not in ("text", "code_inline", "em_open", "em_close"):
                raise directive.refuse(f"has a title with {token.type}, which would not be shown")
        # No reader of notebooks looks for Markdown here.
        title = MarkdownIt().renderInline(directive.argument)
        return f"<details>\n<summary>{title}</summary>\n\n{body}\n\n</details>"

    def exercise(self, directive: Directive) -> str:
        title = self.plain(directive.argument, directive.place)
        heading = self.edition.name_of(directive) + (f" ({title})" if title else "")
        return f"### {heading}\n\n{self.body(directive)}"

    def figure(self, directive: Directive) -> str:
        """Its number and its caption: the picture is the output of the cell above."""
        return f"**{self.edition.name_of(directive)}** {self.body(directive)}"

    def nothing(self, directive: Directive) -> str:
        """What a cell puts out stands under this cell."""
        return ""

    def solution_heading(self, start: Directive) -> str:
        exercise = self.edition.targets.get(f"#{start.argument}")
        if exercise is None:
            raise start.refuse(f"names no exercise: {start.argument!r}")
        return f"#### {self.edition.word('Solution to')} {exercise.text}"


def inline_parts(tokens: list[Token]) -> Iterator[tuple[list[int], list[Token]]]:
    """The lines of each text and what it consists of; the cells of a row are one text."""
    inline = (token for token in tokens if token.type == "inline")
    for place, parts in groupby(inline, key=attrgetter("map")):
        yield place, [child for part in parts for child in part.children]


def refuse_unless_plain(token: Token, here: Place) -> None:
    kind = token.type.removesuffix("_open").removesuffix("_close")
    if kind not in PLAIN:
        raise NotPlain(here, f"there is no rule for {kind}: {token.content or token.info!r}")
    if extra := token.attrs.keys() - ATTRIBUTES:
        raise NotPlain(here, f"there is no rule for the attribute {min(extra)} of {kind}")


def leads_elsewhere(token: Token) -> bool:
    return str(token.attrs.get("href", "")).startswith(("https://", "http://"))


def quoted(title: str, *paragraphs: str) -> str:
    text = "\n\n".join([f"**{title}**", *filter(None, paragraphs)])
    return "\n".join(f"> {line}".rstrip() for line in text.splitlines())


def joined(lines: list[str | None]) -> str:
    return "\n".join(line for line in lines if line is not None).strip("\n")


def known(rules: dict) -> str:
    return ", ".join(f"{{{name}}}" for name in rules)
