"""Indexed ratings -> draws from the posterior of a factorisation (Gibbs sampling, in TensorFlow).

The model is r̂_ui = μ + b_u + b_i + p_u·q_i, as in `models`, but nothing of it is fitted. Each part,
down to how much ratings scatter, is drawn at random from what the ratings leave possible given the
other parts, again and again; a prediction is the mean over many draws. A row, below, is (p_u, b_u)
or (q_i, b_i). Inside, ratings are brought to mean 0 and variance 1, so that one prior fits every
scale. Importing this module imports TensorFlow, which takes seconds.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
import tensorflow as tf
from numpy.typing import ArrayLike
from scipy.stats import norm

from .datasets import RatingScale
from .interactions import UNKNOWN, Interactions, check_at_least
from .models import check_train

MAX_LEVELS = 20  # of ordinal ratings
MAX_TARGET = 9.0  # of them; a standard normal is never there
NOISE_SHAPE, NOISE_VARIANCE = 3.0, 0.5  # what is expected of a user before its ratings


def draw_ratings(
    train: Interactions,
    asked: Interactions,
    scale: RatingScale,
    *,
    n_factors: int = 10,
    n_burn: int = 50,
    n_samples: int = 200,
    biases: bool = True,
    user_features: ArrayLike | None = None,
    item_features: ArrayLike | None = None,
    groups: Sequence[tuple[ArrayLike, ArrayLike]] = (),
    ordinal: bool = False,
    noise_per_user: bool = False,
    seed: int = 0,
) -> Iterator[np.ndarray]:
    """Draw all parameters n_samples times; yield, for each draw, what it expects of every pair.

    `asked`, indexed like `train`, names the pairs; its ratings are not looked at. Each array has
    the shape (len(asked.rating),) and is clipped to the scale. The `n_burn` draws before, which
    still show where the sampler started, are left out. The same seed draws the same on one machine.

    Rows are normal around what is usual for users or items, of a covariance that is learnt too
    (Salakhutdinov and Mnih (2008), "Bayesian probabilistic matrix factorization using Markov chain
    Monte Carlo", ICML). With features, arrays of shape (n_users, d) or (n_items, d) in the order of
    the vocabularies, they are normal around a regression on these, so that a row without ratings
    follows its features (Simm et al. (2017), "Macau: scalable Bayesian factorization with
    high-dimensional side information using MCMC", MLSP). What is `UNKNOWN` has no features either:
    its row is what is usual.

    Each of `groups`, a pair (labels of the training ratings, labels of the asked pairs), adds one
    number to all ratings with the same label; it is 0 for a label that training has not met.
    `ordinal` takes ratings for an order, not for distances: the sum above is a taste, which
    thresholds cut into levels (Albert and Chib (1993), "Bayesian analysis of binary and
    polychotomous response data", JASA 88). `noise_per_user` lets ratings scatter more with some
    users than with others.

    Memory: a few dense matrices (n_users, n_items), n_factors² numbers for every row, and with
    features a matrix (n, n), whose eigenvectors take a time of n³: seconds for 2,000 rows, minutes
    for 10,000. Raises ValueError for what `models.check_train` refuses, a pair rated twice, pairs
    of another vocabulary, features or labels of another shape or with gaps, and ordinal ratings of
    one level or of more than 20.
    """
    check_at_least(1, n_factors=n_factors, n_samples=n_samples)
    check_at_least(0, n_burn=n_burn, seed=seed)
    check_train(train)
    _check_asked(train, asked)
    sampler = _Sampler(
        _Random(tf.random.Generator.from_seed(seed, alg="philox")),
        tf.constant(_seen(train)),
        (train.user_index, train.item_index),
        (_or_last(asked.user_index, train.n_users), _or_last(asked.item_index, train.n_items)),
        n_factors,
        biases,
        _kernel(user_features, train.n_users, "user_features"),
        _kernel(item_features, train.n_items, "item_features"),
        [_group(*labels, len(train.rating), len(asked.rating)) for labels in groups],
        _Levels(train.rating) if ordinal else _Numbers(train.rating),
        noise_per_user,
    )
    return _draws(sampler, n_burn, n_samples, scale)  # a generator: what is wrong is said before


def implicit_features(train: Interactions) -> tuple[np.ndarray, np.ndarray]:
    """Say which items each user has rated, and which users have rated each item, not how.

    Returns features of users (n_users, n_items) and of items (n_items, n_users), float32: 0 without
    a rating, and 1 / √n in a row with n ratings, whose length is then 1. Raises ValueError as
    `models.check_train` does, and for a pair rated twice. Source: Koren (2008), "Factorization
    meets the neighborhood", KDD, where the sum over N(u) has the weight |N(u)|^(-1/2).
    """
    check_train(train)
    seen = _seen(train)
    return _unit_rows(seen), _unit_rows(seen.T)


class _Side(NamedTuple):
    """The rows of the users, or of the items, and the prior that they are drawn from."""

    rows: tf.Tensor  # (n, k), where k is n_factors, with biases one more
    base: tf.Tensor  # (k,), what is usual
    expected: tf.Tensor  # (n, k), what features add to it
    precision: tf.Tensor  # (k, k), the inverse covariance of rows around base + expected
    damping: tf.Tensor  # (), how strongly the weights of features are held near 0


class _State(NamedTuple):
    """All that is drawn. A precision is 1 / variance, and N the number of training ratings."""

    users: _Side
    items: _Side
    noise: tf.Tensor  # (n_users,), precisions
    target: tf.Tensor  # (N,), what score and effects should add up to
    effects: tuple  # for each grouping: values (n_labels + 1,), the last 0, and their precision ()


class _Group(NamedTuple):
    label: tf.Tensor  # (N,), 0 to n_labels - 1
    asked: tf.Tensor  # (n_asked,), n_labels where training has not met it
    n_labels: int


class _Random(NamedTuple):
    """Random numbers from a generator of our own: TensorFlow's global one is the caller's."""

    generator: tf.random.Generator

    def normal(self, *shape):
        return self.generator.normal(shape)

    def uniform(self, *shape):
        return self.generator.uniform(shape)

    def gamma(self, shape, rate):
        seed = self.generator.make_seeds()[:, 0]
        return tf.random.stateless_gamma(tf.shape(rate), seed, shape) / rate

    def rows(self, n, precision):
        """Draw rows (n, k) of mean 0 with this precision LLᵀ, by solving Lᵀx = z."""
        root = tf.linalg.cholesky(precision)
        z = self.normal(precision.shape[0], n)
        return tf.transpose(tf.linalg.triangular_solve(root, z, adjoint=True))

    def wishart(self, n, scatter):
        """Draw a precision (k, k) given the sum of squares of n rows: itself such a sum."""
        rows = self.rows(n, scatter)
        return tf.matmul(rows, rows, transpose_a=True)


class _Numbers:
    """Ratings are what they say: the target is the rating, brought to mean 0 and variance 1."""

    def __init__(self, rating):
        self.mean, self.spread = rating.mean(), rating.std() or 1.0
        self.start = ((rating - self.mean) / self.spread).astype("float32")

    def draw_target(self, random, score, noise):
        return self.start

    def expected_rating(self, score, noise):
        return np.float32(self.mean) + np.float32(self.spread) * score


class _Levels:
    """Ratings are an order: the target lies between the thresholds of its level.

    The thresholds are fixed: they cut a standard normal into the shares that the levels have.
    """

    def __init__(self, rating):
        self.values, level, count = np.unique(rating, return_inverse=True, return_counts=True)
        if not 2 <= len(count) <= MAX_LEVELS:
            raise ValueError(
                f"ordinal ratings have 2 to {MAX_LEVELS} levels, but the training part has "
                f"{len(count)} different ratings: leave ordinal=True out"
            )
        until = np.cumsum(count) / len(rating)
        self.cuts = norm.ppf(until[:-1]).astype("float32")
        self.low = np.r_[-MAX_TARGET, self.cuts].astype("float32")[level]
        self.high = np.r_[self.cuts, MAX_TARGET].astype("float32")[level]
        self.start = norm.ppf(until - count / len(rating) / 2).astype("float32")[level]

    def draw_target(self, random, score, noise):
        root = tf.sqrt(noise)
        low, high = _normal_cdf((self.low - score) * root), _normal_cdf((self.high - score) * root)
        share = low + (high - low) * random.uniform(len(self.low))
        # In float32 a share near 1 is 1, whose quantile would be infinite.
        target = score + tf.math.ndtri(tf.clip_by_value(share, 1e-6, 1 - 1e-6)) / root
        return tf.clip_by_value(target, self.low, self.high)

    def expected_rating(self, score, noise):
        above = _normal_cdf((score[:, tf.newaxis] - self.cuts) * tf.sqrt(noise)[:, tf.newaxis])
        steps = np.diff(self.values).astype("float32")
        return np.float32(self.values[0]) + tf.linalg.matvec(above, steps)


@dataclass(frozen=True, eq=False)
class _Sampler:
    """What stays the same from draw to draw, and how each draw follows from the one before."""

    random: _Random
    seen: tf.Tensor  # (n_users, n_items), 1 where training has a rating, else 0
    train: tuple[np.ndarray, np.ndarray]  # user_index and item_index, (N,)
    asked: tuple[np.ndarray, np.ndarray]  # the same, (n_asked,), with n_users, n_items for UNKNOWN
    n_factors: int
    biases: bool
    user_kernel: tuple[tf.Tensor, tf.Tensor]
    item_kernel: tuple[tf.Tensor, tf.Tensor]
    groups: list[_Group]
    likelihood: _Numbers | _Levels
    noise_per_user: bool

    def start(self):
        n_users, n_items = self.seen.shape
        users, items = self._first_side(n_users), self._first_side(n_items)
        effects = tuple((tf.zeros(group.n_labels + 1), tf.constant(10.0)) for group in self.groups)
        return _State(users, items, tf.ones(n_users), tf.constant(self.likelihood.start), effects)

    def draw(self, state):
        """Draw each part given the others; return the new state and the ratings it expects."""
        users, items, noise, target, effects = state
        user_index, _ = self.train
        left_over = target - self._effect(effects)
        left_over = tf.scatter_nd(np.stack(self.train, axis=1), left_over, self.seen.shape)
        weight = noise[:, tf.newaxis] * self.seen
        users = self._draw_side(users, self.user_kernel, weight, left_over, items.rows)
        weight, left_over = tf.transpose(weight), tf.transpose(left_over)
        items = self._draw_side(items, self.item_kernel, weight, left_over, users.rows)
        score = self._score(users.rows, items.rows, *self.train)
        noise_of = tf.gather(noise, user_index)
        target = self.likelihood.draw_target(self.random, score + self._effect(effects), noise_of)
        effects = self._draw_effects(effects, target - score, noise_of)
        noise = self._draw_noise(target - score - self._effect(effects))
        state = _State(users, items, noise, target, effects)
        return state, self._expected(state)

    def _first_side(self, n):
        k = self.n_factors + self.biases
        rows = 0.1 * self.random.normal(n, k)
        return _Side(rows, tf.zeros(k), tf.zeros((n, k)), 10 * tf.eye(k), tf.constant(1.0))

    def _draw_side(self, side, kernel, weight, target, other):
        base, expected, precision, damping = _draw_prior(self.random, side, *kernel)
        factors, bias = self._as_factors(other)
        mean = base + expected
        rows = _draw_rows(self.random, weight, target - bias, factors, mean, precision)
        return _Side(rows, base, expected, precision, damping)

    def _as_factors(self, rows):
        """Split rows into what the other side's rows are multiplied by, (p_u, 1), and b_u."""
        if not self.biases:
            return rows, tf.zeros(rows.shape[0])
        return tf.concat([rows[:, :-1], tf.ones_like(rows[:, :1])], axis=1), rows[:, -1]

    def _score(self, users, items, user_index, item_index):
        factors, bias = self._as_factors(users)
        product = tf.gather(factors, user_index) * tf.gather(items, item_index)
        return tf.reduce_sum(product, axis=1) + tf.gather(bias, user_index)

    def _effect(self, effects):
        """Add up the effects of all groupings on each training rating: (N,)."""
        found = [
            tf.gather(values, group.label)
            for group, (values, _) in zip(self.groups, effects, strict=True)
        ]
        return tf.add_n([tf.zeros(len(self.train[0])), *found])

    def _draw_effects(self, effects, target, noise):
        effects = list(effects)
        for place, (label, _, n) in enumerate(self.groups):
            values, precision = effects[place]
            own = target - self._effect(effects) + tf.gather(values, label)
            exactness = precision + tf.math.unsorted_segment_sum(noise, label, n)
            values = tf.math.unsorted_segment_sum(noise * own, label, n) / exactness
            values += self.random.normal(n) / tf.sqrt(exactness)
            precision = self.random.gamma(1 + n / 2, 0.1 + tf.reduce_sum(values**2) / 2)
            effects[place] = tf.concat([values, [0.0]], axis=0), precision
        return tuple(effects)

    def _draw_noise(self, error):
        """Draw the precision of the ratings of each user, shared by all or not, from the errors."""
        n_of_user = tf.reduce_sum(self.seen, axis=1)
        squares = tf.math.unsorted_segment_sum(error**2, self.train[0], self.seen.shape[0])
        if self.noise_per_user:
            rate = NOISE_SHAPE * NOISE_VARIANCE + squares / 2
            return self.random.gamma(NOISE_SHAPE + n_of_user / 2, rate)
        rate = 1 + tf.reduce_sum(squares) / 2
        return tf.fill(n_of_user.shape, self.random.gamma(1 + error.shape[0] / 2, rate))

    def _expected(self, state):
        # After the last row comes what is usual, for what is UNKNOWN.
        users = tf.concat([state.users.rows, state.users.base[tf.newaxis]], axis=0)
        items = tf.concat([state.items.rows, state.items.base[tf.newaxis]], axis=0)
        noise = tf.concat([state.noise, [tf.reduce_mean(state.noise)]], axis=0)
        score = self._score(users, items, *self.asked)
        for group, (values, _) in zip(self.groups, state.effects, strict=True):
            score += tf.gather(values, group.asked)
        return self.likelihood.expected_rating(score, tf.gather(noise, self.asked[0]))


def _draws(sampler, n_burn, n_samples, scale):
    draw = tf.function(sampler.draw, autograph=False)
    state = sampler.start()
    for step in range(n_burn + n_samples):
        state, expected = draw(state)
        if step >= n_burn:
            yield scale.clip(expected.numpy().astype(np.float64))


def _draw_prior(random, side, vectors, singular):
    """Draw what rows (n, k) are drawn from, given the rows: all of a `_Side` but these.

    Features F = U diag(s) Vᵀ enter by U, `vectors`, and s, `singular`: a regression on F is one on
    U diag(s), whose columns are orthogonal, so that each of its weights is drawn by itself.
    """
    (n, k), rank = side.rows.shape, vectors.shape[1]
    shrinkage = 1 / (singular**2 + side.damping)
    aim = tf.matmul(vectors, side.rows - side.base, transpose_a=True)
    weights = shrinkage * singular * aim
    weights += tf.sqrt(shrinkage) * random.rows(rank, side.precision)  # (rank, k)
    expected = vectors @ (singular * weights)
    base = tf.reduce_mean(side.rows - expected, axis=0) + random.rows(1, side.precision)[0] / n**0.5
    size = tf.reduce_sum((weights @ side.precision) * weights)
    damping = random.gamma(1 + rank * k / 2, 1 + size / 2)
    error = side.rows - base - expected
    scatter = tf.eye(k) + tf.matmul(error, error, transpose_a=True)
    scatter += damping * tf.matmul(weights, weights, transpose_a=True)
    return base, expected, random.wishart(k + n + rank, scatter), damping


def _draw_rows(random, weight, target, other, mean, precision):
    """Draw rows (n, k) given the m of the other side: least squares with noise that fits it.

    `weight` (n, m) is the precision of the `target` (n, m) of each pair, 0 where there is none;
    `other` (m, k) are the factors of the other side; `mean` (n, k), `precision` (k, k) the prior.
    """
    n, k = mean.shape
    squares = tf.reshape(other[:, :, tf.newaxis] * other[:, tf.newaxis], (-1, k * k))
    root = tf.linalg.cholesky(precision + tf.reshape(weight @ squares, (n, k, k)))
    shift = (weight * target) @ other + mean @ precision
    half = tf.linalg.triangular_solve(root, shift[..., tf.newaxis]) + random.normal(n, k, 1)
    return tf.linalg.triangular_solve(root, half, adjoint=True)[..., 0]


def _kernel(features, n, name):
    """Left singular vectors (n, rank) and singular values (rank, 1) of features, where not 0."""
    if features is None:
        return tf.zeros((n, 0)), tf.zeros((0, 1))
    features = np.asarray(features, "float32")
    if features.ndim != 2 or len(features) != n:
        raise ValueError(
            f"{name} have the shape {features.shape}, but must be ({n}, d): a row of d numbers "
            "for each id of the vocabulary, in its order"
        )
    if not np.isfinite(features).all():
        row, column = np.argwhere(~np.isfinite(features))[0]
        raise ValueError(
            f"{name}[{row}, {column}] is {features[row, column]}: fill gaps, for instance with 0"
        )
    squares, vectors = np.linalg.eigh(features @ features.T)
    kept = squares > 1e-6 * squares.max(initial=0)
    singular = np.sqrt(squares[kept])[:, np.newaxis]
    return tf.constant(vectors[:, kept], "float32"), tf.constant(singular, "float32")


def _group(labels, asked_labels, n, n_asked):
    labels, asked_labels = np.asarray(labels), np.asarray(asked_labels)
    if labels.shape != (n,) or asked_labels.shape != (n_asked,):
        raise ValueError(
            f"labels of a group have the shapes {labels.shape} and {asked_labels.shape}, but must "
            f"be ({n},) and ({n_asked},): one for each training rating, one for each asked pair"
        )
    missing = pd.isna(labels).sum() + pd.isna(asked_labels).sum()
    if missing:
        raise ValueError(
            f"{missing} labels of a group are missing: give these a label of their own"
        )
    codes, met = pd.factorize(labels)
    places = pd.Index(met).get_indexer(asked_labels)
    return _Group(tf.constant(codes), np.where(places < 0, len(met), places), len(met))


def _seen(train):
    """1 where a pair is rated, else 0: (n_users, n_items), float32."""
    matrix = train.to_csr()
    matrix.data[:] = 1
    return matrix.toarray().astype("float32")


def _or_last(index, n):
    """Replace UNKNOWN by n: NumPy would take -1 for the last row, TensorFlow refuses it."""
    return np.where(index == UNKNOWN, n, index)


def _unit_rows(flags):
    return flags / np.sqrt(np.maximum(flags.sum(axis=1, keepdims=True), 1))


def _normal_cdf(value):
    return (1 + tf.math.erf(value / np.float32(2**0.5))) / 2


def _check_asked(train, asked):
    if not (train.user_ids.equals(asked.user_ids) and train.item_ids.equals(asked.item_ids)):
        raise ValueError(
            "the asked pairs have another vocabulary than the training part: "
            "index them by index_ratings(..., like=train)"
        )
