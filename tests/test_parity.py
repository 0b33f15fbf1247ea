"""The languages of the course tell the same: same pages, same code, same skeleton.

Prose is free, and so is the place of a citation or a reference within its section: languages order
their words differently. Everything else of a page must agree with the English one.
"""

import itertools
import re

import pytest
import yaml
from pages import BOOK, ENGLISH, OTHERS, PAGES, ROOT, read

from book._site.execution import read_chapter
from book._site.languages import LANGUAGES
from book.prose import NAMED

LABEL = re.compile(r"\((?P<name>[^)\s]+)\)=\s*$")
HEADING = re.compile(r"(?P<marks>#+) ")
DIRECTIVE = re.compile(r"(?P<fence>`{3,}|:{3,})\{(?P<name>[\w:-]+)\}\s*(?P<argument>.*)$")
FENCE = re.compile(r"(?P<fence>`{3,}|~{3,})")
OPTION = re.compile(r":(?P<name>[\w-]+):\s*(?P<value>.*)$")
CITATION = re.compile(r"\{cite:?\w*\}`([^`]+)`")
MEASURED = re.compile(r"\{(?:measured|seconds-of|data-of)\}`([^`]+)`")
REFERENCE = re.compile(r"\{(?:ref|numref|doc|eq)\}`(?:[^`<]*<)?([^`>]+)>?`|\]\(#?([\w./-]+)\)")

TRANSLATED_OPTIONS = {"alt", "caption", "title"}


def skeleton(text):
    """What a page must have in common with its translations, one entry per line, in order."""
    lines, mentions, code_fence = [], [], None
    for line in text.splitlines():
        if code_fence:
            if line.startswith(code_fence):
                code_fence = None
            elif option := OPTION.match(line):
                lines.append(describe_option(option))
        elif directive := DIRECTIVE.match(line):
            lines.append(describe_directive(directive))
            if directive["name"] in {"code-cell", "code-block", "math"}:
                code_fence = directive["fence"]
        elif fence := FENCE.match(line):
            code_fence = fence["fence"]
        elif label := LABEL.match(line):
            lines += [*sorted(mentions), f"({label['name']})="]
            mentions = []
        elif heading := HEADING.match(line):
            lines.append(heading["marks"])
        elif option := OPTION.match(line):
            lines.append(describe_option(option))
        mentions += [] if code_fence else find_mentions(line)
    return lines + sorted(mentions)


def describe_directive(directive):
    argument = directive["argument"] if directive["name"] in NAMED else ""
    return f"{{{directive['name']}}} {argument}".strip()


def describe_option(option):
    value = "" if option["name"] in TRANSLATED_OPTIONS else option["value"]
    return f":{option['name']}: {value}".strip()


def find_mentions(line):
    cited = [f"cites {key.strip()}" for keys in CITATION.findall(line) for key in keys.split(",")]
    referred = [f"refers to {role or link}" for role, link in REFERENCE.findall(line)]
    shown = [f"shows {wanted}" for wanted in MEASURED.findall(line)]
    return cited + referred + shown


def unlabelled_headings(text):
    """Headings without a label of their own: Korean ones would get an id like `id3`."""
    prose = re.sub(r"^(`{3,})[^\n]*\n.*?^\1\s*$", "", text, flags=re.MULTILINE | re.DOTALL)
    lines = [line for line in prose.splitlines() if line.strip()]
    return [
        line
        for before, line in itertools.pairwise(["", *lines])
        if HEADING.match(line) and not LABEL.match(before)
    ]


def code(notebook):
    """The code of a chapter: its kernel, then the options and the lines of each cell."""
    if notebook is None:
        return []
    lines = [f"kernel {dict(notebook.metadata['kernelspec'])}"]
    for number, cell in enumerate(c for c in notebook.cells if c.cell_type == "code"):
        lines += [f"cell {number} {dict(cell.metadata)}", *cell.source.split("\n")]
    return lines


def first_difference(english, other):
    """Say where two lists of lines differ first; nothing if they are equal."""
    for place, (ours, theirs) in enumerate(itertools.zip_longest(english, other)):
        if ours != theirs:
            before = english[place - 1] if place else "the beginning"
            return f"after {before!r}: {theirs!r} instead of {ours!r}"
    return ""


def assert_same(english, other):
    if difference := first_difference(english, other):
        pytest.fail(difference, pytrace=False)


@pytest.mark.parametrize("language", OTHERS)
def test_the_pages_are_the_same(language):
    assert sorted(page.name for page in (BOOK / language).glob("*.md")) == PAGES


def test_the_table_of_contents_lists_every_page():
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    files = [toc["root"], *(chapter["file"] for chapter in toc["chapters"])]
    assert sorted(f"{file}.md" for file in files) == PAGES


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("language", OTHERS)
def test_the_code_is_the_same(language, page):
    english, other = (code(read_chapter(BOOK / folder / page)) for folder in (ENGLISH, language))
    assert_same(english, other)


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("language", OTHERS)
def test_the_skeleton_is_the_same(language, page):
    english, other = (skeleton(read(folder, page)) for folder in (ENGLISH, language))
    assert_same(english, other)


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_no_sentence_begins_as_an_item_of_a_list(language, page):
    # "02. bölümdeki", of chapter 02 in Turkish, at the start of a line would be item 2 of a list.
    items = [line for line in read(language, page).splitlines() if re.match(r"0\d\. ", line)]
    assert not items


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_heading_has_a_label(language, page):
    assert unlabelled_headings(read(language, page)) == []


# The comparison itself must see what it is there to see.

PAGE = """\
---
jupytext:
  text_representation:
    format_name: myst
kernelspec:
  name: python3
  display_name: Python 3
---

(start)=
# Title

Words {cite:p}`koren2009,funk2006` and a look at [](#end) and {numref}`fig-one`.

```{code-cell} ipython3
:tags: [remove-output]
# not a heading
x = 1
```

:::{glue:figure} fig-one
:alt: A curve.
:name: fig-one
A caption.
:::

:::{computed-with} one; sample
It is {measured}`board; mean; RMSE`.
:::

(end)=
## End

:::{exercise} Its title
:label: ex-one
Do it.
:::

:::{solution-start} ex-one
:::

```python
# a comment, not a heading
```
"""

TRANSLATION = (
    PAGE.replace("Title", "Başlık")
    .replace("Its title", "Adı")
    .replace("A curve.", "Bir eğri.")
    .replace("A caption.", "Açıklama.")
    .replace("Words {cite:p}`koren2009,funk2006` and a look at [](#end)", "Bkz. [](#end), söz")
    .replace(" and {numref}`fig-one`.", " {numref}`fig-one` {cite:p}`funk2006,koren2009`.")
)


def differs(tmp_path, other):
    chapters = []
    for name, text in (("english", PAGE), ("other", other)):
        file = tmp_path / f"{name}.md"
        file.write_text(text, encoding="utf-8")
        chapters.append(code(read_chapter(file)))
    return first_difference(*chapters) or first_difference(skeleton(PAGE), skeleton(other))


def test_a_faithful_translation_passes(tmp_path):
    assert TRANSLATION != PAGE
    assert not differs(tmp_path, TRANSLATION)


@pytest.mark.parametrize(
    ("original", "planted"),
    [
        ("x = 1\n", "x = 2\n"),
        ("x = 1\n", "x = 1 \n"),
        ("# not a heading", "# başlık değil"),
        (":tags: [remove-output]", ":tags: [hide-output]"),
        ("display_name: Python 3", "display_name: Python 3 (ipykernel)"),
        ("```{code-cell} ipython3\n:tags: [remove-output]\n# not a heading\nx = 1\n```\n", ""),
        ("(end)=", "(son)="),
        ("## End", "### End"),
        (":label: ex-one", ":label: ex-two"),
        ("{solution-start} ex-one", "{solution-start} ex-two"),
        ("{glue:figure} fig-one", "{glue:figure} fig-two"),
        (":name: fig-one\n", ""),
        (":alt: Bir eğri.\n", ""),
        ("funk2006", "funk2007"),
        ("[](#end)", "[](#start)"),
        ("{numref}`fig-one`", "{numref}`fig-two`"),
        (":::{exercise} Adı", ":::{admonition} Adı"),
        ("one; sample", "two; sample"),
        ("board; mean; RMSE", "board; mean; MAE"),
    ],
)
def test_a_planted_difference_is_found(tmp_path, original, planted):
    assert original in TRANSLATION
    assert differs(tmp_path, TRANSLATION.replace(original, planted))


def test_a_mention_may_not_move_to_another_section():
    moved = PAGE.replace("[](#end) and ", "").replace("Do it.", "Do it: [](#end).")
    assert first_difference(skeleton(PAGE), skeleton(moved))


def test_a_heading_without_a_label_is_found():
    assert unlabelled_headings(PAGE) == []
    assert unlabelled_headings(PAGE.replace("(end)=\n", "")) == ["## End"]
    assert unlabelled_headings(PAGE.replace("(end)=\n", "(end)=\nWords.\n")) == ["## End"]
