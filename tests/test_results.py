"""Numbers of the chapters on other pages: found, translated, kept up to date, missed."""

import io
import itertools
import re
from pathlib import Path

import nbformat
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from myst_nb.sphinx_ import NbMetadataCollector
from nbformat import v4
from sphinx.application import Sphinx
from sphinx_alone import sphinx_alone

from book._site.execution import read_chapter
from book._site.languages import LANGUAGES

BOOK = Path(__file__).resolve().parents[1] / "book"
VERSION = re.compile(r"\d+(\.\d+){2,}")
ROLE = re.compile(r"\{(measured|seconds-of|data-of)\}`([^`]+)`")

TRIAL = pd.DataFrame({"RMSE": [9.9]}, index=["global mean"])
BOARD = pd.DataFrame(
    {"RMSE": [1.12, 0.9125, 0.9135, 0.8], "±": [0.0, 0.25, 0.75, float("nan")]},
    index=pd.Index(["global mean", "network, seed 0", "network, seed 1", "a < b"], name="model"),
)
TIMES = pd.DataFrame({"seconds": [9.87, 0.13]}, index=["slow, seed 0", "fast"]).round(1)


def chapter(*outputs, data="built-in sample"):
    """A chapter that has run: what it printed, then one section with tables, then one without."""
    printed = v4.new_output("stream", name="stdout", text=f"data: {data}, 3 films\n")
    tables = [
        v4.new_output(
            "execute_result",
            {"text/html": table.to_html(), "text/plain": str(table)},
            execution_count=1,
        )
        for table in outputs
    ]
    cells = [
        v4.new_markdown_cell("(first)=\n# First\n"),
        v4.new_code_cell("print()", outputs=[printed]),
        v4.new_markdown_cell("(first-board)=\n## Board\n"),
        *(v4.new_code_cell("table", outputs=[table]) for table in tables),
        v4.new_markdown_cell("(first-end)=\n## End\n"),
    ]
    return v4.new_notebook(cells=cells)


class Course:
    """A course of one chapter and one page, which is built as often as wanted.

    The page is not the first one, which Sphinx writes again in each build anyway.
    """

    def __init__(self, folder, language):
        self.source, self.built, self.language = folder / "pages", folder / "html", language
        self.source.mkdir()
        (self.source / "index.md").write_text("# Start\n\n```{toctree}\n00_first\npage\n```\n")

    def build(self, page=None, notebook=None):
        """Build what has changed; return the page, and its warnings."""
        if page is not None:
            (self.source / "page.md").write_text(f"(page)=\n# Page\n\n{page}\n", "utf-8")
        if notebook is not None:
            nbformat.write(notebook, self.source / "00_first.ipynb")
        settings = {
            "extensions": ["myst_nb", "book._site.anchors", "book._site.results"],
            "myst_enable_extensions": ["colon_fence"],
            "nb_execution_mode": "off",
            "html_theme": "basic",
            "language": self.language,
        }
        log = io.StringIO()
        doctrees = self.built / ".doctrees"
        with sphinx_alone():
            app = Sphinx(
                self.source, None, self.built, doctrees, "html", settings, status=None, warning=log
            )
            app.connect("env-updated", self.say_that_it_ran)
            app.build()
        html = BeautifulSoup((self.built / "page.html").read_text(encoding="utf-8"), "html.parser")
        lines = re.sub(r"\x1b\[[\d;]*m", "", log.getvalue()).splitlines()
        return html.find(id="page"), [line for line in lines if "page.md" in line]

    def say_that_it_ran(self, app, env):
        NbMetadataCollector.set_exec_data(env, "00_first", {"runtime": 12.6})


@pytest.fixture
def make_course(tmp_path):
    return lambda language="en": Course(tmp_path, language)


VALUES = {
    "first-board; global mean; RMSE": "1.1200",
    "first-board;network, seed 1;RMSE": "0.9135",
    "first-board; network, seed *; RMSE": "0.9130",
    "first-board; network, seed *; ±": "0.50",
    "first-board; a < b; RMSE": "0.8000",
}


def test_a_value_is_that_of_the_last_table_under_the_label(make_course):
    text = "\n\n".join(f"{{measured}}`{wanted}`" for wanted in VALUES)
    page, warnings = make_course().build(text, chapter(TRIAL, BOARD))
    assert [paragraph.text for paragraph in page.find_all("p")] == list(VALUES.values())
    assert warnings == []


def test_a_table_need_not_name_its_rows(make_course):
    text = "{measured}`first-board; fast; seconds` {measured}`first-board; slow*; seconds`"
    assert make_course().build(text, chapter(TIMES))[0].p.text == "0.1 9.9"


def test_values_have_the_form_of_the_language(make_course):
    text = (
        "| a | b |\n|---|---|\n| c | {measured}`first-board; global mean; RMSE` |\n\n"
        "{seconds-of}`00_first`: {data-of}`00_first`"
    )
    page, _ = make_course("tr").build(text, chapter(BOARD))
    assert [cell.text for cell in page.find_all("td")] == ["c", "1,1200"]
    assert page.find_all("p")[-1].text == f"13: {LANGUAGES['tr']['data']['built-in sample']}"


@pytest.mark.parametrize("data", ["built-in sample", "MovieLens 100K"])
def test_a_remark_is_shown_only_with_certain_data(make_course, data):
    text = "::::{computed-with} 00_first; built-in sample\n:::{warning}\nInvented.\n:::\n::::"
    page, warnings = make_course().build(text, chapter(BOARD, data=data))
    assert warnings == []
    assert (
        len(page.select(".warning")) == page.text.count("Invented.") == (data == "built-in sample")
    )


MISSING = {
    "{measured}`first-bord; global mean; RMSE`": "'first-bord'; similar ones: first-board",
    "{measured}`first-end; global mean; RMSE`": "no cell of the section first-end",
    "{measured}`first-board; mean; RMSE`": "'mean' is not among .*'global mean', 'network",
    "{measured}`first-board; seed*; RMSE`": r"'seed\*' is not among",
    "{measured}`first-board; global mean; MAE`": "'MAE' is not among .*'RMSE', '±'",
    "{measured}`first-board; a < b; ±`": "is not a number: NaN",
    "{measured}`first-board; RMSE`": "does not have the form 'label; row; column'",
    "{seconds-of}`01_second`": "'01_second' is not among the chapters .*'00_first'",
    "{data-of}`page`": "'page' is not among the chapters .*'00_first'",
}
UNCHECKED = {
    "00_first; sample": "'sample' is not among the data .*'built-in sample'",
    "00_frist; built-in sample": "'00_frist' is not among the chapters .*'00_first'",
    "00_first": "does not have the form 'chapter; data'",
}


def assert_said(warnings, expected, first_line):
    for number, (warning, said) in enumerate(zip(warnings, expected, strict=True)):
        line = first_line + 4 * number
        assert re.search(rf"page\.md:{line}: WARNING: .*{said}", warning), warning


def test_a_value_that_is_not_there_is_missed(make_course):
    course = make_course()
    text = "\n\n\n\n".join(MISSING)
    page, warnings = course.build(text, chapter(TRIAL, BOARD))
    assert page.get_text(" ", strip=True).split()[-len(MISSING) :] == ["?"] * len(MISSING)
    assert_said(warnings, MISSING.values(), 4)
    # Sphinx forgets the warnings of a page that it does not write again.
    assert course.build()[1] == warnings


def test_a_condition_that_cannot_be_checked_is_reported(make_course):
    text = "\n\n".join(f":::{{computed-with}} {wanted}\nShown.\n:::" for wanted in UNCHECKED)
    page, warnings = make_course().build(text, chapter(BOARD))
    assert_said(warnings, UNCHECKED.values(), 4)
    assert page.text.count("Shown.") == len(UNCHECKED)


def test_a_page_follows_the_chapters(make_course):
    course = make_course()
    course.build("{measured}`first-board; global mean; RMSE`", chapter(BOARD))
    page, _ = course.build(notebook=chapter(BOARD / 2))
    assert page.p.text == "0.56000"


# The pages of the course


def read(language):
    return (BOOK / language / "results.md").read_text(encoding="utf-8")


def test_what_the_page_shows_is_in_the_chapters_that_it_names():
    chapters = {f.stem: f.read_text("utf-8") for f in (BOOK / "en").glob("*.md") if read_chapter(f)}
    labels = {label for text in chapters.values() for label in re.findall(r"\((\S+)\)=", text)}
    shown = ROLE.findall(read("en"))
    for role, wanted in shown:
        name = wanted.partition(";")[0]
        assert name in (labels if role == "measured" else chapters), wanted
    assert {name for role, name in shown if role == "seconds-of"} == chapters.keys()


def figures(language):
    """What stands in the cells of each line of a table, words apart."""
    decimal = LANGUAGES[language]["decimal"]
    lines = [line for line in read(language).splitlines() if line.startswith("|")]
    for line in lines:
        numbers = re.findall(
            rf"\d+(?:{re.escape(decimal)}\d+)?", VERSION.sub("", ROLE.sub("", line))
        )
        yield sorted(ROLE.findall(line)), sorted(n.replace(decimal, ".") for n in numbers)


@pytest.mark.parametrize("language", [language for language in LANGUAGES if language != "en"])
def test_the_figures_are_the_same_in_every_language(language):
    for ours, english in itertools.zip_longest(figures(language), figures("en")):
        assert ours == english
