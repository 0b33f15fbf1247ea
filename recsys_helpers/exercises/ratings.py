"""The exercises of chapter 00, Ratings."""

import numpy as np
import pandas as pd

from recsys_helpers.checks import Exercise

# Three users, four items of which one has the id 40: ids are names, not positions.
RATINGS = pd.DataFrame(
    {
        "user_id": [1, 1, 1, 2, 2, 7, 7, 7],
        "item_id": [10, 20, 40, 10, 30, 10, 20, 40],
        "rating": [5.0, 3.0, 4.0, 4.0, 1.0, 2.0, 2.0, 5.0],
        "timestamp": pd.to_datetime([900, 10, 50, 20, 45, 30, 15, 40], unit="s"),
    },
    index=[4, 0, 3, 5, 1, 2, 6, 7],
)

TITLES = pd.Series(
    [
        "Toy Story (1995)",
        "2001: A Space Odyssey (1968)",
        "Land Before Time III (1995) (V)",
        "Death Race 2000 on Tape",
        "unknown",
    ]
)


def _sparsity(ratings: pd.DataFrame) -> float:
    return 1 - len(ratings) / (ratings.user_id.nunique() * ratings.item_id.nunique())


def _release_year(titles: pd.Series) -> pd.Series:
    return titles.str.extract(r"\((\d{4})\)", expand=False).astype(float)


def _last_four_characters(titles: pd.Series) -> pd.Series:
    return pd.to_numeric(titles.str.rstrip(")").str[-4:], errors="coerce")


def _damped_mean(ratings: pd.DataFrame, damping: float) -> pd.Series:
    item = ratings.groupby("item_id").rating
    return (item.sum() + damping * ratings.rating.mean()) / (item.count() + damping)


def _towards_zero(ratings: pd.DataFrame, damping: float) -> pd.Series:
    item = ratings.groupby("item_id").rating
    return item.sum() / (item.count() + damping)


def _towards_item_average(ratings: pd.DataFrame, damping: float) -> pd.Series:
    item = ratings.groupby("item_id").rating
    return (item.sum() + damping * item.mean().mean()) / (item.count() + damping)


def _cut(ratings: pd.DataFrame, share: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    n_train = len(ratings) - round(share * len(ratings))
    return ratings.iloc[:n_train], ratings.iloc[n_train:]


def _time_split(ratings: pd.DataFrame, share: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    return _cut(ratings.sort_values("timestamp", kind="stable"), share)


def _swapped(ratings: pd.DataFrame, share: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    train, test = _time_split(ratings, share)
    return test, train


def _newest_first(ratings: pd.DataFrame, share: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    return _cut(ratings.sort_values("timestamp", ascending=False, kind="stable"), share)


def _rmse(rating: np.ndarray, predicted: np.ndarray) -> float:
    return float(np.sqrt(np.mean((rating - predicted) ** 2)))


EXERCISES = {
    "ratings-sparsity": Exercise(
        arguments=(RATINGS,),
        right=_sparsity,
        mistakes={
            "density": lambda ratings: 1 - _sparsity(ratings),
            "largest-id": lambda r: 1 - len(r) / (r.user_id.max() * r.item_id.max()),
            "percent": lambda ratings: 100 * _sparsity(ratings),
        },
    ),
    "ratings-release-year": Exercise(
        arguments=(TITLES,),
        right=_release_year,
        mistakes={
            "last-four": _last_four_characters,
            "first-number": lambda titles: titles.str.extract(r"(\d{4})", expand=False).astype(
                float
            ),
            "dropped": lambda titles: _release_year(titles).dropna(),
            "made-up": lambda titles: _release_year(titles).fillna(0),
            "marker": lambda titles: _release_year(titles).fillna(1920),
        },
    ),
    "ratings-damped-mean": Exercise(
        arguments=(RATINGS, 2.0),
        right=_damped_mean,
        mistakes={
            "undamped": lambda ratings, damping: ratings.groupby("item_id").rating.mean(),
            "towards-zero": _towards_zero,
            "item-average": _towards_item_average,
        },
    ),
    "ratings-rmse": Exercise(
        arguments=(np.array([5.0, 3.0, 1.0, 4.0]), np.array([4.0, 3.0, 3.0, 1.0])),
        right=_rmse,
        mistakes={
            "no-root": lambda rating, predicted: _rmse(rating, predicted) ** 2,
            "mae": lambda rating, predicted: np.mean(np.abs(rating - predicted)),
            "no-mean": lambda rating, predicted: np.sqrt(np.sum((rating - predicted) ** 2)),
            "deviation": lambda rating, predicted: np.std(rating - predicted),
            "no-square": lambda rating, predicted: np.mean(rating - predicted),
        },
    ),
    "ratings-time-split": Exercise(
        arguments=(RATINGS, 3 / 8),  # three rows, however one rounds
        right=_time_split,
        mistakes={
            "file-order": _cut,
            "swapped": _swapped,
            "newest-first": _newest_first,
        },
    ),
}
