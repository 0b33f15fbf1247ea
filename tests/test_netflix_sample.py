import json
import re
import zlib

import numpy as np
import pandas as pd
import pytest

from recsys_helpers import netflix_sample
from recsys_helpers.datasets import RatingScale
from recsys_helpers.interactions import index_ratings, split_by_time, split_random
from recsys_helpers.metrics import rmse
from recsys_helpers.models import fit_biases, fit_global_mean, fit_soft_impute
from recsys_helpers.netflix_sample import FILES, KNOWN_ROWS, make_files

N = 100_000
LINE = re.compile(r"([1-9]\d*):|([1-9]\d*),([1-5]),(\d{4}-\d\d-\d\d)")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return make_files(tmp_path_factory.mktemp("netflix") / "made", N)


@pytest.fixture(scope="module")
def rows(folder):
    """The ratings of all files, read by a loop that knows nothing of the package."""
    found = []
    for file in FILES:
        for line in (folder / file).read_text("ascii").splitlines():
            header, user, rating, date = LINE.fullmatch(line).groups()
            if header:
                item = int(header)
            else:
                found.append((int(user), item, int(rating), date, file))
    table = pd.DataFrame(found, columns=["user_id", "item_id", "rating", "timestamp", "file"])
    return table.assign(timestamp=table["timestamp"].to_numpy("datetime64[s]"))


def titles(folder):
    text = (folder / "movie_titles.csv").read_bytes().decode("iso-8859-1")
    return [line.split(",", 2) for line in text.splitlines()]


def test_each_file_holds_its_films_in_order_and_the_number_of_ratings_it_claims(folder, rows):
    about = json.loads((folder / "generated.json").read_text())
    assert rows["file"].value_counts()[list(FILES)].tolist() == about["rows"]
    assert sum(about["rows"]) == len(rows) == about["n_ratings"] == N
    assert rows["item_id"].is_monotonic_increasing
    assert rows["item_id"].unique().tolist() == list(range(1, rows["item_id"].max() + 1))
    # In the proportions of the films, which are about those of the ratings, of the real files.
    assert np.allclose(
        np.array(about["rows"]) / N, np.array(KNOWN_ROWS) / sum(KNOWN_ROWS), atol=0.1
    )


def test_ids_and_dates_have_the_range_of_the_real_ones_and_no_pair_is_there_twice(rows):
    assert rows["user_id"].between(1, 2_649_429).all()
    assert rows["user_id"].max() > 2_500_000
    assert rows["timestamp"].min() >= pd.Timestamp("1999-11-11")
    assert pd.Timestamp("2005-12-01") < rows["timestamp"].max() <= pd.Timestamp("2005-12-31")
    assert not rows.duplicated(["user_id", "item_id"]).any()
    raters = rows.loc[rows["item_id"] == rows["item_id"].mode()[0], "user_id"]
    assert not raters.is_monotonic_increasing  # nor are they sorted in the real files


def test_stars_have_their_shares(rows):
    shares = rows["rating"].value_counts(normalize=True).sort_index()
    # Published: 4.6, 10.1, 28.8, 33.8 and 23.2 million; mean 3.604, standard deviation 1.085.
    assert np.allclose(shares, [0.046, 0.101, 0.287, 0.336, 0.231], atol=0.012)
    assert abs(rows["rating"].mean() - 3.604) < 0.03
    assert abs(rows["rating"].std() - 1.085) < 0.02


def test_films_and_users_have_long_tails(rows):
    per_item, per_user = rows["item_id"].value_counts(), rows["user_id"].value_counts()
    top = per_item.head(len(per_item) // 10).sum()
    assert 0.70 < top / N < 0.85  # the real top tenth has 77 %
    assert per_item.median() < per_item.mean() / 3
    assert per_user.median() < 0.7 * per_user.mean()
    assert per_user.max() > 20 * per_user.median()
    assert abs(N / len(per_item) / len(per_user) - 0.0118) < 0.002  # as sparse as the real ones


def test_full_size_would_have_the_published_numbers():
    # Without writing it: the counts that are planned for 100,480,507 ratings.
    per_user = netflix_sample._counts(netflix_sample.RATINGS_PER_USER, 480_189, 100_480_507, 17_653)
    per_item = netflix_sample._counts(netflix_sample.RATINGS_PER_ITEM, 17_770, 100_480_507, 232_944)
    for counts, published in (
        (per_user, {0.25: 39, 0.5: 96, 0.75: 259}),
        (per_item, {0.25: 192, 0.5: 561, 0.75: 2_668}),
    ):
        assert abs(counts.sum() - 100_480_507) < 1
        for share, value in published.items():
            assert abs(np.quantile(counts, share) / value - 1) < 0.06
    assert abs((per_item > 53_000).sum() / 463 - 1) < 0.1  # filter A of the source
    assert abs((per_user > 830).sum() / 20_790 - 1) < 0.1


def test_what_is_planned_is_what_is_drawn(folder, rows):
    users, items = netflix_sample._make_world(np.random.default_rng(0), N)
    assert rows["item_id"].value_counts().sort_index().tolist() == items.n_ratings.tolist()
    # A user's number is random around the plan; the two busiest find too few films to rate here.
    found = np.sort(rows["user_id"].value_counts().to_numpy())[::-1]
    planned = np.sort(users.n_ratings)[::-1]
    assert abs(found[2:100].sum() / planned[2:100].sum() - 1) < 0.03


def test_the_probe_has_its_share_of_the_latest_ratings(folder, rows):
    pairs, item = [], None
    for line in (folder / "probe.txt").read_text("ascii").splitlines():
        if line.endswith(":"):
            item = int(line[:-1])
        else:
            pairs.append((int(line), item))
    assert len(pairs) == N * 1_408_395 // 100_480_507
    found = rows.set_index(["user_id", "item_id"]).loc[pairs]
    assert len(found) == len(pairs) == len(set(pairs))
    assert found["timestamp"].median() > rows["timestamp"].quantile(0.9)


def test_titles_have_the_quirks_of_the_real_ones(folder, rows):
    films = titles(folder)
    assert [int(number) for number, _, _ in films] == rows["item_id"].unique().tolist()
    years = [year for _, year, _ in films]
    assert years.count("NULL") == 7
    known = np.array([int(year) for year in years if year != "NULL"])
    assert 1896 <= known.min() < 1930
    assert 1990 < np.median(known) <= known.max() == 2005
    names = [title for _, _, title in films]
    assert len(set(names)) == len(names)
    assert sum("," in name for name in names) > len(names) // 20
    assert sum(not name.isascii() for name in names) > 10


def test_no_film_is_rated_before_it_is_out(folder, rows):
    year = {int(i): int(y) for i, y, _ in titles(folder) if y != "NULL"}
    out = rows["item_id"].map(year).fillna(0)
    assert (rows["timestamp"].dt.year >= out).all()


def test_same_seed_same_files(folder, tmp_path):
    def checksums(made):
        return {file.name: zlib.crc32(file.read_bytes()) for file in made.iterdir()}

    again, other = make_files(tmp_path / "a", N), make_files(tmp_path / "b", N, seed=1)
    assert checksums(again) == checksums(folder)
    same = checksums(folder).items() & checksums(other).items()
    assert same == set()


def test_files_that_are_there_are_kept_and_others_are_not_overwritten(tmp_path):
    made = make_files(tmp_path / "made", 2_000)
    before = (made / FILES[0]).stat().st_mtime_ns
    assert make_files(made, 2_000) == made
    assert (made / FILES[0]).stat().st_mtime_ns == before
    with pytest.raises(FileExistsError, match="holds other files: delete it, or name another"):
        make_files(made, 3_000)
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / FILES[0]).write_text("1:\n")
    with pytest.raises(FileExistsError, match="own holds other files"):
        make_files(tmp_path / "own", 2_000)


def test_an_interrupt_leaves_nothing(tmp_path, monkeypatch):
    def interrupt(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(netflix_sample, "_probe_text", interrupt)
    with pytest.raises(KeyboardInterrupt):
        make_files(tmp_path / "made", 2_000)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("n_ratings", [0, 999, 100_480_508])
def test_an_impossible_size_is_refused(tmp_path, n_ratings):
    with pytest.raises(ValueError, match=rf"n_ratings is {n_ratings}, but must be from 1,000 to"):
        make_files(tmp_path / "made", n_ratings)


@pytest.mark.parametrize("n_ratings", [1_000, 1_001, 7_777])
def test_small_sizes_are_exact(tmp_path, n_ratings):
    made = make_files(tmp_path / "made", n_ratings)
    lines = [line for file in FILES for line in (made / file).read_text().splitlines()]
    assert sum("," in line for line in lines) == n_ratings


# --- What models can learn ----------------------------------------------------------------------

SCALE = RatingScale(1.0, 5.0)


def error(fit, train, test, **settings):
    known = index_ratings(train)
    asked = index_ratings(test, like=known)
    return rmse(
        asked.rating, fit(known, SCALE, **settings).predict(asked.user_index, asked.item_index)
    )


@pytest.fixture(scope="module")
def dense(rows):
    """The films and users with most ratings, as in the filters of the source."""
    for column, n in (("item_id", 300), ("user_id", 300)):
        rows = rows[rows[column].isin(rows[column].value_counts().head(n).index)]
    return rows.drop(columns="file")


def test_biases_and_tastes_are_worth_learning(dense):
    train, test = split_random(dense)
    mean, biases = error(fit_global_mean, train, test), error(fit_biases, train, test)
    tastes = error(fit_soft_impute, train, test, shrinkage=10.0)
    assert biases < mean - 0.1
    assert tastes < biases - 0.005


def test_a_split_by_time_is_harder_than_one_at_random(rows):
    at_random = error(fit_biases, *split_random(rows))
    by_time = error(fit_biases, *split_by_time(rows))
    assert by_time > at_random + 0.02


def test_ratings_rise_in_2004(dense):
    before = dense["timestamp"] < "2004-01-01"
    later = dense["timestamp"] > "2004-07-01"
    assert dense["rating"][later].mean() > dense["rating"][before].mean() + 0.1
