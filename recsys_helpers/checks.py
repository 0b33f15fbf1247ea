"""A learner's answer -> right, or a specific hint in the language of the notebook.

An exercise asks for a function. Its check calls the function on a tiny input of its own, so that
nothing depends on what the learner has run before, and compares the result with the right one. A
typical mistake is a function too: when the learner's result equals the result of a mistake, the
hint of that mistake is given, which points at the error without giving the answer away.
"""

import copy
import os
import tomllib
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from numbers import Number
from pathlib import Path, PurePath

import numpy as np
import pandas as pd

from recsys_helpers import reports

TOLERANCE = 1e-6

_report: Path | None = None  # where `check` writes the attempts down, once `report` was called


@dataclass(frozen=True)
class Exercise:
    """What a check needs to know: the arguments to try, the right answer, the typical mistakes.

    Each key of `mistakes` names a hint; see `hints/<language>.toml`.
    """

    arguments: tuple
    right: Callable
    mistakes: Mapping[str, Callable]


@dataclass(frozen=True)
class Verdict:
    """The outcome of a check; a notebook shows it as one line."""

    exercise: str
    passed: bool
    hint: str = ""

    def __repr__(self) -> str:
        return f"✓ {self.exercise}" if self.passed else f"✗ {self.exercise}: {self.hint}"


def check(exercise: str, answer: Callable) -> Verdict:
    """Tell whether the function `answer` solves the exercise, or what its mistake is.

    The verdict depends on the answer alone, not on earlier attempts or on what a notebook has
    run. Raises ValueError for an exercise that does not exist, and lets nothing else escape: an
    error inside the learner's function becomes a hint.
    """
    known = exercises()
    if exercise not in known:
        raise ValueError(f"no exercise {exercise!r}; there are: {', '.join(sorted(known))}")
    key, details = _diagnose(known[exercise], answer)
    if _report and key != "not-yet":  # an untouched stub is no attempt
        _write_down(exercise, passed=key is None)
    if key is None:
        return Verdict(exercise, passed=True)
    hint = sentence(exercise, key, exercise=exercise, **details)
    return Verdict(exercise, passed=False, hint=hint)


@dataclass(frozen=True)
class Recording:
    """The answer of `report`; a notebook shows it as one line."""

    path: Path
    n_passed: int

    def __repr__(self) -> str:
        return sentence("report", "started", file=self.path, n_passed=self.n_passed)


def report(path: str | os.PathLike, learner: str = "") -> Recording:
    """From now on, write every attempt at an exercise into the file `path`, to be handed in.

    The file holds what recsys_helpers.reports says, and the name of the learner if it is given.
    A report that is there already is continued. Raises ValueError if the file is not called
    *.json, is something other than a report, or is the report of another learner, and OSError
    if it cannot be written. Later on, an attempt that cannot be written is a warning.
    """
    global _report
    path, learner = Path(path).resolve(), reports.name(" ".join(learner.split()))
    if path.suffix != ".json":
        raise ValueError(f"the name of a report ends in .json: call it {path.name + '.json'!r}")
    so_far = _read_report(path) if path.exists() else reports.Report()
    if learner and so_far.learner not in ("", learner):
        raise ValueError(
            f"{path.name} is the report of {so_far.learner!r}, not of {learner!r}: "
            "give yours another name"
        )
    reports.write(path, replace(so_far, learner=learner or so_far.learner))
    _report = path
    return Recording(path, so_far.n_passed)


def exercises() -> Mapping[str, Exercise]:
    """Return every exercise of the course by its name.

    Each call returns copies, so that whoever tries out the arguments of an exercise, as a hint
    suggests, cannot change its question.
    """
    # Imported here because each chapter's exercises are written with `Exercise` from above.
    from recsys_helpers.exercises import deep, mf, netflix, ranking, ratings, similarity, svd

    return copy.deepcopy(
        ratings.EXERCISES
        | svd.EXERCISES
        | mf.EXERCISES
        | deep.EXERCISES
        | similarity.EXERCISES
        | netflix.EXERCISES
        | ranking.EXERCISES
    )


def language() -> str:
    """Return the language of the hints: RECSYS_LANG, else that of the notebook's folder, else en.

    Jupyter gives its kernels the path of the notebook in JPY_SESSION_NAME; a chapter opened
    from `book/ko/` therefore speaks Korean without any setting.
    """
    languages = available_languages()
    chosen = os.environ.get("RECSYS_LANG")
    if chosen:
        if chosen not in languages:
            raise ValueError(f"RECSYS_LANG={chosen!r} is not one of {', '.join(languages)}")
        return chosen
    for path in (os.environ.get("JPY_SESSION_NAME", ""), os.getcwd()):
        for part in reversed(PurePath(path).parts):
            if part in languages:
                return part
    return "en"


def available_languages() -> list[str]:
    """Return the codes of the languages that have hints."""
    return sorted(PurePath(file.name).stem for file in _hint_files().iterdir())


def sentence(table: str, key: str, /, **details: object) -> str:
    """Return a sentence of hints/<language>.toml, in the language of the notebook.

    `table` is an exercise, or "report"; a key that it lacks is looked up in "any".
    """
    sentences = _hints(language())
    return (sentences[table].get(key) or sentences["any"][key]).format(**details)


# NumPy's own settings, whatever the notebook has set: with `np.seterr(all="raise")` before it, a
# right answer would stop with an error.
@np.errstate(divide="warn", over="warn", under="ignore", invalid="warn")
def _diagnose(exercise: Exercise, answer: Callable) -> tuple[str | None, dict]:
    if not callable(answer):
        return "not-a-function", {"got": type(answer).__name__}
    try:
        # A copy, so that a function which changes its arguments cannot change the question.
        got = answer(*copy.deepcopy(exercise.arguments))
    except NotImplementedError:
        return "not-yet", {}
    except Exception as error:  # whatever a learner's code raises is a lesson, not a crash
        return "raised", {"error": f"{type(error).__name__}: {error}"}
    if got is None or got is Ellipsis:
        return "not-yet", {}
    expected = exercise.right(*exercise.arguments)
    if same(got, expected):
        return None, {}
    for key, mistake in exercise.mistakes.items():
        if same(got, mistake(*exercise.arguments)):
            return key, {}
    kinds = {"got": _kind(got), "expected": _kind(expected)}
    return ("values" if kinds["got"] == kinds["expected"] else "different"), kinds


def same(got: object, expected: object) -> bool:
    """Tell whether two answers mean the same, whatever their types and the order of their rows.

    Tuples and lists are compared part by part, tables and series by their index where both have
    one, everything else as arrays of numbers within a relative tolerance of 1e-6.
    """
    if isinstance(expected, tuple):
        if not isinstance(got, (tuple, list)) or len(got) != len(expected):
            return False
        return all(same(g, e) for g, e in zip(got, expected, strict=True))
    if isinstance(expected, pd.DataFrame):
        return isinstance(got, pd.DataFrame) and _same_rows(got, expected)
    if isinstance(expected, pd.Series):
        if not isinstance(got, (pd.Series, dict)):
            # Where the index holds ids, bare numbers do not say what they belong to.
            return isinstance(expected.index, pd.RangeIndex) and _same_numbers(got, expected)
        got = pd.Series(got)
        if set(got.index) != set(expected.index) or not got.index.is_unique:
            return False
        got = got.reindex(expected.index)
    return _same_numbers(got, expected)


def _same_rows(got: pd.DataFrame, expected: pd.DataFrame) -> bool:
    if set(got.columns) != set(expected.columns) or len(got) != len(expected):
        return False
    tables = (got[list(expected.columns)], expected)
    try:
        rows, wanted = (sorted(table.itertuples(index=False, name=None)) for table in tables)
    except TypeError:  # the answer has cells that cannot be put in order, such as None
        return False
    return rows == wanted


def _same_numbers(got: object, expected: object) -> bool:
    try:
        if any(isinstance(cell, str) for cell in np.asarray(got, dtype=object).flat):
            return False  # "1995" is a text, although NumPy would read a number out of it
        got, expected = (np.asarray(values, dtype=float) for values in (got, expected))
    except (TypeError, ValueError, OverflowError):
        return False
    return got.shape == expected.shape and np.allclose(
        got, expected, rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True
    )


def _kind(answer: object) -> str:
    """Say what sort of thing an answer is, with its shape or its parts, but none of its values."""
    if isinstance(answer, Number):
        return "number"
    if isinstance(answer, tuple):
        parts = [*map(_kind, answer[:3]), *(["…"] if len(answer) > 3 else [])]
        return f"tuple ({', '.join(parts)})"
    if isinstance(answer, (list, np.ndarray)):
        try:
            return f"array {np.asarray(answer, dtype=object).shape}"
        except ValueError:  # rows of different lengths
            return f"list ({len(answer)},)"
    shape = getattr(answer, "shape", "")
    return f"{type(answer).__name__} {shape}".strip()


def _read_report(path: Path) -> reports.Report:
    try:
        return reports.read(path)
    except ValueError as error:
        raise ValueError(
            f"{path} is not a report, or is damaged ({error}): move it away, or give the report "
            "another name"
        ) from error


def _write_down(exercise: str, passed: bool) -> None:
    try:
        reports.add_attempt(_report, exercise, passed)
    except (OSError, ValueError) as error:  # the verdict is worth more than the report
        text = sentence("report", "unwritten", file=_report, error=error)
        warnings.warn(text, stacklevel=3)


@cache
def _hints(code: str) -> dict[str, dict[str, str]]:
    return tomllib.loads((_hint_files() / f"{code}.toml").read_text(encoding="utf-8"))


def _hint_files():
    return resources.files("recsys_helpers") / "hints"
