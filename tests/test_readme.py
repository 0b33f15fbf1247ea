"""The README: what it names is there, under that name."""

import importlib.util
import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
FOLDERS = r"(?:\.ci|\.github|book|recsys_helpers|tests)"


def test_the_files_that_it_names_exist():
    named = {
        *re.findall(rf"(?<![\w./-]){FOLDERS}/[\w./-]*\w", README),
        *re.findall(r"`([\w-]+\.(?:md|toml|yml))`", README),
        *re.findall(r"!\[[^]]+\]\(([^)]+)\)", README),
    }
    assert {"CONTRIBUTING.md", "_config.yml", "book/en", "book/pdf.py"} <= named
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


def test_it_names_every_benchmark():
    scripts = (ROOT / "tests" / "benchmarks").rglob("*.py")
    benchmarks = {file.name for file in scripts if file.name != "measuring.py"}  # which they share
    assert {name for name in benchmarks if f"{name}`" not in README} == set()


def test_its_commands_exist():
    modules = set(re.findall(r"python -m ([a-z]+\.\w+)", README))
    assert {"book.archive", "book.notebooks", "book.pdf", "book.translations"} == modules
    assert [name for name in sorted(modules) if not importlib.util.find_spec(name)] == []


def test_the_extras_that_it_installs_exist():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = set(re.findall(r"pip install -e \"\.\[(\w+)\]\"", README))
    assert named
    assert named <= set(project["optional-dependencies"])
