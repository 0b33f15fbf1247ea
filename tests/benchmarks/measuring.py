"""What the benchmarks share: what they train and test on, and how they watch it.

The clock of a training starts before the model is built and is read at the end of each epoch, its
validation included, imports excluded. Settings that are compared are trained in a process of their
own each, one after the other.
"""

import importlib.util
import json
import os
import subprocess
import sys
import time

import keras
import numpy as np
from keras import layers

from recsys_helpers import datasets, metrics, networks
from recsys_helpers.interactions import index_ratings, split_random

N_SEEDS = 3
SHRINKAGE, ROW_PENALTY, DAMPING, FACT_SHRINKAGE = 6.0, 0.06, 2.0, 1500.0  # as in networks.fit_mf


class Trial:
    """The training and validation part of MovieLens 100K, and a clock that watches one training.

    `passed` holds the seconds since the start, the validation RMSE and the validation MAE of each
    epoch.
    """

    def __init__(self):
        self.data = datasets.load_movielens("100k")
        train, _ = split_random(self.data.ratings, 0.2, random_state=0)
        fit, validation = split_random(train, 0.1, random_state=0)
        self.known = index_ratings(fit)
        held_out = index_ratings(validation, like=self.known)
        inside = held_out.known
        self.pairs = held_out.user_index[inside], held_out.item_index[inside]
        self.rating = held_out.rating[inside]
        self.passed = []
        self.start = time.perf_counter()

    def note(self, predicted):
        predicted = self.data.scale.clip(np.ravel(predicted))
        self.passed.append(
            {
                "seconds": time.perf_counter() - self.start,
                "RMSE": metrics.rmse(self.rating, predicted),
                "MAE": metrics.mae(self.rating, predicted),
            }
        )

    def fit(self, network, *, optimizer, batch_size, epochs, loss="mse", jit_compile="auto"):
        network.compile(optimizer, loss, jit_compile=jit_compile)
        validate = keras.callbacks.LambdaCallback(
            on_epoch_end=lambda epoch, logs: self.note(network.predict_on_batch(list(self.pairs)))
        )
        network.fit(
            [self.known.user_index, self.known.item_index],
            self.known.rating,
            batch_size=batch_size,
            epochs=epochs,
            callbacks=[validate],
            verbose=0,
        )


def look_ups(known, *sizes, penalty=None):
    """Inputs of a pair, and for each size an embedding of the user and one of the item."""
    pair = keras.Input((), dtype="int32"), keras.Input((), dtype="int32")
    tables = [
        layers.Embedding(n_rows, size, embeddings_regularizer=penalty)(index)
        for size in sizes
        for n_rows, index in zip((known.n_users, known.n_items), pair, strict=True)
    ]
    return pair, tables


def batch_rmse(rating, predicted):
    """The loss of the source KO. Its mean over batches is not the RMSE of the data."""
    return keras.ops.sqrt(keras.ops.mean(keras.ops.square(rating - predicted)))


def build_mf(known, share=1.0, **facts):
    """Build what `networks.fit_mf` trains, with a share of its penalties, so as to watch it."""
    n = len(known.rating)
    return networks.build_mf(
        known.n_users,
        known.n_items,
        64,
        known.rating.mean(),
        table_penalty=share * SHRINKAGE / n,
        row_penalty=share * ROW_PENALTY,
        bias_penalty=share * DAMPING / n,
        fact_penalty=share * FACT_SHRINKAGE / n,
        **facts,
    )


def train_one(train):
    """Train one setting and print what its clock has seen, as JSON."""
    keras.utils.set_random_seed(0)
    trial = Trial()
    train(trial)
    print(json.dumps(trial.passed))


def train_apart(script, settings):
    """Run `script one NAME` for each setting whose package is there; return what their clocks saw.

    `settings` maps a name to what trains it, a package, and a function of a `Trial`.
    """
    return {
        name: _run_apart(script, name, package)
        for name, (package, _) in settings.items()
        if importlib.util.find_spec(package)
    }


def _run_apart(script, name, package):
    backend = "jax" if package == "jax" else "tensorflow"
    env = {**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, script, "one", name]
    result = subprocess.run(command, env=env, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(result.stdout.splitlines()[-1])


def best(passed, error):
    """Return the lowest RMSE or MAE that a clock saw."""
    return min(epoch[error] for epoch in passed)


def seconds_until(passed, error, goal):
    """Return after how many seconds the RMSE or MAE was first as low as `goal`, inf if never."""
    return min((epoch["seconds"] for epoch in passed if epoch[error] <= goal), default=np.inf)


def splits(data):
    """Name, training and test part of each split that results are published for."""
    for random_state in (0, 2021):
        yield f"random_state={random_state}", *split_random(data.ratings, 0.2, random_state)
    if data.folder is not None:
        for fold in range(1, 6):
            yield f"u{fold}", *datasets.official_fold(data, fold)
    merged = data.items[["item_id"]].merge(data.ratings, on="item_id")
    yield "ES (in order of items)", *split_random(merged, 0.2, random_state=0)


def describe_over_seeds(fit, tested):
    """Train `fit(seed)`, a factor model, with each seed; say its test errors and its time."""
    pairs = tested.user_index, tested.item_index
    started, cpu_started = time.perf_counter(), time.process_time()
    fitted = [fit(seed) for seed in range(N_SEEDS)]
    seconds = (time.perf_counter() - started) / N_SEEDS
    cpu_seconds = (time.process_time() - cpu_started) / N_SEEDS
    predicted = [model.predict(*pairs) for model in fitted]
    errors = np.array([metrics.rmse(tested.rating, each) for each in predicted])
    absolute = np.array([metrics.mae(tested.rating, each) for each in predicted])
    return (
        f"RMSE {errors.mean():.4f} +- {errors.std():.4f}  MSE {np.mean(errors**2):.4f}  "
        f"MAE {absolute.mean():.4f} +- {absolute.std():.4f}  "
        f"{seconds:.1f} s, {cpu_seconds:.1f} CPU s a run"
    )
