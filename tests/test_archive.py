"""One archive for a room without a network: what is in it, and that it works from there."""

import hashlib
import os
import re
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import SimpleNamespace
from zipfile import ZipFile

import pandas as pd
import pytest

from book import archive
from book._site.languages import LANGUAGES
from book.notebooks.chapter import READERS, notebooks_of
from book.notebooks.edition import Edition
from recsys_helpers.datasets import read_ratings_csv
from recsys_helpers.synthetic import make_sample

ROOT = Path(__file__).resolve().parents[1]
PAGES = ("index", "teachers", "01_svd")
TABLES = ("ratings", "items", "users")
WHEEL = "recsys_helpers-0.1.0-py3-none-any.whl"


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A tiny site, and stand-ins for the wheel and for the converter of the notebooks."""
    site = tmp_path / "site"
    for page in ("index.html", *(f"{code}/{p}.html" for code in LANGUAGES for p in PAGES)):
        (site / page).parent.mkdir(parents=True, exist_ok=True)
        (site / page).write_text(f"<h1>{page}</h1>")
    (site / "en" / ".buildinfo").write_text("notes of Sphinx")
    monkeypatch.setattr(archive, "SITE", site)
    monkeypatch.setattr(archive, "build_wheel", stand_in_wheel)
    monkeypatch.setattr(archive, "write_notebooks", stand_in_notebooks)
    return site


def stand_in_wheel(folder):
    (folder / WHEEL).write_bytes(b"a wheel")
    return folder / WHEEL


def stand_in_notebooks(arguments):
    folder = Path(arguments[0])
    for language in LANGUAGES:
        for reader in READERS:
            (folder / language / reader).mkdir(parents=True)
            (folder / language / reader / "01_svd.ipynb").write_text(" ".join(arguments[1:]))
    print(f"8 notebooks in {folder}")
    return 0


def write(folder):
    assert archive.main([str(folder / "course.zip")]) == 0
    return folder / "course.zip"


def test_it_holds_all_that_the_page_for_teachers_promises(course, tmp_path, capsys):
    with ZipFile(write(tmp_path)) as packed:
        names = packed.namelist()
        assert packed.read("en/index.html") == b"<h1>en/index.html</h1>"
    assert names == sorted(names)
    assert set(names) == {
        "index.html",
        *(f"{code}/{page}.html" for code in LANGUAGES for page in PAGES),
        *(f"notebooks/{code}/{r}/01_svd.ipynb" for code in LANGUAGES for r in READERS),
        WHEEL,
        *(f"sample/{table}.csv" for table in TABLES),
        *("README.md", "LICENSE", "LICENSE-TEXT.md"),
    }
    assert f"{tmp_path / 'course.zip'}: {len(names)} files" in capsys.readouterr().out


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_for_teachers_names_the_command(language):
    page = ROOT / "book" / language / "teachers.md"
    text = page.read_text(encoding="utf-8")
    assert "\npython -m book.archive recsys-course.zip\n" in text


def test_the_same_course_makes_the_same_bytes(course, tmp_path):
    digests = []
    for seconds in (1e9, 1.5e9):
        for file in course.rglob("*"):
            os.utime(file, (seconds, seconds))
        digests.append(hashlib.sha256(write(tmp_path).read_bytes()).hexdigest())
    assert digests[0] == digests[1]
    (course / "en" / "index.html").write_text("<h1>changed</h1>")
    assert hashlib.sha256(write(tmp_path).read_bytes()).hexdigest() != digests[0]


def test_everybody_may_read_the_unpacked_files(course, tmp_path):
    with ZipFile(write(tmp_path)) as packed:
        assert {entry.external_attr >> 16 for entry in packed.infolist()} == {0o644}


# What it must not hold


def test_its_tables_are_those_of_the_sample_whatever_data_there_are(
    course, tmp_path, movielens, monkeypatch
):
    monkeypatch.setenv("RECSYS_DATA_DIR", str(movielens))
    with ZipFile(write(tmp_path)) as packed:
        assert {name for name in packed.namelist() if name.endswith(".csv")} == {
            f"sample/{table}.csv" for table in TABLES
        }
        packed.extractall(tmp_path / "unpacked", packed.namelist())
    folder, sample = tmp_path / "unpacked" / "sample", make_sample()
    columns = {name: f"{name}_id" for name in ("user", "item")}
    columns |= {name: name for name in ("rating", "timestamp")}
    read = read_ratings_csv(folder / "ratings.csv", **columns)
    pd.testing.assert_frame_equal(read.ratings, sample.ratings, check_dtype=False)
    titles = pd.read_csv(folder / "items.csv")["title"]
    assert list(titles) == list(sample.items["title"])
    assert len(pd.read_csv(folder / "users.csv")) == len(sample.users)


# Whole or not at all


@pytest.fixture
def old(tmp_path):
    """An archive of an earlier day, alone in its folder."""
    folder = tmp_path / "folder"
    folder.mkdir()
    file = folder / "course.zip"
    file.write_bytes(b"old")
    return file


@pytest.mark.parametrize("page", ["index.html", "tr/teachers.html"])
def test_without_the_site_there_is_no_archive_and_the_remedy_is_named(course, old, capsys, page):
    (course / page).unlink()
    assert archive.main([str(old)]) == 1
    said = capsys.readouterr().err
    assert str(course / page) in said
    assert "run `jupyter-book build .` first" in said
    assert "course.zip was not written" in said
    assert [*old.parent.iterdir()] == [old]
    assert old.read_bytes() == b"old"


def test_without_the_build_backend_the_remedy_is_named(monkeypatch, tmp_path):
    outcome = SimpleNamespace(returncode=1, stderr="setuptools is missing")
    monkeypatch.setattr(subprocess, "run", lambda *arguments, **options: outcome)
    with pytest.raises(archive.NotReady, match=r"requirements\.txt(?s:.)*setuptools is missing"):
        archive.build_wheel(tmp_path)


def test_chapters_that_cannot_be_notebooks_stop_it(course, old, capsys, monkeypatch):
    monkeypatch.setattr(archive, "write_notebooks", lambda arguments: 1)
    assert archive.main([str(old)]) == 1
    assert "the notebooks could not be made" in capsys.readouterr().err
    assert old.read_bytes() == b"old"


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError("disk full")])
def test_half_an_archive_never_appears(course, old, monkeypatch, error):
    def break_off(self, *arguments):
        raise error

    monkeypatch.setattr(ZipFile, "writestr", break_off)
    with pytest.raises(KeyboardInterrupt if error is KeyboardInterrupt else OSError):
        archive.main([str(old)])
    assert [*old.parent.iterdir()] == [old]
    assert old.read_bytes() == b"old"


@pytest.mark.parametrize(
    ("name", "problem"), [("course.tar", "end in .zip"), ("no/course.zip", "make it first")]
)
def test_a_name_that_cannot_be_is_refused_before_any_work(tmp_path, capsys, name, problem):
    with pytest.raises(SystemExit):
        archive.main([str(tmp_path / name)])
    assert problem in capsys.readouterr().err


# Its README and its notebooks


def test_the_readme_names_what_is_there_in_every_language(course, tmp_path):
    with ZipFile(write(tmp_path)) as packed:
        names = packed.namelist()
        text = packed.read("README.md").decode()
    sections = re.split(r"^# ", text, flags=re.M)[1:]
    assert [s.splitlines()[0] for s in sections] == [texts["title"] for texts in LANGUAGES.values()]
    for language, section in zip(LANGUAGES, sections, strict=True):
        places = set(re.findall("`([^`]+)`", section))
        assert places >= {"index.html", WHEEL, f"notebooks/{language}/teacher", "LICENSE"}
        assert f"{language}/teachers.html" in places
        assert "MovieLens" in section
        for place in places:
            assert any(name == place or name.startswith(f"{place}/") for name in names), place


def test_every_language_has_the_texts_of_the_readme():
    wanted = LANGUAGES["en"]["archive"].keys()
    for language, texts in LANGUAGES.items():
        assert texts["archive"].keys() == wanted, language


def test_the_notebooks_lead_nowhere_that_a_room_without_a_network_cannot_reach(course, tmp_path):
    """What the converter is asked for, and that it is what it does."""
    with ZipFile(write(tmp_path)) as packed:
        asked = packed.read("notebooks/ko/learner/01_svd.ipynb").decode()
    assert asked == "--site  --package "

    edition = Edition("ko", site="")
    file = next(file for file in edition.chapters if file.stem == "01_svd")
    first, *cells = notebooks_of(file, edition, source="")["teacher"].cells
    links = re.findall(r"\]\(([^)]*)\)", "\n".join(cell.source for cell in cells))
    assert [link for link in links if not link.startswith("http")] == []
    assert LANGUAGES["ko"]["notebook"]["unknown"] in first.source


# The wheel


def can_build():
    try:
        return int(version("setuptools").partition(".")[0]) >= 77  # as pyproject.toml wants it
    except PackageNotFoundError:
        return False


needs_setuptools = pytest.mark.skipif(
    not can_build(),
    reason="setuptools is missing or too old: run `pip install -r requirements.txt`",
)


@pytest.fixture(scope="module")
def wheels(tmp_path_factory):
    """The wheel, built twice, without a network."""
    return [archive.build_wheel(tmp_path_factory.mktemp("wheel")) for _ in range(2)]


@needs_setuptools
def test_the_wheel_is_the_helper_package_and_nothing_else(wheels):
    here = ROOT / "recsys_helpers"
    expected = {
        f"recsys_helpers/{file.relative_to(here).as_posix()}"
        for file in here.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    with ZipFile(wheels[0]) as wheel:
        names = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert names == expected
    assert wheels[0].read_bytes() == wheels[1].read_bytes()


@needs_setuptools
def test_the_page_for_teachers_installs_this_very_wheel_and_it_works_alone(wheels, tmp_path):
    # A name alone would also be looked for in the index, where it is anybody's.
    wheel = f"./{wheels[0].name}[course]"
    for language in LANGUAGES:
        page = (ROOT / "book" / language / "teachers.md").read_text(encoding="utf-8")
        assert f'pip download -d wheels "{wheel}" jupyterlab' in page
    install = ["install", "--no-index", "--no-deps", "--target", str(tmp_path / "there")]
    subprocess.run(
        [sys.executable, "-m", "pip", *install, wheel],
        cwd=wheels[0].parent,
        check=True,
        capture_output=True,
    )
    code = "from recsys_helpers import checks; print(checks.__file__, len(checks.exercises()))"
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(tmp_path / "there")},
        check=True,
        capture_output=True,
        text=True,
    )
    file, n_exercises = run.stdout.split()
    assert Path(file).is_relative_to(tmp_path)
    assert int(n_exercises) > 0
