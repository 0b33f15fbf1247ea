import hashlib
import importlib.util
import json
import os
import sys
import warnings
import zipfile
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("pyarrow", reason="the store is written by PyArrow: pip install pyarrow")

import pyarrow as pa
import pyarrow.parquet as pq

from recsys_helpers import netflix
from recsys_helpers.datasets import DataFormatError, DataUnavailableWarning
from recsys_helpers.interactions import index_ratings, split_by_time
from recsys_helpers.netflix import (
    FILES,
    Store,
    build_store,
    count,
    filter_store,
    find_files,
    open_store,
    read_titles,
    select,
)

pytestmark = pytest.mark.usefixtures("own_surroundings")

# Six users, five films, nine ratings; of file 1, the lines are numbered beside it.
TEXT = (
    b"1:\n"  # 1
    b"6,3,2005-09-06\n"  # 2
    b"2649429,5,2005-12-31\n"  # 3
    b"30878,4,2004-02-29\n"  # 4
    b"2:\n"  # 5
    b"30878,1,1999-11-11\n",  # 6
    b"4500:\n7,3,2003-01-02\n6,4,2003-01-02\n",
    b"9211:\n30878,2,2001-05-30\n",
    b"17770:\n79,5,2005-12-30\n30878,5,2004-02-28\n",
)
N_ROWS = [4, 2, 1, 2]
ROWS = {  # what they say, read by eye
    "user_id": [6, 2649429, 30878, 30878, 7, 6, 30878, 79, 30878],
    "item_id": [1, 1, 1, 2, 4500, 4500, 9211, 17770, 17770],
    "rating": [3, 5, 4, 1, 3, 4, 2, 5, 5],
    "timestamp": [
        *("2005-09-06", "2005-12-31", "2004-02-29", "1999-11-11", "2003-01-02", "2003-01-02"),
        *("2001-05-30", "2005-12-30", "2004-02-28"),
    ],
}
TITLES = (
    "1,2003,Café Été\n2,NULL,Sex, Lies, and a Teapot\n4500,1999,2,000 Kites\n"
    '9211,1962,"Quoted", not\n17770,2005,Alien, Part 3\n'
)


@pytest.fixture
def folder(tmp_path):
    """Return a folder with the tiny files, which do not claim to be the official ones."""
    folder = tmp_path / "files"
    folder.mkdir()
    for name, text in zip(FILES, TEXT, strict=True):
        (folder / name).write_bytes(text)
    (folder / "movie_titles.csv").write_bytes(TITLES.encode("iso-8859-1"))
    (folder / "generated.json").write_text(json.dumps({"rows": N_ROWS}))
    return folder


@pytest.fixture
def path(tmp_path):
    return tmp_path / "store.parquet"


def table(path):
    return select(open_store(path))


def edit(folder, old, new, part=1):
    file = folder / FILES[part - 1]
    data = file.read_bytes()
    assert data.count(old) == 1
    file.write_bytes(data.replace(old, new))
    return file


def refused(folder, path, message):
    """The store is refused with these words, and nothing of it is left."""
    before = path.read_bytes() if path.exists() else None
    with pytest.raises(DataFormatError, match=message) as refusal:
        build_store(folder, path)
    assert (path.read_bytes() if path.exists() else None) == before
    assert [entry.name for entry in path.parent.iterdir() if entry.name.startswith(".")] == []
    return str(refusal.value)


# --- From text to the store ---------------------------------------------------------------------


@pytest.mark.parametrize("block", [1, 20, 40, 1 << 24])
def test_what_is_written_is_what_the_text_says(folder, path, monkeypatch, block):
    monkeypatch.setattr(netflix, "_BLOCK", block)
    assert build_store(folder, path) == path
    rows = table(path)
    assert rows.astype({"timestamp": str}).to_dict("list") == ROWS
    assert rows.dtypes.astype(str).to_dict() == {
        "user_id": "int32", "item_id": "int16", "rating": "int8", "timestamp": "datetime64[s]",
    }  # fmt: skip


def test_the_store_is_parquet_of_eleven_bytes_a_row(folder, path):
    build_store(folder, path)
    assert pq.read_schema(path).remove_metadata() == pa.schema(
        {"item_id": pa.int16(), "user_id": pa.int32(), "rating": pa.int8(), "date": pa.date32()}
    )
    assert pd.read_parquet(path)["date"].astype(str).tolist() == ROWS["timestamp"]


def test_a_larger_store_agrees_with_a_loop_over_the_lines(tmp_path, path, monkeypatch):
    folder = netflix.make_files(tmp_path / "made", 20_000, seed=3)
    rows = []
    for name in FILES:
        for line in (folder / name).read_text().splitlines():
            if line.endswith(":"):
                item = int(line[:-1])
            else:
                user, rating, date = line.split(",")
                rows.append((int(user), item, int(rating), date))
    monkeypatch.setattr(netflix, "_BLOCK", 10_000)
    build_store(folder, path)
    expected = pd.DataFrame(rows, columns=["user_id", "item_id", "rating", "timestamp"])
    pd.testing.assert_frame_equal(
        table(path).astype({"timestamp": str}), expected, check_dtype=False
    )


@pytest.mark.parametrize("block", [1, 30, 1 << 24])
def test_windows_line_ends_and_a_missing_last_one_are_fine(folder, path, monkeypatch, block):
    monkeypatch.setattr(netflix, "_BLOCK", block)
    for name, text in zip(FILES, TEXT, strict=True):
        (folder / name).write_bytes(text.replace(b"\n", b"\r\n").removesuffix(b"\r\n"))
    build_store(folder, path)
    assert table(path).astype({"timestamp": str}).to_dict("list") == ROWS


def test_progress_is_shown_on_stderr(folder, path, capsys):
    build_store(folder, path)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "100%" in shown.err


# --- The manifest -------------------------------------------------------------------------------


def test_the_store_says_what_it_was_made_of(folder, path):
    build_store(folder, path)
    store = open_store(path)
    assert isinstance(store, Store)
    assert store.n_ratings == store.about["n_ratings"] == sum(N_ROWS)
    assert store.about["engine"] == f"pyarrow {pa.__version__}"
    for name, text, n_rows in zip(FILES, TEXT, N_ROWS, strict=True):
        source = store.about["sources"][name]
        assert source["rows"] == n_rows
        assert source["bytes"] == len(text)
        assert source["sha256"] == hashlib.sha256(text).hexdigest()


def test_a_store_is_built_again_only_if_its_files_have_changed(folder, path):
    build_store(folder, path)
    before, fingerprint = path.stat().st_mtime_ns, open_store(path).fingerprint
    build_store(folder, path)
    assert path.stat().st_mtime_ns == before
    file = edit(folder, b"6,3,2005", b"6,1,2005")  # the same size
    os.utime(file, ns=(0, 0))
    build_store(folder, path)
    assert table(path)["rating"].tolist() == [1, *ROWS["rating"][1:]]
    assert open_store(path).fingerprint != fingerprint


def test_the_fingerprint_does_not_depend_on_when_and_where(folder, path, tmp_path):
    build_store(folder, path)
    folder.rename(tmp_path / "elsewhere")
    for file in (tmp_path / "elsewhere").iterdir():
        os.utime(file, ns=(0, 0))
    again = build_store(tmp_path / "elsewhere", tmp_path / "again.parquet")
    assert open_store(again).fingerprint == open_store(path).fingerprint


@pytest.mark.parametrize("share", [0, 0.3, 0.7, 0.99])
def test_half_a_store_is_refused_and_built_again(folder, path, share):
    build_store(folder, path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(DataFormatError, match=r"store\.parquet is cut off or no store.*build_sto"):
        open_store(path)
    build_store(folder, path)
    assert len(table(path)) == sum(N_ROWS)


def test_parquet_of_others_and_of_other_versions_is_refused(folder, path, monkeypatch):
    pd.DataFrame(ROWS).to_parquet(path)
    with pytest.raises(DataFormatError, match="no store of this package"):
        open_store(path)
    build_store(folder, path)
    monkeypatch.setattr(netflix, "_FORMAT", netflix._FORMAT + 1)
    with pytest.raises(DataFormatError, match="store of another version"):
        open_store(path)
    build_store(folder, path)
    assert open_store(path).about["format"] == netflix._FORMAT


def test_a_store_that_lacks_ratings_is_refused(folder, path):
    build_store(folder, path)
    rows, about = pq.read_table(path), pq.read_metadata(path).metadata
    with pq.ParquetWriter(path, rows.schema) as writer:
        writer.write_table(rows.slice(1))
        writer.add_key_value_metadata({"recsys_helpers": about[b"recsys_helpers"].decode()})
    with pytest.raises(DataFormatError, match="or lacks ratings: make it again by build_store"):
        open_store(path)


def test_a_store_that_is_interrupted_leaves_nothing(folder, path, monkeypatch):
    class Interrupted(netflix._Checker):
        def check(self, block):
            if self.n_rows:
                raise KeyboardInterrupt
            return super().check(block)

    monkeypatch.setattr(netflix, "_Checker", Interrupted)
    with pytest.raises(KeyboardInterrupt):
        build_store(folder, path)
    assert [entry.name for entry in path.parent.iterdir()] == ["files"]
    with pytest.raises(FileNotFoundError, match=r"there is no store .*build_store"):
        open_store(path)


def test_a_store_has_its_own_ending(folder, tmp_path):
    with pytest.raises(ValueError, match=r"store\.csv does not end in \.parquet"):
        build_store(folder, tmp_path / "store.csv")


# --- Files that are not as published ------------------------------------------------------------


@pytest.mark.parametrize("block", [1, 1 << 24])
@pytest.mark.parametrize(
    ("old", "new", "line", "text", "fault"),
    [
        (b"30878,4", b"\n30878,4", 4, "", "is blank"),
        (b"\n2:", b"\n\n2:", 5, "", "is blank"),
        (b"1999-11-11\n", b"1999-11-11\n\n", 7, "", "is blank"),
        (b"5,2005-12-31", b"5,2005-12-31,", 3, "2649429,5,2005-12-31,", "is neither"),
        (b"6,3,2005", b"6,3,1,2005", 2, "6,3,1,2005-09-06", "is neither"),
        (b"6,3,2005-09-06", b"6,3", 2, "6,3", "is neither"),
        (b"6,3,2005", b"6 3 2005", 2, "6 3 2005-09-06", "is neither"),
        (b"2:", b"2: ", 5, "2: ", "is neither"),
        (b"2:", b"two:", 5, "two:", "is neither"),
        (b"2:", b"2,,", 5, "2,,", "has no rating from 1 to 5"),
        (b"6,3,2005", b"6:3,2005", 2, "6:3,2005-09-06", "is neither"),
        (b"6,3,2005-", b"6:2005-", 2, "6:2005-09-06", "is neither"),
        (b"6,3,2005", b"-6,3,2005", 2, "-6,3,2005-09-06", "has no user id from 1 to 2649429"),
        (b"6,3,2005", b"0,3,2005", 2, "0,3,2005-09-06", "has no user id"),
        (b"6,3,2005", b",3,2005", 2, ",3,2005-09-06", "has no user id"),
        (b"6,3,2005", b"six,3,2005", 2, "six,3,2005-09-06", "has no user id"),
        (b"6,3,2005", b'"6",3,2005', 2, '"6",3,2005-09-06', "has no user id"),
        (b"2649429,5", b"2649430,5", 3, "2649430,5,2005-12-31", "has no user id"),
        (b"2649429,5", b"99999999999,5", 3, "99999999999,5,2005-12-31", "has no user id"),
        (b"2:", b"-2:", 5, "-2:", "is no film: their numbers are 1 to 17770"),
        (b"2:", b"17771:", 5, "17771:", "is no film"),
        (b"6,3,2005", b"6,0,2005", 2, "6,0,2005-09-06", "has no rating from 1 to 5"),
        (b"6,3,2005", b"6,6,2005", 2, "6,6,2005-09-06", "has no rating"),
        (b"6,3,2005", b"6,-1,2005", 2, "6,-1,2005-09-06", "has no rating"),
        (b"6,3,2005", b"6,3.5,2005", 2, "6,3.5,2005-09-06", "has no rating"),
        (b"6,3,2005", b"6,,2005", 2, "6,,2005-09-06", "has no rating"),
        (b"6,3,2005", b"6,300,2005", 2, "6,300,2005-09-06", "has no rating"),
        (b"2004-02-29", b"2005-02-29", 4, "30878,4,2005-02-29", "has no date from 1999-11-11 to"),
        (b"2004-02-29", b"29.02.2004", 4, "30878,4,29.02.2004", "has no date"),
        (b"2004-02-29", b"", 4, "30878,4,", "has no date"),
        (b"1999-11-11", b"1999-11-10", 6, "30878,1,1999-11-10", "has no date"),
        (b"2005-12-31", b"2006-01-01", 3, "2649429,5,2006-01-01", "has no date"),
        (b"1:\n6,", b"6,", 1, "6", "is the user of a rating before any film"),
        (b"2:\n", b"2:\n3:\n", 5, "2:", "is a film without ratings"),
        (b"1999-11-11\n", b"1999-11-11\n3:\n", 7, "3:", "is a film without ratings"),
        (b"2:", b"1:", 5, "1:", "begins a film that was there before"),
        (b"2649429,5", b"6,5", 3, "6", "is a user who has rated film 1 twice"),
        (b"\n30878,4", b"\n6,4", 4, "6", "is a user who has rated film 1 twice"),
        (b"09-06\n26", b"09-06\r26", 2, "6,3,2005-09-06\r2649429,5,2005-12-31", "is neither"),
    ],
)
def test_a_bad_line_is_named(folder, path, monkeypatch, block, old, new, line, text, fault):
    monkeypatch.setattr(netflix, "_BLOCK", block)
    edit(folder, old, new)
    message = refused(folder, path, fault)
    assert f"{folder / FILES[0]}, line {line}: {text!r}" in message
    assert message.endswith("Unpack the archive of the data set again.")


def test_a_film_in_two_files_is_refused(folder, path):
    edit(folder, b"9211:", b"2:", part=3)
    refused(folder, path, r"combined_data_3\.txt, line 1: '2:' begins a film that was there before")


def test_a_user_may_rate_other_films_and_in_other_files(folder, path):
    build_store(folder, path)
    assert (table(path)["user_id"] == 30878).sum() == 4


@pytest.mark.parametrize("cut", [10, 1])
def test_a_file_cut_off_within_a_line_is_refused(folder, path, cut):
    (folder / FILES[3]).write_bytes(TEXT[3][: -1 - cut])
    refused(folder, path, r"combined_data_4\.txt, line 3: '30878,5.*' (has no date|is neither)")


def test_a_file_cut_off_at_the_end_of_a_line_is_refused(folder, path):
    (folder / FILES[3]).write_bytes(TEXT[3].rpartition(b"30878")[0])
    refused(
        folder,
        path,
        r"_4\.txt, line 2: the file ends after 1 ratings, but has to hold 2: it is cut",
    )


def test_a_file_with_too_many_ratings_is_refused(folder, path):
    (folder / FILES[3]).write_bytes(TEXT[3] + b"7,1,2005-01-01\n")
    refused(folder, path, r"_4\.txt, line 4: .* 3 ratings, but has to hold 2: these are too many")


def test_the_official_files_are_known_by_their_rows(folder, path):
    (folder / "generated.json").unlink()
    refused(
        folder, path, r"_1\.txt, line 6: the file ends after 4 ratings, but has to hold 24,053,764"
    )
    assert sum(netflix.KNOWN_ROWS) == netflix.N_RATINGS == 100_480_507


def test_an_empty_file_is_refused(folder, path):
    (folder / FILES[1]).write_bytes(b"")
    refused(folder, path, r"_2\.txt, line 0: the file ends after 0 ratings, but has to hold 2")


def test_a_missing_part_is_named(folder, path):
    (folder / FILES[2]).unlink()
    refused(folder, path, r"combined_data_3\.txt is missing: the folder is not a whole copy")


def test_an_archive_in_place_of_the_text_is_named(folder, path):
    with zipfile.ZipFile(folder / FILES[1], "w") as archive:
        archive.writestr(FILES[1], TEXT[1])
    refused(folder, path, r"combined_data_2\.txt, line 1: .* begins an archive, not text: unpack")


def test_a_store_that_cannot_be_replaced_stays(folder, path):
    build_store(folder, path)
    edit(folder, b"6,3,2005", b"6,9,2005")
    refused(folder, path, "has no rating")
    assert len(table(path)) == sum(N_ROWS)


# --- Titles -------------------------------------------------------------------------------------


def test_titles_keep_their_commas_and_letters(folder):
    titles = read_titles(folder)
    assert titles["item_id"].tolist() == [1, 2, 4500, 9211, 17770]
    assert titles["year"].dtype == "Int64"
    assert titles["year"].tolist() == [2003, pd.NA, 1999, 1962, 2005]
    assert titles["title"].tolist() == [
        "Café Été", "Sex, Lies, and a Teapot", "2,000 Kites", '"Quoted", not', "Alien, Part 3",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (TITLES.encode("utf-8"), "is in UTF-8, not ISO-8859-1 as published"),
        (b"1,2003,A\n\n2,2003,B\n", r"line 2: '' is not a film"),
        (b"1,2003,A\n2,19x9,B\n", r"line 2: '2,19x9,B' is not a film"),
        (b"1,2003,A\n2,1999\n", r"line 2: '2,1999' is not a film"),
        (b"1,2003,A\n1,1999,B\n", r"line 2: '1,1999,B' has the number of another film"),
        (b"", r"line 1: '' is not a film"),
    ],
)
def test_titles_that_are_not_as_published_are_refused(folder, data, message):
    (folder / "movie_titles.csv").write_bytes(data)
    with pytest.raises(DataFormatError, match=message):
        read_titles(folder)


def test_titles_may_have_windows_line_ends_but_have_to_be_there(folder):
    whole = read_titles(folder)
    data = (folder / "movie_titles.csv").read_bytes()
    (folder / "movie_titles.csv").write_bytes(data.replace(b"\n", b"\r\n"))
    assert read_titles(folder).equals(whole)
    (folder / "movie_titles.csv").unlink()
    with pytest.raises(DataFormatError, match=r"movie_titles\.csv is missing"):
        read_titles(folder)


# --- Counts and filters -------------------------------------------------------------------------


def test_counts_by_hand(folder, path):
    counts = count(open_store(build_store(folder, path)))
    assert [len(part) for part in counts] == [17_771, 2_649_430, 2_243, 6]
    assert {i: int(counts.per_item[i]) for i in np.flatnonzero(counts.per_item)} == {
        1: 3, 2: 1, 4500: 2, 9211: 1, 17770: 2,
    }  # fmt: skip
    assert {u: int(counts.per_user[u]) for u in np.flatnonzero(counts.per_user)} == {
        6: 2, 7: 1, 79: 1, 30878: 4, 2649429: 1,
    }  # fmt: skip
    assert counts.per_rating.tolist() == [0, 1, 1, 2, 2, 3]
    # 1999-11-11 is day 0, and 2005-12-31 the last: 50 days to 1999-12-31, and 6 * 365 + 2 more.
    days = pd.Series(pd.to_datetime(ROWS["timestamp"]) - pd.Timestamp("1999-11-11")).dt.days
    assert np.flatnonzero(counts.per_day).tolist() == sorted(set(days))
    assert counts.per_day[[0, 2242]].tolist() == [1, 1]


def test_counts_of_many_batches_are_summed(tmp_path, path, monkeypatch):
    folder = netflix.make_files(tmp_path / "made", 5_000)
    monkeypatch.setattr(netflix, "_BLOCK", 10_000)
    store = open_store(build_store(folder, path))
    rows = table(path)
    counts = count(store)
    for part, column in zip(counts, ("item_id", "user_id", None, "rating"), strict=True):
        assert part.sum() == 5_000
        if column:
            assert np.array_equal(part, np.bincount(rows[column], minlength=len(part)))


def test_batches_give_the_columns_that_are_asked_for(folder, path):
    store = open_store(build_store(folder, path))
    batches = list(store.batches(["rating"], n_rows=2))
    assert max(batch.num_rows for batch in batches) == 2
    assert [batch.schema.names for batch in batches] == [["rating"]] * len(batches)
    assert np.concatenate([batch["rating"] for batch in batches]).tolist() == ROWS["rating"]


# More than 1 rating: films 1, 4500 and 17770, users 6 and 30878, counted before anything is left
# out. Film 1 keeps two of its three ratings.
LEFT = [0, 2, 5, 8]


def test_select_by_hand(folder, path):
    kept = select(open_store(build_store(folder, path)), per_item=1, per_user=1)
    for column, values in ROWS.items():
        assert kept[column].astype(str).tolist() == [str(values[row]) for row in LEFT]


def test_a_selection_goes_through_the_rooms(folder, path):
    kept = select(open_store(build_store(folder, path)), per_item=1, per_user=1)
    train, test = split_by_time(kept, 0.25)
    assert test["timestamp"].astype(str).tolist() == ["2005-09-06"]
    known = index_ratings(train)
    assert known.user_ids.tolist() == [6, 30878]
    assert known.item_index.max() == 2


def test_a_filtered_store_is_what_select_returns_and_is_not_written_twice(folder, path, tmp_path):
    store = open_store(build_store(folder, path))
    other = filter_store(store, tmp_path / "other.parquet", per_item=1, per_user=1)
    assert select(other).equals(select(store, per_item=1, per_user=1))
    assert other.n_ratings == 4
    assert other.fingerprint != store.fingerprint
    before = other.path.stat().st_mtime_ns
    assert filter_store(store, other.path, per_item=1, per_user=1) == other
    assert other.path.stat().st_mtime_ns == before
    # Filtered again, it is another one: only film 1 has two left. Neither is taken for the whole.
    assert filter_store(other, other.path, per_item=1).n_ratings == 2
    assert filter_store(store, other.path, per_item=2).n_ratings == 3
    build_store(folder, other.path)
    assert open_store(other.path).n_ratings == sum(N_ROWS)


def test_a_filter_that_leaves_nothing_is_refused(folder, path, tmp_path):
    store = open_store(build_store(folder, path))
    with pytest.raises(
        ValueError, match=r"nothing is left of .*more than 4 ratings.*ask for fewer"
    ):
        select(store, per_user=4)
    with pytest.raises(ValueError, match="nothing is left"):
        filter_store(store, tmp_path / "other.parquet", per_item=53_000)
    assert not (tmp_path / "other.parquet").exists()


# --- Where the files are ------------------------------------------------------------------------


def test_generated_files_are_called_so(folder):
    assert netflix.name_of(folder) == "generated Netflix files"
    (folder / "generated.json").unlink()
    assert netflix.name_of(folder) == "Netflix Prize"


def generated_instead(reason):
    with pytest.warns(DataUnavailableWarning, match=reason) as warned:
        found = find_files(2_000)
    assert len(warned) == 1
    assert "RECSYS_NETFLIX_DIR" in str(warned[0].message)
    assert json.loads((found / "generated.json").read_text())["n_ratings"] == 2_000
    return found


def without_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return find_files(2_000)


@pytest.fixture
def kagglehub(monkeypatch, folder):
    """A client that would give the tiny files, or fail."""
    client = SimpleNamespace(asked=[], error=None, __spec__=importlib.util.find_spec("json"))

    def dataset_download(name):
        client.asked.append(name)
        if client.error:
            raise client.error
        return str(folder)

    client.dataset_download = dataset_download
    monkeypatch.setitem(sys.modules, "kagglehub", client)
    return client


def test_the_folder_of_the_reader_comes_first(folder, monkeypatch, kagglehub):
    monkeypatch.setenv("RECSYS_NETFLIX_DIR", str(folder))
    assert without_warning() == folder
    assert kagglehub.asked == []


def test_a_wrong_folder_of_the_reader_is_never_replaced(tmp_path, monkeypatch):
    monkeypatch.setenv("RECSYS_NETFLIX_DIR", str(tmp_path))
    with pytest.raises(FileNotFoundError, match=r"RECSYS_NETFLIX_DIR is .*no combined_data_1\.txt"):
        find_files(2_000)


def test_the_cache_comes_next(folder, tmp_path, kagglehub):
    (tmp_path / "cache").mkdir()
    folder.rename(tmp_path / "cache" / "netflix-prize-data")
    assert without_warning() == tmp_path / "cache" / "netflix-prize-data"
    assert kagglehub.asked == []


@pytest.mark.parametrize("key", ["KAGGLE_KEY", "KAGGLE_API_TOKEN", "kaggle.json"])
def test_kaggle_is_asked_with_the_key_of_the_reader(folder, tmp_path, monkeypatch, kagglehub, key):
    if key == "kaggle.json":
        (tmp_path / ".kaggle").mkdir()
        (tmp_path / ".kaggle" / key).write_text("{}")
    else:
        monkeypatch.setenv(key, "secret")
    assert without_warning() == folder
    assert kagglehub.asked == ["netflix-inc/netflix-prize-data"]


def test_without_a_client_files_are_generated(monkeypatch):
    monkeypatch.setitem(sys.modules, "kagglehub", None)
    found = generated_instead("kagglehub is not installed")
    assert generated_instead("kagglehub is not installed") == found  # not written again


def test_without_a_key_files_are_generated(kagglehub):
    generated_instead("there is no key")
    assert kagglehub.asked == []


def test_offline_files_are_generated(kagglehub, monkeypatch):
    monkeypatch.setenv("KAGGLE_KEY", "secret")
    monkeypatch.setenv("RECSYS_OFFLINE", "1")
    generated_instead("RECSYS_OFFLINE=1 keeps")
    assert kagglehub.asked == []


def test_when_kaggle_fails_files_are_generated(kagglehub, monkeypatch):
    monkeypatch.setenv("KAGGLE_KEY", "secret")
    kagglehub.error = RuntimeError("403: accept the rules first")
    generated_instead("403: accept the rules first")
