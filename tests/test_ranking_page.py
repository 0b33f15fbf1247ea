"""The models that chapter 06 defines on its page, held to independent oracles."""

import numpy as np
import pandas as pd
import pytest
from benchmarks.ranking import definitions
from scipy.sparse import csr_array

from recsys_helpers import bayesian, metrics
from recsys_helpers.interactions import index_ratings

N_USERS, N_ITEMS = 30, 12


@pytest.fixture(scope="module")
def page():
    return definitions()


@pytest.fixture(scope="module")
def stars():
    rng = np.random.default_rng(0)
    stars = rng.integers(1, 6, (N_USERS, N_ITEMS)) * (rng.random((N_USERS, N_ITEMS)) < 0.6)
    stars[0], stars[:, 0] = 0, 0  # a user without a rating, and an item without one
    return stars.astype("float32")


def test_ndcg_by_hand_and_as_in_metrics(page):
    # Hits in places 2 and 3 of three, of two relevant items: (0.6309 + 0.5) / (1 + 0.6309).
    assert page["ndcg"](np.array([[0, 1, 1]]), np.array([2])) == pytest.approx([0.6934], abs=1e-4)
    rng = np.random.default_rng(1)
    relevant = rng.random((N_USERS, N_ITEMS)) < 0.3
    lists = rng.permuted(np.tile(np.arange(N_ITEMS), (N_USERS, 1)), axis=1)[:, :5]
    hits = np.take_along_axis(relevant, lists, axis=1)
    has_relevant = relevant.any(axis=1)
    ours = page["ndcg"](hits, relevant.sum(axis=1))[has_relevant].mean()
    assert ours == pytest.approx(metrics.ndcg_at_k(lists, csr_array(relevant)))


def test_judge_leaves_out_seen_items_and_users_without_a_relevant_one(page):
    score = np.tile(np.arange(N_ITEMS, 0, -1.0), (3, 1))
    seen, relevant = np.zeros((2, 3, N_ITEMS), dtype=bool)
    seen[0, 0] = relevant[0, 1] = relevant[2, 0] = True
    lists, hits, per_user = page["judge"](score, seen, relevant)
    assert lists[:, 0].tolist() == [1, 0]  # of users 0 and 2; user 1 has nothing relevant
    assert hits.sum(axis=1).tolist() == [1, 1]
    assert per_user.tolist() == [1, 1]


@pytest.mark.parametrize("balance", [0.0, 0.5])
def test_ease_is_a_weighted_ridge_regression_on_all_other_items(page, stars, balance):
    inputs, targets = page["GRADED"]["inputs"], page["GRADED"]["targets"]
    found = page["item_weights"](stars, inputs, targets, penalty=7.0, balance=balance)
    x, y = (
        np.array([[{0: 0, **meaning}[star] for star in row] for row in stars])
        for meaning in (inputs, targets)
    )
    n = np.maximum((stars > 0).sum(axis=1), 1)
    weight = (n / n.mean()) ** -balance
    for item in range(N_ITEMS):
        others = np.delete(np.arange(N_ITEMS), item)
        rest = x[:, others]
        left = rest.T @ (weight[:, None] * rest) + 7.0 * np.eye(N_ITEMS - 1)
        expected = np.linalg.solve(left, rest.T @ (weight * y[:, item]))
        np.testing.assert_allclose(found[others, item], expected, atol=1e-5)
        assert found[item, item] == pytest.approx(0, abs=1e-6)


def test_implicit_als_solves_the_weighted_least_squares_over_all_items(page, stars):
    liked = (stars >= 4).astype("float32")
    q = np.random.default_rng(2).normal(size=(N_ITEMS, 3)).astype("float32")
    found = page["solve_rows"](liked, 10, q, 5.0)
    for user in range(N_USERS):
        root = np.sqrt(1 + 10 * liked[user])
        # Penalised least squares as ordinary ones: one more observation of 0 for each factor.
        rows = np.vstack([root[:, None] * q, np.sqrt(5.0) * np.eye(3)])
        aim = np.concatenate([root * liked[user], np.zeros(3)])
        expected = np.linalg.lstsq(rows, aim, rcond=None)[0]
        np.testing.assert_allclose(found[user], expected, rtol=2e-4, atol=1e-5)


@pytest.fixture
def one_side(stars):
    """What `draw_rows` gets: who has rated, what, the other side, and a prior."""
    rng = np.random.default_rng(3)
    rated = (stars > 0).astype("float32")
    target = rated * (stars - 3)
    other = rng.normal(size=(N_ITEMS, 2)).astype("float32")
    precision = np.array([[2, 0.5], [0.5, 1]], "float32")
    return rated, target, other, np.array([0.3, -0.2], "float32"), precision


def test_rows_without_a_seed_are_the_mean_that_the_helper_draws_around(page, one_side):
    class NoNoise:
        def normal(self, *shape):
            return np.zeros(shape, "float32")

    rated, target, other, mean, precision = one_side
    ours = page["draw_rows"](rated, target, other, mean, precision, 1.7)
    prior = np.tile(mean, (N_USERS, 1))
    theirs = bayesian._draw_rows(NoNoise(), 1.7 * rated, target, other, prior, precision)
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(ours[0], mean, atol=1e-6)  # nothing rated: the prior


def test_drawn_rows_scatter_as_the_posterior_does(page, one_side):
    rated, target, other, mean, precision = one_side
    rng, user = np.random.default_rng(4), 5
    draws = np.array(
        [
            page["draw_rows"](rated, target, other, mean, precision, 1.7, rng)[user]
            for _ in range(4000)
        ]
    )
    q = other[rated[user] > 0]
    covariance = np.linalg.inv(precision + 1.7 * q.T @ q)
    np.testing.assert_allclose(np.cov(draws.T), covariance, atol=0.1 * covariance.max())
    centre = page["draw_rows"](rated, target, other, mean, precision, 1.7)[user]
    np.testing.assert_allclose(draws.mean(axis=0), centre, atol=0.03)


def test_a_drawn_prior_is_that_of_the_rows(page):
    rng = np.random.default_rng(5)
    truth = np.array([[1.0, 0.6], [0.6, 2.0]])
    rows = rng.multivariate_normal([1, -2], truth, size=5000).astype("float32")
    draws = [page["draw_prior"](rows, rng) for _ in range(50)]
    means, precisions = (np.mean(part, axis=0) for part in zip(*draws, strict=True))
    np.testing.assert_allclose(means, [1, -2], atol=0.06)
    np.testing.assert_allclose(np.linalg.inv(precisions), truth, atol=0.12)


@pytest.mark.parametrize("n_others", [1, 4])
def test_the_ranker_puts_what_a_group_likes_before_the_rest(page, n_others):
    # Two groups of users, each of which likes its own half of the items; one pair is held out.
    likes = np.arange(20)[:, None] % 2 == np.arange(N_ITEMS) % 2
    held_out = np.arange(20), np.arange(20) % 2 + 2 * (np.arange(20) % 3)
    likes[held_out] = False
    user, item = np.nonzero(likes)
    train = index_ratings(pd.DataFrame({"user_id": user, "item_id": item, "rating": 5.0}))
    score = page["train_ranker"](train, n_others, 0.02, n_epochs=60)
    wrong = np.arange(20)[:, None] % 2 != np.arange(N_ITEMS) % 2
    assert (score[held_out][:, None] > np.where(wrong, score, -np.inf)).all(axis=1).mean() > 0.9
