"""Write every chapter as notebooks: FOLDER/<language>/{learner,teacher}/<chapter>.ipynb."""

import argparse
import sys
from functools import partial
from pathlib import Path

import nbformat
import yaml
from jupyter_cache import get_cache
from jupyter_cache.cache.main import JupyterCacheBase
from nbformat import NotebookNode

from book._site import execution
from book._site.languages import LANGUAGES
from book._site.repository import package_address

from .chapter import notebooks_of
from .edition import Edition
from .myst import NotPlain, Place


def main(arguments: list[str] | None = None) -> int:
    """Write all notebooks, or none of them and what is wrong with the chapters."""
    options = read_options(arguments)
    cache = get_cache(execution.prepare().cache) if options.outputs else None
    notebooks, problems = {}, []
    for language in LANGUAGES:
        edition = Edition(language, options.site)
        for file in edition.chapters:
            run = partial(with_outputs, cache, file) if cache else None
            try:
                written = notebooks_of(file, edition, options.package, run)
            except NotPlain as problem:
                problems.append(str(problem))
                continue
            for reader, notebook in written.items():
                notebooks[options.folder / language / reader / f"{file.stem}.ipynb"] = notebook
    if problems:
        print(*problems, "no notebook was written", sep="\n", file=sys.stderr)
        return 1
    for file, notebook in notebooks.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(notebook, file)
    print(f"{len(notebooks)} notebooks in {options.folder}")
    return 0


def read_options(arguments: list[str] | None) -> argparse.Namespace:
    config = yaml.safe_load((execution.ROOT / "_config.yml").read_text(encoding="utf-8"))
    parser = argparse.ArgumentParser(prog="python -m book.notebooks", description=__doc__)
    parser.add_argument("folder", type=Path, help="where to write them, FOLDER from here on")
    parser.add_argument(
        "--site",
        default=config["html"]["baseurl"],
        help="the address of the published site, for links; by default html.baseurl of _config.yml",
    )
    parser.add_argument(
        "--package",
        type=address,
        default=package_address(config),
        help="where pip finds the helper package: a wheel, or its address; by default the "
        "repository, which _config.yml or the git remote `origin` names",
    )
    parser.add_argument(
        "--outputs",
        action="store_true",
        help="keep what the cells put out when the site was built",
    )
    return parser.parse_args(arguments)


def address(package: str) -> str:
    """What pip takes after the name of a package: an address, also for a file."""
    return Path(package).resolve().as_uri() if Path(package).is_file() else package


def with_outputs(cache: JupyterCacheBase, file: Path, chapter: NotebookNode) -> NotebookNode:
    """A chapter as it is after its last run; raises NotPlain if there was none."""
    try:
        return cache.merge_match_into_notebook(chapter)[1]
    except KeyError as error:
        raise NotPlain(
            Place(str(file), 1),
            "it has not been run as it is now, on these data: run `jupyter-book build .` first, "
            "or leave out --outputs",
        ) from error


if __name__ == "__main__":
    sys.exit(main())
