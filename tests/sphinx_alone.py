"""Sphinx within a test: what it registers with docutils is gone when the next test starts it."""

from collections.abc import Iterator
from contextlib import contextmanager

from sphinx.util.docutils import docutils_namespace, patch_docutils


@contextmanager
def sphinx_alone() -> Iterator[None]:
    """Without this, a second application in the same process warns of everything it registers."""
    with patch_docutils(), docutils_namespace():
        yield
