from __future__ import annotations

import hashlib
import http.server
import io
import os
import socket
import ssl
import threading
import time
import warnings
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
from certificates import write_certificate
from tiny_movielens import FILES

from recsys_helpers import datasets
from recsys_helpers.datasets import (
    DataFormatError,
    DataUnavailableError,
    DataUnavailableWarning,
    RatingScale,
    fetch_movielens,
    load_movielens,
    official_fold,
    read_movielens,
    read_ratings_csv,
)

pytestmark = pytest.mark.usefixtures("own_surroundings")


def edit(path, old, new):
    data = path.read_bytes()
    assert data.count(old) == 1
    path.write_bytes(data.replace(old, new))


# --- The three formats --------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "folder"), [("100k", "ml-100k"), ("1m", "ml-1m")])
def test_ratings_keep_the_order_of_the_file(movielens, name, folder):
    dataset = read_movielens(movielens / folder, name)
    assert dataset.ratings.columns.to_list() == ["user_id", "item_id", "rating", "timestamp"]
    assert dataset.ratings["user_id"].to_list() == [1, 3, 1, 2, 3, 2]
    assert dataset.ratings["item_id"].to_list() == [2, 1, 1, 4, 4, 1]
    assert dataset.ratings["rating"].to_list() == [5.0, 3.0, 4.0, 1.0, 2.0, 5.0]
    assert dataset.ratings["timestamp"].dtype == "datetime64[s]"
    # 893286638 s = 10338 days (since 1970: 1998-04-22) and 83438 s (23 h 10 min 38 s)
    assert dataset.ratings["timestamp"].iloc[-1] == pd.Timestamp("1998-04-22 23:10:38")
    assert dataset.scale == RatingScale(1.0, 5.0)
    assert dataset.folder == movielens / folder


def test_items_and_users_of_100k(movielens):
    dataset = read_movielens(movielens / "ml-100k", "100k")
    items = dataset.items.set_index("item_id")
    assert items.loc[2, "title"] == "Café Été (1962)"
    assert items["genres"].to_list() == [
        "Animation|Children's|Comedy", "Drama", "unknown", "Thriller|Western",
    ]  # fmt: skip
    assert items.loc[2, "release_date"] == pd.Timestamp("1962-02-04")
    assert items["year"].to_list() == [1995, 1962, pd.NA, 1997]
    assert pd.isna(items.loc[3, "release_date"])
    assert dataset.users.to_dict("list") == {
        "user_id": [1, 2, 3],
        "age": [24, 53, 23],
        "gender": ["M", "F", "M"],
        "occupation": ["technician", "other", "writer"],
        "zip_code": ["85711", "94043", "T8H1N"],
    }


def test_items_and_users_of_1m(movielens):
    dataset = read_movielens(movielens / "ml-1m", "1m")
    assert dataset.items["title"].to_list()[1:3] == ["Café Été (1962)", "Mission: 1999 (1998)"]
    assert dataset.items["year"].to_list() == [1995, 1962, 1998, 1997]
    assert dataset.users["occupation"].to_list() == ["K-12 student", "self-employed", "other"]
    assert dataset.users["age"].to_list() == [1, 56, 25]
    assert dataset.users["zip_code"].to_list() == ["48067", "70072", "06810"]


def test_latest_small(movielens):
    dataset = read_movielens(movielens / "ml-latest-small", "latest-small")
    assert dataset.ratings["rating"].to_list() == [4.5, 3.0, 4.0, 1.0, 2.0, 5.0]
    assert dataset.items["title"].to_list() == [
        "Toy Boat (1995)", "Été, Café (1962) ", 'The "Hidden" Show (2006–2007)',
        "Long, Long Road, The",
    ]  # fmt: skip
    assert dataset.items["year"].to_list() == [1995, 1962, 2006, pd.NA]
    assert dataset.items["genres"].to_list() == ["Animation|Comedy", "Drama", "", "War"]
    assert dataset.users is None
    assert dataset.scale == (0.5, 5.0)


@pytest.mark.parametrize(
    ("title", "year"),
    [
        ("Life (2009- )", 2009),
        ("The Hidden Show (2006–2007)", 2006),
        ("Mission: 1999 (1998 ) ", 1998),
        ("(500) Days (2009)", 2009),
        ("Blade Runner 2049", None),
        ("Untitled (1995) (V)", None),
    ],
)
def test_the_year_at_the_end_of_a_title(movielens, title, year):
    folder = movielens / "ml-latest-small"
    edit(folder / "movies.csv", b"Toy Boat (1995)", title.encode())
    found = read_movielens(folder, "latest-small").items["year"][0]
    assert pd.isna(found) if year is None else found == year


def test_a_quote_in_a_title_is_a_letter_like_others(movielens):
    edit(movielens / "ml-100k" / "u.item", b"Toy Boat", b'"Toy" Boat')
    items = read_movielens(movielens / "ml-100k", "100k").items
    assert items["title"][0] == '"Toy" Boat (1995)'


def test_windows_line_ends_and_re_encoded_titles_are_read_the_same(movielens):
    expected = read_movielens(movielens / "ml-100k", "100k")
    for path in (movielens / "ml-100k").iterdir():
        text = path.read_bytes().decode("latin-1")
        path.write_bytes(text.replace("\n", "\r\n").encode("utf-8"))
    found = read_movielens(movielens / "ml-100k", "100k")
    pd.testing.assert_frame_equal(found.ratings, expected.ratings)
    pd.testing.assert_frame_equal(found.items, expected.items)
    pd.testing.assert_frame_equal(found.users, expected.users)


def test_the_fingerprint_follows_every_file_and_only_the_files(movielens, tmp_path_factory):
    folder = movielens / "ml-100k"
    original = read_movielens(folder, "100k").fingerprint
    elsewhere = tmp_path_factory.mktemp("copy")
    for path in folder.iterdir():
        (elsewhere / path.name).write_bytes(path.read_bytes())
    assert read_movielens(elsewhere, "100k").fingerprint == original
    found = {original}
    for file, old, new in [
        ("u.data", b"3\t1\t3", b"3\t1\t2"),
        ("u.item", b"Toy", b"Tow"),
        ("u.user", b"|53|", b"|54|"),
    ]:
        edit(folder / file, old, new)
        found.add(read_movielens(folder, "100k").fingerprint)
    assert len(found) == 4


@pytest.mark.parametrize(
    ("name", "file", "old", "new", "line", "value"),
    [
        ("100k", "u.data", b"2\t4\t1\t8", b"2\t4\tx\t8", 4, "x"),
        ("100k", "u.data", b"2\t4\t1\t8", b"2\t4\tnan\t8", 4, "nan"),
        ("100k", "u.data", b"2\t4\t1\t8", b"2\t4\t6\t8", 4, "6"),
        ("100k", "u.data", b"2\t4\t1\t8", b"2\t4\t8", 4, "2\\t4\\t888550871"),
        ("100k", "u.data", b"2\t4\t1\t8", b"2\t4\t1\t8\t8", 4, "2\\t4\\t1\\t8"),
        ("100k", "u.data", b"2\t4\t1\t8", b"\n2\t4\t1\t8", 4, "''"),
        ("100k", "u.data", b"2\t4\t1\t8", b"2\t7\t1\t8", 4, "7"),
        ("100k", "u.data", b"2\t4\t1\t8", b"5\t4\t1\t8", 4, "5"),
        ("100k", "u.data", b"2\t4\t1\t8", b"3\t1\t1\t8", 4, "1"),
        ("100k", "u.data", b"888550871", b"888550871888550871888550871", 4, "888550871888"),
        ("100k", "u.item", b"4-Feb-1962", b"4-Fev-1962", 2, "4-Fev-1962"),
        ("100k", "u.item", b"4-Feb-1962", b"30-Feb-1962", 2, "30-Feb-1962"),
        ("100k", "u.item", b"4|The Long", b"2|The Long", 4, "2"),
        ("100k", "u.user", b"2|53|", b"2|fifty|", 2, "fifty"),
        ("1m", "ratings.dat", b"2::4::1::8", b"2::4::1:8", 4, "2"),
        ("1m", "users.dat", b"56::16", b"56::21", 2, "21"),
        ("latest-small", "ratings.csv", b"2,4,1,8", b"2,4,5.5,8", 5, "5.5"),
        ("latest-small", "ratings.csv", b"movieId", b"item", 1, "item"),
        ("latest-small", "movies.csv", b'"Long, Long Road, The"', b"Long, Long", 5, "Long, Long"),
        ("latest-small", "movies.csv", b",title", b",name", 1, "movieId,title,genres"),
    ],
)  # fmt: skip
def test_a_bad_line_is_refused_by_file_line_value_and_remedy(
    movielens, name, file, old, new, line, value
):
    path = movielens / datasets.SOURCES[name].folder / file
    edit(path, old, new)
    with pytest.raises(DataFormatError) as caught:
        read_movielens(path.parent, name)
    message = str(caught.value)
    assert message.startswith(f"{path}, line {line}: ")
    assert value in message
    assert "Unpack the archive again." in message


def test_a_file_that_is_cut_off_is_refused_even_where_the_last_line_looks_whole(movielens):
    path = movielens / "ml-100k" / "u.data"
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(DataFormatError, match=r"u\.data, line 6: '2\\t1\\t5\\t8932866' is cut off"):
        read_movielens(path.parent, "100k")


def test_a_genre_flag_is_0_or_1(movielens):
    path = movielens / "ml-100k" / "u.item"
    path.write_bytes(path.read_bytes()[:-2] + b"2\n")
    with pytest.raises(DataFormatError, match=r"u\.item, line 4: .*genre flag"):
        read_movielens(path.parent, "100k")


def test_text_that_is_no_utf8_is_refused_by_line(movielens):
    path = movielens / "ml-latest-small" / "movies.csv"
    path.write_bytes(path.read_bytes().decode().replace("–", "-").encode("latin-1"))
    with pytest.raises(DataFormatError, match=r"movies\.csv, line 3: the byte 0xc9 is not utf-8"):
        read_movielens(path.parent, "latest-small")


@pytest.mark.parametrize("file", ["u.data", "u.item", "u.user"])
def test_a_missing_or_empty_file_is_refused(movielens, file):
    path = movielens / "ml-100k" / file
    path.write_bytes(b"")
    with pytest.raises(DataFormatError, match="line 1: '' is cut off"):
        read_movielens(path.parent, "100k")
    path.unlink()
    with pytest.raises(DataFormatError, match=f"{file} is missing.*Unpack"):
        read_movielens(path.parent, "100k")


def test_official_folds(movielens):
    dataset = read_movielens(movielens / "ml-100k", "100k")
    train, test = official_fold(dataset, 1)
    pd.testing.assert_frame_equal(pd.concat([train, test], ignore_index=True), dataset.ratings)
    assert (len(train), len(test)) == (3, 3)
    with pytest.raises(DataFormatError, match=r"u2\.base is missing"):
        official_fold(dataset, 2)
    with pytest.raises(ValueError, match="fold is 6"):
        official_fold(dataset, 6)
    other = read_movielens(movielens / "ml-1m", "1m")
    with pytest.raises(ValueError, match=r"'MovieLens 1M' has no official folds.*split_random"):
        official_fold(other, 1)


def test_a_scale_clips():
    assert RatingScale(0.5, 5.0).clip([0.0, 3.2, 5.39]).tolist() == [0.5, 3.2, 5.0]


# --- Where the data are looked for --------------------------------------------------------------


@pytest.mark.parametrize("inside", ["", "ml-100k"])
def test_the_folder_that_the_reader_names_comes_first(movielens, monkeypatch, inside):
    monkeypatch.setenv("RECSYS_DATA_DIR", str(movielens / inside))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        dataset = load_movielens()
    assert dataset.name == "MovieLens 100K"
    assert dataset.folder == movielens / "ml-100k"


@pytest.mark.parametrize("path", ["nowhere", "empty"])
def test_a_named_folder_without_data_is_an_error(monkeypatch, tmp_path, path):
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("RECSYS_DATA_DIR", str(tmp_path / path))
    with pytest.raises(FileNotFoundError, match=f"RECSYS_DATA_DIR.*{path}.*unset"):
        load_movielens()


def test_a_damaged_file_in_a_named_folder_is_never_replaced_by_the_sample(movielens, monkeypatch):
    monkeypatch.setenv("RECSYS_DATA_DIR", str(movielens))
    (movielens / "ml-100k" / "u.item").unlink()
    with pytest.raises(DataFormatError, match=r"u\.item is missing"):
        load_movielens()


def test_what_the_named_folder_lacks_is_looked_for_elsewhere(movielens, monkeypatch):
    monkeypatch.setenv("RECSYS_DATA_DIR", str(movielens / "ml-100k"))
    monkeypatch.setenv("RECSYS_CACHE_DIR", str(movielens))
    assert load_movielens("1m").folder == movielens / "ml-1m"


def test_a_tilde_is_the_home_of_the_reader(movielens, monkeypatch):
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(movielens))
    monkeypatch.setenv("RECSYS_DATA_DIR", "~/ml-100k")
    monkeypatch.setenv("RECSYS_CACHE_DIR", "~")
    assert fetch_movielens("100k") == movielens / "ml-100k"
    assert fetch_movielens("1m") == movielens / "ml-1m"


def test_an_unknown_name_is_refused():
    with pytest.raises(ValueError, match="'20m' is not a dataset; it can be '100k', '1m', 'latest"):
        load_movielens("20m")


def test_offline_the_sample_stands_in_with_one_warning(monkeypatch):
    monkeypatch.setenv("RECSYS_OFFLINE", "1")
    monkeypatch.setitem(datasets.SOURCES, "100k", source("http://127.0.0.1:9/ml-100k.zip"))
    with pytest.warns(DataUnavailableWarning) as caught:
        dataset = load_movielens()
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert "RECSYS_OFFLINE=1" in str(caught[0].message)
    assert "RECSYS_DATA_DIR" in str(caught[0].message)
    assert dataset.name == "built-in sample"
    assert dataset.folder is None
    with pytest.raises(ValueError, match="'built-in sample' has no official folds"):
        official_fold(dataset, 1)


# --- Downloading, from a server on the loopback address -----------------------------------------


def pack(files, prefix="ml-100k/"):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, content in files.items():
            opened.writestr(prefix + name, content)
    return archive.getvalue()


ARCHIVE = pack(FILES["ml-100k"])


def source(url, archive=ARCHIVE):
    checksums = {
        name: hashlib.sha256(FILES["ml-100k"][name]).hexdigest() for name in ("u.data", "u.item")
    }
    return datasets.SOURCES["100k"]._replace(
        url=url, sha256=hashlib.sha256(archive).hexdigest(), checksums=checksums
    )


class Server:
    """Answers each request with the next of ``answers``, the last one again and again."""

    def __init__(self, certificate=None):
        self.answers, self.n_requests = [], 0
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                answer = server.answers[min(server.n_requests, len(server.answers) - 1)]
                server.n_requests += 1
                answer(self)

            def log_message(self, *arguments):
                pass

        self._http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self._http.socket = context.wrap_socket(self._http.socket, server_side=True)
        self._http.handle_error = lambda *arguments: None  # a refused handshake is expected
        protocol = "http" if certificate is None else "https"
        self.url = f"{protocol}://127.0.0.1:{self._http.server_port}/files/ml-100k.zip"
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()

    def close(self):
        self._http.shutdown()
        self._http.server_close()


def send(body, length=None, status=200):
    def answer(request):
        request.send_response(status)
        request.send_header("Content-Length", str(len(body) if length is None else length))
        request.end_headers()
        request.wfile.write(body)

    return answer


@pytest.fixture
def server(monkeypatch):
    server = Server()
    monkeypatch.setitem(datasets.SOURCES, "100k", source(server.url))
    monkeypatch.setattr(time, "sleep", lambda seconds: None)  # pooch waits between its attempts
    yield server
    server.close()


def cache_folder():
    return Path(os.environ["RECSYS_CACHE_DIR"])


def assert_nothing_half_written():
    assert list(cache_folder().iterdir()) == []


def test_a_good_file_is_downloaded_once(server, capfd):
    server.answers = [send(ARCHIVE)]
    dataset = load_movielens()
    assert dataset.name == "MovieLens 100K"
    assert dataset.folder == cache_folder() / "ml-100k"
    assert len(dataset.ratings) == 6
    assert "100%" in capfd.readouterr().err  # the progress bar
    assert load_movielens().fingerprint == dataset.fingerprint
    assert server.n_requests == 1
    assert [path.name for path in cache_folder().iterdir()] == ["ml-100k"]


def test_a_passing_fault_is_tried_again(server):
    server.answers = [send(b"busy", status=503), send(ARCHIVE[:99], len(ARCHIVE)), send(ARCHIVE)]
    assert len(load_movielens().ratings) == 6
    assert server.n_requests == 3


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (send(ARCHIVE[:-1] + b"x"), "hash"),  # wrong checksum
        (send(b"<html>Please log in</html>"), "hash"),  # the page of a hotel's network
        (send(ARCHIVE[:100], length=len(ARCHIVE)), "IncompleteRead"),  # cut off
        (send(b"", status=500), "500 Server Error"),
        (send(b"", status=404), "404 Client Error"),
    ],
)
def test_a_failed_download_leaves_nothing_and_says_why(server, answer, reason):
    server.answers = [answer]
    with pytest.warns(DataUnavailableWarning) as caught:
        dataset = load_movielens()
    assert dataset.name == "built-in sample"
    assert server.n_requests == 3  # one attempt and two more
    message = str(caught[0].message)
    assert len(caught) == 1
    assert reason in message
    assert server.url in message
    assert "RECSYS_DATA_DIR" in message
    assert_nothing_half_written()


def test_without_a_network_the_sample_stands_in(server, monkeypatch):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/ml-100k.zip"
    monkeypatch.setitem(datasets.SOURCES, "100k", source(url))
    with pytest.warns(DataUnavailableWarning, match="refused"):
        assert load_movielens().name == "built-in sample"
    assert_nothing_half_written()


def test_a_server_that_falls_silent_is_given_up(server, monkeypatch):
    silence = threading.Event()
    monkeypatch.setattr(datasets, "_TIMEOUT", (0.2, 0.2))
    server.answers = [lambda request: silence.wait(10)]
    with pytest.raises(DataUnavailableError, match="timed out"):
        fetch_movielens("100k")
    silence.set()


@pytest.mark.parametrize(
    ("first_day", "last_day", "trusted", "reason"),
    [(-9, 9, True, None), (-9, -1, True, "certificate has expired"), (-9, 9, False, "self-signed")],
)
def test_certificates_are_verified(
    monkeypatch, tmp_path, first_day, last_day, trusted, reason, server
):
    now = datetime.now(UTC)
    days = [now + timedelta(days=day) for day in (first_day, last_day)]
    certificate = write_certificate(tmp_path / "certificate.pem", *days)
    secure = Server(certificate)
    secure.answers = [send(ARCHIVE)]
    monkeypatch.setitem(datasets.SOURCES, "100k", source(secure.url))
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    if trusted:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    try:
        if reason is None:
            assert len(load_movielens().ratings) == 6
        else:
            with pytest.warns(DataUnavailableWarning, match=reason):
                assert load_movielens().name == "built-in sample"
            assert secure.n_requests == 0
    finally:
        secure.close()


@pytest.mark.parametrize("member", ["../escaped", "ml-100k/../../escaped", "elsewhere/u.data"])
def test_an_archive_that_would_escape_is_refused(server, monkeypatch, member):
    archive = pack({**{f"ml-100k/{n}": c for n, c in FILES["ml-100k"].items()}, member: b"x"}, "")
    monkeypatch.setitem(datasets.SOURCES, "100k", source(server.url, archive))
    server.answers = [send(archive)]
    with pytest.raises(DataUnavailableError, match="member outside ml-100k/"):
        fetch_movielens("100k")
    assert_nothing_half_written()
    assert not list(cache_folder().parent.rglob("escaped"))


def test_of_two_that_race_the_later_keeps_what_the_first_put_there(server):
    def overtaken(request):
        # Beside the target, for only within one file system a folder moves in one step.
        (working_place,) = cache_folder().iterdir()
        assert working_place.name.startswith(".download-")
        winner = cache_folder() / "ml-100k"
        winner.mkdir()
        for name, content in FILES["ml-100k"].items():
            (winner / name).write_bytes(content)
        (winner / "won").touch()
        send(ARCHIVE)(request)

    server.answers = [overtaken]
    assert (fetch_movielens("100k") / "won").exists()
    assert [path.name for path in cache_folder().iterdir()] == ["ml-100k"]


@pytest.mark.parametrize("file", ["u.data", "u.item"])
def test_a_change_in_the_cache_is_an_error(server, file):
    server.answers = [send(ARCHIVE)]
    path = fetch_movielens("100k") / file
    path.write_bytes(path.read_bytes().replace(b"4\t", b"3\t").replace(b"Toy", b"Tow"))
    with pytest.raises(DataFormatError, match=f"{file}: its SHA-256 is .* Delete .*ml-100k"):
        load_movielens()


def test_a_dataset_that_cannot_be_put_in_place_is_said(server, monkeypatch):
    def refuse(source, target):
        raise PermissionError("not allowed")

    server.answers = [send(ARCHIVE)]
    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(DataUnavailableError, match="not allowed"):
        fetch_movielens("100k")
    assert_nothing_half_written()


def test_a_cache_that_cannot_be_written_is_said(server, monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("RECSYS_CACHE_DIR", str(tmp_path / "file"))
    with pytest.raises(DataUnavailableError, match="exists"):
        fetch_movielens("100k")
    assert server.n_requests == 0


# --- A reader's own ratings ---------------------------------------------------------------------

COLUMNS = {"user": "who", "item": "book", "rating": "stars"}


@pytest.fixture
def own(tmp_path):
    def write(text, written_as="utf-8", **options):
        path = tmp_path / "books.csv"
        path.write_bytes(text.encode(written_as))
        return read_ratings_csv(path, **{**COLUMNS, **options})

    return write


def test_own_ratings(own, tmp_path):
    dataset = own(
        "stars,when,who,note,book\n4.5,2024-02-29T12:00:00+09:00,2,,007\n"
        '0.5,2024-02-29 03:00:01,10,"two\nlines, quoted",Düş\n',
        timestamp="when",
        scale=(0.5, 5),
    )
    assert dataset.name == "books"
    assert dataset.folder == tmp_path
    assert dataset.scale == RatingScale(0.5, 5.0)
    ratings = dataset.ratings
    assert ratings.columns.to_list() == ["user_id", "item_id", "rating", "timestamp"]
    assert ratings["user_id"].to_list() == [2, 10]
    assert ratings["item_id"].to_list() == ["007", "Düş"]
    assert ratings["rating"].to_list() == [4.5, 0.5]
    assert ratings["timestamp"].to_list() == [
        pd.Timestamp("2024-02-29 03:00:00"), pd.Timestamp("2024-02-29 03:00:01"),
    ]  # fmt: skip
    assert ratings["timestamp"].dtype == "datetime64[s]"
    assert dataset.items["item_id"].to_list() == ["007", "Düş"]
    assert dataset.items["title"].to_list() == ["007", "Düş"]
    assert dataset.users is None


def test_own_ratings_take_the_scale_from_the_data_and_ids_as_numbers(own):
    dataset = own("who,book,stars\n3,20,1\n\n1,4,10\n")
    assert dataset.scale == (1.0, 10.0)
    assert dataset.ratings["item_id"].dtype == "int64"
    assert dataset.items["item_id"].to_list() == [4, 20]
    assert dataset.items["title"].to_list() == ["4", "20"]
    assert "timestamp" not in dataset.ratings


def test_own_ratings_from_a_spreadsheet(own):
    dataset = own("who;book;stars\nJosé;1;3,5\n", "utf-8-sig", separator=";", decimal=",")
    assert dataset.ratings.to_dict("list") == {"user_id": ["José"], "item_id": [1], "rating": [3.5]}
    dataset = own("who,book,stars\nJosé,1,3\n", "cp1252", encoding="cp1252")
    assert dataset.ratings["user_id"].to_list() == ["José"]


def test_leading_zeros_make_an_id_text(own):
    ratings = own("who,book,stars\n007,7,3\n7,10,4\n").ratings
    assert ratings["user_id"].to_list() == ["007", "7"]
    assert ratings["item_id"].to_list() == [7, 10]


def test_the_fingerprint_of_own_ratings_is_that_of_the_file(own):
    first, second, third = (own(f"who,book,stars\n1,1,{stars}\n") for stars in (3, 4, 3))
    assert first.fingerprint == third.fingerprint != second.fingerprint


@pytest.mark.parametrize(
    "when", ["1998-04-22T23:10:38Z", "1998-04-22 23:10:38", "1998-04-23 01:10:38.5+02:00"]
)
def test_a_timestamp_may_be_a_date(own, when):
    text = f"who,book,stars,when\n1,1,3,{when}\n1,2,3,1998-04-22\n"
    stamps = own(text, timestamp="when").ratings["timestamp"]
    assert stamps.to_list() == [pd.Timestamp("1998-04-22 23:10:38"), pd.Timestamp("1998-04-22")]


def test_a_timestamp_may_be_in_seconds(own):
    ratings = own("who,book,stars,when\n1,1,3,893286638\n", timestamp="when").ratings
    assert ratings["timestamp"][0] == pd.Timestamp("1998-04-22 23:10:38")


def test_an_id_may_read_like_a_missing_value(own):
    assert own("who,book,stars\nNA,null,3\n").ratings.iloc[0].to_list() == ["NA", "null", 3.0]


@pytest.mark.parametrize(("keep", "expected"), [("first", [3.0, 1.0]), ("last", [1.0, 5.0])])
def test_duplicates_are_kept_as_asked(own, keep, expected):
    lines = "who,book,stars\n1,1,3\n2,1,1\n1,1,5\n"
    ratings = own(lines, duplicates=keep).ratings
    assert ratings["rating"].to_list() == expected
    assert ratings.index.to_list() == [0, 1]


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("1,1,3\n2,1,1\n1,1,5\n", {}, r"line 4: book '1' has a rating.*duplicates=\"last\""),
        ("1,1,3\n2,1,6\n", {"scale": (1, 5)}, r"line 3: stars '6' is outside.* 1 to 5.*scale="),
        ("1,1,3\n2,1,three\n", {}, "line 3: stars 'three' is not a number"),
        ('1,1,3\n2,1,"3,5"\n', {}, r"line 3: stars '3,5' is not a number.*decimal="),
        ("1,1,3\n2,1,\n", {}, "line 3: stars '' is not a number"),
        ("1,1,3\n2,1,inf\n", {}, "line 3: stars 'inf' is not a number"),
        ("1,1,3\n2,1\n", {}, "line 3: stars '' is not a number"),
        ("1,1,3\n,1,3\n", {}, "line 3: who '' is missing.*Fill it in"),
        ("1,1,3\n\n2, ,3\n", {}, "line 4: book '' is missing"),
        ("1,1,3\n,,\n2,1,3\n", {}, "line 3: stars '' is not a number"),
        ('"a\nb",1,3\n2,,3\n', {}, "line 4: book '' is missing"),
        ("1,1,3\n2,1,3,4\n", {}, r"in line 3, saw 4.*quotes"),
        ("1,1,3,4\n2,1,3,4\n", {}, r"not a table.*quotes"),
        ('1,"1,3\n', {}, r"not a table.*EOF inside string"),
        ("", {}, "header but no ratings"),
        ("1,1,3\n", {"item": "film"}, r"line 1: there is no column 'film' among .*'book'"),
        ("1,1,3\n", {"separator": ";"}, r"line 1: there is no column 'who'.*separator="),
        ("1,x,3\n", {"timestamp": "book", "scale": (1, 5)}, "line 2: book 'x' is not a date"),
        ("1,1700000000000,3\n", {"timestamp": "book", "scale": (1, 5)}, "milliseconds"),
    ],
)
def test_own_ratings_that_are_refused(own, text, options, message):
    text = "who,book,stars\n" + text
    with pytest.raises(DataFormatError, match=message) as caught:
        own(text, **options)
    assert "books.csv" in str(caught.value)


def test_own_ratings_in_another_encoding_are_refused(own):
    with pytest.raises(DataFormatError, match=r"line 3: the byte 0xe9 is not utf-8\..*encoding="):
        own("who,book,stars\nAna,1,3\nJosé,1,3\n", "cp1252")


def test_options_that_make_no_sense_are_refused(own):
    with pytest.raises(ValueError, match="duplicates is 'all'"):
        own("who,book,stars\n1,1,3\n", duplicates="all")
    with pytest.raises(ValueError, match="scale is"):
        own("who,book,stars\n1,1,3\n", scale=(5, 1))
    with pytest.raises(ValueError, match="separator is '::': it has to be one character"):
        own("who::book::stars\n1::1::3\n", separator="::")


# --- The real files -----------------------------------------------------------------------------


REAL_DATA = os.environ.get("RECSYS_DATA_DIR")


@pytest.fixture
def real_100k():
    for folder in [Path(REAL_DATA), Path(REAL_DATA, "ml-100k")] if REAL_DATA else []:
        if (folder / "u.data").is_file():
            return folder
    pytest.skip("RECSYS_DATA_DIR does not name a folder with MovieLens 100K")


def test_movielens_100k_is_as_published(real_100k):
    dataset = read_movielens(real_100k, "100k")
    datasets._check_official(real_100k, datasets.SOURCES["100k"])
    ratings, items, users = dataset.ratings, dataset.items, dataset.users
    assert (len(ratings), len(items), len(users)) == (100_000, 1682, 943)
    assert ratings["rating"].mean() == pytest.approx(3.529860, abs=1e-9)
    assert ratings["rating"].std() == pytest.approx(1.125674, abs=1e-6)
    assert ratings.iloc[0].to_list()[:3] == [196, 242, 3.0]
    popularity = ratings["item_id"].value_counts()
    assert popularity.iloc[0] == 583
    assert items.set_index("item_id").loc[popularity.index[0], "title"] == "Star Wars (1977)"
    assert items.loc[items["release_date"].isna(), "item_id"].to_list() == [267]
    train, test = official_fold(dataset, 5)
    assert (len(train), len(test)) == (80_000, 20_000)
