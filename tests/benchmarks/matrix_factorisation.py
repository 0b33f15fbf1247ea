"""Time and accuracy of chapter 02's matrix factorisation, beside the settings of its sources.

    python tests/benchmarks/matrix_factorisation.py speed
    python tests/benchmarks/matrix_factorisation.py accuracy

Both use MovieLens 100K, or the built-in sample where it cannot be had. `speed` trains each setting
in a process of its own and reports when its RMSE on the validation part was first as low as the
lowest that each source's setting reaches; the clock starts before the model is built and stops at
the end of an epoch, its validation included, imports excluded. Settings that need JAX or Numba are
left out where these are not installed. `accuracy` reports test errors over three seeds for the
splits that the sources and the libraries were measured on.
"""

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import time
from functools import partial

import keras
import numpy as np
from keras import layers

from recsys_helpers import datasets, metrics, models, networks
from recsys_helpers.interactions import index_ratings, split_random

ES, KO = "ES: batch 64, Adam 0.001, MAE, 10 epochs", "KO: batch 256, SGD 0.01, l2 0.01, 60 epochs"
N_SEEDS = 3


def validation_split():
    data = datasets.load_movielens("100k")
    train, _ = split_random(data.ratings, 0.2, random_state=0)
    fit, validation = split_random(train, 0.1, random_state=0)
    known = index_ratings(fit)
    held_out = index_ratings(validation, like=known)
    inside = held_out.known
    pairs = held_out.user_index[inside], held_out.item_index[inside]
    return data, known, pairs, held_out.rating[inside]


class Clock:
    """Remembers (seconds since the start, validation RMSE), epoch by epoch."""

    def __init__(self, pairs, rating, scale):
        self.pairs, self.rating, self.scale = pairs, rating, scale
        self.passed = []
        self.start = time.perf_counter()

    def __call__(self, predicted):
        error = metrics.rmse(self.rating, self.scale.clip(np.ravel(predicted)))
        self.passed.append((time.perf_counter() - self.start, error))


def fit(network, known, clock, *, optimizer, batch_size, epochs, loss="mse", jit_compile="auto"):
    network.compile(optimizer, loss, jit_compile=jit_compile)
    validate = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: clock(network.predict_on_batch(list(clock.pairs)))
    )
    network.fit(
        [known.user_index, known.item_index],
        known.rating,
        batch_size=batch_size,
        epochs=epochs,
        callbacks=[validate],
        verbose=0,
    )


def spanish(known, clock):
    user, item = keras.Input((), dtype="int32"), keras.Input((), dtype="int32")
    p = layers.Embedding(known.n_users, 64)(user)
    q = layers.Embedding(known.n_items, 64)(item)
    network = keras.Model([user, item], layers.Dot(axes=1)([p, q]))
    adam = keras.optimizers.Adam(0.001)
    fit(network, known, clock, optimizer=adam, batch_size=64, epochs=10, loss="mae")


def korean(known, clock):
    network = networks.build_mf(
        known.n_users,
        known.n_items,
        200,
        known.rating.mean(),
        table_penalty=0.01,
        bias_penalty=0.01,
    )

    def batch_rmse(rating, predicted):
        return keras.ops.sqrt(keras.ops.mean(keras.ops.square(rating - predicted)))

    sgd = keras.optimizers.SGD(0.01)
    fit(network, known, clock, loss=batch_rmse, optimizer=sgd, batch_size=256, epochs=60)


def course(known, clock, batch_size=8192, learning_rate=0.05, epochs=12, jit_compile=False):
    """As `networks.fit_mf` trains, with validation."""
    n = len(known.rating)
    network = networks.build_mf(
        known.n_users,
        known.n_items,
        64,
        known.rating.mean(),
        table_penalty=6 / n,
        row_penalty=0.06,
        bias_penalty=2 / n,
    )
    adam = keras.optimizers.Adam(learning_rate)
    settings = {"batch_size": batch_size, "epochs": epochs, "jit_compile": jit_compile}
    fit(network, known, clock, optimizer=adam, **settings)


def dense(known, clock):
    """All ratings at once: two products of the tables with the whole matrix a step."""
    import tensorflow as tf

    mean, cells = known.rating.mean(), (known.user_index, known.item_index)
    rating = np.zeros((known.n_users, known.n_items), "float32")
    observed = np.zeros_like(rating)
    rating[cells], observed[cells] = known.rating - mean, 1
    n_of_user, n_of_item = observed.sum(axis=1, keepdims=True), observed.sum(axis=0)[:, None]
    p = tf.Variable(0.1 * tf.random.normal((known.n_users, 64)))
    q = tf.Variable(0.1 * tf.random.normal((known.n_items, 64)))
    b_u, b_i = tf.Variable(tf.zeros((known.n_users, 1))), tf.Variable(tf.zeros((1, known.n_items)))
    tables = [p, q, b_u, b_i]
    adam = keras.optimizers.Adam(0.08)
    adam.build(tables)

    @tf.function(jit_compile=False)
    def step():
        with tf.GradientTape() as tape:
            error = observed * (rating - tf.matmul(p, q, transpose_b=True) - b_u - b_i)
            loss = tf.reduce_sum(error**2) + 2 * tf.reduce_sum(b_u**2) + 2 * tf.reduce_sum(b_i**2)
            loss += tf.reduce_sum((6 + 0.06 * n_of_user) * p**2)
            loss += tf.reduce_sum((6 + 0.06 * n_of_item) * q**2)
        adam.apply(tape.gradient(loss, tables), tables)

    u, i = clock.pairs
    for number in range(1, 81):
        step()
        if number % 5 == 0:
            factors = np.einsum("nk,nk->n", p.numpy()[u], q.numpy()[i])
            clock(mean + b_u.numpy()[u, 0] + b_i.numpy()[0, i] + factors)


def compiled_loop(known, clock):
    """Stochastic gradient descent, rating by rating, in a loop that Numba compiles."""
    import numba

    penalty, bias_penalty, n_epochs = 0.1, 0.02, 30

    @numba.njit
    def epoch(order, rate, user, item, deviation, b_u, b_i, p, q):
        for n in order:
            u, i = user[n], item[n]
            error = deviation[n] - b_u[u] - b_i[i]
            for k in range(p.shape[1]):
                error -= p[u, k] * q[i, k]
            b_u[u] += rate * (error - bias_penalty * b_u[u])
            b_i[i] += rate * (error - bias_penalty * b_i[i])
            for k in range(p.shape[1]):
                old = p[u, k]
                p[u, k] += rate * (error * q[i, k] - penalty * old)
                q[i, k] += rate * (error * old - penalty * q[i, k])

    rng = np.random.default_rng(0)
    p, q = rng.normal(0, 0.1, (known.n_users, 64)), rng.normal(0, 0.1, (known.n_items, 64))
    b_u, b_i = np.zeros(known.n_users), np.zeros(known.n_items)
    mean = known.rating.mean()
    ratings = known.user_index, known.item_index, known.rating - mean
    u, i = clock.pairs
    for n in range(n_epochs):
        order, rate = rng.permutation(len(known.rating)), 0.04 * (1 - n / n_epochs)
        epoch(order, rate, *ratings, b_u, b_i, p, q)
        clock(mean + b_u[u] + b_i[i] + np.einsum("nk,nk->n", p[u], q[i]))


# What each needs beside NumPy, and what trains it.
SETTINGS = {
    ES: ("tensorflow", spanish),
    KO: ("tensorflow", korean),
    "the course's model at batch 64, Adam 0.004": (
        "tensorflow",
        partial(course, batch_size=64, learning_rate=0.004, jit_compile="auto"),
    ),
    "batch 8,192, Adam 0.05": ("tensorflow", course),
    "... with a compiled step": ("tensorflow", partial(course, jit_compile=True)),
    "... on JAX": ("jax", partial(course, jit_compile=True)),
    "... all ratings a batch, Adam 0.1": (
        "tensorflow",
        partial(course, batch_size=10**6, learning_rate=0.1, epochs=60),
    ),
    "dense products in TensorFlow": ("tensorflow", dense),
    "loop compiled by Numba": ("numba", compiled_loop),
}


def one(name):
    """Train one setting and print what its clock has seen, as JSON."""
    data, known, pairs, rating = validation_split()
    keras.utils.set_random_seed(0)
    _, train = SETTINGS[name]
    clock = Clock(pairs, rating, data.scale)
    train(known, clock)
    print(json.dumps(clock.passed))


def run_apart(name, package):
    """Run `one` in a process of its own."""
    backend = "jax" if package == "jax" else "tensorflow"
    env = {**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, __file__, "one", name]
    result = subprocess.run(command, env=env, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(result.stdout.splitlines()[-1])


def speed():
    passed = {
        name: run_apart(name, package)
        for name, (package, _) in SETTINGS.items()
        if importlib.util.find_spec(package)
    }
    goals = {name[:2]: min(error for _, error in passed[name]) for name in (ES, KO)}
    print("goals:", {source: f"RMSE {goal:.4f}" for source, goal in goals.items()})
    for name, run in passed.items():
        reached = []
        for source, goal in goals.items():
            below = [seconds for seconds, error in run if error <= goal]
            reached += [f"{source} {below[0]:.2f} s"] if below else []
        seconds, error = run[-1]
        text = ", ".join(reached) or "neither"
        print(f"{name:45} {seconds:7.2f} s to RMSE {error:.4f}; as good as {text}")


def splits(data):
    """Name, training and test part of each split that results are published for."""
    for random_state in (0, 2021):
        yield f"random_state={random_state}", *split_random(data.ratings, 0.2, random_state)
    if data.folder is not None:
        for fold in range(1, 6):
            yield f"u{fold}", *datasets.official_fold(data, fold)
    merged = data.items[["item_id"]].merge(data.ratings, on="item_id")
    yield "ES (in order of items)", *split_random(merged, 0.2, random_state=0)


def accuracy():
    data = datasets.load_movielens("100k")
    print(data.name)
    for name, train, test in splits(data):
        known = index_ratings(train)
        tested = index_ratings(test, like=known)
        pairs = tested.user_index, tested.item_index
        biases = metrics.rmse(tested.rating, models.fit_biases(known, data.scale).predict(*pairs))
        started, cpu_started = time.perf_counter(), time.process_time()
        fitted = [networks.fit_mf(known, data.scale, seed=seed) for seed in range(N_SEEDS)]
        seconds = (time.perf_counter() - started) / N_SEEDS
        cpu_seconds = (time.process_time() - cpu_started) / N_SEEDS
        predicted = [trained.to_factor_model().predict(*pairs) for trained in fitted]
        errors = np.array([metrics.rmse(tested.rating, each) for each in predicted])
        absolute = np.array([metrics.mae(tested.rating, each) for each in predicted])
        print(
            f"{name:24} RMSE {errors.mean():.4f} +- {errors.std():.4f} (biases {biases:.4f})  "
            f"MSE {np.mean(errors**2):.4f}  MAE {absolute.mean():.4f} +- {absolute.std():.4f}  "
            f"{seconds:.1f} s, {cpu_seconds:.1f} CPU s a run"
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("speed", "accuracy", "one"))
    parser.add_argument("setting", nargs="?", choices=SETTINGS)
    chosen = parser.parse_args()
    if chosen.what == "one":
        one(chosen.setting)
    else:
        {"speed": speed, "accuracy": accuracy}[chosen.what]()
