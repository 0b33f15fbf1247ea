"""The exercises of chapter 02, matrix factorisation in Keras."""

import numpy as np

from recsys_helpers.checks import Exercise

# No row twice and not row 0, so that each mistake looks the same however it is written; not the
# last row either, so that the number of rows cannot be read off the largest one.
INDEX, N_ROWS = np.array([3, 4, 1]), 6

# As many ratings as factors, so that a sum over the wrong axis is a wrong answer and not an error.
P = np.array([[0.5, -1.0, 0.2], [1.5, 0.3, -0.4], [-0.6, 0.8, 1.0]])
Q = np.array([[1.0, 0.4, -0.5], [0.2, 2.0, 0.5], [-1.0, 0.3, 0.7]])
USER_BIAS, ITEM_BIAS = np.array([0.3, -0.2, 0.1]), np.array([0.05, 0.4, -0.5])

# With a patience of 3: the best is epoch 7, epoch 9 is as good, training stops after epoch 10 and
# never sees epoch 19. What follows tells apart where the mistakes stop.
VALIDATION_RMSE = [
    *(1.00, 0.95, 0.97, 0.98, 0.93, 0.94, 0.92, 0.94, 0.92, 0.95),
    *(0.91, 0.92, 0.94, 0.93, 0.90, 0.91, 0.92, 0.93, 0.89, 0.90),
]


def _one_hot(index: np.ndarray, n_rows: int) -> np.ndarray:
    return np.eye(n_rows)[index]


def _every_row_alike(index: np.ndarray, n_rows: int) -> np.ndarray:
    matrix = np.zeros((len(index), n_rows))
    matrix[:, index] = 1
    return matrix


def _only_columns_that_occur(index: np.ndarray, n_rows: int) -> np.ndarray:
    return _one_hot(index, n_rows)[:, np.unique(index)]


def _dot(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    return np.sum(p * q, axis=1)


def _count_epochs(errors: list[float], patience: int) -> tuple[int, int]:
    """Return the best epoch and the epoch after which training stops, both counted from 1."""
    best = 0
    for epoch, error in enumerate(errors):
        if error < errors[best]:
            best = epoch
        elif epoch - best == patience:
            break
    return best + 1, epoch + 1


def _best_epoch(errors: list[float], patience: int) -> int:
    return _count_epochs(errors, patience)[0]


def _never_starts_to_count_anew(errors: list[float], patience: int) -> int:
    best, waited = 0, 0
    for epoch, error in enumerate(errors[1:], start=1):
        if error < errors[best]:
            best = epoch
        else:
            waited += 1
        if waited == patience:
            break
    return best + 1


def _worse_than_the_epoch_before(errors: list[float], patience: int) -> int:
    waited = 0
    for epoch in range(1, len(errors)):
        waited = waited + 1 if errors[epoch] >= errors[epoch - 1] else 0
        if waited == patience:
            break
    return int(np.argmin(errors[: epoch + 1])) + 1


def _a_tie_is_an_improvement(errors: list[float], patience: int) -> int:
    best = 0
    for epoch, error in enumerate(errors):
        if error <= errors[best]:
            best = epoch
        elif epoch - best == patience:
            break
    return best + 1


def _combine(batch_rmse: np.ndarray, batch_size: np.ndarray) -> float:
    return float(np.sqrt(np.average(batch_rmse**2, weights=batch_size)))


EXERCISES = {
    "mf-one-hot": Exercise(
        arguments=(INDEX, N_ROWS),
        right=_one_hot,
        mistakes={
            "transposed": lambda index, n: _one_hot(index, n).T,
            "from-one": lambda index, n: _one_hot(index - 1, n),
            "one-vector": lambda index, n: _one_hot(index, n).sum(axis=0),
            "every-row": _every_row_alike,
            "identity": lambda index, n: np.eye(n),
            "diagonal": lambda index, n: np.eye(len(index), n),
            "only-occurring": _only_columns_that_occur,
            "to-largest": lambda index, n: _one_hot(index, max(index) + 1),
        },
    ),
    "mf-count": Exercise(
        arguments=(11, 6, 4),
        right=lambda n_users, n_items, k: (n_users + n_items) * (k + 1),
        mistakes={
            "no-biases": lambda n_users, n_items, k: (n_users + n_items) * k,
            "one-bias": lambda n_users, n_items, k: (n_users + n_items) * k + 1,
            "bias-per-table": lambda n_users, n_items, k: (n_users + n_items) * k + 2,
            "user-biases": lambda n_users, n_items, k: (n_users + n_items) * k + n_users,
            "mean": lambda n_users, n_items, k: (n_users + n_items) * (k + 1) + 1,
            "users-only": lambda n_users, n_items, k: n_users * (k + 1),
            "multiplied": lambda n_users, n_items, k: n_users * n_items * (k + 1),
            "parentheses": lambda n_users, n_items, k: n_users + n_items * (k + 1),
            "extra-row": lambda n_users, n_items, k: (n_users + 1 + n_items + 1) * (k + 1),
        },
    ),
    "mf-batch": Exercise(
        arguments=(P, Q, USER_BIAS, ITEM_BIAS, 3.5),
        right=lambda p, q, b_u, b_i, mean: mean + b_u + b_i + _dot(p, q),
        mistakes={
            "every-pair": lambda p, q, b_u, b_i, mean: mean + b_u + b_i + p @ q.T,
            "matrix-product": lambda p, q, b_u, b_i, mean: mean + b_u + b_i + p @ q,
            "one-number": lambda p, q, b_u, b_i, mean: mean + b_u + b_i + np.sum(p * q),
            "wrong-axis": lambda p, q, b_u, b_i, mean: mean + b_u + b_i + np.sum(p * q, axis=0),
            "not-summed": lambda p, q, b_u, b_i, mean: mean + b_u + b_i + p * q,
            "inside-the-sum": lambda p, q, b_u, b_i, mean: _dot(mean + b_u + b_i + p * q, 1),
            "column": lambda p, q, b_u, b_i, mean: mean + b_u + b_i + _dot(p, q)[:, None],
            "no-mean": lambda p, q, b_u, b_i, mean: b_u + b_i + _dot(p, q),
            "no-biases": lambda p, q, b_u, b_i, mean: mean + _dot(p, q),
            "dot-only": lambda p, q, b_u, b_i, mean: _dot(p, q),
        },
    ),
    "mf-penalty": Exercise(
        arguments=(3.0, 40),
        right=lambda shrinkage, n: shrinkage / n,
        mistakes={
            "undivided": lambda shrinkage, n: shrinkage,
            "as-printed": lambda shrinkage, n: shrinkage / 2,
            "multiplied": lambda shrinkage, n: shrinkage * n,
            "half": lambda shrinkage, n: shrinkage / (2 * n),
            "double": lambda shrinkage, n: 2 * shrinkage / n,
            "upside-down": lambda shrinkage, n: n / shrinkage,
        },
    ),
    "mf-early-stopping": Exercise(
        arguments=(VALIDATION_RMSE, 3),
        right=_best_epoch,
        mistakes={
            # This is also what one gets by being patient for one epoch too many.
            "never-reached": lambda errors, patience: int(np.argmin(errors)) + 1,
            "from-zero": lambda errors, patience: _best_epoch(errors, patience) - 1,
            "stopped": lambda errors, patience: _count_epochs(errors, patience)[1],
            "last": lambda errors, patience: len(errors),
            "too-early": lambda errors, patience: _best_epoch(errors, patience - 1),
            "not-anew": _never_starts_to_count_anew,
            "epoch-before": _worse_than_the_epoch_before,
            "tie": _a_tie_is_an_improvement,
            "error": lambda errors, patience: errors[_best_epoch(errors, patience) - 1],
        },
    ),
    "mf-batch-rmse": Exercise(
        arguments=(np.array([0.8, 1.2, 0.7]), np.array([4, 4, 2])),
        right=_combine,
        mistakes={
            "mean": lambda rmse, size: np.mean(rmse),
            "weighted": lambda rmse, size: np.average(rmse, weights=size),
            "not-squared": lambda rmse, size: np.sqrt(np.average(rmse, weights=size)),
            "unweighted": lambda rmse, size: np.sqrt(np.mean(rmse**2)),
            "size-squared": lambda rmse, size: np.sqrt(np.sum((size * rmse) ** 2) / np.sum(size)),
            "no-root": lambda rmse, size: _combine(rmse, size) ** 2,
            "not-divided": lambda rmse, size: np.sqrt(np.sum(size * rmse**2)),
            "outside-the-root": lambda rmse, size: np.sqrt(np.sum(size * rmse**2)) / np.sum(size),
            "batches": lambda rmse, size: np.sqrt(np.mean(size * rmse**2)),
        },
    ),
}
