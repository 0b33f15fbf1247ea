"""The built-in sample: ratings drawn from a known truth, in the size and shape of MovieLens 100K.

A seed gives 943 users, 1,682 films with invented titles and 100,000 ratings, and with them what
no real data set can give: the expected rating and the variance of every pair, and so the error
that no model can remove (the noise floor).

How a rating comes about: user ``u`` feels about item ``i``

    z_ui = b_u + b_i + p_u . q_i + noise,   noise ~ N(0, NOISE^2),

and gives one star, and one more for each of four fixed thresholds that ``z_ui`` reaches. What is
rated is not drawn evenly: people rate popular films, and films that they expect to like (missing
not at random).

The same seed gives the same tables on every platform and version of NumPy: random numbers are the
raw bits of a generator, and whatever decides something is first rounded to a binary fraction
(:func:`_grid`), so that a last digit that differs between two libraries changes nothing.

Source of the marginals: F. M. Harper and J. A. Konstan, "The MovieLens Datasets: History and
Context", ACM TiiS 5(4), 2015, https://doi.org/10.1145/2827872. Source of the model of ratings:
P. McCullagh, "Regression Models for Ordinal Data", JRSS B 42(2), 1980.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri

from recsys_helpers._tables import Dataset, RatingScale

N_USERS, N_ITEMS, N_RATINGS = 943, 1682, 100_000
STAR_SHARES = np.array([0.06110, 0.11370, 0.27145, 0.34174, 0.21201])

# Quantiles of the ratings per user and per item of MovieLens 100K, between which the number of
# ratings grows geometrically.
RATINGS_PER_USER = {
    0: 20, 0.1: 23, 0.25: 33, 0.5: 65, 0.6: 92, 0.75: 148, 0.9: 240, 0.95: 305, 0.98: 388,
    0.99: 442, 1: 737,
}  # fmt: skip
RATINGS_PER_ITEM = {
    0: 1, 0.083: 1, 0.084: 1.7, 0.2: 5, 0.3: 9, 0.4: 16, 0.5: 27, 0.6: 43, 0.7: 65, 0.8: 99,
    0.9: 165, 0.95: 228, 0.98: 298, 0.99: 340, 0.999: 505, 1: 583,
}  # fmt: skip

# Standard deviations in stars, chosen so that the usual models err on the sample as they do on
# MovieLens 100K (see the tests).
USER_SPREAD, ITEM_SPREAD, NOISE = 0.50, 0.60, 0.935
# How much each factor moves a rating: the three axes of the genres, how new a film is, and four
# styles, which neither genre nor year tells.
STRENGTHS = np.array([0.58, 0.22, 0.10, 0.24, 0.05, 0.04, 0.03, 0.03])
CURIOSITY = 0.85  # how much more people rate what they expect to like, per star

_N_SERIES = 60
_UNKNOWN = 266  # the row of the one item without title and date, as in MovieLens 100K


@dataclass(frozen=True)
class Truth:
    """What the sample was drawn from. Row: user_id - 1; column: item_id - 1.

    ``user_bias`` (n_users,), ``item_bias`` (n_items,), ``user_factors`` (n_users, n_factors) and
    ``item_factors`` (n_items, n_factors) make up what is felt; a rating is one star plus one for
    each of the four ``thresholds`` that it reaches once noise is added. ``series`` (n_items,):
    the number of the series that a film belongs to, -1 for none.
    """

    user_bias: np.ndarray
    item_bias: np.ndarray
    user_factors: np.ndarray
    item_factors: np.ndarray
    thresholds: np.ndarray
    series: np.ndarray

    @property
    def expected_rating(self) -> np.ndarray:
        """Mean of the rating of each pair, in stars, shape (n_users, n_items)."""
        return self._moments[0]

    @property
    def variance(self) -> np.ndarray:
        """Variance of the rating of each pair, in stars squared, shape (n_users, n_items)."""
        return self._moments[1]

    def expected_of(self, ratings: pd.DataFrame) -> np.ndarray:
        """Expected rating, in stars, of each row of a table (user_id, item_id): shape (n,)."""
        return self.expected_rating[ratings["user_id"] - 1, ratings["item_id"] - 1]

    def noise_floor(self, user_index: np.ndarray, item_index: np.ndarray) -> float:
        """Return the RMSE, in stars, of a model that knows the truth, over these pairs."""
        return float(np.sqrt(self.variance[user_index, item_index].mean()))

    @cached_property
    def _moments(self) -> tuple[np.ndarray, np.ndarray]:
        felt = self.user_bias[:, None] + self.item_bias + self.user_factors @ self.item_factors.T
        mean, mean_square = np.ones_like(felt), np.ones_like(felt)
        for stars, threshold in enumerate(self.thresholds, start=1):
            more = ndtr((felt - threshold) / NOISE)  # P(rating > stars)
            mean += more
            mean_square += (2 * stars + 1) * more  # (stars + 1)^2 - stars^2
        return mean, mean_square - mean**2


def make_sample(seed: int = 0) -> Dataset:
    """Generate the sample: tables as those of MovieLens 100K, and the truth behind them."""
    draw = _Draw(seed)
    users, user_factors, user_bias = _make_users(draw)
    items = _make_items(draw)
    match = user_factors @ items.factors.T
    user_index, item_index = _choose_what_is_rated(draw, match, items.popularity)
    felt = (user_bias[:, None] + items.bias + match)[user_index, item_index]
    felt = _grid(felt + NOISE * draw.normal(N_RATINGS))
    places = np.round(np.cumsum(STAR_SHARES)[:-1] * N_RATINGS).astype(int)
    thresholds = np.sort(felt)[places]  # so that the stars have their shares
    ratings = pd.DataFrame(
        {
            "user_id": user_index + 1,
            "item_id": item_index + 1,
            "rating": 1.0 + np.searchsorted(thresholds, felt, side="right"),
            "timestamp": _make_timestamps(draw, user_index),
        }
    )
    ratings = ratings.iloc[draw.order(N_RATINGS)].reset_index(drop=True)

    return Dataset(
        name="built-in sample",
        ratings=ratings,
        items=items.table,
        users=users,
        scale=RatingScale(1.0, 5.0),
        fingerprint=_fingerprint(ratings, items.table, users),
        truth=Truth(user_bias, items.bias, user_factors, items.factors, thresholds, items.series),
    )


# --- Random numbers that are the same everywhere ------------------------------------------------


class _Draw:
    """Random numbers from raw bits: of all that NumPy draws, only these are fixed (NEP 19)."""

    def __init__(self, seed: int) -> None:
        self._bits = np.random.PCG64(seed)

    def uniform(self, *shape: int) -> np.ndarray:
        """Numbers strictly between 0 and 1."""
        raw = self._bits.random_raw(math.prod(shape)) >> np.uint64(11)
        return (raw.astype(np.float64).reshape(shape) + 0.5) * 2.0**-53

    def normal(self, *shape: int) -> np.ndarray:
        return _grid(ndtri(self.uniform(*shape)))

    def gumbel(self, *shape: int) -> np.ndarray:
        """Noise that turns sorting by log-weight into drawing without replacement."""
        return _grid(-np.log(-np.log(self.uniform(*shape))))

    def integers(self, low: int, high: int, *shape: int) -> np.ndarray:
        """Whole numbers from low to high - 1."""
        return low + np.floor(self.uniform(*shape) * (high - low)).astype(np.int64)

    def choose(self, options: dict, *shape: int) -> np.ndarray:
        """Keys of ``options``, in proportion to their values."""
        share = np.cumsum(list(options.values()))
        place = np.searchsorted(share, self.uniform(*shape) * share[-1], side="right")
        return np.array(list(options))[np.minimum(place, len(options) - 1)]

    def order(self, n: int) -> np.ndarray:
        return np.argsort(self.uniform(n), kind="stable")


def _grid(values: np.ndarray) -> np.ndarray:
    """Round to multiples of 2^-12, so that their sums and products are exact in any order."""
    return np.round(np.asarray(values) * 4096) / 4096


# --- Users --------------------------------------------------------------------------------------

_OCCUPATIONS = {
    "student": 196, "other": 105, "educator": 95, "administrator": 79, "engineer": 67,
    "programmer": 66, "librarian": 51, "writer": 45, "executive": 32, "scientist": 31,
    "artist": 28, "technician": 27, "marketing": 26, "entertainment": 18, "healthcare": 16,
    "retired": 14, "salesman": 12, "lawyer": 12, "none": 9, "doctor": 7, "homemaker": 7,
}  # fmt: skip


def _make_users(draw: _Draw) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    occupation = draw.choose(_OCCUPATIONS, N_USERS)
    centre = np.select([occupation == "student", occupation == "retired"], [22, 63], 36)
    spread = np.where(occupation == "student", 4, 11)
    age = np.clip(np.round(centre + spread * draw.normal(N_USERS)), 10, 73).astype(np.int64)
    gender = draw.choose({"M": 670, "F": 273}, N_USERS)
    users = pd.DataFrame(
        {
            "user_id": np.arange(1, N_USERS + 1),
            "age": age,
            "gender": gender,
            "occupation": occupation,
            "zip_code": [f"{code:05d}" for code in draw.integers(1000, 99951, N_USERS)],
        }
    )
    factors = draw.normal(N_USERS, len(STRENGTHS))
    factors[:, _AXES.index("spectacle")] += np.where(gender == "M", 0.25, -0.5)
    factors[:, len(_AXES)] -= _grid((age - 34) / 20)  # the older, the fonder of older films
    return users, factors, _grid(USER_SPREAD * draw.normal(N_USERS))


# --- Items --------------------------------------------------------------------------------------

_AXES = ["spectacle", "darkness", "fantasy"]
# How many films in a thousand have the genre, and where it lies on the axes.
_GENRES = {
    "Action": (149, 1.0, 0.3, 0.1), "Adventure": (80, 0.9, -0.4, 0.5),
    "Animation": (25, 0.2, -0.9, 0.9), "Children's": (73, 0.1, -1.1, 0.6),
    "Comedy": (300, -0.2, -0.8, -0.3), "Crime": (65, 0.2, 1.0, -0.4),
    "Documentary": (30, -1.0, 0.2, -1.0), "Drama": (431, -0.8, 0.4, -0.5),
    "Fantasy": (13, 0.3, -0.3, 1.2), "Film-Noir": (14, -0.5, 1.2, -0.3),
    "Horror": (55, 0.4, 0.9, 0.8), "Musical": (33, -0.3, -0.9, 0.2),
    "Mystery": (36, -0.2, 0.9, 0.0), "Romance": (147, -0.8, -0.4, -0.3),
    "Sci-Fi": (60, 0.9, 0.2, 1.1), "Thriller": (149, 0.5, 0.9, -0.1),
    "War": (42, 0.5, 0.5, -0.6), "Western": (16, 0.6, 0.1, -0.6),
}  # fmt: skip

_YEARS = {
    0: 1922.0, 0.01: 1937.0, 0.05: 1951.0, 0.1: 1968.0, 0.15: 1982.0, 0.2: 1990.0, 0.3: 1993.6,
    0.5: 1995.7, 0.75: 1996.8, 1: 1997.7,
}  # fmt: skip


class _Items(NamedTuple):
    table: pd.DataFrame
    factors: np.ndarray
    bias: np.ndarray
    popularity: np.ndarray  # only the order counts
    series: np.ndarray


def _make_items(draw: _Draw) -> _Items:
    series, part, first = _make_series(draw)
    genres, places = _make_genres(draw)
    year = np.interp(draw.uniform(N_ITEMS), list(_YEARS), list(_YEARS.values()))
    room = 2 * (np.bincount(first, minlength=N_ITEMS).clip(1) - 1)  # for the rest of a series
    year = _grid(np.minimum(year, max(_YEARS.values()) - room))
    novelty = _grid(1.25 - np.log(1998.5 - year))
    styles = draw.normal(N_ITEMS, len(STRENGTHS) - len(_AXES) - 1)
    quality = draw.normal(N_ITEMS)
    fame = 1.4 * quality + 0.4 * novelty + 1.2 * draw.normal(N_ITEMS)

    # The films of a series are like the first of them, and differ a little.
    factors = np.column_stack([places, novelty, styles])[first]
    factors += 0.01 * draw.normal(*factors.shape)
    factors -= factors.mean(axis=0)
    quality = quality[first] + 0.2 * draw.normal(N_ITEMS)
    popularity = fame[first] + (series >= 0) - 0.2 * part
    popularity[_UNKNOWN] = -1.0
    released = year[first] + np.where(part > 0, 2 * part - 0.9 * draw.uniform(N_ITEMS), 0)
    return _Items(
        table=_item_table(draw, released, genres, first, part),
        factors=_grid(STRENGTHS * factors),
        bias=_grid(ITEM_SPREAD * quality - 0.1 * novelty[first] - 0.1 * part),
        popularity=_grid(popularity),
        series=series,
    )


def _item_table(
    draw: _Draw, released: np.ndarray, genres: list[list[str]], first: np.ndarray, part: np.ndarray
) -> pd.DataFrame:
    date = np.floor(_grid((released - 1970) * 365.25)).astype("datetime64[D]")
    date[_UNKNOWN] = np.datetime64("NaT")
    date = pd.Series(date.astype("datetime64[s]"))
    year = date.dt.year.astype("Int64")
    items = pd.DataFrame(
        {
            "item_id": np.arange(1, N_ITEMS + 1),
            "title": _make_titles(draw, genres, first, part, year),
            "release_date": date,
            "year": year,
            "genres": ["|".join(sorted(genres[leader])) for leader in first],
        }
    )
    items.loc[_UNKNOWN, ["title", "genres"]] = "unknown"
    return items


def _make_series(draw: _Draw) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return for each item its series (-1: none), its place in it, and the series' first item."""
    series, part = np.full(N_ITEMS, -1), np.zeros(N_ITEMS, dtype=np.int64)
    first = np.arange(N_ITEMS)
    free = draw.order(N_ITEMS)
    free = free[free != _UNKNOWN]
    ends = np.cumsum(draw.choose({2: 24, 3: 18, 4: 10, 5: 5, 6: 3}, _N_SERIES))
    for number, members in enumerate(np.split(free, ends)[:_N_SERIES]):
        series[members] = number
        part[members] = np.arange(len(members))
        first[members] = members[0]
    return series, part, first


def _make_genres(draw: _Draw) -> tuple[list[list[str]], np.ndarray]:
    """Draw one to three genres per item, the later ones near the first; its place on the axes."""
    names = np.array(list(_GENRES))
    weight, *axes = np.array(list(_GENRES.values())).T
    axes = np.column_stack(axes)
    number = draw.choose({1: 50, 2: 35, 3: 15}, N_ITEMS)
    main = draw.choose(dict(zip(range(len(names)), weight, strict=True)), N_ITEMS)
    wish = _grid(np.log(weight) + 2 * (axes @ axes.T)[main]) + draw.gumbel(N_ITEMS, len(names))
    wish[np.arange(N_ITEMS), main] = np.inf
    chosen = np.argsort(-wish, axis=1, kind="stable")
    genres = [list(names[row[:n]]) for row, n in zip(chosen, number, strict=True)]
    places = np.array([axes[row[:n]].mean(axis=0) for row, n in zip(chosen, number, strict=True)])
    return genres, places + 0.4 * draw.normal(*places.shape)


# --- Who rates what, and when -------------------------------------------------------------------


def _choose_what_is_rated(
    draw: _Draw, match: np.ndarray, popularity: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Draw the rated pairs: every user and item gets its number of ratings exactly.

    From the most to the least popular, each item finds its raters among those who have ratings
    left to give, in proportion to how many and to how well it matches their taste.
    """
    left = _counts(RATINGS_PER_USER, N_USERS)[draw.order(N_USERS)]
    n_raters = _counts(RATINGS_PER_ITEM, N_ITEMS)[::-1]
    wish = _grid(CURIOSITY * match) + draw.gumbel(*match.shape)
    log_left = np.append(-np.inf, _grid(np.log(np.arange(1, left.max() + 1))))
    raters = []
    by_popularity = np.argsort(-popularity, kind="stable")
    for place, item in enumerate(by_popularity):
        order = np.argsort(-(log_left[left] + wish[:, item]), kind="stable")
        raters.append(order[: n_raters[place]])
        left[raters[-1]] -= 1
    return np.concatenate(raters), np.repeat(by_popularity, n_raters)


def _counts(quantiles: dict[float, float], n: int) -> np.ndarray:
    """Return n whole numbers with these quantiles, adjusted to sum to N_RATINGS."""
    low = min(quantiles.values())
    curve = np.exp(
        np.interp(np.linspace(0, 1, n), list(quantiles), np.log(list(quantiles.values())))
    )
    curve = low + (curve - low) * (N_RATINGS - n * low) / (curve - low).sum()
    return np.diff(np.floor(_grid(np.cumsum(curve)) + 0.5), prepend=0).astype(np.int64)


def _make_timestamps(draw: _Draw, user_index: np.ndarray) -> np.ndarray:
    """Spread each user's ratings over one to four sessions between 1997-09-20 and 1998-04-22."""
    first_day, n_days = np.datetime64("1997-09-20", "s"), 214
    days = n_days * draw.uniform(N_USERS, 1) + 30 * draw.uniform(N_USERS, 4) * np.arange(4)
    days = np.minimum(days, n_days)
    session = draw.choose({0: 70, 1: 15, 2: 10, 3: 5}, len(user_index))
    seconds = 20 * np.bincount(user_index)[user_index] * draw.uniform(len(user_index))
    moment = days[user_index, session] * 86_400 + seconds
    return first_day + np.floor(_grid(moment)).astype("timedelta64[s]")


# --- Results ------------------------------------------------------------------------------------


def _fingerprint(*tables: pd.DataFrame) -> str:
    digest = hashlib.sha256()
    for table in tables:
        for name, column in table.items():
            if column.dtype.kind == "M":
                column = column.astype("int64")
            digest.update("\n".join([name, *map(str, column.tolist())]).encode())
    return digest.hexdigest()


# --- Titles -------------------------------------------------------------------------------------

_PATTERNS = [
    *["The {adjective} {noun}"] * 6, *["The {noun} of {place}"] * 3, "The {noun} at {place}",
    "{name} and the {noun}", "{name}'s {noun}", "Beyond the {adjective} {noun}",
    "Before the {noun}", "No {noun} for {name}", "Every {noun} in {place}",
]  # fmt: skip
_WORDS = {
    "adjective": """Glass Crimson Quiet Broken Velvet Hollow Gilded Paper Unspoken Borrowed Distant
        Second Invisible Restless Northern Wandering Forgotten Scarlet Iron Bitter Windless Painted
        Seventh Midnight Windswept Tender Burning Frozen Lonely Unfinished Copper Amber Reluctant
        Stolen Faithless Salt Hidden Drowned Patient Electric Marble Emerald Crooked Foreign
        Sleepless Gentle Ninth Sunken""",
    "place": """Carrow Port_Ellery Vanterre Marrow_Bay Lindenholt Saint_Osric Calloway Brannick
        Dunmere Halvard Kestrel_Point Montevar Aldermoor Rue_Lavande Whitmarsh Ostrelle Corvane
        Santa_Brisa Tamarind_Street Volkova Hanseong_Alley Karaburç Villa_Alondra Greywater
        Pell_Harbour Sorrel_Creek Nine_Wells Ashgrove Low_Meridian Bellamy_Square""",
    "name": """Marta Elias Ayşe Jiho Inés Leyla Minseo Rafael Deniz Clara Tobias Odile Harriet
        Emilio Yuna Kemal Beatriz Soren Nadia Walter Lucía Hakan Eunji Percy Ingrid Mateo Selin
        Theodora Oskar Paloma""",
    "sequel": """Homecoming Nightfall The_Return Low_Tide Second_Winter The_Long_Way_Back Ashes
        New_Blood The_Reckoning Crossroads First_Light The_Other_Shore Old_Debts Afterglow
        Undertow Open_Water The_Last_Word Full_Circle""",
}
_NOUNS = {
    "Action": "Siege Convoy Detonator Pursuit Crossfire Ambush Mercenary Gauntlet Blockade Warhead",
    "Adventure": "Sextant Expedition Lagoon Caravan Voyage Cavern Island Summit Galleon Canyon",
    "Animation": "Kite Teapot Puppet Snowflake Moonbeam Scarecrow Toymaker Bumblebee Paintbox",
    "Children's": "Puppy Treehouse Pony Schoolhouse Pirate Tadpole Sandcastle Carousel Penguin",
    "Comedy": """Wedding Bachelor Landlord Dentist Honeymoon Nephew Houseguest Casserole Reunion
        Chauffeur Divorce Parade Understudy Picnic Mother-in-Law Bake-Off Janitor Golfer""",
    "Crime": "Heist Informer Alibi Ransom Racket Forger Safecracker Getaway Bookmaker Ledger",
    "Documentary": "Chronicle River Harvest Portrait Archive Orchestra Factory Village Election",
    "Drama": """Harbour Orchard Letter Daughter Window Inheritance Silence Piano Lighthouse Promise
        Garden Farewell Bridge Confession Summer Widow Teacher Staircase Photograph Vineyard Father
        Ferry Apartment Violin""",
    "Fantasy": "Dragon Sorceress Amulet Unicorn Mirror Enchanter Talisman Griffin Spellbook",
    "Film-Noir": "Shadow Alley Blonde Cigarette Detective Stranger Boulevard Nightclub Blackmail",
    "Horror": "Cellar Scarecrow Asylum Coffin Parasite Séance Graveyard Crypt Banshee Hunger",
    "Musical": "Chorus Serenade Ballroom Waltz Cabaret Songbird Overture Encore Tango Melody",
    "Mystery": "Cipher Manor Clue Locket Labyrinth Disappearance Riddle Witness Sleepwalker Key",
    "Romance": "Kiss Bouquet Valentine Rendezvous Love_Letter Rose Bride Sweetheart Gondola Vow",
    "Sci-Fi": "Orbit Android Nebula Colony Starship Machine Signal Eclipse Replica Cosmonaut",
    "Thriller": "Hostage Conspiracy Deadline Trespasser Obsession Hunter Wiretap Motel Fugitive",
    "War": "Battalion Trench Armistice Regiment Bunker Sergeant Front Outpost Airfield Medal",
    "Western": "Outlaw Marshal Saddle Homestead Gunslinger Stagecoach Prairie Posse Sundown",
}
_WORDS = {kind: words.split() for kind, words in _WORDS.items()}
_NOUNS = {genre: words.split() for genre, words in _NOUNS.items()}
_NUMERALS = ["", " II", " III", " IV", " V", " VI"]


def _make_titles(
    draw: _Draw, genres: list[list[str]], first: np.ndarray, part: np.ndarray, year: pd.Series
) -> list[str]:
    """Invent a title for each item, no two alike; a series goes by the title of its first film."""
    names: dict[str, None] = {}  # a set that keeps its order
    for main, *_ in genres:
        while (name := _invent_name(draw, main)) in names:
            pass
        names[name] = None
    name = np.array(list(names))[first]
    sequels = np.array(_WORDS["sequel"])
    subtitle = sequels[(draw.integers(0, len(sequels), N_ITEMS)[first] + part) % len(sequels)]
    titles = [
        f"{name[item]}{_NUMERALS[part[item]]}: {subtitle[item]}" if part[item] else name[item]
        for item in range(N_ITEMS)
    ]
    return [f"{title} ({y})".replace("_", " ") for title, y in zip(titles, year, strict=True)]


def _invent_name(draw: _Draw, genre: str) -> str:
    lists = [*_WORDS.values(), _NOUNS[genre]]
    which, *whiches = draw.uniform(1 + len(lists))
    words = [options[int(u * len(options))] for options, u in zip(lists, whiches, strict=True)]
    pattern = _PATTERNS[int(which * len(_PATTERNS))]
    return pattern.format(**dict(zip([*_WORDS, "noun"], words, strict=True)))
