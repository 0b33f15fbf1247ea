"""What tests ask for by name: data sets, git by itself, a browser and the built site."""

import os
from pathlib import Path

import pandas as pd
import pytest
from built_site import chromium, require_site, served
from tiny_movielens import FILES

from recsys_helpers.interactions import split_random


@pytest.fixture
def movielens(tmp_path):
    """Return a folder that holds a tiny ml-100k/, ml-1m/ and ml-latest-small/."""
    for folder, files in FILES.items():
        (tmp_path / folder).mkdir()
        for name, content in files.items():
            (tmp_path / folder / name).write_bytes(content)
    return tmp_path


@pytest.fixture
def own_surroundings(monkeypatch, tmp_path):
    """Let no data, cache, key or proxy of the machine have a say in the test."""
    for name in [*os.environ]:
        if name.startswith(("RECSYS_", "KAGGLE_")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("RECSYS_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))


@pytest.fixture
def plain_git(monkeypatch):
    """Let git know no repository but those of the test, and no settings of the user."""
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):  # set where a hook runs the tests
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")


@pytest.fixture(scope="session")
def movielens_100k():
    """Return the training and the test part of MovieLens 100K, split at random."""
    folder = Path(os.environ.get("RECSYS_DATA_DIR", "."))
    found = [path for path in (folder / "u.data", folder / "ml-100k" / "u.data") if path.exists()]
    if not found:
        pytest.skip("needs MovieLens 100K: set RECSYS_DATA_DIR to the folder that holds u.data")
    columns = ["user_id", "item_id", "rating", "timestamp"]
    return split_random(pd.read_csv(found[0], sep="\t", names=columns))


# For a module only: while Playwright is open, nothing else in this process can run an event loop.
@pytest.fixture(scope="module")
def browser():
    """Return a headless Chromium."""
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def site():
    """Return the address of the built site, served on this machine."""
    require_site()
    with served() as address:
        yield address
