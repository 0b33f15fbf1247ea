"""Numbers of the chapters on other pages, out of the outputs of the very build that shows them.

    {measured}`svd-scoreboard; global mean; RMSE`       a cell of the last table under a label
    {measured}`mf-scoreboard; network, seed *; RMSE`    the mean of the rows that begin like this
    {seconds-of}`02_mf`                                 the time that a chapter took to run
    {data-of}`02_mf`                                    the data on which it ran, in words

    :::{computed-with} 02_mf; built-in sample
    shown only if the chapter ran on data of this name
    :::

A value that is not there is a warning, so that `-W` lets no page go without it.
"""

import re
from difflib import get_close_matches
from functools import cache, partial
from statistics import fmean

from bs4 import BeautifulSoup
from docutils import nodes
from myst_nb.sphinx_ import NbMetadataCollector
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective, SphinxRole

from .languages import LANGUAGES
from .pages import data_in_words, data_of, whole_seconds

logger = logging.getLogger(__name__)

SHOWS_RESULTS = "shows_results"  # in the metadata of a page
NUMBER = re.compile(r"-?\d+(?:\.(?P<decimals>\d+))?")


class Missing(Exception):
    """A value that no chapter of this build has put out."""


class Value(nodes.inline):
    """Stands for what a role shows, until all chapters have been read."""


class Conditional(nodes.container):
    """Stands for what is shown only if a chapter ran on certain data."""


class ValueRole(SphinxRole):
    def run(self):
        note_page(self.env)
        value = Value(self.rawtext, role=self.name, wanted=self.text)
        self.set_source_info(value)
        return [value], []


class ComputedWith(SphinxDirective):
    required_arguments = 1
    final_argument_whitespace = True
    has_content = True

    def run(self):
        note_page(self.env)
        conditional = Conditional("", *self.parse_content_to_nodes(), wanted=self.arguments[0])
        self.set_source_info(conditional)
        return [conditional]


def note_page(env) -> None:
    env.metadata[env.docname][SHOWS_RESULTS] = True


def pages_to_write_again(app, env) -> list[str]:
    """All pages with values: any chapter that was read again may have changed them."""
    return [page for page, metadata in env.metadata.items() if metadata.get(SHOWS_RESULTS)]


class FillIn(SphinxPostTransform):
    """Put in what the chapters have put out."""

    default_priority = 10

    def run(self, **kwargs) -> None:
        outputs = Outputs(self.env)
        for value in list(self.document.findall(Value)):
            find = partial(ROLES[value["role"]], outputs, value["wanted"])
            value.replace_self(nodes.Text(self.found_or(find, "?", value)))
        for conditional in list(self.document.findall(Conditional)):
            find = partial(outputs.is_computed_with, conditional["wanted"])
            is_shown = self.found_or(find, True, conditional)
            conditional.replace_self(conditional.children if is_shown else [])

    def found_or(self, find, otherwise, node):
        try:
            return find()
        except Missing as missing:
            logger.warning("%s", missing, location=node, type="results")
            return otherwise


class Outputs:
    """What the chapters of a build have put out, as texts in the language of the edition."""

    def __init__(self, env) -> None:
        self.env = env
        self.texts = LANGUAGES[env.config.language]
        self.read = cache(env.get_doctree)
        self.last_table = cache(self.find_last_table)

    def measured(self, wanted: str) -> str:
        """A number of a table, with the decimals that the chapter shows."""
        label, row, column = split(wanted, "label; row; column")
        rows = matching_rows(self.last_table(label), row, f"the last table of {label}")
        cells = [one_of(cells, column, f"the columns of {label}") for cells in rows]
        return mean(cells, wanted).replace(".", self.texts["decimal"])

    def seconds(self, chapter: str) -> str:
        return str(whole_seconds(self.execution_of(chapter)["runtime"]))

    def data(self, chapter: str) -> str:
        return data_in_words(self.data_of(chapter), self.texts)

    def is_computed_with(self, wanted: str) -> bool:
        chapter, data = split(wanted, "chapter; data")
        one_of(self.texts["data"], data, "the data in languages.toml")
        return self.data_of(chapter) == data

    def data_of(self, chapter: str) -> str:
        self.execution_of(chapter)
        if data := data_of(self.read(chapter)):
            return data
        raise Missing(f"{chapter} has printed no line that begins with 'data: '")

    def execution_of(self, chapter: str) -> dict:
        executed = {
            page: execution
            for page in sorted(self.env.found_docs)
            if (execution := NbMetadataCollector.get_exec_data(self.env, page))
        }
        return one_of(executed, chapter, "the chapters that were run")

    def find_last_table(self, label: str) -> dict[str, dict[str, str]]:
        labels = self.env.get_domain("std").anonlabels
        if label not in labels:
            similar = ", ".join(get_close_matches(label, labels)) or "none"
            raise Missing(f"no page has the label {label!r}; similar ones: {similar}")
        page, id_ = labels[label]
        for section in self.read(page).findall(nodes.section):
            if id_ in section["ids"] and (tables := list(find_tables(section))):
                return tables[-1]
        raise Missing(f"no cell of the section {label} ({page}) has put out a table")


ROLES = {"measured": Outputs.measured, "seconds-of": Outputs.seconds, "data-of": Outputs.data}


def find_tables(section: nodes.section):
    """The data frames that the cells of a section have put out: row, column, text."""
    for output in section.findall(nodes.raw):
        if output["format"] == "html" and 'class="dataframe"' in output.astext():
            table = BeautifulSoup(output.astext(), "html.parser").find("table", class_="dataframe")
            # With a name for its rows, a data frame has a second line in its head.
            columns = texts_of(table.thead.tr.find_all("th")[1:])
            yield {
                row.th.text: dict(zip(columns, texts_of(row.find_all("td")), strict=True))
                for row in table.tbody.find_all("tr")
            }


def texts_of(cells) -> list[str]:
    return [cell.text for cell in cells]


def matching_rows(table: dict[str, dict[str, str]], row: str, place: str) -> list[dict[str, str]]:
    """The row of this name; if it ends in `*`, all those whose names begin with the rest."""
    if not row.endswith("*"):
        return [one_of(table, row, place)]
    found = [cells for name, cells in table.items() if name.startswith(row[:-1])]
    return found or [one_of(table, row, place)]


def mean(cells: list[str], wanted: str) -> str:
    """The mean of numbers, with as many decimals as they have themselves."""
    numbers = [NUMBER.fullmatch(cell) for cell in cells]
    if not all(numbers):
        raise Missing(f"{wanted} is not a number: {', '.join(cells)}")
    decimals = max(len(number["decimals"] or "") for number in numbers)
    return f"{fmean(map(float, cells)):.{decimals}f}"


def split(wanted: str, form: str) -> list[str]:
    parts = [part.strip() for part in wanted.split(";")]
    if len(parts) != len(form.split(";")):
        raise Missing(f"{wanted!r} does not have the form {form!r}")
    return parts


def one_of(table: dict, name: str, place: str):
    if name not in table:
        raise Missing(f"{name!r} is not among {place}: {', '.join(map(repr, table))}")
    return table[name]


def setup(app) -> dict:
    for name in ROLES:
        app.add_role(name, ValueRole())
    app.add_directive("computed-with", ComputedWith)
    app.add_post_transform(FillIn)
    app.connect("env-get-updated", pages_to_write_again)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
