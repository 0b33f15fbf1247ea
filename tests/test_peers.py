"""The script that measures other libraries, without the libraries."""

import importlib.util
import json
from math import log2, sqrt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

SCRIPT = Path(__file__).parent / "benchmarks" / "peers" / "peers.py"
TRAIN = [  # two users, four items; user_id, item_id, rating
    (7, 10, 5.0),
    (7, 20, 2.0),
    (9, 10, 4.0),
    (9, 30, 3.0),
    (9, 40, 5.0),
]
TEST = [
    (7, 30, 4.0),
    (7, 40, 3.0),
    (7, 99, 5.0),  # an item that nobody has rated in the training part
    (9, 20, 1.0),  # nothing relevant: user 9 is left out of the means over users
]


@pytest.fixture(scope="module")
def peers():
    spec = importlib.util.spec_from_file_location("peers", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "random"
    folder.mkdir()
    for name, rows in (("train", TRAIN), ("test", TEST)):
        table = pd.DataFrame(rows, columns=["user_id", "item_id", "rating"])
        table["timestamp"] = "1998-01-02 03:04:05"
        table.to_csv(folder / f"{name}.csv", index=False)
    return folder


def keep(folder, values):
    about = json.dumps({"library": "lib 1.0", "model": "m", "settings": {"k": 2}, "seconds": 1.5})
    np.savez(folder / "lib m.npz", values=np.array(values), about=about)


def test_predicted_ratings_are_clipped_and_measured(peers, folder):
    keep(folder, [4.0, 3.5, 9.0, 2.0])  # errors 0, -0.5, 0 once 9 is 5, -1
    row = peers.score(folder.parent).iloc[0]
    assert row["RMSE"] == pytest.approx(sqrt(1.25 / 4))
    assert row["MAE"] == pytest.approx(1.5 / 4)
    assert (row["part"], row["library"], row["seconds"]) == ("random", "lib 1.0", 1.5)


def test_scores_are_ranked_among_the_unseen_items_of_the_training_part(peers, folder):
    # User 7 has seen items 10 and 20, of the highest scores: 40 and 30 are left, in this order.
    # Of her relevant items, 30 and 99, training knows 30: it is second, and the only one.
    keep(folder, [[0.9, 0.8, 0.1, 0.3], [0.5, 0.6, 0.7, 0.8]])
    row = peers.score(folder.parent).iloc[0]
    assert row["NDCG@10"] == pytest.approx(1 / log2(3))
    assert row["Recall@10"] == 1


def test_libraries_see_no_test_ratings_and_the_liked_pairs_as_ones(peers, folder):
    part = peers.Part(folder)
    assert "rating" not in part.pairs
    assert len(part.pairs) == len(TEST)
    assert part.liked.toarray().tolist() == [[1, 0, 0, 0], [1, 0, 0, 1]]


def test_columns_of_the_factorisation_machine_know_only_the_training_part(peers, folder):
    days, ((user, users), (item, items)), sizes = peers.myfm_columns(
        peers.Part(folder), implicit=True, days=True
    )
    assert days.shape == (9, 1)
    assert sizes == [1, 2, 4, 4, 2]
    half, third = sqrt(1 / 2), sqrt(1 / 3)
    expected = [[1, 0, half, half, 0, 0], [0, 1, third, 0, third, third]]
    np.testing.assert_allclose(users.toarray(), expected)
    # Item 99, in the test only, is the last row: nothing is known of it.
    expected = [[1, 0, 0, 0, half, half], [0, 1, 0, 0, 1, 0], [0, 0, 1, 0, 0, 1]]
    np.testing.assert_allclose(items.toarray(), [*expected, [0, 0, 0, 1, 0, 1], [0] * 6])
    assert user.tolist() == [0, 0, 1, 1, 1, 0, 0, 0, 1]
    assert item.tolist() == [0, 1, 0, 2, 3, 2, 3, 4, 1]
