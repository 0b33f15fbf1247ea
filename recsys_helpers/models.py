"""Indexed ratings -> models that score: the global mean, biases, and factorisations by SVD.

All are one kind of model, r̂_ui = μ + b_u + b_i + p_u·q_i, and differ in how its parts are found.
The notation is Koren, Bell, Volinsky (2009), "Matrix factorization techniques for recommender
systems", Computer 42(8).
"""

import warnings
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import csr_array
from scipy.sparse.linalg import svds
from sklearn.utils.extmath import svd_flip

from .datasets import RatingScale
from .interactions import UNKNOWN, Interactions, check_index


@dataclass(frozen=True, eq=False)
class FactorModel:
    """Global mean, biases and factors of users and items, on a rating scale.

    Called with user indices it is a scorer, as `recommend` wants one. What is `UNKNOWN` has bias 0
    and factors 0: a new user gets what holds for all users, a new item what holds for all items.
    """

    global_mean: float
    user_bias: np.ndarray  # (n_users,)
    item_bias: np.ndarray  # (n_items,)
    user_factors: np.ndarray  # (n_users, n_factors)
    item_factors: np.ndarray  # (n_items, n_factors)
    scale: RatingScale

    def __call__(self, user_index: ArrayLike) -> np.ndarray:
        """Score all items for each user: shape (len(user_index), n_items).

        Scores are not clipped to the scale, for that would make ties of the best items.
        """
        user_index = check_index(user_index, len(self.user_bias), "user_index")
        user_part = self.global_mean + _rows(self.user_bias, user_index)
        interaction = _rows(self.user_factors, user_index) @ self.item_factors.T
        return user_part[:, np.newaxis] + self.item_bias + interaction

    def predict(self, user_index: ArrayLike, item_index: ArrayLike) -> np.ndarray:
        """Predict the ratings of the pairs (user_index[n], item_index[n]): shape (n,), clipped."""
        user_index = check_index(user_index, len(self.user_bias), "user_index")
        item_index = check_index(item_index, len(self.item_bias), "item_index")
        bias = _rows(self.user_bias, user_index) + _rows(self.item_bias, item_index)
        user_factors = _rows(self.user_factors, user_index)
        item_factors = _rows(self.item_factors, item_index)
        interaction = np.einsum("nk,nk->n", user_factors, item_factors)
        return self.scale.clip(self.global_mean + bias + interaction)


def fit_global_mean(train: Interactions, scale: RatingScale) -> FactorModel:
    """Predict the mean training rating for every pair.

    Raises ValueError, as every fit here does, when the training part is empty, has ids that are
    `UNKNOWN`, or ratings that are not finite.
    """
    check_train(train)
    return FactorModel(
        float(train.rating.mean()),
        np.zeros(train.n_users),
        np.zeros(train.n_items),
        np.zeros((train.n_users, 0)),
        np.zeros((train.n_items, 0)),
        scale,
    )


def fit_biases(
    train: Interactions,
    scale: RatingScale,
    user_damping: float = 5.0,
    item_damping: float = 2.0,
    n_sweeps: int = 10,
) -> FactorModel:
    """Add to the global mean how far each user and each item lies from it.

    A bias is the sum of what the other parts leave over, divided by the number of ratings plus
    the damping: as if that many ratings of bias 0 had been seen as well, so that few ratings move
    it little. Each sweep finds all item biases, then all user biases; ten settle the RMSE on
    MovieLens 100K to three digits. An item without a rating has bias 0. Source: Koren (2010),
    "Factor in the neighbors", ACM TKDD 4(1), section 2.1.
    """
    if min(user_damping, item_damping) < 0:
        raise ValueError(
            f"user_damping is {user_damping} and item_damping {item_damping}, "
            "but a damping is 0 (none) or more"
        )
    model = fit_global_mean(train, scale)
    deviation = train.rating - model.global_mean
    user_bias, item_bias = model.user_bias, model.item_bias
    for _ in range(n_sweeps):
        left_over = deviation - user_bias[train.user_index]
        item_bias = _damped_mean(left_over, train.item_index, train.n_items, item_damping)
        left_over = deviation - item_bias[train.item_index]
        user_bias = _damped_mean(left_over, train.user_index, train.n_users, user_damping)
    return replace(model, user_bias=user_bias, item_bias=item_bias)


def fit_svd(
    train: Interactions,
    scale: RatingScale,
    n_factors: int,
    baseline: FactorModel | None = None,
) -> FactorModel:
    """Factorise what the baseline leaves over, its holes filled with 0, by a truncated SVD.

    `baseline`, by default ``fit_biases(train, scale)``, gives the mean and the biases; a hole
    filled with 0 then says "as the baseline predicts". Factors are U√Σ and V√Σ, in order of
    falling singular values, each sign such that the largest entry of its user factors is positive.
    Raises ValueError for more factors than the matrix has, or a baseline of other ratings. Source:
    Cremonesi, Koren, Turrin (2010), "Performance of recommender algorithms on top-N recommendation
    tasks", RecSys (PureSVD, which fills the ratings themselves with 0).
    """
    if not 1 <= n_factors <= min(train.n_users, train.n_items):
        raise ValueError(
            f"n_factors is {n_factors}, but a matrix of {train.n_users} users and "
            f"{train.n_items} items has 1 to {min(train.n_users, train.n_items)}"
        )
    if baseline is None:
        baseline = fit_biases(train, scale)
    left, singular, right = _truncated_svd(_residuals(train, baseline), n_factors)
    return _with_factors(baseline, left, singular, right, scale)


def fit_soft_impute(
    train: Interactions,
    scale: RatingScale,
    shrinkage: float,
    n_factors: int = 100,
    n_iterations: int = 15,
    baseline: FactorModel | None = None,
) -> FactorModel:
    """Factorise what the baseline leaves over, its holes filled with the estimate itself.

    Each iteration fills the holes with the current estimate, takes the SVD and subtracts
    `shrinkage` from the singular values; those that fall below 0 vanish, so that the shrinkage
    chooses the number of factors, at most `n_factors` (a warning says when that cap is what
    limits it). Memory: a few dense matrices of shape (n_users, n_items). `baseline` and factors
    as in `fit_svd`. Source: Mazumder, Hastie, Tibshirani (2010), "Spectral regularization
    algorithms for learning large incomplete matrices", JMLR 11; the momentum is that of Beck and
    Teboulle (2009), "A fast iterative shrinkage-thresholding algorithm", SIAM J. Imaging Sci. 2(1).
    """
    if shrinkage < 0 or n_factors < 1 or n_iterations < 1:
        raise ValueError(
            f"shrinkage is {shrinkage}, n_factors {n_factors} and n_iterations {n_iterations}, "
            "but they must be at least 0, 1 and 1"
        )
    if baseline is None:
        baseline = fit_biases(train, scale)
    residuals = _residuals(train, baseline)
    observed = residuals.tocoo()
    n_factors = min(n_factors, *residuals.shape)
    left, _, _ = _truncated_svd(residuals, n_factors)
    estimate = previous = np.zeros(residuals.shape)
    for step in range(n_iterations):
        filled = estimate + step / (step + 3) * (estimate - previous)
        filled[observed.row, observed.col] = observed.data
        left, singular, right = _refined_svd(filled, left)
        shrunk = np.maximum(singular - shrinkage, 0)
        previous, estimate = estimate, (left * shrunk) @ right
    n_left = np.count_nonzero(shrunk)
    if n_left == n_factors < min(residuals.shape):
        warnings.warn(
            f"all {n_factors} singular values exceed the shrinkage of {shrinkage}, so that "
            "n_factors limits the model too: raise n_factors, or shrink more",
            stacklevel=2,
        )
    return _with_factors(baseline, left[:, :n_left], shrunk[:n_left], right[:n_left], scale)


def check_train(train: Interactions) -> None:
    """Raise ValueError for ratings that nothing can be learnt from: see `fit_global_mean`."""
    unknown = np.count_nonzero(~train.known)
    if unknown:
        raise ValueError(
            f"{unknown} training ratings have an unknown user or item: "
            "index the training part without `like`"
        )
    if not len(train.rating):
        raise ValueError("there is no rating to learn from: the training part is empty")
    if not np.isfinite(train.rating).all():
        where = np.flatnonzero(~np.isfinite(train.rating))[0]
        raise ValueError(
            f"training rating {where} is {train.rating[where]}: leave out ratings without a number"
        )


def _rows(table: np.ndarray, index: np.ndarray) -> np.ndarray:
    """Rows of a table, and 0 where the index is UNKNOWN (as -1 it would be the last row)."""
    rows = table[index]
    rows[index == UNKNOWN] = 0
    return rows


def _damped_mean(values: np.ndarray, index: np.ndarray, size: int, damping: float) -> np.ndarray:
    """Sum of the values of each index, divided by their number plus the damping; 0 if no value."""
    total = np.bincount(index, weights=values, minlength=size)
    weight = np.bincount(index, minlength=size) + damping
    return np.divide(total, weight, out=np.zeros(size), where=weight > 0)


def _residuals(train: Interactions, baseline: FactorModel) -> csr_array:
    """What mean and biases leave over of each training rating: (n_users, n_items), holes 0."""
    check_train(train)
    shape = (len(baseline.user_bias), len(baseline.item_bias))
    if shape != (train.n_users, train.n_items):
        raise ValueError(
            f"the baseline knows {shape[0]} users and {shape[1]} items, the training part "
            f"{train.n_users} and {train.n_items}: fit both on the same ratings"
        )
    bias = baseline.user_bias[train.user_index] + baseline.item_bias[train.item_index]
    return replace(train, rating=train.rating - baseline.global_mean - bias).to_csr()


def _truncated_svd(matrix: csr_array, n_factors: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Find the `n_factors` largest singular values, falling, and their vectors: U, σ, Vᵀ."""
    if 2 * n_factors > min(matrix.shape) or not matrix.data.any():
        # The Lanczos method of svds finds a few values of a large matrix; near full rank, and on
        # a matrix of zeros, it fails.
        left, singular, right = np.linalg.svd(matrix.toarray(), full_matrices=False)
        return left[:, :n_factors], singular[:n_factors], right[:n_factors]
    # A fixed start makes every run the same; a random one is orthogonal to no factor we look for.
    start = np.random.default_rng(0).standard_normal(min(matrix.shape))
    left, singular, right = svds(matrix, n_factors, v0=start)
    falling = np.argsort(-singular)
    return left[:, falling], singular[falling], right[falling]


def _refined_svd(matrix: np.ndarray, left: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Improve approximate left singular vectors by one step of subspace iteration: U, σ, Vᵀ.

    Soft-impute's matrix changes little between iterations, so that one step from the vectors of
    the last keeps up with it, at a small part of the cost of an SVD from scratch.
    """
    right, _, _ = _tall_svd(matrix.T @ left)
    left, singular, rotation = _tall_svd(matrix @ right)
    return left, singular, (right @ rotation).T


def _tall_svd(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Find the SVD of a matrix with few columns, U, σ, V, without directions of length 0.

    By the eigenvectors of the small MᵀM: faster than LAPACK's SVD, above all on busy cores. It
    squares the singular values, so that those below 1e-6 of the largest would be noise.
    """
    squares, right = np.linalg.eigh(matrix.T @ matrix)
    squares, right = squares[::-1], right[:, ::-1]
    found = squares > 1e-12 * squares.max(initial=0)
    singular, right = np.sqrt(squares[found]), right[:, found]
    return matrix @ (right / singular), singular, right


def _with_factors(
    baseline: FactorModel,
    left: np.ndarray,
    singular: np.ndarray,
    right: np.ndarray,
    scale: RatingScale,
) -> FactorModel:
    left, right = svd_flip(left, right)
    weight = np.sqrt(singular)
    return replace(baseline, user_factors=left * weight, item_factors=right.T * weight, scale=scale)
