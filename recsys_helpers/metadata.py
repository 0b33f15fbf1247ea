"""Tables of items and users -> facts: one row of numbers for each item or user of a vocabulary.

Whatever is learnt about the tables, a mean or which genres there are, comes from the items or users
that have training ratings: what is first met at test time must not have been looked at before.
"""

import numpy as np
import pandas as pd

from .interactions import UNKNOWN, Interactions


def item_facts(items: pd.DataFrame, train: Interactions) -> pd.DataFrame:
    """Make a row of facts for each item of the vocabulary, in its order, indexed by `item_id`.

    Columns, all float64: "year", standardised to mean 0 and standard deviation 1, and 0 where it is
    missing; "year unknown", 1 where it is missing and else 0; and for each genre, sorted, whether
    the item is of it, 1 or 0. `items` has the columns item_id, year and genres ("Action|Comedy"),
    as in `datasets.Dataset`. Raises ValueError for a column or an item that it lacks.
    """
    rows = _rows_of(items, train.item_ids, "item_id", "year", "genres")
    rated = _occurring(train.item_index)
    year = rows["year"].astype("float64")
    facts = {"year": _standardised(year, rated).fillna(0), "year unknown": year.isna()}
    # Where PyArrow is installed, pandas takes "no genre" for one more genre, without a name.
    genres = rows["genres"].str.get_dummies("|").drop(columns="", errors="ignore")
    return pd.DataFrame(facts).join(_found(genres, rated)).astype("float64")


def user_facts(users: pd.DataFrame | None, train: Interactions) -> pd.DataFrame:
    """Make a row of facts for each user of the vocabulary, in its order, indexed by `user_id`.

    Columns, all float64: "age", standardised to mean 0 and standard deviation 1; and for each
    gender, then for each occupation, sorted, whether it is the user's, 1 or 0. `users` has the
    columns user_id, age, gender and occupation, as in `datasets.Dataset`, where it may be None.
    Raises ValueError for that, and for a column or a user that it lacks.
    """
    rows = _rows_of(users, train.user_ids, "user_id", "age", "gender", "occupation")
    rated = _occurring(train.user_index)
    facts = _standardised(rows["age"].astype("float64"), rated).to_frame()
    for column in ("gender", "occupation"):
        facts = facts.join(_found(pd.get_dummies(rows[column].astype(str)), rated))
    return facts.astype("float64")


def _rows_of(table: pd.DataFrame | None, ids: pd.Index, key: str, *columns: str) -> pd.DataFrame:
    """Look up the rows of a vocabulary, in its order."""
    if table is None:
        who = key.removesuffix("_id")
        raise ValueError(f"these data have no table of {who}s: do without facts about them")
    for name in (key, *columns):
        if name not in table.columns:
            raise ValueError(f"no column {name!r} among {list(table.columns)}: make or rename one")
    repeated = table[key].duplicated()
    if repeated.any():
        raise ValueError(
            f"{key} {table[key][repeated].iloc[0]} has more than one row: "
            f'keep one by drop_duplicates("{key}")'
        )
    table = table.set_index(key)
    absent = ~ids.isin(table.index)
    if absent.any():
        raise ValueError(
            f"{key} {ids[absent][0]} ({ids.dtype}) has no row in the table of facts, whose ids are "
            f"{table.index.dtype}: add a row, or leave the ratings of this {key} out"
        )
    return table.loc[ids, list(columns)]


def _occurring(index: np.ndarray) -> np.ndarray:
    return np.unique(index[index != UNKNOWN])


def _standardised(values: pd.Series, rated: np.ndarray) -> pd.Series:
    """Subtract the mean and divide by the population standard deviation of the rated rows."""
    known = values.iloc[rated]
    spread = known.std(ddof=0)
    return (values - known.mean()) / (spread if spread else 1.0)  # equal values become 0


def _found(flags: pd.DataFrame, rated: np.ndarray) -> pd.DataFrame:
    """Keep the columns that are set in some rated row: for others nothing could be learnt."""
    return flags.loc[:, flags.iloc[rated].any()]
