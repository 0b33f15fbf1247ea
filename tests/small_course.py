"""A copy of the course's machinery with small contents, and commands run in it without data."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import yaml
from bs4 import BeautifulSoup

ROOT = Path(__file__).resolve().parents[1]
BUILD = "from jupyter_book.cli.main import main; main()"
FILES = (
    *("_config.yml", "pyproject.toml", "requirements.txt"),
    *("book/conftest.py", "book/prose.py", "book/translations.py"),
)


def make_course(root: Path, pages: dict[str, dict[str, str]]) -> Path:
    """Make a course with these pages of each language; the first page is the preface."""
    for folder in ("book/_site", "book/notebooks", "recsys_helpers"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / folder, root / folder, ignore=ignored)
    for file in FILES:
        shutil.copy(ROOT / file, root / file)
    (root / "book" / "references.bib").write_text("")
    first, *others = next(iter(pages.values()))
    chapters = [{"file": page} for page in others]
    toc = {"format": "jb-book", "root": first, "chapters": chapters}
    (root / "_toc.yml").write_text(yaml.safe_dump(toc))
    words = (ROOT / "book" / "_site" / "languages.toml").read_text(encoding="utf-8")
    (root / "book" / "_site" / "languages.toml").write_text(
        "".join(table_of(words, language) for language in pages), encoding="utf-8"
    )
    for language, texts in pages.items():
        write_pages(root, language, texts)
    return root


def table_of(words: str, language: str) -> str:
    """The words of one language, as they stand in languages.toml."""
    _, start, rest = words.partition(f"\n[{language}]\n")
    lines = rest.splitlines(keepends=True)
    of_others = (
        number
        for number, line in enumerate(lines)
        if line.startswith("[") and not line.startswith(f"[{language}.")
    )
    return start + "".join(lines[: next(of_others, None)])


def write_pages(root: Path, language: str, texts: dict[str, str]) -> None:
    folder = root / "book" / language
    folder.mkdir()
    for page, text in texts.items():
        (folder / f"{page}.md").write_text(text, encoding="utf-8")


def run(course: Path, *command: str) -> tuple[int, str]:
    """Run Python in a course, offline: its exit status, and what it says."""
    offline = os.environ | {"RECSYS_OFFLINE": "1", "RECSYS_CACHE_DIR": "cache"}
    for name in ("RECSYS_DATA_DIR", "RECSYS_NETFLIX_DIR"):
        offline.pop(name, None)
    process = subprocess.run(
        [sys.executable, *command],
        cwd=course,
        env=offline,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    return process.returncode, process.stdout


def build(course: Path) -> tuple[int, str]:
    return run(course, "-c", BUILD, "build", ".", "-W", "-n", "--keep-going")


def read_page(course: Path, page: str) -> BeautifulSoup:
    text = (course / "_build" / "html" / page).read_text(encoding="utf-8")
    return BeautifulSoup(text, "html.parser")
