"""A folder of reports -> one table: python -m recsys_helpers.collect FOLDER TABLE.csv

Every file in the folder and below it is looked at, except hidden ones. The table has one row for
each learner and exercise. What is not a report, and what was handed in twice, is named.
"""

import argparse
import csv
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path

from recsys_helpers import reports
from recsys_helpers.checks import exercises, sentence
from recsys_helpers.files import written_whole
from recsys_helpers.reports import Attempts, Report

COLUMNS = ("learner", "exercise", "passed", "attempts", "first_utc", "last_utc", "seconds", "file")


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the table, say on stderr what was noticed, and return 1 if a file was no report."""
    parser = argparse.ArgumentParser(
        prog="python -m recsys_helpers.collect", description=sentence("report", "collect")
    )
    parser.add_argument("folder", metavar="FOLDER", type=Path)
    parser.add_argument("table", metavar="TABLE.csv", type=Path)
    asked = parser.parse_args(arguments)
    if not asked.folder.is_dir():
        parser.error(sentence("report", "no-folder", folder=asked.folder))
    if asked.table.suffix != ".csv":  # or a slip would overwrite a report
        parser.error(sentence("report", "no-csv", table=asked.table))

    found, unreadable = read_folder(asked.folder, leave_out=asked.table)
    rows = table_of(found)
    with written_whole(asked.table) as unfinished:
        _write_csv(unfinished, rows)
    summary = sentence("report", "collected", table=asked.table, rows=len(rows), files=len(found))
    # On stderr a letter that the terminal does not know is escaped; on stdout it is an error.
    print(*_remarks(found, unreadable), summary, sep="\n", file=sys.stderr)
    return 1 if unreadable else 0


def read_folder(
    folder: Path, leave_out: Path | None = None
) -> tuple[dict[str, Report], dict[str, Exception]]:
    """Return the reports in a folder, and what is wrong with its other files, by their paths.

    `leave_out` is a file that is passed over, such as the table of the last time.
    """
    found, unreadable = {}, {}
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        hidden = any(part.startswith(".") for part in relative.parts)
        if hidden or not path.is_file() or (leave_out and path.resolve() == leave_out.resolve()):
            continue
        try:
            found[relative.as_posix()] = reports.read(path)
        except (OSError, ValueError) as error:
            unreadable[relative.as_posix()] = error
    return found, unreadable


def table_of(found: dict[str, Report]) -> list[tuple]:
    """Return the rows of the table, in the order of the learners and of the course.

    A learner is whoever the report names, else the file itself. If an exercise is in several
    reports of a learner, the one that passed counts, else the one that was attempted last.
    """
    best: dict[tuple[str, str], tuple[Attempts, str]] = {}
    for file, report in found.items():
        for exercise, attempts in report.exercises.items():
            key = (report.learner or file, exercise)
            if key not in best or _rank(attempts) > _rank(best[key][0]):
                best[key] = attempts, file
    place = {name: n for n, name in enumerate(exercises())}
    ordered = sorted(best, key=lambda key: (key[0], place.get(key[1], len(place)), key[1]))
    return [_row(*key, *best[key]) for key in ordered]


def _rank(attempts: Attempts) -> tuple:
    return attempts.passed, attempts.last


def _row(learner: str, exercise: str, attempts: Attempts, file: str) -> tuple:
    times = (f"{time:%Y-%m-%d %H:%M:%S}" for time in (attempts.first, attempts.last))
    # 1 and 0 can be added up in every spreadsheet; True and False are words, and not in every one.
    passed = int(attempts.passed)
    return learner, exercise, passed, attempts.attempts, *times, attempts.seconds, file


def _remarks(found: dict[str, Report], unreadable: dict[str, Exception]) -> Iterator[str]:
    files_of = defaultdict(list)
    for file, report in found.items():
        files_of[report.learner or file].append(file)
        if not report.exercises:
            yield sentence("report", "empty", file=file)
    for file, error in unreadable.items():
        yield sentence("report", "damaged", file=file, error=error)
    for learner, files in files_of.items():
        if len(files) > 1:
            yield sentence("report", "several", learner=learner, files=", ".join(files))
    for file, other in combinations(found, 2):
        # Two people do not solve the same exercises in the same second.
        if found[file].exercises and found[file].exercises == found[other].exercises:
            yield sentence("report", "copy", file=other, other=file)


def _write_csv(path: Path, rows: list[tuple]) -> None:
    # The mark at the start tells spreadsheets that this is UTF-8.
    with path.open("w", encoding="utf-8-sig", errors="backslashreplace", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows([_harmless(cell) for cell in row] for row in rows)


def _harmless(cell: object) -> object:
    """Keep a spreadsheet from computing what a learner has written: a formula becomes text."""
    formula = isinstance(cell, str) and cell.startswith(("=", "+", "-", "@"))
    return f"'{cell}" if formula else cell


if __name__ == "__main__":
    sys.exit(main())
