"""Numbers that say how good predicted ratings and recommended lists are.

The ranking metrics take `recommended`, item indices of shape (n_users, k), best first, padded with
`UNKNOWN`, and `relevant`, a sparse matrix of shape (n_users, n_items) whose non-zero entries are
the relevant items; row u of both is the same user. They are means over users. Users with nothing
relevant are left out, for no list could serve them; if none remain, the mean is NaN.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.sparse import csr_array

from .interactions import UNKNOWN


def rmse(rating: ArrayLike, predicted: ArrayLike) -> float:
    """Root mean squared error √(mean (r - r̂)²), in units of the rating.

    Raises ValueError unless both are one-dimensional, of the same length and finite.
    """
    return float(np.sqrt(np.mean(_errors(rating, predicted) ** 2)))


def mae(rating: ArrayLike, predicted: ArrayLike) -> float:
    """Mean absolute error, mean |r - r̂|, in units of the rating; raises as `rmse` does."""
    return float(np.mean(np.abs(_errors(rating, predicted))))


def scoreboard(
    rating: ArrayLike,
    predictions: Mapping[str, ArrayLike],
    way: tuple[str, str] | None = None,
) -> pd.DataFrame:
    """Compare models on the same ratings: a row for each name, columns RMSE and MAE.

    `way` names two rows, usually a baseline and the noise floor; a column `covered` then says which
    share of the way in RMSE from the one to the other each model covers. If the second row is not
    there, as on real ratings, whose noise nobody knows, there is no such column. Raises ValueError
    if the first is not there.
    """
    rows = [(rmse(rating, predicted), mae(rating, predicted)) for predicted in predictions.values()]
    board = pd.DataFrame(rows, pd.Index(list(predictions), name="model"), columns=["RMSE", "MAE"])
    if way is not None and way[0] not in board.index:
        raise ValueError(f"the way starts at {way[0]!r}, which is none of {list(predictions)}")
    if way is not None and way[1] in board.index:
        start, end = board["RMSE"].loc[list(way)]
        board["covered"] = (start - board["RMSE"]) / (start - end)
    return board


def precision_at_k(recommended: ArrayLike, relevant: csr_array) -> float:
    """Share of the k places of a list that hold a relevant item; a padded place holds none.

    Mean over the users with something relevant. Raises ValueError for lists that do not fit the
    matrix or name an item twice.
    """
    hits, n_relevant = _hits(recommended, relevant)
    return _mean_over_users(hits.mean(axis=1), n_relevant)


def recall_at_k(recommended: ArrayLike, relevant: csr_array) -> float:
    """Share of a user's relevant items, be they more than k or not, that the list holds.

    Mean over the users with something relevant; raises as `precision_at_k` does.
    """
    hits, n_relevant = _hits(recommended, relevant)
    return _mean_over_users(hits.sum(axis=1) / np.maximum(n_relevant, 1), n_relevant)


def ndcg_at_k(recommended: ArrayLike, relevant: csr_array) -> float:
    """Discounted gain of a list, divided by that of the best list that k places allow.

    A relevant item at place 1, 2, 3, ... gains 1 / log2(place + 1), any other nothing; the best
    list starts with min(k, number of relevant items) relevant ones. Mean over the users with
    something relevant; raises as `precision_at_k` does. Source: Järvelin, Kekäläinen (2002),
    "Cumulated gain-based evaluation of IR techniques", ACM TOIS 20(4), with binary gain.
    """
    hits, n_relevant = _hits(recommended, relevant)
    k = hits.shape[1]
    discount = 1 / np.log2(np.arange(2, k + 2))
    best = np.cumsum(discount)[np.clip(n_relevant, 1, k) - 1]
    return _mean_over_users(hits @ discount / best, n_relevant)


def coverage(recommended: ArrayLike, n_items: int) -> float:
    """Share of all `n_items` items that appear in the list of at least one user."""
    recommended = _checked_lists(recommended, n_items)
    return len(np.unique(recommended[recommended != UNKNOWN])) / n_items


def _errors(rating: ArrayLike, predicted: ArrayLike) -> np.ndarray:
    rating, predicted = np.asarray(rating, dtype=float), np.asarray(predicted, dtype=float)
    if rating.ndim != 1 or rating.shape != predicted.shape:
        # Let through, (n,) minus Keras' (n, 1) would be all n x n differences.
        raise ValueError(
            f"rating has shape {rating.shape} and predicted {predicted.shape}, but both must be "
            "one-dimensional and of one length: .ravel() flattens the output of a Keras model"
        )
    if not rating.size:
        raise ValueError("there is no rating to compare with")
    for name, values in (("rating", rating), ("predicted", predicted)):
        bad = np.flatnonzero(~np.isfinite(values))
        if bad.size:
            raise ValueError(
                f"{name} {bad[0]} is {values[bad[0]]} ({bad.size} of {values.size} are not finite)"
                ": leave such pairs out of both arrays, and say how many"
            )
    return rating - predicted


def _hits(recommended: ArrayLike, relevant: csr_array) -> tuple[np.ndarray, np.ndarray]:
    """Which places hold a relevant item, (n_users, k), and how many relevant items users have."""
    n_users, n_items = relevant.shape
    recommended = _checked_lists(recommended, n_items)
    if len(recommended) != n_users:
        raise ValueError(
            f"recommended has {len(recommended)} users and relevant {n_users}: "
            "choose the same users in both, as in relevant[user_index]"
        )
    user_index, item_index = relevant.nonzero()
    # Each pair as one number; UNKNOWN would be the last item of the user before, hence the mask.
    first = n_items * np.arange(n_users)[:, np.newaxis]
    hits = np.isin(first + recommended, n_items * user_index.astype(np.int64) + item_index)
    return hits & (recommended != UNKNOWN), np.bincount(user_index, minlength=n_users)


def _checked_lists(recommended: ArrayLike, n_items: int) -> np.ndarray:
    recommended = np.asarray(recommended)
    if recommended.ndim != 2 or not recommended.shape[1]:
        raise ValueError(
            f"recommended has shape {recommended.shape}, expected (n_users, k) with k at least 1"
        )
    # Put this way round, it finds NaN as well.
    outside = ~((recommended >= UNKNOWN) & (recommended < n_items))
    if outside.any():
        raise ValueError(
            f"recommended holds item_index {recommended[outside][0]}, but indices are 0 to "
            f"{n_items - 1}, and {UNKNOWN} for an empty place: are these raw ids?"
        )
    ordered = np.sort(recommended, axis=1)
    twice = (ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] != UNKNOWN)
    if twice.any():
        row, place = np.argwhere(twice)[0]
        raise ValueError(
            f"the list of row {row} holds item_index {ordered[row, place]} more than once, "
            "which would count a hit twice"
        )
    return recommended


def _mean_over_users(value: np.ndarray, n_relevant: np.ndarray) -> float:
    served = n_relevant > 0
    return float(value[served].mean()) if served.any() else float("nan")
