"""Ratings and networks of a known structure, and the error of a model on what is held out."""

import numpy as np
import pandas as pd

from recsys_helpers.datasets import RatingScale
from recsys_helpers.interactions import Interactions, index_ratings
from recsys_helpers.metrics import rmse

SCALE = RatingScale(1, 5)


def from_cells(cells):
    """Index a dense matrix of ratings, NaN for a hole, its full vocabulary included."""
    cells = np.asarray(cells, dtype=float)
    user_index, item_index = np.nonzero(~np.isnan(cells))
    return Interactions(
        user_index,
        item_index,
        cells[user_index, item_index],
        pd.RangeIndex(cells.shape[0]),
        pd.RangeIndex(cells.shape[1]),
    )


def planted(seed=0, n_users=60, n_items=45, share=0.5, noise=0.3):
    """Ratings made of biases, two strong factors and noise, with gaps between the ids."""
    rng = np.random.default_rng(seed)
    bias = 0.3 * rng.standard_normal((n_users, 1)) + 0.3 * rng.standard_normal(n_items)
    factors = rng.standard_normal((n_users, 2)) @ rng.standard_normal((2, n_items))
    mean = 3 + bias + 0.6 * factors
    user, item = np.nonzero(rng.random((n_users, n_items)) < share)
    rating = np.clip(mean[user, item] + noise * rng.standard_normal(len(user)), 1, 5)
    return pd.DataFrame({"user_id": 100 + 3 * user, "item_id": 1 + 7 * item, "rating": rating})


def with_weights(network, tables):
    """Give layers of a Keras network, by their names, a table of weights each."""
    for name, table in tables.items():
        network.get_layer(name).set_weights([np.asarray(table)])
    return network


def error_on_test(fit, train, test):
    """RMSE on `test` of the model that `fit` makes of `train`."""
    indexed = index_ratings(train)
    other = index_ratings(test, like=indexed)
    return rmse(other.rating, fit(indexed, SCALE).predict(other.user_index, other.item_index))
