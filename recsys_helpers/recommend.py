"""Scores -> lists of the best unseen items, and of the nearest neighbours.

A scorer is any callable that takes user indices and returns scores of shape
(n_users_in_batch, n_items), higher is better: a model of this package, a Keras model in a lambda,
``lambda users: np.tile(popularity, (len(users), 1))``. Where newcomers are asked for, `UNKNOWN`
(-1) is among the user indices, and must not be taken for the last row.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import csr_array

from .interactions import UNKNOWN, check_at_least, check_index

Scorer = Callable[[np.ndarray], ArrayLike]

ROWS_AT_ONCE = 64  # of scores to sort: so few stay in the cache, and need no memory from the system


def recommend(
    scorer: Scorer,
    seen: csr_array,
    user_index: ArrayLike,
    k: int = 10,
    batch_size: int = 1024,
) -> tuple[np.ndarray, np.ndarray]:
    """List the `k` items with the highest scores that each user has not seen, best first.

    Returns (item_index, score), both of shape (len(user_index), k). Among equal scores the lower
    item_index comes first. Every entry stored in `seen`, of shape (n_users, n_items), counts as
    seen, a rating of 0 too; an `UNKNOWN` user has seen nothing. An item scored -inf is never
    recommended. Where the items run out, the lists are padded with `UNKNOWN` and NaN. Raises
    ValueError when the scores have another shape or hold NaN.
    """
    check_at_least(1, batch_size=batch_size)
    seen = csr_array(seen)
    user_index = check_index(user_index, seen.shape[0], "user_index")

    def unseen(users: np.ndarray) -> np.ndarray:
        scores = _checked_scores(scorer, users, seen.shape[1])
        _mask_seen(scores, seen, users)
        return scores

    return _best_lists(unseen, user_index, k, batch_size)


def similar_items(
    vectors: np.ndarray,
    item_index: ArrayLike,
    k: int = 10,
    candidates: ArrayLike | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """List the `k` items whose vectors have the highest cosine with that of each given item.

    `vectors` has shape (n_items, n_factors). Returns (item_index, cosine), both of shape
    (len(item_index), k), ordered and padded as in `recommend`. The item itself is left out; an
    item whose vector is zero has no direction: it appears in no list, and its own is empty. With
    `candidates`, a mask of shape (n_items,), only items for which it is True appear in the lists,
    those with enough ratings, say; an item outside it has a list all the same. Raises ValueError
    for vectors that are not finite, and for candidates that are not such a mask.
    """
    vectors = np.asarray(vectors, dtype=np.float64)
    broken = np.flatnonzero(~np.isfinite(vectors).all(axis=1))
    if broken.size:
        raise ValueError(f"the vector of item_index {broken[0]} is not finite: train again")
    length = np.linalg.norm(vectors, axis=1)
    # Relative: an item without ratings comes out of an SVD as rounding noise, not as exact zeros.
    has_direction = length > 1e-12 * length.max()
    unit = vectors / np.where(has_direction, length, 1)[:, np.newaxis]
    listed = has_direction & _checked_mask(candidates, len(vectors))
    item_index = check_index(item_index, len(vectors), "item_index")

    def cosine(index: np.ndarray) -> np.ndarray:
        scores = unit[index] @ unit.T
        np.clip(scores, -1, 1, out=scores)
        scores[:, ~listed] = -np.inf
        scores[np.arange(len(index)), index] = -np.inf
        scores[~has_direction[index] | (index == UNKNOWN)] = -np.inf
        return scores

    # Few and large products: on a busy machine, the threads of many small ones wait a lot.
    return _best_lists(cosine, item_index, k, batch_size=1024)


def _best_lists(
    scorer: Scorer, index: np.ndarray, k: int, batch_size: int
) -> tuple[np.ndarray, np.ndarray]:
    """List the `k` best columns for each index: (column, score), both (len(index), k), padded."""
    check_at_least(1, k=k)
    best = np.full((len(index), k), UNKNOWN)
    best_score = np.full((len(index), k), np.nan)
    for start in range(0, len(index), batch_size):
        scores = scorer(index[start : start + batch_size])
        for first in range(0, len(scores), ROWS_AT_ONCE):
            column, score = _top(scores[first : first + ROWS_AT_ONCE], k)
            rows, width = slice(start + first, start + first + len(column)), column.shape[1]
            best[rows, :width] = column
            best_score[rows, :width] = score
    return best, best_score


def _top(scores: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Find the `k` best columns of each row, best first: (column, score), no wider than needed."""
    n_columns = scores.shape[1]
    least = np.full((len(scores), 1), np.finfo(scores.dtype).min)  # all but -inf
    if k < n_columns:
        # Much cheaper than to sort whole rows. But a partition breaks ties at the cut as it likes:
        # it only says what the k-th score is, and all that equal it take part in the sort below.
        least = np.maximum(least, np.partition(scores, -k, axis=1)[:, [-k]])
    row, column = np.divmod(np.flatnonzero(scores >= least), n_columns)
    place = np.arange(len(row)) - np.searchsorted(row, row)
    shape = len(scores), place.max(initial=-1) + 1
    kept, kept_score = np.full(shape, UNKNOWN), np.full(shape, np.nan)
    kept[row, place] = column
    kept_score[row, place] = scores[row, column]
    order = np.argsort(-kept_score, axis=1, kind="stable")[:, :k]  # NaN comes last
    return np.take_along_axis(kept, order, 1), np.take_along_axis(kept_score, order, 1)


def _checked_mask(candidates: ArrayLike | None, n_items: int) -> np.ndarray:
    if candidates is None:
        return np.ones(n_items, dtype=bool)
    mask = np.asarray(candidates)
    if mask.dtype != bool or mask.shape != (n_items,):
        raise ValueError(
            f"candidates has shape {mask.shape} and dtype {mask.dtype}, expected ({n_items},) and "
            "bool: True or False for each item, such as n_ratings >= 20"
        )
    return mask


def _checked_scores(scorer: Scorer, user_index: np.ndarray, n_items: int) -> np.ndarray:
    # A copy, because seen items are masked in it and the scorer may hand out an array it keeps.
    scores = np.array(scorer(user_index), dtype=np.float64)
    if scores.shape != (len(user_index), n_items):
        raise ValueError(
            f"the scorer returned shape {scores.shape} for {len(user_index)} users, expected "
            f"({len(user_index)}, {n_items}): a row for each user, a column for each item"
        )
    if np.isnan(scores).any():
        row, column = np.argwhere(np.isnan(scores))[0]
        raise ValueError(
            f"the score of user_index {user_index[row]}, item_index {column} is NaN: "
            "give -inf to what must not be recommended"
        )
    return scores


def _mask_seen(scores: np.ndarray, seen: csr_array, user_index: np.ndarray) -> None:
    known = np.flatnonzero(user_index != UNKNOWN)
    cells = seen[user_index[known]].tocoo()
    scores[known[cells.row], cells.col] = -np.inf
