"""Tables of ratings -> training and test part, vocabularies, indexed arrays, a sparse matrix.

A `user_id` or `item_id` is what a file says; a `user_index` or `item_index` is a row or column,
0-based. Vocabularies come from the training part only, so that an id first met at test time is
`UNKNOWN` (a cold start) and never a row that nothing was learnt for.
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from pandas.api.types import is_numeric_dtype
from scipy.sparse import csr_array
from sklearn.model_selection import train_test_split

UNKNOWN = -1


@dataclass(frozen=True, eq=False)
class Interactions:
    """Ratings as three arrays of one length, and the vocabularies that their indices refer to.

    ``user_ids[user_index]`` and ``item_ids[item_index]`` are the raw ids, except where an index is
    `UNKNOWN`: that id is in no vocabulary.
    """

    user_index: np.ndarray  # int64
    item_index: np.ndarray  # int64
    rating: np.ndarray  # float64
    user_ids: pd.Index
    item_ids: pd.Index

    @property
    def n_users(self) -> int:
        """Size of the vocabulary of users."""
        return len(self.user_ids)

    @property
    def n_items(self) -> int:
        """Size of the vocabulary of items."""
        return len(self.item_ids)

    @property
    def known(self) -> np.ndarray:
        """True for each rating whose user and item are both in the vocabularies."""
        return (self.user_index != UNKNOWN) & (self.item_index != UNKNOWN)

    def part(self, chosen: ArrayLike) -> "Interactions":
        """Keep the ratings that `chosen`, a mask or positions, picks; vocabularies stay whole."""
        return replace(
            self,
            user_index=self.user_index[chosen],
            item_index=self.item_index[chosen],
            rating=self.rating[chosen],
        )

    def to_csr(self) -> csr_array:
        """Arrange the ratings as a sparse matrix of shape (n_users, n_items).

        A rating of an unknown user or item has no cell and is left out; a rating of 0 is stored.
        Raises ValueError if a pair is rated twice, for a sparse matrix would add the two up.
        """
        known = self.known
        pairs = (self.user_index[known], self.item_index[known])
        matrix = csr_array((self.rating[known], pairs), shape=(self.n_users, self.n_items))
        if matrix.nnz < len(pairs[0]):
            cell = pairs[0] * self.n_items + pairs[1]
            repeated = pd.Series(cell).duplicated().to_numpy().argmax()
            raise ValueError(
                f"user_id {self.user_ids[pairs[0][repeated]]} has rated "
                f"item_id {self.item_ids[pairs[1][repeated]]} more than once: "
                "keep one rating of each pair, for instance by "
                'ratings.drop_duplicates(["user_id", "item_id"], keep="last")'
            )
        return matrix


def index_ratings(ratings: pd.DataFrame, like: Interactions | None = None) -> Interactions:
    """Replace the ids of a table (user_id, item_id, rating) by indices, in the table's order.

    Without `like` the vocabularies are the ids of this table, sorted. With `like`, usually the
    training part, its vocabularies are used, and ids outside them become `UNKNOWN`. Raises
    ValueError for a missing column, for a missing id, and for ids of another type than those of
    `like` (text "7" and number 7), which would all be unknown.
    """
    _require_columns(ratings, "user_id", "item_id", "rating")
    if like is None:
        user_ids = pd.Index(ratings["user_id"].unique()).sort_values()
        item_ids = pd.Index(ratings["item_id"].unique()).sort_values()
    else:
        user_ids, item_ids = like.user_ids, like.item_ids
    return Interactions(
        _lookup(user_ids, ratings["user_id"]),
        _lookup(item_ids, ratings["item_id"]),
        ratings["rating"].to_numpy(np.float64),
        user_ids,
        item_ids,
    )


def check_index(index: ArrayLike, size: int, name: str) -> np.ndarray:
    """Return `index` as int64 of shape (n,) if each entry is `UNKNOWN` or in 0..size-1.

    Raises TypeError or IndexError that calls the array by `name`. NumPy itself would take -2 for
    the last row but one.
    """
    index = np.asarray(index)
    if index.ndim != 1:
        raise TypeError(f"{name} has shape {index.shape}, but must be one-dimensional, as in [5]")
    if index.size and not np.issubdtype(index.dtype, np.integer):
        raise TypeError(f"{name} holds {index.dtype}, not whole numbers: index_ratings makes them")
    outside = (index < UNKNOWN) | (index >= size)
    if outside.any():
        raise IndexError(
            f"{name} {index[outside][0]} is out of range: rows are 0 to {size - 1}, and an id "
            f"that training did not see is UNKNOWN ({UNKNOWN})"
        )
    return index.astype(np.int64)


def check_at_least(least: int, **settings: float) -> None:
    """Raise ValueError that names the first of the settings that is below `least`, or NaN."""
    for name, value in settings.items():
        if not value >= least:  # NaN is not
            raise ValueError(f"{name} is {value}, but must be at least {least}")


def split_random(
    ratings: pd.DataFrame, test_size: float = 0.2, random_state: int = 0
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Draw the test part at random: the rows, in their order, of scikit-learn's train_test_split.

    Returns (train, test); `test_size` is the share of the test part. A random split lets a model
    learn from ratings given after those it is tested on; `split_by_time` does not.
    """
    train, test = train_test_split(ratings, test_size=test_size, random_state=random_state)
    return train, test


def split_by_time(
    ratings: pd.DataFrame, test_size: float = 0.2
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Put the latest ratings, a share of `test_size` (rounded up), into the test part.

    Returns (train, test), each in order of time; ratings of the same second keep the order of the
    table, and the cut may fall between them. Raises ValueError without complete timestamps.
    """
    if not 0 < test_size < 1:
        raise ValueError(f"test_size is {test_size}, but must be a share between 0 and 1")
    by_time = ratings.iloc[_time_order(ratings)]
    n_train = len(by_time) - int(np.ceil(test_size * len(by_time)))
    return by_time.iloc[:n_train], by_time.iloc[n_train:]


def split_leave_last_out(
    ratings: pd.DataFrame, n_last: int = 1
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Put the last `n_last` ratings of each user into the test part.

    Returns (train, test), each in the order of the table. Last is by timestamp, and among ratings
    of the same second by the order of the table. Users with `n_last` ratings or fewer stay wholly
    in the training part, for nothing would be left to know them by. Raises ValueError without
    complete timestamps.
    """
    check_at_least(1, n_last=n_last)
    order = _time_order(ratings)
    by_user = ratings.iloc[order].groupby("user_id", sort=False)["user_id"]
    n_later = by_user.cumcount(ascending=False).to_numpy()
    n_ratings = by_user.transform("size").to_numpy()
    is_test = np.empty(len(ratings), dtype=bool)
    is_test[order] = (n_later < n_last) & (n_ratings > n_last)
    return ratings[~is_test], ratings[is_test]


def _time_order(ratings: pd.DataFrame) -> np.ndarray:
    """Positions of the rows from the earliest to the latest, ties in the order of the table."""
    _require_columns(ratings, "timestamp", remedy="without one, use split_random")
    missing = ratings["timestamp"].isna().to_numpy()
    if missing.any():
        raise ValueError(
            f"{missing.sum()} ratings have no timestamp, the first in row {missing.argmax()}: "
            'leave them out by ratings.dropna(subset="timestamp"), or use split_random'
        )
    return np.argsort(ratings["timestamp"].to_numpy(), kind="stable")


def _lookup(vocabulary: pd.Index, ids: pd.Series) -> np.ndarray:
    missing = ids.isna().to_numpy()
    if missing.any():
        # As an id of its own, it would make one user of all whose name nobody knows.
        raise ValueError(
            f"{missing.sum()} ratings have no {ids.name}, the first in row {missing.argmax()}: "
            f'leave them out by ratings.dropna(subset="{ids.name}")'
        )
    if len(ids) and is_numeric_dtype(vocabulary.dtype) != is_numeric_dtype(ids.dtype):
        raise ValueError(
            f"{ids.name} is {ids.dtype} here, but {vocabulary.dtype} in the vocabulary: "
            "none would be found; bring one to the type of the other by astype"
        )
    return vocabulary.get_indexer(ids).astype(np.int64)


def _require_columns(
    ratings: pd.DataFrame, *names: str, remedy: str = "rename yours by ratings.rename(columns=...)"
) -> None:
    for name in names:
        if name not in ratings.columns:
            raise ValueError(f"no column {name!r} among {list(ratings.columns)}: {remedy}")
