"""From files to tables: MovieLens, a reader's own CSV, or the built-in sample.

Every loader returns a :class:`Dataset`. A file that is not what it should be is refused with an
error that names the file, the line, the value and the remedy; data that cannot be had at all are
replaced by the built-in sample, with one warning that says why.

Source: F. M. Harper and J. A. Konstan, "The MovieLens Datasets: History and Context", ACM TiiS
5(4), 2015, https://doi.org/10.1145/2827872, and the README of each archive.
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
import tempfile
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from tqdm import TqdmWarning

from recsys_helpers._own_ratings import read_ratings_csv
from recsys_helpers._tables import DataFormatError, Dataset, RatingScale, decode
from recsys_helpers.synthetic import make_sample

with warnings.catch_warnings():
    # In a notebook without ipywidgets tqdm warns when pooch imports it; its bar of text will do.
    warnings.simplefilter("ignore", TqdmWarning)
    import pooch

__all__ = [
    "DataFormatError",
    "DataUnavailableError",
    "DataUnavailableWarning",
    "Dataset",
    "RatingScale",
    "cache_folder",
    "fetch_movielens",
    "load_movielens",
    "official_fold",
    "read_movielens",
    "read_ratings_csv",
]


class DataUnavailableError(RuntimeError):
    """The data are neither on this machine nor can they be downloaded."""


class DataUnavailableWarning(UserWarning):
    """The data could not be had: the built-in sample stands in for them."""


# --- Loading by name ----------------------------------------------------------------------------


def load_movielens(name: str = "100k") -> Dataset:
    """Load MovieLens ``"100k"``, ``"1m"`` or ``"latest-small"``, or the built-in sample instead.

    Looked for in the folder that the environment variable ``RECSYS_DATA_DIR`` names (the files
    themselves, or ``ml-100k/`` and so on in it), then in the cache, then at GroupLens; see
    :func:`fetch_movielens`. If it cannot be had, a :class:`DataUnavailableWarning` says why.

    Raises :class:`DataFormatError` for a file that is damaged and :class:`FileNotFoundError` if
    ``RECSYS_DATA_DIR`` holds no dataset: neither is ever replaced by the sample.
    """
    try:
        folder = fetch_movielens(name)
    except DataUnavailableError as error:
        warnings.warn(
            f"going on with the built-in sample: {error}", DataUnavailableWarning, stacklevel=2
        )
        return make_sample()
    return read_movielens(folder, name)


def fetch_movielens(name: str) -> Path:
    """Return the folder with the files of a MovieLens dataset, downloading them if need be.

    Environment: ``RECSYS_DATA_DIR`` (a folder of the reader's own), ``RECSYS_CACHE_DIR`` (where
    downloads are kept), ``RECSYS_OFFLINE=1`` (never download).

    Raises :class:`DataUnavailableError` if the data cannot be had.
    """
    source = _source(name)
    own = os.environ.get("RECSYS_DATA_DIR")
    if own and (folder := _find_in(Path(own).expanduser(), source)):
        return folder
    target = cache_folder() / source.folder
    if not target.is_dir():
        _download(source, target)
    _check_official(target, source)
    return target


def cache_folder() -> Path:
    """Return the folder for what is downloaded: ``RECSYS_CACHE_DIR``, else that of the system."""
    folder = Path(os.environ.get("RECSYS_CACHE_DIR") or pooch.os_cache("recsys-helpers"))
    return folder.expanduser()


def read_movielens(folder: str | Path, name: str) -> Dataset:
    """Read the files of MovieLens ``name`` ("100k", "1m", "latest-small") that lie in ``folder``.

    Raises :class:`DataFormatError` where a file is missing, cut off or has a bad line.
    """
    source, folder = _source(name), Path(folder)
    digests = [hashlib.sha256(_read_bytes(folder / file)).digest() for file in source.files]
    ratings, items, users = source.read(folder)
    _check_together(folder, source, ratings, items, users)
    return Dataset(
        name=source.title,
        ratings=ratings.reset_index(drop=True),
        items=items.reset_index(drop=True),
        users=None if users is None else users.reset_index(drop=True),
        scale=source.scale,
        fingerprint=hashlib.sha256(b"".join(digests)).hexdigest(),
        folder=folder,
    )


def official_fold(dataset: Dataset, fold: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the training and test ratings of fold 1 to 5 that MovieLens 100K brings with it."""
    if dataset.folder is None or dataset.name != SOURCES["100k"].title:
        raise ValueError(
            f"{dataset.name!r} has no official folds: only MovieLens 100K, read from its files, "
            "brings u1..u5. Use split_random instead."
        )
    if fold not in range(1, 6):
        raise ValueError(f"fold is {fold!r}: MovieLens 100K has the folds 1 to 5.")
    parts = (_read_ratings_100k(dataset.folder / f"u{fold}.{part}") for part in ("base", "test"))
    train, test = (part.reset_index(drop=True) for part in parts)
    return train, test


# --- Downloading --------------------------------------------------------------------------------


def _find_in(folder: Path, source: _Source) -> Path | None:
    """Return where ``source`` lies in the reader's own folder; None if it holds others only."""
    if (folder / source.files[0]).is_file():
        return folder
    if (folder / source.folder).is_dir():
        return folder / source.folder
    others = [folder / place for s in SOURCES.values() for place in (s.folder, s.files[0])]
    if not any(other.exists() for other in others):
        raise FileNotFoundError(
            f"RECSYS_DATA_DIR is {str(folder)!r}, which holds no MovieLens dataset (looked for "
            f"{source.files[0]} and {source.folder}/). Correct the path, or unset the variable "
            "to have the data downloaded."
        )
    return None


def _download(source: _Source, target: Path) -> None:
    """Download, verify and unpack ``source``, and put it at ``target`` in one step.

    Everything happens in a temporary folder beside ``target``: another process never sees half a
    dataset, and of two that race the later one keeps what the first has put there.
    """
    remedy = (
        f"Download {source.url} by other means, unpack it and set the environment variable "
        "RECSYS_DATA_DIR to the folder that it is in."
    )
    if os.environ.get("RECSYS_OFFLINE") == "1":
        raise DataUnavailableError(
            f"{source.title} is not on this machine and RECSYS_OFFLINE=1 keeps it from being "
            "downloaded. " + remedy
        )
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".download-", dir=target.parent) as temporary:
            _unpack(_retrieve(source, Path(temporary)), source, Path(temporary))
            try:
                os.replace(Path(temporary, source.folder), target)
            except OSError:
                if not target.is_dir():
                    raise
    # Every error of requests is an OSError; pooch reports a wrong checksum as a ValueError.
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise DataUnavailableError(
            f"{source.title} could not be had from {source.url} ({error}). {remedy}"
        ) from error


def _retrieve(source: _Source, folder: Path) -> Path:
    """Download the archive into ``folder``, with a progress bar, verified, tried three times."""
    pooch.get_logger().setLevel("ERROR")  # the bar and, in the end, one warning say enough
    base, _, file = source.url.rpartition("/")
    fetcher = pooch.create(
        folder, base_url=base + "/", registry={file: f"sha256:{source.sha256}"}, retry_if_failed=2
    )
    downloader = pooch.HTTPDownloader(progressbar=True, timeout=_TIMEOUT)
    return Path(fetcher.fetch(file, downloader=downloader))


def _unpack(archive: Path, source: _Source, folder: Path) -> None:
    """Unpack ``archive`` into ``folder``, refusing an archive with a member that would escape."""
    with zipfile.ZipFile(archive) as opened:
        for member in opened.namelist():
            if not (folder / member).resolve().is_relative_to((folder / source.folder).resolve()):
                raise ValueError(f"the archive has a member outside {source.folder}/: {member!r}")
        opened.extractall(folder)


def _check_official(folder: Path, source: _Source) -> None:
    """Compare what the cache holds with the published checksums."""
    for file, expected in source.checksums.items():
        found = hashlib.sha256(_read_bytes(folder / file)).hexdigest()
        if found != expected:
            raise DataFormatError(
                f"{folder / file}: its SHA-256 is {found}, not {expected}: the file has been "
                f"changed since it was downloaded. Delete {folder} and load the data again."
            )


# --- The formats of MovieLens -------------------------------------------------------------------
# While a table is being checked, its index is the number of the line in the file.

_RATINGS = {"user_id": "int64", "item_id": "int64", "rating": "float64", "timestamp": "int64"}
_GENRES_100K = [
    "unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime", "Documentary",
    "Drama", "Fantasy", "Film-Noir", "Horror", "Musical", "Mystery", "Romance", "Sci-Fi",
    "Thriller", "War", "Western",
]  # fmt: skip
_OCCUPATIONS_1M = [
    "other", "academic/educator", "artist", "clerical/admin", "college/grad student",
    "customer service", "doctor/health care", "executive/managerial", "farmer", "homemaker",
    "K-12 student", "lawyer", "programmer", "retired", "sales/marketing", "scientist",
    "self-employed", "technician/engineer", "tradesman/craftsman", "unemployed", "writer",
]  # fmt: skip
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

_Tables = tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame | None]


def _read_100k(folder: Path) -> _Tables:
    ratings = _read_ratings_100k(folder / "u.data")

    columns = {"item_id": "int64", "title": "str", "release_date": "str", "video": "str"}
    columns |= {"url": "str"} | dict.fromkeys(_GENRES_100K, "int64")
    path = folder / "u.item"
    items = _read_fields(path, "|", columns)
    flags = items[_GENRES_100K].to_numpy()
    neither = ((flags != 0) & (flags != 1)).any(axis=1)
    _refuse(path, items["title"], neither, "has a genre flag that is neither 0 nor 1")
    names = np.array(_GENRES_100K)
    items["genres"] = ["|".join(names[row]) for row in flags == 1]
    items["release_date"] = _parse_release_dates(path, items["release_date"])
    items["year"] = items["release_date"].dt.year.astype("Int64")

    columns = {"user_id": "int64", "age": "int64", "gender": "str", "occupation": "str"}
    users = _read_fields(folder / "u.user", "|", columns | {"zip_code": "str"})
    return ratings, items[["item_id", "title", "release_date", "year", "genres"]], users


def _read_ratings_100k(path: Path) -> pd.DataFrame:
    return _with_dates(_read_fields(path, "\t", _RATINGS))


def _read_1m(folder: Path) -> _Tables:
    ratings = _with_dates(_read_fields(folder / "ratings.dat", "::", _RATINGS))
    columns = {"item_id": "int64", "title": "str", "genres": "str"}
    items = _with_year(_read_fields(folder / "movies.dat", "::", columns))
    columns = {"user_id": "int64", "gender": "str", "age": "int64", "occupation": "int64"}
    users = _read_fields(folder / "users.dat", "::", columns | {"zip_code": "str"})
    job = users["occupation"]
    unknown = ~job.between(0, len(_OCCUPATIONS_1M) - 1)
    _refuse(folder / "users.dat", job, unknown, "is not an occupation from 0 to 20")
    users["occupation"] = np.array(_OCCUPATIONS_1M)[job]
    return ratings, items, users[["user_id", "age", "gender", "occupation", "zip_code"]]


def _read_latest(folder: Path) -> _Tables:
    header = "userId,movieId,rating,timestamp"
    ratings = _read_fields(folder / "ratings.csv", ",", _RATINGS, header)
    return _with_dates(ratings), _with_year(_read_movies_csv(folder / "movies.csv")), None


def _read_movies_csv(path: Path) -> pd.DataFrame:
    """Read the one file whose fields are quoted: titles have commas in them."""
    text = decode(path, _whole_lines(path), "utf-8", "Unpack the archive again.")
    reader = csv.reader(io.StringIO(text))
    if next(reader, None) != ["movieId", "title", "genres"]:
        raise _bad_line(path, 1, "", "is not the header 'movieId,title,genres'")
    lines, rows = [], []
    for row in reader:
        if len(row) != 3 or not row[0].isdecimal():
            raise _bad_line(path, reader.line_num, ",".join(row), "is not 'movieId,title,genres'")
        lines.append(reader.line_num)
        rows.append(row)
    items = pd.DataFrame(rows, columns=["item_id", "title", "genres"], index=lines)
    items["item_id"] = items["item_id"].astype("int64")
    items["genres"] = items["genres"].replace("(no genres listed)", "")
    return items


def _with_dates(ratings: pd.DataFrame) -> pd.DataFrame:
    """Turn the seconds since 1970 into dates (UTC)."""
    return ratings.assign(timestamp=ratings["timestamp"].to_numpy().astype("datetime64[s]"))


def _with_year(items: pd.DataFrame) -> pd.DataFrame:
    """Take the year from the end of the title: "Toy Story (1995)", "Life (2009- )"."""
    year = items["title"].str.extract(r"\((\d{4})(?:[-–]\s?\d*)?\s?\)\s*$", expand=False)
    return items.assign(year=pd.to_numeric(year).astype("Int64"))[
        ["item_id", "title", "year", "genres"]
    ]


def _parse_release_dates(path: Path, text: pd.Series) -> pd.Series:
    """Parse "01-Jan-1995"; the month by hand, as the names of strptime depend on the locale."""
    parts = text.str.extract(r"^(\d{1,2})-([A-Z][a-z]{2})-(\d{4})$")
    month = parts[1].map({name: str(number) for number, name in enumerate(_MONTHS, start=1)})
    dates = pd.to_datetime(
        parts[2] + "-" + month + "-" + parts[0], errors="coerce", format="%Y-%m-%d"
    )
    _refuse(path, text, dates.isna() & (text != ""), "is not a date like 01-Jan-1995")
    return dates.astype("datetime64[s]")


# --- Reading strictly ---------------------------------------------------------------------------


def _read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise DataFormatError(
            f"{path} is missing: the folder is not a whole dataset. Unpack the archive again."
        ) from None


def _whole_lines(path: Path) -> bytes:
    """Return the bytes of a file of which every line, the last one too, is complete."""
    data = _read_bytes(path)
    if not data.endswith(b"\n"):
        last = data[data.rfind(b"\n") + 1 :].decode("latin-1")
        raise _bad_line(path, data.count(b"\n") + 1, last, "is cut off: the line has no end")
    return data


def _read_fields(
    path: Path, separator: str, columns: dict[str, str], header: str | None = None
) -> pd.DataFrame:
    """Read a file of unquoted fields, every line of which must have exactly ``columns``."""
    data = _whole_lines(path)
    first_line = 1
    if header is not None:
        found, _, data = data.partition(b"\n")
        if found.decode("latin-1").strip() != header:
            raise _bad_line(path, 1, found.decode("latin-1"), f"is not the header {header!r}")
        first_line = 2
    if len(separator) > 1:  # the fast parser of pandas takes one character only
        data, separator = data.replace(separator.encode(), b"\t"), "\t"
    _check_field_count(path, data, separator, len(columns), first_line)
    encoding = "utf-8" if _is_utf8(data) else "latin-1"
    try:
        table = _parse(data, separator, columns, encoding)
    except (ValueError, OverflowError):
        table = _parse(data, separator, dict.fromkeys(columns, "str"), encoding)
        raise _first_bad_number(path, table, columns, first_line) from None
    table.index += first_line
    return table


def _is_utf8(data: bytes) -> bool:
    """Tell whether a file of Latin-1, as MovieLens published it, has since been re-encoded."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _parse(data: bytes, separator: str, columns: dict[str, str], encoding: str) -> pd.DataFrame:
    return pd.read_csv(
        io.BytesIO(data), sep=separator, names=list(columns), dtype=columns, header=None,
        encoding=encoding, quoting=csv.QUOTE_NONE, na_filter=False, skip_blank_lines=False,
    )  # fmt: skip


def _check_field_count(
    path: Path, data: bytes, separator: str, n_fields: int, first_line: int
) -> None:
    """Refuse lines with too few or too many fields, which pandas would fill or cut in silence."""
    characters = np.frombuffer(data, dtype=np.uint8)
    ends = np.flatnonzero(characters == ord("\n"))
    separators = np.flatnonzero(characters == ord(separator))
    counts = np.diff(np.searchsorted(separators, ends), prepend=0) + 1
    bad = np.flatnonzero(counts != n_fields)
    if bad.size:
        line = data.split(b"\n", maxsplit=bad[0] + 1)[bad[0]].decode("latin-1")
        raise _bad_line(path, first_line + bad[0], line, f"does not have {n_fields} fields")


def _first_bad_number(
    path: Path, table: pd.DataFrame, columns: dict[str, str], first_line: int
) -> DataFormatError:
    """Find what made the fast reading fail, so that the error can name it."""
    patterns = {"int64": r"-?\d{1,18}", "float64": r"-?\d+(\.\d*)?"}
    for column, dtype in columns.items():
        if dtype in patterns:
            bad = np.flatnonzero(~table[column].str.fullmatch(patterns[dtype]).to_numpy(bool))
            if bad.size:
                value = table[column].iloc[bad[0]]
                return _bad_line(path, first_line + bad[0], value, f"is not a number ({column})")
    return DataFormatError(f"{path} cannot be read as a table. Unpack the archive again.")


def _check_together(
    folder: Path,
    source: _Source,
    ratings: pd.DataFrame,
    items: pd.DataFrame,
    users: pd.DataFrame | None,
) -> None:
    """Check that the tables fit the scale and each other."""
    path = folder / source.files[0]
    lowest, highest = source.scale
    rating, item, user = ratings["rating"], ratings["item_id"], ratings["user_id"]
    outside = ~rating.between(lowest, highest)
    _refuse(path, rating, outside, f"is not a rating from {lowest:g} to {highest:g}")
    again = ratings.duplicated(["user_id", "item_id"])
    _refuse(path, item, again, "has a rating by the same user already (item_id)")
    for ids, table, file in zip((item, user), (items, users), source.files[1:], strict=False):
        known = table[ids.name]
        _refuse(folder / file, known, known.duplicated(), f"is there twice ({ids.name})")
        _refuse(path, ids, ~ids.isin(known), f"is not in {file} ({ids.name})")


def _refuse(path: Path, values: pd.Series, bad: np.ndarray | pd.Series, fault: str) -> None:
    """Raise for the first of ``values``, indexed by line, that is ``bad``."""
    where = np.flatnonzero(bad)
    if where.size:
        raise _bad_line(path, values.index[where[0]], values.iloc[where[0]], fault)


def _bad_line(path: Path, line: int, value: object, fault: str) -> DataFormatError:
    return DataFormatError(
        f"{path}, line {line}: {str(value)[:80]!r} {fault}. Unpack the archive again."
    )


# --- What can be loaded -------------------------------------------------------------------------


class _Source(NamedTuple):
    title: str
    folder: str  # the one folder in the archive
    files: tuple[str, ...]  # ratings, items and, if there are any, users
    url: str
    sha256: str  # of the archive
    checksums: dict[str, str]  # SHA-256 of files in it, where they are published
    scale: RatingScale
    read: Callable[[Path], _Tables]


_SITE = "https://files.grouplens.org/datasets/movielens/"
_TIMEOUT = (5, 15)  # seconds to connect, and between two pieces of the answer

SOURCES = {
    "100k": _Source(
        title="MovieLens 100K",
        folder="ml-100k",
        files=("u.data", "u.item", "u.user"),
        url=_SITE + "ml-100k.zip",
        sha256="50d2a982c66986937beb9ffb3aa76efe955bf3d5c6b761f4e3a7cd717c6a3229",
        checksums={
            "u.data": "06416e597f82b7342361e41163890c81036900f418ad91315590814211dca490",
            "u.item": "553841ebc7de3a0fd0d6b62a204ea30c1e651aacfb2814c7a6584ac52f2c5701",
        },
        scale=RatingScale(1.0, 5.0),
        read=_read_100k,
    ),
    "1m": _Source(
        title="MovieLens 1M",
        folder="ml-1m",
        files=("ratings.dat", "movies.dat", "users.dat"),
        url=_SITE + "ml-1m.zip",
        sha256="a6898adb50b9ca05aa231689da44c217cb524e7ebd39d264c56e2832f2c54e20",
        checksums={},
        scale=RatingScale(1.0, 5.0),
        read=_read_1m,
    ),
    "latest-small": _Source(
        title="MovieLens latest-small",
        folder="ml-latest-small",
        files=("ratings.csv", "movies.csv"),
        url=_SITE + "ml-latest-small.zip",
        sha256="696d65a3dfceac7c45750ad32df2c259311949efec81f0f144fdfb91ebc9e436",
        checksums={},
        scale=RatingScale(0.5, 5.0),
        read=_read_latest,
    ),
}


def _source(name: str) -> _Source:
    if name not in SOURCES:
        raise ValueError(f"{name!r} is not a dataset; it can be {', '.join(map(repr, SOURCES))}.")
    return SOURCES[name]
