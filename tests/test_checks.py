"""The checks of the exercises: right answers pass, each typical mistake gets its own hint."""

import math
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from book._site.languages import LANGUAGES
from recsys_helpers import checks
from recsys_helpers.checks import check, exercises

BOOK = Path(__file__).parents[1] / "book"
ENGLISH, *OTHERS = LANGUAGES
RATINGS = exercises()["ratings-sparsity"].arguments
CORRECT_DAMPED_MEAN = exercises()["ratings-damped-mean"].right(*RATINGS, 2.0)
MISTAKES = [(name, key) for name, exercise in exercises().items() for key in exercise.mistakes]


@pytest.fixture(params=LANGUAGES)
def language(request, monkeypatch):
    monkeypatch.setenv("RECSYS_LANG", request.param)
    return request.param


def hints(language):
    return checks._hints(language)


@pytest.mark.parametrize("name", exercises())
def test_the_right_answer_passes(name):
    verdict = check(name, exercises()[name].right)
    assert verdict.passed
    assert repr(verdict) == f"✓ {name}"


@pytest.mark.parametrize(("name", "key"), MISTAKES)
def test_each_mistake_gets_its_hint_in_the_language(name, key, language):
    verdict = check(name, exercises()[name].mistakes[key])
    assert not verdict.passed
    assert verdict.hint == hints(language)[name][key]


@pytest.mark.parametrize("name", exercises())
def test_mistakes_are_told_apart(name):
    exercise = exercises()[name]
    answers = [f(*exercise.arguments) for f in (exercise.right, *exercise.mistakes.values())]
    for n, one in enumerate(answers):
        for other in answers[n + 1 :]:
            assert not checks.same(one, other)


@pytest.mark.parametrize("name", exercises())
def test_the_untouched_stub_is_not_yet_solved(name, language):
    def stub(*arguments): ...

    def ellipsis(*arguments):
        return ...

    def reminder(*arguments):
        raise NotImplementedError

    for empty in (stub, ellipsis, reminder):
        verdict = check(name, empty)
        assert not verdict.passed
        assert verdict.hint == hints(language)["any"]["not-yet"]


def test_an_answer_of_another_kind_says_what_was_got_and_what_is_wanted(language):
    hint = check("svd-soft-threshold", lambda s, shrinkage: 0.0).hint
    assert "number" in hint
    assert "array (4,)" in hint
    hint = check("svd-gradient-step", lambda *arguments: [arguments[0]]).hint
    assert "array (1, 2)" in hint
    assert "tuple (array (2,), array (2,))" in hint


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ([np.zeros((2, 2)), np.zeros((2, 3))], "list (2,)"),
        ((1, 2, 3, 4), "tuple (number, number, number, …)"),
        (pd.Series([1.0]), "Series (1,)"),
        ("five", "str"),
    ],
)
def test_an_answer_of_any_kind_is_named(answer, kind, monkeypatch):
    monkeypatch.setenv("RECSYS_LANG", "en")
    assert f" {kind};" in check("svd-low-rank", lambda matrix, rank: answer).hint


def test_wrong_values_of_the_right_kind_name_the_input_and_not_the_answer(language):
    verdict = check("ratings-sparsity", lambda ratings: np.float32(0.123))
    assert verdict.hint == hints(language)["any"]["values"].format(exercise="ratings-sparsity")
    assert str(exercises()["ratings-sparsity"].right(*RATINGS)) not in verdict.hint


@pytest.mark.parametrize("share_of", [int, round, math.ceil])
def test_every_way_to_round_splits_by_time_alike(share_of):
    def time_split(ratings, share):
        in_order = ratings.sort_values("timestamp")
        n_test = share_of(share * len(ratings))
        return in_order.iloc[:-n_test], in_order.iloc[-n_test:]

    assert check("ratings-time-split", time_split).passed


# Squared distances: 0.3² + 3² + 4², 0.7² + 2² + 2² + 4², 1² + 1² + 2² + 4².
D, E, F = math.sqrt(25.09), math.sqrt(24.49), math.sqrt(22)
# What a hit gains in the second and in the fourth place; in the first it is 1, in the third 1/2.
G, H = 1 / math.log2(3), 1 / math.log2(5)


@pytest.mark.parametrize(
    ("name", "worked_by_hand"),
    [
        ("similarity-cosine", [22 / (5 * 5), 0, -30 / (5 * 10), 9 / (5 * 2)]),
        ("similarity-distances", [[0, 0, D, E], [0, 0, D, E], [D, D, 0, F], [E, E, F, 0]]),
        ("similarity-direction", [[0, 0, 0], [1, 4, 1], [5 - 10 / 3, 1 + 5 / 3, 3 - 10 / 3]]),
        ("similarity-kept", (3 / 4 + 1 / 3 + 3 / 3) / 3),
        ("similarity-shrink", [[1, 3, 5], [5, 3, 0], [1, 0, 3], [1, 5, 0], [5, 0, 1], [1, 4, 3]]),
        # Their dot products with the two unit vectors add up to 7/5, 8/7 and 4/7.
        ("similarity-both", [7, 2, 5]),
        ("netflix-lines", ([512, 7, 8, 7, 2649, 40, 12], [30, 30, 30, 8, 500, 500, 500])),
        ("netflix-batches", [(2 + 5 + 3 + 1) / 4, (5 + 4 + 3 + 2) / 4, np.nan, 4, np.nan]),
        (
            "netflix-align",
            [[np.nan, 2, np.nan, 3], [5, np.nan, np.nan, 4], [np.nan, np.nan, np.nan, np.nan]],
        ),
        ("netflix-masked", (1 + 9 + 4 + 25 + 4 + 1) / 6),
        ("netflix-both", [8 / (3 * 3) * 3 / 5, 8 / (5 * 5) * 4 / 6, 2 / (4 * 0.5) * 1 / 3, 0]),
        ("netflix-predict", [(1.8 - 1) / 2, (-0.5 + 0.9) / 1.4, -0.2 / 0.7, 0]),
        (
            "ranking-bound",
            [
                3.4 - 1.5 * math.sqrt((1.6**2 + 4 * 2) / 5**2),
                3.5 - 1.5 * math.sqrt((4 * 0.5**2 + 4 * 2) / 8**2),
                3 - 1.5 * math.sqrt(4 * 2 / 4**2),
                2.25 - 1.5 * math.sqrt((2 * 1.25**2 + 2 * 0.25**2 + 4 * 2) / 8**2),
            ],
        ),
        (
            "ranking-ndcg",
            (3 / 2 / (1 + G) + (3 / 2 + H) / (3 / 2 + G + H) + 0 + G / (3 / 2 + G)) / 4,
        ),
        ("ranking-novelty", (2 + 4 + 6 + 2 + 3 + 5 + 2 + 4 + 3 + 1) / 10),
        (
            "ranking-bpr",
            (sum(math.log1p(math.exp(x)) for x in (-1, 2, 0, -3)) + 0 + 800) / 6,
        ),
        # The sums of the two rows are -0.8, -0.5, -0.1, -0.2 and 0.2 for items 0, 2, 3, 5 and 6.
        ("ranking-fold-in", [6, 3, 5]),
        ("ranking-draws", np.sqrt([6 / 3, 11 / 3 / 4, 9 / 3 / 9, 4 / 3 / 16])),
    ],
)
def test_the_right_answer_is_the_one_worked_by_hand(name, worked_by_hand):
    exercise = exercises()[name]
    assert checks.same(exercise.right(*exercise.arguments), worked_by_hand)


def _cosines_after_division(vector, table):
    unit = table / (np.linalg.norm(table, axis=1, keepdims=True) + 1e-9)
    return unit @ (vector / np.linalg.norm(vector))


def _distances_with_the_gram_matrix(table):
    gram = table @ table.T
    squared = np.add.outer(np.diag(gram), np.diag(gram)) - 2 * gram
    return np.abs(squared) ** 0.5


def _projected(table, direction):
    unit = direction / np.linalg.norm(direction)
    return table @ (np.eye(len(unit)) - np.outer(unit, unit))


def _share_kept_at_once(before, after):
    real = before != -1
    kept = (before[:, :, None] == after[:, None, :]).any(axis=2) & real
    return pd.Series(kept.sum(axis=1)).div(pd.Series(real.sum(axis=1))).mean()


def _sorted_by_hand(cosine, support, shrinkage, k):
    weight = np.sqrt(support / (support + shrinkage))
    lists = []
    for i, row in enumerate(cosine * weight):
        others = [j for j in range(len(row)) if j != i and support[j] > 0]
        lists.append(sorted(others, key=lambda j: -row[j])[:k])
    return lists


def _nearest_unit_vectors(vectors, a, b, k):
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    distance = np.linalg.norm(unit - (unit[a] + unit[b]) / 2, axis=1)
    return pd.Series(distance).drop([a, b]).nsmallest(k).index


def _lines_repeated(number, is_film):
    n_ratings = np.diff(np.flatnonzero(is_film), append=len(number)) - 1
    return number[~is_film], np.repeat(number[is_film], n_ratings)


def _lines_filled_forward(number, is_film):
    item_id = pd.Series(number).where(is_film).ffill()
    return number[~is_film], item_id[~is_film]


@np.errstate(invalid="ignore")
def _means_added_one_by_one(batches, n_items):
    sums, counts = np.zeros(n_items), np.zeros(n_items)
    for item_index, rating in batches:
        np.add.at(sums, item_index, rating)
        np.add.at(counts, item_index, 1)
    return sums / counts


def _pivoted(users, items, user_id, item_id, rating):
    table = pd.DataFrame({"user_id": user_id, "item_id": item_id, "rating": rating})
    matrix = table.pivot(index="user_id", columns="item_id", values="rating")
    return matrix.reindex(index=users, columns=items)


def _pair_by_pair(user, others, shrinkage):
    similarities = []
    for other in others:
        a, b = pd.DataFrame({"a": user, "b": other}).dropna().to_numpy().T
        cosine = a @ b / np.linalg.norm(a) / np.linalg.norm(b) if len(a) else 0
        similarities.append(cosine * len(a) / (len(a) + shrinkage))
    return similarities


def _predicted_by_weights_of_0(similarity, residual, k, damping):
    weight = np.where(np.isnan(residual), 0, np.maximum(similarity, 0)[:, np.newaxis])
    nearest = np.argsort(-weight, axis=0)[:k]
    weight, residual = (np.take_along_axis(x, nearest, axis=0) for x in (weight, residual))
    return np.nansum(weight * residual, axis=0) / (damping + weight.sum(axis=0))


def _bounds_column_by_column(ratings, prior, c):
    everything = pd.DataFrame(ratings).stack()
    bounds = []
    for column in ratings.T:
        known = column[~np.isnan(column)]
        n = len(known) + prior
        m = (known.sum() + prior * everything.mean()) / n
        v = (((known - m) ** 2).sum() + prior * everything.var(ddof=0)) / n
        bounds.append(m - c * (v / n) ** 0.5)
    return bounds


def _ndcg_with_sets(recommended, relevant):
    """Use the natural logarithm, whose base cancels."""
    values = []
    for items, row in zip(recommended.tolist(), relevant, strict=True):
        liked = set(np.flatnonzero(row))
        if liked:
            gain = sum(1 / math.log(place + 2) for place, i in enumerate(items) if i in liked)
            n = min(len(items), len(liked))
            values.append(gain / sum(1 / math.log(place + 2) for place in range(n)))
    return np.float32(np.mean(values))


def _novelty_with_pandas(recommended, n_ratings, n_users):
    surprise = np.log2(n_users) - np.log2(pd.Series(n_ratings).clip(lower=0.5))
    return pd.DataFrame(recommended).stack().map(surprise).mean()


def _bpr_by_cases(positive, negative):
    x = np.float32(positive - negative)
    return np.mean(np.maximum(-x, 0) + np.log1p(np.exp(-np.abs(x))))


def _folded_in_as_a_row(weights, liked, k):
    row = np.zeros(len(weights))
    row[liked] = 1 / len(liked)
    score = pd.Series(row @ weights).drop(liked)
    return score.nlargest(k).index.tolist()


def _rmse_draw_by_draw(draws, n_burn, rating):
    mean, errors = 0, []
    for n, draw in enumerate(draws[n_burn:], start=1):
        mean = mean + (draw - mean) / n
        errors.append(np.linalg.norm(mean - rating) / len(rating) ** 0.5)
    return errors


@pytest.mark.parametrize(
    ("name", "another_way"),
    [
        ("similarity-cosine", _cosines_after_division),
        ("similarity-distances", _distances_with_the_gram_matrix),
        ("similarity-distances", lambda t: np.linalg.norm(t[:, None] - t, axis=2)),
        ("similarity-direction", _projected),
        ("similarity-kept", _share_kept_at_once),
        ("similarity-shrink", _sorted_by_hand),
        ("similarity-both", _nearest_unit_vectors),
        ("netflix-lines", _lines_repeated),
        ("netflix-lines", _lines_filled_forward),
        ("netflix-batches", _means_added_one_by_one),
        ("netflix-align", _pivoted),
        ("netflix-masked", lambda target, output: np.nanmean((target - output) ** 2)),
        ("netflix-both", _pair_by_pair),
        ("netflix-predict", _predicted_by_weights_of_0),
        ("ranking-bound", _bounds_column_by_column),
        ("ranking-ndcg", _ndcg_with_sets),
        ("ranking-novelty", _novelty_with_pandas),
        ("ranking-bpr", _bpr_by_cases),
        ("ranking-fold-in", _folded_in_as_a_row),
        ("ranking-draws", _rmse_draw_by_draw),
    ],
)
def test_another_way_to_the_right_answer_passes(name, another_way):
    assert check(name, another_way).passed


@pytest.mark.parametrize(
    "squares",
    [
        lambda table: np.sum(table**2, axis=1),
        lambda table: np.diag(table @ table.T),
        lambda table: np.linalg.norm(table, axis=1) ** 2,
    ],
)
@pytest.mark.parametrize(
    "add", [lambda a, b, product: a + b - product, lambda a, b, product: a - product + b]
)
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_a_root_of_rounding_is_told_however_one_adds(squares, add, language):
    def distances(table):
        length = squares(table)
        return np.sqrt(add(length[:, None], length, 2 * table @ table.T))

    verdict = check("similarity-distances", distances)
    assert verdict.hint == hints(language)["similarity-distances"]["nan"]


def _sigmoid(x):
    return 1 / (1 + np.exp(-x))


def _ndcg_of_places(recommended, relevant):
    hits = np.take_along_axis(relevant, recommended, axis=1) & (recommended >= 0)
    discount = 1 / np.log2(np.arange(1, recommended.shape[1] + 1))
    best = [np.sum(discount[:n]) for n in relevant.sum(axis=1)]
    return np.mean(np.sum(hits * discount, axis=1) / best)


@pytest.mark.parametrize(
    ("name", "key", "naive"),
    [
        (
            "ranking-bound",
            "undamped",
            lambda ratings, prior, c: (
                np.nanmean(ratings, axis=0)
                - c * np.nanstd(ratings, axis=0) / np.sqrt(np.sum(~np.isnan(ratings), axis=0))
            ),
        ),
        ("ranking-ndcg", "nan", _ndcg_of_places),
        (
            "ranking-novelty",
            "infinite",
            lambda recommended, n_ratings, n_users: np.mean(
                -np.log2(n_ratings / n_users)[recommended[recommended >= 0]]
            ),
        ),
        ("ranking-bpr", "overflow", lambda i, j: -np.mean(np.log(_sigmoid(i - j)))),
        ("ranking-bpr", "overflow", lambda i, j: np.mean(np.log(1 + np.exp(j - i)))),
        (
            "ranking-bpr",
            "overflow-nan",
            lambda i, j: -np.mean(np.log(np.exp(i - j) / (1 + np.exp(i - j)))),
        ),
        ("ranking-bpr", "epsilon", lambda i, j: -np.mean(np.log(_sigmoid(i - j) + 1e-10))),
    ],
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_infinity_and_nan_are_told_as_a_reader_makes_them(name, key, naive, language):
    assert check(name, naive).hint == hints(language)[name][key]


@pytest.mark.parametrize(
    ("name", "lucky"),
    [
        ("ratings-release-year", lambda titles: titles.str.extract(r"\((\d{4})\)", expand=False)),
        ("ratings-release-year", lambda titles: titles.str.findall(r"\d{4}").str[-1].astype(float)),
        ("ratings-damped-mean", lambda ratings, damping: CORRECT_DAMPED_MEAN.to_numpy()),
        ("svd-choose-rank", lambda ranks, train, validation: ranks[len(ranks) // 2]),
        ("svd-choose-rank", lambda ranks, train, validation: ranks[int(np.argmax(validation))]),
        ("similarity-both", lambda v, a, b, k: np.argsort(-v @ (v[a] + v[b]))[2 : k + 2]),
    ],
)
def test_an_answer_that_is_right_by_luck_is_not_accepted(name, lucky):
    assert not check(name, lucky).passed


def test_an_error_in_the_answer_becomes_a_hint(language):
    verdict = check("ratings-rmse", lambda rating, predicted: rating["x"])
    assert not verdict.passed
    assert "IndexError" in verdict.hint


def test_a_number_instead_of_a_function_is_named(language):
    assert "float64" in check("ratings-rmse", np.float64(1.2)).hint


def test_an_unknown_exercise_is_an_error_that_lists_the_known_ones():
    with pytest.raises(ValueError, match=r"no exercise 'svd-center'.*svd-centre"):
        check("svd-center", lambda: None)


def test_an_answer_that_changes_its_input_does_not_change_the_question():
    def destructive(matrix):
        matrix[np.isnan(matrix)] = 0
        return matrix

    def right_for_the_changed_question(matrix):
        return exercises()["svd-centre"].right(destructive(matrix))

    assert not check("svd-centre", right_for_the_changed_question).passed
    (matrix,) = exercises()["svd-centre"].arguments
    assert np.isnan(matrix).sum() == 4


def test_trying_out_the_arguments_of_an_exercise_does_not_change_the_question():
    (matrix,) = exercises()["svd-centre"].arguments
    matrix[:] = 0
    assert not check("svd-centre", np.zeros_like).passed


@pytest.mark.parametrize("name", exercises())
def test_a_verdict_depends_neither_on_earlier_ones_nor_on_numpys_settings(name):
    exercise = exercises()[name]
    answers = (exercise.right, *exercise.mistakes.values())
    before = [check(name, answer) for answer in answers]
    with np.errstate(all="raise"):
        assert [check(name, answer) for answer in reversed(answers)] == before[::-1]


@pytest.mark.parametrize("name", exercises())
def test_each_exercise_knows_three_typical_mistakes(name):
    assert len(exercises()[name].mistakes) >= 3


@pytest.mark.parametrize(
    ("got", "expected", "verdict"),
    [
        (0.5, 0.5 + 1e-9, True),
        (0.5, 0.501, False),
        ([1, 2], np.array([1.0, 2.0]), True),
        (np.array([1.0, np.nan]), np.array([1.0, np.nan]), True),
        (np.array([[1.0, 2.0]]), np.array([1.0, 2.0]), False),
        (pd.Series([2.0, 1.0], [9, 7]), pd.Series([1.0, 2.0], [7, 9]), True),
        ({7: 1.0, 9: 2.0}, pd.Series([1.0, 2.0], [7, 9]), True),
        ([1.0, 2.0], pd.Series([1.0, 2.0], [7, 9]), False),
        ([1.0, 2.0], pd.Series([1.0, 2.0]), True),
        (["1", "2"], [1.0, 2.0], False),
        (pd.Series([1.0, 2.0], [7, 8]), pd.Series([1.0, 2.0], [7, 9]), False),
        (pd.Series([1.0, 1.0], [7, 7]), pd.Series([1.0, 2.0], [7, 9]), False),
        (pd.Series([1.0, 2.0, 2.0], [7, 9, 9]), pd.Series([1.0, 2.0], [7, 9]), False),
        (pd.DataFrame({"a": [2, 1]}), pd.DataFrame({"a": [1, 2]}), True),
        (pd.DataFrame({"a": [1, 1]}), pd.DataFrame({"a": [1, 2]}), False),
        (pd.DataFrame({"b": [1, 2]}), pd.DataFrame({"a": [1, 2]}), False),
        (pd.DataFrame({"a": [1, None]}, dtype=object), pd.DataFrame({"a": [1, 2]}), False),
        ([1.0, 2.0], (1.0, 2.0), True),
        ((1.0,), (1.0, 2.0), False),
        ("five", 5.0, False),
        (10**400, 5.0, False),
        (5.0, pd.DataFrame({"a": [5.0]}), False),
    ],
)
def test_same_looks_at_the_meaning_not_at_the_type(got, expected, verdict):
    assert checks.same(got, expected) is verdict


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_hint_and_no_other(language):
    expected = {name: set(exercise.mistakes) for name, exercise in exercises().items()}
    expected["any"] = {"not-yet", "not-a-function", "raised", "different", "values"}
    expected["report"] = {"started", "unwritten", "collect", "no-folder", "no-csv", "collected"}
    expected["report"] |= {"damaged", "empty", "several", "copy"}
    assert {name: set(of_exercise) for name, of_exercise in hints(language).items()} == expected


@pytest.mark.parametrize("language", LANGUAGES)
def test_hints_keep_the_fields_of_the_english_ones(language):
    def fields(text):
        return sorted(re.findall(r"\{(\w+)\}", text))

    english = hints("en")
    for name, of_exercise in hints(language).items():
        for key, text in of_exercise.items():
            assert fields(text) == fields(english[name][key]), (name, key)


def test_no_hint_is_left_in_english():
    english = {text for of_exercise in hints("en").values() for text in of_exercise.values()}
    for language in OTHERS:
        left = {text for texts in hints(language).values() for text in texts.values()} & english
        assert not left, language


@pytest.mark.parametrize(
    ("variable", "session", "folder", "expected"),
    [
        ("tr", "book/ko/00_ratings.md", "book/es", "tr"),
        (None, "book/ko/00_ratings.md", "book/es", "ko"),
        (None, "/home/tr/book/ko/00_ratings.md", "book/es", "ko"),
        (None, "", "book/es", "es"),
        (None, "", "elsewhere", "en"),
    ],
)
def test_language_comes_from_the_setting_then_from_the_notebook(
    variable, session, folder, expected, monkeypatch, tmp_path
):
    (tmp_path / folder).mkdir(parents=True)
    monkeypatch.chdir(tmp_path / folder)
    monkeypatch.setenv("JPY_SESSION_NAME", session)
    monkeypatch.delenv("RECSYS_LANG", raising=False)
    if variable:
        monkeypatch.setenv("RECSYS_LANG", variable)
    assert checks.language() == expected


def test_an_unknown_language_is_named(monkeypatch):
    monkeypatch.setenv("RECSYS_LANG", "xx")
    with pytest.raises(ValueError, match=f"'xx' is not one of {', '.join(sorted(LANGUAGES))}"):
        checks.language()


def code_cells(markdown):
    """Source of the code cells of a page, their options left out."""
    cells = re.findall(r"^```\{code-cell\} ipython3\n(.*?)^```$", markdown, re.S | re.M)
    return [re.sub(r"\A(:[\w-]+:.*\n)+\n?", "", cell) for cell in cells]


def published_solutions():
    for page in sorted((BOOK / "en").glob("[0-9]*.md")):
        blocks = re.findall(
            r"\{solution-start\} (\S+)\n(.*?)\{solution-end\}", page.read_text("utf8"), re.S
        )
        for label, block in blocks:
            yield pytest.param(code_cells(block)[0], id=label)


@pytest.mark.parametrize("source", list(published_solutions()))
def test_the_solution_on_the_page_passes_its_check(source):
    verdicts = []

    def recorded(name, answer):
        verdicts.append(check(name, answer))

    exec(source, {"np": np, "pd": pd, "check": recorded})
    assert [verdict.passed for verdict in verdicts] == [True]


@pytest.mark.parametrize("page", sorted(BOOK.glob("*/[0-9]*.md")), ids=lambda p: str(p)[-16:])
def test_hints_come_in_steps(page):
    """A check that says what is wrong, a folded hint that says how to begin, a folded solution."""
    text = page.read_text("utf8")
    exercises = text[text.index(":::{exercise}") : text.rindex(":::{solution-end}")]
    steps = re.findall(
        r"^:::\{(exercise)\}|^(check)\(|^:::\{dropdown\} (.+)|"
        r"^:::\{(solution)-start.*\n:class: (dropdown)",
        exercises,
        re.M,
    )
    steps = ["".join(found) for found in steps]
    hint = steps[2]  # in the language of the page
    in_order = ["exercise", "check", hint, "solutiondropdown", "check"]
    assert steps == in_order * steps.count("exercise")


def test_every_exercise_stands_on_a_page_once_as_a_stub_and_once_solved():
    pages = [page.read_text("utf8") for page in sorted((BOOK / "en").glob("[0-9]*.md"))]
    called = re.findall(r'^check\("([\w-]+)"', "\n".join(pages), re.M)
    assert sorted(called) == sorted(2 * list(exercises()))
