"""Matrix factorisation whose factors and biases are made with the help of facts."""

from dataclasses import replace

import keras
import numpy as np
import pandas as pd
import pytest
from planted import SCALE, from_cells, with_weights

from recsys_helpers import networks
from recsys_helpers.interactions import Interactions
from recsys_helpers.metrics import rmse
from recsys_helpers.networks import TrainedNetwork, build_mf, fit_mf

# Two users with one fact, three items with two, two factors.
FACTS = {"user_facts": [[1], [-2]], "item_facts": [[1, 0], [0, 1], [1, 2]]}
BY_HAND = {
    "user_factors": [[2, 0.5], [-1, 1]],
    "user_factors_of_facts": [[1, -0.5]],
    "user_bias": [[0.5], [-1]],
    "user_bias_of_facts": [[0.25]],
    "item_factors": [[1, 0], [0.5, -1], [0, 2]],
    "item_factors_of_facts": [[0.5, 0], [0, -1]],
    "item_bias": [[0.25], [0], [1]],
    "item_bias_of_facts": [[0.1], [0.2]],
}
# The same, added up: the rows of users 0 and 1, of items 0, 1 and 2.
ADDED_UP = {
    "user_factors": [[3, 0], [-3, 2]],
    "user_bias": [0.75, -1.5],
    "item_factors": [[1.5, 0], [0.5, -2], [0.5, 0]],
    "item_bias": [0.35, 0.2, 1.5],
}
PAIRS = [np.array([0, 0, 1]), np.array([0, 1, 2])]
CELLS = [[5, 4, np.nan], [np.nan, np.nan, 3]]  # the same pairs, rated
SETTINGS = {
    "n_factors": 8,
    "shrinkage": 1.0,
    "row_penalty": 0.03,
    "fact_shrinkage": 5.0,
    "batch_size": 512,
    "n_epochs": 20,
}


def tiny(**settings):
    network = build_mf(2, 3, 2, global_mean=3, **FACTS, **settings)
    with_weights(network, BY_HAND)
    return TrainedNetwork(network, pd.Index([7, 9]), pd.Index([10, 20, 40]), SCALE)


def test_ratings_by_hand():
    predicted = tiny().network.predict_on_batch(PAIRS)
    # 3 + b_u + b_i + p·q of ADDED_UP
    expected = [3 + 0.75 + 0.35 + 4.5, 3 + 0.75 + 0.2 + 1.5, 3 - 1.5 + 1.5 - 1.5]
    np.testing.assert_allclose(predicted, np.reshape(expected, (3, 1)), rtol=1e-6)


def test_facts_are_in_the_factors_and_biases_of_the_scorer():
    model = tiny().to_factor_model()
    for name, table in ADDED_UP.items():
        np.testing.assert_allclose(getattr(model, name), table, rtol=1e-6)


@pytest.mark.parametrize("side", ["user", "item"])
def test_one_side_may_have_facts_and_the_other_none(side):
    facts = f"{side}_facts"
    network = build_mf(2, 3, 2, **{facts: FACTS[facts]})
    found = {layer.name for layer in network.layers if layer.name.endswith("_of_facts")}
    assert found == {f"{side}_factors_of_facts", f"{side}_bias_of_facts"}
    trained = replace(tiny(), network=network)
    user, item = np.divmod(np.arange(6), 3)
    predicted = network.predict_on_batch([user, item])[:, 0]
    np.testing.assert_allclose(trained.to_factor_model()([0, 1]).ravel(), predicted, atol=1e-6)


def test_facts_add_to_what_is_learnt_only_what_they_are_multiplied_by():
    without, network = build_mf(2, 3, 2), tiny().network
    learnt = sum(weight.shape.num_elements() for weight in network.trainable_weights)
    # One fact of users and two of items, times two factors and a bias.
    assert learnt == without.count_params() + (1 + 2) * (2 + 1)
    assert network.count_params() - learnt == 2 * 1 + 3 * 2  # the facts themselves


def test_the_matrices_of_facts_start_small():
    keras.utils.set_random_seed(0)
    network = build_mf(4, 3, 50, item_facts=np.ones((3, 40)))
    (kernel,) = network.get_layer("item_factors_of_facts").get_weights()
    assert kernel.std() == pytest.approx(0.02, rel=0.1)


def test_the_penalty_on_facts_is_in_units_of_the_sum_of_squared_errors():
    settings = {"shrinkage": 0, "row_penalty": 0, "damping": 0, "fact_shrinkage": 0.6}
    network = fit_mf(from_cells(CELLS), SCALE, 2, n_epochs=1, **settings, **FACTS).network
    with_weights(network, BY_HAND)  # with a mean of 4, it predicts 9.6, 6.45 and 2.5
    errors = 4.6**2 + 2.45**2 + 0.5**2
    squares = (1 + 0.25) + 0.0625 + (0.25 + 1) + (0.01 + 0.04)
    loss = network.evaluate(PAIRS, np.array([5, 4, 3]), batch_size=3, verbose=0)
    assert loss == pytest.approx((errors + 0.6 * squares) / 3)


def test_the_row_penalty_is_on_what_belongs_to_the_row_alone():
    network = tiny(row_penalty=0.2).network
    network.compile(loss="mse", jit_compile=False)
    loss = network.evaluate(PAIRS, network.predict_on_batch(PAIRS), batch_size=3, verbose=0)
    rows = 2 * (4 + 0.25) + (1 + 1) + 1 + (0.25 + 1) + 4  # user 0 has two ratings
    assert loss == pytest.approx(0.2 * rows / 3)


def test_facts_are_given_not_learnt():
    network = fit_mf(from_cells(CELLS), SCALE, 2, **FACTS).network
    for name, facts in FACTS.items():
        np.testing.assert_array_equal(network.get_layer(name).get_weights()[0], facts)
    for name in ("user_factors", "item_bias"):
        assert network.get_layer(f"{name}_of_facts").get_weights()[0].all()


def planted_genres(seed, n_users=120, n_items=90, n_genres=6):
    """Ratings that depend on the tastes of users and the genres of items; and the genres."""
    rng = np.random.default_rng(seed)
    genres = (rng.random((n_items, n_genres)) < 0.3).astype(float)
    tastes = 0.8 * rng.standard_normal((n_users, n_genres)) + 0.3 * rng.standard_normal(n_genres)
    user, item = np.nonzero(rng.random((n_users, n_items)) < 0.4)
    rating = 3 + (tastes @ genres.T)[user, item] + 0.3 * rng.standard_normal(len(user))
    rating = np.clip(rating, 1, 5)
    return Interactions(user, item, rating, pd.RangeIndex(n_users), pd.RangeIndex(n_items)), genres


def test_facts_help_items_without_training_ratings_and_shuffled_facts_do_not():
    ratings, genres = planted_genres(seed=0)
    is_new = ratings.item_index >= 60
    train, test = ratings.part(~is_new), ratings.part(is_new)

    def error(facts):
        model = fit_mf(train, SCALE, **SETTINGS, item_facts=facts).to_factor_model()
        return rmse(test.rating, model.predict(test.user_index, test.item_index))

    # Over five seeds 0.87 to 0.96 without, 0.40 to 0.43 with, 0.88 to 0.98 shuffled.
    without = error(None)
    assert error(genres) < 0.5 < 0.8 < without
    assert error(np.random.default_rng(0).permutation(genres)) > without - 0.05


def test_a_network_with_facts_can_be_saved_and_loaded(tmp_path):
    before = tiny(row_penalty=0.06, fact_penalty=0.01)
    networks.save(before, tmp_path / "facts.keras")
    after = networks.load(tmp_path / "facts.keras")
    expected = before.to_factor_model()
    np.testing.assert_array_equal(after.to_factor_model()([0, 1]), expected([0, 1]))
    np.testing.assert_array_equal(
        after.network.predict_on_batch(PAIRS), before.network.predict_on_batch(PAIRS)
    )
    assert not after.network.get_layer("item_facts").trainable


def test_facts_may_be_a_table_of_pandas():
    facts = {name: pd.DataFrame(rows, dtype=float) for name, rows in FACTS.items()}
    network = with_weights(build_mf(2, 3, 2, global_mean=3, **facts), BY_HAND)
    expected = tiny().network.predict_on_batch(PAIRS)
    np.testing.assert_array_equal(network.predict_on_batch(PAIRS), expected)


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"item_facts": np.zeros((2, 4))}, r"item_facts has shape \(2, 4\), expected \(3, n_facts"),
        ({"item_facts": np.zeros(3)}, r"item_facts has shape \(3,\), expected \(3, n_facts\)"),
        ({"user_facts": np.zeros((3, 4))}, r"user_facts has shape .*a row for each user"),
        ({"user_facts": [[1, 2], [np.nan, 0]]}, r"fact 0 of user_index 1 is nan: fill in"),
        ({"item_facts": [[1], [0], [np.inf]]}, r"fact 0 of item_index 2 is inf: fill in"),
    ],
)
def test_facts_of_another_shape_or_not_finite_are_refused(facts, message):
    with pytest.raises(ValueError, match=message):
        build_mf(2, 3, 2, **facts)
    with pytest.raises(ValueError, match=message):
        fit_mf(from_cells(CELLS), SCALE, 2, **facts)


def test_a_negative_penalty_is_refused():
    with pytest.raises(ValueError, match=r"fact_penalty is -1, but must be at least 0"):
        build_mf(2, 3, 2, fact_penalty=-1)
    with pytest.raises(ValueError, match=r"fact_shrinkage is -1, but must be at least 0"):
        fit_mf(from_cells(CELLS), SCALE, 2, fact_shrinkage=-1)


def test_the_loss_may_be_another():
    # Of the ratings of one pair, 60 % are 1: their mean is 2.6, their median 1.
    zeros = np.zeros(5000, dtype=int)
    rating = np.where(np.arange(5000) < 3000, 1.0, 5.0)
    train = Interactions(zeros, zeros, rating, pd.RangeIndex(1), pd.RangeIndex(1))
    none = {"shrinkage": 0, "row_penalty": 0, "damping": 0}
    for loss, expected in (("mse", 2.6), (keras.losses.MeanAbsoluteError(), 1)):
        trained = fit_mf(train, SCALE, 1, loss=loss, batch_size=100, n_epochs=4, **none)
        predicted = trained.network.predict_on_batch([zeros[:1], zeros[:1]])
        assert predicted[0, 0] == pytest.approx(expected, abs=0.3)


def test_the_learning_rate_may_fall():
    schedule = keras.optimizers.schedules.PolynomialDecay(0.25, decay_steps=4, end_learning_rate=0)
    network = fit_mf(from_cells(CELLS), SCALE, 2, learning_rate=schedule, n_epochs=3).network
    assert float(network.optimizer.learning_rate) == 0.25 * (1 - 3 / 4)
