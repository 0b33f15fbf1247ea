"""The exercises of chapter 03, the deep model with metadata."""

import numpy as np

from recsys_helpers.checks import Exercise

# As many pairs as inputs and units, so that a matrix that is turned round, or a maximum over the
# batch, is a wrong answer and not an error. Of the sums before ReLU some are below 0, some above 1.
X = np.array([[1.0, -0.5, 2.0], [0.3, 1.5, -1.0], [-0.7, 0.4, 0.6]])
W = np.array([[0.8, -1.2, 0.5], [0.1, 0.9, -0.6], [0.4, 0.2, -0.9]])
C = np.array([0.2, -0.4, 0.3])

W1, C1 = np.array([[1.0, 2.0], [-0.5, 0.3]]), np.array([0.4, -1.0])
W2, C2 = np.array([[0.6, -0.2], [1.5, 0.7]]), np.array([-0.3, 0.5])

# "Music" is a part of "Musical", Western is in nobody's vocabulary, and the order is not the
# alphabet's.
GENRES = ["Comedy|Musical", "", "Western|War", "Music|Comedy", "War"]
VOCABULARY = ["War", "Musical", "Comedy", "Music"]

# In the training set and outside it, some years are known and one is missing.
YEAR = np.array([1994.0, 1968.0, np.nan, 1996.0, 1939.0, np.nan, 1989.0, 1998.0])
IN_TRAINING = np.array([True, True, True, True, False, False, True, False])

# As many facts as factors. The first fact is a number, such as a year, the others are genres.
P_U = np.array([0.5, -1.0, 0.8])
FACT_VECTORS = np.array([[0.3, -0.2, -0.1], [-0.4, 0.6, 0.5], [0.9, -0.3, 0.2]])
FACTS = np.array([-1.5, 0.0, 1.0])

# As many users as items, for whoever leaves out users. One item has just as many as it needs.
SCORES = np.array(
    [[3.9, 4.2, 4.8, 3.1], [2.5, 3.3, -0.2, 4.0], [4.4, 3.6, 5.1, 2.9], [3.0, 4.7, 3.8, 4.1]]
)
N_RATINGS, AT_LEAST = np.array([120, 20, 3, 19]), 20


def _relu(z: np.ndarray) -> np.ndarray:
    return np.maximum(z, 0)


def _multi_hot(genres: list[str], vocabulary: list[str]) -> np.ndarray:
    return np.array([[name in film.split("|") for name in vocabulary] for film in genres], float)


def _with_unknown(genres: list[str], vocabulary: list[str]) -> np.ndarray:
    """As Keras' StringLookup does unless told not to."""
    unknown = [[any(set(film.split("|")) - {"", *vocabulary})] for film in genres]
    return np.hstack([unknown, _multi_hot(genres, vocabulary)])


def _shares(genres: list[str], vocabulary: list[str]) -> np.ndarray:
    matrix = _multi_hot(genres, vocabulary)
    return matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)


def _scale(year: np.ndarray, of: np.ndarray, ddof: int = 0) -> np.ndarray:
    return (year - np.nanmean(of)) / np.nanstd(of, ddof=ddof)


def _scale_year(year: np.ndarray, in_training: np.ndarray) -> np.ndarray:
    return np.nan_to_num(_scale(year, year[in_training]))


def _filled_with_mean(year: np.ndarray, in_training: np.ndarray) -> np.ndarray:
    filled = np.where(np.isnan(year), np.nanmean(year[in_training]), year)
    return _scale(filled, filled[in_training])


def _filled_with_zero(year: np.ndarray, in_training: np.ndarray) -> np.ndarray:
    filled = np.nan_to_num(year)
    return _scale(filled, filled[in_training])


def _fact_parts(p_u: np.ndarray, vectors: np.ndarray, facts: np.ndarray) -> np.ndarray:
    return facts * (vectors @ p_u)


def _with_support(
    scores: np.ndarray, n_ratings: np.ndarray, at_least: int, otherwise: float = -np.inf
) -> np.ndarray:
    return np.where(n_ratings >= at_least, scores, otherwise)


EXERCISES = {
    "deep-dense": Exercise(
        arguments=(X, W, C),
        right=lambda x, weights, c: _relu(x @ weights + c),
        mistakes={
            "linear": lambda x, weights, c: x @ weights + c,
            "constants-after": lambda x, weights, c: _relu(x @ weights) + c,
            "no-constants": lambda x, weights, c: _relu(x @ weights),
            "transposed": lambda x, weights, c: _relu(x @ weights.T + c),
            "swapped": lambda x, weights, c: _relu(weights @ x + c),
            "elementwise": lambda x, weights, c: _relu(x * weights + c),
            "inputs": lambda x, weights, c: _relu(x) @ weights + c,
            "absolute": lambda x, weights, c: np.abs(x @ weights + c),
            "negative": lambda x, weights, c: np.minimum(x @ weights + c, 0),
            "to-one": lambda x, weights, c: np.clip(x @ weights + c, 0, 1),
            "on-or-off": lambda x, weights, c: x @ weights + c > 0,
            "over-the-batch": lambda x, weights, c: np.max(x @ weights + c, 0),
            "one-number": lambda x, weights, c: np.max(x @ weights + c),
        },
    ),
    "deep-fold": Exercise(
        arguments=(W1, C1, W2, C2),
        right=lambda w1, c1, w2, c2: (w1 @ w2, c1 @ w2 + c2),
        mistakes={
            "constants-added": lambda w1, c1, w2, c2: (w1 @ w2, c1 + c2),
            "second-constants": lambda w1, c1, w2, c2: (w1 @ w2, c2),
            "first-constants": lambda w1, c1, w2, c2: (w1 @ w2, c1 @ w2),
            "constants-multiplied": lambda w1, c1, w2, c2: (w1 @ w2, c1 * c2),
            "constants-through-first": lambda w1, c1, w2, c2: (w1 @ w2, c1 @ w1 + c2),
            "constants-through-both": lambda w1, c1, w2, c2: (w1 @ w2, c1 @ w1 @ w2 + c2),
            "constants-left": lambda w1, c1, w2, c2: (w1 @ w2, w2 @ c1 + c2),
            "order": lambda w1, c1, w2, c2: (w2 @ w1, c1 @ w2 + c2),
            "elementwise": lambda w1, c1, w2, c2: (w1 * w2, c1 @ w2 + c2),
            "weights-added": lambda w1, c1, w2, c2: (w1 + w2, c1 @ w2 + c2),
            "pair-swapped": lambda w1, c1, w2, c2: (c1 @ w2 + c2, w1 @ w2),
        },
    ),
    "deep-multi-hot": Exercise(
        arguments=(GENRES, VOCABULARY),
        right=_multi_hot,
        mistakes={
            "first-only": lambda genres, names: _multi_hot(
                [g.split("|")[0] for g in genres], names
            ),
            "last-only": lambda genres, names: _multi_hot(
                [g.split("|")[-1] for g in genres], names
            ),
            "whole-text": lambda genres, names: [[name == g for name in names] for g in genres],
            "part-of-text": lambda genres, names: [[name in g for name in names] for g in genres],
            "shares": _shares,
            "transposed": lambda genres, names: _multi_hot(genres, names).T,
            "sorted": lambda genres, names: _multi_hot(genres, sorted(names)),
            "unknown-column": _with_unknown,
            "no-genre": lambda genres, names: _multi_hot(list(filter(None, genres)), names),
            "one-vector": lambda genres, names: _multi_hot(genres, names).sum(axis=0),
        },
    ),
    "deep-year": Exercise(
        arguments=(YEAR, IN_TRAINING),
        right=_scale_year,
        mistakes={
            "all-films": lambda year, in_training: np.nan_to_num(_scale(year, year)),
            "nan-left": lambda year, in_training: _scale(year, year[in_training]),
            "all-nan": lambda year, in_training: np.full_like(year, np.nan),
            "all-zero": lambda year, in_training: np.zeros_like(year),
            "filled-with-mean": _filled_with_mean,
            "filled-with-zero": _filled_with_zero,
            "ddof": lambda year, in_training: np.nan_to_num(
                _scale(year, year[in_training], ddof=1)
            ),
            "centred": lambda year, in_training: np.nan_to_num(
                year - np.nanmean(year[in_training])
            ),
            "variance": lambda year, in_training: np.nan_to_num(
                _scale(year, year[in_training]) / np.nanstd(year[in_training])
            ),
            "training-only": lambda year, in_training: _scale_year(year, in_training)[in_training],
            "dropped": lambda year, in_training: _scale_year(year, in_training)[~np.isnan(year)],
        },
    ),
    "deep-explain": Exercise(
        arguments=(P_U, FACT_VECTORS, FACTS),
        right=_fact_parts,
        mistakes={
            "sum": lambda p_u, vectors, facts: facts @ vectors @ p_u,
            "no-facts": lambda p_u, vectors, facts: vectors @ p_u,
            "present": lambda p_u, vectors, facts: (facts != 0) * (vectors @ p_u),
            "only-present": lambda p_u, vectors, facts: _fact_parts(p_u, vectors, facts)[
                facts != 0
            ],
            "transposed": lambda p_u, vectors, facts: facts * (p_u @ vectors),
            # What Python makes of `facts * W @ p_u`.
            "columns": lambda p_u, vectors, facts: (facts * vectors) @ p_u,
            "by-factor": lambda p_u, vectors, facts: (facts @ vectors) * p_u,
            "not-summed": lambda p_u, vectors, facts: facts[:, None] * vectors * p_u,
            "no-user": lambda p_u, vectors, facts: facts * vectors.sum(axis=1),
            "absolute": lambda p_u, vectors, facts: np.abs(_fact_parts(p_u, vectors, facts)),
            "shares": lambda p_u, vectors, facts: (
                _fact_parts(p_u, vectors, facts) / (facts @ vectors @ p_u)
            ),
        },
    ),
    "deep-support": Exercise(
        arguments=(SCORES, N_RATINGS, AT_LEAST),
        right=_with_support,
        mistakes={
            "more-than": lambda scores, n, least: _with_support(scores, n, least + 1),
            "zeros": lambda scores, n, least: _with_support(scores, n, least, 0),
            "nan": lambda scores, n, least: _with_support(scores, n, least, np.nan),
            "plus": lambda scores, n, least: _with_support(scores, n, least, np.inf),
            "other-way-round": lambda scores, n, least: np.where(n < least, scores, -np.inf),
            "users": lambda scores, n, least: _with_support(scores, n[:, None], least),
            "removed": lambda scores, n, least: scores[:, n >= least],
            "multiplied": lambda scores, n, least: scores * n,
            "score": lambda scores, n, least: np.where(scores < least, -np.inf, scores),
            "mask": lambda scores, n, least: n >= least,
        },
    ),
}
