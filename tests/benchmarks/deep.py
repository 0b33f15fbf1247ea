"""Time and accuracy of chapter 03's networks, beside the settings of its sources.

    python tests/benchmarks/deep.py speed
    python tests/benchmarks/deep.py accuracy
    python tests/benchmarks/deep.py epoch
    python tests/benchmarks/deep.py grid FOLDER

`speed` trains the deep model of each source as the source does, and the course's model with
metadata, on MovieLens 100K, and reports when the course's error on the validation part was first as
low as the lowest of each source. `accuracy` reports test errors over three seeds for the splits
that the sources were measured on, with two controls: no metadata, and the metadata of others.
`epoch` times an epoch of one network of the grid on random pairs, as many as MovieLens 1M has in
its training part. `grid` trains all sixteen on MovieLens 1M itself, with progress; its results are
kept in FOLDER, so that it can be interrupted and run again.
"""

import argparse
import sys
import time
from functools import partial
from types import SimpleNamespace

import keras
import measuring
import numpy as np
import pandas as pd
from keras import layers
from sklearn.model_selection import ParameterGrid

from recsys_helpers import datasets, grid, metadata, metrics, networks
from recsys_helpers.interactions import index_ratings, split_random

BATCH_SIZE = 8192
N_EPOCHS = 10
HOW = {"seed": 0, "rate": 0.005, "batch_size": BATCH_SIZE, "patience": 2}  # of the grid
LOSSES = {"MSE": ("mse", 1.0), "Huber": (keras.losses.Huber(1.0), 0.4)}  # share of the penalties


def turkish(trial):
    known = trial.known
    # As the source does: missing years invented, all of them scaled.
    year = trial.data.items.set_index("item_id")["year"].astype(float).fillna(1997)
    year = ((year - year.mean()) / year.std(ddof=0)).loc[known.item_ids].to_numpy("float32")
    pair, vectors = measuring.look_ups(known, 32)
    year = keras.ops.take(year[:, np.newaxis], pair[1], axis=0)
    hidden = layers.Dense(64, "relu")(layers.Concatenate()([*vectors, year]))
    hidden = layers.Dense(32, "relu")(layers.Dropout(0.5)(hidden))
    network = keras.Model(pair, layers.Dense(1)(hidden))
    adam = keras.optimizers.Adam(0.001)
    trial.fit(network, optimizer=adam, batch_size=64, epochs=15, loss="mae")


def spanish(trial):
    pair, vectors = measuring.look_ups(trial.known, 64)
    hidden = layers.Dropout(0.5)(layers.Concatenate()(vectors))
    hidden = layers.Dropout(0.5)(layers.Dense(64, "relu")(hidden))
    network = keras.Model(pair, layers.Dense(1)(hidden))
    adam = keras.optimizers.Adam(0.001)
    trial.fit(network, optimizer=adam, batch_size=64, epochs=10, loss="mae")


def korean(trial):
    known = trial.known
    pair, tables = measuring.look_ups(known, 200, 1, penalty=keras.regularizers.L2(0.01))
    hidden = layers.Dense(256)(layers.Dense(2048)(layers.Concatenate()(tables)))
    rating = layers.Rescaling(1.0, offset=known.rating.mean())(layers.Dense(1)(hidden))
    network = keras.Model(pair, rating)
    sgd = keras.optimizers.SGD(0.01)
    trial.fit(network, loss=measuring.batch_rmse, optimizer=sgd, batch_size=512, epochs=65)


def hybrid(trial, loss):
    """As `networks.fit_mf` trains with facts, with validation."""
    known, (loss, share) = trial.known, LOSSES[loss]
    network = measuring.build_mf(known, share, **facts_of(trial.data, known))
    adam = keras.optimizers.Adam(falling_rate(known))
    settings = {"batch_size": BATCH_SIZE, "epochs": N_EPOCHS, "jit_compile": False}
    trial.fit(network, optimizer=adam, loss=loss, **settings)


def facts_of(data, known):
    return {
        "user_facts": metadata.user_facts(data.users, known),
        "item_facts": metadata.item_facts(data.items, known),
    }


def falling_rate(known):
    n_steps = N_EPOCHS * int(np.ceil(len(known.rating) / BATCH_SIZE))
    return keras.optimizers.schedules.CosineDecay(0.05, n_steps)


SOURCES = {
    "TR: batch 64, Adam 0.001, MAE, 15 epochs": ("tensorflow", turkish),
    "ES: batch 64, Adam 0.001, MAE, 10 epochs": ("tensorflow", spanish),
    "KO: batch 512, SGD 0.01, l2 0.01, 65 epochs": ("tensorflow", korean),
}
COURSE = {
    "hybrid, batch 8,192, MSE": ("tensorflow", partial(hybrid, loss="MSE")),
    "hybrid, batch 8,192, Huber": ("tensorflow", partial(hybrid, loss="Huber")),
}
SETTINGS = SOURCES | COURSE


def speed():
    passed = measuring.train_apart(__file__, SETTINGS)
    for name, run in passed.items():
        best = ", ".join(f"{error} {measuring.best(run, error):.4f}" for error in ("RMSE", "MAE"))
        print(f"{name:45} {run[-1]['seconds']:7.2f} s; best {best}")
    for source in SOURCES:
        for error in ("RMSE", "MAE") if "MAE" in source else ("RMSE",):
            goal = measuring.best(passed[source], error)
            whole = passed[source][-1]["seconds"]
            to_best = measuring.seconds_until(passed[source], error, goal)
            print(f"{source[:2]}'s best {error}, {goal:.4f}, reached after {to_best:.2f} s:")
            for name in COURSE:
                seconds = measuring.seconds_until(passed[name], error, goal)
                print(
                    f"    {name:30} {seconds:6.2f} s, that is {seconds / to_best:.3f} of "
                    f"this time and {seconds / whole:.3f} of the whole run"
                )


def accuracy():
    data = datasets.load_movielens("100k")
    print(data.name)
    for split, train, test in measuring.splits(data):
        known = index_ratings(train, like=catalogue(data))
        tested = index_ratings(test, like=known)
        print(split)
        for name, fit in compared(known, data).items():
            print(f"    {name:18} {measuring.describe_over_seeds(fit, tested)}", flush=True)


def compared(known, data):
    """The models of `accuracy`, each a function of the seed."""
    facts = facts_of(data, known)
    fit = partial(fit_hybrid, known, data.scale)
    return {
        "hybrid, MSE": lambda seed: fit("MSE", facts, seed),
        "hybrid, Huber": lambda seed: fit("Huber", facts, seed),
        "shuffled metadata": lambda seed: fit("MSE", shuffled(facts, seed), seed),
        "no metadata": lambda seed: fit("MSE", {}, seed),
    }


def fit_hybrid(known, scale, loss, facts, seed):
    loss, share = LOSSES[loss]
    return networks.fit_mf(
        known,
        scale,
        shrinkage=share * measuring.SHRINKAGE,
        row_penalty=share * measuring.ROW_PENALTY,
        damping=share * measuring.DAMPING,
        fact_shrinkage=share * measuring.FACT_SHRINKAGE,
        learning_rate=falling_rate(known),
        n_epochs=N_EPOCHS,
        batch_size=BATCH_SIZE,
        loss=loss,
        seed=seed,
        **facts,
    ).to_factor_model()


def shuffled(facts, seed):
    rng = np.random.default_rng(seed)
    return {name: rng.permutation(table) for name, table in facts.items()}


def catalogue(data):
    """Return the vocabularies of all items and users that the tables know, rated or not."""
    return SimpleNamespace(
        user_ids=pd.Index(data.users["user_id"]).sort_values(),
        item_ids=pd.Index(data.items["item_id"]).sort_values(),
    )


def epoch():
    n_users, n_items, n = 6040, 3952, 900_189
    rng = np.random.default_rng(0)
    user_index, item_index = skewed(rng, n_users, n), skewed(rng, n_items, n)
    rating = rng.integers(1, 6, n).astype("float32")

    def seconds(batch_size, n_measured, jit_compile):
        network = networks.build_merged(n_users, n_items, "concatenate", 50, (64, 32))
        network.compile(keras.optimizers.Adam(), "mse", jit_compile=jit_compile)

        def fit(n_rows):
            pairs = [user_index[:n_rows], item_index[:n_rows]]
            network.fit(pairs, rating[:n_rows], batch_size=batch_size, verbose=0)

        fit(3 * batch_size // 2)  # a whole batch and a part of one, for which Keras traces twice
        start = time.perf_counter()
        fit(n_measured)
        return (time.perf_counter() - start) * n / n_measured

    print(f"an epoch of {n:,} ratings, concatenate, 50, 64-32-1")
    ours = [seconds(BATCH_SIZE, n, False) for _ in range(3)]
    print(f"batch {BATCH_SIZE:,}: {', '.join(f'{each:.2f}' for each in ours)} s")
    n_measured = 32 * 1000
    print(
        f"batch 32, as the source: {seconds(32, n_measured, 'auto'):.0f} s, "
        f"extrapolated from {n_measured // 32:,} of its {-(-n // 32):,} steps"
    )


def skewed(rng, n_rows, n):
    """Draw row numbers of which few are drawn often, as ratings are."""
    weight = 1 / np.arange(10, 10 + n_rows)
    return rng.choice(n_rows, n, p=weight / weight.sum())


def search_grid(folder):
    try:
        # The loader would go on with the sample, whose grid says nothing about these data.
        data = datasets.read_movielens(datasets.fetch_movielens("1m"), "1m")
    except datasets.DataUnavailableError as error:
        sys.exit(f"nothing to search on: {error}")
    train, test = split_random(data.ratings, 0.1, random_state=0)
    fit, validation = split_random(train, 0.1, random_state=0)
    known, held_out, tested = (
        index_ratings(part, like=catalogue(data)) for part in (fit, validation, test)
    )
    hidden = [(64, 32), (32, 16)]
    settings = ParameterGrid(
        {"merge": list(networks.MERGES), "embedding_size": [50, 100], "hidden": hidden}
    )
    about = {"data": data.fingerprint, "split": 0, **HOW}
    results = grid.search(settings, partial(train_merged, known, held_out, data), folder, about)
    print(results.drop(columns="path").sort_values("RMSE").to_string(index=False))
    chosen = results.loc[results["RMSE"].idxmin(), "path"]
    network = networks.load(chosen).network
    error = metrics.rmse(tested.rating, data.scale.clip(predict(network, tested)))
    print(f"test RMSE of {chosen.stem}, chosen on the validation part: {error:.4f}")


def train_merged(known, held_out, data, path, **setting):
    """Train one network of the grid until its validation error has not fallen for two epochs."""
    keras.utils.set_random_seed(HOW["seed"])
    network = networks.build_merged(known.n_users, known.n_items, **setting)
    rmse = keras.metrics.RootMeanSquaredError(name="rmse")
    adam = keras.optimizers.Adam(HOW["rate"])
    network.compile(adam, "mse", metrics=[rmse], jit_compile=False)
    stop = keras.callbacks.EarlyStopping(
        "val_rmse", mode="min", patience=HOW["patience"], restore_best_weights=True
    )
    start = time.perf_counter()
    history = network.fit(
        [known.user_index, known.item_index],
        known.rating,
        batch_size=HOW["batch_size"],
        epochs=100,
        validation_data=([held_out.user_index, held_out.item_index], held_out.rating),
        validation_batch_size=BATCH_SIZE,
        callbacks=[stop],
        verbose=0,
    ).history
    seconds = time.perf_counter() - start
    trained = networks.TrainedNetwork(network, known.user_ids, known.item_ids, data.scale)
    networks.save(trained, path)
    return {
        "parameters": network.count_params(),
        "best epoch": stop.best_epoch + 1,
        "RMSE": min(history["val_rmse"]),
        "seconds an epoch": seconds / len(history["val_rmse"]),
    }


def predict(network, known):
    return network.predict(
        [known.user_index, known.item_index], batch_size=BATCH_SIZE, verbose=0
    ).ravel()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="what", required=True)
    for command in ("speed", "accuracy", "epoch"):
        commands.add_parser(command)
    commands.add_parser("grid").add_argument("folder")
    commands.add_parser("one").add_argument("setting", choices=SETTINGS)
    chosen = parser.parse_args()
    if chosen.what == "one":
        measuring.train_one(SETTINGS[chosen.setting][1])
    elif chosen.what == "grid":
        search_grid(chosen.folder)
    else:
        {"speed": speed, "accuracy": accuracy, "epoch": epoch}[chosen.what]()
