"""Accuracy and time of chapter 06's draws of ratings, step by step, on MovieLens 100K.

    python tests/benchmarks/ratings.py ladder [STEP ...]
    python tests/benchmarks/ratings.py test [STEP ...]
    python tests/benchmarks/ratings.py folds [STEP ...]

`ladder` reports the RMSE of each step on validation parts, a tenth of the training part each, from
which the chosen model was chosen: the best of those that do not look at the time. `test` reports it
on the test part, and `folds` on the five official ones, by default for the chosen model. Seeds
change the validation part and the draws. The clock starts before the features are made and stops
after the last draw, imports excluded. The steps that look at the time use that of the rating which
is asked for, which a recommender does not have.
"""

import argparse
import time

import measuring
import numpy as np
import pandas as pd

from recsys_helpers import bayesian, datasets, metadata, metrics
from recsys_helpers.interactions import index_ratings, split_random

IMPLICIT, FACTS, VISITS = "implicit", "facts", "visits"
NOISE, ORDINAL = {"noise_per_user": True}, {"ordinal": True}
# What each step knows besides the ratings, and its settings.
STEPS = {
    "A factors only": ((), {"biases": False}),
    "B + biases": ((), {}),
    "C + who rated what": ((IMPLICIT,), {}),
    "D + metadata": ((IMPLICIT, FACTS), {}),
    "E + visits": ((IMPLICIT, FACTS, VISITS), {}),
    "F + noise per user": ((IMPLICIT, FACTS, VISITS), NOISE),
    "G + ordinal": ((IMPLICIT, FACTS, VISITS), NOISE | ORDINAL),
    "H = G without visits": ((IMPLICIT, FACTS), NOISE | ORDINAL),
}
CHOSEN = "H"


def features(data, train, known):
    """What a step regresses rows on: two arrays, of users and of items."""
    users, items = np.zeros((train.n_users, 0)), np.zeros((train.n_items, 0))
    if IMPLICIT in known:
        users, items = bayesian.implicit_features(train)
    if FACTS in known:
        users = np.hstack([users, metadata.user_facts(data.users, train)])
        items = np.hstack([items, metadata.item_facts(data.items, train)])
    return {"user_features": users, "item_features": items}


def visits(train, test):
    """Label ratings with the page they were given on, user and second, and with user and day."""
    both = pd.concat([train, test])
    for unit in ("s", "D"):
        page = [both["user_id"], both["timestamp"].dt.floor(unit)]
        label = both.groupby(page).ngroup().to_numpy()
        yield label[: len(train)], label[len(train) :]


def measure(data, train, test, step, seed):
    """RMSE and seconds of one run."""
    known, settings = STEPS[step]
    start = time.perf_counter()
    indexed = index_ratings(train)
    asked = index_ratings(test, like=indexed)
    settings = settings | features(data, indexed, known)
    if VISITS in known:
        settings["groups"] = list(visits(train, test))
    draws = bayesian.draw_ratings(indexed, asked, data.scale, seed=seed, **settings)
    predicted = np.mean(list(draws), axis=0)
    return metrics.rmse(asked.rating, predicted), time.perf_counter() - start


def report(data, step, name, parts):
    """Run a step on (train, test, seed) of each part, and print a line."""
    runs = np.array([measure(data, *part[:2], step, part[2]) for part in parts])
    (error, seconds), spread = runs.mean(axis=0), runs[:, 0].std()
    each = " ".join(f"{run:.4f}" for run in runs[:, 0])
    print(
        f"{step:22} {name:10} {error:.4f} +- {spread:.4f}  ({each})  {seconds:5.1f} s", flush=True
    )


def validation_parts(data, n_seeds):
    train, _ = split_random(data.ratings, 0.2, random_state=0)
    return [(*split_random(train, 0.1, random_state=seed), seed) for seed in range(n_seeds)]


def test_parts(data, n_seeds):
    return [(*split_random(data.ratings, 0.2, random_state=0), seed) for seed in range(n_seeds)]


def folds(data, n_seeds):
    return [(*datasets.official_fold(data, fold), 0) for fold in range(1, 6)]


PARTS = {"ladder": validation_parts, "test": test_parts, "folds": folds}

if __name__ == "__main__":
    letters = [step[0] for step in STEPS]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=PARTS)
    parser.add_argument("step", nargs="*", help=f"of {', '.join(letters)}")
    parser.add_argument("--seeds", type=int, default=measuring.N_SEEDS)
    chosen = parser.parse_args()
    data = datasets.load_movielens("100k")
    print(data.name)
    for step in STEPS:
        if step[0] in (chosen.step or (CHOSEN if chosen.what == "folds" else letters)):
            report(data, step, chosen.what, PARTS[chosen.what](data, chosen.seeds))
