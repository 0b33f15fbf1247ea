"""Files of the format of the Netflix Prize, generated from a seed, for those who have no copy.

The data of the competition may not be passed on. What is generated here has the same files and the
same quirks: films as header lines `123:`, titles in ISO-8859-1 with commas inside, years that are
NULL, user ids with gaps. Users have biases and tastes, films qualities that drift, and all of them
give better ratings from March 2004 on, so that models have something to learn, and a split by time
is harder than one at random. Same seed, same version of NumPy and kind of machine, same files.

Source of the format and the sizes: the README of the data set; of the shapes: J. Bennett and S.
Lanning, "The Netflix Prize", KDD Cup 2007; of the rise in 2004: Y. Koren, "Collaborative filtering
with temporal dynamics", KDD 2009.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from recsys_helpers.files import written_whole
from recsys_helpers.synthetic import _GENRES, _Draw, _invent_name

# --- The format ---------------------------------------------------------------------------------

FILES = tuple(f"combined_data_{part}.txt" for part in (1, 2, 3, 4))
KNOWN_ROWS = (24_053_764, 26_977_591, 22_601_629, 26_847_523)  # ratings in each
TITLES, PROBE = "movie_titles.csv", "probe.txt"
GENERATED = "generated.json"  # beside files that this module wrote: what they hold
N_RATINGS, N_USERS, N_ITEMS, N_PROBE = sum(KNOWN_ROWS), 480_189, 17_770, 1_408_395
MAX_USER_ID = 2_649_429
FIRST_DAY, LAST_DAY = np.datetime64("1999-11-11"), np.datetime64("2005-12-31")
N_DAYS = int((LAST_DAY - FIRST_DAY).astype(int)) + 1

# --- The shapes ---------------------------------------------------------------------------------

LAST_ITEMS = (4_499, 9_210, 13_367, 17_770)  # of each file
STAR_SHARES = np.array([4_617_990, 10_132_080, 28_811_247, 33_750_958, 23_168_232]) / N_RATINGS
# Quantiles of the ratings per user and per film, between which they grow geometrically.
RATINGS_PER_USER = {
    0: 1, 0.0026: 2, 0.034: 10, 0.25: 39, 0.5: 96, 0.75: 259, 0.9: 500, 0.9567: 830, 0.999: 1_900,
    1: 17_653,
}  # fmt: skip
RATINGS_PER_ITEM = {
    0: 3, 0.25: 192, 0.5: 561, 0.75: 2_668, 0.88: 7_500, 0.974: 53_000, 0.999: 140_000, 1: 232_944,
}  # fmt: skip
YEARS = {0: 1896, 0.01: 1926, 0.05: 1943, 0.1: 1958, 0.25: 1985, 0.5: 1997, 0.75: 2002, 1: 2005}
N_WITHOUT_YEAR = 7

# Below this share of all users films become fewer, too, so that the matrix stays as sparse.
_SHARE_WITH_ALL_ITEMS = 0.0199
# Standard deviations of what is felt, in stars.
_USER_SPREAD, _ITEM_SPREAD, _DRIFT_SPREAD, _NOISE = 0.42, 0.42, 0.35, 0.75
_STRENGTHS = np.array([0.40, 0.30, 0.20, 0.15, 0.10, 0.08], np.float32)
_RISE = 0.25  # of everybody's ratings around the day below
_DAY_OF_RISE, _BLOCK = 1_580, 400_000


class _Users(NamedTuple):
    """Of each user: expected ratings, share of all draws, its sum so far, and what they feel."""

    n_ratings: np.ndarray
    propensity: np.ndarray
    drawn_until: np.ndarray
    text: np.ndarray  # (n_users, 8) bytes: the id, a comma and NULs
    bias: np.ndarray
    drift: np.ndarray  # of the bias, over all days
    factors: np.ndarray
    first_day: np.ndarray


class _Items(NamedTuple):
    """Of each item: how many ratings, how many draws that takes, and what decides on ratings."""

    n_ratings: np.ndarray
    n_draws: np.ndarray
    bias: np.ndarray
    drift: np.ndarray
    factors: np.ndarray
    first_day: np.ndarray
    year: np.ndarray


def make_files(folder: str | os.PathLike, n_ratings: int = 2_000_000, seed: int = 0) -> Path:
    """Write the four files, the titles and the probe into `folder`; return it as a path.

    Of all 100,480,507 ratings and 480,189 users, fewer ratings mean as many fewer users, drawn
    from a population of the same habits; below 2 million films become fewer, too. Every film has a
    rating. The folder appears whole or not at all; one with the same `n_ratings` and `seed` is
    left as it is. Raises ValueError for an impossible number of ratings, and FileExistsError for a
    folder that holds something else.
    """
    if not 1_000 <= n_ratings <= N_RATINGS:
        raise ValueError(f"n_ratings is {n_ratings}, but must be from 1,000 to {N_RATINGS:,}")
    folder, settings = Path(folder), {"n_ratings": n_ratings, "seed": seed}
    if folder.is_dir() and any(folder.iterdir()):
        if settings.items() <= generated(folder).items():
            return folder
        raise FileExistsError(f"{folder} holds other files: delete it, or name another folder")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with written_whole(folder) as unfinished:
        unfinished.mkdir()
        rng = np.random.default_rng(seed)
        users, items = _make_world(rng, n_ratings)
        _write_titles(unfinished / TITLES, items.year, seed)
        rows = _write_ratings(unfinished, rng, users, items)
        content = json.dumps({**settings, "rows": rows})
        (unfinished / GENERATED).write_text(content, encoding="utf-8")
    return folder


def generated(folder: Path) -> dict:
    """Return n_ratings, seed and rows (per file) of generated files; of any others nothing."""
    path = folder / GENERATED
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


# --- Users and films ----------------------------------------------------------------------------


def _make_world(rng: np.random.Generator, n_ratings: int) -> tuple[_Users, _Items]:
    share = n_ratings / N_RATINGS
    share_of_items = min(1.0, np.sqrt(share / _SHARE_WITH_ALL_ITEMS))
    n_items = round(N_ITEMS * share_of_items)
    n_users = round(N_USERS * share / share_of_items)
    per_user = _counts(RATINGS_PER_USER, n_users, n_ratings, 0.994 * n_items)
    per_item = _counts(RATINGS_PER_ITEM, n_items, n_ratings, 0.6 * n_users)
    per_item = np.diff(np.floor(np.cumsum(per_item) + 0.5), prepend=0).astype(np.int64)
    of_user, of_item = _propensities(per_user, per_item)
    users = _make_users(rng, per_user, of_user)
    items = _make_items(rng, per_item, of_item * of_user.sum())
    return users, items


def _counts(quantiles: dict[float, float], n: int, total: int, highest: float) -> np.ndarray:
    """Return n rising numbers from 1 to `highest` of this shape that sum to `total`."""
    places = (np.arange(n) + 0.5) / n
    counts = np.exp(np.interp(places, list(quantiles), np.log(list(quantiles.values()))))
    above_1 = np.maximum(counts * total / counts.sum() - 1, 0)
    for _ in range(20):  # what is cut off at the top is spread over the others
        above_1 = np.minimum(above_1 * (total - n) / above_1.sum(), highest - 1)
    return 1 + above_1


def _propensities(per_user: np.ndarray, per_item: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Find w and t with sum_i (1 - exp(-w_u t_i)) = n_u and sum_u (1 - exp(-w_u t_i)) = n_i.

    Who draws pairs in proportion to n_u n_i and leaves out those drawn before gives too few ratings
    to busy users, because they rate a popular film only once.
    """

    def solve(counts, others):
        sample = others[np.linspace(0, len(others) - 1, 2_000).astype(int)]
        x = np.geomspace(1e-9, 1e3, 400) / others.mean()
        reached = -np.expm1(-np.outer(x, sample)).mean(axis=1) * len(others)
        return np.interp(counts, reached, x)

    of_user = per_user / per_user.sum()
    for _ in range(10):
        of_item = solve(per_item, of_user)
        of_user = solve(per_user, of_item)
    return of_user, of_item


def _make_users(rng: np.random.Generator, n_ratings: np.ndarray, propensity: np.ndarray) -> _Users:
    n_users = len(propensity)
    order = rng.permutation(n_users)
    propensity = propensity[order] / propensity.sum()
    user_id = np.sort(rng.choice(MAX_USER_ID, n_users, replace=False) + 1)
    user_id[-1] = MAX_USER_ID
    busy = order / n_users  # those who rate more are harder to please
    return _Users(
        n_ratings=n_ratings[order],
        propensity=propensity.astype(np.float32),
        drawn_until=np.cumsum(propensity),
        text=_as_bytes(np.strings.add(user_id.astype("S7"), b",")),
        bias=(_USER_SPREAD * rng.standard_normal(n_users) - 0.4 * busy).astype(np.float32),
        drift=(_DRIFT_SPREAD * rng.standard_normal(n_users)).astype(np.float32),
        factors=rng.standard_normal((n_users, len(_STRENGTHS)), np.float32),
        first_day=(N_DAYS * rng.random(n_users) ** 0.4).astype(np.int16),
    )


def _make_items(rng: np.random.Generator, n_ratings: np.ndarray, n_draws: np.ndarray) -> _Items:
    n_items = len(n_ratings)
    order = rng.permutation(n_items)
    year = np.interp(rng.random(n_items), list(YEARS), list(YEARS.values()))
    opened = 365.25 * (np.round(year) - 1999.86) + 90  # days after FIRST_DAY; DVDs take months
    fame = order / n_items  # what is watched by many is liked
    return _Items(
        n_ratings=n_ratings[order],
        n_draws=n_draws[order],
        bias=(_ITEM_SPREAD * rng.standard_normal(n_items) + 0.6 * fame).astype(np.float32),
        drift=(_DRIFT_SPREAD * rng.standard_normal(n_items)).astype(np.float32),
        factors=_STRENGTHS * rng.standard_normal((n_items, len(_STRENGTHS)), np.float32),
        first_day=np.clip(opened, 0, N_DAYS - 30).astype(np.int16),
        year=np.round(year).astype(int),
    )


# --- Ratings ------------------------------------------------------------------------------------


def _write_ratings(
    folder: Path, rng: np.random.Generator, users: _Users, items: _Items
) -> list[int]:
    """Write the four files and the probe; return the number of ratings in each of the four."""
    n_items, thresholds = len(items.n_ratings), _thresholds(rng, users, items)
    tails = _as_bytes(_tails())
    last = np.round(np.array(LAST_ITEMS) / N_ITEMS * n_items).astype(int)
    rows = [int(part.sum()) for part in np.split(items.n_ratings, last[:-1])]
    done = 0
    with tqdm(total=sum(rows), unit=" ratings") as bar, (folder / PROBE).open("wb") as probe:
        for name, first, end in zip(FILES, [0, *last], last, strict=False):
            with (folder / name).open("wb") as file:
                for block in _item_blocks(items.n_ratings, first, end):
                    counts = items.n_ratings[block]
                    user = np.concatenate([_draw_raters(rng, users, items, i) for i in block])
                    item = np.repeat(block, counts)
                    day, late = _days(rng, users, items, user, item)
                    felt = _felt(rng, users, items, user, item, day)
                    stars = np.searchsorted(thresholds, felt, side="right")
                    file.write(_text(block, counts, users.text[user], tails[stars, day]))
                    # As many of all ratings as in the competition, the latest of their users.
                    n_probe = _probe_until(done + len(user)) - _probe_until(done)
                    chosen = np.sort(np.argsort(late)[len(user) - n_probe :])
                    probe.write(_probe_text(block, item[chosen], users.text[user[chosen]]))
                    done += len(user)
                    bar.update(len(user))
    return rows


def _item_blocks(n_ratings: np.ndarray, first: int, end: int) -> Iterator[np.ndarray]:
    """Split the items from `first` to `end` into runs of about `_BLOCK` ratings together."""
    number = np.cumsum(n_ratings[first:end]) // _BLOCK
    yield from np.split(np.arange(first, end), np.flatnonzero(np.diff(number)) + 1)


def _draw_raters(rng: np.random.Generator, users: _Users, items: _Items, item: int) -> np.ndarray:
    """Draw users by their propensities until the item has enough, none twice, in any order."""
    n, n_draws = items.n_ratings[item], items.n_draws[item]
    if n_draws > len(users.propensity) / 4:
        # As if everybody had a clock that rings after a time at random: the first n are as if
        # drawn one after the other, and it takes no longer for films that nearly everybody knows.
        rings_after = rng.standard_exponential(len(users.propensity), np.float32)
        raters = np.sort(np.argpartition(rings_after / users.propensity, n)[:n])
        return rng.permutation(raters)
    n_draws = int(n_draws + 4 * np.sqrt(n_draws)) + 8  # mostly enough, without a second round
    raters = np.empty(0, np.int64)
    while len(raters) < n:
        # Sorted, the draws find their users faster, and equal ones come together.
        drawn = np.searchsorted(users.drawn_until[:-1], np.sort(rng.random(n_draws)), side="right")
        raters = np.union1d(raters, drawn) if len(raters) else drawn[np.diff(drawn, prepend=-1) > 0]
        n_draws = n_draws // 10 + 8
    return rng.permutation(raters)[:n]


def _days(
    rng: np.random.Generator, users: _Users, items: _Items, user: np.ndarray, item: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Draw dates, in days after FIRST_DAY; return them, and how late each is for its user, 0 to 1.

    Users rate most in the beginning, and nothing before they join or before the film is there.
    """
    first = np.maximum(users.first_day[user], items.first_day[item])
    late = rng.random(len(user), np.float32) ** 2
    return first + (late * (N_DAYS - first)).astype(np.int16), late


def _felt(rng, users: _Users, items: _Items, user, item, day) -> np.ndarray:
    """What the users feel about the items on these days, in stars but for a constant."""
    match = np.einsum("nk,nk->n", users.factors[user], items.factors[item])
    drift = (users.drift[user] + items.drift[item]) * (day / np.float32(N_DAYS) - np.float32(0.5))
    rise = (_RISE / (1 + np.exp((_DAY_OF_RISE - np.arange(N_DAYS)) / 30))).astype(np.float32)
    noise = _NOISE * rng.standard_normal(len(user), np.float32)
    return users.bias[user] + items.bias[item] + match + drift + rise[day] + noise


def _thresholds(rng: np.random.Generator, users: _Users, items: _Items) -> np.ndarray:
    """Where one more star is given, so that the stars have their shares; from a sample of pairs."""
    n = 200_000
    user, item = (
        rng.choice(len(side.n_ratings), n, p=side.n_ratings / side.n_ratings.sum())
        for side in (users, items)
    )
    day, _ = _days(rng, users, items, user, item)
    felt = _felt(rng, users, items, user, item, day)
    return np.quantile(felt, np.cumsum(STAR_SHARES)[:-1]).astype(np.float32)


def _probe_until(n_ratings: int) -> int:
    return n_ratings * N_PROBE // N_RATINGS


# --- Text ---------------------------------------------------------------------------------------
# Lines are put together as rows of bytes, filled up with NULs that are left out in the end: for
# 100 million of them nothing else is as fast.


def _as_bytes(words: np.ndarray) -> np.ndarray:
    """Turn words of one width into bytes, with an axis more."""
    return words.view(np.uint8).reshape(*words.shape, -1)


def _tails() -> np.ndarray:
    """The end of a line for each number of stars, less one, and day: shape (5, N_DAYS)."""
    dates = (FIRST_DAY + np.arange(N_DAYS)).astype("S10")
    return np.array([np.strings.add(f"{stars},".encode(), dates) for stars in range(1, 6)], "S13")


def _text(block: np.ndarray, counts: np.ndarray, *columns: np.ndarray) -> bytes:
    """Put a header line before the lines of each item, which consist of these columns of bytes."""
    width = sum(column.shape[1] for column in columns)
    lines = np.zeros((counts.sum() + len(block), width + 1), np.uint8)
    is_header = np.zeros(len(lines), bool)
    is_header[np.cumsum(counts) - counts + np.arange(len(block))] = True
    headers = _as_bytes(np.strings.add((block + 1).astype("S6"), b":"))
    lines[is_header, : headers.shape[1]] = headers
    lines[~is_header, :width] = np.concatenate(columns, axis=1)
    lines[:, width] = ord("\n")
    return lines[lines != 0].tobytes()


def _probe_text(block: np.ndarray, item: np.ndarray, user_text: np.ndarray) -> bytes:
    counts = np.bincount(item - block[0], minlength=len(block))
    without_comma = np.where(user_text == ord(","), 0, user_text)
    return _text(block[counts > 0], counts[counts > 0], without_comma)


# --- Titles -------------------------------------------------------------------------------------


def _write_titles(path: Path, year: np.ndarray, seed: int) -> None:
    """Write lines `id,year,title`; titles are invented, no two alike, and not quoted."""
    draw = _Draw(seed)
    years = [str(y) for y in year]
    for item in draw.order(len(year))[:N_WITHOUT_YEAR]:
        years[item] = "NULL"
    lines = [
        f"{item},{y},{title}\n"
        for item, (y, title) in enumerate(zip(years, _titles(draw, len(year)), strict=True), 1)
    ]
    path.write_bytes("".join(lines).encode("iso-8859-1"))


def _titles(draw: _Draw, n: int) -> list[str]:
    titles: dict[str, None] = {}  # a set that keeps its order
    genres = draw.choose({genre: share for genre, (share, *_) in _GENRES.items()}, 10 * n)
    for genre, which in zip(genres, draw.uniform(10 * n), strict=True):
        title = _invent_name(draw, genre).replace("_", " ")
        if which < 0.1:
            title += f": Season {int(80 * which) + 1}"
        elif which < 0.2:
            title += f", Part {int(80 * which) - 6}"
        if title.isascii() or title.encode("iso-8859-1", "replace").decode("iso-8859-1") == title:
            titles[title] = None
        if len(titles) == n:
            break
    return list(titles)
