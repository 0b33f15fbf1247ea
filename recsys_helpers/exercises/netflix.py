"""The exercises of chapter 05, the Netflix Prize."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from recsys_helpers.checks import Exercise

# The films do not come in the order of their ids, nor the users. User 8 has the number of a film,
# and user 7 has rated two films.
NUMBER = np.array([30, 512, 7, 8, 8, 7, 500, 2649, 40, 12])
IS_FILM = np.array([True, False, False, False, True, False, True, False, False, False])

# Item 1 occurs twice in a batch, item 0 is in all three, and items 2 and 4 are in none.
BATCHES = [
    (np.array([1, 0, 1, 1]), np.array([5.0, 2.0, 4.0, 3.0])),
    (np.array([3, 0, 0]), np.array([4.0, 5.0, 3.0])),
    (np.array([0, 1]), np.array([1.0, 2.0])),
]
N_ITEMS = 5

# Neither the users nor the items are sorted, and user 19 and item 2 have no test rating. The last
# four ratings are of an unknown user, an unknown item, and both.
USERS, ITEMS = np.array([40, 7, 19]), np.array([5, 30, 2, 11])
USER_ID = np.array([7, 40, 7, 40, 23, 40, 88, 23])
ITEM_ID = np.array([11, 30, 5, 11, 30, 6, 99, 5])
RATING = np.array([4.0, 2.0, 5.0, 3.0, 1.0, 4.0, 2.0, 3.0])

# The rows have 3, 1 and 2 observed entries, the columns 2, 1, 1 and 2; two of the targets are 0.
TARGET = np.array(
    [[1.0, 0.0, np.nan, -2.0], [np.nan, np.nan, np.nan, 2.0], [0.0, np.nan, 1.0, np.nan]]
)
OUTPUT = np.array([[2.0, 3.0, 1.0, 0.0], [-1.0, 2.0, 4.0, -3.0], [2.0, -1.0, 2.0, 1.0]])

# On what they share with the user, the first three have whole lengths, and so has the user. One of
# them shares a single item, another nothing at all.
USER = np.array([1.0, 2.0, -2.0, np.nan, 4.0, np.nan])
OTHERS = np.array(
    [
        [2.0, 2.0, -1.0, 6.0, np.nan, -3.0],
        [4.0, -2.0, -2.0, 3.0, 1.0, np.nan],
        [np.nan, np.nan, np.nan, 4.0, 0.5, 2.0],
        [np.nan, np.nan, np.nan, 1.0, np.nan, -3.0],
    ]
)

# In the order of the similarity: users 2, 4, 0, 3, 5, 1, the last two below 0. Item 0 has more than
# two raters above 0, item 1 has them further down, item 2 has one, and item 3 has none.
SIMILARITY = np.array([0.3, -0.6, 0.9, 0.1, 0.5, -0.2])
RESIDUAL = np.array(
    [
        [2.0, 3.0, np.nan, np.nan],
        [np.nan, -1.0, 1.0, -2.0],
        [2.0, np.nan, np.nan, np.nan],
        [-1.0, 2.0, -2.0, np.nan],
        [-2.0, -1.0, np.nan, np.nan],
        [np.nan, np.nan, -1.0, 1.5],
    ]
)


def _item_of_line(number: np.ndarray, is_film: np.ndarray) -> np.ndarray:
    return number[_header(is_film)]


def _header(is_film: np.ndarray) -> np.ndarray:
    """Return the position of the nearest header above each line."""
    return np.maximum.accumulate(np.where(is_film, np.arange(len(is_film)), 0))


def _item_below(number: np.ndarray, is_film: np.ndarray) -> np.ndarray:
    """Return the id of the nearest header below each line, 0 where there is none."""
    return np.append(number[is_film], 0)[np.cumsum(is_film)]


def _rating_lines(item_of_line: Callable = _item_of_line) -> Callable:
    """Return what keeps the users, and the items that `item_of_line` gives, of the rating lines."""
    return lambda number, is_film: (number[~is_film], item_of_line(number, is_film)[~is_film])


def _counts(batches: list, n_items: int) -> np.ndarray:
    return sum(np.bincount(item, minlength=n_items) for item, _ in batches)


def _sums(batches: list, n_items: int) -> np.ndarray:
    return sum(np.bincount(item, rating, minlength=n_items) for item, rating in batches)


def _counts_of_last(batches: list, n_items: int) -> np.ndarray:
    """Add 1 once for each item of a batch, as `counts[item] += 1` does."""
    return _counts([(np.unique(item), None) for item, _ in batches], n_items)


def _sums_of_last(batches: list, n_items: int) -> np.ndarray:
    """Add the last rating of each item of a batch, as `sums[item] += rating` does."""
    sums = np.zeros(n_items)
    for item, rating in batches:
        sums[item] += rating
    return sums


def _over(sums: np.ndarray, counts: np.ndarray | float) -> np.ndarray:
    return sums / np.where(counts == 0, np.nan, counts)


def _item_means(batches: list, n_items: int) -> np.ndarray:
    return _over(_sums(batches, n_items), _counts(batches, n_items))


def _of_each_batch(batches: list, n_items: int) -> np.ndarray:
    """Return the means of each batch, (n_batches, n_items), NaN without rating."""
    return np.array([_item_means([batch], n_items) for batch in batches])


def _mean_of_batch_means(batches: list, n_items: int) -> np.ndarray:
    means = _of_each_batch(batches, n_items)
    return _over(np.nansum(means, axis=0), np.sum(~np.isnan(means), axis=0))


def _running_mean(batches: list, n_items: int) -> np.ndarray:
    running = np.full(n_items, np.nan)
    for mean in _of_each_batch(batches, n_items):
        both = np.where(np.isnan(running), mean, (running + mean) / 2)
        running = np.where(np.isnan(mean), running, both)
    return running


def _filled(batches: list, n_items: int) -> np.ndarray:
    means = _item_means(batches, n_items)
    everything = np.concatenate([rating for _, rating in batches])
    return np.where(np.isnan(means), everything.mean(), means)


def _aligned(users, items, user_id, item_id, rating, kept: Callable = np.logical_and) -> np.ndarray:
    """Place the ratings that are `kept`, by whether user and item are known: -1 is the last."""
    row, column = pd.Index(users).get_indexer(user_id), pd.Index(items).get_indexer(item_id)
    places = kept(row >= 0, column >= 0)
    matrix = np.full((len(users), len(items)), np.nan)
    matrix[row[places], column[places]] = rating[places]
    return matrix


def _in_own_order(user_id, item_id, rating) -> np.ndarray:
    """Return the matrix that a pivot table of these ratings is."""
    return _aligned(np.unique(user_id), np.unique(item_id), user_id, item_id, rating)


def _known_in_own_order(users, items, user_id, item_id, rating) -> np.ndarray:
    known = np.isin(user_id, users) & np.isin(item_id, items)
    return _in_own_order(user_id[known], item_id[known], rating[known])


def _squares(target: np.ndarray, output: np.ndarray) -> np.ndarray:
    """Return the squared error of each entry, NaN where there is no target."""
    return (output - target) ** 2


def _squares_with_zeros(target: np.ndarray, output: np.ndarray) -> np.ndarray:
    return _squares(np.nan_to_num(target), output)


def _shared(user: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return both sides of each pair, 0 where one of them has a hole, and how much they share."""
    both = ~np.isnan(user) & ~np.isnan(others)
    return np.where(both, user, 0), np.where(both, others, 0), np.sum(both, axis=1)


def _cosine(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the cosine of each pair of rows, 0 where one has no length."""
    lengths = np.linalg.norm(a, axis=-1) * np.linalg.norm(b, axis=-1)
    return np.sum(a * b, axis=1) / np.where(lengths > 0, lengths, 1)


def _cosine_of_squares(user: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Divide by the product of the squared lengths."""
    a, b, _ = _shared(user, others)
    squares = np.sum(a**2, axis=1) * np.sum(b**2, axis=1)
    return np.sum(a * b, axis=1) / np.where(squares > 0, squares, 1)


def _cosine_on_both(user: np.ndarray, others: np.ndarray) -> np.ndarray:
    a, b, _ = _shared(user, others)
    return _cosine(a, b)


def _weight(n: np.ndarray | int, shrinkage: float) -> np.ndarray | float:
    return n / (n + shrinkage)


def _weight_of_both(user: np.ndarray, others: np.ndarray, shrinkage: float) -> np.ndarray:
    _, _, n_both = _shared(user, others)
    return _weight(n_both, shrinkage)


def _shrunk_cosine(user: np.ndarray, others: np.ndarray, shrinkage: float) -> np.ndarray:
    return _cosine_on_both(user, others) * _weight_of_both(user, others, shrinkage)


def _number(residual: np.ndarray) -> np.ndarray | int:
    return np.sum(~np.isnan(residual), axis=-1)


def _cosine_with_zeros(user: np.ndarray, others: np.ndarray) -> np.ndarray:
    return _cosine(np.nan_to_num(user), np.nan_to_num(others))


def _with_mean(residual: np.ndarray) -> np.ndarray:
    """Fill the holes of each row with its mean."""
    return np.where(np.isnan(residual), np.nanmean(residual, axis=-1, keepdims=True), residual)


def _cosine_with_means(user: np.ndarray, others: np.ndarray) -> np.ndarray:
    return _cosine(_with_mean(user), _with_mean(others))


def _centred_again(user: np.ndarray, others: np.ndarray, shrinkage: float) -> np.ndarray:
    a, b, n_both = _shared(user, others)
    n = np.maximum(n_both, 1)[:, np.newaxis]
    both = ~np.isnan(user + others)
    a, b = (np.where(both, x - np.sum(x, axis=1, keepdims=True) / n, 0) for x in (a, b))
    return _cosine(a, b) * _weight(n_both, shrinkage)


def _first(score: np.ndarray, among: np.ndarray, k: int) -> np.ndarray:
    """Return the positions of the k highest scores among some, the highest first."""
    order = np.argsort(-score, kind="stable")
    return order[among[order]][:k]


def _nearest(similarity: np.ndarray, rated: np.ndarray, k: int) -> np.ndarray:
    return _first(similarity, rated & (similarity > 0), k)


def _of_all(similarity: np.ndarray, rated: np.ndarray, k: int) -> np.ndarray:
    return _first(similarity, similarity > 0, k)


def _of_all_then_rated(similarity: np.ndarray, rated: np.ndarray, k: int) -> np.ndarray:
    nearest = _of_all(similarity, rated, k)
    return nearest[rated[nearest]]


def _weighted(s: np.ndarray, r: np.ndarray, damping: float) -> float:
    return s @ r / (damping + np.sum(np.abs(s)))


def _predicted(choice: Callable = _nearest, mean: Callable = _weighted) -> Callable:
    """Return what predicts, item by item, the `mean` of those of the `choice`; a hole counts 0."""

    def predicted(similarity, residual, k, damping):
        chosen = (choice(similarity, ~np.isnan(r), k) for r in residual.T)
        pairs = zip(chosen, np.nan_to_num(residual).T, strict=True)
        return np.array([mean(similarity[who], r[who], damping) for who, r in pairs])

    return predicted


EXERCISES = {
    "netflix-lines": Exercise(
        arguments=(NUMBER, IS_FILM),
        right=_rating_lines(),
        mistakes={
            "counted": _rating_lines(lambda number, is_film: np.cumsum(is_film)),
            "counted-from-0": _rating_lines(lambda number, is_film: np.cumsum(is_film) - 1),
            "largest": _rating_lines(
                lambda number, is_film: np.maximum.accumulate(np.where(is_film, number, 0))
            ),
            "largest-of-all": _rating_lines(lambda number, is_film: np.maximum.accumulate(number)),
            "added": _rating_lines(lambda number, is_film: np.cumsum(np.where(is_film, number, 0))),
            "positions": _rating_lines(lambda number, is_film: _header(is_film)),
            "not-carried": _rating_lines(lambda number, is_film: np.where(is_film, number, 0)),
            "below": _rating_lines(_item_below),
            "headers": lambda number, is_film: (number, _item_of_line(number, is_film)),
            "users-of-all": lambda number, is_film: (
                number,
                _item_of_line(number, is_film)[~is_film],
            ),
            "items-of-all": lambda number, is_film: (
                number[~is_film],
                _item_of_line(number, is_film),
            ),
            "once": lambda number, is_film: (number[~is_film], number[is_film]),
            "swapped": lambda *arguments: _rating_lines()(*arguments)[::-1],
        },
    ),
    "netflix-batches": Exercise(
        arguments=(BATCHES, N_ITEMS),
        right=_item_means,
        mistakes={
            "batch-means": _mean_of_batch_means,
            "running": _running_mean,
            "absent-as-0": lambda batches, n_items: np.mean(
                np.nan_to_num(_of_each_batch(batches, n_items)), axis=0
            ),
            "lost": lambda batches, n_items: _over(
                _sums_of_last(batches, n_items), _counts_of_last(batches, n_items)
            ),
            "lost-sums": lambda batches, n_items: _over(
                _sums_of_last(batches, n_items), _counts(batches, n_items)
            ),
            "lost-counts": lambda batches, n_items: _over(
                _sums(batches, n_items), _counts_of_last(batches, n_items)
            ),
            "last-batch": lambda batches, n_items: _item_means(batches[-1:], n_items),
            "zero": lambda *arguments: np.nan_to_num(_item_means(*arguments)),
            "filled": _filled,
            "dropped": lambda batches, n_items: _item_means(batches, n_items)[
                _counts(batches, n_items) > 0
            ],
            "too-short": lambda batches, n_items: _item_means(
                batches, 1 + max(item.max() for item, _ in batches)
            ),
            "sums": _sums,
            "counts": _counts,
            "of-all": lambda batches, n_items: (
                _sums(batches, n_items) / np.sum(_counts(batches, n_items))
            ),
        },
    ),
    "netflix-align": Exercise(
        arguments=(USERS, ITEMS, USER_ID, ITEM_ID, RATING),
        right=_aligned,
        mistakes={
            "sorted": lambda users, items, *ratings: _aligned(
                np.sort(users), np.sort(items), *ratings
            ),
            "sorted-rows": lambda users, items, *ratings: _aligned(np.sort(users), items, *ratings),
            "sorted-columns": lambda users, items, *ratings: _aligned(
                users, np.sort(items), *ratings
            ),
            "own-order": lambda users, items, *ratings: _in_own_order(*ratings),
            "own-known": _known_in_own_order,
            "zeros": lambda *arguments: np.nan_to_num(_aligned(*arguments)),
            "transposed": lambda *arguments: _aligned(*arguments).T,
            "last": lambda *arguments: _aligned(*arguments, kept=lambda u, i: np.ones_like(u)),
            "last-row": lambda *arguments: _aligned(*arguments, kept=lambda u, i: i),
            "last-column": lambda *arguments: _aligned(*arguments, kept=lambda u, i: u),
            "either-known": lambda *arguments: _aligned(*arguments, kept=np.logical_or),
            "marks": lambda *arguments: ~np.isnan(_aligned(*arguments)),
        },
    ),
    "netflix-masked": Exercise(
        arguments=(TARGET, OUTPUT),
        right=lambda target, output: np.nanmean(_squares(target, output)),
        mistakes={
            "all-entries": lambda target, output: np.nansum(_squares(target, output)) / target.size,
            "zeros": lambda target, output: np.mean(_squares_with_zeros(target, output)),
            "zeros-of-observed": lambda target, output: (
                np.sum(_squares_with_zeros(target, output)) / np.sum(_number(target))
            ),
            "not-0": lambda target, output: np.mean(
                _squares(target, output)[np.nan_to_num(target) != 0]
            ),
            "rows": lambda target, output: np.mean(np.nanmean(_squares(target, output), axis=1)),
            "columns": lambda target, output: np.mean(np.nanmean(_squares(target, output), axis=0)),
            "each-row": lambda target, output: np.nanmean(_squares(target, output), axis=1),
            "by-rows": lambda target, output: np.nansum(_squares(target, output)) / len(target),
            "sum": lambda target, output: np.nansum(_squares(target, output)),
            "root": lambda target, output: np.sqrt(np.nanmean(_squares(target, output))),
            "absolute": lambda target, output: np.nanmean(np.abs(output - target)),
            "mean-first": lambda target, output: np.nanmean(output - target) ** 2,
            "nan": lambda target, output: np.mean(_squares(target, output)),
        },
    ),
    "netflix-both": Exercise(
        arguments=(USER, OTHERS, 2),
        right=_shrunk_cosine,
        mistakes={
            "own-lengths": lambda user, others, shrinkage: (
                _cosine_with_zeros(user, others) * _weight_of_both(user, others, shrinkage)
            ),
            "zeros": lambda user, others, shrinkage: (
                _cosine_with_zeros(user, others) * _weight(len(user), shrinkage)
            ),
            "means": lambda user, others, shrinkage: (
                _cosine_with_means(user, others) * _weight_of_both(user, others, shrinkage)
            ),
            "means-as-ratings": lambda user, others, shrinkage: (
                _cosine_with_means(user, others) * _weight(len(user), shrinkage)
            ),
            "centred-again": _centred_again,
            "no-shrinkage": lambda user, others, shrinkage: _cosine_on_both(user, others),
            "all-items": lambda user, others, shrinkage: (
                _cosine_on_both(user, others) * _weight(len(user), shrinkage)
            ),
            "either": lambda user, others, shrinkage: (
                _cosine_on_both(user, others)
                * _weight(np.sum(~np.isnan(user) | ~np.isnan(others), axis=1), shrinkage)
            ),
            "of-user": lambda user, others, shrinkage: (
                _cosine_on_both(user, others) * _weight(_number(user), shrinkage)
            ),
            "of-other": lambda user, others, shrinkage: (
                _cosine_on_both(user, others) * _weight(_number(others), shrinkage)
            ),
            "root": lambda user, others, shrinkage: (
                _cosine_on_both(user, others) * np.sqrt(_weight_of_both(user, others, shrinkage))
            ),
            "upside-down": lambda user, others, shrinkage: (
                _cosine_on_both(user, others) * (1 - _weight_of_both(user, others, shrinkage))
            ),
            "dot": lambda user, others, shrinkage: (
                np.nansum(user * others, axis=1) * _weight_of_both(user, others, shrinkage)
            ),
            "squares": lambda user, others, shrinkage: (
                _cosine_of_squares(user, others) * _weight_of_both(user, others, shrinkage)
            ),
            "nan": lambda user, others, shrinkage: np.where(
                _weight_of_both(user, others, shrinkage) > 0,
                _shrunk_cosine(user, others, shrinkage),
                np.nan,
            ),
        },
    ),
    "netflix-predict": Exercise(
        arguments=(SIMILARITY, RESIDUAL, 2, 0.6),
        right=_predicted(),
        mistakes={
            "of-all": _predicted(_of_all_then_rated),
            "unrated-as-0": _predicted(_of_all),
            "negative": _predicted(lambda s, rated, k: _first(s, rated, k)),
            "negative-unsigned": _predicted(
                lambda s, rated, k: _first(s, rated, k),
                lambda s, r, damping: s @ r / (damping + np.sum(s)),
            ),
            "absolute": _predicted(lambda s, rated, k: _first(np.abs(s), rated, k)),
            "everyone": _predicted(lambda s, rated, k: _nearest(s, rated, len(s))),
            "everyone-negative": _predicted(lambda s, rated, k: _first(s, rated, len(s))),
            "least": _predicted(lambda s, rated, k: _first(-s, rated & (s > 0), k)),
            "undivided": _predicted(mean=lambda s, r, damping: s @ r),
            "only-damping": _predicted(mean=lambda s, r, damping: s @ r / damping),
            "mean": _predicted(mean=lambda s, r, damping: np.sum(r) / max(len(r), 1)),
            "number": _predicted(mean=lambda s, r, damping: s @ r / (damping + len(s))),
            "no-damping": _predicted(mean=lambda s, r, damping: s @ r / max(np.sum(s), 1e-9)),
            "no-damping-nan": _predicted(
                mean=lambda s, r, damping: s @ r / np.sum(s) if len(s) else np.nan
            ),
            "nan": _predicted(
                mean=lambda s, r, damping: _weighted(s, r, damping) if len(s) else np.nan
            ),
        },
    ),
}
