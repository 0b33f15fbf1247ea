"""What the pages of one language refer to: each other, numbered things, the literature."""

from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from myst_nb.core.read import is_myst_markdown_notebook
from pybtex.backends.plaintext import Backend as PlainText
from pybtex.database import parse_file

from book._site.execution import ROOT
from book._site.interface import LOCALE, read_words
from book._site.languages import LANGUAGES
from book._site.references import CitationStyle, address

from .myst import Directive, Place, directive_of, parser

# The option that names a numbered directive.
NUMBERED = {"exercise": "label", "glue:figure": "name"}


class Target(NamedTuple):
    """What a reference leads to."""

    page: str
    anchor: str  # "" for a page as a whole
    text: str  # what stands for it in a sentence, as MyST


class Edition:
    """The pages of one language, as far as others refer to them.

    `site` is the address of the whole published site, "" where there is none.
    """

    def __init__(self, language: str, site: str = "", book: Path = ROOT / "book") -> None:
        self.language = language
        self.site = site.rstrip("/")
        self.folder = book / language
        pages = sorted(self.folder.glob("*.md"))
        self.chapters = [p for p in pages if is_myst_markdown_notebook(p.read_text("utf-8"))]
        self.texts = LANGUAGES[language]
        self.word = words_of(language)
        exercise, figure = f"{self.word('Exercise')} %s", self.word("Fig. %s")
        self.named = {"exercise": exercise, "glue:figure": figure}
        self.literature = parse_file(book / "references.bib").entries
        # Made once: each time, pybtex goes through all that is installed here to find its plugins.
        self.style, self.plain_text = CitationStyle(), PlainText()
        self.targets: dict[str, Target] = {}  # by "01_svd.md" and by "#svd-rank"
        for file in pages:
            title, *others = self.targets_on(file)
            self.targets[file.name] = title._replace(anchor="")
            self.targets |= {f"#{target.anchor}": target for target in (title, *others)}

    def targets_on(self, file: Path) -> Iterator[Target]:
        """The sections of a page, the first of which has its title, its exercises and its figures.

        Their numbers are those of the site: the second exercise of 06_ranking.md is 6.2.
        """
        chapter, counts = file.stem.partition("_")[0], Counter()
        tokens = parser().parse(file.read_text(encoding="utf-8"))
        for place, token in enumerate(tokens):
            directive = directive_of(token, Place(str(file), 1))
            if token.type == "heading_open":
                before = tokens[place - 1]
                label = before.content if before.type == "myst_target" else ""
                yield Target(file.stem, label, tokens[place + 1].content)
            elif directive and directive.name in NUMBERED and chapter.isdigit():
                counts[directive.name] += 1
                label = directive.options.get(NUMBERED[directive.name], "")
                number = f"{int(chapter)}.{counts[directive.name]}"
                yield Target(file.stem, label, self.named[directive.name] % number)

    def name_of(self, directive: Directive) -> str:
        """What an exercise or a figure is called: "Exercise 6.1"."""
        option = NUMBERED[directive.name]
        target = self.targets.get(f"#{directive.options.get(option)}")
        if target is None:
            raise directive.refuse(f"has no :{option}:, or stands where it is not counted")
        return target.text

    def address_of(self, target: Target) -> str:
        """Where the site has it; "" as long as nobody knows where the site is."""
        anchor = f"#{target.anchor}" if target.anchor else ""
        return f"{self.site}/{self.language}/{target.page}.html{anchor}" if self.site else ""

    def cite(self, key: str, form: str) -> str:
        """A link to an entry of the bibliography, with a name and a year like `form`."""
        entry = self.literature[key]
        names = self.style.person.author_or_editor_or_title(full=False)
        people = names.format_data({"entry": entry, "style": self.style}).render(self.plain_text)
        url = address(entry).replace("(", "%28").replace(")", "%29")
        return f"[{form.format(people, entry.fields['year'])}]({url})"


@cache
def words_of(language: str) -> Callable[[str], str]:
    """The translation of the words of the site's interface."""
    file = LOCALE / f"{language}.po"
    return read_words(file).gettext if file.exists() else str
