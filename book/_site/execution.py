"""How the chapters are run: on which data, in which environment, and where the results are kept.

The build and the tests both ask here, so that a chapter which one of them has run is not run again
by the other.
"""

import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import NamedTuple

import yaml
from myst_nb.core.read import is_myst_markdown_notebook, read_myst_markdown_notebook
from myst_parser.config.main import MdParserConfig
from nbformat import NotebookNode

from recsys_helpers.datasets import Dataset, cache_folder, load_movielens
from recsys_helpers.netflix_sample import FILES, PROBE, TITLES

ROOT = Path(__file__).resolve().parents[2]
CACHES = ROOT / "_build" / ".jupyter_cache"
N_CACHES_KEPT = 4  # going back to an earlier state of the helpers then costs no second run

# TensorFlow reads its settings when it is imported, so a cell of a chapter would be too late.
KERNEL_SETTINGS = {
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "TF_ENABLE_ONEDNN_OPTS": "0",
    "PYTHONHASHSEED": "0",
    # On a busy machine the threads of OpenBLAS wait for each other; alone they gain nothing here.
    "OPENBLAS_NUM_THREADS": "1",
    # Those of t-SNE (OpenMP) keep a core busy while they wait, which others then lack.
    "OMP_WAIT_POLICY": "PASSIVE",
}
FOLDER_SETTINGS = ("RECSYS_DATA_DIR", "RECSYS_NETFLIX_DIR", "RECSYS_CACHE_DIR")


class Execution(NamedTuple):
    """What a run of the chapters depends on besides their code."""

    cache: Path  # the jupyter-cache folder of exactly these data and helpers
    environment: dict[str, str]  # for the process that starts the kernels


def prepare() -> Execution:
    """Find the data once, and say how the chapters are to be run with them."""
    dataset = load_movielens("100k")
    is_sample = dataset.truth is not None
    cache = CACHES / cache_key(ROOT, dataset)
    cache.mkdir(parents=True, exist_ok=True)
    os.utime(cache)
    remove_old_caches(CACHES)
    return Execution(cache, kernel_environment(is_sample))


def cache_key(root: Path, dataset: Dataset) -> str:
    """Hash what decides the outputs of a chapter; its own code is hashed by jupyter-cache."""
    helpers = (root / "recsys_helpers").rglob("*")
    files = [f for f in helpers if f.is_file() and "__pycache__" not in f.parts]
    digest = hashlib.sha256((dataset.fingerprint + netflix_state()).encode())
    for file in [*sorted(files), root / "requirements.txt"]:
        digest.update(f"\0{file.relative_to(root).as_posix()}\0".encode() + file.read_bytes())
    return digest.hexdigest()[:16]


def netflix_state() -> str:
    """Describe the copy of the Netflix Prize, if there is one, without reading its 2 GB.

    Files that chapter 05 generates do not count: its own code decides them. But a folder that the
    reader has named does, even a wrong one, lest old outputs hide that it is wrong.
    """
    own = os.environ.get("RECSYS_NETFLIX_DIR", "")
    folder = Path(own).expanduser() if own else cache_folder() / "netflix-prize-data"
    files = [folder / name for name in (*FILES, TITLES, PROBE)]
    states = [(file.name, file.stat()) for file in files if file.is_file()]
    return json.dumps([own, *((name, state.st_size, state.st_mtime_ns) for name, state in states)])


def remove_old_caches(folder: Path) -> None:
    """Keep the caches that were used last."""
    caches = sorted((f for f in folder.iterdir() if f.is_dir()), key=lambda f: f.stat().st_mtime)
    for cache in caches[:-N_CACHES_KEPT]:
        shutil.rmtree(cache)


def kernel_environment(is_sample: bool) -> dict[str, str]:
    """The present environment with the settings under which chapters run."""
    environment = os.environ | KERNEL_SETTINGS
    environment.pop("MPLBACKEND", None)  # a notebook shows its figures inline
    for name in FOLDER_SETTINGS:  # kernels have another working directory
        if environment.get(name):
            environment[name] = os.path.abspath(os.path.expanduser(environment[name]))
    if is_sample:
        environment["RECSYS_OFFLINE"] = "1"  # no kernel tries the failed download again
    return environment


def join_streams(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Make one output of the pieces in which a kernel sends what a cell prints.

    It cuts where it happens to be, within a line too. MyST-NB's `coalesce_streams`, which starts a
    new line at every cut, is replaced by this one.
    """
    joined, streams = [], {}
    for output in outputs:
        name = output.get("name") if output["output_type"] == "stream" else None
        if name in streams:
            streams[name]["text"] += output["text"]
            continue
        joined.append(NotebookNode(output))
        if name is not None:
            streams[name] = joined[-1]
    return joined


def read_chapter(file: Path) -> NotebookNode | None:
    """The notebook in a page, read just as the build reads it; None for a page without code."""
    text = file.read_text(encoding="utf-8")
    if not is_myst_markdown_notebook(text):
        return None
    return read_myst_markdown_notebook(text, config=syntax(), add_source_map=True)


def syntax() -> MdParserConfig:
    """The Markdown of the pages."""
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    return MdParserConfig(enable_extensions=set(config["parse"]["myst_enable_extensions"]))
