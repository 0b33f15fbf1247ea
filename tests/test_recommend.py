import numpy as np
import pytest
from scipy.sparse import csr_array

from recsys_helpers.interactions import UNKNOWN
from recsys_helpers.recommend import recommend, similar_items

# Two users, five items; user 0 has seen item 1, user 1 the items 0 and 4.
SCORES = np.array([[3.0, 9.0, 1.0, 3.0, 2.0], [7.0, 1.0, 1.0, 1.0, 8.0]])
SEEN = csr_array([[0, 4, 0, 0, 0], [5, 0, 0, 0, 3]])


def scorer(user_index):
    return SCORES[user_index]


def brute_force(scores, seen, k):
    """The k best unseen items of one user, by a plain sort on (-score, item_index)."""
    ranked = sorted((-score, item) for item, score in enumerate(scores) if item not in seen)
    return [item for _, item in ranked[:k]]


def test_lists_by_hand():
    items, scores = recommend(scorer, SEEN, [0, 1], k=3)
    # User 0 without item 1: 3.0 twice (lower index first), then 2.0. User 1: three ties at 1.0.
    assert items.tolist() == [[0, 3, 4], [1, 2, 3]]
    assert scores.tolist() == [[3, 3, 2], [1, 1, 1]]


def test_lists_follow_the_order_of_the_users_asked_for():
    items, _ = recommend(scorer, SEEN, [1, 0, 1], k=2)
    assert items.tolist() == [[1, 2], [0, 3], [1, 2]]


@pytest.mark.parametrize("k", [1, 4, 17])
@pytest.mark.parametrize("batch_size", [1, 7, 1000])
def test_lists_agree_with_a_loop_whatever_the_batches(k, batch_size):
    rng = np.random.default_rng(k)
    scores = rng.integers(0, 6, (25, 18)).astype(float)  # ties everywhere
    seen = rng.random((25, 18)) < 0.3
    users = rng.permutation(25)
    items, top = recommend(lambda u: scores[u], csr_array(seen), users, k, batch_size)
    assert items.shape == top.shape == (25, k)
    for row, user in enumerate(users):
        expected = brute_force(scores[user], set(np.flatnonzero(seen[user])), k)
        assert items[row, : len(expected)].tolist() == expected
        assert (top[row, : len(expected)] == scores[user, expected]).all()
        assert (items[row, len(expected) :] == UNKNOWN).all()
        assert np.isnan(top[row, len(expected) :]).all()


def test_nothing_seen_is_ever_recommended():
    rng = np.random.default_rng(0)
    scores = rng.standard_normal((12, 30))
    seen = rng.random((12, 30)) < 0.5
    items, _ = recommend(lambda u: scores[u], csr_array(seen), np.arange(12), k=30)
    for user in range(12):
        found = items[user][items[user] != UNKNOWN]
        assert sorted(found) == np.flatnonzero(~seen[user]).tolist()


def test_a_seen_rating_of_zero_counts_as_seen():
    seen = csr_array((np.array([0.0]), ([0], [1])), shape=(2, 5))
    assert seen.nnz == 1
    items, _ = recommend(scorer, seen, [0], k=5)
    assert 1 not in items


def test_short_lists_are_padded():
    items, scores = recommend(scorer, SEEN, [1], k=7)
    assert items.tolist() == [[1, 2, 3, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN]]
    assert np.isnan(scores[0, 3:]).all()


def test_an_item_scored_minus_infinity_is_never_recommended():
    items, _ = recommend(lambda u: np.array([[1, -np.inf, -100.0]]), csr_array((1, 3)), [0], k=3)
    assert items.tolist() == [[0, 2, UNKNOWN]]


def test_a_list_is_short_where_few_items_remain_of_many():
    scores = np.full((3, 50), -np.inf)
    scores[1, [40, 7]] = -5, -1e300
    items, top = recommend(lambda u: scores[u], csr_array((3, 50)), [0, 1, 2], k=3)
    nothing = [UNKNOWN] * 3
    assert items.tolist() == [nothing, [40, 7, UNKNOWN], nothing]
    np.testing.assert_array_equal(top[1], [-5, -1e300, np.nan])


def test_one_user_with_ties_only_does_not_disturb_the_others():
    scores = np.vstack([np.ones(200), np.arange(200.0), -np.arange(200.0)])
    items, _ = recommend(lambda u: scores[u], csr_array((3, 200)), [0, 1, 2], k=3)
    assert items.tolist() == [[0, 1, 2], [199, 198, 197], [0, 1, 2]]


def test_an_unknown_user_has_not_seen_what_the_last_user_has():
    def popularity(user_index):
        return np.tile([5.0, 4, 3, 2, 1], (len(user_index), 1))

    items, _ = recommend(popularity, SEEN, [UNKNOWN, 1], k=2)
    assert items.tolist() == [[0, 1], [1, 2]]


def test_the_scores_of_the_scorer_are_left_alone():
    shared = np.broadcast_to(np.arange(5.0), (2, 5))  # read-only, as popularity for all users is
    items, _ = recommend(lambda u: shared[u], SEEN, [0, 1], k=2)
    assert items.tolist() == [[4, 3], [3, 2]]
    before = SCORES.copy()
    recommend(lambda u: SCORES, SEEN, [0, 1])
    np.testing.assert_array_equal(SCORES, before)


def test_the_scorer_is_asked_batch_by_batch():
    asked = []

    def record(user_index):
        asked.append(user_index.tolist())
        return SCORES[user_index]

    recommend(record, SEEN, [0, 1, 0, 1, 0], batch_size=2)
    assert asked == [[0, 1], [0, 1], [0]]


def test_no_users_no_lists():
    items, scores = recommend(scorer, SEEN, [], k=4)
    assert items.shape == scores.shape == (0, 4)


def test_scores_of_the_wrong_shape_are_refused():
    with pytest.raises(ValueError, match=r"returned shape \(5, 1\) for 1 users, expected \(1, 5\)"):
        recommend(lambda u: SCORES[u].T, SEEN, [0])
    with pytest.raises(ValueError, match=r"returned shape \(5,\) for 2 users"):
        recommend(lambda u: SCORES[0], SEEN, [0, 1])


def test_nan_scores_are_refused():
    def broken(user_index):
        scores = SCORES[user_index]
        scores[user_index == 1, 3] = np.nan
        return scores

    with pytest.raises(ValueError, match=r"user_index 1, item_index 3 is NaN"):
        recommend(broken, SEEN, [0, 1])


def test_impossible_arguments_are_refused():
    with pytest.raises(IndexError, match=r"user_index 2 is out of range"):
        recommend(scorer, SEEN, [2])
    with pytest.raises(ValueError, match=r"k is 0"):
        recommend(scorer, SEEN, [0], k=0)
    with pytest.raises(ValueError, match=r"batch_size is 0"):
        recommend(scorer, SEEN, [0], batch_size=0)


# Six items in the plane; item 5 has no direction.
VECTORS = np.array([[1.0, 0], [10, 0], [1, 1], [0, 2], [-3, 0], [0, 0]])


def test_neighbours_by_hand():
    items, cosine = similar_items(VECTORS, [0, 3], k=2)
    # To (1, 0): (10, 0) has cosine 1 whatever its length, (1, 1) has 1/√2.
    # To (0, 2): (1, 1) has 1/√2; (1, 0), (10, 0) and (-3, 0) have 0, lowest index first.
    assert items.tolist() == [[1, 2], [2, 0]]
    np.testing.assert_allclose(cosine, [[1, 0.5**0.5], [0.5**0.5, 0]], atol=1e-12)


def test_neither_the_item_itself_nor_one_without_direction_is_a_neighbour():
    items, cosine = similar_items(VECTORS, np.arange(6), k=6)
    for item in range(5):
        found = items[item][items[item] != UNKNOWN]
        assert sorted(found) == [other for other in range(5) if other != item]
    assert (items[5] == UNKNOWN).all()
    assert np.isnan(cosine[5]).all()
    assert cosine[0, 3] == pytest.approx(-1)


def test_rounding_noise_is_no_direction():
    vectors = VECTORS.copy()
    vectors[5] = [1e-17, -1e-17]
    np.testing.assert_array_equal(
        similar_items(vectors, [0, 5], k=6)[0], similar_items(VECTORS, [0, 5], k=6)[0]
    )


def test_an_unknown_item_has_no_neighbours():
    items, _ = similar_items(VECTORS[:5], [UNKNOWN, 0], k=2)
    assert items.tolist() == [[UNKNOWN, UNKNOWN], [1, 2]]


def test_cosines_agree_with_a_loop():
    rng = np.random.default_rng(3)
    vectors = rng.standard_normal((20, 3))
    items, cosine = similar_items(vectors, np.arange(20), k=4)
    for item in range(20):
        expected = {
            other: vectors[item]
            @ vectors[other]
            / np.sqrt((vectors[item] @ vectors[item]) * (vectors[other] @ vectors[other]))
            for other in range(20)
            if other != item
        }
        nearest = sorted(expected, key=lambda other: -expected[other])[:4]
        assert items[item].tolist() == nearest
        np.testing.assert_allclose(cosine[item], [expected[other] for other in nearest])


@pytest.mark.parametrize("k", [1, 10, 300])
@pytest.mark.parametrize("share", [1.0, 0.3, 0.0])
def test_neighbours_agree_with_a_loop_where_there_are_ties_everywhere(k, share):
    # Vectors of ±1 and 0 whose length is 1 or 2, so that their cosines are exact, and few.
    rng = np.random.default_rng(k)
    grid = np.stack(np.meshgrid(*[[-1.0, 0, 1]] * 4), axis=-1).reshape(-1, 4)
    length = np.sqrt((grid**2).sum(axis=1))
    chosen = rng.choice(np.flatnonzero(np.isin(length, [0, 1, 2])), 200)
    unit = grid[chosen] / np.maximum(length[chosen], 1)[:, np.newaxis]
    candidates = rng.random(200) < share
    asked = rng.permutation(200)  # several batches
    items, cosine = similar_items(3 * unit, asked, k, candidates)
    for row, item in enumerate(asked):
        left_out = {item, *np.flatnonzero(~candidates), *np.flatnonzero(~unit.any(axis=1))}
        expected = brute_force(unit @ unit[item], left_out, k) if unit[item].any() else []
        assert items[row, : len(expected)].tolist() == expected
        assert (cosine[row, : len(expected)] == unit[expected] @ unit[item]).all()
        assert (items[row, len(expected) :] == UNKNOWN).all()
        assert np.isnan(cosine[row, len(expected) :]).all()


def test_only_candidates_are_neighbours_but_every_item_has_some():
    candidates = np.array([True, False, True, False, True, True])
    items, cosine = similar_items(VECTORS, [0, 1, 5], k=3, candidates=candidates)
    # Item 1, no candidate itself, has the cosines 1 with (1, 0), 1/√2 with (1, 1), -1 with (-3, 0).
    assert items.tolist() == [[2, 4, UNKNOWN], [0, 2, 4], [UNKNOWN] * 3]
    np.testing.assert_allclose(cosine[1], [1, 0.5**0.5, -1])
    everything = similar_items(VECTORS, np.arange(6), candidates=[True] * 6)
    np.testing.assert_array_equal(everything, similar_items(VECTORS, np.arange(6)))


@pytest.mark.parametrize("candidates", [[0, 2, 4], [1, 0, 1, 0, 1, 1], [True] * 5, [[True] * 6]])
def test_candidates_that_are_no_mask_of_the_items_are_refused(candidates):
    with pytest.raises(ValueError, match=r"candidates has shape .*, expected \(6,\) and bool"):
        similar_items(VECTORS, [0], candidates=candidates)


def test_a_cosine_is_at_most_1_whatever_the_rounding():
    vectors = np.random.default_rng(0).standard_normal((100, 7))
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    assert ((vectors / lengths) ** 2).sum(axis=1).max() > 1  # what would come out otherwise
    _, cosine = similar_items(np.vstack([vectors, 3 * vectors]), np.arange(200), k=1)
    assert cosine.max() == 1


def test_an_item_out_of_range_is_called_an_item():
    with pytest.raises(IndexError, match=r"item_index 6 is out of range"):
        similar_items(VECTORS, [6])


def test_vectors_that_are_not_finite_are_refused():
    with pytest.raises(ValueError, match=r"item_index 1 is not finite"):
        similar_items(np.array([[1.0], [np.nan], [2.0]]), [0])
