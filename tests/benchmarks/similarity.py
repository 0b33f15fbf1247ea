"""Nearest neighbours by cosine: exact search against an index, as the catalogue grows.

    python tests/benchmarks/similarity.py [N_ITEMS ...]

Needs faiss-cpu (tried with 1.15), which the course does not use otherwise. The first line is the
course's own `similar_items`: the neighbours of all films. Below it, for each size of the catalogue:

exact       NumPy: a matrix product with all vectors, and a partial sort
HNSW        faiss, M = 16 links a vector, efConstruction = 100; ef candidates are kept in a search
pynndescent comes with umap-learn, its defaults; epsilon widens its search

`build` is in seconds, and MB the size of a pickle of what is searched, vectors included. A query is
one of 1,000 vectors of the catalogue, asked for alone (ms, median) or with the others (ms each,
best of three); `recall` is the share of its true ten neighbours that are found. `pays` is after how
many queries of a batch the time to build is made up for: fewer than there are items, and an index
is faster even for a list that is made once for every item.

The vectors are the item factors of `networks.fit_mf` on MovieLens 100K, of length 1. Those of
larger catalogues are made of them: a film is drawn, and Gaussian noise is added, with the
covariance of the difference between a film and its nearest neighbour. Neighbourhoods are then as
wide as those of films, and the fuller the larger the catalogue. (Vectors in random directions have
no neighbourhoods, which is an index's worst case.) All of it runs on as many cores as there are.
"""

import argparse
import pickle
import time

import faiss
import measuring
import numpy as np
from pynndescent import NNDescent

from recsys_helpers import networks
from recsys_helpers.recommend import similar_items

SIZES = 1_682, 10_000, 100_000, 1_000_000
K = 10
N_QUERIES = 1_000
LINKS, EF_CONSTRUCTION, EFS = 16, 100, (16, 64, 256)
EPSILONS = 0.1, 0.3
HEADS = "build s", "     MB", " alone ms", " batch ms", " recall", "       pays"


class Exact:
    """Cosines with all the vectors, some queries at a time, and the highest of them."""

    def __init__(self, vectors):
        self.vectors = vectors

    def search(self, queries, k):
        size = max(1, 2**22 // len(self.vectors))  # 16 MB of cosines
        parts = [self._search(queries[i : i + size], k) for i in range(0, len(queries), size)]
        return np.concatenate(parts)

    def _search(self, queries, k):
        cosine = queries @ self.vectors.T
        best = np.argpartition(cosine, -k, axis=1)[:, -k:]
        order = np.argsort(-np.take_along_axis(cosine, best, 1), axis=1)
        return np.take_along_axis(best, order, 1)


def build_hnsw(vectors):
    # By distance: for vectors of length 1, that is the order of their cosines.
    index = faiss.IndexHNSWFlat(vectors.shape[1], LINKS)
    index.hnsw.efConstruction = EF_CONSTRUCTION
    index.add(vectors)
    return index


def build_pynndescent(vectors):
    index = NNDescent(vectors, metric="cosine", random_state=0)
    index.prepare()
    return index


def search_hnsw(index, ef):
    index.hnsw.efSearch = ef
    return lambda queries, k: index.search(queries, k)[1]


def search_pynndescent(index, epsilon):
    return lambda queries, k: index.query(queries, k, epsilon=epsilon)[0]


def film_vectors():
    data = measuring.datasets.load_movielens("100k")
    known = measuring.index_ratings(data.ratings)
    return networks.fit_mf(known, data.scale).to_factor_model().item_factors


def catalogue(films, n_items, rng):
    """Unit vectors (n_items, n_factors): the films themselves, or others like them."""
    if n_items == len(films):
        return films
    nearest = similar_items(films, np.arange(len(films)), k=1)[0][:, 0]
    noise = rng.multivariate_normal(
        np.zeros(films.shape[1]), np.cov((films - films[nearest]).T), n_items
    )
    return unit(films[rng.integers(len(films), size=n_items)] + noise)


def unit(vectors):
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype("float32")


def timed(function, *args):
    start = time.perf_counter()
    result = function(*args)
    return result, time.perf_counter() - start


def measure(search, vectors, asked):
    """The neighbours found, and the ms of a query: asked alone, and in a batch."""
    queries = vectors[asked]
    search(queries[:2], K + 1)  # pynndescent compiles when first asked
    alone = np.median([timed(search, query[np.newaxis], K + 1)[1] for query in queries[:200]])
    runs = [timed(search, queries, K + 1) for _ in range(3)]
    return runs[0][0], 1000 * alone, 1000 * min(seconds for _, seconds in runs) / len(queries)


def recall(found, exact, asked):
    """Mean share of the K true neighbours that are found, the item itself apart."""
    return np.mean(
        [
            len((set(ours) & set(theirs)) - {item}) / K
            for ours, theirs, item in zip(found, exact, asked, strict=True)
        ]
    )


def compare(vectors, rng):
    asked = rng.choice(len(vectors), N_QUERIES, replace=False)
    exact, alone, together = measure(Exact(vectors).search, vectors, asked)
    report("exact", 0, vectors, alone, together, 1.0)
    near = np.einsum("qf,qkf->qk", vectors[asked], vectors[exact[:, 1:]])
    print(f"  (mean cosine with the {K} nearest: {near.mean():.2f})")
    for name, build, search, settings in [
        ("HNSW ef", build_hnsw, search_hnsw, EFS),
        ("pynndescent epsilon", build_pynndescent, search_pynndescent, EPSILONS),
    ]:
        index, seconds = timed(build, vectors)
        for setting in settings:
            found, *times = measure(search(index, setting), vectors, asked)
            gain = (together - times[1]) / 1000
            pays = f"{seconds / gain:,.0f}" if gain > 0 else "never"
            share = recall(found, exact, asked)
            report(f"{name} {setting}", seconds, index, *times, share, pays)


def report(name, seconds, index, alone, together, share, pays="-"):
    megabytes = len(pickle.dumps(index, protocol=5)) / 1e6
    print(
        f"  {name:24}{seconds:8.1f}{megabytes:8.1f}{alone:10.3f}{together:10.4f}{share:8.3f}"
        f"{pays:>12}",
        flush=True,
    )


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("n_items", type=int, nargs="*", default=SIZES)
    sizes = parser.parse_args().n_items
    rng = np.random.default_rng(0)
    films = film_vectors()
    every = np.arange(len(films))
    seconds = min(timed(similar_items, films, every)[1] for _ in range(10))
    print(f"similar_items of all {len(films):,} films: {1000 * seconds:.1f} ms")
    films = unit(films)
    # Compiled when first used, and for catalogues above 4,096 items otherwise than below.
    _, seconds = timed(build_pynndescent, catalogue(films, 5_000, rng))
    print(f"pynndescent, compiling: {seconds:.0f} s")
    for n_items in sizes:
        vectors = catalogue(films, n_items, rng)
        print(f"{n_items:,} items".ljust(26), *HEADS)
        compare(vectors, rng)


if __name__ == "__main__":
    main()
