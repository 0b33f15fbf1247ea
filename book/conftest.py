"""Run the English chapters with nbval, straight from their MyST sources.

The other languages have the same code (tests/test_parity.py). No chapter is run twice: the outputs
of a run go into the cache of the book, and what the build has put there is checked, not run again.
"""

import functools
import os
import time
from collections import defaultdict
from pathlib import Path
from unittest.mock import patch

import pytest
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from nbval.plugin import IPyNbCell, IPyNbFile, find_comment_markers, find_metadata_tags

from book._site import execution

CHAPTERS = Path(__file__).parent / "en"
collect_ignore_glob = ["*.ipynb"]  # chapters that a reader has turned into notebooks

prepare = functools.cache(execution.prepare)


def pytest_collect_file(file_path, parent):
    if file_path.parent != CHAPTERS or file_path.suffix != ".md":
        return None
    notebook = execution.read_chapter(file_path)
    if notebook is None:
        return None
    try:
        _, outputs = get_cache(prepare().cache).merge_match_into_notebook(notebook)
    except KeyError:
        chapter = Chapter.from_parent(parent, path=file_path)
        chapter.nb = notebook
    else:
        chapter = CachedChapter.from_parent(parent, path=file_path)
        chapter.outputs = outputs
    return chapter


class Chapter(IPyNbFile):
    """A chapter that is run cell by cell; nbval starts its kernel in `setup`."""

    def setup(self):
        self.started = time.perf_counter()
        self.n_passed = 0
        with patch.dict(os.environ, prepare().environment, clear=True):
            super().setup()

    def collect(self):
        self.cells = [cell for cell in self.nb.cells if cell.cell_type == "code"]
        for number, cell in enumerate(self.cells):
            options = defaultdict(bool, find_metadata_tags(cell.metadata))
            options.update(find_comment_markers(cell.source))
            options.setdefault("check", self.compare_outputs)
            yield ChapterCell.from_parent(
                self, name=f"Cell {number}", cell_num=number, cell=cell, options=options
            )

    def keep_outputs(self):
        seconds = time.perf_counter() - self.started
        bundle = CacheBundleIn(self.nb, str(self.path), data={"execution_seconds": seconds})
        get_cache(prepare().cache).cache_notebook_bundle(
            bundle, check_validity=False, overwrite=True
        )


class ChapterCell(IPyNbCell):
    """A cell that leaves its outputs in the chapter, as a run in Jupyter would."""

    def runtest(self):
        super().runtest()
        self.cell.outputs = self.test_outputs
        self.cell.execution_count = self.cell_num + 1
        for output in self.cell.outputs:
            if output.output_type == "execute_result":
                output.execution_count = self.cell.execution_count
        self.parent.n_passed += 1
        if self.parent.n_passed == len(self.parent.cells):
            self.parent.keep_outputs()


class CachedChapter(pytest.File):
    """A chapter that the build has run, with this very code, these helpers and these data."""

    def collect(self):
        yield CachedOutputs.from_parent(self, name="outputs of the build")


class CachedOutputs(pytest.Item):
    def runtest(self):
        cells = [cell for cell in self.parent.outputs.cells if cell.cell_type == "code"]
        assert any(cell.outputs for cell in cells), "no cell of the chapter has an output"
        failed = [
            cell.source
            for cell in cells
            if any(output.output_type == "error" for output in cell.outputs)
            and "raises-exception" not in cell.metadata.get("tags", [])
        ]
        assert not failed, f"cells that raised an error: {failed}"

    def reportinfo(self):
        return self.path, 0, f"{self.path.stem}: {self.name}"
