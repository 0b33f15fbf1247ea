"""The Netflix Prize: 100 million ratings from text files into a store that is read bit by bit.

The data flow `find_files` -> `build_store` -> `open_store` -> `count`, `select`, `filter_store`.
None of these steps holds all ratings in memory. The store is one Parquet file with the columns
item_id (int16), user_id (int32), rating (int8) and date (date32), in the order of the text files;
its footer holds what it was made from, so that a file cut off or made by others is never taken for
a store. Importing this module imports PyArrow, an optional dependency.

Source: J. Bennett and S. Lanning, "The Netflix Prize", KDD Cup and Workshop 2007. The data may not
be passed on: readers bring their own copy, or have files of the same format generated.
"""

import hashlib
import importlib.util
import json
import os
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
from tqdm import tqdm

from recsys_helpers.datasets import (
    DataFormatError,
    DataUnavailableError,
    DataUnavailableWarning,
    RatingScale,
    cache_folder,
)
from recsys_helpers.files import written_whole
from recsys_helpers.netflix_sample import (
    FILES,
    FIRST_DAY,
    KNOWN_ROWS,
    LAST_DAY,
    MAX_USER_ID,
    N_DAYS,
    N_ITEMS,
    N_RATINGS,
    PROBE,
    TITLES,
    generated,
    make_files,
)

__all__ = [
    "FILES",
    "FIRST_DAY",
    "KNOWN_ROWS",
    "LAST_DAY",
    "MAX_USER_ID",
    "N_DAYS",
    "N_ITEMS",
    "N_RATINGS",
    "PROBE",
    "SCALE",
    "TITLES",
    "Counts",
    "Store",
    "build_store",
    "count",
    "filter_store",
    "find_files",
    "make_files",
    "name_of",
    "open_store",
    "read_titles",
    "select",
]

SCALE = RatingScale(1.0, 5.0)
KAGGLE = "netflix-inc/netflix-prize-data"
_AGAIN = "Unpack the archive of the data set again."


# --- Where the files are ------------------------------------------------------------------------


def find_files(n_ratings: int = 2_000_000) -> Path:
    """Return the folder of the text files: the reader's own, those of Kaggle, or generated ones.

    Looked for in the folder that the environment variable ``RECSYS_NETFLIX_DIR`` names, then in
    `netflix-prize-data` in the cache (``RECSYS_CACHE_DIR``), then at Kaggle, if the client
    `kagglehub` is installed and finds the reader's own key; never there if ``RECSYS_OFFLINE=1``.
    Otherwise a :class:`DataUnavailableWarning` says why, and `n_ratings` ratings are generated in
    the cache. Raises FileNotFoundError if ``RECSYS_NETFLIX_DIR`` does not hold the files.
    """
    own = os.environ.get("RECSYS_NETFLIX_DIR")
    if own:
        return _own_folder(Path(own).expanduser())
    cached = cache_folder() / "netflix-prize-data"
    if (cached / FILES[0]).is_file():
        return cached
    try:
        return _download()
    except DataUnavailableError as error:
        warnings.warn(
            f"going on with {n_ratings:,} generated ratings: {error} If you have a copy, set the "
            f"environment variable RECSYS_NETFLIX_DIR to the folder that {FILES[0]} is in.",
            DataUnavailableWarning,
            stacklevel=2,
        )
    return make_files(cache_folder() / f"netflix-generated-{n_ratings}", n_ratings)


def name_of(folder: str | os.PathLike) -> str:
    """Name the data in a folder of text files: "Netflix Prize" or "generated Netflix files"."""
    return "generated Netflix files" if generated(Path(folder)) else "Netflix Prize"


def _own_folder(folder: Path) -> Path:
    if not (folder / FILES[0]).is_file():
        raise FileNotFoundError(
            f"RECSYS_NETFLIX_DIR is {str(folder)!r}, which holds no {FILES[0]}. Correct the path, "
            "unpack the archive there, or unset the variable."
        )
    return folder


def _download() -> Path:
    """Have Kaggle's client download the files, into its own cache, with the reader's own key."""
    if os.environ.get("RECSYS_OFFLINE") == "1":
        raise DataUnavailableError(
            "RECSYS_OFFLINE=1 keeps the Netflix Prize from being downloaded."
        )
    if importlib.util.find_spec("kagglehub") is None:
        raise DataUnavailableError(
            "the Netflix Prize is at Kaggle, and kagglehub is not installed."
        )
    has_key = os.environ.get("KAGGLE_KEY") or os.environ.get("KAGGLE_API_TOKEN")
    if not has_key and not any(Path.home().glob(".kaggle/*")):
        raise DataUnavailableError("the Netflix Prize is at Kaggle, and there is no key to Kaggle.")
    import kagglehub

    try:
        return Path(kagglehub.dataset_download(KAGGLE))
    except Exception as error:  # whatever its client and the network may come up with
        raise DataUnavailableError(f"Kaggle did not give the Netflix Prize ({error}).") from error


# --- Titles -------------------------------------------------------------------------------------


def read_titles(folder: str | os.PathLike) -> pd.DataFrame:
    """Read the films: item_id (int64), year (Int64, NA where NULL) and title, commas and all.

    Raises DataFormatError for a missing file, a line that is no film, an id that is there twice,
    and text that is not ISO-8859-1 but UTF-8.
    """
    path = Path(folder) / TITLES
    data = _existing(path).read_bytes()
    if _is_rewritten_as_utf8(data):
        raise DataFormatError(f"{path} is in UTF-8, not ISO-8859-1 as published. {_AGAIN}")
    lines = data.decode("iso-8859-1").replace("\r\n", "\n").removesuffix("\n").split("\n")
    films = [re.fullmatch(r"([1-9]\d{0,4}),(\d{4}|NULL),(.+)", line) for line in lines]
    for number, (line, film) in enumerate(zip(lines, films, strict=True), start=1):
        if film is None:
            raise _bad_line(path, number, line, "is not a film like '7,1992,Title' or '7,NULL,T'")
    item_id, year, title = zip(*(film.groups() for film in films), strict=True)
    titles = pd.DataFrame(
        {
            "item_id": np.array(item_id, dtype="int64"),
            "year": pd.array([pd.NA if y == "NULL" else int(y) for y in year], dtype="Int64"),
            "title": title,
        }
    )
    again = np.flatnonzero(titles["item_id"].duplicated())
    if again.size:
        raise _bad_line(path, again[0] + 1, lines[again[0]], "has the number of another film")
    return titles


def _is_rewritten_as_utf8(data: bytes) -> bool:
    """Tell text that an editor has saved in UTF-8: beyond ASCII, Latin-1 is hardly ever that."""
    try:
        return not data.decode("utf-8").isascii()
    except UnicodeDecodeError:
        return False


# --- From text to the store ---------------------------------------------------------------------

_FORMAT = 1
_ABOUT = "recsys_helpers"  # the key in the footer of a store
_SCHEMA = pa.schema(
    {"item_id": pa.int16(), "user_id": pa.int32(), "rating": pa.int8(), "date": pa.date32()}
)
_BLOCK = 1 << 24  # bytes of text that are parsed at a time: more costs memory, less time
_FIRST_DATE, _LAST_DATE = (int(day.astype(int)) for day in (FIRST_DAY, LAST_DAY))


def build_store(folder: str | os.PathLike, path: str | os.PathLike) -> Path:
    """Turn the text files in `folder` into a store, a `.parquet` file; return its path.

    One pass in bounded memory, with a progress bar. The file appears whole or not at all; one that
    was made of these very files (by size and time of change) is left as it is, any other at `path`
    is replaced. Lines may end in CR LF, and the last one need not end.

    Raises ValueError for another ending of `path`, and DataFormatError, with file, line, text and
    remedy, for whatever is not as published: a file that is missing, cut off or still zipped, a
    film without ratings or there twice, a line that is neither a film nor a rating of it, a pair
    of user and film that is rated twice.
    """
    folder, path = Path(folder), Path(path)
    if path.suffix != ".parquet":
        raise ValueError(f"{path} does not end in .parquet, the format of a store")
    files = [_existing(folder / name) for name in FILES]
    sources = {file.name: _state(file) for file in files}
    if _is_made_of(path, sources, filters=[]):
        return path
    expected = generated(folder).get("rows", KNOWN_ROWS)
    path.parent.mkdir(parents=True, exist_ok=True)
    total = sum(source["bytes"] for source in sources.values())
    with (
        written_whole(path) as unfinished,
        _writer(unfinished) as writer,
        tqdm(total=total, unit="B", unit_scale=True, desc=path.name) as bar,
    ):
        checker = _Checker()
        for file, n_expected in zip(files, expected, strict=True):
            sources[file.name] |= _convert(file, n_expected, checker, writer, bar)
        _finish(writer, sources, [], checker.n_rows)
    return path


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise DataFormatError(f"{path} is missing: the folder is not a whole copy. {_AGAIN}")
    return path


def _state(path: Path) -> dict:
    state = path.stat()
    return {"bytes": state.st_size, "modified": state.st_mtime_ns}


def _is_made_of(path: Path, sources: dict, filters: list[dict]) -> bool:
    try:
        about = open_store(path).about
    except (FileNotFoundError, DataFormatError):
        return False
    return about["filters"] == filters and all(
        sources[name].items() <= about["sources"][name].items() for name in FILES
    )


def _writer(path: Path) -> pq.ParquetWriter:
    """Write few bytes per rating, by encodings that every reader of Parquet knows."""
    return pq.ParquetWriter(
        path,
        _SCHEMA,
        compression="none",  # after these encodings there is little left to compress
        use_dictionary=["item_id", "rating"],
        column_encoding={"user_id": "DELTA_BINARY_PACKED", "date": "DELTA_BINARY_PACKED"},
    )


def _finish(writer: pq.ParquetWriter, sources: dict, filters: list[dict], n_rows: int) -> None:
    about = {"format": _FORMAT, "engine": f"pyarrow {pa.__version__}", "n_ratings": n_rows}
    about |= {"sources": sources, "filters": filters}
    writer.add_key_value_metadata({_ABOUT: json.dumps(about)})


def _convert(
    path: Path, n_expected: int, checker: "_Checker", writer: pq.ParquetWriter, bar: tqdm
) -> dict:
    """Append the ratings of one file to the store; return their number and the file's SHA-256."""
    before, digest = checker.n_rows, hashlib.sha256()
    checker.open(path)
    for block in _blocks(path):
        digest.update(block)
        writer.write_table(checker.check(block))
        bar.update(len(block))
    checker.close()
    n_rows = checker.n_rows - before
    if n_rows != n_expected:
        fault = "it is cut off" if n_rows < n_expected else "these are too many"
        raise DataFormatError(
            f"{path}, line {checker.line}: the file ends after {n_rows:,} ratings, but has to hold "
            f"{n_expected:,}: {fault}. {_AGAIN}"
        )
    return {"rows": n_rows, "sha256": digest.hexdigest()}


def _blocks(path: Path) -> Iterator[bytes]:
    """Read a file in pieces that end where a line ends, but for the last piece."""
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            yield block if block.endswith(b"\n") else block + file.readline()


class _Checker:
    """Turns text into rows, and remembers from block to block what the rows must not contradict."""

    def __init__(self):
        self.n_rows = 0  # of all files
        self.items_seen: set[int] = set()
        self.last_row = np.full(MAX_USER_ID + 1, -1, np.int32)  # of each user, in any film

    def open(self, path: Path) -> None:
        """Begin with a file."""
        self.path, self.line = path, 0  # the lines that have been read
        self.item, self.item_line, self.item_row = 0, 0, 0  # the film that is being read

    def check(self, block: bytes) -> pa.Table:
        """Turn whole lines into a table of `_SCHEMA`, or raise DataFormatError for a bad one."""
        if self.line == 0:
            _refuse_archive(self.path, block)
        block = _with_plain_ends(block)
        lines = _parse(block)
        if lines is None:
            raise self._first_bad_line(block)
        number, rating, date = lines
        is_rating = rating != 0
        headers = np.flatnonzero(~is_rating)
        items = np.append(self.item, number[headers])
        user = number[is_rating]
        ends = np.append(headers - np.arange(len(headers)), len(user))
        self._check_films(items, user, ends)
        self.line += len(number)
        self.n_rows += len(user)
        item = np.repeat(items.astype(np.int16), np.diff(ends, prepend=0))
        date = pa.array(date[is_rating]).view(pa.date32())
        return pa.table([item, user, rating[is_rating], date], schema=_SCHEMA)

    def close(self) -> None:
        """End with a file."""
        self._end_film(self.n_rows)

    def _check_films(self, items: np.ndarray, user: np.ndarray, ends: np.ndarray) -> None:
        """Check the films of a block: the first is the one that goes on from the block before.

        `user` (n_ratings,) are the raters of one film after the other, up to `ends` each.
        """
        begin = 0
        for n_headers, (item, end) in enumerate(zip(items.tolist(), ends.tolist(), strict=True)):
            line, row = self.line + begin + n_headers, self.n_rows + begin  # of what came before
            if n_headers > 0:
                self._end_film(row)
                self._begin_film(item, line, row)
            elif item == 0 and end > 0:
                raise self._bad(1, str(user[0]), "is the user of a rating before any film")
            self._check_raters(user[begin:end], line, row)
            begin = end

    def _begin_film(self, item: int, line: int, row: int) -> None:
        if item in self.items_seen:
            raise self._bad(line, f"{item}:", "begins a film that was there before")
        self.items_seen.add(item)
        self.item, self.item_line, self.item_row = item, line, row

    def _end_film(self, row: int) -> None:
        if self.item and row == self.item_row:
            raise self._bad(self.item_line, f"{self.item}:", "is a film without ratings")

    def _check_raters(self, user: np.ndarray, line: int, row: int) -> None:
        """Refuse a user who has rated the film before, in another block or in this one."""
        rows = np.arange(row, row + len(user), dtype=np.int32)
        goes_on = row > self.item_row
        again = self.last_row.take(user) >= self.item_row if goes_on else False
        self.last_row[user[::-1]] = rows[::-1]  # of several rows, the first stays
        again |= self.last_row.take(user) != rows
        if again.any():
            place = int(again.argmax())
            fault = f"is a user who has rated film {self.item} twice"
            raise self._bad(line + place + 1, str(user[place]), fault)

    def _first_bad_line(self, block: bytes) -> DataFormatError:
        """Find what made the fast parser fail, so that the error can name it."""
        for number, line in enumerate(block.removesuffix(b"\n").split(b"\n"), self.line + 1):
            if fault := _fault(line):
                return self._bad(number, line.decode("latin-1"), fault)
        return DataFormatError(f"{self.path} cannot be read as ratings. {_AGAIN}")

    def _bad(self, line: int, text: str, fault: str) -> DataFormatError:
        return _bad_line(self.path, line, text, fault)


def _refuse_archive(path: Path, block: bytes) -> None:
    if block.startswith((b"PK\x03\x04", b"\x1f\x8b")):
        raise DataFormatError(
            f"{path}, line 1: {block[:4]!r} begins an archive, not text: unpack it, and put the "
            "text in its place."
        )


def _with_plain_ends(block: bytes) -> bytes:
    """Let every line end in LF."""
    if not block.endswith(b"\n"):
        block += b"\n"
    return block.replace(b"\r\n", b"\n") if b"\r" in block else block


def _parse(block: bytes) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """Parse lines `12:` and `34,5,2005-12-31` into number, rating and date, all (n_lines,).

    A film has the rating 0; dates are in days since 1970. Returns None if any line is bad.
    """
    if b"\r" in block:  # PyArrow would begin a line there
        return None
    # With two empty fields in place of its colon, a film is a row of the table as well.
    rows = block.replace(b":", b",,")
    n_films = len(rows) - len(block)
    try:
        table = pacsv.read_csv(pa.BufferReader(rows), _READING, _SEPARATING, _CONVERTING)
    except pa.ArrowInvalid:
        return None
    table = table.combine_chunks()
    n_empty = [column.null_count for column in table.columns]
    if n_empty != [0, n_films, n_films]:
        return None
    number = table["number"].to_numpy()
    rating = table["rating"].fill_null(0).to_numpy()
    date = table["date"].cast(pa.int32()).fill_null(_FIRST_DATE).to_numpy()
    film = number[rating == 0]
    is_good = (
        len(film) == n_films  # others would be ratings of 0
        and film.max(initial=1) <= N_ITEMS
        and _lie_within(number, 1, MAX_USER_ID)
        and _lie_within(rating, 0, 5)
        and _lie_within(date, _FIRST_DATE, _LAST_DATE)
    )
    return (number, rating, date) if is_good else None


def _lie_within(values: np.ndarray, lowest: int, highest: int) -> bool:
    return lowest <= values.min() and values.max() <= highest


_READING = pacsv.ReadOptions(column_names=["number", "rating", "date"], use_threads=False)
_SEPARATING = pacsv.ParseOptions(quote_char=False, ignore_empty_lines=False)
_CONVERTING = pacsv.ConvertOptions(
    column_types={"number": pa.int32(), "rating": pa.int8(), "date": pa.date32()}, null_values=[""]
)


def _fault(line: bytes) -> str | None:
    """Say what is wrong with a line, None if nothing is."""
    if not line.strip():
        return "is blank"
    if match := re.fullmatch(rb"(-?\d+):", line):
        is_film = 1 <= int(match[1]) <= N_ITEMS
        return None if is_film else f"is no film: their numbers are 1 to {N_ITEMS}"
    fields = line.split(b",")
    if len(fields) != 3:
        return "is neither a film like '12:' nor a rating like '34,5,2005-12-31'"
    user, rating, date = fields
    if not re.fullmatch(rb"\d+", user) or not 1 <= int(user) <= MAX_USER_ID:
        return f"has no user id from 1 to {MAX_USER_ID}"
    if rating not in (b"1", b"2", b"3", b"4", b"5"):
        return "has no rating from 1 to 5"
    return None if _is_date(date) else f"has no date from {FIRST_DAY} to {LAST_DAY}"


def _is_date(text: bytes) -> bool:
    if not re.fullmatch(rb"\d{4}-\d\d-\d\d", text):
        return False
    try:
        return FIRST_DAY <= np.datetime64(text.decode()) <= LAST_DAY
    except ValueError:  # the 31st of June
        return False


def _bad_line(path: Path, line: int, text: str, fault: str) -> DataFormatError:
    return DataFormatError(f"{path}, line {line}: {text[:80]!r} {fault}. {_AGAIN}")


# --- Reading the store --------------------------------------------------------------------------


@dataclass(frozen=True)
class Store:
    """A store on disk: `n_ratings` rows of item_id, user_id, rating and date.

    `about`: which files it was made of, with which filters, and by which engine.
    """

    path: Path
    n_ratings: int
    about: dict

    @property
    def fingerprint(self) -> str:
        """SHA-256 (hex), the same if and only if the texts and the filters are."""
        texts = [self.about["sources"][name]["sha256"] for name in FILES]
        return hashlib.sha256(json.dumps([texts, self.about["filters"]]).encode()).hexdigest()

    def batches(
        self, columns: list[str] | None = None, n_rows: int = 1 << 20
    ) -> Iterator[pa.RecordBatch]:
        """Read these columns, or all, in the order of the store, at most `n_rows` at a time."""
        with pq.ParquetFile(self.path) as file:
            # One group of rows after the other: asked for all, PyArrow keeps the whole file.
            for group in range(file.num_row_groups):
                yield from file.iter_batches(n_rows, [group], columns, use_threads=False)


def open_store(path: str | os.PathLike) -> Store:
    """Open what `build_store` or `filter_store` has written.

    Raises FileNotFoundError, or DataFormatError for a file that is cut off, or is not a store.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"there is no store {path}: make it by build_store")
    try:
        metadata = pq.read_metadata(path)
        about = json.loads(metadata.metadata[_ABOUT.encode()])
        is_whole = about["format"] == _FORMAT and about["n_ratings"] == metadata.num_rows
    except (pa.ArrowInvalid, OSError, ValueError, TypeError, KeyError) as error:
        raise DataFormatError(
            f"{path} is cut off or no store of this package ({error!r}): delete it, and make it "
            "again by build_store"
        ) from error
    if not is_whole:
        raise DataFormatError(
            f"{path} is a store of another version, or lacks ratings: make it again by build_store"
        )
    return Store(path, metadata.num_rows, about)


class Counts(NamedTuple):
    """Numbers of ratings, int64: at place `id` for items and users, 0 for an id that is not used.

    per_item (N_ITEMS + 1,), per_user (MAX_USER_ID + 1,), per_day (N_DAYS,) since FIRST_DAY,
    per_rating (6,) at place 1 to 5.
    """

    per_item: np.ndarray
    per_user: np.ndarray
    per_day: np.ndarray
    per_rating: np.ndarray


def count(store: Store) -> Counts:
    """Count the ratings of each film, user, day and number of stars, in one pass."""
    sizes = N_ITEMS + 1, MAX_USER_ID + 1, N_DAYS, 6
    counts = Counts(*(np.zeros(size, np.int64) for size in sizes))
    for batch in store.batches():
        item, user, rating, date = (_numpy(column) for column in batch.columns)
        for total, values in zip(counts, (item, user, date - _FIRST_DATE, rating), strict=True):
            total += np.bincount(values, minlength=len(total))
    return counts


def select(store: Store, *, per_item: int = 0, per_user: int = 0) -> pd.DataFrame:
    """Read the ratings of films with more than `per_item` and users with more than `per_user`.

    Both are counted over the whole store, as in the filters of the source (53,000 and 830; 10,000
    and 230). Returns a table as of `datasets`, in the order of the store: user_id (int32), item_id
    (int16), rating (int8), timestamp (datetime64[s]), 15 bytes a row: for more than some ten
    million, `filter_store` needs less memory. Raises ValueError if nothing is left.
    """
    kept = pa.Table.from_batches(_kept(store, per_item, per_user), _SCHEMA)
    _refuse_nothing(store, kept.num_rows, per_item, per_user)
    return pd.DataFrame(
        {
            "user_id": kept["user_id"].to_numpy(),
            "item_id": kept["item_id"].to_numpy(),
            "rating": kept["rating"].to_numpy(),
            "timestamp": kept["date"].to_numpy().astype("datetime64[s]"),
        }
    )


def filter_store(
    store: Store, path: str | os.PathLike, *, per_item: int = 0, per_user: int = 0
) -> Store:
    """Write what `select` would return into a store of its own, in bounded memory.

    One that was made of the same ratings by the same numbers is left as it is. Raises ValueError if
    nothing is left.
    """
    path, sources = Path(path), store.about["sources"]
    filters = [*store.about["filters"], {"per_item": per_item, "per_user": per_user}]
    if not _is_made_of(path, sources, filters):
        n_ratings = 0
        with written_whole(path) as unfinished, _writer(unfinished) as writer:
            for batch in _kept(store, per_item, per_user):
                writer.write_batch(batch)
                n_ratings += batch.num_rows
            _refuse_nothing(store, n_ratings, per_item, per_user)
            _finish(writer, sources, filters, n_ratings)
    return open_store(path)


def _kept(store: Store, per_item: int, per_user: int) -> Iterator[pa.RecordBatch]:
    counts = count(store)
    keeps_item, keeps_user = counts.per_item > per_item, counts.per_user > per_user
    for batch in store.batches():
        item, user = _numpy(batch["item_id"]), _numpy(batch["user_id"])
        yield batch.filter(pa.array(keeps_item[item] & keeps_user[user]))


def _refuse_nothing(store: Store, n_ratings: int, per_item: int, per_user: int) -> None:
    if n_ratings == 0:
        raise ValueError(
            f"nothing is left of {store.path}: no user with more than {per_user:,} ratings has "
            f"rated a film with more than {per_item:,}; ask for fewer"
        )


def _numpy(column: pa.Array) -> np.ndarray:
    """View a column without missing values as numbers; dates are days since 1970."""
    is_date = column.type == pa.date32()
    return (column.view(pa.int32()) if is_date else column).to_numpy()
