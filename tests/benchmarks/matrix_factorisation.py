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
from functools import partial

import keras
import measuring
import numpy as np
from keras import layers

from recsys_helpers import datasets, metrics, models, networks
from recsys_helpers.interactions import index_ratings

ES, KO = "ES: batch 64, Adam 0.001, MAE, 10 epochs", "KO: batch 256, SGD 0.01, l2 0.01, 60 epochs"


def spanish(trial):
    pair, vectors = measuring.look_ups(trial.known, 64)
    network = keras.Model(pair, layers.Dot(axes=1)(vectors))
    adam = keras.optimizers.Adam(0.001)
    trial.fit(network, optimizer=adam, batch_size=64, epochs=10, loss="mae")


def korean(trial):
    known = trial.known
    network = networks.build_mf(
        known.n_users,
        known.n_items,
        200,
        known.rating.mean(),
        table_penalty=0.01,
        bias_penalty=0.01,
    )
    sgd = keras.optimizers.SGD(0.01)
    trial.fit(network, loss=measuring.batch_rmse, optimizer=sgd, batch_size=256, epochs=60)


def course(trial, batch_size=8192, learning_rate=0.05, epochs=12, jit_compile=False):
    """As `networks.fit_mf` trains, with validation."""
    network = measuring.build_mf(trial.known)
    adam = keras.optimizers.Adam(learning_rate)
    settings = {"batch_size": batch_size, "epochs": epochs, "jit_compile": jit_compile}
    trial.fit(network, optimizer=adam, **settings)


def dense(trial):
    """All ratings at once: two products of the tables with the whole matrix a step."""
    import tensorflow as tf

    known = trial.known
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

    u, i = trial.pairs
    for number in range(1, 81):
        step()
        if number % 5 == 0:
            factors = np.einsum("nk,nk->n", p.numpy()[u], q.numpy()[i])
            trial.note(mean + b_u.numpy()[u, 0] + b_i.numpy()[0, i] + factors)


def compiled_loop(trial):
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

    known = trial.known
    rng = np.random.default_rng(0)
    p, q = rng.normal(0, 0.1, (known.n_users, 64)), rng.normal(0, 0.1, (known.n_items, 64))
    b_u, b_i = np.zeros(known.n_users), np.zeros(known.n_items)
    mean = known.rating.mean()
    ratings = known.user_index, known.item_index, known.rating - mean
    u, i = trial.pairs
    for n in range(n_epochs):
        order, rate = rng.permutation(len(known.rating)), 0.04 * (1 - n / n_epochs)
        epoch(order, rate, *ratings, b_u, b_i, p, q)
        trial.note(mean + b_u[u] + b_i[i] + np.einsum("nk,nk->n", p[u], q[i]))


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


def speed():
    passed = measuring.train_apart(__file__, SETTINGS)
    goals = {name[:2]: measuring.best(passed[name], "RMSE") for name in (ES, KO)}
    print("goals:", {source: f"RMSE {goal:.4f}" for source, goal in goals.items()})
    for name, run in passed.items():
        reached = {s: measuring.seconds_until(run, "RMSE", goal) for s, goal in goals.items()}
        times = [f"{s} {seconds:.2f} s" for s, seconds in reached.items() if np.isfinite(seconds)]
        text = ", ".join(times) or "neither"
        last = run[-1]
        print(f"{name:45} {last['seconds']:7.2f} s to RMSE {last['RMSE']:.4f}; as good as {text}")


def accuracy():
    data = datasets.load_movielens("100k")
    print(data.name)
    for name, train, test in measuring.splits(data):
        known = index_ratings(train)
        tested = index_ratings(test, like=known)
        pairs = tested.user_index, tested.item_index
        biases = metrics.rmse(tested.rating, models.fit_biases(known, data.scale).predict(*pairs))

        def fit(seed, known=known):
            return networks.fit_mf(known, data.scale, seed=seed).to_factor_model()

        print(f"{name:24} (biases {biases:.4f})  {measuring.describe_over_seeds(fit, tested)}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("speed", "accuracy", "one"))
    parser.add_argument("setting", nargs="?", choices=SETTINGS)
    chosen = parser.parse_args()
    if chosen.what == "one":
        measuring.train_one(SETTINGS[chosen.setting][1])
    else:
        {"speed": speed, "accuracy": accuracy}[chosen.what]()
