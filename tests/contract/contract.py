"""Run the notebooks where learners open them: each alone in an empty folder, without the course.

    python tests/contract/contract.py colab FOLDER         with the versions of Colab (colab.txt)
    python tests/contract/contract.py jupyterlab FOLDER    JupyterLab, and the newest of the rest

FOLDER gets the environment, and keeps it for the next run. The first cell of each notebook has to
install the helper package from a wheel, whatever else is missing, and must change nothing that is
there; on Colab, nothing else may be missing. Then every cell has to run. The data are the built-in
sample, unless RECSYS_DATA_DIR names others. The last line is the verdict; the exit status is 1 if a
notebook failed.
"""

import argparse
import os
import platform
import subprocess
import sys
import time
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from book._site.languages import LANGUAGES  # noqa: E402
from book.archive import build_wheel  # noqa: E402
from book.notebooks.__main__ import main as write_notebooks  # noqa: E402
from book.notebooks.chapter import READERS  # noqa: E402

PLACES = {
    "colab": ["--requirement", str(Path(__file__).with_name("colab.txt"))],
    "jupyterlab": ["--upgrade", "jupyterlab"],
}
HELPERS = "recsys-helpers"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("place", choices=PLACES)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--language", action="append", choices=LANGUAGES, help="by default, en")
    parser.add_argument("--reader", action="append", choices=READERS, help="by default, all")
    parser.add_argument("--chapter", default="*", help="for instance 03_deep")
    options = parser.parse_args()
    binaries = environment(options.folder.resolve() / options.place, PLACES[options.place])
    failed = 0
    print(f"{options.place}: Python {platform.python_version()}, {os.cpu_count()} cores")
    with TemporaryDirectory() as work:
        wheel = build_wheel(Path(work))
        if write_notebooks([f"{work}/notebooks", "--package", str(wheel)]):
            return 1
        for language, reader in product(options.language or ["en"], options.reader or READERS):
            folder = Path(work, "notebooks", language, reader)
            files = sorted(folder.glob(f"{options.chapter}.ipynb"))
            if not files:  # or the verdict would be one on nothing
                parser.error(f"--chapter {options.chapter}: there is no such chapter")
            for file in files:
                begin = time.perf_counter()
                problem = problem_of(file, binaries, options.place == "colab")
                seconds = f"{time.perf_counter() - begin:.0f} s"
                print(language, reader, file.stem, seconds, problem or "ok", flush=True)
                failed += bool(problem)
    print(f"{failed} notebooks failed" if failed else "every notebook ran to its end")
    return int(failed > 0)


def environment(folder: Path, packages: list[str]) -> Path:
    """Where the programs of an environment with these packages are; it is made if it is missing."""
    binaries = folder / "bin"
    done = folder / "complete"
    if not done.exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        subprocess.run([binaries / "python", "-m", "pip", "install", "-q", *packages], check=True)
        done.touch()
    return binaries


def problem_of(notebook: Path, binaries: Path, is_complete: bool) -> str:
    """Run a notebook as on a machine that never saw the course; "" if nothing is wrong with it."""
    # Isolated (-I), or pip would also see the helpers where this is run, in the course's folder.
    pip = [binaries / "python", "-I", "-m", "pip"]
    subprocess.run([*pip, "uninstall", "-q", "-y", HELPERS], check=True, capture_output=True)
    before = installed(pip)
    with TemporaryDirectory() as alone:
        copy = Path(alone, notebook.name)
        copy.write_bytes(notebook.read_bytes())
        outcome = subprocess.run(
            [binaries / "jupyter-execute", "--inplace", "--timeout=1200", copy.name],
            cwd=alone,
            env=as_a_learner(binaries, is_complete),
            capture_output=True,
            text=True,
        )
        if outcome.returncode:
            return outcome.stderr[-2000:]
        first = nbformat.read(copy, as_version=4).cells[0]
    after = installed(pip)
    if changed := before.items() - after.items():
        return f"the first cell changed what was there: {dict(changed)}"
    if is_complete and (added := after.keys() - before.keys()) != {HELPERS}:
        return f"the first cell added {sorted(added)}"
    said = "".join(output.get("text", "") for output in first.outputs)
    if "recsys_helpers" not in said or said.count("\n") != 1:
        return f"the first cell did not say in one line what it did: {said!r}"
    return ""


def installed(pip: list) -> dict[str, str]:
    """The version of each package of an environment, by its name."""
    frozen = subprocess.run([*pip, "list", "--format=freeze"], check=True, capture_output=True)
    return dict(line.split("==", 1) for line in frozen.stdout.decode().splitlines())


def as_a_learner(binaries: Path, is_complete: bool) -> dict[str, str]:
    """What is set when a learner runs a notebook: nothing of what the course's own tests set."""
    kept = {"HOME", "LANG", "TMPDIR", "RECSYS_DATA_DIR"}
    own = {name: value for name, value in os.environ.items() if name in kept}
    own |= {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    own["PATH"] = f"{binaries}{os.pathsep}{os.environ['PATH']}"
    own["RECSYS_CACHE_DIR"] = str(binaries.parent / "data")
    if "RECSYS_DATA_DIR" not in own:
        own["RECSYS_OFFLINE"] = "1"
    if is_complete:
        own["PIP_NO_INDEX"] = "1"  # nothing but the wheel may be wanted
    return own


if __name__ == "__main__":
    sys.exit(main())
