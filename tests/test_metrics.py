from math import log2, nan, sqrt

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.metrics import mean_absolute_error, mean_squared_error, ndcg_score

from recsys_helpers.interactions import UNKNOWN
from recsys_helpers.metrics import (
    coverage,
    mae,
    ndcg_at_k,
    precision_at_k,
    recall_at_k,
    rmse,
    scoreboard,
)

RANKING = [precision_at_k, recall_at_k, ndcg_at_k]

# Three users, five items, k = 2.
RECOMMENDED = np.array([[4, 0], [1, UNKNOWN], [3, 2]])
RELEVANT = csr_array(
    np.array(
        [
            [1, 1, 1, 0, 0],  # three relevant, item 0 hit at place 2
            [0, 1, 0, 0, 0],  # one relevant, hit at place 1
            [0, 0, 0, 0, 0],  # none: left out
        ],
        dtype=bool,
    )
)


def test_rating_errors_by_hand():
    rating, predicted = [5, 3, 1, 4], [4, 3, 3, 4.5]
    # Errors 1, 0, -2, -0.5; squares 1, 0, 4, 0.25.
    assert rmse(rating, predicted) == pytest.approx(sqrt(5.25 / 4))
    assert mae(rating, predicted) == pytest.approx(3.5 / 4)


def test_rating_errors_agree_with_scikit_learn():
    rng = np.random.default_rng(1)
    rating, predicted = rng.integers(1, 6, 500), rng.uniform(1, 5, 500)
    assert rmse(rating, predicted) == pytest.approx(mean_squared_error(rating, predicted) ** 0.5)
    assert mae(rating, predicted) == pytest.approx(mean_absolute_error(rating, predicted))


def test_the_rmse_of_the_data_is_not_the_mean_of_the_rmse_of_batches():
    # One published notebook reports the latter: here (0 + 2) / 2 = 1 instead of √(4 / 2).
    assert rmse([3, 3], [3, 5]) == pytest.approx(sqrt(2))


@pytest.mark.parametrize("error", [rmse, mae])
def test_rating_errors_refuse_what_cannot_be_compared(error):
    with pytest.raises(ValueError, match=r"rating has shape \(3,\) and predicted \(2,\)"):
        error([1, 2, 3], [1, 2])
    with pytest.raises(ValueError, match=r"predicted \(3, 1\).*ravel"):
        error([1, 2, 3], np.ones((3, 1)))
    with pytest.raises(ValueError, match=r"predicted 1 is nan \(2 of 3 are not finite\)"):
        error([1, 2, 3], [1, nan, nan])
    with pytest.raises(ValueError, match=r"rating 0 is inf"):
        error([np.inf], [1])
    with pytest.raises(ValueError, match=r"no rating to compare"):
        error([], [])


def test_the_scoreboard_has_a_row_for_each_model_in_order():
    board = scoreboard([5, 3], {"mean": [4, 4], "copy": [5, 3]})
    assert list(board.index) == ["mean", "copy"]
    assert list(board.columns) == ["RMSE", "MAE"]
    assert board.index.name == "model"
    assert board.to_numpy().tolist() == [[1, 1], [0, 0]]


def test_the_scoreboard_says_which_share_of_the_way_a_model_covers():
    predictions = {
        "mean": [5, 1],  # errors 2: RMSE 2
        "biases": [4.5, 1.5],  # 1.5
        "model": [3.75, 2.25],  # 0.75
        "floor": [3.5, 2.5],  # 0.5
    }
    board = scoreboard([3, 3], predictions, way=("biases", "floor"))
    assert list(board.columns) == ["RMSE", "MAE", "covered"]
    # Of the way of 1.5 - 0.5 = 1: -0.5, nothing, 1.5 - 0.75, all.
    assert board["covered"].tolist() == [-0.5, 0, 0.75, 1]
    assert board["RMSE"].tolist() == [2, 1.5, 0.75, 0.5]


def test_no_way_is_covered_where_nobody_knows_the_noise():
    predictions = {"biases": [4, 4], "model": [5, 3]}
    board = scoreboard([5, 3], predictions, way=("biases", "floor"))
    assert list(board.columns) == ["RMSE", "MAE"]


def test_a_way_starts_at_a_model_that_is_there():
    with pytest.raises(ValueError, match=r"'bias'.*none of.*'biases'"):
        scoreboard([5, 3], {"biases": [4, 4], "floor": [5, 3]}, way=("bias", "floor"))


def test_precision_by_hand():
    # User 0: 1 of 2 places; user 1: 1 of 2, the padded place counts; user 2 is left out.
    assert precision_at_k(RECOMMENDED, RELEVANT) == pytest.approx((1 / 2 + 1 / 2) / 2)


def test_recall_by_hand():
    # User 0: 1 of 3 relevant items; user 1: 1 of 1.
    assert recall_at_k(RECOMMENDED, RELEVANT) == pytest.approx((1 / 3 + 1) / 2)


def test_ndcg_by_hand():
    # User 0: a hit at place 2 gains 1/log2(3); the best two places gain 1/log2(2) + 1/log2(3).
    # User 1: a hit at place 1 gains 1, and with one relevant item that is the best.
    user_0 = (1 / log2(3)) / (1 + 1 / log2(3))
    assert ndcg_at_k(RECOMMENDED, RELEVANT) == pytest.approx((user_0 + 1) / 2)


@pytest.mark.parametrize("k", [1, 3, 10])
def test_ranking_metrics_agree_with_independent_definitions(k):
    rng = np.random.default_rng(k)
    n_users, n_items = 60, 23
    scores = rng.standard_normal((n_users, n_items))
    relevant = rng.random((n_users, n_items)) < 0.1
    relevant[3] = False
    lists = np.argsort(-scores, axis=1)[:, :k]
    served = relevant.any(axis=1)
    assert 2 < served.sum() < n_users

    precision, recall = [], []
    for row in np.flatnonzero(served):
        wanted = set(np.flatnonzero(relevant[row]))
        n_hits = len(wanted & set(lists[row]))
        precision.append(n_hits / k)
        recall.append(n_hits / len(wanted))
    assert precision_at_k(lists, csr_array(relevant)) == pytest.approx(np.mean(precision))
    assert recall_at_k(lists, csr_array(relevant)) == pytest.approx(np.mean(recall))
    assert ndcg_at_k(lists, csr_array(relevant)) == pytest.approx(
        ndcg_score(relevant[served], scores[served], k=k)
    )


@pytest.mark.parametrize("metric", RANKING)
def test_a_perfect_list_scores_1_and_a_useless_one_0(metric):
    relevant = csr_array([[1, 1, 0, 0, 0], [0, 0, 0, 1, 1]])
    assert metric([[1, 0], [3, 4]], relevant) == pytest.approx(1)
    assert metric([[3, 4], [0, 2]], relevant) == 0


@pytest.mark.parametrize("metric", RANKING)
def test_a_padded_place_is_not_the_last_item_of_the_user_before(metric):
    relevant = csr_array([[0, 0, 1], [1, 0, 0]])
    assert metric([[0, 1], [UNKNOWN, UNKNOWN]], relevant) == 0


@pytest.mark.parametrize("metric", RANKING)
def test_more_pairs_than_32_bits_can_number(metric):
    n = 50_000  # 2.5 thousand million pairs
    last = np.array([n - 1], dtype=np.int32)
    relevant = csr_array(([1], (last, last)), shape=(n, n))
    assert metric(np.full((n, 1), n - 1), relevant) == 1


@pytest.mark.parametrize("metric", RANKING)
def test_users_with_nothing_relevant_are_left_out_and_nan_if_none_remain(metric):
    with_idle = csr_array(np.vstack([RELEVANT.toarray(), np.zeros((4, 5), dtype=bool)]))
    lists = np.vstack([RECOMMENDED, np.tile([0, 1], (4, 1))])
    assert metric(lists, with_idle) == pytest.approx(metric(RECOMMENDED, RELEVANT))
    assert np.isnan(metric(RECOMMENDED, csr_array((3, 5), dtype=bool)))
    assert np.isnan(metric(np.empty((0, 2), dtype=int), csr_array((0, 5), dtype=bool)))


@pytest.mark.parametrize("metric", RANKING)
def test_a_stored_false_is_not_relevant_and_a_rating_is(metric):
    stored = RELEVANT.astype(float) * 4
    stored.data[0] = 0
    dropped = RELEVANT.toarray()
    dropped[0, 0] = False
    assert metric(RECOMMENDED, stored) == metric(RECOMMENDED, csr_array(dropped))


def test_ndcg_rewards_order_and_the_others_do_not():
    relevant = csr_array([[1, 0, 0]])
    assert ndcg_at_k([[0, 1]], relevant) > ndcg_at_k([[1, 0]], relevant) > 0
    for metric in (precision_at_k, recall_at_k):
        assert metric([[0, 1]], relevant) == metric([[1, 0]], relevant) > 0


@pytest.mark.parametrize("metric", RANKING)
def test_lists_that_do_not_fit_are_refused(metric):
    with pytest.raises(ValueError, match=r"recommended has 2 users and relevant 3"):
        metric(RECOMMENDED[:2], RELEVANT)
    with pytest.raises(ValueError, match=r"item_index 5, but indices are 0 to 4"):
        metric([[5, 1]] * 3, RELEVANT)
    with pytest.raises(ValueError, match=r"list of row 1 holds item_index 4 more than once"):
        metric([[0, 1], [4, 4], [2, 3]], RELEVANT)
    with pytest.raises(ValueError, match=r"shape \(3,\)"):
        metric([0, 1, 2], RELEVANT)


def test_coverage_by_hand():
    # Items 0, 1, 2, 3, 4 of 8; the padded place is no item.
    assert coverage(RECOMMENDED, 8) == pytest.approx(5 / 8)
    assert coverage([[UNKNOWN, UNKNOWN]], 8) == 0
    with pytest.raises(ValueError, match=r"item_index 4, but indices are 0 to 3"):
        coverage(RECOMMENDED, 4)
    with pytest.raises(ValueError, match=r"item_index nan, .* -1 for an empty place"):
        coverage([[0, nan]], 4)
