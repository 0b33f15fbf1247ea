"""What of a page the search index holds; tests/test_browser.py asks the built index for it."""

import re

import pytest

from book._site.search import SearchKorean, SearchSpanish, SearchTurkish, unaccented


def terms(language, text):
    """The terms under which Sphinx files a page with this text."""
    search = language({})
    stems = [search.stem(word).lower() for word in search.split(text)]
    return {stem for stem in stems if search.word_filter(stem)}


def is_found(language, word, text):
    return language({}).stem(word) in terms(language, text)


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("시드", "시드를 고정하면 같은 결과가 나와요."),
        ("시드를", "시드를 고정하면"),
        ("시스템", "추천 시스템에서는"),
        ("필터링", "협업필터링"),
        ("값", "이 값을 보세요."),
        ("행", "행과 열"),
        ("rmse", "RMSE를 계산해요."),
        ("u1", "u1의 테스트 데이터"),
    ],
)
def test_korean_words_are_found_without_their_particles_and_within_compounds(word, text):
    assert is_found(SearchKorean, word, text)


def test_korean_index_holds_nothing_that_the_page_has_not():
    assert terms(SearchKorean, "값을 RMSE로") == {"값", "값을", "rmse", "로"}
    assert terms(SearchKorean, "행렬은") == {"행렬", "렬은", "행렬은"}


def test_korean_queries_lose_a_particle_but_keep_two_syllables():
    pattern = re.search(r"/(\^.+\$)/", SearchKorean.js_stemmer_code)[1]
    words = ("시드를", "시스템에서는", "데이터", "결과", "값을")
    stems = [re.sub(pattern, r"\1", word) for word in words]
    assert stems == ["시드", "시스템", "데이터", "결과", "값을"]
    for word, stem in zip(words, stems, strict=True):
        assert is_found(SearchKorean, stem, word)


@pytest.mark.parametrize(
    ("word", "text"),
    [("ilk", "İlk bakış"), ("ışık", "Işık"), ("isik", "Işık"), ("item", "Item"), ("id", "ID")],
)
def test_turkish_capitals_are_lowered_as_in_turkish_but_those_of_english_as_in_english(word, text):
    assert is_found(SearchTurkish, word, text)


def test_turkish_index_has_no_combining_dot():
    """Python's own "İlk".lower() is "i̇lk", with a dot of its own that no query has."""
    assert not any("\u0307" in term for term in terms(SearchTurkish, "İlk İki İÇİN"))


def test_english_words_in_turkish_keep_their_i():
    assert terms(SearchTurkish, "Item ID") == {SearchTurkish({}).stem("item"), "id"}


@pytest.mark.parametrize("word", ["predicción", "prediccion", "tamaño", "tamano"])
def test_spanish_words_are_found_with_and_without_their_accents(word):
    assert is_found(SearchSpanish, word, "La predicción del tamaño")


def test_unaccented_words():
    assert unaccented("ığüşöç") == "igusoc"
    assert unaccented("ñandú") == "nandu"
    assert unaccented("평점") == "평점"
