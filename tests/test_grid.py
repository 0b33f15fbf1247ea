import json
import os

import numpy as np
import pytest
from sklearn.model_selection import ParameterGrid

from recsys_helpers.grid import search
from recsys_helpers.metrics import rmse

ABOUT = {"data": "0" * 64, "seed": 0}
SETTINGS = [
    {"merge": merge, "size": size, "hidden": hidden}
    for merge in ("dot", "average")
    for size in (50, 100)
    for hidden in ((64, 32), (16,))
]


class Trainer:
    """Remembers what it was asked to train; is interrupted after `n_left` settings."""

    def __init__(self, n_left=np.inf):
        self.n_left = n_left
        self.trained = []

    def __call__(self, path, merge, size, hidden):
        path.write_text("half of the weights")
        if len(self.trained) == self.n_left:
            raise KeyboardInterrupt
        path.write_text(f"{merge} {size} {hidden}")
        self.trained.append((merge, size, hidden))
        return {"RMSE": 1 / size, "parameters": size * len(hidden)}


def test_each_setting_has_a_row_and_a_file_named_after_it(tmp_path):
    table = search(SETTINGS, Trainer(), tmp_path / "new" / "grid", ABOUT)
    assert table.columns.tolist() == ["merge", "size", "hidden", "RMSE", "parameters", "path"]
    assert table[["merge", "size", "hidden"]].to_dict("records") == SETTINGS
    assert table["RMSE"].tolist() == [0.02, 0.02, 0.01, 0.01] * 2
    assert table["parameters"].tolist() == [100, 50, 200, 100] * 2
    assert table["path"][2] == tmp_path / "new" / "grid" / "dot_100_64-32.keras"
    for row in table.itertuples():
        assert row.path.read_text() == f"{row.merge} {row.size} {row.hidden}"


def test_settings_may_come_from_the_grid_of_scikit_learn(tmp_path):
    grid = ParameterGrid({"size": [50, 100], "merge": ["dot"], "hidden": [(64, 32), (16,)]})
    trainer = Trainer()
    table = search(grid, trainer, tmp_path, ABOUT)
    assert len(table) == len(trainer.trained) == 4
    assert table["path"][0].name == "64-32_dot_50.keras"  # the names in the order of the alphabet


def test_an_interrupted_search_goes_on_where_it_was(tmp_path):
    interrupted, resumed, again = Trainer(n_left=3), Trainer(), Trainer()
    with pytest.raises(KeyboardInterrupt):
        search(SETTINGS, interrupted, tmp_path, ABOUT)
    table = search(SETTINGS, resumed, tmp_path, ABOUT)
    expected = [tuple(setting.values()) for setting in SETTINGS]
    assert interrupted.trained == expected[:3]
    assert resumed.trained == expected[3:]
    for row in table.itertuples():
        assert row.path.read_text() == f"{row.merge} {row.size} {row.hidden}"
    # The same, as if nothing had happened; and settings may be added.
    assert table.equals(search(SETTINGS, again, tmp_path, ABOUT))
    assert again.trained == []
    added = {"merge": "multiply", "size": 50, "hidden": ()}
    assert len(search([*SETTINGS, added], again, tmp_path, ABOUT)) == 9
    assert again.trained == [("multiply", 50, ())]


def test_a_result_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    renamed = []

    def interrupt(source, target):
        renamed.append((source, target))
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", interrupt)
        with pytest.raises(KeyboardInterrupt):
            search(SETTINGS[:1], Trainer(), tmp_path, ABOUT)
    ((source, target),) = renamed
    assert target == tmp_path / "dot_50_64-32.json"
    assert source.is_relative_to(tmp_path)  # on another disk, it could not be renamed
    assert [path.suffix for path in tmp_path.iterdir()] == [".keras"]


def test_the_file_says_what_it_is_the_result_of(tmp_path):
    search(SETTINGS[:1], Trainer(), tmp_path, ABOUT)
    content = json.loads((tmp_path / "dot_50_64-32.json").read_text())
    setting = {"merge": "dot", "size": 50, "hidden": [64, 32]}
    result = {"RMSE": 0.02, "parameters": 100}
    assert content == {"setting": setting, "about": ABOUT, "result": result}


@pytest.mark.parametrize("about", [ABOUT | {"seed": 1}, {"data": ABOUT["data"]}])
def test_results_found_with_something_else_are_refused_before_training(tmp_path, about):
    search(SETTINGS[-1:], Trainer(), tmp_path, ABOUT)
    trainer = Trainer()
    with pytest.raises(ValueError, match=r"average_100_16\.json was found with .*another folder"):
        search(SETTINGS, trainer, tmp_path, about)
    assert trainer.trained == []


@pytest.mark.parametrize("share", [0, 0.5, 0.99])
def test_a_damaged_result_is_refused(tmp_path, share):
    search(SETTINGS[:1], Trainer(), tmp_path, ABOUT)
    path = tmp_path / "dot_50_64-32.json"
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(ValueError, match=r"dot_50_64-32\.json is damaged .*: delete it to train"):
        search(SETTINGS, Trainer(), tmp_path, ABOUT)


@pytest.mark.parametrize("content", [b"[1]", b"1", b'{"RMSE": 1}', b"\xff"])
def test_another_json_file_is_refused(tmp_path, content):
    (tmp_path / "dot_50_64-32.json").write_bytes(content)
    with pytest.raises(ValueError, match=r"dot_50_64-32\.json is damaged"):
        search(SETTINGS, Trainer(), tmp_path, ABOUT)


def test_two_settings_of_one_name_are_refused(tmp_path):
    same = [{"a": 1, "b": 2}, {"a": "1_2"}]
    with pytest.raises(ValueError, match=r"two settings would both be written to .*1_2\.keras"):
        search(same, lambda path, **setting: {}, tmp_path, ABOUT)


def test_numbers_of_numpy_are_numbers_and_settings_that_json_cannot_hold_fail_at_once(tmp_path):
    result = {"RMSE": np.float32(0.5), "epochs": np.int64(3)}
    table = search([{"size": np.int64(50)}], lambda path, size: result, tmp_path, ABOUT)
    again = search([{"size": 50}], None, tmp_path, ABOUT)
    assert table.equals(again)
    assert again["RMSE"][0] == 0.5
    with pytest.raises(TypeError, match=r"'object'"):
        search([{"size": object()}], None, tmp_path, ABOUT)


def test_progress_is_shown_on_stderr(tmp_path, capsys):
    search(SETTINGS, Trainer(), tmp_path, ABOUT)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "8/8" in shown.err


# A bug of a published notebook: what it breaks holds here, and not where the bug is.


def reported_error_is_honest(choose_by, tmp_path):
    """On average, the error that is reported is the error on ratings that nobody has seen."""
    parts = ("validation", "reported", "unseen")
    excess = []
    for number in range(20):
        rng = np.random.default_rng(number)
        # Candidates, such as epochs or networks, that are all equally good: truth and noise.
        rating = {part: rng.normal(3, 1, 50) for part in parts}
        predicted = {part: rating[part] + rng.normal(0, 0.9, (16, 50)) for part in parts}

        def errors(path, candidate, rating=rating, predicted=predicted):
            return {part: rmse(rating[part], predicted[part][candidate]) for part in parts}

        folder, about = tmp_path / choose_by / str(number), {"seed": number}
        table = search(({"candidate": n} for n in range(16)), errors, folder, about)
        chosen = table.loc[table[choose_by].idxmin()]
        excess.append(chosen["unseen"] - chosen["reported"])
    # Each RMSE of 50 ratings has a standard deviation of 0.9 / √100, the difference one of 0.13.
    assert abs(np.mean(excess)) < 3 * 0.13 / np.sqrt(20)


def test_bug_early_stopping_on_the_set_that_is_reported(tmp_path):
    reported_error_is_honest("validation", tmp_path)
    with pytest.raises(AssertionError):
        reported_error_is_honest("reported", tmp_path)
