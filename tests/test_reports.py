"""What learners hand in, and the table that a teacher makes of it."""

import csv
import json
import os
import subprocess
import sys
import warnings
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from book._site.languages import LANGUAGES
from recsys_helpers import checks, collect, reports
from recsys_helpers.checks import check
from recsys_helpers.reports import Attempts, Report

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
EXERCISE = "ratings-rmse"


def right(rating, predicted):
    return np.sqrt(np.mean((rating - predicted) ** 2))


def wrong(rating, predicted):
    return np.mean((rating - predicted) ** 2)


def at(seconds, passed=False, attempts=1):
    """Return attempts that began at noon."""
    return Attempts(passed, attempts, NOON, NOON + timedelta(seconds=seconds))


@pytest.fixture(autouse=True)
def no_report_yet(monkeypatch):
    monkeypatch.setattr(checks, "_report", None)
    monkeypatch.setenv("RECSYS_LANG", "en")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "ada.json"


@pytest.fixture
def clock(monkeypatch):
    """Return a list of times that `datetime.now` takes from its front."""
    times = []

    class Clock(datetime):
        @classmethod
        def now(cls, tz):
            return times.pop(0).astimezone(tz)

    monkeypatch.setattr(reports, "datetime", Clock)
    return times


# The report of one learner


def test_attempts_count_up_to_the_first_that_passes(path, clock):
    clock[:] = [NOON + timedelta(seconds=seconds) for seconds in (0, 40, 90, 7000)]
    checks.report(path, "Ada Lovelace")
    for answer in (wrong, wrong, right, wrong):
        check(EXERCISE, answer)
    assert json.loads(path.read_text("utf-8")) == {
        "format": "recsys-helpers report 1",
        "learner": "Ada Lovelace",
        "exercises": {
            "ratings-rmse": {
                "passed": True,
                "attempts": 3,
                "first": "2026-03-02T12:00:00+00:00",
                "last": "2026-03-02T12:01:30+00:00",
            }
        },
    }
    assert reports.read(path).exercises[EXERCISE].seconds == 90


def test_an_untouched_stub_is_no_attempt(path):
    checks.report(path)
    check(EXERCISE, lambda rating, predicted: ...)
    assert reports.read(path) == Report("", {})


def test_nothing_is_written_before_somebody_asks_for_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    check(EXERCISE, right)
    assert not list(tmp_path.iterdir())


def test_a_verdict_is_the_same_with_a_report_and_without(path):
    without = [check(EXERCISE, answer) for answer in (wrong, wrong, right)]
    checks.report(path)
    assert [check(EXERCISE, answer) for answer in (wrong, wrong, right)] == without


def test_a_report_is_continued_by_a_kernel_that_is_started_again(path, monkeypatch):
    checks.report(path, "Ada")
    check(EXERCISE, wrong)
    monkeypatch.setattr(checks, "_report", None)
    recording = checks.report(path)
    check(EXERCISE, right)
    assert recording.n_passed == 0
    assert checks.report(path, " Ada ").n_passed == 1
    assert reports.read(path).learner == "Ada"
    assert reports.read(path).exercises[EXERCISE].attempts == 2


def test_a_report_stays_where_it_is_when_the_notebook_changes_its_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    checks.report("ada.json")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    check(EXERCISE, right)
    assert reports.read(tmp_path / "ada.json").n_passed == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_notebook_says_where_the_attempts_go_in_its_language(language, path, monkeypatch):
    monkeypatch.setenv("RECSYS_LANG", language)
    line = repr(checks.report(path))
    assert line == checks._hints(language)["report"]["started"].format(file=path, n_passed=0)
    assert str(path) in line


def test_a_name_can_be_given_later(path):
    checks.report(path)
    check(EXERCISE, right)
    checks.report(path, "Ada")
    assert reports.read(path).learner == "Ada"
    assert reports.read(path).n_passed == 1


def test_the_last_call_says_where_the_attempts_go(tmp_path):
    for name in ("ada.json", "grace.json"):
        checks.report(tmp_path / name)
    check(EXERCISE, right)
    assert [reports.read(tmp_path / name).n_passed for name in ("ada.json", "grace.json")] == [0, 1]


def test_a_report_of_somebody_else_is_not_continued(path):
    checks.report(path, "Ada")
    with pytest.raises(ValueError, match=r"ada.json is the report of 'Ada', not of 'Grace'.*name"):
        checks.report(path, "Grace")


def test_another_file_is_not_overwritten(path):
    path.write_text('{"cells": []}')
    with pytest.raises(ValueError, match=r"ada.json is not a report.*another name"):
        checks.report(path)
    check(EXERCISE, right)
    assert path.read_text() == '{"cells": []}'


@pytest.mark.parametrize(
    ("name", "learner", "message"),
    [
        ("Ada Lovelace", "", r"ends in .json: call it 'Ada Lovelace.json'"),
        ("ada.csv", "", r"'ada.csv.json'"),
        ("ada.json", "A\x1b[2Jda", r"not a name: 'A\\x1b\[2Jda'"),
    ],
)
def test_a_name_that_cannot_be_is_refused(name, learner, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        checks.report(tmp_path / name, learner)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_does_not_exist_is_an_error_at_once(tmp_path):
    with pytest.raises(OSError, match="nowhere"):
        checks.report(tmp_path / "nowhere" / "ada.json")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("spoil", [lambda path: path.unlink(), lambda path: path.write_text("{")])
def test_an_attempt_that_cannot_be_written_is_a_warning_and_the_verdict_comes(
    spoil, language, path, monkeypatch
):
    monkeypatch.setenv("RECSYS_LANG", language)
    checks.report(path)
    spoil(path)
    before = path.read_text() if path.exists() else None
    with pytest.warns(UserWarning, match=r"`checks.report`") as caught:
        assert check(EXERCISE, right).passed
    assert str(path) in str(caught[0].message)
    assert caught[0].filename == __file__
    assert (path.read_text() if path.exists() else None) == before


def test_a_written_report_is_read_as_it_was(path):
    report = Report("Gül Şahin 이", {EXERCISE: at(90, True, 3), "svd-centre": at(5)})
    reports.write(path, report)
    assert reports.read(path) == report
    assert "Gül Şahin 이" in path.read_text("utf-8")


GOOD = {"passed": True, "attempts": 1, "first": NOON.isoformat(), "last": NOON.isoformat()}
EMPTY = {"format": reports.FORMAT, "learner": "Ada", "exercises": {}}
DAMAGED = {
    "cut.json": b'{"format": "recsys-hel',
    "picture.png": b"\x89PNG\r\n\x1a\n\xff\xfe",
    "notebook.ipynb": b'{"cells": [], "nbformat": 4}',
    "list.json": b"[1, 2]",
    "number.json": b"5",
    "empty.json": b"",
    "deep.json": b"[" * 200_000,
    "large.json": json.dumps(EMPTY).encode() + b" " * 1_000_000,
    "later.json": json.dumps({"format": "recsys-helpers report 2"}).encode(),
    "no-learner.json": json.dumps({"format": reports.FORMAT, "exercises": {}}).encode(),
    **{
        f"{n}.json": json.dumps(EMPTY | {"exercises": {EXERCISE: entry}}).encode()
        for n, entry in enumerate(
            [
                GOOD | {"passed": "yes"},
                GOOD | {"attempts": 0},
                GOOD | {"attempts": True},
                GOOD | {"attempts": 2.5},
                GOOD | {"first": "yesterday"},
                GOOD | {"first": 1772452800},
                GOOD | {"last": "2026-03-02T12:00:00"},
                GOOD | {"last": "0001-01-01T00:00:00+14:00"},
                {"passed": True},
                None,
            ]
        )
    },
    **{
        f"name-{n}.json": json.dumps(EMPTY | {"learner": learner}).encode()
        for n, learner in enumerate(["A\x1b[2Jda", "A\nda", "\ud800", ["Ada"], None])
    },
}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_or_foreign_file_is_a_value_error(name, tmp_path):
    (tmp_path / name).write_bytes(DAMAGED[name])
    with pytest.raises(ValueError, match=r"\S"):
        reports.read(tmp_path / name)


def test_a_mark_at_the_start_of_a_report_is_passed_over(path):
    reports.write(path, Report("Ada"))
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert reports.read(path).learner == "Ada"


# The table of a folder


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "in").mkdir()
    return tmp_path / "in"


def hand_in(folder, name, learner="", **exercises):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    by_name = {exercise.replace("_", "-"): attempts for exercise, attempts in exercises.items()}
    reports.write(path, Report(learner, by_name))


def collected(folder, capsys):
    """Return the exit status, the rows of the table and what was said."""
    table = folder.parent / "table.csv"
    status = collect.main([str(folder), str(table)])
    with table.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    said = capsys.readouterr()
    assert not said.out
    return status, rows, said.err.splitlines()


def test_the_table_has_a_row_for_each_learner_and_exercise(folder, capsys):
    hand_in(folder, "b.json", "Zeynep", deep_fold=at(30), svd_centre=at(90, True, 4))
    hand_in(folder, "a.json", "이 지은", mf_count=at(0, True))
    status, rows, said = collected(folder, capsys)
    assert status == 0
    assert tuple(rows[0]) == collect.COLUMNS
    # The learners in the order of their names, the exercises in that of the course.
    assert [",".join(row.values()) for row in rows] == [
        "Zeynep,svd-centre,1,4,2026-03-02 12:00:00,2026-03-02 12:01:30,90,b.json",
        "Zeynep,deep-fold,0,1,2026-03-02 12:00:00,2026-03-02 12:00:30,30,b.json",
        "이 지은,mf-count,1,1,2026-03-02 12:00:00,2026-03-02 12:00:00,0,a.json",
    ]
    assert (
        (folder.parent / "table.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    )  # for spreadsheets
    assert said == [f"Written: {folder.parent / 'table.csv'}. Rows: 3. Reports: 2."]


def test_whoever_gives_no_name_is_known_by_the_file(folder, capsys):
    hand_in(folder, "submitted/s17/hw1/report.json", svd_centre=at(1))
    hand_in(folder, "submitted/s18/hw1/report.json", svd_centre=at(2))
    _, rows, said = collected(folder, capsys)
    assert [row["learner"] for row in rows] == [
        "submitted/s17/hw1/report.json",
        "submitted/s18/hw1/report.json",
    ]
    assert len(said) == 1


def test_of_several_reports_what_passed_counts_and_then_the_latest(folder, capsys):
    hand_in(folder, "1.json", "Ada", svd_centre=at(10, True, 2), mf_count=at(400, False, 6))
    hand_in(folder, "2.json", "Ada", svd_centre=at(900, False, 9), mf_count=at(500, False, 5))
    hand_in(folder, "3.json", "Grace", svd_centre=at(7))
    status, rows, said = collected(folder, capsys)
    assert status == 0
    kept = {(row["learner"], row["exercise"]): (row["attempts"], row["file"]) for row in rows}
    assert kept == {
        ("Ada", "svd-centre"): ("2", "1.json"),
        ("Ada", "mf-count"): ("5", "2.json"),
        ("Grace", "svd-centre"): ("1", "3.json"),
    }
    assert [line for line in said if "1.json, 2.json" in line and "Ada" in line]
    assert not [line for line in said if "Grace" in line]


def test_copies_are_named_and_stay_in_the_table(folder, capsys):
    hand_in(folder, "ada.json", "Ada", svd_centre=at(10, True, 2))
    hand_in(folder, "mallory.json", "Mallory", svd_centre=at(10, True, 2))
    hand_in(folder, "grace.json", "Grace", svd_centre=at(11, True, 2))
    status, rows, said = collected(folder, capsys)
    assert status == 0
    assert {row["learner"] for row in rows} == {"Ada", "Grace", "Mallory"}
    assert said[:-1] == ["mallory.json has the same attempts as ada.json, to the second"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_no_report_is_named_and_the_rest_is_collected(
    language, folder, capsys, monkeypatch
):
    monkeypatch.setenv("RECSYS_LANG", language)
    for name, content in DAMAGED.items():
        (folder / name).write_bytes(content)
    hand_in(folder, "ada.json", "Ada", svd_centre=at(1))
    hand_in(folder, "idle.json", "Bob")
    hand_in(folder, "idle-too.json", "Carl")
    status, rows, said = collected(folder, capsys)
    assert status == 1
    assert [row["learner"] for row in rows] == ["Ada"]
    for name in [*DAMAGED, "idle.json", "idle-too.json"]:
        assert [line for line in said if name in line], name
    assert len(said) == len(DAMAGED) + 3


def test_hidden_files_and_the_table_of_the_last_time_are_passed_over(folder, capsys):
    hand_in(folder, "ada.json", "Ada", svd_centre=at(1))
    hand_in(folder, ".ipynb_checkpoints/ada-checkpoint.json", "Ada", svd_centre=at(1))
    (folder / ".DS_Store").write_bytes(b"\x00")
    for _ in range(2):
        assert collect.main([str(folder), str(folder / "table.csv")]) == 0
        assert len(capsys.readouterr().err.splitlines()) == 1


@pytest.mark.parametrize("learner", ["=1+1", "+1", "-1", "@SUM(A1)"])
def test_a_formula_in_a_name_is_a_text_in_the_table(learner, folder, capsys):
    hand_in(folder, "x.json", learner, svd_centre=Attempts(False, 1, NOON, NOON - timedelta(1)))
    _, (row,), _ = collected(folder, capsys)
    assert row["learner"] == f"'{learner}"
    assert row["seconds"] == "-86400"  # a clock that was set back; a number and no formula


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("folder_name", "table_name", "named"),
    [("nowhere", "table.csv", "nowhere"), ("in", "ada.json", "ada.json")],
)
def test_a_slip_in_the_command_is_named_and_writes_nothing(
    folder_name, table_name, named, language, folder, capsys, monkeypatch
):
    monkeypatch.setenv("RECSYS_LANG", language)
    monkeypatch.chdir(folder.parent)
    with pytest.raises(SystemExit) as stopped:
        collect.main([folder_name, table_name])
    assert stopped.value.code == 2
    assert named in capsys.readouterr().err
    assert os.listdir() == ["in"]


def test_the_command_runs(folder):
    hand_in(folder, "ada.json", "이 지은", svd_centre=at(1))
    table = folder.parent / "표.csv"
    done = subprocess.run(
        [sys.executable, "-m", "recsys_helpers.collect", folder, table],
        env=os.environ | {"RECSYS_LANG": "ko", "PYTHONIOENCODING": "ascii"},
        capture_output=True,
    )
    assert done.returncode == 0
    assert "이 지은" in table.read_text("utf-8-sig")


def test_a_report_of_all_exercises_is_far_smaller_than_the_limit(path):
    reports.write(path, Report("Ada", {name: at(1) for name in checks.exercises()}))
    assert path.stat().st_size < reports.MAX_BYTES / 100


def test_no_warning_comes_where_all_is_well(path):
    checks.report(path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check(EXERCISE, right)
