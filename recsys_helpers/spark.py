"""Ratings in files that one machine need not hold -> ALS on a cluster -> a model like any other.

The engine is MLlib of Apache Spark, on the cores of this machine or on a cluster, by the address
of its master. Importing this module imports no Spark: without it, or without the Java that it runs
on, `fit_als` says so before it starts anything.
"""

import importlib.metadata
import math
import os
import re
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import IO

import numpy as np
import pandas as pd

from .datasets import RatingScale
from .interactions import UNKNOWN, Interactions
from .models import FactorModel

OLDEST_SPARK = 4  # the first to give Arrow tables
OLDEST_JAVA = 17  # the first that it runs on


class SparkUnavailableError(RuntimeError):
    """Spark cannot be started here: the message says why, and what to do."""


def fit_als(
    path: str | os.PathLike,
    like: Interactions,
    scale: RatingScale,
    n_factors: int = 10,
    shrinkage: float = 0.05,
    n_iterations: int = 10,
    *,
    user_damping: float = 5.0,
    item_damping: float = 2.0,
    n_blocks: int = 10,
    seed: int = 0,
    master: str = "local[*]",
    memory: str = "4g",
) -> FactorModel:
    """Factorise what damped biases leave over, by alternating least squares in Spark.

    `path` is a Parquet file, or a folder of such, with the columns user_id and item_id (whole
    numbers) and rating: on this machine, or at an address such as ``hdfs://`` or ``s3a://`` that
    Spark can read. It must hold the training part only. The rows of the model are those of the
    vocabularies of `like`; an id without ratings has bias 0 and factors 0.

    An item bias is the damped mean of the deviations from the global mean, a user bias that of
    what is then left over: one sweep of `models.fit_biases`. Each user and item pays `shrinkage`
    (MLlib's ``regParam``) times the number of its ratings times the squared length of its factors.
    Users, and items, are spread over `n_blocks` tasks: have at least as many as cores. The factors
    depend on the seed, on `n_blocks` and, by rounding, on the order in which Spark adds up.

    `master` is ``local[*]`` for all cores of this machine, ``spark://host:7077``, ``yarn`` and so
    on; `memory` is the heap of Java on this machine, and on each other one. Spark is started for
    the fit and ended after it; a session that runs already is used as it is, and goes on.

    Raises SparkUnavailableError without PySpark or Java, before anything is started, or if Java
    comes to an end; FileNotFoundError for a `path` that is not there; ValueError for a missing
    column, ids that are no whole numbers or that `like` does not know, and ratings without a
    number. Source: Zhou et al. (2008), "Large-scale parallel collaborative filtering for the
    Netflix Prize", AAIM.
    """
    check_spark()
    address = _address(path, master)
    with _session(master, memory, n_blocks) as session:
        global_mean, ratings = _without_mean(_read(session, address))
        item_bias, ratings = _without_bias(ratings, "item_id", item_damping)
        user_bias, ratings = _without_bias(ratings, "user_id", user_damping)
        biases = _placed(user_bias, like.user_ids), _placed(item_bias, like.item_ids)
        factors = _factors(ratings, n_factors, shrinkage, n_iterations, n_blocks, seed)
        factors = _placed(factors[0], like.user_ids), _placed(factors[1], like.item_ids)
    return FactorModel(global_mean, *biases, *factors, scale)


def check_spark() -> None:
    """Raise SparkUnavailableError if PySpark or Java is missing here, or too old."""
    try:
        spark = importlib.metadata.version("pyspark")
    except importlib.metadata.PackageNotFoundError:
        spark = None
    if spark is None or int(spark.split(".")[0]) < OLDEST_SPARK:
        raise SparkUnavailableError(
            f"{'PySpark is not installed' if spark is None else f'PySpark is {spark} here'}: "
            f"install {OLDEST_SPARK}.0 or later, in the course folder by pip install -e '.[spark]'"
        )
    java = _java_version()
    if java is None or java < OLDEST_JAVA:
        raise SparkUnavailableError(
            f"{'Java is not installed' if java is None else f'Java is {java} here'}, and Spark "
            f"runs on Java {OLDEST_JAVA} or later: install it (on Debian and Ubuntu by apt install "
            f"openjdk-{OLDEST_JAVA}-jre-headless), or set JAVA_HOME to the folder that it is in"
        )


def _java_version() -> int | None:
    """Ask the Java that Spark would take for its version; None if there is none that answers."""
    home = os.environ.get("JAVA_HOME")
    java = shutil.which("java", path=str(Path(home, "bin")) if home else None)
    if java is None:
        return None
    said = subprocess.run([java, "-version"], capture_output=True, text=True).stderr
    version = re.search(r'version "(?:1\.)?(\d+)', said)  # Java 8 calls itself 1.8
    return int(version[1]) if version else None


def _address(path: str | os.PathLike, master: str) -> str:
    """Tell Spark where the ratings are; a cluster knows by itself what a path means there."""
    if "://" in str(path) or not master.startswith("local"):
        return str(path)
    if not Path(path).exists():
        raise FileNotFoundError(
            f"there is no {path}: write the training part there, as by DataFrame.to_parquet"
        )
    return "file:///" + Path(path).resolve().as_posix().lstrip("/")


# --- Starting and ending --------------------------------------------------------------------------


@contextmanager
def _session(master: str, memory: str, n_blocks: int) -> Iterator:
    """Start Spark, and end it; or give the session that runs already."""
    from pyspark import SparkConf, SparkContext
    from pyspark.sql import SparkSession

    with warnings.catch_warnings():
        # It imports pandas only to say so; the tables here are Arrow's.
        warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas")
        running = SparkSession.getActiveSession()
        if running is not None:
            yield running
            return
        settings = {
            "spark.driver.memory": memory,
            "spark.executor.memory": memory,
            "spark.sql.shuffle.partitions": str(n_blocks),
            "spark.ui.enabled": "false",
            "spark.ui.showConsoleProgress": "false",
        }
        conf = SparkConf().setMaster(master).setAppName("recsys_helpers").setAll(settings.items())
        with _java(conf, is_alone=master.startswith("local")) as gateway:
            context = SparkContext(conf=conf, gateway=gateway)
            try:
                context.setLogLevel("ERROR")
                yield SparkSession(context)
            finally:
                context.stop()


@contextmanager
def _java(conf, is_alone: bool) -> Iterator:
    """Start the Java process that PySpark talks to, and end it.

    PySpark would let it live, with all its memory, until Python ends, and no later fit could ask
    for more. It begins by writing a dozen lines on what it can do without: into a file. If it
    `is_alone`, it needs no network, and cannot be reached by one.
    """
    from pyspark import SparkContext
    from pyspark.errors import PySparkRuntimeError
    from pyspark.java_gateway import launch_gateway

    if SparkContext._gateway is not None:  # started by somebody else, whose it is to end
        yield SparkContext._gateway
        return
    with tempfile.TemporaryFile() as log:
        try:
            with _setting("SPARK_LOCAL_IP", "127.0.0.1") if is_alone else nullcontext():
                gateway = launch_gateway(conf, {"stderr": log})
        except PySparkRuntimeError as error:
            raise SparkUnavailableError(f"Java could not start Spark: {_said(log)}") from error
        try:
            yield gateway
        except Exception as error:
            if gateway.proc.poll() is None:
                raise
            raise SparkUnavailableError(
                "Java came to an end in the midst of the work, most likely for want of memory on "
                f"this machine: {_said(log)}"
            ) from error
        finally:
            gateway.shutdown()
            gateway.proc.stdin.close()  # that is how it knows that Python has ended
            gateway.proc.wait()
            SparkContext._gateway = SparkContext._jvm = None  # or the next session would want it


@contextmanager
def _setting(name: str, value: str) -> Iterator[None]:
    """Set an environment variable, unless it is set, for what is started meanwhile."""
    is_set = name in os.environ
    os.environ.setdefault(name, value)
    try:
        yield
    finally:
        if not is_set:
            del os.environ[name]


def _said(log: IO[bytes]) -> str:
    """Read the end of what Java has written into a file."""
    log.seek(0)
    return log.read()[-2000:].decode(errors="replace").strip() or "it did not say why"


# --- What Spark computes: tables that stay where it keeps them, up to the last step ---------------


def _read(session, address: str):
    """Read user_id, item_id and rating, or raise ValueError if they are not what they should be."""
    from pyspark.sql.types import IntegralType, NumericType

    found = session.read.parquet(address)
    kinds = {"user_id": IntegralType, "item_id": IntegralType, "rating": NumericType}
    for name, kind in kinds.items():
        if name not in found.columns:
            raise ValueError(f"no column {name!r} among {found.columns} of {address}: rename yours")
        if not isinstance(found.schema[name].dataType, kind):
            raise ValueError(
                f"{name} is {found.schema[name].dataType.simpleString()} in {address}, but ALS "
                f"takes {'numbers' if kind is NumericType else 'whole numbers below 2^31'} only"
            )
    return found.select("user_id", "item_id", found["rating"].cast("double"))


def _without_mean(ratings):
    """Find the mean rating; return it, and the ratings less it."""
    from pyspark.sql import functions as F

    n_there = [F.count(name) for name in ratings.columns]
    n_ratings, *n_there, mean = ratings.agg(F.count("*"), *n_there, F.avg("rating")).first()
    if n_ratings == 0:
        raise ValueError("there is no rating to learn from: the training part is empty")
    if min(n_there) < n_ratings or not math.isfinite(mean):
        raise ValueError(
            f"of {n_ratings} ratings, {n_there[0]} have a user_id, {n_there[1]} an item_id and "
            f"{n_there[2]} a rating, {mean} on average: leave out those that lack a number"
        )
    return mean, ratings.withColumn("rating", F.col("rating") - mean)


def _without_bias(ratings, ids: str, damping: float):
    """Find the damped mean of each id; return these (id, bias), and the ratings less them."""
    from pyspark.sql import functions as F

    bias = F.sum("rating") / (F.count("*") + F.lit(damping))
    biases = ratings.groupBy(ids).agg(bias.alias("bias"))
    left_over = F.col("rating") - F.col("bias")
    # Small enough to be sent to where the ratings are, which then need not move.
    ratings = ratings.join(F.broadcast(biases), ids).withColumn("rating", left_over).drop("bias")
    return biases, ratings


def _factors(
    ratings, n_factors: int, shrinkage: float, n_iterations: int, n_blocks: int, seed: int
):
    """Find the factors of users and of items: two tables (id, features)."""
    from pyspark.ml.recommendation import ALS

    als = ALS(
        rank=n_factors,
        regParam=shrinkage,
        maxIter=n_iterations,
        numUserBlocks=n_blocks,
        numItemBlocks=n_blocks,
        seed=seed,
        userCol="user_id",
        itemCol="item_id",
    )
    model = als.fit(ratings)
    return model.userFactors, model.itemFactors


def _placed(table, vocabulary: pd.Index) -> np.ndarray:
    """Bring a table (id, values) here, into the rows of a vocabulary; 0 where it has no row."""
    ids, values = (column.combine_chunks() for column in table.toArrow().columns)
    rows = vocabulary.get_indexer(ids.to_numpy())
    unknown = ids.to_numpy()[rows == UNKNOWN]
    if len(unknown):
        raise ValueError(
            f"`like` does not know {len(unknown)} ids of the ratings, such as {table.columns[0]} "
            f"{unknown[0]}: index the very ratings that the model is to be fitted to"
        )
    if values.type.num_fields:  # a list for each id, all of one length
        numbers = values.flatten().to_numpy().reshape(len(ids), -1)
    else:
        numbers = values.to_numpy()
    placed = np.zeros((len(vocabulary), *numbers.shape[1:]))
    placed[rows] = numbers
    return placed
