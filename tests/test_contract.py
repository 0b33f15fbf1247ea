"""The helper package goes with what Colab has, without a change: see contract/contract.py."""

from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from book._site.execution import read_chapter
from book._site.languages import LANGUAGES
from book.notebooks.edition import Edition
from book.notebooks.first_cell import HELPERS, needed, requirements

PINS = Path(__file__).parent / "contract" / "colab.txt"


@pytest.fixture(scope="module")
def colab():
    """Return the version of each package by its name."""
    lines = PINS.read_text(encoding="utf-8").splitlines()
    pins = dict(line.split("==") for line in lines if not line.startswith("#"))
    versions = {canonicalize_name(name): version for name, version in pins.items()}
    return versions | {"tensorflow": versions["tensorflow-cpu"]}


@pytest.mark.parametrize("chapter", Edition(next(iter(LANGUAGES))).chapters, ids=lambda f: f.stem)
def test_colab_has_all_that_a_chapter_needs_in_a_version_that_will_do(chapter, colab):
    cells = read_chapter(chapter).cells
    sources = [cell.source for cell in cells if cell.cell_type == "code"]
    modules = set().union(*map(needed, sources)) - {HELPERS}
    assert {"numpy", "pandas"} <= modules  # or this would test nothing
    for line in map(requirements().get, modules):
        requirement = Requirement(line)
        assert requirement.specifier.contains(colab[canonicalize_name(requirement.name)]), line
