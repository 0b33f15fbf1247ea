"""No section of a translation is older than its English source; where one is, the page says so."""

import io
import re

import pytest
from bs4 import BeautifulSoup
from pages import OTHERS
from sphinx.application import Sphinx
from sphinx_alone import sphinx_alone

from book import translations
from book._site.languages import LANGUAGES
from book.prose import read_sections


@pytest.mark.parametrize("language", OTHERS)
def test_no_section_is_older_than_its_source(language):
    """If one is: translate what changed, then `python -m book.translations --accept`."""
    assert [str(one) for one in translations.outdated(language)] == []


PAGE = """\
(start)=
# Title

Words of the page,
in two lines, with $x = 1$.

(end)=
## End

:::{dropdown} Hint
Words of a hint.
:::

:::{glue:figure} fig-one
:alt: What it shows.
A caption.
:::

| head |
|---|
| cell |

```{code-cell} ipython3
x = 1
```
"""


def test_a_heading_without_a_label_takes_no_section_away():
    page = PAGE.replace(":::{dropdown}", "### More\n\n:::{dropdown}")
    sections = read_sections(page)
    assert list(sections) == ["start", "end"]
    assert sections["end"].texts[0].source == "End"
    assert "More" in [text.source for text in sections["end"].texts]


def fingerprints(page):
    return {label: translations.fingerprint(s) for label, s in read_sections(page).items()}


@pytest.mark.parametrize(
    "text",
    [
        *("Title", "Words of the page", "x = 1$", "End", "Hint", "Words of a hint"),
        *("What it shows", "A caption", "head", "cell |"),
    ],
)
def test_a_fingerprint_covers_what_a_translator_follows(text):
    assert text in PAGE
    changed = fingerprints(PAGE.replace(text, f"More {text}"))
    is_in_first = PAGE.index(text) < PAGE.index("(end)=")
    assert (changed["start"] != fingerprints(PAGE)["start"]) == is_in_first
    assert (changed["end"] != fingerprints(PAGE)["end"]) != is_in_first


@pytest.mark.parametrize(
    ("original", "other"),
    [("x = 1\n```", "y = 2\n```"), ("page,\nin", "page, in"), ("## End", "\n\n## End")],
)
def test_a_fingerprint_does_not_cover_code_and_line_breaks(original, other):
    assert fingerprints(PAGE.replace(original, other)) == fingerprints(PAGE) != {}


@pytest.fixture
def book(tmp_path):
    """A page in two languages, of which one has just been translated."""
    for language, page in (("en", PAGE), ("es", PAGE.replace("Title", "Título"))):
        (tmp_path / language).mkdir()
        (tmp_path / language / "index.md").write_text(page, encoding="utf-8")
    translations.accept("es", None, None, tmp_path)
    return tmp_path


def change(book, original, other, language="en"):
    page = book / language / "index.md"
    text = page.read_text(encoding="utf-8")
    assert original in text
    page.write_text(text.replace(original, other), encoding="utf-8")


def listed(book, capsys, *arguments):
    """The exit status of the command, and its lines but the last, which counts them."""
    status = translations.main([*arguments], book)
    *lines, last = capsys.readouterr().out.splitlines()
    assert "accepted" in last or last.startswith(f"{len(lines)} ")
    return status, lines


def test_what_has_changed_in_english_is_listed_until_it_is_accepted(book, capsys):
    assert listed(book, capsys, "es") == (0, [])
    change(book, "Words of a hint", "Other words of a hint")
    line = "book/es/index.md:8 [end] is older than book/en/index.md:8"
    assert listed(book, capsys, "es") == (1, [line])
    assert listed(book, capsys, "es", "index", "end") == (1, [line])
    assert listed(book, capsys, "es", "index", "start") == (0, [])
    listed(book, capsys, "--accept", "es", "index", "start")
    assert listed(book, capsys, "es") == (1, [line])
    listed(book, capsys, "--accept", "es", "index", "end")
    assert listed(book, capsys, "es") == (0, [])


def test_what_has_changed_in_the_translation_is_its_own_affair(book, capsys):
    change(book, "Words of a hint", "Palabras", language="es")
    assert listed(book, capsys, "es") == (0, [])


def test_a_new_section_is_listed_and_a_removed_one_forgotten(book, capsys):
    change(book, "(end)=\n## End", "(more)=\n## More\n\n(end)=\n## End")
    status, (line,) = listed(book, capsys, "es")
    assert status == 1
    assert line == "book/es/index.md, which lacks it, [more] is older than book/en/index.md:8"
    change(book, "(more)=\n## More\n\n(end)=\n## End", "")
    translations.accept("es", None, None, book)
    assert translations.read_record("es", book)["index"].keys() == {"start"}


def test_a_language_that_has_accepted_nothing_is_older_throughout(book, capsys):
    (book / "es" / translations.RECORD).unlink()
    assert len(listed(book, capsys, "es")[1]) == 2


def test_a_section_that_does_not_exist_is_refused(book, capsys):
    with pytest.raises(SystemExit):
        translations.main(["--accept", "es", "index", "nowhere"], book)
    assert "index has no section 'nowhere'" in capsys.readouterr().err


def build(book, language):
    """Build one language of a small book, from what the last build has left."""
    built, log = book / "html" / language, io.StringIO()
    settings = {
        "extensions": ["myst_nb", "book._site.anchors", "book._site.outdated"],
        "myst_enable_extensions": ["colon_fence", "dollarmath"],
        "nb_execution_mode": "off",
        "html_theme": "basic",
        "language": language,
    }
    with sphinx_alone():
        Sphinx(book / language, None, built, book / "doctrees", "html", settings, None, log).build()
    return BeautifulSoup((built / "index.html").read_text(encoding="utf-8"), "html.parser")


def notices(page):
    """The label of each section with a notice at its top, with what the notice says."""
    found = {}
    for notice in page.select(".outdated"):
        assert re.fullmatch("h[1-6]", notice.find_previous_sibling().name)
        found[notice.find_parent("section")["id"]] = notice
    return found


def test_a_page_says_what_is_older_than_its_source(book):
    # The first page is written in every build: what is tested is another one.
    for language in ("en", "es"):
        (book / language / "index.md").rename(book / language / "page.md")
        index = "(index)=\n# Index\n\n```{toctree}\npage\n```\n"
        (book / language / "index.md").write_text(index)
    translations.accept("es", None, None, book)

    def built(language="es"):
        build(book, language)
        text = (book / "html" / language / "page.html").read_text(encoding="utf-8")
        return notices(BeautifulSoup(text, "html.parser"))

    assert built() == {}
    english = book / "en" / "page.md"
    english.write_text(PAGE.replace("A caption.", "Another caption."), encoding="utf-8")
    found = built()
    assert found.keys() == {"end"}
    texts = LANGUAGES["es"]["outdated"]
    assert texts["notice"] in found["end"].text
    link = found["end"].find("a")
    assert (link.text, link["href"]) == (texts["link"], "../en/page.html#end")
    translations.accept("es", "page", "end", book)
    assert built() == {}


def test_english_has_no_notices(book):
    assert notices(build(book, "en")) == {}
