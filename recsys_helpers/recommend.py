"""Scores -> lists of the best unseen items, and of the nearest neighbours.

A scorer is any callable that takes user indices and returns scores of shape
(n_users_in_batch, n_items), higher is better: a model of this package, a Keras model in a lambda,
``lambda users: np.tile(popularity, (len(users), 1))``. Where newcomers are asked for, `UNKNOWN`
(-1) is among the user indices, and must not be taken for the last row.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import csr_array, eye_array

from .interactions import UNKNOWN, check_index

Scorer = Callable[[np.ndarray], ArrayLike]


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
    for name, value in (("k", k), ("batch_size", batch_size)):
        if value < 1:
            raise ValueError(f"{name} is {value}, but must be at least 1")
    seen = csr_array(seen)
    user_index = check_index(user_index, seen.shape[0], "user_index")
    item_index = np.full((len(user_index), k), UNKNOWN)
    score = np.full((len(user_index), k), np.nan)
    for start in range(0, len(user_index), batch_size):
        batch = slice(start, start + batch_size)
        scores = _checked_scores(scorer, user_index[batch], seen.shape[1])
        _mask_seen(scores, seen, user_index[batch])
        # A full stable sort: the cheaper argpartition breaks ties at the cut as it likes.
        best = np.argsort(-scores, axis=1, kind="stable")[:, :k]
        best_score = np.take_along_axis(scores, best, axis=1)
        found = best_score > -np.inf
        item_index[batch, : best.shape[1]] = np.where(found, best, UNKNOWN)
        score[batch, : best.shape[1]] = np.where(found, best_score, np.nan)
    return item_index, score


def similar_items(
    vectors: np.ndarray, item_index: ArrayLike, k: int = 10
) -> tuple[np.ndarray, np.ndarray]:
    """List the `k` items whose vectors have the highest cosine with that of each given item.

    `vectors` has shape (n_items, n_factors). Returns (item_index, cosine), both of shape
    (len(item_index), k), ordered and padded as in `recommend`. The item itself is left out; an
    item whose vector is zero has no direction: it appears in no list, and its own is empty. Raises
    ValueError for vectors that are not finite.
    """
    vectors = np.asarray(vectors, dtype=np.float64)
    broken = np.flatnonzero(~np.isfinite(vectors).all(axis=1))
    if broken.size:
        raise ValueError(f"the vector of item_index {broken[0]} is not finite: train again")
    length = np.linalg.norm(vectors, axis=1)
    # Relative: an item without ratings comes out of an SVD as rounding noise, not as exact zeros.
    has_direction = length > 1e-12 * length.max()
    unit = vectors / np.where(has_direction, length, 1)[:, np.newaxis]

    def cosine(index: np.ndarray) -> np.ndarray:
        defined = has_direction & (has_direction[index] & (index != UNKNOWN))[:, np.newaxis]
        return np.where(defined, np.clip(unit[index] @ unit.T, -1, 1), -np.inf)

    item_index = check_index(item_index, len(vectors), "item_index")
    # The same search, with items in place of users, each of which has "seen" itself.
    return recommend(cosine, eye_array(len(vectors), format="csr"), item_index, k)


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
