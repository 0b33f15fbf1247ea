"""The whole course in one file, for a room without a network: python -m book.archive FILE.zip

The built site, the notebooks, the helper package, the built-in sample and the licences. Of data
that may not be passed on, such as MovieLens, it holds what the pages show, and no table.
"""

import argparse
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from book._site.execution import ROOT
from book._site.languages import LANGUAGES
from book.notebooks.__main__ import main as write_notebooks
from book.one_file import NotReady, report, require_place
from recsys_helpers.files import written_whole
from recsys_helpers.synthetic import make_sample

SITE = ROOT / "_build" / "html"
GUIDE = "teachers.html"  # says how to use the archive
LICENCES = ("LICENSE", "LICENSE-TEXT.md")
PACKAGE = ("pyproject.toml", "README.md", "LICENSE", "recsys_helpers")
# No links to the site, published or beside them: the one is out of reach, and of the other,
# JupyterLab shows the bare text. And no address of the helper package: there is only the wheel.
FOR_NOTEBOOKS = ("--site", "", "--package", "")
# All files are of 1 January 1980, the first day that a zip file knows, so that two archives of the
# same course are the same. In seconds since 1970:
TIME = 315_532_800


def main(arguments: list[str] | None = None) -> int:
    """Write the archive, or say what it lacks and return 1."""
    parser = argparse.ArgumentParser(prog="python -m book.archive", description=__doc__)
    parser.add_argument("file", metavar="FILE.zip", type=Path)
    file = parser.parse_args(arguments).file
    require_place(parser, file, ".zip")
    return report(file, lambda: f"{write_archive(file)} files")


def write_archive(file: Path) -> int:
    """Put the course into a zip file; return the number of files in it. Raises NotReady."""
    with TemporaryDirectory() as work, written_whole(file) as unfinished:
        return pack(unfinished, contents(Path(work)))


def contents(work: Path) -> dict[str, Path]:
    """The files of the archive by their names in it; those that have to be made are put in `work`.

    Raises NotReady.
    """
    site = files_of_site()
    wheel = build_wheel(work)
    make_notebooks(work / "notebooks")
    make_sample_tables(work / "sample")
    (work / "README.md").write_text(readme(wheel.name), encoding="utf-8")
    made = {file.relative_to(work).as_posix(): file for file in work.rglob("*") if file.is_file()}
    return site | made | {name: ROOT / name for name in LICENCES}


def files_of_site() -> dict[str, Path]:
    """The site as it was built last. Raises NotReady if it was not, or lacks a language."""
    for page in ("index.html", *(f"{language}/{GUIDE}" for language in LANGUAGES)):
        if not (SITE / page).is_file():
            raise NotReady(f"there is no {SITE / page}: run `jupyter-book build .` first")
    files = {file.relative_to(SITE).as_posix(): file for file in SITE.rglob("*") if file.is_file()}
    # Sphinx keeps its notes in hidden files.
    return {name: file for name, file in files.items() if not file.name.startswith(".")}


def build_wheel(folder: Path) -> Path:
    """The helper package as a wheel in this folder. Raises NotReady with what pip says."""
    with TemporaryDirectory() as copy:  # building leaves files behind
        for name in PACKAGE:
            if (ROOT / name).is_dir():
                skip = shutil.ignore_patterns("__pycache__")
                shutil.copytree(ROOT / name, Path(copy, name), ignore=skip)
            else:
                shutil.copy(ROOT / name, copy)
        # With what is installed here: an environment of its own would need the network.
        offline = ["--no-deps", "--no-index", "--no-build-isolation", "--check-build-dependencies"]
        outcome = subprocess.run(
            [sys.executable, "-m", "pip", "wheel", *offline, "--wheel-dir", str(folder), copy],
            env=os.environ | {"SOURCE_DATE_EPOCH": str(TIME)},
            capture_output=True,
            text=True,
        )
    if outcome.returncode:
        raise NotReady(
            "the helper package could not be built: run `pip install -r requirements.txt` first. "
            f"What pip says:\n{outcome.stderr[-2000:]}"
        )
    (wheel,) = folder.glob("*.whl")
    return wheel


def make_notebooks(folder: Path) -> None:
    """All notebooks, which lead nowhere outside the archive. Raises NotReady."""
    with redirect_stdout(None):
        if write_notebooks([str(folder), *FOR_NOTEBOOKS]):
            raise NotReady("the notebooks could not be made (the cause stands above)")


def make_sample_tables(folder: Path) -> None:
    """The tables of the built-in sample."""
    folder.mkdir()
    sample = make_sample()
    for name in ("ratings", "items", "users"):
        table = getattr(sample, name)
        table.to_csv(folder / f"{name}.csv", index=False, lineterminator="\n", encoding="utf-8")


def readme(wheel: str) -> str:
    """What is where in the archive, in every language."""
    return "\n".join(line for language in LANGUAGES for line in section(language, wheel))


def section(language: str, wheel: str) -> Iterator[str]:
    texts = LANGUAGES[language]["archive"]
    yield f"# {LANGUAGES[language]['title']}\n"
    places = {
        "site": ["index.html"],
        "notebooks": [f"notebooks/{language}/learner", f"notebooks/{language}/teacher"],
        "wheel": [wheel],
        "sample": ["sample"],
        "licences": LICENCES,
    }
    for key, names in places.items():
        yield f"- {', '.join(f'`{name}`' for name in names)}: {texts[key]}"
    yield f"\n{texts['more'].format(page=f'{language}/{GUIDE}')}\n"


def pack(archive: Path, files: dict[str, Path]) -> int:
    """Write an archive that depends on nothing but the names and the contents; count its files."""
    with ZipFile(archive, "w", ZIP_DEFLATED) as zipped:
        for name in sorted(files):
            entry = ZipInfo(name, time.gmtime(TIME)[:6])
            entry.create_system, entry.external_attr = 3, 0o644 << 16  # as on Unix: all may read it
            zipped.writestr(entry, files[name].read_bytes(), ZIP_DEFLATED)
    return len(files)


if __name__ == "__main__":
    sys.exit(main())
