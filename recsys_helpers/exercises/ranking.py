"""The exercises of chapter 06, from ratings to rankings."""

from collections.abc import Callable

import numpy as np

from recsys_helpers.checks import Exercise

# All ratings together have mean 3 and variance 2. Item 0 has a single five, item 2 has nothing.
RATINGS = np.array(
    [
        [np.nan, 4.0, np.nan, 1.0],
        [5.0, 4.0, np.nan, 1.0],
        [np.nan, 4.0, np.nan, np.nan],
        [np.nan, np.nan, np.nan, 2.0],
        [np.nan, 4.0, np.nan, 2.0],
    ]
)

# User 1 has nothing relevant, user 2 more than a list has places, user 3 no hit. The last item is
# relevant to both of those whose lists are padded.
LISTS = np.array([[2, 0, 5, 1], [3, 1, 0, 6], [1, 2, 3, 0], [4, 2, -1, -1], [0, 1, -1, -1]])
RELEVANT = np.array(
    [
        [0, 0, 1, 0, 0, 1, 0],
        [0, 0, 0, 0, 0, 0, 0],
        [1, 1, 0, 1, 1, 1, 0],
        [0, 0, 0, 0, 0, 0, 1],
        [0, 1, 0, 1, 0, 0, 1],
    ],
    dtype=bool,
)

# Shares of 32 users: 1/4, 1/16, 1/64 in place of 0, 1/8, 1/32 and 1/2.
RECOMMENDED = np.array([[0, 1, 2], [0, 3, -1], [4, 0, 1], [3, 5, -1]])
N_RATINGS, N_USERS = np.array([8, 2, 0, 4, 1, 16]), 32

# The differences are 1, -2, 0, 800, -800 and 3: no float holds the exponential of 800.
LIKED_SCORES = np.array([2.0, 0.5, -1.0, 300.0, -400.0, 2.5])
OTHER_SCORES = np.array([1.0, 2.5, -1.0, -500.0, 400.0, -0.5])

# Not symmetric. For the user who likes items 4 and 1, a single unseen item scores above 0.
WEIGHTS = np.array(
    [
        [0.0, -0.1, 0.1, 0.7, -0.3, 0.3, -0.6],
        [-0.3, 0.0, 0.3, -0.1, -0.7, -0.7, -0.2],
        [-0.4, -0.1, 0.0, -0.3, 0.4, 0.3, 0.2],
        [0.0, -0.2, -0.1, 0.0, 0.7, 0.6, -0.2],
        [-0.5, 0.4, -0.8, 0.0, 0.0, 0.5, 0.4],
        [0.2, -0.5, 0.6, -0.7, -0.4, 0.0, 0.1],
        [0.3, -0.1, -0.1, -0.1, -0.1, 0.2, 0.0],
    ]
)
LIKED = np.array([4, 1])

# The first two draws are far off. The errors of the others, pair by pair, add up to 1, -1, -2,
# then 1, 1, -3, then 0, 0, -3, then 0, 0, -2.
DRAWS = np.array(
    [
        [1.0, 1.0, 1.0],
        [5.0, 4.0, 1.0],
        [5.0, 1.0, 3.0],
        [4.0, 4.0, 4.0],
        [3.0, 1.0, 5.0],
        [4.0, 2.0, 6.0],
    ]
)
N_BURN, HELD_OUT = 2, np.array([4.0, 2.0, 5.0])


def _number(ratings: np.ndarray) -> np.ndarray:
    return np.sum(~np.isnan(ratings), axis=0)


def _damped(ratings: np.ndarray, prior: float, mean: float | None = None) -> np.ndarray:
    """Return the mean of each item with `prior` more ratings of `mean`, by default that of all."""
    mean = np.nanmean(ratings) if mean is None else mean
    return (np.nansum(ratings, axis=0) + prior * mean) / (_number(ratings) + prior)


def _own(ratings: np.ndarray) -> np.ndarray:
    """Return the undamped mean of each item, NaN without rating."""
    n = _number(ratings)
    return np.nansum(ratings, axis=0) / np.where(n > 0, n, np.nan)


def _variance(ratings, prior, around=None, of_all=None) -> np.ndarray:
    """Return the damped variance of each item, by default around its damped mean."""
    around = _damped(ratings, prior) if around is None else around
    of_all = np.nanvar(ratings) if of_all is None else of_all
    squares = np.nansum((ratings - around) ** 2, axis=0)
    return (squares + prior * of_all) / (_number(ratings) + prior)


def _error(ratings: np.ndarray, prior: float, mean: np.ndarray | None = None) -> np.ndarray:
    return np.sqrt(_variance(ratings, prior, mean) / (_number(ratings) + prior))


def _lower_bound(ratings, prior, c, mean=None) -> np.ndarray:
    """Return the lower bound of each item, by default from its damped mean."""
    start = _damped(ratings, prior) if mean is None else mean
    return start - c * _error(ratings, prior, mean)


def _with_variance(variance: Callable) -> Callable:
    return lambda ratings, prior, c: (
        _damped(ratings, prior) - c * np.sqrt(variance(ratings, prior) / (_number(ratings) + prior))
    )


def _own_error(ratings: np.ndarray) -> np.ndarray:
    """Return the standard error of each item from its own ratings alone, NaN without rating."""
    n = _number(ratings)
    squares = np.nansum((ratings - _own(ratings)) ** 2, axis=0)
    return np.sqrt(squares) / np.where(n > 0, n, np.nan)


def _discount(k: int) -> np.ndarray:
    return 1 / np.log2(np.arange(2, k + 2))


def _hits(recommended: np.ndarray, relevant: np.ndarray) -> np.ndarray:
    rows = np.arange(len(relevant))[:, np.newaxis]
    return relevant[rows, recommended] & (recommended >= 0)


def _hits_of_anyone(recommended: np.ndarray, relevant: np.ndarray) -> np.ndarray:
    return relevant.any(axis=0)[recommended] & (recommended >= 0)


def _hits_with_padding(recommended: np.ndarray, relevant: np.ndarray) -> np.ndarray:
    return np.take_along_axis(relevant, recommended, axis=1)


def _gains(
    recommended, relevant, discount: Callable = _discount, hits: Callable = _hits
) -> np.ndarray:
    """Return the discounted gain of each list."""
    return hits(recommended, relevant) @ discount(recommended.shape[1])


def _gain_of(n_hits: np.ndarray, k: int, discount: Callable = _discount) -> np.ndarray:
    """Return what so many hits in the first of k places gain."""
    return np.append(0, np.cumsum(discount(k)))[n_hits]


def _best(recommended, relevant, discount: Callable = _discount) -> np.ndarray:
    """Return the gain of the best list of each user, 0 for one with nothing relevant."""
    k = recommended.shape[1]
    return _gain_of(np.minimum(np.sum(relevant, axis=1), k), k, discount)


def _uncut(recommended, relevant) -> np.ndarray:
    """Return the gain of a list long enough for all relevant items of each user."""
    return _gain_of(np.sum(relevant, axis=1), relevant.shape[1])


def _best_of_list(recommended, relevant) -> np.ndarray:
    """Return the gain of each list with its own hits moved to the top."""
    return _gain_of(np.sum(_hits(recommended, relevant), axis=1), recommended.shape[1])


def _served(relevant: np.ndarray) -> np.ndarray:
    return np.any(relevant, axis=1)


def _ndcgs(recommended, relevant, discount=_discount, hits=_hits, best=None) -> np.ndarray:
    """Return the NDCG of each user, 0 where the best list gains nothing."""
    best = _best(recommended, relevant, discount) if best is None else best
    return _gains(recommended, relevant, discount, hits) / np.where(best > 0, best, 1)


def _ndcg(discount: Callable = _discount, hits: Callable = _hits) -> Callable:
    return lambda recommended, relevant: np.mean(
        _ndcgs(recommended, relevant, discount, hits)[_served(relevant)]
    )


def _ndcg_over(best: Callable) -> Callable:
    return lambda recommended, relevant: np.mean(
        _ndcgs(recommended, relevant, best=best(recommended, relevant))[_served(relevant)]
    )


def _share(n_ratings: np.ndarray, n_users: int) -> np.ndarray:
    return np.maximum(n_ratings, 0.5) / n_users


def _surprise(recommended, n_ratings, n_users) -> np.ndarray:
    """Return what each place tells in bits, NaN for a padded one."""
    bits = -np.log2(_share(n_ratings, n_users))
    return np.where(recommended >= 0, bits[recommended], np.nan)


def _novelty(recommended, n_ratings, n_users) -> float:
    return np.nanmean(_surprise(recommended, n_ratings, n_users))


def _places(recommended: np.ndarray) -> np.ndarray:
    return recommended[recommended >= 0]


def _softplus(x: np.ndarray) -> np.ndarray:
    return np.logaddexp(0, x)


def _bpr(positive: np.ndarray, negative: np.ndarray) -> float:
    return np.mean(_softplus(negative - positive))


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return np.exp(-_softplus(-x))


def _without(score: np.ndarray, liked: np.ndarray, seen: float = -np.inf) -> np.ndarray:
    return np.where(np.isin(np.arange(len(score)), liked), seen, score)


def _sums(weights: np.ndarray, liked: np.ndarray) -> np.ndarray:
    return np.sum(weights[liked], axis=0)


def _unseen(weights: np.ndarray, liked: np.ndarray) -> np.ndarray:
    return _without(_sums(weights, liked), liked)


def _first(score: np.ndarray, k: int | None) -> np.ndarray:
    return np.argsort(-score, kind="stable")[:k]


def _fold_in(weights: np.ndarray, liked: np.ndarray, k: int) -> np.ndarray:
    return _first(_unseen(weights, liked), k)


def _running(draws: np.ndarray) -> np.ndarray:
    """Return the mean of the first 1, 2, ... draws, of the shape of the draws."""
    return np.cumsum(draws, axis=0) / np.arange(1, len(draws) + 1)[:, np.newaxis]


def _rmse(predicted: np.ndarray, rating: np.ndarray) -> np.ndarray:
    return np.sqrt(np.mean((predicted - rating) ** 2, axis=-1))


def _running_rmse(draws: np.ndarray, n_burn: int, rating: np.ndarray) -> np.ndarray:
    return _rmse(_running(draws[n_burn:]), rating)


def _halved(draws: np.ndarray) -> np.ndarray:
    """Return the running mean of two, the last one and the new draw, again and again."""
    means = [draws[0]]
    for draw in draws[1:]:
        means.append((means[-1] + draw) / 2)
    return np.array(means)


def _over_steps(values: np.ndarray) -> np.ndarray:
    return np.cumsum(values) / np.arange(1, len(values) + 1)


EXERCISES = {
    "ranking-bound": Exercise(
        arguments=(RATINGS, 4, 1.5),
        right=_lower_bound,
        mistakes={
            "plus": lambda ratings, prior, c: _lower_bound(ratings, prior, -c),
            "mean-only": lambda ratings, prior, c: _damped(ratings, prior),
            "own-mean-only": lambda ratings, prior, c: _own(ratings),
            "no-c": lambda ratings, prior, c: _lower_bound(ratings, prior, 1),
            "not-divided": lambda ratings, prior, c: (
                _damped(ratings, prior) - c * np.sqrt(_variance(ratings, prior))
            ),
            "outside-root": lambda ratings, prior, c: (
                _damped(ratings, prior)
                - c * np.sqrt(_variance(ratings, prior)) / (_number(ratings) + prior)
            ),
            "no-root": lambda ratings, prior, c: (
                _damped(ratings, prior) - c * _error(ratings, prior) ** 2
            ),
            "undamped": lambda ratings, prior, c: _own(ratings) - c * _own_error(ratings),
            "mean-undamped": lambda ratings, prior, c: _lower_bound(
                ratings, prior, c, _own(ratings)
            ),
            "error-undamped": lambda ratings, prior, c: (
                _damped(ratings, prior) - c * _own_error(ratings)
            ),
            "own-number": lambda ratings, prior, c: np.where(
                _number(ratings) > 0,
                _damped(ratings, prior)
                - c * np.sqrt(_variance(ratings, prior) / np.maximum(_number(ratings), 1)),
                -np.inf,
            ),
            "towards-zero": lambda ratings, prior, c: _lower_bound(
                ratings, prior, c, _damped(ratings, prior, 0)
            ),
            "item-average": lambda ratings, prior, c: _lower_bound(
                ratings, prior, c, _damped(ratings, prior, np.nanmean(_own(ratings)))
            ),
            "prior-without-variance": _with_variance(
                lambda ratings, prior: _variance(ratings, prior, of_all=0)
            ),
            "prior-deviation": _with_variance(
                lambda ratings, prior: _variance(ratings, prior, of_all=np.nanstd(ratings))
            ),
            "prior-less-one": _with_variance(
                lambda ratings, prior: _variance(ratings, prior, of_all=np.nanvar(ratings, ddof=1))
            ),
            "prior-deviations": _with_variance(
                lambda ratings, prior: _variance(
                    ratings,
                    prior,
                    of_all=np.nanvar(ratings)
                    + (np.nanmean(ratings) - _damped(ratings, prior)) ** 2,
                )
            ),
            "around-own": _with_variance(
                lambda ratings, prior: _variance(ratings, prior, _own(ratings))
            ),
            "around-all": _with_variance(
                lambda ratings, prior: _variance(ratings, prior, np.nanmean(ratings))
            ),
            "zeros": lambda ratings, prior, c: _lower_bound(np.nan_to_num(ratings), prior, c),
            "nan": lambda ratings, prior, c: np.where(
                _number(ratings) > 0, _lower_bound(ratings, prior, c), np.nan
            ),
            "dropped": lambda ratings, prior, c: _lower_bound(ratings, prior, c)[
                _number(ratings) > 0
            ],
            "users": lambda ratings, prior, c: _lower_bound(ratings.T, prior, c),
        },
    ),
    "ranking-ndcg": Exercise(
        arguments=(LISTS, RELEVANT),
        right=_ndcg(),
        mistakes={
            "padding": _ndcg(hits=_hits_with_padding),
            "nan": lambda recommended, relevant: np.nan,
            "empty-as-0": lambda *lists: np.mean(_ndcgs(*lists)),
            "empty-as-1": lambda recommended, relevant: np.mean(
                np.where(_served(relevant), _ndcgs(recommended, relevant), 1)
            ),
            "without-hit-left-out": lambda recommended, relevant: np.mean(
                _ndcgs(recommended, relevant)[_hits(recommended, relevant).any(axis=1)]
            ),
            "best-of-k": _ndcg_over(
                lambda recommended, relevant: np.full(
                    len(relevant), np.sum(_discount(recommended.shape[1]))
                )
            ),
            "best-uncut": _ndcg_over(_uncut),
            "best-of-list": _ndcg_over(_best_of_list),
            "not-normalised": _ndcg_over(lambda recommended, relevant: np.ones(len(relevant))),
            "undiscounted": _ndcg(lambda k: np.ones(k)),
            "best-undiscounted": _ndcg_over(
                lambda recommended, relevant: np.minimum(
                    np.sum(relevant, axis=1), recommended.shape[1]
                )
            ),
            "precision": lambda recommended, relevant: np.mean(
                _hits(recommended, relevant)[_served(relevant)]
            ),
            "reciprocal": _ndcg(lambda k: 1 / np.arange(1, k + 1)),
            "two-alike": _ndcg(lambda k: 1 / np.log2(np.maximum(np.arange(1, k + 1), 2))),
            "one-late": _ndcg(lambda k: 1 / np.log2(np.arange(3, k + 3))),
            "multiplied": _ndcg(lambda k: np.log2(np.arange(2, k + 2))),
            "anyone": _ndcg(hits=_hits_of_anyone),
            "pooled": lambda *lists: np.sum(_gains(*lists)) / np.sum(_best(*lists)),
            "sum": lambda *lists: np.sum(_ndcgs(*lists)),
            "each-user": lambda recommended, relevant: _ndcgs(recommended, relevant)[
                _served(relevant)
            ],
            "each-user-0": _ndcgs,
        },
    ),
    "ranking-novelty": Exercise(
        arguments=(RECOMMENDED, N_RATINGS, N_USERS),
        right=_novelty,
        mistakes={
            "natural": lambda *arguments: np.log(2) * _novelty(*arguments),
            "decimal": lambda *arguments: np.log10(2) * _novelty(*arguments),
            "sign": lambda *arguments: -_novelty(*arguments),
            "padding": lambda recommended, n_ratings, n_users: (
                -np.mean(np.log2(_share(n_ratings, n_users)[recommended]))
            ),
            "padding-as-0": lambda *arguments: np.mean(np.nan_to_num(_surprise(*arguments))),
            "infinite": lambda *arguments: np.inf,
            "unrated-left-out": lambda recommended, n_ratings, n_users: _novelty(
                np.where(n_ratings[recommended] > 0, recommended, -1), n_ratings, n_users
            ),
            "unrated-as-0": lambda recommended, n_ratings, n_users: np.nanmean(
                _surprise(recommended, n_ratings, n_users) * (n_ratings[recommended] > 0)
            ),
            "at-least-1": lambda recommended, n_ratings, n_users: _novelty(
                recommended, np.maximum(n_ratings, 1), n_users
            ),
            "half-to-all": lambda recommended, n_ratings, n_users: _novelty(
                recommended, n_ratings + 0.5, n_users
            ),
            "one-to-all": lambda recommended, n_ratings, n_users: _novelty(
                recommended, n_ratings + 1, n_users
            ),
            "half-a-share": lambda recommended, n_ratings, n_users: (
                -np.mean(np.log2(np.maximum(n_ratings / n_users, 0.5)[_places(recommended)]))
            ),
            "of-ratings": lambda recommended, n_ratings, n_users: _novelty(
                recommended, n_ratings, np.sum(n_ratings)
            ),
            "of-most": lambda recommended, n_ratings, n_users: _novelty(
                recommended, n_ratings, np.max(n_ratings)
            ),
            "of-lists": lambda recommended, n_ratings, n_users: _novelty(
                recommended, n_ratings, len(recommended)
            ),
            "mean-first": lambda recommended, n_ratings, n_users: (
                -np.log2(np.mean(_share(n_ratings, n_users)[_places(recommended)]))
            ),
            "mean-share": lambda recommended, n_ratings, n_users: np.mean(
                _share(n_ratings, n_users)[_places(recommended)]
            ),
            "lists": lambda *arguments: np.mean(np.nanmean(_surprise(*arguments), axis=1)),
            "once": lambda recommended, n_ratings, n_users: _novelty(
                np.unique(recommended), n_ratings, n_users
            ),
            "sum": lambda *arguments: np.nansum(_surprise(*arguments)),
            "each-list": lambda *arguments: np.nanmean(_surprise(*arguments), axis=1),
        },
    ),
    "ranking-bpr": Exercise(
        arguments=(LIKED_SCORES, OTHER_SCORES),
        right=_bpr,
        mistakes={
            "overflow": lambda positive, negative: np.inf,
            "overflow-nan": lambda positive, negative: np.nan,
            "epsilon": lambda positive, negative: (
                -np.mean(np.log(_sigmoid(positive - negative) + 1e-10))
            ),
            "sign": lambda positive, negative: -_bpr(positive, negative),
            "swapped": lambda positive, negative: _bpr(negative, positive),
            "swapped-sign": lambda positive, negative: -_bpr(negative, positive),
            "no-log": lambda positive, negative: np.mean(_sigmoid(positive - negative)),
            "no-log-minus": lambda positive, negative: -np.mean(_sigmoid(positive - negative)),
            "sum": lambda positive, negative: np.sum(_softplus(negative - positive)),
            "each-pair": lambda positive, negative: _softplus(negative - positive),
            "log-of-mean": lambda positive, negative: (
                -np.log(np.mean(_sigmoid(positive - negative)))
            ),
            "mean-first": lambda positive, negative: _softplus(np.mean(negative - positive)),
            "all-pairs": lambda positive, negative: np.mean(
                _softplus(negative - positive[:, np.newaxis])
            ),
            "pointwise": lambda positive, negative: np.mean(
                _softplus(-positive) + _softplus(negative)
            ),
            "pointwise-half": lambda positive, negative: (
                np.mean(_softplus(-positive) + _softplus(negative)) / 2
            ),
            "each-sigmoid": lambda positive, negative: _bpr(_sigmoid(positive), _sigmoid(negative)),
            "difference-of-logs": lambda positive, negative: np.mean(
                _softplus(-positive) - _softplus(-negative)
            ),
            "positive-only": lambda positive, negative: np.mean(_softplus(-positive)),
            "base-2": lambda positive, negative: _bpr(positive, negative) / np.log(2),
            "hinge": lambda positive, negative: np.mean(np.maximum(0, 1 - positive + negative)),
            "cut": lambda positive, negative: np.mean(np.maximum(0, negative - positive)),
            "order": lambda positive, negative: np.mean(positive > negative),
        },
    ),
    "ranking-fold-in": Exercise(
        arguments=(WEIGHTS, LIKED, 3),
        right=_fold_in,
        mistakes={
            "transposed": lambda weights, liked, k: _fold_in(weights.T, liked, k),
            "liked": lambda weights, liked, k: _first(_sums(weights, liked), k),
            "liked-as-0": lambda weights, liked, k: _first(
                _without(_sums(weights, liked), liked, 0), k
            ),
            "skipped": lambda weights, liked, k: _first(_sums(weights, liked), None)[
                len(liked) : len(liked) + k
            ],
            "smallest": lambda weights, liked, k: _first(-_unseen(weights, liked), k),
            "lowest": lambda weights, liked, k: _fold_in(-weights, liked, k),
            "lowest-of-all": lambda weights, liked, k: _first(-_sums(weights, liked), k),
            "reversed": lambda *arguments: _fold_in(*arguments)[::-1],
            "not-cut": lambda weights, liked, k: _first(_unseen(weights, liked), -len(liked)),
            "not-cut-liked": lambda weights, liked, k: _first(_unseen(weights, liked), None),
            "scores": lambda weights, liked, k: -np.sort(-_unseen(weights, liked))[:k],
            "all-scores": lambda weights, liked, k: _sums(weights, liked),
            "renumbered": lambda weights, liked, k: _first(
                np.delete(_sums(weights, liked), liked), k
            ),
            "first-only": lambda weights, liked, k: _first(_without(weights[liked[0]], liked), k),
            "last-only": lambda weights, liked, k: _first(_without(weights[liked[-1]], liked), k),
            "strongest": lambda weights, liked, k: _first(
                _without(np.max(weights[liked], axis=0), liked), k
            ),
            "product": lambda weights, liked, k: _first(
                _without(np.prod(weights[liked], axis=0), liked), k
            ),
            "absolute": lambda weights, liked, k: _fold_in(np.abs(weights), liked, k),
            "everyone": lambda weights, liked, k: _first(
                _without(np.sum(weights, axis=0), liked), k
            ),
            "numbers": lambda weights, liked, k: _first(_without(liked @ weights[liked], liked), k),
        },
    ),
    "ranking-draws": Exercise(
        arguments=(DRAWS, N_BURN, HELD_OUT),
        right=_running_rmse,
        mistakes={
            "each-draw": lambda draws, n_burn, rating: _rmse(draws[n_burn:], rating),
            "mean-of-errors": lambda draws, n_burn, rating: _over_steps(
                _rmse(draws[n_burn:], rating)
            ),
            "mean-of-squares": lambda draws, n_burn, rating: np.sqrt(
                _over_steps(_rmse(draws[n_burn:], rating) ** 2)
            ),
            "burn-in": lambda draws, n_burn, rating: _rmse(_running(draws), rating),
            "burn-in-in-mean": lambda draws, n_burn, rating: _rmse(_running(draws), rating)[
                n_burn:
            ],
            "burn-in-counted": lambda draws, n_burn, rating: _rmse(
                np.cumsum(draws[n_burn:], axis=0)
                / np.arange(n_burn + 1, len(draws) + 1)[:, np.newaxis],
                rating,
            ),
            "burn-in-only": lambda draws, n_burn, rating: _rmse(_running(draws[:n_burn]), rating),
            "one-too-many": lambda draws, n_burn, rating: _running_rmse(draws, n_burn - 1, rating),
            "one-too-few": lambda draws, n_burn, rating: _running_rmse(draws, n_burn + 1, rating),
            "mse": lambda *arguments: _running_rmse(*arguments) ** 2,
            "absolute": lambda draws, n_burn, rating: np.mean(
                np.abs(_running(draws[n_burn:]) - rating), axis=1
            ),
            "pairs-first": lambda draws, n_burn, rating: np.abs(
                np.mean(_running(draws[n_burn:]) - rating, axis=1)
            ),
            "last": lambda *arguments: _running_rmse(*arguments)[-1],
            "sums": lambda draws, n_burn, rating: _rmse(np.cumsum(draws[n_burn:], axis=0), rating),
            "all-draws": lambda draws, n_burn, rating: _rmse(
                np.cumsum(draws[n_burn:], axis=0) / (len(draws) - n_burn), rating
            ),
            "along-pairs": lambda draws, n_burn, rating: _rmse(
                _running(draws[n_burn:].T).T, rating
            ),
            "each-pair": lambda draws, n_burn, rating: np.sqrt(
                np.mean((_running(draws[n_burn:]) - rating) ** 2, axis=0)
            ),
            "halved": lambda draws, n_burn, rating: _rmse(_halved(draws[n_burn:]), rating),
            "backwards": lambda draws, n_burn, rating: _rmse(
                _running(draws[n_burn:][::-1]), rating
            ),
        },
    ),
}
