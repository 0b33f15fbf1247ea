from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtri
from sklearn.model_selection import train_test_split

from recsys_helpers import synthetic
from recsys_helpers.synthetic import Truth, make_sample


@pytest.fixture(scope="module")
def sample():
    return make_sample()


@pytest.fixture(scope="module")
def pairs(sample):
    """Return user index, item index and rating of each row."""
    ratings = sample.ratings
    return (
        ratings["user_id"].to_numpy() - 1,
        ratings["item_id"].to_numpy() - 1,
        ratings["rating"].to_numpy(),
    )


def gini(counts):
    """Mean absolute difference of all pairs, over twice the mean."""
    return np.abs(np.subtract.outer(counts, counts)).mean() / (2 * counts.mean())


# --- The marginals of MovieLens 100K, as published or as counted in u.data -----------------------


def test_size(sample):
    ratings = sample.ratings
    assert len(ratings) == 100_000
    assert not ratings.duplicated(["user_id", "item_id"]).any()
    assert set(ratings["user_id"]) == set(range(1, 944))
    assert set(ratings["item_id"]) == set(range(1, 1683))
    assert sample.items["item_id"].to_list() == list(range(1, 1683))
    assert sample.users["user_id"].to_list() == list(range(1, 944))
    assert sample.name == "built-in sample"
    assert sample.folder is None


def test_distribution_of_the_ratings(sample):
    rating = sample.ratings["rating"]
    assert rating.dtype == "float64"
    assert rating.mean() == pytest.approx(3.52986, abs=0.001)
    assert rating.std() == pytest.approx(1.125674, abs=0.001)
    shares = rating.value_counts(normalize=True).sort_index()
    assert shares.index.to_list() == [1, 2, 3, 4, 5]
    np.testing.assert_allclose(shares, [0.0611, 0.1137, 0.27145, 0.34174, 0.21201], atol=0.0005)


def test_ratings_per_user_and_per_item(sample):
    per_user = sample.ratings["user_id"].value_counts()
    assert per_user.min() == 20
    assert per_user.median() == pytest.approx(65, abs=2)
    assert per_user.max() == pytest.approx(737, abs=5)
    per_item = sample.ratings["item_id"].value_counts()
    assert per_item.min() == 1
    assert (per_item == 1).sum() == pytest.approx(141, abs=10)
    assert per_item.median() == pytest.approx(27, abs=1)
    assert per_item.max() == pytest.approx(583, abs=5)
    assert gini(per_user.to_numpy()) == pytest.approx(0.4719, abs=0.01)
    assert gini(per_item.to_numpy()) == pytest.approx(0.6290, abs=0.01)


def test_popular_items_are_liked_better_as_in_movielens(sample):
    by_item = sample.ratings.groupby("item_id")["rating"].agg(["mean", "size"])
    # In MovieLens 100K: 0.516
    assert np.corrcoef(by_item["mean"], np.log(by_item["size"]))[0, 1] == pytest.approx(
        0.5, abs=0.1
    )


def test_timestamps_come_in_sessions_after_the_release(sample):
    ratings = sample.ratings.merge(sample.items, on="item_id")
    assert ratings["timestamp"].dtype == "datetime64[s]"
    assert ratings["timestamp"].min() >= pd.Timestamp("1997-09-20")
    assert ratings["timestamp"].max() < pd.Timestamp("1998-04-23")
    assert not (ratings["timestamp"] < ratings["release_date"]).any()
    gaps = ratings.sort_values(["user_id", "timestamp"]).groupby("user_id")["timestamp"].diff()
    n_sessions = 1 + (gaps > pd.Timedelta(hours=5)).groupby(ratings["user_id"]).sum()
    assert n_sessions.between(1, 4).all()
    assert not sample.ratings["timestamp"].is_monotonic_increasing


def test_rows_are_shuffled_as_in_u_data(sample, pairs):
    for index in pairs[:2]:
        assert abs(np.corrcoef(index, np.arange(len(index)))[0, 1]) < 0.02


# --- The tables ---------------------------------------------------------------------------------


def test_items(sample):
    items = sample.items
    assert items.columns.to_list() == ["item_id", "title", "release_date", "year", "genres"]
    assert items["title"].is_unique
    undated = items["release_date"].isna()
    assert items.loc[undated, "title"].to_list() == ["unknown"]
    assert items.loc[undated, "genres"].to_list() == ["unknown"]
    dated = items[~undated]
    in_title = dated["title"].str.extract(r"^[A-Z].* \((\d{4})\)$", expand=False).astype(int)
    assert (in_title == dated["year"]).all()
    assert (in_title == dated["release_date"].dt.year).all()
    assert dated["year"].min() < 1940
    assert dated["year"].median() == 1995
    genres = items["genres"].str.get_dummies()
    assert set(genres) == {"unknown", *synthetic._GENRES}
    assert genres.sum(axis=1).between(1, 3).all()
    assert genres["Drama"].mean() == pytest.approx(725 / 1682, abs=0.1)


def test_users(sample):
    users = sample.users
    assert users.columns.to_list() == ["user_id", "age", "gender", "occupation", "zip_code"]
    assert users["age"].mean() == pytest.approx(34.05, abs=2)
    assert (users["gender"] == "M").mean() == pytest.approx(0.71, abs=0.05)
    assert users["occupation"].mode()[0] == "student"
    assert users["zip_code"].str.fullmatch(r"\d{5}").all()


def test_series_share_title_and_genres_in_order_of_release(sample):
    films = sample.items.assign(series=sample.truth.series)
    films = films[films["series"] >= 0]
    assert films["series"].nunique() == 60
    for _, series in films.sort_values("release_date").groupby("series"):
        assert 2 <= len(series) <= 6
        assert series["genres"].nunique() == 1
        first, *sequels = series["title"].str.replace(r" \(\d{4}\)$", "", regex=True)
        for sequel, numeral in zip(sequels, ["II", "III", "IV", "V", "VI"], strict=False):
            assert sequel.startswith(f"{first} {numeral}: ")


# --- The truth ----------------------------------------------------------------------------------


def simulate(truth, user_index, item_index, n_draws=100, seed=1):
    """Draw ratings of pairs anew from what the truth says that people feel."""
    felt = truth.user_bias[user_index] + truth.item_bias[item_index]
    felt += (truth.user_factors[user_index] * truth.item_factors[item_index]).sum(axis=1)
    noise = np.random.default_rng(seed).normal(0, synthetic.NOISE, (n_draws, len(felt)))
    return 1 + (felt + noise >= truth.thresholds[:, None, None]).sum(axis=0)


def test_expected_rating_and_variance_of_one_pair_by_hand():
    truth = Truth(
        user_bias=np.array([0.5]),
        item_bias=np.array([0.25, -2.0]),
        user_factors=np.array([[1.0, 0.5]]),
        item_factors=np.array([[0.5, -0.5], [0.0, 0.0]]),
        thresholds=np.array([-np.inf, 1.0, np.inf, np.inf]),
        series=np.array([-1, -1]),
    )
    # Felt: 0.5 + 0.25 + (0.5 - 0.25) = 1, just on the threshold: 2 or 3 stars, each as likely.
    assert truth.expected_rating[0, 0] == pytest.approx(2.5)
    assert truth.variance[0, 0] == pytest.approx(0.25)
    assert truth.noise_floor(np.array([0]), np.array([0])) == pytest.approx(0.5)
    # Felt: 0.5 - 2 = -1.5, so 2.5 / 0.935 = 2.674 deviations below: 3 stars with p = 0.0037.
    assert truth.expected_rating[0, 1] == pytest.approx(2.0037, abs=1e-4)
    rows = pd.DataFrame({"user_id": [1, 1], "item_id": [2, 1]}, index=[7, 3])
    assert truth.expected_of(rows) == pytest.approx([2.0037, 2.5], abs=1e-4)


def test_the_noise_floor_against_an_independent_simulation(sample, pairs):
    user_index, item_index, _ = (column[:20_000] for column in pairs)
    ratings = simulate(sample.truth, user_index, item_index)
    expected = sample.truth.expected_rating[user_index, item_index]
    # The standard error of the mean of 100 draws is 0.1 of the deviation of one.
    assert np.sqrt(np.mean((ratings.mean(axis=0) - expected) ** 2)) < 0.1
    simulated = np.sqrt(np.mean((ratings - expected) ** 2))
    floor = sample.truth.noise_floor(user_index, item_index)
    assert floor == pytest.approx(simulated, abs=0.002)
    assert np.sqrt(ratings.var(axis=0, ddof=1).mean()) == pytest.approx(floor, abs=0.002)


def test_the_ratings_of_the_sample_were_drawn_from_its_truth(sample, pairs):
    user_index, item_index, rating = pairs
    expected = sample.truth.expected_rating[user_index, item_index]
    floor = sample.truth.noise_floor(user_index, item_index)
    assert np.sqrt(np.mean((rating - expected) ** 2)) == pytest.approx(floor, abs=0.01)
    # Calibrated at every level, and no longer when the users are shuffled.
    assert np.polyfit(expected, rating, 1) == pytest.approx([1, 0], abs=0.05)
    shuffled = sample.truth.expected_rating[user_index[::-1], item_index]
    assert np.polyfit(shuffled, rating, 1)[0] < 0.95
    assert np.sqrt(np.mean((rating - shuffled) ** 2)) > floor + 0.1


def test_people_rate_what_they_like(sample, pairs):
    user_index, item_index, _ = pairs
    expected = sample.truth.expected_rating
    assert expected[user_index, item_index].mean() > expected.mean() + 0.3
    # Of one and the same film, too, those who rate it like it better than the rest.
    match = sample.truth.user_factors @ sample.truth.item_factors.T
    excess = (match - match.mean(axis=0))[user_index, item_index]
    assert excess.mean() > 0.05


def test_films_of_a_series_are_neighbours(sample):
    vectors = sample.truth.item_factors
    vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    cosine = vectors @ vectors.T
    np.fill_diagonal(cosine, -np.inf)
    nearest = np.argsort(-cosine, axis=1)
    series = sample.truth.series
    for item in np.flatnonzero(series >= 0):
        others = set(np.flatnonzero(series == series[item])) - {item}
        assert others <= set(nearest[item, :5])


def test_factors_follow_genre_and_year(sample):
    factors = pd.DataFrame(sample.truth.item_factors)
    genres = sample.items["genres"].str.get_dummies()
    by_genre = pd.DataFrame({g: factors[genres[g] == 1].mean() for g in ("Action", "Romance")})
    assert by_genre.loc[0, "Action"] > by_genre.loc[0, "Romance"] + 0.4  # spectacle
    known = sample.items["year"].notna()
    year = sample.items.loc[known, "year"].astype(float)
    assert np.corrcoef(factors.loc[known, 3], year)[0, 1] > 0.7


def damped_biases(user_index, item_index, rating, n_users=943, n_items=1682):
    mean = rating.mean()
    user_bias, item_bias = np.zeros(n_users), np.zeros(n_items)
    for _ in range(10):
        rest = rating - mean - user_bias[user_index]
        item_bias = np.bincount(item_index, rest, n_items) / (
            2 + np.bincount(item_index, minlength=n_items)
        )
        rest = rating - mean - item_bias[item_index]
        user_bias = np.bincount(user_index, rest, n_users) / (
            5 + np.bincount(user_index, minlength=n_users)
        )
    return mean + user_bias[:, None] + item_bias


def soft_impute(user_index, item_index, residual, shape, shrinkage=14, n_iterations=15):
    """Fill the holes by a shrunken SVD, again and again; its 60 directions by power iteration."""
    estimate = np.zeros(shape)
    right = np.random.default_rng(0).normal(size=(shape[1], 60))
    for _ in range(n_iterations):
        filled = estimate.copy()
        filled[user_index, item_index] = residual
        basis = np.linalg.qr(filled @ right)[0]
        left, values, right_rows = np.linalg.svd(basis.T @ filled, full_matrices=False)
        estimate = basis @ (left * np.maximum(values - shrinkage, 0)) @ right_rows
        right = right_rows.T
    return estimate


def test_the_usual_models_err_as_on_movielens(sample, pairs):
    train, test = train_test_split(np.arange(100_000), test_size=0.2, random_state=0)
    user_index, item_index, rating = pairs

    def rmse(predicted):
        predicted = np.clip(predicted, 1, 5)[user_index[test], item_index[test]]
        return np.sqrt(np.mean((rating[test] - predicted) ** 2))

    biases = damped_biases(user_index[train], item_index[train], rating[train])
    residual = (rating - biases[user_index, item_index])[train]
    factors = soft_impute(user_index[train], item_index[train], residual, biases.shape)
    global_mean = rmse(np.full_like(biases, rating[train].mean()))
    # On MovieLens 100K: 1.126, 0.940 and 0.914.
    assert global_mean == pytest.approx(1.126, abs=0.01)
    assert rmse(biases) == pytest.approx(0.940, abs=0.012)
    assert rmse(biases) - 0.04 < rmse(biases + factors) < rmse(biases) - 0.02
    floor = sample.truth.noise_floor(user_index[test], item_index[test])
    assert rmse(sample.truth.expected_rating) == pytest.approx(floor, abs=0.01)
    assert 0.82 < floor < rmse(biases + factors) - 0.05


# --- The same everywhere ------------------------------------------------------------------------

FINGERPRINT = "d07e1a49b5e8ce0428c7dd1a49a1fde47459cad655d9623b1abaf80566b24229"
# What PCG64 gives for the seed 0.
RAW = [11749869230777074271, 4976686463289251617, 755828109848996024]


def test_seed_0_gives_the_same_tables_on_every_platform(sample):
    assert sample.fingerprint == FINGERPRINT


def test_a_last_digit_that_differs_between_libraries_changes_nothing(monkeypatch):
    monkeypatch.setattr(synthetic, "ndtri", lambda share: np.nextafter(ndtri(share), np.inf))
    assert make_sample().fingerprint == FINGERPRINT


def test_sums_over_the_truth_are_exact_in_any_order(sample):
    truth = sample.truth
    one_way = truth.user_factors @ truth.item_factors.T
    other_way = np.zeros_like(one_way)
    for factor in reversed(range(truth.user_factors.shape[1])):
        other_way += np.outer(truth.user_factors[:, factor], truth.item_factors[:, factor])
    np.testing.assert_array_equal(one_way, other_way)


def test_it_takes_less_than_two_seconds():
    start = time.process_time()
    make_sample()
    assert time.process_time() - start < 2


def test_same_seed_same_sample_other_seed_other_sample(sample):
    again, other = make_sample(0), make_sample(1)
    pd.testing.assert_frame_equal(again.ratings, sample.ratings)
    pd.testing.assert_frame_equal(again.items, sample.items)
    pd.testing.assert_frame_equal(again.users, sample.users)
    assert again.fingerprint == sample.fingerprint
    assert other.fingerprint != sample.fingerprint
    assert not other.items["title"].equals(sample.items["title"])
    assert not other.ratings["user_id"].equals(sample.ratings["user_id"])


@pytest.mark.parametrize("table", ["ratings", "items", "users"])
def test_the_fingerprint_sees_every_table(sample, table):
    tables = [sample.ratings, sample.items, sample.users]
    assert synthetic._fingerprint(*tables) == sample.fingerprint
    changed = [t.drop(index=5) if t is getattr(sample, table) else t for t in tables]
    assert synthetic._fingerprint(*changed) != sample.fingerprint


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_seed_keeps_the_margins(seed):
    dataset = make_sample(seed)
    ratings = dataset.ratings
    assert not ratings.duplicated(["user_id", "item_id"]).any()
    for column, quantiles, n in [
        ("user_id", synthetic.RATINGS_PER_USER, 943),
        ("item_id", synthetic.RATINGS_PER_ITEM, 1682),
    ]:
        counts = np.sort(ratings[column].value_counts())
        np.testing.assert_array_equal(counts, np.sort(synthetic._counts(quantiles, n)))
    assert ratings["rating"].mean() == pytest.approx(3.52986, abs=0.001)
    assert dataset.items["title"].is_unique


def test_random_numbers_are_the_raw_bits():
    draw = synthetic._Draw(0)
    raw = np.random.PCG64(0).random_raw(3)
    np.testing.assert_array_equal(draw.uniform(3), [((int(r) >> 11) + 0.5) / 2**53 for r in raw])
    assert raw.tolist() == RAW
