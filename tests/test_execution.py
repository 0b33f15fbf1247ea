"""One execution of each chapter for all languages, for the tests and for the build."""

import os
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from chapter_header import HEADER
from docutils import nodes
from nbformat import NotebookNode
from small_course import build, make_course, read_page, run
from sphinx.errors import ConfigError

from book import translations
from book._site import editions, execution, pages
from book._site.languages import LANGUAGES
from recsys_helpers.netflix_sample import FILES
from recsys_helpers.synthetic import make_sample

ROOT = Path(__file__).resolve().parents[1]

# The key of the cache


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.setenv("RECSYS_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.delenv("RECSYS_NETFLIX_DIR", raising=False)
    (tmp_path / "recsys_helpers" / "hints").mkdir(parents=True)
    (tmp_path / "recsys_helpers" / "models.py").write_text("FACTORS = 10\n")
    (tmp_path / "recsys_helpers" / "hints" / "en.toml").write_text("a = 1\n")
    (tmp_path / "requirements.txt").write_text("numpy==2.4.6\n")
    return tmp_path


def key(project, fingerprint="abc"):
    return execution.cache_key(project, SimpleNamespace(fingerprint=fingerprint))


@pytest.mark.parametrize(
    "file", ["recsys_helpers/models.py", "recsys_helpers/hints/en.toml", "requirements.txt"]
)
def test_the_key_changes_with_helpers_and_requirements(project, file):
    before = key(project)
    (project / file).write_text("changed = 2\n")
    assert key(project) != before


def test_the_key_changes_with_the_data():
    assert key(ROOT, "abc") != key(ROOT, "abd")


def test_the_key_changes_when_a_helper_is_renamed(project):
    before = key(project)
    (project / "recsys_helpers" / "models.py").rename(project / "recsys_helpers" / "model.py")
    assert key(project) != before


def test_the_key_does_not_change_with_prose_or_compiled_files(project):
    before = key(project)
    (project / "book").mkdir()
    (project / "book" / "00.md").write_text("# Title\n")
    (project / "recsys_helpers" / "__pycache__").mkdir()
    (project / "recsys_helpers" / "__pycache__" / "models.pyc").write_bytes(b"\0")
    assert key(project) == before


@pytest.mark.parametrize("folder", ["own", "cache/netflix-prize-data"])
def test_the_key_changes_with_the_copy_of_the_netflix_prize(project, monkeypatch, folder):
    if folder == "own":
        monkeypatch.setenv("RECSYS_NETFLIX_DIR", str(project / folder))
    file = project / folder / FILES[-1]
    keys = [key(project)]
    file.parent.mkdir(parents=True)
    for text, seconds in (("1:\n", 1), ("2:\n", 2), ("2:\n\n", 2)):
        file.write_text(text)
        os.utime(file, (seconds, seconds))
        keys.append(key(project))
    file.rename(file.with_name(FILES[0]))
    keys.append(key(project))
    assert len(set(keys)) == 5
    (file.parent / "notes.txt").write_text("no file of the data set")
    assert key(project) == keys[-1]


def test_the_key_does_not_change_with_what_a_chapter_generates(project):
    before = key(project)
    folder = project / "cache" / "netflix-generated-2000"
    folder.mkdir(parents=True)
    (folder / FILES[0]).write_text("1:\n")
    (folder.parent / "netflix.parquet").write_bytes(b"PAR1")
    assert key(project) == before


def test_a_wrong_folder_is_not_hidden_by_the_outputs_of_generated_files(project, monkeypatch):
    before = key(project)
    monkeypatch.setenv("RECSYS_NETFLIX_DIR", str(project / "nowhere"))
    assert key(project) != before


def test_the_caches_used_last_are_kept(tmp_path):
    for age, name in enumerate(["newest", "c", "b", "a", "older", "oldest"]):
        (tmp_path / name).mkdir()
        os.utime(tmp_path / name, (1e9 - age, 1e9 - age))
    execution.remove_old_caches(tmp_path)
    assert {folder.name for folder in tmp_path.iterdir()} == {"newest", "c", "b", "a"}


# The environment of the kernels


def test_kernels_are_quiet_and_find_the_data(monkeypatch):
    monkeypatch.setenv("RECSYS_DATA_DIR", "some/folder")
    monkeypatch.setenv("RECSYS_NETFLIX_DIR", "other")
    monkeypatch.setenv("RECSYS_CACHE_DIR", "~/kept")
    monkeypatch.setenv("MPLBACKEND", "agg")
    monkeypatch.delenv("RECSYS_OFFLINE", raising=False)
    environment = execution.kernel_environment(is_sample=False)
    assert environment["RECSYS_DATA_DIR"] == str(Path.cwd() / "some" / "folder")
    assert environment["RECSYS_NETFLIX_DIR"] == str(Path.cwd() / "other")
    assert environment["RECSYS_CACHE_DIR"] == str(Path.home() / "kept")
    assert environment["TF_CPP_MIN_LOG_LEVEL"] == "3"
    assert "MPLBACKEND" not in environment
    assert "RECSYS_OFFLINE" not in environment


def test_kernels_do_not_try_a_failed_download_again():
    assert execution.kernel_environment(is_sample=True)["RECSYS_OFFLINE"] == "1"


def test_what_a_cell_prints_is_not_broken_where_the_kernel_cut_it():
    def printed(text, name="stdout"):
        return NotebookNode(output_type="stream", name=name, text=text)

    figure = NotebookNode(output_type="display_data", data={}, metadata={})
    sent = [
        printed("data:"),
        printed(" sample\nn"),
        figure,
        printed("oise", "stderr"),
        printed("\n"),
    ]
    for _ in range(2):  # joining changes nothing in what was sent
        joined = execution.join_streams(sent)
        assert [output.get("text") for output in joined] == ["data: sample\nn\n", None, "oise"]


# Configurations that are derived from the root's


def test_every_edition_has_the_table_of_contents_of_the_course():
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    for language in LANGUAGES:
        assert editions.derive_toc(toc, language) == toc


def test_pages_that_a_language_lacks_are_named():
    toc = {"root": "index", "chapters": [{"file": "00_ratings"}, {"file": "99_more"}]}
    with pytest.raises(
        ConfigError, match=r"book/ko/ lacks pages of _toc\.yml: 99_more\. Translate"
    ):
        editions.derive_toc(toc, "ko")


def test_words_that_a_language_lacks_are_named(monkeypatch):
    words = {name: text for name, text in LANGUAGES["ko"].items() if name not in ("search", "map")}
    monkeypatch.setitem(LANGUAGES, "ko", words)
    with pytest.raises(ConfigError, match=r"lacks words of \[ko\]: search, map\.title, .*whole\."):
        editions.require_words()


def derive_config(language, baseurl=""):
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    config["html"]["baseurl"] = baseurl
    run = execution.Execution(Path("cache"), {})
    return editions.derive_config(config, language, run, ["myst_nb", "sphinx_thebe"])


def test_an_edition_is_configured_in_its_language():
    config = derive_config("tr", baseurl="https://example.org/course/")
    assert config["title"] == LANGUAGES["tr"]["title"]
    assert config["html"]["baseurl"] == "https://example.org/course/tr/"
    assert config["bibtex_bibfiles"] == [os.path.join("..", "references.bib")]
    assert config["sphinx"]["config"]["language"] == "tr"
    assert config["sphinx"]["config"]["extensions"] == ["myst_nb"]


def test_every_language_has_every_text():
    wanted = set(next(iter(LANGUAGES.values())))
    names = {make_sample().name, "Netflix Prize", "generated Netflix files"}
    for language, texts in LANGUAGES.items():
        assert set(texts) == wanted, language
        assert set(texts["data"]) == names, language
        assert len({*texts["data"].values(), texts["computed"]}) == 4
        assert "{data}" in texts["computed"]
        assert texts["unit"] in {"word", "character"}


def test_an_edition_replaces_the_old_one_without_remains(tmp_path):
    new, target = tmp_path / "new", tmp_path / "site" / "en"
    for folder, page in ((new, "kept.html"), (target, "removed.html")):
        folder.mkdir(parents=True)
        (folder / page).write_text(page)
    editions.put_in_place(new, target)
    assert [file.name for file in target.iterdir()] == ["kept.html"]
    assert [folder.name for folder in target.parent.iterdir()] == ["en"]
    assert (new / "kept.html").exists()


def test_a_stamp_that_was_not_written_to_its_end_counts_for_nothing(tmp_path, monkeypatch):
    succeed = SimpleNamespace(run=lambda *command, **options: SimpleNamespace(returncode=0))
    monkeypatch.setattr(editions, "subprocess", succeed)
    monkeypatch.setattr(editions, "WORK", tmp_path)
    stamp = tmp_path / "en" / "stamp"
    stamp.parent.mkdir()
    stamp.touch()
    assert editions.build_edition(editions.Edition("en", {"bibtex_bibfiles": []}, {}, [], {}))
    assert len(stamp.read_text(encoding="utf-8").split()) == 2


# The line of facts, and numbers


@pytest.mark.parametrize(
    ("text", "speed", "unit", "minutes"),
    [
        ("word " * 600, 200, "word", 3),
        ("word " * 20, 200, "word", 1),
        ("평점은 다섯 단계 " * 100, 400, "character", 2),  # 7 characters, 700 / 400
    ],
)
def test_reading_minutes(text, speed, unit, minutes):
    assert pages.reading_minutes(text, speed, unit) == minutes


def test_code_and_formulas_are_not_read_as_prose():
    document = nodes.section()
    document += nodes.paragraph("", "", nodes.Text("Read this,"), nodes.math("", "x = 1"))
    document += nodes.literal_block("", "skip()")
    document += nodes.container("", nodes.paragraph("", "output"), nb_element="cell_code")
    document += nodes.note("", nodes.paragraph("", "and this."))
    assert list(pages.prose(document)) == ["Read this,", "and this."]


@pytest.mark.parametrize(
    ("printed", "data"),
    [
        ("data: MovieLens 100K", "MovieLens 100K"),
        ("10 films\ndata: Netflix Prize, 100,480,507 ratings\nmore", "Netflix Prize"),
        ("metadata: none\nno data: none", None),
    ],
)
def test_the_data_of_a_chapter_are_those_that_it_printed(printed, data):
    document = nodes.section()
    document += nodes.literal_block("", "data: in the source of a cell")
    document += nodes.container("", nodes.literal_block("", printed, classes=["output", "stream"]))
    assert pages.data_of(document) == data


def test_every_chapter_prints_its_data():
    for file in sorted((ROOT / "book" / "en").glob("*.md")):
        if notebook := execution.read_chapter(file):
            code = "\n".join(c.source for c in notebook.cells if c.cell_type == "code")
            assert re.search(r'^print\(f?"data:', code, re.MULTILINE), file.name


def test_the_chapters_leave_nothing_beside_them():
    for language in LANGUAGES:
        names = {file.name for file in (ROOT / "book" / language).iterdir()}
        strangers = {name for name in names if not name.endswith((".md", ".ipynb"))}
        assert strangers <= {".ipynb_checkpoints", translations.RECORD}, language


def test_numbers_start_anew_in_each_chapter():
    numbers = {
        "00_ratings": {"figure": {"a": (1,), "b": (2,)}},
        "01_svd": {"figure": {"c": (3,)}, "exercise": {"d": (1,), "e": (2,)}},
        "glossary": {"figure": {"f": (4,)}},
    }
    app = SimpleNamespace(env=SimpleNamespace(toc_fignumbers=numbers))
    pages.number_by_chapter(app, None)
    assert numbers == {
        "00_ratings": {"figure": {"a": (0, 1), "b": (0, 2)}},
        "01_svd": {"figure": {"c": (1, 1)}, "exercise": {"d": (1, 1), "e": (1, 2)}},
        "glossary": {"figure": {"f": (4,)}},
    }


# The whole of it, on a course of two languages and one chapter, without the real data

CHAPTER = (
    HEADER
    + """
(first)=
# {title}

```{{code-cell}} ipython3
import os
from recsys_helpers import netflix
folder = netflix.find_files(2_000)
print("data: generated Netflix files, read by", os.getpid())
```

```{{code-cell}} ipython3
6 * 7
```

:::{{exercise}} {title}
:label: first-exercise
{title}.
:::
"""
)


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    pages = {
        language: {
            "index": f"(start)=\n# {title}\n\nText.\n",
            "00_first": CHAPTER.format(title=title),
            "glossary": "(words)=\n# Words\n",
        }
        for language, title in (("en", "First"), ("es", "Primero"))
    }
    root = make_course(tmp_path_factory.mktemp("course"), pages)
    for language in pages:
        # What a reader has made of a chapter, to work in, is no page of the book.
        (root / "book" / language / "00_first.ipynb").write_text("{}")
    run(root, "-m", "book.translations", "--accept")
    return root


def run_chapters(course):
    return run(course, "-m", "pytest", "book", "-q", "-p", "no:cacheprovider")


@pytest.fixture(scope="module")
def tested_and_built(course):
    """The outcome of the tests in a fresh clone, and of the build after them."""
    return run_chapters(course), build(course)


@pytest.fixture
def built_course(course, tested_and_built):
    return course


def test_a_chapter_is_run_once_for_tests_and_all_editions(course, tested_and_built):
    (test_code, test_log), (build_code, build_log) = tested_and_built
    assert test_code == 0, test_log
    assert "2 passed" in test_log  # the cells of the English chapter
    assert build_code == 0, build_log
    assert "Executing notebook" not in build_log
    printed = {
        read_page(course, f"{language}/00_first.html").find(class_="cell_output").text
        for language in ("en", "es")
    }
    assert len(printed) == 1

    test_code, test_log = run_chapters(course)
    assert test_code == 0, test_log
    assert "1 passed" in test_log  # the outputs that are there already


def test_a_page_says_its_language_its_data_and_its_numbers(built_course):
    page = read_page(built_course, "es/00_first.html")
    assert page.html["lang"] == "es"
    facts = page.find(class_="page-facts").text.split(" · ")
    assert facts[2] == LANGUAGES["es"]["data"]["generated Netflix files"]
    assert "0.1" in page.find(class_="exercise").text
    links = {link["hreflang"]: link["href"] for link in page.find_all("link", hreflang=True)}
    assert links == {code: f"../{code}/00_first.html" for code in ("en", "es")} | {
        "x-default": "../en/00_first.html"
    }


def test_a_page_offers_its_notebooks_under_its_facts(built_course):
    links = read_page(built_course, "es/00_first.html").select(".page-facts + .page-notebooks a")
    assert [link["href"] for link in links] == [
        "notebooks/learner/00_first.ipynb",
        "notebooks/teacher/00_first.ipynb",
    ]
    for link in links:
        assert (built_course / "_build" / "html" / "es" / link["href"]).is_file()


def test_what_a_chapter_generates_is_kept_in_the_cache(built_course):
    assert (built_course / "cache" / "netflix-generated-2000" / FILES[0]).is_file()
    beside = {file.name for file in (built_course / "book" / "en").iterdir()}
    assert beside == {"index.md", "00_first.md", "00_first.ipynb", "glossary.md"}


def test_a_failed_edition_leaves_the_site_as_it_was(built_course):
    course = built_course
    english, spanish = (course / "book" / language / "index.md" for language in ("en", "es"))
    english.write_text(english.read_text().replace("Text.", "Other words."))
    sound = spanish.read_text()
    spanish.write_text(sound + "\n[](#nowhere)\n")
    for _ in range(2):  # Sphinx would forget the warning of a page that it has read before
        code, log = build(course)
        assert code != 0
        assert "nowhere" in log
    assert "Other words." not in read_page(course, "en/index.html").text

    spanish.write_text(sound)
    assert build(course)[0] == 0
    assert "Other words." in read_page(course, "en/index.html").text


def test_a_change_of_prose_runs_no_chapter_and_builds_no_other_edition(built_course):
    page = built_course / "book" / "es" / "00_first.md"
    page.write_text(page.read_text() + "\nA new thought.\n")
    code, log = build(built_course)
    assert code == 0, log
    assert "en: nothing has changed" in log
    assert "es: nothing has changed" not in log
    assert "Executing notebook" not in log
    assert "A new thought." in read_page(built_course, "es/00_first.html").text


def test_a_change_in_english_is_shown_on_its_translation(built_course):
    assert not read_page(built_course, "es/00_first.html").select(".outdated")
    page = built_course / "book" / "en" / "00_first.md"
    page.write_text(page.read_text() + "\nA later thought.\n")
    code, log = build(built_course)
    assert code == 0, log
    assert "Executing notebook" not in log
    title, *others = read_page(built_course, "es/00_first.html").select(".outdated")
    assert title.find("a")["href"] == "../en/00_first.html#first"
    assert others == []


def test_a_page_that_was_removed_does_not_linger(built_course):
    course = built_course
    for language in ("en", "es"):
        (course / "book" / language / "glossary.md").unlink()
    toc = (course / "_toc.yml").read_text()
    (course / "_toc.yml").write_text(toc.replace("- file: glossary\n", ""))
    code, log = build(course)
    assert code == 0, log
    assert not list((course / "_build" / "html").rglob("glossary*"))


def test_a_change_of_the_helpers_runs_the_chapters_again(built_course):
    course = built_course
    with (course / "recsys_helpers" / "metrics.py").open("a") as helper:
        helper.write("# changed\n")
    code, log = build(course)
    assert code == 0, log
    assert log.count("Executing notebook") == 1
