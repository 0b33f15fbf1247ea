"""The notebooks of each chapter, as files of the site, and the links to them under its title.

They are made from the pages by the build itself, so a page and its notebooks never differ.
"""

import html
import shutil
from collections.abc import Iterator
from pathlib import Path

import nbformat
from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging

from book.notebooks.chapter import READERS, notebooks_of
from book.notebooks.edition import Edition
from book.notebooks.myst import NotPlain

from .languages import LANGUAGES

logger = logging.getLogger(__name__)

FOLDER = "notebooks"
# .github/workflows/publish.yml puts the notebooks on this branch.
COLAB = "https://colab.research.google.com/github/{repository}/blob/notebooks/{path}"


def write_notebooks(app) -> None:
    """Write all notebooks of the edition: any of them can change with the title of another page.

    A chapter that cannot be a notebook is a warning, so that `-W` lets no page go without.
    """
    folder = Path(app.outdir, FOLDER)
    shutil.rmtree(folder, ignore_errors=True)
    language, package = app.config.language, app.config.course_package
    site = app.config.html_baseurl.removesuffix(f"{language}/")
    edition = Edition(language, site, Path(app.srcdir).parent)
    for file in edition.chapters:
        try:
            written = notebooks_of(file, edition, package)
        except NotPlain as problem:
            logger.warning("no notebook: %s", problem)
            continue
        for reader, notebook in written.items():
            (folder / reader).mkdir(parents=True, exist_ok=True)
            nbformat.write(notebook, folder / reader / f"{file.stem}.ipynb")


class NotebookLinks(SphinxPostTransform):
    """Offer the notebooks of a chapter under its title, below the line of facts."""

    default_priority = 890  # before PageFacts, which puts its line directly under the title
    formats = ("html",)

    def run(self, **kwargs) -> None:
        title = next(self.document.findall(nodes.title), None)
        if title and self.file("learner").is_file():
            line = f'<p class="page-notebooks">{" · ".join(self.links())}</p>'
            title.parent.insert(title.parent.index(title) + 1, nodes.raw("", line, format="html"))

    def links(self) -> Iterator[str]:
        """Plain links: they need no script, and say everything to whoever hears only them."""
        texts = LANGUAGES[self.config.language]["links"]
        up = "../" * self.env.docname.count("/")
        for reader in READERS:
            path = self.file(reader).relative_to(self.app.outdir).as_posix()
            # Without `download`, browsers would show the JSON; its name tells the two apart.
            name = f"{self.env.docname}-{reader}.ipynb"
            yield f'<a href="{up}{path}" download="{name}">{html.escape(texts[reader])}</a>'
        if repository := self.config.course_colab:
            path = f"{self.config.language}/learner/{self.env.docname}.ipynb"
            address = COLAB.format(repository=repository, path=path)
            yield f'<a href="{address}">{html.escape(texts["colab"])}</a>'

    def file(self, reader: str) -> Path:
        return Path(self.app.outdir, FOLDER, reader, f"{self.env.docname}.ipynb")


def setup(app) -> dict:
    app.add_config_value("course_package", "", "html")  # where notebooks install the helpers from
    app.add_config_value("course_colab", "", "html")  # the repository where Colab finds them
    app.connect("builder-inited", write_notebooks)
    app.add_post_transform(NotebookLinks)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
