"""The cell with which a notebook begins: it adds what is missing and changes nothing else."""

import ast
import json
import sys
import tomllib
from functools import cache, partial
from importlib.metadata import packages_distributions
from pathlib import Path

from IPython.core.inputtransformer2 import TransformerManager
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from book._site.execution import ROOT

from .edition import Edition
from .myst import NotPlain, Place

HELPERS = "recsys_helpers"
TEMPLATES = Path(__file__).with_name("templates")


def first_cell(code: dict[Place, str], edition: Edition, source: str) -> str:
    """The code that makes these cells run anywhere.

    `source` is the address where pip finds the helper package, "" if nobody knows it. Raises
    NotPlain for an import that pyproject.toml does not account for, and for what is not Python.
    """
    known = requirements() | {HELPERS: f"recsys-helpers @ {source}"}
    modules = set()
    for place, cell in code.items():
        try:
            modules |= needed(TransformerManager().transform_cell(cell))  # %magic, too, is fine
        except SyntaxError as error:
            raise NotPlain(place, f"is not Python: {error.msg}") from error
        if unknown := modules - known.keys():
            problem = f"imports {min(unknown)}: add its package to an extra of pyproject.toml"
            raise NotPlain(place, problem)
    templates = Environment(loader=FileSystemLoader(TEMPLATES), undefined=StrictUndefined)
    # A text is written in JSON as it is in Python.
    templates.filters["literal"] = partial(json.dumps, ensure_ascii=False)
    return templates.get_template("first_cell.py.jinja").render(
        texts=edition.texts["notebook"],
        language=edition.language,
        needed={module: known[module] for module in sorted(modules)},
        source=source,
    )


def needed(source: str) -> set[str]:
    """The packages that code imports, itself or by way of the helpers, without Python's own.

    What a function imports only when it is called does not count: there, a lack is expected.
    """
    names, unread = set(), [source]
    while unread:
        for name in imports(unread.pop()) - names:
            names.add(name)
            file = ROOT / f"{name.replace('.', '/')}.py"
            if name.startswith(HELPERS) and file.exists():
                unread.append(file.read_text(encoding="utf-8"))
    packages = {name.partition(".")[0] for name in names} - sys.stdlib_module_names
    # Keras computes with TensorFlow, which few chapters import themselves.
    return packages | ({"tensorflow"} if "keras" in packages else set())


@cache  # every chapter comes by the same helpers
def imports(source: str) -> frozenset[str]:
    """The modules that code imports, in full, and whatever else it takes from them."""
    found = set()
    for node in ast.parse(source).body:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            package = [HELPERS] if node.level else []
            origin = ".".join([*package, *filter(None, [node.module])])
            found |= {origin, *(f"{origin}.{alias.name}" for alias in node.names)}
    return frozenset(found)


@cache
def requirements() -> dict[str, str]:
    """What pip is asked for, by the module that is missing, according to pyproject.toml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    by_name = {
        canonicalize_name(Requirement(line).name): line for group in groups for line in group
    }
    # A package and its module often share their name, and where they do not, one is installed here.
    by_module = {name.replace("-", "_"): line for name, line in by_name.items()}
    for module, distributions in packages_distributions().items():
        for name in map(canonicalize_name, distributions):
            if name in by_name:
                by_module[module] = by_name[name]
    return by_module
