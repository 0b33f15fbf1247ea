import importlib.metadata
import importlib.util
import os
import subprocess
import sys

import numpy as np
import pytest
from planted import SCALE, error_on_test, planted

from recsys_helpers import spark
from recsys_helpers.interactions import UNKNOWN, index_ratings, split_random
from recsys_helpers.models import fit_biases
from recsys_helpers.recommend import recommend
from recsys_helpers.spark import SparkUnavailableError, check_spark, fit_als

SMALL = {"n_blocks": 2, "master": "local[2]", "memory": "1g"}


@pytest.fixture(scope="module")
def needs_spark():
    """Skip, saying what is missing, unless REQUIRE_SPARK=1: then that is a failure."""
    try:
        check_spark()
    except SparkUnavailableError as error:
        if os.environ.get("REQUIRE_SPARK") == "1":
            raise
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def session(needs_spark):
    """Start Spark once for the tests in which it does not matter when."""
    with spark._session("local[2]", "1g", n_blocks=2) as session:
        yield session


@pytest.fixture
def written(tmp_path):
    """Return what writes a table as the file that a fit is to read."""

    def write(ratings):
        path = tmp_path / "a folder" / "ratings.parquet"
        path.parent.mkdir(exist_ok=True)
        ratings.to_parquet(path)
        return path

    return write


# --- What is missing is said, with or without Spark -----------------------------------------------


@pytest.fixture
def nothing_starts(monkeypatch):
    """Let it be an error to go on to where Java would be started."""

    def start(*_):
        raise AssertionError("Spark was to be started")

    monkeypatch.setattr(spark, "_session", start)


@pytest.fixture
def fake(monkeypatch, tmp_path):
    """Return what puts a PySpark and a Java of given versions, None for none, in place of ours."""

    def put(pyspark, java):
        def version(name):
            if pyspark is None:
                raise importlib.metadata.PackageNotFoundError(name)
            return pyspark

        monkeypatch.setattr(importlib.metadata, "version", version)
        folder = tmp_path / "bin"
        folder.mkdir()
        if java is not None:
            program = folder / "java"
            program.write_text(f"#!/bin/sh\necho '{java}' >&2\n")
            program.chmod(0o755)
        monkeypatch.setenv("JAVA_HOME", str(tmp_path))

    return put


@pytest.mark.parametrize(
    ("pyspark", "java", "message"),
    [
        (
            None,
            'openjdk version "17.0.15"',
            r"PySpark is not installed.*pip install -e '.\[spark\]'",
        ),
        ("3.5.9", 'openjdk version "17.0.15"', r"PySpark is 3.5.9 here: install 4.0 or later"),
        ("4.3.0", None, "Java is not installed.*17 or later.*openjdk-17-jre-headless.*JAVA_HOME"),
        ("4.3.0", "No Java runtime present", "Java is not installed"),  # as macOS says it
        ("4.3.0", 'openjdk version "11.0.2" 2019-01-15', "Java is 11 here"),
        ("4.3.0", 'java version "1.8.0_202"', "Java is 8 here"),
    ],
)
@pytest.mark.usefixtures("nothing_starts")
def test_says_what_is_missing_before_it_starts_anything(fake, written, pyspark, java, message):
    fake(pyspark, java)
    ratings = planted()
    with pytest.raises(SparkUnavailableError, match=message):
        fit_als(written(ratings), index_ratings(ratings), SCALE)


@pytest.mark.parametrize("java", ['openjdk version "17.0.15" 2025-04-15', 'java version "21"'])
def test_is_content_with_what_it_needs(fake, java):
    fake("4.0.4", java)
    check_spark()


@pytest.mark.usefixtures("nothing_starts")
def test_says_that_there_is_no_such_path(fake, tmp_path):
    fake("4.3.0", 'openjdk version "17.0.15"')
    with pytest.raises(FileNotFoundError, match=r"there is no .*none\.parquet: write the training"):
        fit_als(tmp_path / "none.parquet", index_ratings(planted()), SCALE)


@pytest.mark.parametrize(
    ("path", "master"),
    [("hdfs://host/ratings", "local[*]"), ("s3a://ours/x", "yarn"), ("/of/the/cluster", "yarn")],
)
def test_leaves_addresses_to_spark(path, master):
    assert spark._address(path, master) == path


# --- Starting and ending --------------------------------------------------------------------------

ALONE = """
import sys
import pandas as pd
from pyspark import SparkContext, java_gateway
from recsys_helpers import spark
from recsys_helpers.datasets import RatingScale
from recsys_helpers.interactions import index_ratings
from recsys_helpers.spark import SparkUnavailableError, fit_als

started = []
launch = java_gateway.launch_gateway

def watched(*arguments):
    started.append(launch(*arguments))
    return started[-1]

java_gateway.launch_gateway = watched
ratings = pd.read_parquet(sys.argv[1])
like, scale = index_ratings(ratings), RatingScale(1, 5)
settings = {"n_factors": 1, "n_iterations": 1, "n_blocks": 1, "master": "local[1]"}
fit_als(sys.argv[1], like, scale, memory="600m", **settings)
try:
    fit_als(sys.argv[1], index_ratings(ratings[:9]), scale, memory="700m", **settings)
except ValueError as error:
    print(error)
heaps = [[a for a in java.proc.args if "driver.memory" in a] for java in started]
print(*heaps, [java.proc.poll() for java in started], SparkContext._gateway)
print("silence until here", file=sys.stderr)

def killed(session, address):
    started[-1].proc.kill()
    return session.range(3).first()

spark._read = killed
for memory in ("1m", "600m"):
    try:
        fit_als(sys.argv[1], like, scale, memory=memory, **settings)
    except SparkUnavailableError as error:
        print(error)
"""


@pytest.mark.usefixtures("needs_spark")
def test_starts_in_silence_and_ends_after_a_fit_and_after_an_error(written):
    path = written(planted())
    command = [sys.executable, "-c", ALONE, str(path)]
    ended = subprocess.run(command, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr.startswith("silence until here")
    assert "`like` does not know" in ended.stdout
    assert "600m'] ['spark.driver.memory=700m'] [0, 0] None" in ended.stdout
    assert "Java could not start Spark: " in ended.stdout
    assert "Java came to an end in the midst of the work" in ended.stdout


def test_needs_no_network(session):
    assert session.conf.get("spark.driver.host") in ("127.0.0.1", "localhost")
    assert "SPARK_LOCAL_IP" not in os.environ  # or a cluster would be told so later


# --- The model ------------------------------------------------------------------------------------


@pytest.mark.usefixtures("session")
def test_finds_planted_factors(written):
    train, test = split_random(planted())
    path = written(train)

    def fit(indexed, scale):
        return fit_als(path, indexed, scale, n_factors=2, shrinkage=0.02, **SMALL)

    # The noise alone is 0.3, and clipping makes it less.
    assert error_on_test(fit, train, test) < 0.4 < 0.8 < error_on_test(fit_biases, train, test)


@pytest.mark.usefixtures("session")
def test_makes_a_model_of_the_vocabularies_given(written):
    ratings = planted()
    train = ratings[(ratings["user_id"] != 103) & (ratings["item_id"] != 15)]
    like = index_ratings(ratings)  # two ids more, in the midst of the others
    model = fit_als(written(train), like, SCALE, n_factors=3, n_iterations=1, **SMALL)
    biases = fit_biases(index_ratings(train), SCALE, n_sweeps=1)
    assert model.global_mean == pytest.approx(train["rating"].mean())
    user, item = like.user_ids.get_loc(103), like.item_ids.get_loc(15)
    np.testing.assert_allclose(np.delete(model.user_bias, user), biases.user_bias, atol=1e-9)
    np.testing.assert_allclose(np.delete(model.item_bias, item), biases.item_bias, atol=1e-9)
    assert model.user_bias[user] == model.item_bias[item] == 0
    assert not model.user_factors[user].any()
    assert not model.item_factors[item].any()
    assert model.user_factors.shape == (60, 3)
    assert model.item_factors.shape == (45, 3)
    assert np.delete(model.user_factors, user, axis=0).all()
    np.testing.assert_allclose(model([UNKNOWN])[0], model.global_mean + model.item_bias)
    recommended, _ = recommend(model, like.to_csr(), np.arange(60), k=3)
    assert not like.to_csr().toarray()[np.arange(60)[:, np.newaxis], recommended].any()


@pytest.mark.usefixtures("session")
def test_each_user_pays_for_the_factors_by_number_of_ratings(written):
    """At its end, ALS has solved for the users exactly: Zhou et al. (2008), section 3.1."""
    ratings = planted()
    like = index_ratings(ratings)
    model = fit_als(written(ratings), like, SCALE, 2, shrinkage=0.1, n_iterations=1, **SMALL)
    left_over = like.rating - model.global_mean
    left_over -= model.user_bias[like.user_index] + model.item_bias[like.item_index]
    for row in range(like.n_users):
        own = like.user_index == row
        factors = model.item_factors[like.item_index[own]]
        matrix = factors.T @ factors + 0.1 * own.sum() * np.eye(2)
        expected = np.linalg.solve(matrix, factors.T @ left_over[own])
        np.testing.assert_allclose(model.user_factors[row], expected, atol=1e-5)


@pytest.mark.usefixtures("session")
def test_reads_a_store_of_the_netflix_prize(tmp_path):
    netflix = pytest.importorskip("recsys_helpers.netflix")
    store = netflix.build_store(
        netflix.make_files(tmp_path / "files", 20_000), tmp_path / "store.parquet"
    )
    kept = netflix.filter_store(
        store=netflix.open_store(store), path=tmp_path / "kept.parquet", per_item=20
    )
    like = index_ratings(netflix.select(kept))
    model = fit_als(kept.path, like, netflix.SCALE, n_factors=2, **SMALL)
    pairs = like.user_index, like.item_index
    biases = fit_biases(like, netflix.SCALE, n_sweeps=1)
    np.testing.assert_allclose(model.item_bias, biases.item_bias, atol=1e-9)
    error = np.mean((model.predict(*pairs) - like.rating) ** 2)
    assert error < 0.9 * np.mean((biases.predict(*pairs) - like.rating) ** 2)


@pytest.mark.usefixtures("session")
def test_reads_a_folder_of_files(tmp_path):
    ratings = planted()
    like = index_ratings(ratings)
    ratings[:500].to_parquet(tmp_path / "1.parquet")
    ratings[500:].to_parquet(tmp_path / "2.parquet")
    model = fit_als(tmp_path, like, SCALE, n_factors=1, n_iterations=1, **SMALL)
    assert model.global_mean == pytest.approx(like.rating.mean())


@pytest.mark.usefixtures("session")
def test_the_same_seed_makes_the_same_model(written):
    ratings = planted()
    like, path = index_ratings(ratings), written(ratings)
    one, same, other = (
        fit_als(path, like, SCALE, 2, n_iterations=2, seed=seed, **SMALL) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one.user_factors, same.user_factors)
    np.testing.assert_array_equal(one.item_factors, same.item_factors)
    assert np.abs(one.item_factors - other.item_factors).max() > 0.01


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda r: r.rename(columns={"rating": "stars"}), "no column 'rating' among .*'stars'"),
        (lambda r: r.astype({"item_id": str}), "item_id is string in .* takes whole numbers"),
        (lambda r: r.astype({"user_id": float}), "user_id is double in .* takes whole numbers"),
        (lambda r: r.assign(rating="4"), "rating is string in .* takes numbers"),
        (lambda r: r.iloc[:0], "there is no rating to learn from"),
        (lambda r: r.assign(rating=r["rating"].where(r.index > 1)), "leave out those that lack"),
        (lambda r: r.assign(rating=r["rating"].replace(r["rating"][0], np.inf)), "lack a number"),
        (lambda r: r.assign(user_id=r["user_id"] + 1), "60 ids of the ratings, such as user_id"),
    ],
)
@pytest.mark.usefixtures("session")
def test_refuses_ratings_that_it_cannot_learn_from(written, change, message):
    ratings = planted()
    with pytest.raises(ValueError, match=message):
        fit_als(written(change(ratings)), index_ratings(ratings), SCALE, **SMALL)
