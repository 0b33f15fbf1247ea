"""The exercises of chapter 04, similarity."""

import numpy as np

from recsys_helpers.checks import Exercise

# As many films as factors, so that a sum over the wrong axis is a wrong answer and not an error.
# All lengths are whole numbers, and one of them is 0.
VECTOR = np.array([1.0, 2.0, 2.0, 4.0])
TABLE = np.array(
    [[0.0, 3.0, 0.0, 4.0], [0.0, 0.0, 0.0, 0.0], [2.0, -4.0, 4.0, -8.0], [1.0, 1.0, 1.0, 1.0]]
)

# From dot products, the squared distance of the first two rows comes out below 0, in whatever
# order one adds. The lengths of the others are whole numbers: no rounding there, on no machine.
NEAR_TWINS = np.array(
    [[0.3, 0.0, 0.0, 0.0], [0.300000001, 0.0, 0.0, 0.0], [0.0, 3.0, 4.0, 0.0], [1.0, 2.0, 2.0, 4.0]]
)

# The direction has length 3. One row lies along it, one at right angles to it, one in between.
ROWS = np.array([[4.0, -2.0, 4.0], [1.0, 4.0, 1.0], [5.0, 1.0, 3.0]])
DIRECTION = np.array([2.0, -1.0, 2.0])

# Kept are 3 of 4, 1 of 3 and 3 of 3; one row had no neighbours before. Each of the old neighbours
# is in somebody's new list.
BEFORE = np.array([[3, 1, 4, 2], [5, 2, 7, -1], [-1, -1, -1, -1], [6, 0, 5, -1]])
AFTER = np.array([[1, 3, 5, 2], [7, 0, 9, -1], [4, 6, 0, 3], [6, 5, 0, 8]])

# The weights are 5/13, 4/5, 0, 1/2, 3/5 and 4/5. Film 3 scores higher with film 1 than with itself.
# Films 0 and 4 have fewer than three rated neighbours with a positive cosine, so that a film whose
# weight is 0 would come among the first three.
COSINE = np.array(
    [
        [1.00, 0.40, 0.85, 0.10, -0.65, -0.30],
        [0.40, 1.00, 0.80, 0.75, -0.35, 0.65],
        [0.85, 0.80, 1.00, 0.60, -0.70, 0.10],
        [0.10, 0.75, 0.60, 1.00, -0.60, 0.30],
        [-0.65, -0.35, -0.70, -0.60, 1.00, 0.45],
        [-0.30, 0.65, 0.10, 0.30, 0.45, 1.00],
    ]
)
SUPPORT, SHRINKAGE = np.array([25, 256, 0, 48, 81, 256]), 144

# Films 1 and 4 are at right angles, and one is four times as long as the other. Two films lie
# between them, nearer to the sum than they are themselves.
FILMS = np.array(
    [
        [8.0, 4.0, -1.0],
        [0.0, 8.0, 0.0],
        [-3.0, 6.0, 2.0],
        [0.0, 4.0, -3.0],
        [0.0, 0.0, 2.0],
        [3.0, -2.0, 6.0],
        [-3.0, 0.0, -4.0],
        [0.0, 3.0, 4.0],
    ]
)


def _lengths(table: np.ndarray) -> np.ndarray:
    return np.linalg.norm(table, axis=1)


def _over(dots: np.ndarray, lengths: np.ndarray, otherwise: float = 0.0) -> np.ndarray:
    return np.where(lengths > 0, dots / np.where(lengths > 0, lengths, 1), otherwise)


def _cosine_to_all(vector: np.ndarray, table: np.ndarray, no_direction: float = 0.0) -> np.ndarray:
    return _over(table @ vector, _lengths(table) * np.linalg.norm(vector), no_direction)


def _squares(table: np.ndarray, axis: int = 1) -> np.ndarray:
    return np.sum(table**2, axis=axis)


def _distances(
    squares: np.ndarray, table: np.ndarray, times: float = 2, below: float = 0.0
) -> np.ndarray:
    squared = squares[:, np.newaxis] + squares - times * table @ table.T
    return _root(squared, below)


def _root(squared: np.ndarray, below: float = 0.0) -> np.ndarray:
    """Take the root, and `below` in its place where NumPy would warn and give NaN."""
    return np.where(squared < 0, below, np.sqrt(np.maximum(squared, 0)))


def _without(table: np.ndarray, direction: np.ndarray, of: float) -> np.ndarray:
    return table - np.outer(table @ direction, direction) / of


def _without_direction(table: np.ndarray, direction: np.ndarray) -> np.ndarray:
    return _without(table, direction, direction @ direction)


def _neighbours(row: np.ndarray) -> set[int]:
    return set(row.tolist()) - {-1}


def _kept(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    rows = zip(before, after, strict=True)
    return np.array([len(_neighbours(old) & _neighbours(new)) for old, new in rows])


def _number(lists: np.ndarray) -> np.ndarray:
    return np.sum(lists != -1, axis=1)


def _shares(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Return the share kept of each row that had neighbours."""
    had = _number(before) > 0
    return (_kept(before, after) / np.maximum(_number(before), 1))[had]


def _share_kept(before: np.ndarray, after: np.ndarray) -> float:
    return np.mean(_shares(before, after))


def _in_either(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    return _number(before) + _number(after) - _kept(before, after)


def _share_with_padding(before: np.ndarray, after: np.ndarray) -> float:
    rows = zip(before, after, strict=True)
    return np.mean([np.isin(old, new).mean() for old, new in rows])


def _weight(support: np.ndarray, shrinkage: float) -> np.ndarray:
    return np.sqrt(support / (support + shrinkage))


def _best(score: np.ndarray, k: int) -> np.ndarray:
    return np.argsort(-score, kind="stable")[..., :k]


def _others(score: np.ndarray) -> np.ndarray:
    return np.where(np.eye(len(score), dtype=bool), -np.inf, score)


def _rated(score: np.ndarray, support: np.ndarray) -> np.ndarray:
    return np.where(support > 0, score, -np.inf)


def _shrunk(cosine: np.ndarray, support: np.ndarray, weight: np.ndarray | float) -> np.ndarray:
    return _others(_rated(cosine * weight, support))


def _shrunk_neighbours(
    cosine: np.ndarray, support: np.ndarray, shrinkage: float, k: int
) -> np.ndarray:
    return _best(_shrunk(cosine, support, _weight(support, shrinkage)), k)


def _without_column_of_itself(
    cosine: np.ndarray, support: np.ndarray, shrinkage: float, k: int
) -> np.ndarray:
    scores = _rated(cosine * _weight(support, shrinkage), support)
    return np.array([_best(np.delete(row, film), k) for film, row in enumerate(scores)])


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / _lengths(vectors)[:, np.newaxis]


def _both(vectors: np.ndarray, a: int, b: int) -> np.ndarray:
    """Return scores in the order of the cosine with the sum of the two unit vectors."""
    unit = _unit(vectors)
    return unit @ (unit[a] + unit[b])


def _best_but(score: np.ndarray, films: list[int], k: int) -> np.ndarray:
    return _best(np.where(np.isin(np.arange(len(score)), films), -np.inf, score), k)


def _for_two(vectors: np.ndarray, a: int, b: int, k: int) -> np.ndarray:
    return _best_but(_both(vectors, a, b), [a, b], k)


def _to_each(vectors: np.ndarray, a: int, b: int) -> np.ndarray:
    unit = _unit(vectors)
    return unit @ unit[[a, b]].T


EXERCISES = {
    "similarity-cosine": Exercise(
        arguments=(VECTOR, TABLE),
        right=_cosine_to_all,
        mistakes={
            "dot": lambda vector, table: table @ vector,
            "rows-only": lambda vector, table: _over(table @ vector, _lengths(table)),
            "vector-only": lambda vector, table: table @ vector / np.linalg.norm(vector),
            "no-root": lambda vector, table: _over(
                table @ vector, _squares(table) * (vector @ vector)
            ),
            "nan": lambda vector, table: _cosine_to_all(vector, table, no_direction=np.nan),
            "dropped": lambda vector, table: _cosine_to_all(vector, table[_lengths(table) > 0]),
            "columns": lambda vector, table: _cosine_to_all(vector, table.T),
            "axis": lambda vector, table: _over(
                table @ vector, _lengths(table.T) * np.linalg.norm(vector)
            ),
            "whole-table": lambda vector, table: (
                table @ vector / (np.linalg.norm(table) * np.linalg.norm(vector))
            ),
            "one-minus": lambda vector, table: 1 - _cosine_to_all(vector, table),
            "distance": lambda vector, table: _lengths(table - vector),
        },
    ),
    "similarity-distances": Exercise(
        arguments=(NEAR_TWINS,),
        right=lambda table: _distances(_squares(table), table),
        mistakes={
            "nan": lambda table: _distances(_squares(table), table, below=np.nan),
            "squared": lambda table: _distances(_squares(table), table) ** 2,
            "once": lambda table: _distances(_squares(table), table, times=1),
            "plus": lambda table: _distances(_squares(table), table, times=-2),
            "products": lambda table: table @ table.T,
            "not-paired": lambda table: _root(2 * _squares(table) - 2 * table @ table.T),
            "not-paired-nan": lambda table: _root(
                2 * _squares(table) - 2 * table @ table.T, below=np.nan
            ),
            "lengths": lambda table: _distances(_lengths(table), table),
            "axis": lambda table: _distances(_squares(table, axis=0), table),
            "columns": lambda table: _distances(_squares(table.T), table.T),
            "half": lambda table: np.triu(_distances(_squares(table), table)),
            "absolute": lambda table: np.abs(table[:, np.newaxis] - table).sum(axis=2),
        },
    ),
    "similarity-direction": Exercise(
        arguments=(ROWS, DIRECTION),
        right=_without_direction,
        mistakes={
            "length": lambda table, d: _without(table, d, of=1),
            "length-once": lambda table, d: _without(table, d, of=np.linalg.norm(d)),
            "removed": lambda table, d: table - _without_direction(table, d),
            "dots": lambda table, d: table @ d,
            "whole-direction": lambda table, d: table - d,
            "unit-direction": lambda table, d: table - d / np.linalg.norm(d),
            "added": lambda table, d: _without(table, d, of=-(d @ d)),
            "not-paired": lambda table, d: table - (table @ d) * d / (d @ d),
            "transposed": lambda table, d: table - np.outer(d, table @ d) / (d @ d),
            "columns": lambda table, d: table - np.outer(d @ table, d) / (d @ d),
            "mean": lambda table, d: table - np.mean(table, axis=0),
        },
    ),
    "similarity-kept": Exercise(
        arguments=(BEFORE, AFTER),
        right=_share_kept,
        mistakes={
            "places": lambda before, after: np.mean(before == after),
            "padding": _share_with_padding,
            "whole-table": lambda before, after: np.mean(np.isin(before, after)),
            "k": lambda before, after: (
                np.mean(_kept(before, after)[_number(before) > 0]) / before.shape[1]
            ),
            "k-and-empty": lambda before, after: np.mean(_kept(before, after)) / before.shape[1],
            "empty-as-0": lambda before, after: np.sum(_shares(before, after)) / len(before),
            "empty-as-1": lambda before, after: np.mean(
                [*_shares(before, after), *np.ones(np.sum(_number(before) == 0))]
            ),
            "nan": lambda before, after: np.nan,
            "pooled": lambda before, after: np.sum(_kept(before, after)) / np.sum(_number(before)),
            "swapped": lambda before, after: _share_kept(after, before),
            "of-after": lambda before, after: np.mean(
                (_kept(before, after) / _number(after))[_number(before) > 0]
            ),
            "of-either": lambda before, after: np.mean(
                (_kept(before, after) / _in_either(before, after))[_number(before) > 0]
            ),
            "lost": lambda before, after: 1 - _share_kept(before, after),
            "number": lambda before, after: np.mean(_kept(before, after)[_number(before) > 0]),
            "each-row": _shares,
        },
    ),
    "similarity-shrink": Exercise(
        arguments=(COSINE, SUPPORT, SHRINKAGE, 3),
        right=_shrunk_neighbours,
        mistakes={
            "nobody-out": lambda cosine, n, shrinkage, k: _best(cosine * _weight(n, shrinkage), k),
            "itself": lambda cosine, n, shrinkage, k: _best(
                _rated(cosine * _weight(n, shrinkage), n), k
            ),
            "unrated": lambda cosine, n, shrinkage, k: _best(
                _others(cosine * _weight(n, shrinkage)), k
            ),
            "itself-0": lambda cosine, n, shrinkage, k: _best(
                _rated(cosine * _weight(n, shrinkage) * (1 - np.eye(len(cosine))), n), k
            ),
            "first-skipped": lambda cosine, n, shrinkage, k: _best(
                _rated(cosine * _weight(n, shrinkage), n), k + 1
            )[:, 1:],
            "no-shrinkage": lambda cosine, n, shrinkage, k: _best(_others(cosine), k),
            # What counts the support of film i and not that of its neighbour j comes to the same.
            "no-weight": lambda cosine, n, shrinkage, k: _best(_shrunk(cosine, n, 1), k),
            "no-denominator": lambda cosine, n, shrinkage, k: _best(
                _shrunk(cosine, n, np.sqrt(n)), k
            ),
            "no-root": lambda cosine, n, shrinkage, k: _best(
                _shrunk(cosine, n, n / (n + shrinkage)), k
            ),
            "upside-down": lambda cosine, n, shrinkage, k: _best(
                _shrunk(cosine, n, np.sqrt(shrinkage / (n + shrinkage))), k
            ),
            "support": lambda cosine, n, shrinkage, k: _best(_shrunk(cosine, n, n), k),
            "renumbered": lambda cosine, n, shrinkage, k: _best(
                _others(cosine * _weight(n, shrinkage))[:, n > 0], k
            ),
            "renumbered-itself": _without_column_of_itself,
            "reversed": lambda *arguments: _shrunk_neighbours(*arguments)[:, ::-1],
            "lowest": lambda cosine, n, shrinkage, k: _best(
                _shrunk(-cosine, n, _weight(n, shrinkage)), k
            ),
            "scores": lambda cosine, n, shrinkage, k: (
                -np.sort(-_shrunk(cosine, n, _weight(n, shrinkage)))[:, :k]
            ),
        },
    ),
    "similarity-both": Exercise(
        arguments=(FILMS, 1, 4, 3),
        right=_for_two,
        mistakes={
            # The two score the same, so that which of them comes first depends on how one sorts.
            "a-itself": lambda vectors, a, b, k: _best_but(_both(vectors, a, b), [], k),
            "b-itself": lambda vectors, a, b, k: _best_but(_both(vectors, a, b), [a], k),
            "two-skipped": lambda vectors, a, b, k: _best(_both(vectors, a, b), k + 2)[2:],
            "two-skipped-turned": lambda vectors, a, b, k: np.argsort(
                _both(vectors, a, b), kind="stable"
            )[::-1][2 : k + 2],
            "lengths-in-sum": lambda vectors, a, b, k: _best_but(
                _unit(vectors) @ (vectors[a] + vectors[b]), [a, b], k
            ),
            "lengths-of-films": lambda vectors, a, b, k: _best_but(
                vectors @ (_unit(vectors)[a] + _unit(vectors)[b]), [a, b], k
            ),
            "lengths": lambda vectors, a, b, k: _best_but(
                vectors @ (vectors[a] + vectors[b]), [a, b], k
            ),
            "midpoint": lambda vectors, a, b, k: _best_but(
                -_lengths(vectors - (vectors[a] + vectors[b]) / 2), [a, b], k
            ),
            "either": lambda vectors, a, b, k: _best_but(
                _to_each(vectors, a, b).max(axis=1), [a, b], k
            ),
            "worse-of-two": lambda vectors, a, b, k: _best_but(
                _to_each(vectors, a, b).min(axis=1), [a, b], k
            ),
            "only-a": lambda vectors, a, b, k: _best_but(_to_each(vectors, a, b)[:, 0], [a, b], k),
            "only-b": lambda vectors, a, b, k: _best_but(_to_each(vectors, a, b)[:, 1], [a, b], k),
            "difference": lambda vectors, a, b, k: _best_but(
                np.subtract(*_to_each(vectors, a, b).T), [a, b], k
            ),
            "renumbered": lambda vectors, a, b, k: _best(
                np.delete(_both(vectors, a, b), [a, b]), k
            ),
            "reversed": lambda *arguments: _for_two(*arguments)[::-1],
            "lowest": lambda vectors, a, b, k: _best_but(-_both(vectors, a, b), [a, b], k),
            "scores": lambda vectors, a, b, k: (
                -np.sort(-np.delete(_both(vectors, a, b), [a, b]))[:k]
            ),
        },
    ),
}
