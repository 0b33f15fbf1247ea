"""Citations and bibliography without a word of English: one .bib file serves all editions.

Where other styles write "and", "In" or "pp.", this one has "&", commas and dashes.
"""

from dataclasses import dataclass, field

import pybtex.plugin
import sphinxcontrib.bibtex.plugin
from pybtex.richtext import Text
from pybtex.style import formatting, labels
from pybtex.style.sorting import author_year_title
from pybtex.style.template import field as entry_field
from pybtex.style.template import first_of, href, join, names, optional, optional_field, tag
from sphinxcontrib.bibtex.style.referencing import BracketStyle, PersonStyle
from sphinxcontrib.bibtex.style.referencing.author_year import AuthorYearReferenceStyle

from .search import bare

NAME = "course"
AND = " & "


def parentheses():
    return BracketStyle("(", ")")


@dataclass
class CitationStyle(AuthorYearReferenceStyle):
    """In the text: (Koren et al., 2009), and Eckart & Young (1936)."""

    bracket_textual: BracketStyle = field(default_factory=parentheses)
    bracket_parenthetical: BracketStyle = field(
        default_factory=lambda: BracketStyle("(", ")", sep="; ", sep2="; ", last_sep="; ")
    )
    person: PersonStyle = field(
        default_factory=lambda: PersonStyle(sep2=AND, last_sep=AND, other=Text(" et al."))
    )


class KeyLabels(labels.BaseLabelStyle):
    """Label each entry by its key: pages hide the label, but links need it to be unique."""

    def format_labels(self, entries):
        return [entry.key for entry in entries]


class Alphabet(author_year_title.SortingStyle):
    """By author, year and title, where a letter with an accent is that letter: Jä is before Jo."""

    def sorting_key(self, entry):
        author, *rest = super().sorting_key(entry)
        return bare(author), *rest


class BibliographyStyle(formatting.BaseStyle):
    """In the list: Eckart, C. & Young, G. (1936). Title, linked. *Journal* 1(3), 211–218."""

    default_label_style = KeyLabels
    default_name_style = "lastfirst"
    default_sorting_style = Alphabet

    def __init__(self):
        super().__init__(abbreviate_names=True)

    def get_article_template(self, entry):
        places = ("journal", "booktitle", "publisher", "howpublished")
        return join[
            names("author", sep=", ", sep2=AND, last_sep=AND),
            " (",
            entry_field("year"),
            "). ",
            href(address(entry), external=True)[entry_field("title")],
            " " if entry.fields["title"].endswith(("?", "!")) else ". ",
            tag("em")[first_of[[optional_field(place) for place in places]]],
            optional[" ", entry_field("volume")],
            optional["(", entry_field("number"), ")"],
            optional[", ", entry_field("pages")],
            ".",
        ]

    get_book_template = get_inproceedings_template = get_misc_template = get_article_template


def address(entry):
    """Where an entry can be read: every entry has a DOI or a URL."""
    doi = entry.fields.get("doi")
    return f"https://doi.org/{doi}" if doi else entry.fields["url"]


def use_styles(app, config):
    config.bibtex_default_style = NAME
    config.bibtex_reference_style = NAME


def setup(app):
    pybtex.plugin.register_plugin("pybtex.style.formatting", NAME, BibliographyStyle)
    sphinxcontrib.bibtex.plugin.register_plugin(
        "sphinxcontrib.bibtex.style.referencing", NAME, CitationStyle
    )
    app.connect("config-inited", use_styles)
