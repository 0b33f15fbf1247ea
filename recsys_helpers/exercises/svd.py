"""The exercises of chapter 01, SVD."""

import numpy as np

from recsys_helpers.checks import Exercise

HOLE = np.nan
MATRIX = np.array([[5.0, 3.0, HOLE, 1.0], [4.0, HOLE, 2.0, HOLE], [HOLE, 1.0, 5.0, 4.0]])
FULL = np.array([[4.0, 1.0, 0.0, 2.0], [1.0, 3.0, 1.0, 0.0], [0.0, 2.0, 5.0, 1.0]])
P, Q = np.array([1.0, -0.5]), np.array([0.5, 2.0])


def _centred(matrix: np.ndarray) -> np.ndarray:
    return np.nan_to_num(matrix - np.nanmean(matrix, axis=1, keepdims=True))


def _holes_as_zeros(matrix: np.ndarray) -> np.ndarray:
    mean = np.nan_to_num(matrix).mean(axis=1, keepdims=True)
    return np.nan_to_num(matrix - mean)


def _low_rank(matrix: np.ndarray, rank: int) -> np.ndarray:
    u, s, vt = np.linalg.svd(matrix, full_matrices=False)
    return (u[:, :rank] * s[:rank]) @ vt[:rank]


def _smallest(matrix: np.ndarray, rank: int) -> np.ndarray:
    u, s, vt = np.linalg.svd(matrix, full_matrices=False)
    return (u[:, -rank:] * s[-rank:]) @ vt[-rank:]


def _without_singular_values(matrix: np.ndarray, rank: int) -> np.ndarray:
    u, _, vt = np.linalg.svd(matrix, full_matrices=False)
    return u[:, :rank] @ vt[:rank]


def _singular_values_twice(matrix: np.ndarray, rank: int) -> np.ndarray:
    u, s, vt = np.linalg.svd(matrix, full_matrices=False)
    return (u[:, :rank] * s[:rank] ** 2) @ vt[:rank]


def _gradient_step(p, q, rating, learning_rate, penalty):
    error = rating - p @ q
    return (
        p + learning_rate * (error * q - penalty * p),
        q + learning_rate * (error * p - penalty * q),
    )


def _one_after_the_other(p, q, rating, learning_rate, penalty):
    error = rating - p @ q
    p = p + learning_rate * (error * q - penalty * p)
    return p, q + learning_rate * (error * p - penalty * q)


EXERCISES = {
    "svd-centre": Exercise(
        arguments=(MATRIX,),
        right=_centred,
        mistakes={
            "holes-as-zeros": _holes_as_zeros,
            "item-means": lambda m: np.nan_to_num(m - np.nanmean(m, axis=0, keepdims=True)),
            "global-mean": lambda m: np.nan_to_num(m - np.nanmean(m)),
            "holes-not-zero": lambda m: np.nan_to_num(m) - np.nanmean(m, axis=1, keepdims=True),
            "holes-left": lambda m: m - np.nanmean(m, axis=1, keepdims=True),
            "filled-not-centred": lambda m: np.where(
                np.isnan(m), np.nanmean(m, axis=1, keepdims=True), m
            ),
        },
    ),
    "svd-low-rank": Exercise(
        arguments=(FULL, 2),
        right=_low_rank,
        mistakes={
            "smallest": _smallest,
            "no-singular-values": _without_singular_values,
            "squared": _singular_values_twice,
        },
    ),
    "svd-choose-rank": Exercise(
        arguments=(
            [4, 8, 16, 32, 64, 128],
            [0.93, 0.91, 0.88, 0.83, 0.75, 0.62],
            [0.99, 0.94, 0.92, 0.93, 0.95, 0.97],
        ),
        right=lambda ranks, train, validation: ranks[int(np.argmin(validation))],
        mistakes={
            "train": lambda ranks, train, validation: ranks[int(np.argmin(train))],
            "position": lambda ranks, train, validation: int(np.argmin(validation)),
            "smallest": lambda ranks, train, validation: ranks[0],
            "error": lambda ranks, train, validation: min(validation),
        },
    ),
    "svd-soft-threshold": Exercise(
        arguments=(np.array([9.0, 5.0, 3.0, 0.5]), 2.0),
        right=lambda s, shrinkage: np.maximum(s - shrinkage, 0),
        mistakes={
            "negative": lambda s, shrinkage: s - shrinkage,
            "hard": lambda s, shrinkage: np.where(s > shrinkage, s, 0),
            "dropped": lambda s, shrinkage: (s - shrinkage)[s > shrinkage],
        },
    ),
    "svd-gradient-step": Exercise(
        arguments=(P, Q, 4.0, 0.1, 0.02),
        right=_gradient_step,
        mistakes={
            "one-after-the-other": _one_after_the_other,
            "too-long": lambda p, q, r, rate, penalty: _gradient_step(p, q, r, 2 * rate, penalty),
            "penalty-grows": lambda p, q, r, rate, penalty: _gradient_step(p, q, r, rate, -penalty),
            "uphill": lambda p, q, r, rate, penalty: _gradient_step(p, q, r, -rate, penalty),
            "no-penalty": lambda p, q, r, rate, penalty: _gradient_step(p, q, r, rate, 0.0),
        },
    ),
}
