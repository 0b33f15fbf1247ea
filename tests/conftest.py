"""The tiny data sets as files, for the tests that read some."""

import pytest
from tiny_movielens import FILES


@pytest.fixture
def movielens(tmp_path):
    """Return a folder that holds a tiny ml-100k/, ml-1m/ and ml-latest-small/."""
    for folder, files in FILES.items():
        (tmp_path / folder).mkdir()
        for name, content in files.items():
            (tmp_path / folder / name).write_bytes(content)
    return tmp_path
