"""A reader's own ratings, read strictly: `datasets.read_ratings_csv`."""

from __future__ import annotations

import csv
import hashlib
import io
import warnings
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from recsys_helpers._tables import DataFormatError, Dataset, RatingScale, decode


def read_ratings_csv(
    path: str | Path,
    *,
    user: str,
    item: str,
    rating: str,
    timestamp: str | None = None,
    scale: tuple[float, float] | None = None,
    duplicates: str = "refuse",
    separator: str = ",",
    decimal: str = ".",
    encoding: str = "utf-8",
) -> Dataset:
    """Read a reader's own ratings from a text file with a header line.

    ``user``, ``item``, ``rating`` and ``timestamp`` name the columns of the file; the others are
    ignored. Ids that are all plainly written whole numbers become int64, others stay text ("007"
    is not 7). A timestamp is a number of seconds since 1970 or an ISO 8601 date, in UTC unless it
    says otherwise. ``scale`` is the lowest and highest possible rating, by default those that
    occur. Of several ratings of a pair (user, item), ``duplicates="first"`` or ``"last"`` keeps
    one, in the order of the file.

    Raises :class:`DataFormatError`, with line, value and remedy, for a missing column or id, a
    rating that is no number or outside the scale, a date that is none, a pair rated twice, a line
    with too many fields, and text in another encoding.
    """
    if duplicates not in ("refuse", "first", "last"):
        raise ValueError(f'duplicates is {duplicates!r}: it can be "refuse", "first" or "last".')
    if scale is not None and not scale[0] < scale[1]:
        raise ValueError(f"scale is {scale}: it has to be (lowest, highest).")
    if len(separator) != 1:
        raise ValueError(f'separator is {separator!r}: it has to be one character, such as ";".')
    columns = {"user_id": user, "item_id": item, "rating": rating, "timestamp": timestamp}
    table = _OwnTable.read(Path(path), columns, separator, encoding)
    values, scale = _own_ratings(table, decimal, scale)
    ratings = pd.DataFrame(
        {"user_id": _own_ids(table, "user_id"), "item_id": _own_ids(table, "item_id")}
        | {"rating": values}
        | ({"timestamp": _own_timestamps(table)} if timestamp is not None else {})
    )
    if duplicates == "refuse":
        again = ratings.duplicated(["user_id", "item_id"])
        table.refuse(again, "item_id", "has a rating by this user already",
                     'Set duplicates="last" to keep the last rating of each pair')  # fmt: skip
    else:
        ratings = ratings.drop_duplicates(["user_id", "item_id"], keep=duplicates)
    ratings = ratings.reset_index(drop=True)
    item_ids = np.sort(ratings["item_id"].unique())
    items = pd.DataFrame({"item_id": item_ids, "title": [str(item_id) for item_id in item_ids]})
    return Dataset(
        name=table.path.stem,
        ratings=ratings,
        items=items.assign(year=pd.array([pd.NA] * len(items), dtype="Int64"), genres=""),
        users=None,
        scale=scale,
        fingerprint=hashlib.sha256(table.path.read_bytes()).hexdigest(),
        folder=table.path.parent,
    )


class _OwnTable(NamedTuple):
    """The columns of a reader's file that are used, as text."""

    path: Path
    text: str
    separator: str
    columns: dict[str, str]  # our name -> the file's
    values: pd.DataFrame  # by our name

    @classmethod
    def read(
        cls, path: Path, columns: dict[str, str | None], separator: str, encoding: str
    ) -> _OwnTable:
        remedy = "Set encoding= to the one that the file is in, for instance encoding='cp1252'."
        text = decode(path, path.read_bytes(), encoding, remedy)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", pd.errors.ParserWarning)
                values = pd.read_csv(io.StringIO(text), sep=separator, dtype="str",
                                     na_filter=False, index_col=False)  # fmt: skip
        except (pd.errors.ParserError, pd.errors.ParserWarning, pd.errors.EmptyDataError) as error:
            raise DataFormatError(
                f"{path} is not a table ({str(error).strip()}). Every line needs the fields of the "
                f"header, and a field with {separator!r} in it needs quotes."
            ) from None
        columns = {ours: theirs for ours, theirs in columns.items() if theirs is not None}
        for theirs in columns.values():
            if theirs not in values.columns:
                raise DataFormatError(
                    f"{path}, line 1: there is no column {theirs!r} among {list(values.columns)}. "
                    "Name one of these, or set separator= if they have not been told apart."
                )
        if values.empty:
            raise DataFormatError(f"{path} has a header but no ratings. Add lines to it.")
        values = pd.DataFrame({ours: values[theirs] for ours, theirs in columns.items()})
        return cls(path, text, separator, columns, values.fillna("").apply(lambda c: c.str.strip()))

    def refuse(self, bad: pd.Series, name: str, fault: str, remedy: str) -> None:
        """Raise for the first row that is ``bad``."""
        rows = np.flatnonzero(bad)
        if rows.size:
            value = self.values[name].iloc[rows[0]]
            raise DataFormatError(
                f"{self.path}, line {self._line(rows[0])}: {self.columns[name]} {value!r} {fault}. "
                f"{remedy}."
            )

    def _line(self, row: int) -> int:
        """Return the line that a row ends on; quoted text may span lines, and blank ones count."""
        reader = csv.reader(io.StringIO(self.text, newline=""), delimiter=self.separator)
        lines = (reader.line_num for fields in reader if "".join(fields).strip() or len(fields) > 1)
        return next(line for place, line in enumerate(lines, start=-1) if place == row)


def _own_ids(table: _OwnTable, name: str) -> pd.Series:
    ids = table.values[name]
    table.refuse(ids == "", name, "is missing", "Fill it in, or delete the line")
    return ids.astype("int64") if ids.str.fullmatch(r"0|-?[1-9]\d{0,17}").all() else ids


def _own_ratings(
    table: _OwnTable, decimal: str, scale: tuple[float, float] | None
) -> tuple[pd.Series, RatingScale]:
    text = table.values["rating"].str.replace(decimal, ".", regex=False)
    ratings = pd.to_numeric(text, errors="coerce").astype("float64")
    table.refuse(~np.isfinite(ratings), "rating", "is not a number",
                 'Correct it, or set decimal="," if 3,5 stands for 3.5')  # fmt: skip
    lowest, highest = (ratings.min(), ratings.max()) if scale is None else scale
    table.refuse(~ratings.between(lowest, highest), "rating",
                 f"is outside the scale from {lowest:g} to {highest:g}",
                 "Correct it, or set scale=(lowest, highest)")  # fmt: skip
    return ratings, RatingScale(float(lowest), float(highest))


def _own_timestamps(table: _OwnTable) -> pd.Series:
    text = table.values["timestamp"]
    if text.str.fullmatch(r"-?\d{1,18}").all():
        seconds = text.astype("int64")
        table.refuse(seconds.abs() > 10**11, "timestamp", "is not in seconds since 1970",
                     "If the file has milliseconds, divide them by 1000")  # fmt: skip
        return pd.Series(seconds.to_numpy().astype("datetime64[s]"))
    # Apart, because pandas 2 lends a date without a zone the zone of the one before it.
    zoned = text.str.contains(r":.*(?:Z|[+-]\d\d:?(?:\d\d)?)$")
    plain = pd.to_datetime(text.mask(zoned), format="ISO8601", errors="coerce")
    in_utc = pd.to_datetime(text.where(zoned), format="ISO8601", errors="coerce", utc=True)
    dates = plain.fillna(in_utc.dt.tz_localize(None)).astype("datetime64[s]")
    table.refuse(dates.isna(), "timestamp", "is not a date",
                 "Write it as 1998-04-22 23:10:38, or in seconds since 1970")  # fmt: skip
    return dates
