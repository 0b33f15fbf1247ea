"""The chapters as notebooks: no MyST in them, nothing lost, and no solution for learners."""

import ast
import builtins
import json
import os
import re
import subprocess
import sys
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace

import jupytext
import nbformat
import pytest
import yaml
from chapter_header import HEADER
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from markdown_it import MarkdownIt
from nbformat.v4 import new_output

from book._site import editions, repository
from book._site.execution import read_chapter
from book._site.languages import LANGUAGES
from book.notebooks import __main__ as command
from book.notebooks.chapter import READERS, notebooks_of
from book.notebooks.edition import Edition, words_of
from book.notebooks.first_cell import first_cell, needed, requirements
from book.notebooks.markdown import Writer
from book.notebooks.myst import NotPlain, Place

BOOK = Path(__file__).resolve().parents[1] / "book"
PAGES = sorted(page.name for page in (BOOK / "en").glob("0*.md"))
SITE = "https://example.org/course"

# A book of three pages: what follows is about its constructs, one by one.

ONE = f"""{HEADER}
(one)=
# One

(one-first)=
## A section with `code`

:::{{glue:figure}} fig-one
:name: fig-one
:alt: A line.
The first figure.
:::

:::{{exercise}} The first
:label: exercise-first
Do it.
:::

:::{{exercise}} The second
:label: exercise-second
Do it again.
:::
"""

REFERENCES = """\
@article{one, author = {Ahn, Ada}, title = {T}, year = {2001}, doi = {10.1/one}}
@article{two, author = {Ahn, Ada and van der Öl, Ege}, title = {T}, year = {2002},
  doi = {10.1/(2)x}}
@misc{three, author = {Ahn, Ada and Ölmez, Ege and Cruz, Eva}, title = {T}, year = {2003},
  url = {https://example.com/three}}
"""


@pytest.fixture
def book(tmp_path):
    """A book in English and in Korean; its first chapter is 01."""
    for language in ("en", "ko"):
        (tmp_path / language).mkdir()
        (tmp_path / language / "01_one.md").write_text(ONE, encoding="utf-8")
        (tmp_path / language / "results.md").write_text("(results)=\n# Results\n")
    (tmp_path / "references.bib").write_text(REFERENCES, encoding="utf-8")
    return tmp_path


@pytest.fixture
def writer(book):
    return Writer(Edition("en", SITE, book))


def plain(writer, text):
    return writer.plain(text, Place("book.md", 1))


@pytest.mark.parametrize(
    ("myst", "markdown"),
    [
        # Labels and comments go, whatever else stands there stays.
        ("(label)=\n## Title\n\nText.", "## Title\n\nText."),
        ("One.\n\n% a remark\n\nTwo.", "One.\n\nTwo."),
        ("Costs $x_1$:\n\n$$\na < b\n$$\n\n- `{cite:t}` in code\n", None),
        ("| a | b |\n|---|--:|\n| $x$ | **y** |", None),
        ("```python\n:::{note}\n(label)=\n```", None),
        ("4. four\n5. five\n\n   and more", None),
        ("[elsewhere](https://example.com/a#b) and <https://example.com>", None),
        # Dropdowns, also within each other, and what they hold.
        (
            ":::{dropdown} A *hint*\nLook at $x$.\n:::",
            "<details>\n<summary>A <em>hint</em></summary>\n\nLook at $x$.\n\n</details>",
        ),
        (
            "Before.\n:::{dropdown} 1 < 2\n```python\nx\n```\n:::\nAfter.",
            "Before.\n\n<details>\n<summary>1 &lt; 2</summary>\n\n```python\nx\n```\n\n</details>"
            "\n\nAfter.",
        ),
        (
            "::::{dropdown} Outer\n:::{dropdown} Inner\nText.\n:::\n::::",
            "<details>\n<summary>Outer</summary>\n\n<details>\n<summary>Inner</summary>\n\n"
            "Text.\n\n</details>\n\n</details>",
        ),
        ("Above.\n\n::::{dropdown} A table\n:::{glue} map-table\n:::\n::::", "Above."),
        # Boxes.
        (
            ":::{admonition} A *leak*\n:class: warning\nOne\ntwo.\n\nThree.\n:::",
            "> **A *leak***\n>\n> One\n> two.\n>\n> Three.",
        ),
        (":::{note}\nText.\n:::", "> **Note**\n>\n> Text."),
        ("```{warning} First.\nText.\n```", "> **Warning**\n>\n> First.\n>\n> Text."),
        # What has a number has that of the site.
        (
            ":::{exercise} The second\n:label: exercise-second\n\nDo it again.\n:::",
            "### Exercise 1.2 (The second)\n\nDo it again.",
        ),
        (":::{exercise}\n:label: exercise-first\nDo it.\n:::", "### Exercise 1.1\n\nDo it."),
        (
            ":::{glue:figure} fig-one\n:name: fig-one\n:alt: A line.\n\nWhat $x$ is.\n:::",
            "**Fig. 1.1** What $x$ is.",
        ),
        (":::{glue} map\n:::", ""),
        # Citations.
        ("{cite:t}`one` says so", "[Ahn (2001)](https://doi.org/10.1/one) says so"),
        (
            "so {cite:p}`one,\nthree`.",
            "so ([Ahn, 2001](https://doi.org/10.1/one); "
            "[Ahn et al., 2003](https://example.com/three)).",
        ),
        ("{cite:p}`two`", "([Ahn & van der Öl, 2002](https://doi.org/10.1/%282%29x))"),
    ],
)
def test_each_construct_becomes_plain_markdown(writer, myst, markdown):
    assert plain(writer, myst) == (myst.strip() if markdown is None else markdown)


@pytest.mark.parametrize(
    ("reference", "title", "address"),
    [
        ("[](#one-first)", "A section with `code`", "01_one.html#one-first"),
        ("[there](#one-first)", "there", "01_one.html#one-first"),
        ("[](01_one.md)", "One", "01_one.html"),
        ("[a *page*](01_one.md)", "a *page*", "01_one.html"),
        ("[](01_one.md#one-first)", "A section with `code`", "01_one.html#one-first"),
        ("[](#results)", "Results", "results.html#results"),
        ("[](#exercise-second)", "Exercise 1.2", "01_one.html#exercise-second"),
        ("[](#fig-one)", "Fig. 1.1", "01_one.html#fig-one"),
    ],
)
def test_a_reference_leads_to_the_site_or_is_its_text(book, reference, title, address):
    places = ["See {}.", "- one\n- see {}", "> {} says", "| a |\n|---|\n| {} |", "# On {}"]
    for text in places:
        with_site = plain(Writer(Edition("en", SITE + "/", book)), text.format(reference))
        assert with_site == text.format(f"[{title}]({SITE}/en/{address})")
        without_site = plain(Writer(Edition("en", "", book)), text.format(reference))
        shown = f"*{title}*" if reference.startswith("[]") else title
        assert without_site == text.format(shown)


def test_every_reference_of_a_row_is_written_anew(writer):
    row = "| [](#one) {cite:t}`one` | `[](#one)` | [](#one) | `[](#one)` |"
    link = f"[One]({SITE}/en/01_one.html#one)"
    assert plain(writer, f"| a | b | c | d |\n|---|---|---|---|\n{row}").splitlines()[2] == (
        f"| {link} [Ahn (2001)](https://doi.org/10.1/one) | `[](#one)` | {link} | `[](#one)` |"
    )


def test_code_that_looks_like_myst_stays_code(writer):
    text = "The role `{cite:t}`, [a](https://example.com) `` `[](#one)` `` and ``{cite:t}`one` ``: "
    shown = "[Ahn (2001)](https://doi.org/10.1/one)"
    assert plain(writer, text + "{cite:t}`one`") == text + shown


def test_no_citation_waits_for_a_search_for_plugins(writer, monkeypatch):
    """Pybtex's search goes through all that is installed, which took longer than all the rest."""
    monkeypatch.setattr("pybtex.plugin.entry_points", lambda **group: pytest.fail("searched again"))
    assert "Ahn" in plain(writer, "{cite:t}`one`")


def test_the_words_are_those_of_the_language(book):
    writer = Writer(Edition("ko", SITE, book))
    assert plain(writer, "[](#exercise-first), [](#fig-one)").startswith("[연습 문제 1.1](")
    assert "> **경고**" in plain(writer, ":::{warning}\n글\n:::")


# What has no rule is refused, with its place.


@pytest.mark.parametrize(
    ("myst", "line", "name"),
    [
        ("Text.\n\n:::{margin}\nText.\n:::", 3, "{margin}"),
        ("```{code-block} python\nx\n```", 1, "{code-block}"),
        (":::{dropdown} Title\n\nText.\n\n```{code-cell}\nx\n```\n:::", 5, "{code-cell}"),
        (":::{dropdown} Title\n:open:\nText.\n:::", 1, ":open:"),
        (":::{dropdown} Title\n---\nopen: true\n---\nText.\n:::", 1, "---"),
        ("Text\nand {kbd}`Ctrl`.", 1, "{kbd}"),
        ("- one\n- {measured}`board; mean; RMSE`", 2, "{measured}"),
        (":::{note}\nOne.\n\nTwo {eval}`x`.\n:::", 4, "{eval}"),
        ("- one\n\n  :::{note}\n  Text.\n  :::", 3, "{note}"),
        ("\n\nText[^1]\n\n[^1]: More.", 3, "footnote"),
        ("{{ variable }}", 1, "substitution"),
        ("[words]{.red}", 1, "span"),
        ("`code`{l=python}", 1, "code_inline"),
        ("![A picture](figure.png)", 1, "image"),
        ("Term\n: what it means", 1, "dl"),
        ("$$\nx\n$$ (label)", 1, "math_block_label"),
        ("\\begin{align}\nx\n\\end{align}", 1, "amsmath"),
        ("<div>x</div>", 1, "html_block"),
        ("a<br>b", 1, "html_inline"),
        ("One.\n\n+++\n\nTwo.", 3, "myst_block_break"),
        ("[](#nowhere)", 1, "#nowhere"),
        ("[text](99_page.md)", 1, "99_page.md"),
        ("[text](mailto:a@example.com)", 1, "mailto"),
        ("<project:#one>", 1, "project:#one"),
        ("{cite:t}`nobody`", 1, "nobody"),
        (":::{exercise} A title\nText.\n:::", 1, ":label:"),
        (":::{dropdown} All of $x$\nText.\n:::", 1, "math_inline"),
        ("[a {cite:t}`one`](#one)", 1, "{cite:t}`one`"),
    ],
)
def test_what_has_no_rule_is_refused(writer, myst, line, name):
    with pytest.raises(NotPlain, match=re.escape(name)) as refused:
        plain(writer, myst)
    assert str(refused.value).startswith(f"book.md:{line}: ")


# Cells.


def code(source, *tags):
    options = f":tags: [{', '.join(tags)}]\n\n" if tags else ""
    return f"```{{code-cell}} ipython3\n{options}{source}\n```"


def written(book, *parts, run=None):
    """The two notebooks of a chapter 02 of these parts."""
    file = book / "en" / "02_two.md"
    file.write_text("\n\n".join([f"{HEADER}\n(two)=\n# Two", *parts]), encoding="utf-8")
    return notebooks_of(file, Edition("en", SITE, book), run=run)


def converted(book, *parts, run=None):
    """Their cells, without the first and the last one."""
    notebooks = written(book, *parts, run=run)
    return {reader: notebook.cells[1:-1] for reader, notebook in notebooks.items()}


def sources(cells):
    return [cell.source for cell in cells]


SOLVED = (
    ":::{exercise} Add\n:label: add\nAdd.\n:::",
    code("def add(): ...", "remove-output"),
    ":::{dropdown} Hint\nUse +.\n:::\n\n:::{solution-start} add\n:class: dropdown\n:::\n\nSo:",
    code("def add(): return 1 + 1"),
    "Done.\n\n:::{solution-end}\n:::\n\nNext.",
)


def test_solutions_are_for_teachers(book):
    notebooks = converted(book, *SOLVED)
    exercise = [
        "# Two\n\n### Exercise 2.1 (Add)\n\nAdd.",
        "def add(): ...",
        "<details>\n<summary>Hint</summary>\n\nUse +.\n\n</details>",
    ]
    solution = ["#### Solution to Exercise 2.1", "So:", "def add(): return 1 + 1", "Done."]
    assert sources(notebooks["learner"]) == [*exercise, "Next."]
    assert sources(notebooks["teacher"]) == [*exercise, *solution, "Next."]
    tagged = [cell for cell in notebooks["teacher"] if cell.metadata.get("tags") == ["solution"]]
    assert sources(tagged) == solution


@pytest.mark.parametrize(
    ("parts", "mark"),
    [
        (SOLVED[:4], ":::{solution-start} add"),
        ([*SOLVED[:3], SOLVED[2]], ":::{solution-start} add"),
        ([":::{solution-end}\n:::"], ":::{solution-end}"),
        ([":::{solution-start} other\n:::", *SOLVED], ":::{solution-start} other"),
    ],
)
def test_a_solution_has_an_exercise_a_start_and_an_end(book, parts, mark):
    with pytest.raises(NotPlain, match=r"solution-(start|end)") as refused:
        converted(book, *parts)
    lines = (book / "en" / "02_two.md").read_text().splitlines()
    last = max(number for number, line in enumerate(lines, 1) if line == mark)
    assert f"02_two.md:{last}: " in str(refused.value)


def test_cells_are_folded_as_on_the_site(book):
    cells = converted(
        book,
        code("a = 1"),
        code("b = 1", "hide-input", "remove-output"),
        code("c = 1", "hide-cell"),
        code("assert a", "remove-cell"),
    )["learner"]
    assert sources(cells) == ["# Two", "a = 1", "b = 1", "c = 1"]
    shown, input_folded, folded = (cell.metadata for cell in cells[1:])
    assert shown == {}
    assert input_folded == {"jupyter": {"source_hidden": True}, "cellView": "form"}
    hidden = {"source_hidden": True, "outputs_hidden": True}
    assert folded == {"jupyter": hidden, "cellView": "form"}


@pytest.mark.parametrize("options", [":tags: [hide-output]", ":mystnb: {figure: x}"])
def test_a_cell_with_an_option_that_has_no_rule_is_refused(book, options):
    with pytest.raises(NotPlain, match=r"02_two\.md:18: .*(hide-output|mystnb)"):
        converted(book, "Text.", f"```{{code-cell}} ipython3\n{options}\nx = 1\n```")


def test_outputs_are_those_that_the_page_shows(book):
    figure = new_output("display_data", {"text/plain": "fig"}, metadata={"scrapbook": {}})
    value = new_output("execute_result", {"text/plain": "1"}, execution_count=7)
    pieces = [new_output("stream", name="stdout", text=text) for text in ("a", "b\n")]
    warning = new_output("stream", name="stderr", text="w")

    def run(chapter):
        for cell in chapter.cells[1:]:
            cell.outputs = [figure, value, *pieces, warning]
        return chapter

    cells = converted(book, code("a"), code("b", "remove-output"), run=run)["learner"]
    shown, removed = (cell.outputs for cell in cells[1:])
    assert [output.output_type for output in shown] == ["display_data", "execute_result", "stream"]
    assert shown[1].execution_count is None  # that of a reader's own run
    assert shown[2].text == "ab\n"
    assert removed == [figure]
    assert [cell.outputs for cell in converted(book, code("a"))["learner"][1:]] == [[]]


def test_ids_tell_cells_apart_and_stay_when_others_change(book):
    before = converted(book, "One.", code("x"), code("x"), code("y"))["learner"]
    after = converted(book, "Two.", code("x"), code("z"), code("x"), code("y"))["learner"]
    assert len({cell.id for cell in before}) == len(before)
    assert [cell.id for cell in before[1:]] == [after[n].id for n in (1, 3, 4)]


# The first cell, with a pip that writes down what it was asked for.

FAKE_PIP = """\
import json, os, pathlib, sys
options = sys.argv[1:]
held = pathlib.Path(options.pop(2)).read_text()
pathlib.Path("asked.json").write_text(json.dumps([*options, held]))
if os.environ.get("PIP_FAILS"):
    sys.exit("there is no network")
pathlib.Path("packages", "recsys_helpers.py").write_text("")
"""

LANGUAGE = "\nimport os; print(os.environ['RECSYS_LANG'])"


@pytest.fixture
def run_first_cell(book, tmp_path, monkeypatch):
    """Run the first cell of a chapter that needs nothing but the helpers."""
    monkeypatch.setattr("book.notebooks.first_cell.needed", lambda source: {"recsys_helpers"})
    for language in ("en", "ko"):
        (book / language / "01_one.md").write_text(f"{ONE}\n{code('1 + 1')}\n", encoding="utf-8")
    packages = tmp_path / "packages"
    old = tmp_path / "shadowed"
    for folder, version in ((packages, "2.0"), (old, "1.0")):
        metadata = folder / f"thing-{version}.dist-info" / "METADATA"
        metadata.parent.mkdir(parents=True)
        metadata.write_text(f"Metadata-Version: 2.1\nName: thing\nVersion: {version}\n")
    (packages / "pip.py").write_text(FAKE_PIP)

    def run(source, language="en", **environment):
        edition = Edition(language, SITE, book)
        cell = notebooks_of(edition.chapters[0], edition, source)["learner"].cells[0]
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("RECSYS_", "PYTHON"))}
        path = os.pathsep.join(map(str, (packages, old)))
        return subprocess.run(
            [sys.executable, "-S", "-c", cell.source + LANGUAGE],
            env=clean | {"PYTHONPATH": path, "PYTHONUTF8": "1"} | environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
        )

    return run


def asked(tmp_path):
    return json.loads((tmp_path / "asked.json").read_text())


@pytest.mark.parametrize("language", ["en", "ko"])
def test_the_first_cell_adds_the_helpers_and_holds_everything_else(
    run_first_cell, tmp_path, language
):
    texts = LANGUAGES[language]["notebook"]
    added = run_first_cell("https://example.org/h.whl", language)
    assert added.stdout.splitlines() == [texts["added"].format(names="recsys_helpers"), language]
    package = "recsys-helpers @ https://example.org/h.whl"
    assert asked(tmp_path) == ["install", "--constraint", package, "thing===2.0\n"]
    (tmp_path / "asked.json").unlink()
    again = run_first_cell("https://example.org/h.whl", language)
    assert again.stdout.splitlines() == [texts["complete"], language]
    assert not (tmp_path / "asked.json").exists()


def test_a_language_that_the_reader_has_set_stays(run_first_cell):
    assert run_first_cell("x", RECSYS_LANG="tr").stdout.splitlines()[-1] == "tr"


def test_a_failed_installation_says_what_to_do(run_first_cell):
    failed = run_first_cell("https://example.org/h.whl", PIP_FAILS="1")
    assert failed.returncode != 0
    assert LANGUAGES["en"]["notebook"]["failed"] in failed.stderr
    assert "there is no network" in failed.stderr


def test_without_a_source_the_first_cell_says_what_to_do(run_first_cell, tmp_path):
    failed = run_first_cell("")
    assert f"RuntimeError: {LANGUAGES['en']['notebook']['unknown']}" in failed.stderr
    assert not (tmp_path / "asked.json").exists()


def test_a_chapter_needs_what_it_imports_itself_and_by_way_of_the_helpers():
    code = "import os\nimport keras.layers as l\ndef f():\n    import pyspark"
    assert needed(code) == {"keras", "tensorflow"}  # what Keras computes with
    assert needed("from numba import njit\nimport numpy.linalg") == {"numba", "numpy"}
    by_way_of_maps = {"recsys_helpers", "bokeh", "jinja2", "matplotlib", "numpy", "pandas"}
    assert by_way_of_maps <= needed("from recsys_helpers import maps")
    assert "bokeh" not in needed("from recsys_helpers.plots import show")


@pytest.mark.parametrize(
    ("module", "requirement"),
    [("sklearn", "scikit-learn"), ("umap", "umap-learn"), ("tensorflow", "tensorflow")],
)
def test_a_module_is_asked_for_by_the_name_and_the_range_of_its_package(module, requirement):
    assert re.match(rf"{requirement}>=\d", requirements()[module])


def test_an_import_that_no_package_brings_is_refused(book):
    cells = {Place("book.md", 3): "import numpy", Place("book.md", 7): "x = 1\nimport torch"}
    with pytest.raises(NotPlain, match=r"^book\.md:7: imports torch: .*pyproject"):
        first_cell(cells, Edition("en", SITE, book), "")


def test_what_is_not_python_is_refused_unless_it_is_magic(book):
    with pytest.raises(NotPlain, match=r"02_two\.md:\d+: is not Python"):
        converted(book, code("x = 1"), code("for"))
    magic = "%matplotlib inline\n!ls\nimport numpy"
    first, *cells = written(book, code(magic))["learner"].cells[:-1]
    assert sources(cells) == ["# Two", magic]
    assert '"numpy": ' in first.source


def test_every_language_has_its_own_texts():
    english = LANGUAGES["en"]["notebook"]
    for language, texts in LANGUAGES.items():
        assert texts["notebook"].keys() == english.keys()
        assert texts["notebook"]["added"].count("{names}") == 1
        if language != "en":
            assert not set(texts["notebook"].values()) & set(english.values())


# The command.


@pytest.fixture
def run_command(book, tmp_path, monkeypatch):
    """Run the command on the small book in English and Korean."""
    monkeypatch.setattr(command, "LANGUAGES", {code: LANGUAGES[code] for code in ("en", "ko")})
    monkeypatch.setattr(command, "Edition", lambda language, site: Edition(language, site, book))
    return lambda *options: command.main([str(tmp_path / "out"), *options])


def contents(folder):
    files = [file for file in folder.rglob("*") if file.is_file()]
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in files}


def test_the_command_writes_the_same_again(run_command, tmp_path, capsys):
    assert run_command("--site", SITE) == 0
    assert capsys.readouterr().out == f"4 notebooks in {tmp_path / 'out'}\n"
    first = contents(tmp_path / "out")
    assert sorted(first) == [
        f"{language}/{reader}/01_one.ipynb" for language in ("en", "ko") for reader in READERS
    ]
    assert run_command("--site", SITE) == 0
    assert contents(tmp_path / "out") == first


def test_outputs_of_a_chapter_that_was_never_run_are_refused(
    run_command, book, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(command.execution, "prepare", lambda: SimpleNamespace(cache=tmp_path / "c"))
    for language in ("en", "ko"):
        (book / language / "01_one.md").write_text(f"{ONE}\n{code('1 + 1')}\n", encoding="utf-8")
    assert run_command("--outputs") == 1
    problem = f"{book / 'ko' / '01_one.md'}:1: it has not been run as it is now"
    assert problem in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_outputs_are_those_of_the_last_run(run_command, book, tmp_path, monkeypatch):
    monkeypatch.setattr(command.execution, "prepare", lambda: SimpleNamespace(cache=tmp_path / "c"))
    for language in ("en", "ko"):
        (book / language / "01_one.md").write_text(f"{ONE}\n{code('1 + 1')}\n", encoding="utf-8")
    executed = read_chapter(book / "en" / "01_one.md")
    executed.cells[-1].outputs = [new_output("stream", name="stdout", text="2\n")]
    get_cache(tmp_path / "c").cache_notebook_bundle(
        CacheBundleIn(executed, "01_one.md"), check_validity=False
    )
    assert run_command("--outputs") == 0
    for language in ("en", "ko"):
        written = nbformat.read(tmp_path / "out" / language / "learner" / "01_one.ipynb", 4)
        assert written.cells[-2].outputs[0].text == "2\n"


def test_helpers_are_installed_from_where_those_of_the_site_are(monkeypatch):
    config = yaml.safe_load((BOOK.parent / "_config.yml").read_text(encoding="utf-8"))
    monkeypatch.setattr(repository, "git_remote", lambda root: "git@github.com:ada/course.git")
    site = editions.derive_config(config, "ko", SimpleNamespace(cache=""), [])
    ours = command.read_options(["out"]).package
    assert ours == site["sphinx"]["config"]["course_package"]
    assert ours.startswith("git+")


@pytest.mark.parametrize("address", ["git+https://example.org/r", "https://example.org/h.whl"])
def test_pip_is_given_an_address_for_a_file_too(tmp_path, address):
    assert command.address(address) == address
    (tmp_path / "the helpers.whl").touch()
    assert command.address(str(tmp_path / "the helpers.whl")) == (
        f"{tmp_path.as_uri()}/the%20helpers.whl"
    )


def test_the_command_names_every_chapter_that_it_refuses_and_writes_nothing(
    run_command, book, tmp_path, capsys
):
    for language in ("en", "ko"):
        with (book / language / "01_one.md").open("a") as chapter:
            chapter.write("\n:::{margin}\nText.\n:::\n")
    assert run_command() == 1
    line = ONE.count("\n") + 2
    problems = capsys.readouterr().err
    for language in ("en", "ko"):
        assert f"{book / language / '01_one.md'}:{line}: the directive {{margin}}" in problems
    assert not (tmp_path / "out").exists()


# The chapters themselves.


BUILT = BOOK.parent / "_build" / "html"


@cache
def notebooks(language):
    """The notebooks of every chapter of a language, by page and reader."""
    edition = Edition(language, SITE)
    return {file.name: notebooks_of(file, edition) for file in edition.chapters}


@cache
def chapter(language, page):
    """A chapter as jupytext reads it."""
    return jupytext.read(BOOK / language / page)


every_chapter = pytest.mark.parametrize("page", PAGES)
every_language = pytest.mark.parametrize("language", LANGUAGES)
every_reader = pytest.mark.parametrize("reader", READERS)


def code_of(cells):
    return [cell.source for cell in cells if cell.cell_type == "code"]


def prose_of(cells):
    return "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


def code_of_chapter(language, page):
    """The code cells of a chapter: those that are shown, those of solutions, those of the build."""
    shown, solutions, removed = [], [], []
    in_solution = False
    for cell in chapter(language, page).cells:
        if cell.cell_type == "markdown":
            if marks := re.findall(r"^:::\{solution-(start|end)\}", cell.source, re.MULTILINE):
                in_solution = marks[-1] == "start"
        elif "remove-cell" in cell.metadata.get("tags", []):
            removed.append(cell.source)
        else:
            (solutions if in_solution else shown).append(cell.source)
    return shown, solutions, removed


@every_language
def test_every_page_with_code_is_a_notebook(language):
    assert sorted(notebooks(language)) == PAGES


@every_chapter
@every_language
def test_the_code_is_that_of_the_chapter(language, page):
    shown, solutions, _ = code_of_chapter(language, page)
    learner, teacher = (notebooks(language)[page][reader].cells[1:] for reader in READERS)
    assert code_of(learner) == shown
    assert sorted(code_of(teacher)) == sorted(shown + solutions)
    n_exercises = (BOOK / language / page).read_text(encoding="utf-8").count("{exercise}")
    numbers = [f"{int(page[:2])}.{number}" for number in range(1, n_exercises + 1)]
    headings = rf"^### {words_of(language)('Exercise')} (\S+) \("
    assert re.findall(headings, prose_of(learner), re.MULTILINE) == numbers


@every_chapter
@every_language
def test_learners_get_no_line_of_a_solution(language, page):
    shown, solutions, _ = code_of_chapter(language, page)
    public = {line.strip() for source in shown for line in source.splitlines()}
    lines = {line.strip() for source in solutions for line in source.splitlines()} - public
    learner = notebooks(language)[page]["learner"]
    assert len(lines) >= len(solutions)
    assert not [line for line in lines if line in prose_of(learner.cells)]
    assert not lines & {line.strip() for c in code_of(learner.cells) for line in c.splitlines()}


@every_chapter
def test_no_cell_needs_one_that_is_left_out(page):
    shown, solutions, removed = code_of_chapter("en", page)
    left_out = names([*solutions, *removed], ast.Store) - names(shown, ast.Store)
    assert not left_out & names(shown, ast.Load)
    assert names(shown, ast.Load) <= names(shown, ast.Store) | set(dir(builtins))


def names(sources, context):
    """The names that code reads (ast.Load), or those that it gives to something (ast.Store)."""
    found = set()
    for node in (node for source in sources for node in ast.walk(ast.parse(source))):
        if isinstance(node, ast.Name) and isinstance(node.ctx, context):
            found.add(node.id)
        elif context is ast.Store and isinstance(node, ast.alias):
            found.add((node.asname or node.name).partition(".")[0])
        elif context is ast.Store and isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif context is ast.Store and isinstance(node, ast.arg):
            found.add(node.arg)
    return found


MYST = re.compile(
    r"""^\s*(?::{3,}|`{3,}\{|~{3,}\{)         # a directive
      | ^:[\w-]+:                             # one of its options
      | ^\([\w-]+\)=                          # a label
      | \{[\w:+-]+\}`                         # a role
      | \]\(\#|\]\([^)]*\.md|\[\]\(         # a reference within the book
      | ^(?:%|\+\+\+)                        # a comment, the end of a block
      | \{\{ | \[\^                          # a substitution, a footnote
    """,
    re.MULTILINE | re.VERBOSE,
)


@pytest.mark.parametrize(
    "myst",
    [
        *(":::{note}", "  ```{note}", "\n:name: x", "(a-b)=", "a {cite:t}`b`", "[](a)", "[a](#b)"),
        *("[a](b_c.md)", "% a", "{{ a }}", "a[^1]"),
    ],
)
def test_myst_is_recognised(myst):
    assert MYST.search(myst)


@every_reader
@every_chapter
@every_language
def test_no_myst_is_left(language, page, reader):
    text = prose_of(notebooks(language)[page][reader].cells)
    without_code = re.sub(r"`[^`\n]+`(?!`)", "`code`", text)
    assert not MYST.findall(without_code)


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.texts = [], []

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not {"code", "pre"} & set(self.open):
            self.texts.append(data)


@every_reader
@every_chapter
@every_language
def test_markdown_within_html_is_read_as_such(language, page, reader):
    markdown = MarkdownIt("commonmark").enable("table")
    for cell in notebooks(language)[page][reader].cells:
        if cell.cell_type == "markdown":
            headings = [t for t in markdown.parse(cell.source) if t.type == "heading_open"]
            assert all("#" in heading.markup for heading in headings)  # and none out of a formula
            tags = Tags()
            tags.feed(markdown.render(re.sub(r"\$[^$]+\$", "x", cell.source)))
            assert tags.open == []
            assert not [text for text in tags.texts if re.search(r"\*\*|`|<|\]\(", text)]


@every_chapter
@every_language
def test_no_sentence_is_lost(language, page):
    """Every paragraph, line by line, as far as it has no role, reference or markup of its own."""
    text = prose_of(notebooks(language)[page]["teacher"].cells)
    lines = [
        line
        for cell in chapter(language, page).cells
        if cell.cell_type == "markdown"
        for line in cell.source.splitlines()
        if line and not re.match(r"[:(>`]", line) and not re.search(r"\{cite|\]\([^h]", line)
    ]
    assert len(lines) > 50
    assert not [line for line in lines if line not in text]


@every_reader
@every_chapter
@every_language
def test_every_notebook_is_valid_and_says_what_it_is(language, page, reader):
    notebook = notebooks(language)[page][reader]
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    assert notebook.metadata["kernelspec"]["name"] == "python3"
    assert (notebook.metadata["lang"], notebook.metadata["edition"]) == (language, reader)
    assert prose_of(notebook.cells).startswith(f"# {notebook.metadata['title']}\n")
    assert f"({SITE}/{language}/{page.removesuffix('.md')}.html)" in notebook.cells[-1].source
    assert f'"RECSYS_LANG", "{language}"' in notebook.cells[0].source


@every_chapter
def test_the_same_cell_has_the_same_id_everywhere(page):
    teacher = {cell.id: cell.source for cell in notebooks("en")[page]["teacher"].cells}
    learner = {cell.id: cell.source for cell in notebooks("en")[page]["learner"].cells}
    korean = {cell.id for cell in notebooks("ko")[page]["teacher"].cells[1:]}
    assert learner.items() <= teacher.items()
    code_ids = {c.id for c in notebooks("en")[page]["teacher"].cells[1:] if c.cell_type == "code"}
    assert code_ids <= korean


@pytest.mark.skipif(not BUILT.exists(), reason="no built site: run `jupyter-book build .` first")
@every_chapter
@every_language
def test_numbers_and_links_are_those_of_the_site(language, page):
    text = prose_of(notebooks(language)[page]["teacher"].cells)
    html = (BUILT / language / page).with_suffix(".html").read_text(encoding="utf-8")
    captions = [number.strip() for number in re.findall(r'caption-number">([^<]*)<', html)]
    ours = re.findall(r"^(?:### |\*\*)([^\d*\n]+ \d+\.\d+)(?: \(|\*\* )", text, re.MULTILINE)
    assert ours == captions
    links = set(re.findall(rf"\({SITE}/([^)#]+)(?:#([^)]+))?\)", text))
    assert links
    for name, anchor in links:
        html = (BUILT / name).read_text(encoding="utf-8")
        assert not anchor or f'id="{anchor}"' in html


@every_chapter
@every_language
def test_a_caption_stands_under_its_figure(language, page):
    """The cell that shows a figure is the last one of code before its caption."""
    text, shown = (BOOK / language / page).read_text(encoding="utf-8"), set()
    for block in re.split(r"^```", text, flags=re.MULTILINE):
        if block.startswith("{code-cell}") and "remove-cell" not in block:
            shown = set(re.findall(r'"((?:fig|map)-[\w-]+)"', block))
        for name in re.findall(r"^:::\{glue:figure\} (\S+)", block, re.MULTILINE):
            assert name in shown
