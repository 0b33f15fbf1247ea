"""Reports: which exercises a learner has solved, after how many attempts, and when; one JSON file.

A report is a record, not a proof. Whoever can run the checks can also write such a file by hand.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from unicodedata import category

from recsys_helpers.files import written_whole

FORMAT = "recsys-helpers report 1"
MAX_BYTES = 1_000_000  # a hundred times as much as all exercises of the course take


@dataclass(frozen=True)
class Attempts:
    """What became of one exercise: the number of its attempts, up to the first that passed.

    `first` and `last` are the times of the first and the last of them, in UTC.
    """

    passed: bool
    attempts: int
    first: datetime
    last: datetime

    @property
    def seconds(self) -> int:
        """Seconds from the first attempt to the last, pauses included."""
        return round((self.last - self.first).total_seconds())


@dataclass(frozen=True)
class Report:
    """The attempts of one learner, by the name of the exercise."""

    learner: str = ""
    exercises: Mapping[str, Attempts] = field(default_factory=dict)

    @property
    def n_passed(self) -> int:
        """How many exercises are solved."""
        return sum(attempts.passed for attempts in self.exercises.values())

    def with_attempt(self, exercise: str, passed: bool, now: datetime) -> "Report":
        """Return the report with one more attempt; what is solved stays as it was.

        So neither running a finished notebook again nor spoiling a solution changes anything.
        """
        before = self.exercises.get(exercise, Attempts(False, 0, now, now))
        if before.passed:
            return self
        attempts = replace(before, passed=passed, attempts=before.attempts + 1, last=now)
        return replace(self, exercises={**self.exercises, exercise: attempts})


def add_attempt(path: str | os.PathLike, exercise: str, passed: bool) -> None:
    """Add an attempt, made now, to the report at `path`; errors as of `read` and `write`.

    The file is read anew each time, so that several notebooks can share it, and a kernel that
    is started again goes on where the last one stopped.
    """
    write(path, read(path).with_attempt(exercise, passed, datetime.now(UTC)))


def write(path: str | os.PathLike, report: Report) -> None:
    """Write a report, whole or not at all; raise OSError where that cannot be done."""
    exercises = {
        exercise: {
            "passed": attempts.passed,
            "attempts": attempts.attempts,
            "first": attempts.first.isoformat(timespec="seconds"),
            "last": attempts.last.isoformat(timespec="seconds"),
        }
        for exercise, attempts in report.exercises.items()
    }
    data = {"format": FORMAT, "learner": report.learner, "exercises": exercises}
    with written_whole(path) as unfinished:
        unfinished.write_text(json.dumps(data, ensure_ascii=False, indent=1), encoding="utf-8")


def read(path: str | os.PathLike) -> Report:
    """Read a report. Raise OSError, or a ValueError that says what is wrong with the file."""
    with Path(path).open("rb") as file:
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise ValueError(f"larger than {MAX_BYTES:,} bytes")
    try:
        data = json.loads(content.decode("utf-8-sig"))  # some editors put a mark at the start
        if data["format"] != FORMAT:
            raise ValueError(f"its format is {data['format']!r}, not {FORMAT!r}")
        exercises = {name(key): _attempts(entry) for key, entry in data["exercises"].items()}
        return Report(name(data["learner"]), exercises)
    except (KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise ValueError(f"{type(error).__name__}: {error}") from error


def name(value: str) -> str:
    """Return the name of a learner or an exercise, or raise ValueError if it cannot be one.

    Names end up on the terminal of a teacher, where control characters are commands.
    """
    if not isinstance(value, str) or {category(c) for c in value} & {"Cc", "Cs"}:
        raise ValueError(f"not a name: {value!r}")
    return value


def _attempts(entry: dict) -> Attempts:
    passed, attempts = entry["passed"], entry["attempts"]
    if type(passed) is not bool or type(attempts) is not int or attempts < 1:
        raise ValueError(f"passed={passed!r}, attempts={attempts!r}")
    return Attempts(passed, attempts, _time(entry["first"]), _time(entry["last"]))


def _time(text: str) -> datetime:
    time = datetime.fromisoformat(text)
    if time.tzinfo is None:
        raise ValueError(f"a time without its zone: {text!r}")
    return time.astimezone(UTC)
