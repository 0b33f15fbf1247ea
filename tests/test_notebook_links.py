"""The notebooks that each page offers: as files of the site, and in Colab."""

import shutil
import subprocess
from io import StringIO
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
import yaml
from bs4 import BeautifulSoup
from built_site import CHAPTERS, ROOT, SITE
from chapter_header import HEADER
from sphinx.application import Sphinx
from sphinx_alone import sphinx_alone

from book import _site
from book._site import editions, execution
from book._site.languages import LANGUAGES
from book._site.repository import colab_repository, package_address, repository_address

# A book of one chapter and two other pages

CHAPTER = (
    HEADER
    + """
(one)=
# One

Text; [](#words) has more.

```{code-cell} ipython3
from recsys_helpers import metrics
```

:::{exercise} Halve
:label: one-halve
Halve it.
:::

:::{solution-start} one-halve
:::

```{code-cell} ipython3
half = 0.5
```

:::{solution-end}
:::
"""
)
INDEX = "(start)=\n# Start\n\n```{toctree}\n01_one\nglossary\n```\n"


@pytest.fixture
def book(tmp_path):
    for language in ("en", "ko"):
        folder = tmp_path / "book" / language
        folder.mkdir(parents=True)
        (folder / "01_one.md").write_text(CHAPTER)
        (folder / "index.md").write_text(INDEX)
        (folder / "glossary.md").write_text("(words)=\n# Words\n")
    (tmp_path / "book" / "references.bib").write_text("")
    return tmp_path / "book"


def build(book, language="en", **config):
    """Build an edition of the book, as far as its notebooks go; return its folder and warnings."""
    config = {
        "extensions": ["myst_nb", "sphinx_exercise", "book._site.notebooks"],
        "language": language,
        "myst_enable_extensions": ["colon_fence"],
        "nb_execution_mode": "off",
        "numfig": True,
        **config,
    }
    html, warnings = book / "html" / language, StringIO()
    with sphinx_alone():
        app = Sphinx(
            srcdir=book / language,
            confdir=None,
            outdir=html,
            doctreedir=book / "doctrees" / language,
            buildername="html",
            confoverrides=config,
            status=None,
            warning=warnings,
        )
        app.build()
    return html, warnings.getvalue()


def links_on(page):
    html = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")
    return html.select(".page-notebooks a")


def sources(file):
    notebook = nbformat.read(file, as_version=4)  # as_version=4 refuses what is not valid
    return "\n".join(cell.source for cell in notebook.cells)


@pytest.mark.parametrize("language", ["en", "ko"])
def test_a_chapter_offers_its_notebooks_in_the_language_of_the_page(book, language):
    html, warnings = build(book, language)
    assert warnings == ""
    learner, teacher = links_on(html / "01_one.html")
    texts = LANGUAGES[language]["links"]
    for link, reader in ((learner, "learner"), (teacher, "teacher")):
        assert link["href"] == f"notebooks/{reader}/01_one.ipynb"
        assert link["download"] == f"01_one-{reader}.ipynb"
        assert link.text == texts[reader]
        notebook = nbformat.read(html / link["href"], as_version=4)
        assert notebook.metadata["lang"] == language
    assert "half = 0.5" in sources(html / teacher["href"])
    assert "half = 0.5" not in sources(html / learner["href"])


def test_the_links_stand_under_the_title(book):
    html, _ = build(book)
    page = BeautifulSoup((html / "01_one.html").read_text(encoding="utf-8"), "html.parser")
    assert page.h1.find_next_sibling()["class"] == ["page-notebooks"]


def test_a_page_without_code_offers_nothing(book):
    html, _ = build(book)
    assert links_on(html / "glossary.html") == links_on(html / "index.html") == []
    assert len(list(html.rglob("*.ipynb"))) == 2


def test_in_colab_a_known_repository_opens(book):
    html, _ = build(book, "ko", course_colab="ada/course")
    *_, colab = links_on(html / "01_one.html")
    assert colab["href"] == (
        "https://colab.research.google.com/github/ada/course/blob/notebooks/ko/learner/01_one.ipynb"
    )
    assert colab.text == LANGUAGES["ko"]["links"]["colab"]
    page = BeautifulSoup((html / "01_one.html").read_text(encoding="utf-8"), "html.parser")
    assert page.select('[src*="//"], link[href*="//"]') == []  # nothing is loaded from there


def test_the_notebooks_of_a_published_site_lead_to_it(book):
    address = {
        "html_baseurl": "https://example.org/course/en/",
        "course_package": "git+https://github.com/ada/course@0123abc",
    }
    html, _ = build(book, **address)
    text = sources(html / "notebooks" / "learner" / "01_one.ipynb")
    assert "[Words](https://example.org/course/en/glossary.html" in text
    assert '"recsys-helpers @ git+https://github.com/ada/course@0123abc"' in text

    html, _ = build(book)
    text = sources(html / "notebooks" / "learner" / "01_one.ipynb")
    assert "*Words*" in text
    assert "http" not in text


def test_a_chapter_that_cannot_be_a_notebook_is_a_warning(book):
    with (book / "en" / "01_one.md").open("a") as chapter:
        chapter.write("\n:::{tip}\nText.\n:::\n")
    (book / "en" / "02_two.md").write_text(CHAPTER.replace("one", "two"))
    (book / "en" / "index.md").write_text(INDEX.replace("01_one", "01_one\n02_two"))
    html, warnings = build(book)
    line = CHAPTER.count("\n") + 2
    assert f"01_one.md:{line}: " in warnings
    assert "{tip}" in warnings
    assert links_on(html / "01_one.html") == []
    assert len(links_on(html / "02_two.html")) == 2


def test_a_chapter_with_an_unknown_import_is_a_warning(book):
    with (book / "en" / "01_one.md").open("a") as chapter:
        chapter.write("\n```{code-cell} ipython3\nimport torch\n```\n")
    html, warnings = build(book)
    line = CHAPTER.count("\n") + 3
    assert f"no notebook: {book / 'en' / '01_one.md'}:{line}: imports torch" in warnings
    assert links_on(html / "01_one.html") == []


def test_notebooks_follow_the_pages(book):
    html, _ = build(book)
    (book / "en" / "glossary.md").write_text("(words)=\n# Other words\n")
    build(book)
    assert "*Other words*" in sources(html / "notebooks" / "learner" / "01_one.ipynb")

    (book / "en" / "01_one.md").rename(book / "en" / "01_first.md")
    (book / "en" / "index.md").write_text(INDEX.replace("01_one", "01_first"))
    build(book)
    assert {file.name for file in html.rglob("*.ipynb")} == {"01_first.ipynb"}
    assert len(links_on(html / "01_first.html")) == 2


# The repository


def config_with(url, revision="", colab=True):
    return {"repository": {"url": url, "revision": revision}, "launch_buttons": {"colab": colab}}


@pytest.fixture
def clone(tmp_path, plain_git):
    if not shutil.which("git"):
        pytest.skip("needs git")
    git(tmp_path, "init", "--quiet")
    return tmp_path


def git(folder, *arguments):
    subprocess.run(["git", "-C", str(folder), *arguments], check=True)


@pytest.mark.parametrize(
    ("remote", "address"),
    [
        ("https://github.com/ada/course.git", "https://github.com/ada/course"),
        ("https://github.com/ada/course/", "https://github.com/ada/course"),
        ("https://ada:secret@github.com/ada/course", "https://github.com/ada/course"),
        ("git@github.com:ada/course.py.git", "https://github.com/ada/course.py"),
        ("ssh://git@github.com:22/ada-b/my_course.git", "https://github.com/ada-b/my_course"),
        ("https://gitlab.com/ada/course.git", ""),
        ("https://github.com.example.org/ada/course", ""),
        ("https://example.org/github.com/ada/course", ""),
        ("/srv/git/course.git", ""),
    ],
)
def test_the_repository_is_that_of_the_remote(clone, remote, address):
    assert repository_address(config_with(""), clone) == ""
    git(clone, "remote", "add", "origin", remote)
    assert repository_address(config_with(""), clone) == address


def test_a_setting_comes_before_the_remote(clone):
    git(clone, "remote", "add", "origin", "https://github.com/ada/course.git")
    elsewhere = "https://gitlab.com/bea/course"
    assert repository_address(config_with(f"{elsewhere}/"), clone) == elsewhere


def test_a_copy_within_somebody_elses_repository_has_none(clone):
    git(clone, "remote", "add", "origin", "https://github.com/ada/everything.git")
    copy = clone / "course"
    copy.mkdir()
    assert repository_address(config_with(""), copy) == ""


def test_without_git_there_is_no_repository(clone, monkeypatch):
    git(clone, "remote", "add", "origin", "https://github.com/ada/course.git")
    monkeypatch.setenv("PATH", "")
    assert repository_address(config_with(""), clone) == ""


def test_pip_installs_the_newest_helpers_or_those_of_a_revision(monkeypatch):
    url = "https://gitlab.com/ada/course"
    assert package_address(config_with(url)) == f"git+{url}"
    assert package_address(config_with(url, revision="v2")) == f"git+{url}@v2"
    monkeypatch.setattr("book._site.repository.git_remote", lambda root: "")
    assert package_address(config_with("", revision="v2")) == ""


def test_colab_opens_only_what_is_at_github_and_is_not_switched_off():
    url = "https://github.com/ada/course"
    assert colab_repository(config_with(url)) == "ada/course"
    assert colab_repository(config_with(url, colab=False)) == ""
    assert package_address(config_with(url, colab=False)) == f"git+{url}"
    assert colab_repository(config_with("https://gitlab.com/ada/course")) == ""


def test_an_edition_knows_the_repository():
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    config |= config_with("https://github.com/ada/course", revision="0123abc")
    run = execution.Execution(Path("cache"), {})
    derived = editions.derive_config(config, "ko", run, [])["sphinx"]["config"]
    assert derived["course_package"] == "git+https://github.com/ada/course@0123abc"
    assert derived["course_colab"] == "ada/course"


@pytest.mark.parametrize("overrides", [{}, {"language": "ko"}])
@pytest.mark.parametrize("url", ["https://git.example.org/ada/course", "ssh://git@example.org/c"])
def test_the_theme_accepts_a_repository_anywhere(book, monkeypatch, overrides, url):
    """The root run and each edition are given `repository.url` as an option of the theme."""
    loaded = []
    app = SimpleNamespace(config=SimpleNamespace(overrides=overrides))
    app.setup_extension = loaded.append
    _site.setup(app)
    assert "book._site.repository" in loaded
    build(
        book,
        extensions=["myst_nb", "sphinx_exercise", "book._site.repository"],
        html_theme="sphinx_book_theme",
        html_theme_options={"repository_url": url},
    )


# What an edition is built from


@pytest.mark.parametrize("file", ["book/notebooks/markdown.py", "pyproject.toml"])
def test_an_edition_is_built_again_when_its_notebooks_would_differ(tmp_path, monkeypatch, file):
    monkeypatch.setattr(editions, "ROOT", tmp_path)
    for name, folder in (("SITE", "book/_site"), ("NOTEBOOKS", "book/notebooks")):
        (tmp_path / folder).mkdir(parents=True)
        monkeypatch.setattr(editions, name, tmp_path / folder)
    (tmp_path / file).write_text("before\n")
    (tmp_path / "pyproject.toml").touch()
    edition = editions.Edition("en", {}, {}, [], {})
    before = editions.fingerprint(edition)
    (tmp_path / file).write_text("after\n")
    assert editions.fingerprint(edition) != before


def test_every_language_says_what_the_links_are():
    for language, texts in LANGUAGES.items():
        assert set(texts["links"]) == {"learner", "teacher", "colab"}, language
        assert len(set(texts["links"].values())) == 3
        assert "Colab" in texts["links"]["colab"]


# The built site


@pytest.mark.skipif(
    not (SITE / "index.html").exists(), reason="no built site: run `jupyter-book build .` first"
)
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_site_offers_the_notebooks_of_every_chapter(language):
    assert CHAPTERS
    for chapter in CHAPTERS:
        page = SITE / language / f"{chapter}.html"
        html = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")
        facts = html.select_one(".page-facts + .page-notebooks")
        assert facts, f"{language}/{chapter}: the notebooks do not stand under the facts"
        links = [link["href"] for link in facts.select("a[download]")]
        assert links == [f"notebooks/{who}/{chapter}.ipynb" for who in ("learner", "teacher")]
        for link in links:
            nbformat.validate(nbformat.read(page.parent / link, as_version=4))
