"""What every loader of `datasets` returns, and the error that each of them raises."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from recsys_helpers.synthetic import Truth


class DataFormatError(ValueError):
    """A file is there, but it is not what it should be."""


class RatingScale(NamedTuple):
    """The lowest and the highest rating that can be given."""

    minimum: float
    maximum: float

    def clip(self, values: np.ndarray) -> np.ndarray:
        """Bring predicted ratings (any shape) onto the scale."""
        return np.clip(values, self.minimum, self.maximum)


@dataclass(frozen=True)
class Dataset:
    """Ratings, and what is known of the items and users in them.

    ``ratings``: user_id, item_id, rating (float64) and, where known, timestamp (datetime64[s],
    UTC), in the order of the file. ``items``: item_id, title, release_date (datetime64[s]; only
    MovieLens 100K and the sample), year (Int64), genres ("Action|Comedy", "" if none). ``users``:
    user_id, age (years), gender, occupation, zip_code, or None. ``fingerprint``: SHA-256 of what
    was read, the same if and only if the data are. ``folder``: where the files lie, None for the
    sample. ``truth``: what the ratings were drawn from, known of the sample only.
    """

    name: str
    ratings: pd.DataFrame
    items: pd.DataFrame
    users: pd.DataFrame | None
    scale: RatingScale
    fingerprint: str
    folder: Path | None = None
    truth: Truth | None = None


def decode(path: Path, data: bytes, encoding: str, remedy: str) -> str:
    """Decode what was read from ``path``, or name the line that is in another encoding."""
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise DataFormatError(
            f"{path}, line {line}: the byte {data[error.start]:#04x} is not {encoding}. {remedy}"
        ) from None
