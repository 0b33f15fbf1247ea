import numpy as np
import pandas as pd
import pytest
from sklearn.preprocessing import StandardScaler

from recsys_helpers.interactions import index_ratings
from recsys_helpers.metadata import item_facts, user_facts

# In another order than the vocabularies, with an item and a user that nobody asks for.
ITEMS = pd.DataFrame(
    {
        "item_id": [30, 10, 20, 50, 40, 99],
        "year": pd.array([2000, 1990, None, 1950, 1990, 1900], dtype="Int64"),
        "genres": ["Drama|Action", "Drama", "", "Western|Drama", "War", "Fantasy"],
    }
)
USERS = pd.DataFrame(
    {
        "user_id": [3, 1, 2, 9],
        "age": [30, 20, 70, 99],
        "gender": ["F", "M", "M", "F"],
        "occupation": ["writer", "artist", "none", "lawyer"],
    }
)
RATINGS = pd.DataFrame(
    {
        "user_id": [1, 1, 3, 3, 1, 3],
        "item_id": [10, 20, 30, 40, 40, 10],
        "rating": [5.0, 3, 4, 2, 1, 4],
    }
)
# Of user 2 and item 50 there is no training rating.
TRAIN = index_ratings(
    RATINGS,
    like=index_ratings(
        pd.DataFrame({"user_id": [1, 2, 3, 1, 1], "item_id": [10, 20, 30, 40, 50], "rating": 1.0})
    ),
)


def test_facts_about_items_by_hand():
    facts = item_facts(ITEMS, TRAIN)
    assert facts.index.tolist() == [10, 20, 30, 40, 50]
    # Drama before War; Western and Fantasy are genres of items without training ratings only.
    assert facts.columns.tolist() == ["year", "year unknown", "Action", "Drama", "War"]
    assert (facts.dtypes == "float64").all()
    # Of 1990, 2000 and 1990 the mean is 1993 1/3 and the variance (2 * 100/9 + 400/9) / 3 = 200/9.
    spread = np.sqrt(200 / 9)
    year = np.array([-10 / 3, 0, 20 / 3, -10 / 3, -130 / 3]) / spread
    expected = [
        [year[0], 0, 0, 1, 0],
        [0, 1, 0, 0, 0],
        [year[2], 0, 1, 1, 0],
        [year[3], 0, 0, 0, 1],
        [year[4], 0, 0, 1, 0],
    ]
    np.testing.assert_allclose(facts, expected)


def test_facts_about_users_by_hand():
    facts = user_facts(USERS, TRAIN)
    assert facts.index.tolist() == [1, 2, 3]
    assert facts.columns.tolist() == ["age", "F", "M", "artist", "writer"]
    assert (facts.dtypes == "float64").all()
    # Users 1 and 3 are 20 and 30: mean 25, standard deviation 5.
    expected = [[-1, 0, 1, 1, 0], [9, 0, 1, 0, 0], [1, 1, 0, 0, 1]]
    np.testing.assert_allclose(facts, expected)


def test_a_rating_of_an_unknown_user_or_item_counts_for_nothing():
    table = pd.concat([RATINGS, RATINGS.assign(user_id=77, item_id=99)])
    train = index_ratings(table, like=TRAIN)
    assert not train.known.all()
    pd.testing.assert_frame_equal(item_facts(ITEMS, train), item_facts(ITEMS, TRAIN))
    pd.testing.assert_frame_equal(user_facts(USERS, train), user_facts(USERS, TRAIN))


@pytest.mark.parametrize("year", [pd.NA, 1990])
def test_years_that_do_not_differ_say_nothing(year):
    rated = ITEMS["item_id"].isin(RATINGS["item_id"])
    facts = item_facts(ITEMS.assign(year=ITEMS["year"].mask(rated, year)), TRAIN)
    assert np.isfinite(facts.to_numpy()).all()
    assert not facts["year"].loc[:40].any()
    assert (facts["year unknown"].loc[:40] == pd.isna(year)).all()


def test_ids_may_be_text_and_occupations_numbers():
    as_text = {"item_id": "str", "user_id": "str"}
    train = index_ratings(RATINGS.astype(as_text))
    facts = item_facts(ITEMS.astype({"item_id": "str"}), train)
    assert facts.index.tolist() == ["10", "20", "30", "40"]
    # MovieLens 1M has numbers for occupations.
    users = USERS.astype({"user_id": "str"}).assign(occupation=[12, 4, 0, 7])
    assert user_facts(users, train).columns.tolist() == ["age", "F", "M", "12", "4"]


@pytest.mark.parametrize("column", ["item_id", "year", "genres"])
def test_a_column_that_is_missing_is_named(column):
    with pytest.raises(ValueError, match=rf"no column '{column}' among \['"):
        item_facts(ITEMS.drop(columns=column), TRAIN)


def test_no_table_of_users_is_refused():
    with pytest.raises(ValueError, match=r"no table of users: do without facts about them"):
        user_facts(None, TRAIN)


def test_an_id_without_a_row_is_refused():
    with pytest.raises(ValueError, match=r"item_id 40 \(int64\) has no row .*add a row, or leave"):
        item_facts(ITEMS[ITEMS["item_id"] != 40], TRAIN)
    with pytest.raises(ValueError, match=r"user_id 1 \(int64\) has no row .* are (str|object)"):
        user_facts(USERS.astype({"user_id": "str"}), TRAIN)


def test_an_id_with_two_rows_is_refused():
    with pytest.raises(ValueError, match=r'item_id 30 has more than one row: .*"item_id"'):
        item_facts(pd.concat([ITEMS, ITEMS.head(1)]), TRAIN)


# Two bugs of a published notebook: what each breaks holds here, and not where the bug is.


def a_missing_year_is_no_year(facts_of):
    """Whatever the year of another item is, it differs from one that nobody knows."""
    for year in (1990, 1997, 2000):
        facts = facts_of(ITEMS.assign(year=ITEMS["year"].mask(ITEMS["item_id"] == 10, year)))
        assert not np.allclose(facts.loc[10, :"year unknown"], facts.loc[20, :"year unknown"])


def test_bug_the_last_four_characters_of_a_date_that_is_made_up():
    a_missing_year_is_no_year(lambda items: item_facts(items, TRAIN))

    def buggy(items):
        date = ("01-Jan-" + items["year"].astype("string")).fillna("01-Jan-1997")
        year = date.str[-4:].astype(float).to_numpy().reshape(-1, 1)
        year = StandardScaler().fit_transform(year)[:, 0]
        return pd.DataFrame({"year": year, "year unknown": 0.0}, items["item_id"])

    with pytest.raises(AssertionError):
        a_missing_year_is_no_year(buggy)


def nothing_is_learnt_from_items_without_training_ratings(facts_of):
    changed = ITEMS.copy()
    changed.loc[changed["item_id"] == 50, ["year", "genres"]] = [1890, "Film-Noir"]
    rated = sorted(set(RATINGS["item_id"]))
    pd.testing.assert_frame_equal(facts_of(changed).loc[rated], facts_of(ITEMS).loc[rated])


def test_bug_scaling_is_fitted_on_all_items():
    nothing_is_learnt_from_items_without_training_ratings(lambda items: item_facts(items, TRAIN))

    def buggy(items):
        facts = item_facts(items, TRAIN)
        year = items.set_index("item_id").loc[facts.index, ["year"]].astype(float)
        return facts.assign(year=StandardScaler().fit_transform(year)[:, 0])

    with pytest.raises(AssertionError):
        nothing_is_learnt_from_items_without_training_ratings(buggy)
