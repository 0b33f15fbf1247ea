"""Files that appear whole or not at all."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def written_whole(path: str | os.PathLike) -> Iterator[Path]:
    """Give a path to write a file or make a folder at, and rename it to `path` when that is done.

    Nobody ever sees half of it: if the block is left by an error or an interrupt, what was written
    is removed, and what was at `path` before stays. A folder can only replace an empty one. Raises
    OSError if the folder that `path` is in does not exist.
    """
    path = Path(path)
    # Beside `path`, because nothing can be renamed from one disk to another.
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.stem}-") as folder:
        unfinished = Path(folder) / path.name
        yield unfinished
        os.replace(unfinished, path)
