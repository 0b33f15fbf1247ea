"""Accuracy and time of chapter 06's models of lists, over settings and over seeds.

    python tests/benchmarks/ranking.py validate [ease] [als] [ranker] [autoencoder]
    python tests/benchmarks/ranking.py seeds
    python tests/benchmarks/ranking.py source

The models are those on the page: its definitions are read and run, so that what is measured is
what a reader sees. `validate` reports the NDCG@10 of each setting on validation parts, a tenth of
the training part each, other ones than the page's; the settings of the page were chosen by it.
`seeds` reports that of the page's settings on the test part, and `source` that of the Turkish
notebook's network in its own settings. MovieLens 100K, wherever it is found.
"""

import argparse
import ast
import time
from pathlib import Path

import jupytext
import keras
import numpy as np

from recsys_helpers import datasets
from recsys_helpers.interactions import index_ratings, split_random

CHAPTER = Path(__file__).parents[2] / "book" / "en" / "06_ranking.md"
PARTS, SEEDS = (1, 2, 3), (0, 1, 2)
PENALTY = 200  # of graded EASE, as chosen on the page


def definitions():
    """Imports, constants and functions of the chapter, by name: of each name the first."""
    space, known = {}, set()
    for cell in jupytext.read(CHAPTER).cells:
        for node in ast.parse(cell.source).body if cell.cell_type == "code" else []:
            name = getattr(node, "name", None)
            if isinstance(node, ast.Assign):
                name = getattr(node.targets[0], "id", "").isupper() and node.targets[0].id
            is_import = isinstance(node, ast.Import | ast.ImportFrom)
            if is_import or (name and name not in known):
                exec(compile(ast.Module([node], []), CHAPTER.name, "exec"), space)
                known.add(name)
    return space


def trial(train_table, test_table, page):
    """Give the training part, and a function that takes scores and returns their NDCG@10."""
    train = index_ratings(train_table)
    stars_of, test = page["stars_of"], index_ratings(test_table, like=train)
    seen, relevant = stars_of(train) > 0, stars_of(test) >= page["LIKED"]
    return train, lambda score: page["judge"](score, seen, relevant)[2].mean()


def settings(page):
    """What is compared, by family: name, and a function of the training part and a seed."""
    ease, graded = page["ease"], page["GRADED"]

    def of_ease(penalty, **other):
        return lambda train, seed: ease(train, penalty=penalty, **other)

    def of_als(**other):
        def fit(train, seed):
            p, q = page["fit_implicit_als"](train, seed=seed, **other)
            return p @ q.T

        return fit

    def of_ranker(n_others, row_penalty, n_epochs):
        return lambda train, seed: page["train_ranker"](
            train, n_others, row_penalty, n_epochs, seed=seed
        )

    def of_autoencoder(targets):
        return lambda train, seed: page["autoencoder"](train, targets, seed=seed)

    inputs = {
        "any rating .0": graded | {"inputs": page["YES_OR_NO"]},
        "any rating .3": graded,
        "any rating .5": graded | {"inputs": {1: 0.5, 2: 0.5, 3: 0.7, 4: 1, 5: 1}},
    }
    targets = {
        "3 stars count .0": graded | {"targets": page["YES_OR_NO"]},
        "3 stars count .4": graded | {"targets": {1: 0, 2: 0, 3: 0.4, 4: 1, 5: 1}},
    }
    balances = {f"balance {b}": graded | {"balance": b} for b in (0.0, 1.0)}
    return {
        "ease": {f"EASE, penalty {p}": of_ease(p) for p in (100, 200, 400)}
        | {
            f"EASE, graded, {name}, penalty {PENALTY}": of_ease(PENALTY, **other)
            for name, other in (inputs | targets | balances).items()
        },
        "als": {
            f"implicit ALS, alpha {a}, penalty {p}": of_als(alpha=a, penalty=p)
            for a in (5, 10, 20)
            for p in (30, 60, 120)
        },
        "ranker": {
            f"{n} others, penalty {p}": of_ranker(n, p, epochs)
            for n, epochs in ((1, 20), (10, 15))
            for p in (0.01, 0.02, 0.05, 0.1, 0.2)
        },
        "autoencoder": {
            "autoencoder, yes or no": of_autoencoder(page["YES_OR_NO"]),
            "autoencoder, graded": of_autoencoder(graded["targets"]),
        },
    }


def report(name, fit, runs):
    """Fit (train, measure, seed) of each run, and print a line."""
    start = time.perf_counter()
    found = [measure(fit(train, seed)) for train, measure, seed in runs]
    seconds = (time.perf_counter() - start) / len(runs)
    each = " ".join(f"{value:.4f}" for value in found)
    print(
        f"{name:48} {np.mean(found):.4f} +- {np.std(found):.4f}  ({each})  {seconds:5.1f} s",
        flush=True,
    )


def validate(train_table, page, families):
    """Measure every setting on every validation part."""
    parts = [split_random(train_table, 0.1, random_state=part) for part in PARTS]
    runs = [(*trial(*part, page), 0) for part in parts]
    compared = settings(page)
    for family in families or compared:
        for name, fit in compared[family].items():
            report(name, fit, runs)


def seeds(train_table, test_table, page):
    """Measure the settings of the page on the test part."""
    train, measure = trial(train_table, test_table, page)
    page["penalty"] = PENALTY
    chosen = {
        "EASE": lambda train, seed: page["ease"](train),
        "EASE, graded": lambda train, seed: page["graded_ease"](train),
        "implicit ALS": page["implicit_als"],
        "BPR": page["bpr"],
        "sampled softmax": page["sampled_softmax"],
        "autoencoder": lambda train, seed: page["autoencoder"](train, seed=seed),
        "EASE + ALS": page["mix"],
    }
    for name, fit in chosen.items():
        report(name, fit, [(train, measure, seed) for seed in SEEDS])


class Source:
    """A network of `deep`, trained without being watched, whose predictions are scores."""

    def __init__(self, data, train):
        self.data, self.known = data, train

    def fit(self, network, *, optimizer, batch_size, epochs, loss):
        network.compile(optimizer, loss)
        pairs = [self.known.user_index, self.known.item_index]
        network.fit(pairs, self.known.rating, batch_size=batch_size, epochs=epochs, verbose=0)
        shape = self.known.n_users, self.known.n_items
        every_pair = [index.ravel() for index in np.indices(shape)]
        self.score = network.predict(every_pair, batch_size=65536, verbose=0).reshape(shape)


def source(data, train_table, test_table, page):
    """Rank by the raw predictions of the Turkish notebook's network."""
    import deep  # only found where this file runs as a script; a test imports `definitions`

    train, measure = trial(train_table, test_table, page)

    def fit(train, seed):
        keras.utils.set_random_seed(seed)
        trained = Source(data, train)
        deep.turkish(trained)
        return trained.score

    report("the Turkish notebook's network", fit, [(train, measure, 0)])


def main():
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["validate", "seeds", "source"])
    parser.add_argument("family", nargs="*", help="of `validate`: all if none is named")
    arguments = parser.parse_args()
    page = definitions()
    data = datasets.load_movielens("100k")
    train, test = split_random(data.ratings, random_state=0)
    if arguments.what == "validate":
        validate(train, page, arguments.family)
    elif arguments.what == "seeds":
        seeds(train, test, page)
    else:
        source(data, train, test, page)


if __name__ == "__main__":
    main()
