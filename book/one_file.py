"""What the commands share that make one file of the built site (`archive`, `pdf`)."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path


class NotReady(Exception):
    """Something that the file needs is missing; the message says what to do."""


def require_place(parser: argparse.ArgumentParser, file: Path, suffix: str) -> None:
    """Refuse a file that has another suffix, or would lie in a folder that is not there."""
    if file.suffix != suffix:
        parser.error(f"{file}: the name of the file has to end in {suffix}")
    if not file.parent.is_dir():
        parser.error(f"{file.parent} is not a folder: make it first")


def report(file: Path, write: Callable[[], str]) -> int:
    """Write a file, and say what `write` says is in it; or say what it lacks, and return 1."""
    try:
        said = write()
    except NotReady as problem:
        print(problem, f"{file} was not written", sep="\n", file=sys.stderr)
        return 1
    print(f"{file}: {said}, {file.stat().st_size / 1e6:.0f} MB")
    return 0
