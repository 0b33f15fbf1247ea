"""The root run of `jupyter-book build .`: one edition per language, and the root pages.

Each edition is a Sphinx build of its own (`language:`, numbers, search and previous/next links of
its own), with a configuration derived from the root `_config.yml` and `_toc.yml`. An edition is
built in `_build/editions/<language>/`; only when all of them have succeeded does any of them
replace what stands in `_build/html/<language>/`.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import click
import yaml
from sphinx.builders import Builder
from sphinx.errors import ConfigError
from sphinx.util import logging

from book.translations import outdated

from . import execution
from .languages import LANGUAGES, missing_words
from .repository import colab_repository, package_address
from .root_pages import write_root_pages

logger = logging.getLogger(__name__)

ROOT = Path(__file__).resolve().parents[2]
SITE = Path(__file__).resolve().parent
NOTEBOOKS = ROOT / "book" / "notebooks"
WORK = ROOT / "_build" / "editions"

# The options of `jupyter-book build` that an edition is built with as well.
PASSED_ON = {
    "warningiserror": "-W",
    "nitpick": "-n",
    "keep_going": "--keep-going",
    "freshenv": "--all",
    "quiet": "-q",
    "verbose": "-v",
}


class EditionsBuilder(Builder):
    """Stands in for Sphinx's HTML builder: the root run reads and writes no page of its own."""

    name = "html"  # what `jupyter-book build` asks for; without a format, as it writes no page

    def build_update(self) -> None:
        options = click.get_current_context().params
        flags = [flag for name, flag in PASSED_ON.items() for _ in range(int(options[name]))]
        editions = derive_editions(execution.prepare(), self.config.extensions, flags)
        failed = build_editions(editions, keep_going=options["keep_going"])
        if failed:
            self.app.statuscode = 1  # makes the command fail, without a traceback under the cause
            logger.error("failed to build: %s (the cause stands above)", ", ".join(failed))
            return
        for edition in editions:
            put_in_place(edition.html, Path(self.outdir) / edition.language)
        write_root_pages(Path(self.outdir), self.config.html_baseurl)


class Edition(NamedTuple):
    """A build in one language."""

    language: str
    config: dict
    toc: dict
    flags: list[str]
    environment: dict[str, str]

    @property
    def work(self) -> Path:
        return WORK / self.language

    @property
    def html(self) -> Path:
        return self.work / "_build" / "html"


def derive_editions(
    run: execution.Execution, extensions: list[str], flags: list[str]
) -> list[Edition]:
    """One edition for each language, from the root configuration."""
    config_text = (ROOT / "_config.yml").read_text(encoding="utf-8")
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    require_words()
    return [
        Edition(
            language,
            derive_config(yaml.safe_load(config_text), language, run, extensions),
            derive_toc(toc, language),
            flags,
            run.environment,
        )
        for language in LANGUAGES
    ]


def derive_config(
    config: dict, language: str, run: execution.Execution, extensions: list[str]
) -> dict:
    """Change the root configuration (a fresh copy) into that of one edition."""
    source = ROOT / "book" / language
    html = config["html"]
    config["title"] = LANGUAGES[language]["title"]
    config["execute"]["cache"] = str(run.cache)
    config["exclude_patterns"] = ["**.ipynb"]  # chapters that a reader has turned into notebooks
    html["favicon"] = str(ROOT / html["favicon"])
    html["extra_footer"] = LANGUAGES[language]["footer"]
    if html["baseurl"]:
        html["baseurl"] = f"{html['baseurl'].rstrip('/')}/{language}/"
    # sphinxcontrib-bibtex takes every path as relative to the source folder.
    config["bibtex_bibfiles"] = [
        os.path.relpath(ROOT / file, source) for file in config["bibtex_bibfiles"]
    ]
    sphinx = config["sphinx"]
    sphinx["local_extensions"] = {
        name: str(ROOT / folder) for name, folder in sphinx["local_extensions"].items()
    }
    sphinx["config"] |= {
        "language": language,
        "course_package": package_address(config),
        "course_colab": colab_repository(config),
        # Jupyter Book always loads thebe, which puts a script of another host into every page.
        "extensions": [name for name in extensions if name != "sphinx_thebe"],
    }
    return config


def derive_toc(toc: dict, language: str) -> dict:
    """The table of contents of a language that has all its pages: that of the course."""
    folder = f"book/{language}"
    files = [toc["root"], *(chapter["file"] for chapter in toc["chapters"])]
    missing = [file for file in files if not (ROOT / folder / f"{file}.md").is_file()]
    if missing:
        raise ConfigError(
            f"{folder}/ lacks pages of _toc.yml: {', '.join(missing)}. Translate those of "
            f"book/{next(iter(LANGUAGES))}/, or take the table [{language}] out of "
            "book/_site/languages.toml"
        )
    return toc


def require_words() -> None:
    """Refuse a language that lacks words of the first one, before a page misses them."""
    for language in LANGUAGES:
        if missing := missing_words(language):
            raise ConfigError(
                f"book/_site/languages.toml lacks words of [{language}]: {', '.join(missing)}. "
                f"Translate those of [{next(iter(LANGUAGES))}]"
            )


def build_editions(editions: list[Edition], keep_going: bool) -> list[str]:
    """Build one edition after the other; return the languages of those that failed.

    The first one runs the chapters, the others find the outputs in the cache. jupyter-cache is not
    made for several writers, and an edition without chapters to run takes few seconds.
    """
    failed = []
    for edition in editions:
        if not build_edition(edition):
            failed.append(edition.language)
            if not keep_going:
                break
    return failed


def build_edition(edition: Edition) -> bool:
    """Run Jupyter Book on one language, unless nothing has changed; say whether it succeeded.

    Sphinx forgets a page that was removed from the sources and the warnings of a page that did not
    change, and takes no notice of changes in this extension: a build starts afresh unless the last
    one succeeded with the very same pages, options and extension.
    """
    stamp, inputs = edition.work / "stamp", [fingerprint(edition), fingerprint_of_texts(edition)]
    last = stamp.read_text(encoding="utf-8").split() if stamp.exists() else []
    if last == inputs and "--all" not in edition.flags:
        logger.info("%s: nothing has changed", edition.language)
        return True
    if last[:1] != inputs[:1]:
        shutil.rmtree(edition.work, ignore_errors=True)
    edition.work.mkdir(parents=True, exist_ok=True)
    stamp.unlink(missing_ok=True)
    process = subprocess.run(jupyter_book_command(edition), env=edition.environment)
    if process.returncode == 0:
        stamp.write_text("\n".join(inputs), encoding="utf-8")
    return process.returncode == 0


def jupyter_book_command(edition: Edition) -> list[str]:
    """Write the derived configuration down, and the command that builds with it."""
    config, toc = edition.work / "_config.yml", edition.work / "_toc.yml"
    config.write_text(yaml.safe_dump(edition.config, allow_unicode=True), encoding="utf-8")
    toc.write_text(yaml.safe_dump(edition.toc, allow_unicode=True), encoding="utf-8")
    run = [sys.executable, "-c", "from jupyter_book.cli.main import main; main()", "build"]
    files = ["--config", str(config), "--toc", str(toc), "--path-output", str(edition.work)]
    return [*run, str(ROOT / "book" / edition.language), *files, *edition.flags]


def fingerprint(edition: Edition) -> str:
    """Hash what a build depends on, except the text of the pages, which Sphinx itself follows."""
    pages = sorted(f.name for f in (ROOT / "book" / edition.language).glob("*.md"))
    settings = json.dumps([edition.config, edition.toc, edition.flags, pages])
    digest = hashlib.sha256(settings.encode())
    # pyproject.toml says what the first cell of a notebook installs.
    machinery = [*SITE.rglob("*"), *NOTEBOOKS.rglob("*"), ROOT / "pyproject.toml"]
    for file in sorted(machinery):
        if file.is_file() and file.suffix != ".pyc":
            digest.update(f"\0{file.relative_to(ROOT)}\0".encode() + file.read_bytes())
    return digest.hexdigest()


def fingerprint_of_texts(edition: Edition) -> str:
    """Hash the text of the pages and of the bibliography, and what is outdated of it."""
    source = ROOT / "book" / edition.language
    bibliography = [source / file for file in edition.config["bibtex_bibfiles"]]
    files = [*sorted(source.rglob("*")), *bibliography]
    notices = [(one.page, one.section) for one in outdated(edition.language)]
    digest = hashlib.sha256(json.dumps(notices).encode())
    for file in files:
        if file.is_file() and file.suffix != ".ipynb":
            digest.update(f"\0{file.name}\0".encode() + file.read_bytes())
    return digest.hexdigest()


def put_in_place(html: Path, target: Path) -> None:
    """Replace an edition of the site, leaving nothing of the old one."""
    staged = target.with_name(f".{target.name}")
    shutil.rmtree(staged, ignore_errors=True)
    shutil.copytree(html, staged)
    shutil.rmtree(target, ignore_errors=True)
    staged.rename(target)


def read_no_page(app, config) -> None:
    """Keep Sphinx from searching the whole project, virtual environments included, for pages."""
    config.exclude_patterns = ["**"]


def refuse_other_formats(app) -> None:
    if app.builder.name != EditionsBuilder.name:
        raise ConfigError(
            f"the course is built as html, not {app.builder.name}: run `jupyter-book build .`"
        )


def setup(app) -> dict:
    app.add_builder(EditionsBuilder, override=True)
    app.connect("config-inited", read_no_page)
    app.connect("builder-inited", refuse_other_formats, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
