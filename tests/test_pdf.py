"""The course as a PDF: one document of all pages, whose links and page numbers are right."""

import io
import shutil

import pytest
from built_site import SITE, chromium, require_site

from book import pdf

HEAD = '<html lang="es"><head><title>x</title><link rel="stylesheet" href="_static/a.css"></head>'
NAVIGATION = """<nav class="bd-links"><a href="#">Preface</a>
<a href="02_b.html">Second,  and
last</a><a href="01_a.html">First</a></nav>"""
SCRIPTS = '<script src="_static/search.js"></script><script src="_static/mathjax/m.js"></script>'
DOT = "data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA="
PAGES = {
    "index": f'{NAVIGATION}<article class="bd-article"><h1 id="top">Preface</h1></article>',
    "01_a": f"""{SCRIPTS}<article class="bd-article">
      <h1 id="part">First<a class="headerlink" href="#part">#</a></h1>
      <p class="page-notebooks"><a href="notebooks/learner/01_a.ipynb">Learner</a></p>
      <p><a class="in" href="#part">here</a> <a class="over" href="02_b.html#part">there</a>
      <a class="whole" href="02_b.html">all of it</a> <a class="file" href="notes/02_b.md">f</a>
      <a class="out" href="https://example.org/02_b.html">out</a> <span class="math">x</span>
      <img src="{DOT}" loading="lazy"></p><iframe src="map.html"></iframe>
      <div role="region" aria-labelledby="part">t</div>
      <section id="a-exercises"><div class="solution">42</div>
      <details class="sd-dropdown" id="hint"><summary>Hint</summary><p>Try.</p></details>
      <details class="hide" id="shown"><summary>Show code</summary></details></section>
      <details class="sd-dropdown" id="aside"><summary>Sidebar</summary><p>By the way.</p></details>
      <details class="sd-dropdown" id="long"><div role="region">rows</div></details>
      <details class="hide"><summary>Show code</summary></details></article>""",
    "02_b": """<article class="bd-article"><h1 id="part">Second</h1>
      <section id="b-quiz"><details class="sd-dropdown" id="yes"><summary>A. Yes</summary>No.
      </details>
      </section></article>""",
}


@pytest.fixture
def folder(tmp_path):
    """A built edition of three pages."""
    (tmp_path / "es").mkdir()
    for name, body in PAGES.items():
        html = f"{HEAD}<body>{body}</body></html>"
        (tmp_path / "es" / f"{name}.html").write_text(html, encoding="utf-8")
    return tmp_path / "es"


def test_pages_come_in_the_order_of_the_navigation(folder):
    assert pdf.chapters_of(folder) == [
        ("index", "Preface"),
        ("02_b", "Second, and last"),
        ("01_a", "First"),
    ]
    document = pdf.compose(folder, "es", solutions=False)
    assert [article["id"] for article in document.select("article")] == ["index", "02_b", "01_a"]
    assert [entry["data-page"] for entry in document.select(".contents [data-page]")] == [
        "index",
        "02_b",
        "01_a",
    ]


def test_ids_of_different_pages_do_not_meet(folder):
    document = pdf.compose(folder, "es", solutions=True)
    ids = [element["id"] for element in document.select("[id]")]
    assert len(ids) == len(set(ids))
    assert {"01_a--part", "02_b--part"} < set(ids)
    assert document.select_one("[aria-labelledby]")["aria-labelledby"] == "01_a--part"


@pytest.mark.parametrize(
    ("link", "target"),
    [
        ("in", "#01_a--part"),
        ("over", "#02_b--part"),
        ("whole", "#02_b"),
        ("out", "https://example.org/02_b.html"),
    ],
)
def test_links_lead_within_the_document_or_out(folder, link, target):
    document = pdf.compose(folder, "es", solutions=False)
    assert document.select_one(f"a.{link}")["href"] == target


def test_a_link_to_a_file_becomes_text(folder):
    document = pdf.compose(folder, "es", solutions=False)
    assert document.select("a.file, .page-notebooks, .headerlink, iframe") == []


def test_without_solutions_there_are_none_and_no_hints(folder):
    document = pdf.compose(folder, "es", solutions=False)
    text = document.get_text()
    assert "42" not in text
    assert "Hint" not in text
    assert "A. Yes" in text, "a quiz without its options is no quiz"
    assert [details["id"] for details in document.select("details[open]")] == ["01_a--aside"]


def test_with_solutions_all_is_unfolded_but_code_and_long_tables(folder):
    document = pdf.compose(folder, "es", solutions=True)
    assert "42" in document.get_text()
    opened = {details["id"] for details in document.select("details[open]")}
    assert opened == {"01_a--hint", "01_a--shown", "01_a--aside", "02_b--yes"}


def test_only_the_script_of_formulas_stays_and_images_are_not_lazy(folder):
    document = pdf.compose(folder, "es", solutions=False)
    assert [script["src"] for script in document.select("script")] == ["_static/mathjax/m.js"]
    assert document.select_one("img")["loading"] == "eager"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["xx", "a.pdf"], "invalid choice: 'xx'"),
        (["en", "a.txt"], "a.txt: the name of the file has to end in .pdf"),
        (["en", "nowhere/a.pdf"], "nowhere is not a folder"),
    ],
)
def test_bad_arguments_are_named(arguments, said, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit):
        pdf.main(arguments)
    assert said in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_without_a_site_nothing_is_written(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(pdf, "SITE", tmp_path / "site")
    assert pdf.main(["en", str(tmp_path / "a.pdf")]) == 1
    assert "run `jupyter-book build .` first" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_without_chromium_it_says_so(folder, monkeypatch, capsys):
    pytest.importorskip("playwright")
    pytest.importorskip("pypdf")
    monkeypatch.setattr(pdf, "SITE", folder.parent)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(folder))  # where Playwright has none
    assert pdf.main(["es", str(folder / "a.pdf")]) == 1
    assert "Chromium is missing" in capsys.readouterr().err


def test_chapters_begin_on_the_pages_that_the_contents_name(folder):
    """Two sides of contents and title, then one page each; the links arrive there, too."""
    with chromium():
        pass  # skips, where there is none
    pypdf = pytest.importorskip("pypdf")
    file = folder / "a.pdf"
    n_pages = pdf.write_pdf(folder.parent, "es", file, solutions=True)
    reader = pypdf.PdfReader(io.BytesIO(file.read_bytes()))
    assert n_pages == len(reader.pages) == 5
    contents = reader.pages[1].extract_text().split()
    assert [word for word in contents if word.isdigit()] == ["3", "4", "5", "2"]  # 2: its own
    assert "Second" in reader.pages[3].extract_text()
    assert "42" in reader.pages[4].extract_text()
    assert [entry.title for entry in reader.outline] == ["Preface", "Second", "First"]


def test_the_course_is_a_book(tmp_path):
    """In Korean, whose letters a machine may lack."""
    require_site()
    with chromium():
        pass
    pypdf = pytest.importorskip("pypdf")
    file = tmp_path / "ko.pdf"
    assert pdf.write_pdf(SITE, "ko", file, solutions=False) > 150
    sides = [squeezed(page.extract_text()) for page in pypdf.PdfReader(file).pages]
    text = "".join(sides)
    assert "\N{REPLACEMENT CHARACTER}" not in text
    assert "\\mathbf" not in text, "formulas are drawn, not shown as their source"
    numbers = pdf.page_numbers(file.read_bytes())
    for chapter in pdf.chapters_of(SITE / "ko"):
        assert squeezed(chapter.title) in sides[numbers[chapter.name] - 1]


def squeezed(text):
    """Without spaces: a PDF puts them where it likes."""
    return "".join(text.split())
