from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from planted import SCALE, from_cells, planted
from scipy.stats import norm, wishart

from recsys_helpers import bayesian
from recsys_helpers.bayesian import draw_ratings, implicit_features
from recsys_helpers.datasets import RatingScale
from recsys_helpers.interactions import UNKNOWN, index_ratings, split_random
from recsys_helpers.metrics import rmse
from recsys_helpers.models import fit_biases

SHORT = {"n_factors": 2, "n_burn": 20, "n_samples": 40}
WIDE = RatingScale(-100, 100)


def random(seed=0):
    return bayesian._Random(tf.random.Generator.from_seed(seed, alg="philox"))


def predict(train, asked, scale=SCALE, **settings):
    """The mean of the draws, as a chapter takes it."""
    return np.mean(list(draw_ratings(train, asked, scale, **{**SHORT, **settings})), axis=0)


def pairs(like, user_index, item_index):
    """Pairs to ask for; what rating they have must not matter."""
    return replace(
        like,
        user_index=np.asarray(user_index),
        item_index=np.asarray(item_index),
        rating=np.full(len(user_index), np.nan),
    )


@pytest.fixture(scope="module")
def parts():
    train, test = split_random(planted(n_users=100, n_items=70))
    train = index_ratings(train)
    return train, index_ratings(test, like=train)


@pytest.fixture(scope="module")
def tiny():
    return from_cells([[5, 3, np.nan, 1], [4, np.nan, 2, 1], [np.nan, 4, 5, 2], [1, 2, 3, np.nan]])


def test_a_row_of_one_number_by_hand():
    # Prior: mean 0.5, precision 4. Two ratings of precision 2: 1 of an item 1 and 2 of an item 3.
    # Posterior: precision 4 + 2 (1 + 9) = 24, mean (4 * 0.5 + 2 (1 * 1 + 3 * 2)) / 24 = 2 / 3.
    n = 40_000
    weight, target = tf.fill((n, 2), 2.0), tf.tile([[1.0, 2.0]], (n, 1))
    other, mean, precision = tf.constant([[1.0], [3.0]]), tf.fill((n, 1), 0.5), tf.constant([[4.0]])
    rows = bayesian._draw_rows(random(), weight, target, other, mean, precision).numpy()
    assert abs(rows.mean() - 2 / 3) < 4 * np.sqrt(1 / 24 / n)
    assert abs(rows.var() * 24 - 1) < 4 * np.sqrt(2 / n)


def test_rows_have_the_moments_of_the_dense_gaussian():
    rng = np.random.default_rng(0)
    n, m, k = 60_000, 5, 3
    other, target, mean = rng.normal(size=(m, k)), rng.normal(size=m), rng.normal(size=k)
    weight = np.array([2.0, 0, 1.0, 0, 0.5])  # a pair without a rating must not count
    root = rng.normal(size=(k, k))
    precision = root @ root.T + np.eye(k)
    # As one regression: covariance of all, then its inverse, both dense.
    covariance = np.linalg.inv(precision + other.T @ np.diag(weight) @ other)
    expected = covariance @ (precision @ mean + other.T @ (weight * target))

    def repeated(row):
        return tf.constant(np.tile(row, (n, 1)), "float32")

    rows = bayesian._draw_rows(
        random(),
        repeated(weight),
        repeated(target),
        tf.constant(other, "float32"),
        repeated(mean),
        tf.constant(precision, "float32"),
    ).numpy()
    np.testing.assert_allclose(rows.mean(axis=0), expected, atol=4 / np.sqrt(n))
    np.testing.assert_allclose(np.cov(rows.T), covariance, atol=8 / np.sqrt(n))


def test_precisions_have_the_moments_of_a_wishart_distribution():
    scatter = np.array([[2.0, 0.5], [0.5, 1.0]])
    source = random()
    draw = tf.function(lambda: source.wishart(7, tf.constant(scatter, "float32")))
    draws = np.stack([draw().numpy() for _ in range(1500)])
    oracle = wishart(7, np.linalg.inv(scatter))
    spread = np.sqrt(oracle.var() / len(draws))
    assert (abs(draws.mean(axis=0) - oracle.mean()) < 4 * spread).all()
    np.testing.assert_allclose(draws.var(axis=0), oracle.var(), rtol=0.25)


def test_a_planted_prior_is_found():
    rng = np.random.default_rng(0)
    n, n_features, damping = 900, 300, 4.0
    base, covariance = np.array([0.5, -1.0]), np.array([[1.0, 0.6], [0.6, 2.0]])
    features = rng.normal(size=(n, n_features))
    weights = rng.multivariate_normal([0, 0], covariance / damping, n_features)
    rows = base + features @ weights + rng.multivariate_normal([0, 0], covariance, n)
    kernel, source = bayesian._kernel(features, n, "features"), random()
    draw = tf.function(lambda *side: bayesian._draw_prior(source, bayesian._Side(*side), *kernel))
    rows = tf.constant(rows, "float32")
    draws = [(tf.zeros(2), tf.zeros((n, 2)), tf.eye(2), tf.constant(1.0))]
    for _ in range(60):
        draws.append(draw(rows, *draws[-1]))
    found = [np.mean(part, axis=0) for part in zip(*draws[20:], strict=True)]
    np.testing.assert_allclose(found[0], base, atol=0.2)
    assert np.corrcoef(found[1].ravel(), (features @ weights).ravel())[0, 1] > 0.99
    np.testing.assert_allclose(np.linalg.inv(found[2]), covariance, rtol=0.2)
    np.testing.assert_allclose(found[3], damping, rtol=0.2)


def reference(cells, features, n_draws, rng):
    """The same model in plain NumPy, float64: one rating, one row, one weight matrix at a time.

    One factor and biases; the features of users enter by themselves, not by their eigenvectors.
    Yields the expected ratings of all pairs.
    """

    def normal(mean, covariance):
        return mean + np.linalg.cholesky(covariance) @ rng.standard_normal(len(mean))

    seen = ~np.isnan(cells)
    middle, spread = cells[seen].mean(), cells[seen].std()
    standard = (cells - middle) / spread
    tables = [rng.standard_normal((n, 2)) for n in cells.shape]
    features = features, np.zeros((cells.shape[1], 0))
    noise, damping, weights = 1.0, 1.0, [np.zeros((f.shape[1], 2)) for f in features]
    precisions = [np.eye(2), np.eye(2)]
    for _ in range(n_draws):
        for side, (rows, other, f) in enumerate(zip(tables, tables[::-1], features, strict=True)):
            precision, w = precisions[side], weights[side]
            covariance = np.linalg.inv(precision) / len(rows)
            base = normal((rows - f @ w).mean(axis=0), covariance)
            if w.size:
                inverse = np.linalg.inv(f.T @ f + damping * np.eye(len(w)))
                covariance = np.kron(np.linalg.inv(precision), inverse)
                mean = inverse @ f.T @ (rows - base)
                w = weights[side] = normal(mean.T.ravel(), covariance).reshape(2, -1).T
                size = np.trace(w @ precision @ w.T)
                damping = rng.gamma(1 + w.size / 2) / (1 + size / 2)
            error = rows - base - f @ w
            scale = np.linalg.inv(np.eye(2) + damping * w.T @ w + error.T @ error)
            precision = wishart.rvs(2 + len(rows) + len(w), scale, random_state=rng)
            precisions[side] = precision
            values, rated = (standard, seen) if side == 0 else (standard.T, seen.T)
            for place, met in enumerate(rated):
                design = np.column_stack([other[met, 0], np.ones(met.sum())])
                covariance = np.linalg.inv(precision + noise * design.T @ design)
                shift = noise * design.T @ (values[place, met] - other[met, 1])
                shift += precision @ (base + f[place] @ w)
                rows[place] = normal(covariance @ shift, covariance)
        users, items = tables
        score = np.outer(users[:, 0], items[:, 0]) + users[:, 1:] + items[:, 1]
        squares = ((standard - score)[seen] ** 2).sum()
        noise = rng.gamma(1 + seen.sum() / 2) / (1 + squares / 2)
        yield (middle + spread * score).ravel()


def test_draws_have_the_distribution_of_an_independent_sampler():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(8, 5))
    cells = 3 + 0.6 * features @ rng.normal(size=(5, 6)) + 0.5 * rng.normal(size=(8, 6))
    cells[rng.random(cells.shape) < 0.3] = np.nan
    train = from_cells(cells)
    asked = pairs(train, *np.indices(cells.shape).reshape(2, -1))
    settings = {"n_factors": 1, "n_burn": 100, "n_samples": 1000, "user_features": features}
    ours = np.stack(list(draw_ratings(train, asked, WIDE, **settings)))
    theirs = np.stack(list(reference(cells, features, 1100, rng))[100:])
    # Draws of a chain resemble their neighbours: the error of a mean is that of means of blocks.
    for power in (1, 2):
        moments = [(draws - ours.mean(axis=0)) ** power for draws in (ours, theirs)]
        blocks = [moment.reshape(20, 50, -1).mean(axis=1) for moment in moments]
        error = np.sqrt(sum(block.var(axis=0, ddof=1) / 20 for block in blocks))
        difference = (blocks[0].mean(axis=0) - blocks[1].mean(axis=0)) / error
        assert np.sqrt(np.mean(difference**2)) < 1.8
        assert abs(difference).max() < 5


def test_planted_factors_are_found(parts):
    train, test = parts
    pair = test.user_index, test.item_index
    error = rmse(test.rating, predict(train, test, n_factors=4))
    assert error < 0.36  # the noise is 0.3
    assert error < 0.6 * rmse(test.rating, fit_biases(train, SCALE).predict(*pair))


def test_a_mean_of_draws_is_better_than_a_draw(parts):
    train, test = parts
    draws = list(draw_ratings(train, test, SCALE, **SHORT))
    assert rmse(test.rating, np.mean(draws, axis=0)) < min(rmse(test.rating, x) for x in draws)


def test_biases_can_be_left_out(parts):
    train, test = parts
    # Of two factors, biases would take the place.
    with_biases, without = (predict(train, test, biases=biases) for biases in (True, False))
    assert rmse(test.rating, with_biases) < 0.95 * rmse(test.rating, without)


@pytest.fixture(scope="module")
def described():
    """Ratings that follow from features, by rows and columns; the last ones have no rating."""
    rng = np.random.default_rng(1)
    user_features, item_features = rng.normal(size=(80, 3)), rng.normal(size=(60, 3))
    truth = 3 + 0.5 * (user_features @ rng.normal(size=(3, 3))) @ item_features.T
    cells = truth + 0.2 * rng.normal(size=truth.shape)
    cells[rng.random(cells.shape) < 0.4] = np.nan
    cells[-10:] = np.nan
    cells[:, -10:] = np.nan
    return from_cells(cells), truth, user_features, item_features


def test_features_speak_for_rows_without_ratings(described):
    train, truth, user_features, item_features = described
    both = {"user_features": user_features, "item_features": item_features}
    users, items = np.indices(truth.shape).reshape(2, -1)
    new_user, new_item = users >= 70, items >= 50
    asked = pairs(train, users, items)

    def errors(**features):
        predicted = predict(train, asked, WIDE, n_factors=3, n_burn=50, **features)
        error = predicted - truth.ravel()
        return np.array(
            [np.std(error[part]) for part in (new_user & ~new_item, ~new_user & new_item)]
        )

    informed = errors(**both)
    assert (informed < 0.3 * errors()).all()
    # Sabotage: the features of others are no help.
    misled = errors(**{name: np.roll(table, 1, axis=0) for name, table in both.items()})
    assert (misled > 3 * informed).all()


def test_unknown_is_what_is_usual(parts):
    train, _ = parts
    asked = pairs(train, [UNKNOWN, UNKNOWN, 3, UNKNOWN], [2, 5, UNKNOWN, UNKNOWN])
    predicted = predict(train, asked)
    biases = fit_biases(train, SCALE).predict(asked.user_index, asked.item_index)
    np.testing.assert_allclose(predicted, biases, atol=0.25)
    assert abs(predicted[3] - train.rating.mean()) < 0.15
    # and not the last row, which is what -1 would be to NumPy
    last = predict(train, pairs(train, [train.n_users - 1], [2]))
    assert abs(last - predicted[0]) > 0.05


def test_groups_are_found_and_what_is_not_met_is_0(parts):
    train, _ = parts
    effect = np.array([-0.9, 0.0, 0.9])
    label = np.random.default_rng(0).integers(3, size=len(train.rating))
    grouped = replace(train, rating=train.rating + effect[label])
    names = np.array(["late", "noon", "early"])[label]
    asked = pairs(train, [4, 4, 4, 4], [6, 6, 6, 6])
    groups = [(names, ["late", "noon", "early", "night"])]
    late, noon, early, unmet = predict(grouped, asked, WIDE, groups=groups)
    np.testing.assert_allclose([noon - late, early - noon], [0.9, 0.9], atol=0.06)
    assert late + 0.5 < unmet < early - 0.5


def test_several_groupings_add_up(parts):
    train, _ = parts
    rng = np.random.default_rng(0)
    labels = [rng.integers(2, size=len(train.rating)) for _ in range(2)]
    grouped = replace(train, rating=train.rating + 0.8 * labels[0] - 0.4 * labels[1])
    asked = pairs(train, [4, 4, 4, 4], [6, 6, 6, 6])
    groups = [(labels[0], [0, 1, 0, 1]), (labels[1], [0, 0, 1, 1])]
    predicted = predict(grouped, asked, WIDE, groups=groups)
    np.testing.assert_allclose(predicted - predicted[0], [0, 0.8, -0.4, 0.4], atol=0.1)


def test_an_expected_ordinal_rating_by_hand():
    levels = bayesian._Levels(np.array([1.0, 1.0, 4.0, 5.0]))
    # Half of the ratings are 1 and a quarter 4: thresholds 0 and Φ⁻¹(3/4) = 0.6745.
    np.testing.assert_allclose(levels.cuts, [0, 0.6745], atol=1e-4)
    # Score 0, precision 4: above 0 with 1/2, above 0.6745 with 1 - Φ(1.349) = 0.0887.
    rating = levels.expected_rating(tf.constant([0.0, 9.0, -9.0]), tf.constant([4.0, 4.0, 4.0]))
    np.testing.assert_allclose(rating, [1 + 3 * 0.5 + 0.0887, 5, 1], atol=1e-4)


def test_ordinal_targets_are_those_of_a_truncated_normal():
    levels = bayesian._Levels(np.repeat([1.0, 2.0, 3.0], 20_000))
    n = len(levels.low)
    target = levels.draw_target(random(), tf.fill((n,), 0.3), tf.fill((n,), 4.0)).numpy()
    assert ((target >= levels.low) & (target <= levels.high)).all()
    for level, (low, high) in enumerate([(-np.inf, -0.4307), (-0.4307, 0.4307), (0.4307, np.inf)]):
        draws = target[20_000 * level : 20_000 * (level + 1)]
        a, b = (low - 0.3) * 2, (high - 0.3) * 2
        mean = 0.3 + 0.5 * (norm.pdf(a) - norm.pdf(b)) / (norm.cdf(b) - norm.cdf(a))
        assert abs(draws.mean() - mean) < 4 * draws.std() / np.sqrt(len(draws))


@pytest.fixture(scope="module")
def in_levels():
    """Half stars of a taste whose thresholds lie far apart below and close together above."""
    rng = np.random.default_rng(3)
    taste = rng.normal(size=(120, 1)) + rng.normal(size=90) + 0.7 * rng.normal(size=(120, 90))
    cuts = np.array([-3, -2.5, -2, 0, 0.2, 0.4, 0.6, 0.8, 1.0])
    cells = 0.5 + 0.5 * np.searchsorted(cuts, taste)
    hidden = rng.random(cells.shape) < 0.85
    held_out = from_cells(np.where(hidden, cells, np.nan))
    return from_cells(np.where(hidden, np.nan, cells)), held_out


def test_an_order_tells_more_than_distances_that_are_none(in_levels):
    train, test = in_levels
    settings = {"n_factors": 1, "scale": RatingScale(0.5, 5)}
    ordinal = predict(train, test, ordinal=True, **settings)
    assert rmse(test.rating, ordinal) < 0.985 * rmse(test.rating, predict(train, test, **settings))
    assert ordinal.min() >= 0.5
    assert ordinal.max() <= 5


def test_who_rates_at_random_is_listened_to_less():
    rng = np.random.default_rng(5)
    quality = rng.normal(size=60)
    erratic = np.arange(80) % 2 == 0
    noise = np.where(erratic, 2.0, 0.2)[:, np.newaxis] * rng.normal(size=(80, 60))
    cells = 3 + quality + noise
    cells[rng.random(cells.shape) < 0.85] = np.nan
    train = from_cells(cells)
    asked = pairs(train, np.full(60, 1), np.arange(60))
    settings = {"scale": WIDE, "n_factors": 1}
    per_user = rmse(3 + quality, predict(train, asked, noise_per_user=True, **settings))
    assert per_user < 0.8 * rmse(3 + quality, predict(train, asked, **settings))


def test_everything_at_once_is_finite_and_on_the_scale(tiny):
    user_features, item_features = implicit_features(tiny)
    settings = {"ordinal": True, "noise_per_user": True, "n_factors": 3}
    label = np.arange(len(tiny.rating)) // 4
    draws = list(
        draw_ratings(
            tiny,
            tiny,
            SCALE,
            user_features=user_features,
            item_features=np.hstack([item_features, np.ones((4, 1))]),
            groups=[(label, label)],
            n_burn=3,
            n_samples=4,
            **settings,
        )
    )
    assert len(draws) == 4
    assert all(draw.shape == tiny.rating.shape for draw in draws)
    assert all(((draw >= 1) & (draw <= 5)).all() for draw in draws)


def test_draws_are_clipped_to_the_scale(tiny):
    draws = np.stack(list(draw_ratings(tiny, tiny, RatingScale(2, 3), **SHORT)))
    assert draws.min() == 2
    assert draws.max() == 3


def test_a_scale_is_only_another_way_to_write_ratings(parts):
    train, test = parts
    percent = replace(train, rating=20 * train.rating - 10)
    expected = 20 * predict(train, test, WIDE) - 10
    np.testing.assert_allclose(
        predict(percent, test, RatingScale(-2000, 2000)), expected, rtol=0.02
    )


def test_equal_ratings_are_expected_again(tiny):
    same = replace(tiny, rating=np.full(len(tiny.rating), 3.0))
    np.testing.assert_allclose(predict(same, same), 3, atol=0.5)


@pytest.mark.parametrize("settings", [{}, {"ordinal": True, "noise_per_user": True}])
def test_a_seed_fixes_the_draws(in_levels, settings):
    train, test = in_levels
    again = [np.stack(list(draw_ratings(train, test, SCALE, **SHORT, **settings))) for _ in "ab"]
    np.testing.assert_array_equal(*again)
    other = predict(train, test, seed=1, **settings)
    assert 0 < rmse(again[0].mean(axis=0), other) < 0.2
    assert (again[0][0] != again[0][1]).any()


def test_draws_do_not_depend_on_what_else_is_asked(parts):
    train, test = parts
    label = np.arange(len(train.rating)) % 5
    asked_label = np.arange(len(test.rating)) % 5
    all_draws = list(draw_ratings(train, test, SCALE, groups=[(label, asked_label)], **SHORT))
    few = np.array([40, 3, 40])
    groups = [(label, asked_label[few])]
    some = list(draw_ratings(train, test.part(few), SCALE, groups=groups, **SHORT))
    np.testing.assert_allclose(np.stack(some), np.stack(all_draws)[:, few], rtol=1e-4)
    nothing = next(draw_ratings(train, test.part([]), SCALE, **SHORT))
    assert nothing.shape == (0,)


def test_the_random_numbers_of_the_caller_stay_as_they_are(tiny):
    def numbers():
        tf.random.set_seed(7)
        np.random.seed(7)  # noqa: NPY002 it is the global state that is tested
        yield
        yield tf.random.normal((3,)).numpy(), np.random.random(3)  # noqa: NPY002

    plain, around = numbers(), numbers()
    next(plain)
    expected = next(plain)
    next(around)
    predict(tiny, tiny, ordinal=True, noise_per_user=True)
    np.testing.assert_array_equal(next(around), expected)


def test_implicit_features_by_hand():
    train = from_cells([[5, 0, np.nan], [np.nan, 2, np.nan]])  # a rating of 0 is a rating
    users, items = implicit_features(train)
    half = 0.5**0.5
    np.testing.assert_allclose(users, [[half, half, 0], [0, 1, 0]], rtol=1e-6)
    np.testing.assert_allclose(items, [[1, 0], [half, half], [0, 0]], rtol=1e-6)


def error(match, **settings):
    return pytest.param(settings, match, id=next(iter(settings)))


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        error(r"n_samples is 0, but must be at least 1", n_samples=0),
        error(r"n_burn is -1, but must be at least 0", n_burn=-1),
        error(r"n_factors is 0, but must be at least 1", n_factors=0),
        error(r"seed is -1", seed=-1),
        error(r"user_features have the shape \(3, 2\).*\(4, d\)", user_features=np.ones((3, 2))),
        error(r"item_features have the shape \(4,\)", item_features=np.ones(4)),
        error(r"shapes \(3,\) and \(12,\).*\(12,\) and \(12,\)", groups=[([1, 2, 3], [1] * 12)]),
    ],
)
def test_wrong_arguments_are_refused_before_anything_is_drawn(tiny, settings, match):
    with pytest.raises(ValueError, match=match):
        draw_ratings(tiny, tiny, SCALE, **settings)


def test_gaps_are_refused(tiny):
    features = np.ones((4, 2))
    features[1, 0] = np.nan
    with pytest.raises(ValueError, match=r"item_features\[1, 0\] is nan: fill gaps"):
        draw_ratings(tiny, tiny, SCALE, item_features=features)
    label = pd.Series(["a", None] * 6)
    with pytest.raises(ValueError, match=r"12 labels of a group are missing"):
        draw_ratings(tiny, tiny, SCALE, groups=[(label, label)])


def test_ratings_that_nothing_can_be_learnt_from_are_refused(tiny):
    with pytest.raises(ValueError, match="the training part is empty"):
        draw_ratings(tiny.part([]), tiny, SCALE)
    unknown = replace(tiny, user_index=np.full(12, UNKNOWN))
    with pytest.raises(ValueError, match="12 training ratings have an unknown user or item"):
        draw_ratings(unknown, tiny, SCALE)
    with pytest.raises(ValueError, match="more than once"):
        draw_ratings(tiny.part([0, 0]), tiny, SCALE)
    with pytest.raises(ValueError, match="an unknown user or item"):
        implicit_features(unknown)


def test_another_vocabulary_is_refused(tiny):
    other = replace(tiny, item_ids=tiny.item_ids + 1)
    with pytest.raises(ValueError, match="like=train"):
        draw_ratings(tiny, other, SCALE)


def test_ratings_without_an_order_of_few_levels_are_refused(tiny):
    for rating, match in ((np.full(12, 3.0), "1 different"), (np.arange(12) / 7, None)):
        if match:
            with pytest.raises(ValueError, match=match):
                draw_ratings(replace(tiny, rating=rating), tiny, SCALE, ordinal=True)
        else:
            next(draw_ratings(replace(tiny, rating=rating), tiny, SCALE, ordinal=True, **SHORT))
    many = index_ratings(planted())
    with pytest.raises(ValueError, match=r"2 to 20 levels, .* leave ordinal=True out"):
        draw_ratings(many, many, SCALE, ordinal=True)
