"""Time and memory of chapter 05's data path at full size, beside the loop of its source.

    python tests/benchmarks/netflix.py                      generated files of 100,480,507 ratings
    python tests/benchmarks/netflix.py --ratings 2000000
    python tests/benchmarks/netflix.py --files FOLDER       your own copy

Every step runs in a process of its own, one after the other, and is reported with its seconds by
the clock, its CPU seconds (of all threads, of user and system together) and its peak memory, all
with the imports of that process. The two steps of the source, a loop in Python from text to csv and
the reading of that by pandas, take minutes: they are measured on a part, and their CPU seconds
extrapolated in proportion to the ratings. Files and stores are kept in a folder (`--keep`, or a
temporary one that is removed), which needs 3 GB at full size. Not for Windows, which has no wait4.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

from recsys_helpers import netflix

PART = 5_000_000  # ratings for the steps of the source
FILTERS = {"A": (53_000, 830), "B": (10_000, 230)}  # of the source, at full size


def make(files, work, n_ratings):
    netflix.make_files(files, n_ratings)


def loop(files, work, n_ratings):
    """The source's loop, but that it stops after a part of the ratings."""
    n = 0
    with (work / "part.csv").open("w") as csv:
        for name in netflix.FILES:
            for line in (files / name).open():
                line = line.strip()
                if line.endswith(":"):
                    item = line.replace(":", "")
                else:
                    csv.write(",".join([item, *line.split(",")]) + "\n")
                    n += 1
                    if n == PART:
                        return


def read_csv(files, work, n_ratings):
    pd.read_csv(work / "part.csv", names=["item_id", "user_id", "rating", "date"])


def build(files, work, n_ratings):
    netflix.build_store(files, work / "all.parquet")


def count(files, work, n_ratings):
    netflix.count(netflix.open_store(work / "all.parquet"))


def select(files, work, n_ratings):
    rows = netflix.select(netflix.open_store(work / "all.parquet"), **limits("A", n_ratings))
    print(f"{len(rows):,} rows of {rows['user_id'].nunique():,} users")


def filter_store(files, work, n_ratings):
    store = netflix.open_store(work / "all.parquet")
    left = netflix.filter_store(store, work / "b.parquet", **limits("B", n_ratings))
    print(f"{left.n_ratings:,} rows")


def limits(name, n_ratings):
    """The limits of a filter; with fewer ratings, films have fewer, and users as many as before."""
    per_item, per_user = FILTERS[name]
    return {"per_item": round(per_item * n_ratings / netflix.N_RATINGS), "per_user": per_user}


STEPS = {  # what it is called, how it is done, and if it is done with a part of the ratings only
    "make the files": (make, False),
    "source: loop to csv": (loop, True),
    "source: read the csv": (read_csv, True),
    "text to store": (build, False),
    "counts": (count, False),
    "filter A, as a table": (select, False),
    "filter B, as a store": (filter_store, False),
}


def measure(step, files, work, n_ratings):
    """Run one step in a process of its own: seconds, CPU seconds, GB at its peak."""
    command = [sys.executable, __file__, "--one", step, "--files", files, "--keep", work]
    start = time.perf_counter()
    process = subprocess.Popen([*map(str, command), "--ratings", str(n_ratings)])
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{step} failed")
    per_gb = 1e9 if sys.platform == "darwin" else 1e6  # bytes there, kB elsewhere
    seconds = time.perf_counter() - start
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / per_gb


def run(files, work, n_ratings):
    rows = []
    for step, (_, in_part) in STEPS.items():
        if step == "make the files" and (files / netflix.FILES[0]).exists():
            continue
        seconds, cpu, memory = measure(step, files, work, n_ratings)
        share = max(n_ratings / PART, 1) if in_part else 1
        note = f"measured on {PART:,} ratings, times {share:.1f}" if share > 1 else ""
        rows.append((step, seconds, cpu, cpu * share, memory, note))
    heads = "", "s", "CPU s", f"CPU s for {n_ratings:,}", "peak GB", ""
    print("{:24}{:>10}{:>10}{:>24}{:>10}  {}".format(*heads))
    for row in rows:
        print("{:24}{:10.1f}{:10.1f}{:24.1f}{:10.2f}  {}".format(*row))
    for name in ("all.parquet", "b.parquet"):
        print(f"{name}: {(work / name).stat().st_size / 1e6:,.0f} MB")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--ratings", type=int, default=netflix.N_RATINGS)
    parser.add_argument("--files", type=Path)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--one", choices=STEPS, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        function, _ = STEPS[asked.one]
        function(asked.files, asked.keep, asked.ratings)
        return
    with tempfile.TemporaryDirectory() as temporary:
        work = asked.keep or Path(temporary)
        work.mkdir(parents=True, exist_ok=True)
        files = asked.files or work / f"generated-{asked.ratings}"
        about = files / "generated.json"
        if about.exists():
            asked.ratings = json.loads(about.read_text())["n_ratings"]
        run(files, work, asked.ratings)


if __name__ == "__main__":
    main()
