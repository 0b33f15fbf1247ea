"""Indexed ratings -> a trained Keras network, kept with its vocabularies -> a model that scores.

The network is matrix factorisation, r̂_ui = μ + b_u + b_i + p_u·q_i, with embeddings for p, q and
the biases; notation as in `models`. Facts about a user or an item, a row of numbers each, may help
to make its factors and its bias. To compare it with, `build_merged` has dense layers instead.
Importing this module imports Keras, which takes seconds.
"""

import json
import os
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import keras
import numpy as np
import pandas as pd
from keras import layers, ops
from numpy.typing import ArrayLike

from .datasets import RatingScale
from .files import written_whole
from .interactions import Interactions, check_at_least
from .models import FactorModel, check_train

VOCABULARIES = "vocabularies.json"


@keras.saving.register_keras_serializable("recsys_helpers")
class RowPenalty(layers.Layer):
    """Pass rows on, and add `weight` times their mean squared length to the loss of the batch.

    A row is penalised as often as it occurs in a batch, so that over an epoch a user with 200
    ratings pays ten times as much as one with 20; see Zhou et al. (2008), "Large-scale parallel
    collaborative filtering for the Netflix Prize", AAIM. Keras' own `activity_regularizer` is the
    mean over the rows since Keras 3.14 and was their sum before: this layer is the mean in all.
    """

    def __init__(self, weight: float, **kwargs):
        """Set the weight; the other arguments are those of every layer."""
        super().__init__(**kwargs)
        self.weight = weight

    def call(self, rows):
        """Rows of shape (batch, n_factors), unchanged."""
        self.add_loss(self.weight * ops.mean(ops.sum(ops.square(rows), axis=-1)))
        return rows

    def get_config(self):
        """What the layer is made from, so that it can be saved."""
        return {**super().get_config(), "weight": self.weight}


@dataclass(frozen=True, eq=False)
class TrainedNetwork:
    """A network, the vocabularies that its rows refer to, and the scale of its ratings.

    It can stand as `like` in `index_ratings`: ratings are then indexed as the network knows them.
    """

    network: keras.Model
    user_ids: pd.Index
    item_ids: pd.Index
    scale: RatingScale

    def to_factor_model(self) -> FactorModel:
        """Take the mean, biases and factors out of a network of `build_mf`: a scorer.

        What facts add to them is included. Raises ValueError for a network that has none.
        """
        names = ("user_bias", "item_bias", "user_factors", "item_factors")
        missing = {*names, "global_mean"} - {layer.name for layer in self.network.layers}
        if missing:
            raise ValueError(
                f"the network {self.network.name!r} has no layer {sorted(missing)[0]!r}: "
                "only a network of build_mf is a sum of a mean, biases and a dot product"
            )
        user_bias, item_bias, user_factors, item_factors = map(self._table, names)
        return FactorModel(
            self.network.get_layer("global_mean").offset,
            user_bias[:, 0],
            item_bias[:, 0],
            user_factors,
            item_factors,
            self.scale,
        )

    def _table(self, name: str) -> np.ndarray:
        """Factors or biases, one row per user or item, with what facts add to them."""
        weights = {layer.name: layer.get_weights() for layer in self.network.layers}
        own = weights[name][0].astype("float64")
        if f"{name}_of_facts" not in weights:
            return own
        facts = weights[f"{name.split('_')[0]}_facts"][0].astype("float64")
        return own + facts @ weights[f"{name}_of_facts"][0]


def build_mf(
    n_users: int,
    n_items: int,
    n_factors: int,
    global_mean: float = 0.0,
    table_penalty: float = 0.0,
    row_penalty: float = 0.0,
    bias_penalty: float = 0.0,
    user_facts: ArrayLike | None = None,
    item_facts: ArrayLike | None = None,
    fact_penalty: float = 0.0,
) -> keras.Model:
    """Build matrix factorisation as a network: (user_index, item_index) -> rating, all (batch,).

    `table_penalty` and `bias_penalty` weigh the sum of squares of all factors and of all biases
    (Keras' L2), `row_penalty` the factors of the batch (`RowPenalty`). Factors start as Keras
    starts embeddings, uniform from -0.05 to 0.05, biases at 0. The output is (batch, 1) and not
    clipped to the scale: at its ends the gradient would vanish.

    With facts, of shape (n_users, n_facts) or (n_items, n_facts), factors and biases are those of
    the row plus its facts times a learnt matrix, whose squares `fact_penalty` weighs. Raises
    ValueError for an empty table, a negative penalty, and facts of another shape or not finite.
    Sources: Koren, Bell, Volinsky (2009), "Matrix factorization techniques for recommender
    systems", Computer 42(8); for the facts Kula (2015), "Metadata embeddings for user and item
    cold-start recommendations", CBRecSys.
    """
    check_at_least(1, n_users=n_users, n_items=n_items, n_factors=n_factors)
    check_at_least(0, table_penalty=table_penalty, row_penalty=row_penalty)
    check_at_least(0, bias_penalty=bias_penalty, fact_penalty=fact_penalty)
    penalties = table_penalty, row_penalty, bias_penalty, fact_penalty
    user = keras.Input((), dtype="int32", name="user_index")
    item = keras.Input((), dtype="int32", name="item_index")
    p, b_u = _side("user", user, n_users, n_factors, user_facts, *penalties)
    q, b_i = _side("item", item, n_items, n_factors, item_facts, *penalties)
    total = layers.Add(name="sum")([layers.Dot(axes=1, name="dot")([p, q]), b_u, b_i])
    rating = layers.Rescaling(1.0, offset=float(global_mean), name="global_mean")(total)
    return keras.Model([user, item], rating, name="matrix_factorisation")


def fit_mf(
    train: Interactions,
    scale: RatingScale,
    n_factors: int = 64,
    shrinkage: float = 6.0,
    row_penalty: float = 0.06,
    damping: float = 2.0,
    learning_rate: float | keras.optimizers.schedules.LearningRateSchedule = 0.05,
    batch_size: int = 8192,
    n_epochs: int = 12,
    seed: int = 0,
    user_facts: ArrayLike | None = None,
    item_facts: ArrayLike | None = None,
    fact_shrinkage: float = 1500.0,
    loss: str | keras.losses.Loss = "mean_squared_error",
) -> TrainedNetwork:
    """Train `build_mf` with Adam, in seconds for 100,000 ratings.

    `shrinkage` is that of `fit_soft_impute`, and `damping` that of `fit_biases`: penalties on the
    squares of factors and biases beside the *sum* of squared errors, or of another `loss` of Keras;
    `fact_shrinkage` is the same for the matrices that facts, as in `build_mf`, are multiplied by.
    Keras' loss is a mean, so that all three are divided by the number of ratings. The defaults were
    chosen on validation parts of MovieLens 100K, for squared errors; with facts, a learning rate
    that falls to 0 is better than a constant one. Sets the global seeds of Python, NumPy and Keras:
    same seed, same network, on one machine. Raises ValueError for ratings that cannot be learnt
    from, as `fit_biases` does, and for settings below their least value.
    """
    check_train(train)
    check_at_least(1, n_factors=n_factors, batch_size=batch_size, n_epochs=n_epochs)
    check_at_least(0, shrinkage=shrinkage, row_penalty=row_penalty, damping=damping)
    check_at_least(0, fact_shrinkage=fact_shrinkage)
    if not isinstance(learning_rate, keras.optimizers.schedules.LearningRateSchedule):
        check_at_least(0, learning_rate=learning_rate)
    n = len(train.rating)
    keras.utils.set_random_seed(seed)
    network = build_mf(
        train.n_users,
        train.n_items,
        n_factors,
        train.rating.mean(),
        table_penalty=shrinkage / n,
        row_penalty=row_penalty,
        bias_penalty=damping / n,
        user_facts=user_facts,
        item_facts=item_facts,
        fact_penalty=fact_shrinkage / n,
    )
    # Compiled, a step is faster, but compiling it costs more than a run as short as this one saves.
    network.compile(keras.optimizers.Adam(learning_rate), loss, jit_compile=False)
    pairs = [train.user_index, train.item_index]
    network.fit(pairs, train.rating, batch_size=batch_size, epochs=n_epochs, verbose=0)
    return TrainedNetwork(network, train.user_ids, train.item_ids, scale)


def start_again(network: keras.Model, seed: int) -> None:
    """Give a compiled network new start values, and its optimiser an empty memory.

    It is then as if it had been built and compiled anew under this seed, except that Keras need not
    trace its training step again, which would take as long as a short training. Layers whose
    weights are given, not learnt, keep them, and the learning rate stays what it is. Sets the
    global seeds of Python, NumPy and Keras. Raises ValueError for a network that is not compiled.
    """
    if not network.compiled:
        raise ValueError(f"the network {network.name!r} has no optimiser yet: compile it first")
    keras.utils.set_random_seed(seed)
    # A copy of the layers alone: Keras would compile a copy of the network itself, which fails for
    # a loss or a schedule that is not registered.
    start = keras.models.clone_model(keras.Model(network.inputs, network.outputs))
    for layer in network.layers:
        is_given = layer.weights and not layer.trainable_weights
        if layer.variables and not is_given:
            # All its variables: dropout has no weights, but a random state.
            _assign(layer.variables, start.get_layer(layer.name).variables)
    # Nor could Keras make such a schedule again for another optimiser; no step is taken with this.
    config = network.optimizer.get_config() | {"learning_rate": 0.0}
    optimizer = type(network.optimizer).from_config(config)
    for either in (network.optimizer, optimizer):
        either.build(network.trainable_variables)
    _assign(_memory(network.optimizer), _memory(optimizer))


MERGES = {
    "concatenate": layers.Concatenate,
    "multiply": layers.Multiply,
    "average": layers.Average,
    "dot": partial(layers.Dot, axes=1),
}


def build_merged(
    n_users: int, n_items: int, merge: str, embedding_size: int, hidden: Sequence[int]
) -> keras.Model:
    """Build two embeddings, merged, and dense layers: (user_index, item_index) -> (batch, 1).

    `merge` is one of `MERGES`, `hidden` the sizes of the dense layers with ReLU before the one
    that gives the rating. Raises ValueError for another merge, and for a size below 1. Source: He
    et al. (2017), "Neural collaborative filtering", WWW.
    """
    if merge not in MERGES:
        raise ValueError(f"merge is {merge!r}, but must be one of {', '.join(MERGES)}")
    check_at_least(1, n_users=n_users, n_items=n_items, embedding_size=embedding_size)
    user = keras.Input((), dtype="int32", name="user_index")
    item = keras.Input((), dtype="int32", name="item_index")
    p = layers.Embedding(n_users, embedding_size, name="user_factors")(user)
    q = layers.Embedding(n_items, embedding_size, name="item_factors")(item)
    merged = MERGES[merge](name=merge)([p, q])
    for size in hidden:
        merged = layers.Dense(size, "relu")(merged)
    return keras.Model([user, item], layers.Dense(1, name="rating")(merged), name="merged")


def save(trained: TrainedNetwork, path: str | os.PathLike) -> None:
    """Write the network, its vocabularies and its scale into one `.keras` file.

    Such a file is a zip archive, in which Keras ignores what it does not know: it can open this
    one, too, wherever this module has been imported (for `RowPenalty`). The file appears whole or
    not at all. Raises ValueError for another ending, and FileNotFoundError without the folder.
    """
    path = Path(path)
    if not path.parent.is_dir():
        raise FileNotFoundError(f"there is no folder {path.parent} to save {path.name} in: make it")
    if path.suffix != ".keras":
        raise ValueError(f"{path} does not end in .keras, by which Keras knows its own format")
    vocabularies = {
        "user_ids": trained.user_ids.tolist(),
        "item_ids": trained.item_ids.tolist(),
        "scale": list(trained.scale),
    }
    with written_whole(path) as unfinished:
        trained.network.save(unfinished)
        with zipfile.ZipFile(unfinished, "a", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(VOCABULARIES, json.dumps(vocabularies))


def load(path: str | os.PathLike) -> TrainedNetwork:
    """Read what `save` has written.

    Raises FileNotFoundError, or ValueError for a file that is damaged or was not made by `save`.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"there is no {path}: train the network and save it there first")
    try:
        with zipfile.ZipFile(path) as archive:
            if damaged := archive.testzip():
                raise zipfile.BadZipFile(f"wrong bytes in {damaged}")
            names = archive.namelist()
            content = json.loads(archive.read(VOCABULARIES)) if VOCABULARIES in names else None
    # Which of these zipfile raises depends on which of the bytes are damaged.
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, OSError) as error:
        raise ValueError(
            f"{path} is damaged, cut off or no .keras file ({error!r}): save the network again"
        ) from error
    if content is None:
        raise ValueError(
            f"{path} holds no vocabularies, so that nobody knows whose its rows are: "
            "write it by networks.save, not by the save method of Keras"
        )
    return TrainedNetwork(
        keras.saving.load_model(path),
        pd.Index(content["user_ids"]),
        pd.Index(content["item_ids"]),
        RatingScale(*content["scale"]),
    )


def _memory(optimizer) -> list:
    return [variable for variable in optimizer.variables if variable.name != "learning_rate"]


def _assign(variables, values) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def _side(
    side, index, n_rows, n_factors, facts, table_penalty, row_penalty, bias_penalty, fact_penalty
):
    """Build the factors, (batch, n_factors), and the bias, (batch, 1), of users or of items."""

    def table(kind, n_columns, start, penalty):
        embedding = layers.Embedding(n_rows, n_columns, start, _l2(penalty), name=f"{side}_{kind}")
        return embedding(index)

    factors = table("factors", n_factors, "uniform", table_penalty)
    if row_penalty:
        factors = RowPenalty(row_penalty)(factors)
    bias = table("bias", 1, "zeros", bias_penalty)
    if facts is None:
        return factors, bias

    given = _given_table(_checked_facts(facts, n_rows, side), f"{side}_facts")(index)

    def of_facts(kind, n_columns):
        product = layers.Dense(
            n_columns,
            use_bias=False,
            kernel_initializer=keras.initializers.RandomNormal(stddev=0.02),
            kernel_regularizer=_l2(fact_penalty),
            name=f"{side}_{kind}_of_facts",
        )
        return product(given)

    factors = layers.Add()([factors, of_facts("factors", n_factors)])
    return factors, layers.Add()([bias, of_facts("bias", 1)])


def _given_table(values, name):
    """Look up rows that are given, not learnt."""
    given = layers.Embedding(*values.shape, trainable=False, name=name)
    given.build()
    given.set_weights([values])
    return given


def _l2(penalty):
    return keras.regularizers.L2(penalty) if penalty else None


def _checked_facts(facts, n_rows, side):
    facts = np.asarray(facts, dtype="float32")
    if facts.ndim != 2 or len(facts) != n_rows:
        raise ValueError(
            f"{side}_facts has shape {facts.shape}, expected ({n_rows}, n_facts): "
            f"a row for each {side} of the vocabulary, in its order"
        )
    if not np.isfinite(facts).all():
        row, column = np.argwhere(~np.isfinite(facts))[0]
        raise ValueError(
            f"fact {column} of {side}_index {row} is {facts[row, column]}: "
            "fill in what is missing, and say so in a column of its own"
        )
    return facts
