import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import train_test_split

from recsys_helpers.interactions import (
    UNKNOWN,
    check_index,
    index_ratings,
    split_by_time,
    split_leave_last_out,
    split_random,
)


def table(rows):
    ratings = pd.DataFrame(rows, columns=["user_id", "item_id", "rating", "timestamp"])
    ratings["timestamp"] = pd.to_datetime(ratings["timestamp"], unit="s").astype("datetime64[s]")
    return ratings


@pytest.fixture
def ratings():
    # Users 7 and 3, one rating of user 9; row numbers in the comments of the tests.
    return table(
        [
            (7, 50, 5.0, 300),
            (3, 50, 4.0, 100),
            (7, 20, 3.0, 100),
            (7, 10, 1.0, 300),
            (3, 10, 2.0, 200),
            (9, 40, 4.0, 250),
        ]
    )


@pytest.fixture
def many():
    rng = np.random.default_rng(4)
    pairs = rng.permutation(40 * 25)[:300]
    stamps = rng.integers(0, 50, 300)  # far fewer seconds than ratings: many ties
    return table(list(zip(pairs // 25, pairs % 25, rng.integers(1, 6, 300), stamps, strict=True)))


def test_indices_are_positions_in_the_sorted_vocabularies(ratings):
    indexed = index_ratings(ratings)
    assert list(indexed.user_ids) == [3, 7, 9]
    assert list(indexed.item_ids) == [10, 20, 40, 50]
    assert (indexed.n_users, indexed.n_items) == (3, 4)
    assert list(indexed.user_index) == [1, 0, 1, 1, 0, 2]
    assert list(indexed.item_index) == [3, 3, 1, 0, 0, 2]
    assert list(indexed.rating) == [5, 4, 3, 1, 2, 4]
    assert indexed.user_index.dtype == indexed.item_index.dtype == np.int64
    assert indexed.known.all()


def test_indices_lead_back_to_the_ids(many):
    indexed = index_ratings(many)
    assert (indexed.user_ids[indexed.user_index] == many["user_id"]).all()
    assert (indexed.item_ids[indexed.item_index] == many["item_id"]).all()


def test_ids_outside_the_training_vocabulary_are_unknown(ratings):
    train = index_ratings(ratings.iloc[:3])  # users 3 and 7, items 20 and 50
    test = index_ratings(ratings.iloc[3:], like=train)
    assert list(test.user_index) == [1, 0, UNKNOWN]
    assert list(test.item_index) == [UNKNOWN, UNKNOWN, UNKNOWN]
    assert list(test.known) == [False, False, False]
    assert test.user_ids is train.user_ids
    assert test.to_csr().shape == (2, 2)
    assert test.to_csr().nnz == 0


def test_the_vocabulary_does_not_see_the_test_part(many):
    train, test = split_random(many, test_size=0.5)
    indexed = index_ratings(test, like=index_ratings(train))
    new = ~test["user_id"].isin(train["user_id"]) | ~test["item_id"].isin(train["item_id"])
    assert (indexed.known == ~new).all()


def test_ids_may_be_text():
    ratings = pd.DataFrame({"user_id": ["b", "a"], "item_id": ["x", "x"], "rating": [1, 2]})
    indexed = index_ratings(ratings)
    assert list(indexed.user_index) == [1, 0]
    assert index_ratings(ratings.iloc[:1], like=indexed).known.all()


def test_text_ids_are_not_silently_unknown_to_a_vocabulary_of_numbers(ratings):
    train = index_ratings(ratings)
    with pytest.raises(ValueError, match=r"user_id is (str|object) here, but int64 .*astype"):
        index_ratings(ratings.astype({"user_id": str}), like=train)


@pytest.mark.parametrize("column", ["user_id", "item_id"])
def test_a_missing_id_is_nobody(ratings, column):
    ratings.loc[[2, 4], column] = np.nan
    with pytest.raises(ValueError, match=f"2 ratings have no {column}, the first in row 2: .*drop"):
        index_ratings(ratings)


def test_a_missing_column_is_named(ratings):
    with pytest.raises(ValueError, match=r"no column 'item_id' among .*movie.*rename"):
        index_ratings(ratings.rename(columns={"item_id": "movie"}))


def test_a_part_has_the_chosen_ratings_and_the_whole_vocabularies(ratings):
    indexed = index_ratings(ratings)
    of_user_7 = indexed.part(indexed.user_index == 1)
    assert list(of_user_7.item_index) == [3, 1, 0]
    assert list(of_user_7.rating) == [5, 3, 1]
    assert (of_user_7.n_users, of_user_7.n_items) == (3, 4)
    backwards = indexed.part([5, 0])
    assert list(backwards.user_index) == [2, 1]
    assert list(backwards.rating) == [4, 5]


def test_the_matrix_holds_each_rating_in_its_cell(ratings):
    indexed = index_ratings(ratings)
    #       item 10 20 40 50
    expected = [[2, 0, 0, 4], [1, 3, 0, 5], [0, 0, 4, 0]]
    np.testing.assert_array_equal(indexed.to_csr().toarray(), expected)


def test_a_rating_of_zero_is_stored(ratings):
    ratings.loc[0, "rating"] = 0.0
    assert index_ratings(ratings).to_csr().nnz == len(ratings)


def test_a_pair_rated_twice_is_refused_rather_than_added_up(ratings):
    twice = pd.concat([ratings, ratings.iloc[[2]]])
    with pytest.raises(ValueError, match=r"user_id 7 has rated item_id 20 more than once"):
        index_ratings(twice).to_csr()


@pytest.mark.parametrize("index", [[-2], [0, 5], [3]])
def test_an_index_out_of_range_is_refused(index):
    with pytest.raises(IndexError, match=rf"user_index {index[-1]} is out of range.* 0 to 2"):
        check_index(index, 3, "user_index")


def test_raw_ids_and_scalars_are_no_indices():
    with pytest.raises(TypeError, match=r"item_index holds float64"):
        check_index([1.0], 3, "item_index")
    with pytest.raises(TypeError, match=r"one-dimensional, as in \[5\]"):
        check_index(1, 3, "item_index")
    assert check_index([], 3, "item_index").dtype == np.int64
    assert list(check_index([UNKNOWN, 2], 3, "item_index")) == [-1, 2]


@pytest.mark.parametrize(("test_size", "random_state"), [(0.2, 0), (0.25, 2021)])
def test_the_random_split_is_that_of_scikit_learn_row_for_row(many, test_size, random_state):
    train, test = split_random(many, test_size, random_state)
    expected = train_test_split(many, test_size=test_size, random_state=random_state)
    pd.testing.assert_frame_equal(train, expected[0])
    pd.testing.assert_frame_equal(test, expected[1])


@pytest.mark.parametrize("split", [split_random, split_by_time, split_leave_last_out])
def test_every_rating_is_in_exactly_one_part(many, split):
    train, test = split(many)
    assert len(train)
    assert len(test)
    assert sorted([*train.index, *test.index]) == list(many.index)
    again = split(many)
    pd.testing.assert_frame_equal(train, again[0])
    pd.testing.assert_frame_equal(test, again[1])


def test_the_latest_ratings_are_the_test_part(ratings):
    # By time: rows 1 and 2 (100, order of the table), 4 (200), 5 (250), 0 and 3 (300).
    train, test = split_by_time(ratings, test_size=1 / 3)
    assert list(train.index) == [1, 2, 4, 5]
    assert list(test.index) == [0, 3]
    # ceil(0.4 * 6) = 3
    assert list(split_by_time(ratings, test_size=0.4)[1].index) == [5, 0, 3]
    # The cut may fall between ratings of the same second.
    assert list(split_by_time(ratings, test_size=0.1)[1].index) == [3]


def test_nothing_in_training_is_later_than_the_test_part(many):
    train, test = split_by_time(many)
    assert len(test) == 60
    assert train["timestamp"].max() <= test["timestamp"].min()


def test_the_last_of_each_user_is_the_test_part(ratings):
    # User 7: rows 2 (100), 0 and 3 (300); user 3: rows 1, 4; user 9 has one rating and keeps it.
    train, test = split_leave_last_out(ratings)
    assert list(test.index) == [3, 4]
    assert list(train.index) == [0, 1, 2, 5]
    # Two each: users 3 and 9 have no more than two and stay.
    assert list(split_leave_last_out(ratings, n_last=2)[1].index) == [0, 3]


def test_leaving_the_last_out_agrees_with_a_loop_over_users(many):
    _, test = split_leave_last_out(many, n_last=3)
    expected = []
    for _, own in many.groupby("user_id"):
        if len(own) > 3:
            expected += sorted(own.index, key=lambda row: (many["timestamp"][row], row))[-3:]
    assert list(test.index) == sorted(expected)


def test_splits_go_by_position_not_by_label(many):
    relabelled = many.set_axis(np.zeros(len(many), dtype=int))
    for split in (split_by_time, split_leave_last_out):
        for part, expected in zip(split(relabelled), split(many), strict=True):
            np.testing.assert_array_equal(part.to_numpy(), expected.to_numpy())


@pytest.mark.parametrize("split", [split_by_time, split_leave_last_out])
def test_splits_by_time_name_the_missing_timestamps(ratings, split):
    with pytest.raises(ValueError, match=r"no column 'timestamp' .*split_random"):
        split(ratings.drop(columns="timestamp"))
    ratings.loc[[2, 4], "timestamp"] = pd.NaT
    with pytest.raises(ValueError, match=r"2 ratings have no timestamp, the first in row 2"):
        split(ratings)


def test_impossible_sizes_are_refused(ratings):
    with pytest.raises(ValueError, match=r"test_size is 20"):
        split_by_time(ratings, test_size=20)
    with pytest.raises(ValueError, match=r"n_last is 0"):
        split_leave_last_out(ratings, n_last=0)
