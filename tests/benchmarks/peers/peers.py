"""What other libraries reach on the splits of the course, MovieLens 100K.

    python tests/benchmarks/peers/peers.py split FOLDER       where the course is installed
    python tests/benchmarks/peers/peers.py surprise FOLDER    or cornac, implicit, lenskit, myfm
    python tests/benchmarks/peers/peers.py score FOLDER       where the course is installed

Libraries need versions that the course or other libraries exclude, so each runs in an environment
of its own, which it shares with nothing else (the course is not needed there):

    python -m venv surprise-environment
    surprise-environment/bin/pip install -r tests/benchmarks/peers/surprise.txt

`split` writes three parts, each with a train.csv and a test.csv: `random` (`split_random`,
`random_state=0`), `u1` (the official fold), and `validation` (a tenth of the training ratings of
`random`). A library trains on each part and writes what it predicts, never seeing the ratings of
the test. `score` measures that with the metrics of the course, prints a table for each part and
writes all of them to FOLDER/peers.csv. Settings below are the library's own or, where it says so,
were chosen on `validation`. No test rating of `random` chose any; but a fifth of those of
`validation` are in the test of `u1`, as the folds are drawn independently.

A model of ratings predicts the pairs of the test, with the library's own answer for users and items
it does not know; predictions are clipped to 1..5. A model of lists learns from ratings of 4 and 5
as events, and scores all users and items of the training part; `score` ranks the unseen ones, as
the course does: relevant are test ratings of 4 or more, users without any are left out. Seconds by
the clock, and CPU seconds of all threads, are for training and predicting; one run, one seed.
(`validation` comes first, and has the imports in them.)
"""

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

PARTS = "validation", "random", "u1"
LIKED = 4
KEYS = "user_id", "item_id"


# --- The data, with the course's environment --------------------------------------------------


def split(folder: Path) -> None:
    """Write the tables that the libraries read."""
    from recsys_helpers.datasets import load_movielens, official_fold
    from recsys_helpers.interactions import split_random

    data = load_movielens("100k")
    parts = {"random": split_random(data.ratings, random_state=0), "u1": official_fold(data, 1)}
    parts["validation"] = split_random(parts["random"][0], 0.1, random_state=0)
    for name, (train, test) in parts.items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        train.to_csv(folder / name / "train.csv", index=False)
        test.to_csv(folder / name / "test.csv", index=False)
    data.users.to_csv(folder / "users.csv", index=False)
    data.items.to_csv(folder / "items.csv", index=False)


@dataclass
class Part:
    """One split, as a library sees it: no ratings in `pairs`, the test part."""

    folder: Path

    def __post_init__(self):
        self.train = pd.read_csv(self.folder / "train.csv")
        self.pairs = pd.read_csv(self.folder / "test.csv").drop(columns="rating")
        self.ids = [np.unique(self.train[key]) for key in KEYS]  # of users, of items

    @property
    def triples(self) -> pd.DataFrame:
        """The training ratings, as a table of user_id, item_id, rating."""
        return self.train[[*KEYS, "rating"]]

    @cached_property
    def liked(self) -> csr_matrix:
        """Sparse matrix (n_users, n_items) of ones where a training rating is 4 or 5."""
        table = self.train[self.train["rating"] >= LIKED]
        pairs = zip(self.ids, KEYS, strict=True)
        row, column = (np.searchsorted(ids, table[key]) for ids, key in pairs)
        ones = np.ones(len(table), dtype=np.float32)
        return csr_matrix((ones, (row, column)), tuple(map(len, self.ids)))


# --- The libraries, each in its own environment ---------------------------------------------------
# A function (part, model, **settings) returns predicted ratings of part.pairs, (n_pairs,), or
# scores of shape (n_users, n_items).


def surprise_ratings(part: Part, model: str, **settings) -> np.ndarray:
    import surprise

    reader = surprise.Reader(rating_scale=(1, 5))
    train = surprise.Dataset.load_from_df(part.triples, reader).build_full_trainset()
    fitted = getattr(surprise, model)(**settings).fit(train)
    pairs = part.pairs[list(KEYS)].itertuples(index=False)
    return np.array([fitted.predict(user, item).est for user, item in pairs])


def cornac_ratings(part: Part, model: str, **settings) -> np.ndarray:
    import cornac

    train = cornac.data.Dataset.from_uir(list(part.triples.itertuples(index=False)))
    fitted = getattr(cornac.models, model)(**settings).fit(train)
    users = part.pairs["user_id"].map(train.uid_map).fillna(-1).astype(int)
    items = part.pairs["item_id"].map(train.iid_map).fillna(-1).astype(int)
    return np.array([fitted.rate(user, item) for user, item in zip(users, items, strict=True)])


def cornac_scores(part: Part, model: str, **settings) -> np.ndarray:
    import cornac

    events = part.liked.tocoo()
    n_users, n_items = events.shape
    train = cornac.data.Dataset.build(
        list(zip(events.row, events.col, events.data, strict=True)),
        # Rows and columns as in the matrix, and with those that no event is of.
        global_uid_map={user: user for user in range(n_users)},
        global_iid_map={item: item for item in range(n_items)},
    )
    fitted = getattr(cornac.models, model)(**settings).fit(train)
    return np.stack([np.ravel(fitted.score(user)) for user in range(n_users)])


def implicit_factors(part: Part, model: str, **settings) -> np.ndarray:
    import implicit

    maker = {
        "AlternatingLeastSquares": implicit.als.AlternatingLeastSquares,
        "BayesianPersonalizedRanking": implicit.bpr.BayesianPersonalizedRanking,
    }[model]
    fitted = maker(**settings)
    fitted.fit(part.liked, show_progress=False)
    return fitted.user_factors @ fitted.item_factors.T


def implicit_neighbours(part: Part, model: str, **settings) -> np.ndarray:
    import implicit

    fitted = getattr(implicit.nearest_neighbours, model)(**settings)
    fitted.fit(part.liked, show_progress=False)
    return (part.liked @ fitted.similarity).toarray()


def lenskit_ratings(part: Part, model: str, *, seed: int, **settings) -> np.ndarray:
    from lenskit import als, batch, data, pipeline, training

    chain = pipeline.predict_pipeline(getattr(als, model)(**settings))
    options = training.TrainingOptions(rng=seed)
    chain.train(data.from_interactions_df(part.triples), options)
    pairs = part.pairs[list(KEYS)]
    predicted = batch.predict(chain, pairs, n_jobs=1).to_df()
    return pairs.merge(predicted, on=list(KEYS), how="left")["score"].to_numpy()


def myfm_ratings(
    part: Part, model: str, *, rank: int, n_iter: int, random_seed: int, **asked
) -> np.ndarray:
    import myfm

    days, tables, sizes = myfm_columns(part, **asked)
    n_train = len(part.train)

    def columns(chosen: slice) -> tuple:
        blocks = [myfm.RelationBlock(row[chosen], table) for row, table in tables]
        return None if days is None else days[chosen], blocks

    train, test = columns(slice(0, n_train)), columns(slice(n_train, None))
    machine = getattr(myfm, model)(rank=rank, random_seed=random_seed)
    rating = part.train["rating"].to_numpy()
    if model == "MyFMOrderedProbit":
        level = (rating - 1).astype(int)
        machine.fit(train[0], level, train[1], n_iter=n_iter, group_shapes=sizes)
        return machine.predict_proba(*test) @ np.arange(1, 6)
    machine.fit(train[0], rating, train[1], n_iter=n_iter, group_shapes=sizes)
    return machine.predict(*test)


def myfm_columns(part: Part, implicit=False, metadata=False, days=False) -> tuple:
    """Give users and items one-hot columns of their own, and what else is asked for.

    `implicit`: what each user has rated and who has rated each item, weighted n^-1/2. `metadata`:
    decade of age, gender, occupation; genres, decade of release. `days`: the day of the rating.
    Returns the columns of the days (n_pairs, n_days) or None, a (row of each pair, table) for users
    and items, and the sizes of groups of columns, which have a prior of their own each. Pairs are
    those of the training and then those of the test; to an id that is only in the test, what is
    learnt from ratings is zero.
    """
    pairs = pd.concat([part.train.drop(columns="rating"), part.pairs])
    rated = pd.crosstab(part.train["user_id"], part.train["item_id"]).to_numpy(float)
    by_day, tables, sizes = None, [], []
    if days:
        by_day = csr_matrix(pd.get_dummies(pairs["timestamp"].str[:10]).to_numpy(float))
        sizes.append(by_day.shape[1])
    sides = (rated, user_facts), (rated.T, item_facts)
    for key, known_ids, (rated_there, facts) in zip(KEYS, part.ids, sides, strict=True):
        ids, row = np.unique(pairs[key], return_inverse=True)
        known = np.isin(ids, known_ids)
        groups = [np.eye(len(ids))[:, known]]
        if implicit:
            weighted = np.zeros((len(ids), rated_there.shape[1]))
            weighted[known] = rated_there / np.sqrt(rated_there.sum(axis=1, keepdims=True))
            groups.append(weighted)
        if metadata:
            groups += [table.loc[ids].to_numpy(float) for table in facts(part)]
        tables.append((row, csr_matrix(np.hstack(groups))))
        sizes += [group.shape[1] for group in groups]
    return by_day, tables, sizes


def user_facts(part: Part) -> list[pd.DataFrame]:
    users = pd.read_csv(part.folder.parent / "users.csv", index_col="user_id")
    return [pd.get_dummies(users["age"] // 10), pd.get_dummies(users[["gender", "occupation"]])]


def item_facts(part: Part) -> list[pd.DataFrame]:
    items = pd.read_csv(part.folder.parent / "items.csv", index_col="item_id")
    return [items["genres"].fillna("").str.get_dummies(), pd.get_dummies(items["year"] // 10)]


@dataclass(frozen=True)
class Peer:
    """A model of a library with its settings; `name` is what the table calls it."""

    name: str
    fit: Callable[..., np.ndarray]
    model: str
    settings: dict


MYFM = {"rank": 10, "n_iter": 300, "random_seed": 0}
BOTH_WAYS = MYFM | {"implicit": True}
LIBRARIES = {  # subcommand: name of the distribution, models
    "surprise": (
        "scikit-surprise",
        [
            Peer("SVD", surprise_ratings, "SVD", {"random_state": 0}),
            Peer("SVD++", surprise_ratings, "SVDpp", {"random_state": 0}),
            Peer(
                "KNNBaseline",
                surprise_ratings,
                "KNNBaseline",
                {"sim_options": {"name": "pearson_baseline", "user_based": False}},
            ),
        ],
    ),
    "lenskit": (
        "lenskit",
        [Peer("biased MF (ALS)", lenskit_ratings, "BiasedMFScorer", {"seed": 0})],
    ),
    "cornac": (  # chosen on `validation`
        "cornac",
        [
            Peer(
                "MF",
                cornac_ratings,
                "MF",
                {"k": 200, "lambda_reg": 0.1, "max_iter": 50, "seed": 0},
            ),
            Peer("EASE", cornac_scores, "EASE", {"lamb": 200, "posB": False}),
            Peer(
                "BPR",
                cornac_scores,
                "BPR",
                {"k": 50, "learning_rate": 0.01, "max_iter": 400, "seed": 0},
            ),
            Peer("WBPR", cornac_scores, "WBPR", {"k": 50, "learning_rate": 0.01, "seed": 0}),
        ],
    ),
    "implicit": (
        "implicit",
        [
            Peer(
                "ALS",
                implicit_factors,
                "AlternatingLeastSquares",
                # Chosen on `validation`; with the library's own, the figure is far lower.
                {"factors": 64, "regularization": 20, "alpha": 2, "random_state": 0},
            ),
            Peer("BPR", implicit_factors, "BayesianPersonalizedRanking", {"random_state": 0}),
            Peer("cosine", implicit_neighbours, "CosineRecommender", {}),
        ],
    ),
    "myfm": (
        "myfm",
        [
            Peer("MF", myfm_ratings, "MyFMRegressor", MYFM),
            Peer("implicit both ways", myfm_ratings, "MyFMRegressor", BOTH_WAYS),
            Peer("+ metadata", myfm_ratings, "MyFMRegressor", BOTH_WAYS | {"metadata": True}),
            Peer(
                "+ metadata, time, ordinal",
                myfm_ratings,
                "MyFMOrderedProbit",
                BOTH_WAYS | {"metadata": True, "days": True},
            ),
        ],
    ),
}


def run(library: str, folder: Path) -> None:
    """Fit each model of a library on each part, and keep what it predicts in PART/*.npz."""
    distribution, peers = LIBRARIES[library]
    for name in PARTS:
        part = Part(folder / name)
        for peer in peers:
            start, cpu_start = time.perf_counter(), time.process_time()
            values = peer.fit(part, peer.model, **peer.settings)
            about = {
                "library": f"{distribution} {version(distribution)}",
                "model": peer.name,
                "settings": peer.settings,
                "seconds": time.perf_counter() - start,
                "CPU seconds": time.process_time() - cpu_start,
            }
            file = f"{library} {peer.name}.npz"
            np.savez(folder / name / file, values=values, about=json.dumps(about))


# --- The figures, with the course's environment -----------------------------------------------


def score(folder: Path) -> pd.DataFrame:
    """Measure what is there: a row for each part and model."""
    boards = [measure(folder / name) for name in PARTS if (folder / name).exists()]
    return pd.concat(boards, ignore_index=True)


def measure(folder: Path) -> pd.DataFrame:
    """Measure the predictions in one part's folder with the metrics of the course."""
    from recsys_helpers import metrics
    from recsys_helpers.interactions import index_ratings

    train, test = (pd.read_csv(folder / name) for name in ("train.csv", "test.csv"))
    known = index_ratings(train)
    rows = []
    for file in sorted(folder.glob("*.npz")):
        with np.load(file) as stored:
            values, row = stored["values"], {"part": folder.name} | json.loads(str(stored["about"]))
        if values.ndim == 1:
            predicted = np.clip(values, 1, 5)
            row["RMSE"] = metrics.rmse(test["rating"], predicted)
            row["MAE"] = metrics.mae(test["rating"], predicted)
        else:
            lists, relevant = ten_best(values, known, index_ratings(test, like=known))
            row["NDCG@10"] = metrics.ndcg_at_k(lists, relevant)
            row["Recall@10"] = metrics.recall_at_k(lists, relevant)
        rows.append(row)
    return pd.DataFrame(rows)


def ten_best(scores, known, held_out):
    """Rank the unseen items of all users: the lists, and what is relevant."""
    from recsys_helpers.recommend import recommend

    liked = held_out.part(held_out.known & (held_out.rating >= LIKED)).to_csr()
    lists, _ = recommend(lambda users: scores[users], known.to_csr(), np.arange(known.n_users))
    return lists, liked


def main():
    parser = argparse.ArgumentParser(description="Other libraries on the splits of the course.")
    parser.add_argument("what", choices=["split", *LIBRARIES, "score"])
    parser.add_argument("folder", type=Path)
    asked = parser.parse_args()
    if asked.what == "split":
        split(asked.folder)
    elif asked.what == "score":
        board = score(asked.folder)
        board.to_csv(asked.folder / "peers.csv", index=False)
        for name, rows in board.groupby("part", sort=False):
            print(f"\n{name}\n{rows.drop(columns='part').round(4).to_string(index=False)}")
    else:
        run(asked.what, asked.folder)


if __name__ == "__main__":
    main()
