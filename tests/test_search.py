"""What of a page the search index holds; tests/test_search_browser.py asks the built one for it."""

import json
from types import SimpleNamespace

import pytest
from docutils import nodes
from sphinx.search import js_index
from sphinx.util.docutils import new_document

from book._site.search import (
    OFTEN,
    CourseLanguage,
    SearchEnglish,
    SearchKorean,
    SearchSpanish,
    SearchTurkish,
    SectionIndex,
    bare,
    weighted_texts,
)


def terms(language, text):
    search = language({})
    return {search.stem(word) for word in search.split(text)}


def meet(language, word, text):
    """Whether a page with this text is filed under what the browser makes of this word."""
    return bool(terms(language, word)) and terms(language, word) <= terms(language, text)


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("시드", "시드를 고정하면 같은 결과가 나와요."),
        ("시드는", "시드를 고정하면"),
        ("시스템", "추천 시스템에서는"),
        ("추천", "영화를 추천해 보세요."),
        ("추천하는", "추천된 영화"),
        ("사용자들의", "사용자"),
        ("값", "이 값을 보세요."),
        ("찾는", "이웃을 찾으려면"),
        ("rmse", "RMSE를 계산해요."),
        ("RMSE가", "RMSE와 MAE"),
        ("u1", "u1의 테스트 데이터"),
        ("embeddings", "임베딩(embedding)"),
    ],
)
def test_korean_words_are_found_without_particles_and_endings(word, text):
    assert meet(SearchKorean, word, text)


def test_a_korean_particle_after_latin_letters_is_no_word():
    assert terms(SearchKorean, "값을 RMSE로") == {"값", "rmse"}


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("ilk", "İlk bakış"),
        ("isik", "Işık"),
        ("IÇ ÇARPIM", "iç çarpım"),
        ("puanları", "Puanlar"),
        ("puan", "puanların"),
        ("kullanıcıların", "kullanıcı"),
        ("gommeler", "gömmelerden"),
        ("yanlılığı", "yanlılık"),
        ("doldurma", "doldurmak"),
        ("ağı", "ağlar"),
        ("internetsiz", "internet"),
        ("RMSE'si", "RMSE"),
        ("Keras'ta", "Keras"),
    ],
)
def test_turkish_words_are_found_without_suffixes_and_accents(word, text):
    assert meet(SearchTurkish, word, text)


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("prediccion", "La predicción"),
        ("predicciones", "La predicción"),
        ("factorizacion", "factorizaciones"),
        ("tamano", "El tamaño"),
        ("autoencoders", "un autoencoder"),
        ("matrix factorization", "matrix factorisation"),
    ],
)
def test_spanish_words_are_found_with_and_without_accents(word, text):
    assert meet(SearchSpanish, word, text)


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("factorization", "factorisation"),
        ("regularized", "regularise"),
        ("center", "Centring"),
        ("neighborhood", "neighbours"),
        ("matrices", "the matrix"),
        ("tsne", "t-SNE"),
        ("topn", "top-N"),
        ("models", "the model's error"),
        ("split random", "split_random"),
    ],
)
def test_english_words_are_found_however_they_are_spelt(word, text):
    assert meet(SearchEnglish, word, text)


def test_a_ranking_is_not_a_rank_and_a_rating_not_a_rate():
    assert not meet(SearchEnglish, "ranking", "rank")
    assert not meet(SearchEnglish, "ratings", "the learning rate")


@pytest.mark.parametrize("language", [SearchEnglish, SearchSpanish, SearchTurkish, SearchKorean])
def test_numbers_letters_and_words_that_say_nothing_are_left_out(language: type[CourseLanguage]):
    said_by_all = " ".join(language.stopwords)
    assert language({}).split(f"0.93 100 x {said_by_all}") == []


def test_a_stem_that_looks_like_a_word_that_says_nothing_is_kept():
    assert terms(SearchTurkish, "sızıntı") == {"siz"}
    assert terms(SearchTurkish, "siz") == set()


def test_bare():
    assert bare("ığüşöçİI") == "igusocii"
    assert bare("Ñandú") == "nandu"
    assert bare("평점") == "평점"


def section(id_, heading, *content):
    return nodes.section("", nodes.title("", heading), *content, ids=[id_])


def paragraph(text):
    return nodes.paragraph("", text)


@pytest.fixture
def index():
    """An index of a page about maps, with a section about colours, in English."""
    parts = "titles filenames mapping title_mapping all_titles index_entries objtypes objnames"
    empty = {f"_search_index_{part}": {} for part in parts.split()}
    env = SimpleNamespace(version={}, domains={}, **empty)
    index = SectionIndex(env, "en", {}, "")
    index.lang = SearchEnglish({})
    page = new_document("")
    output = nodes.container("", paragraph("Titanic"), nb_element="cell_code_output")
    code = nodes.literal_block("", "scatter " * OFTEN)
    colours = section("map-colours", "Colours", paragraph("Blue is calm."), code)
    loose = nodes.section("", paragraph("A task without a heading."))  # of sphinx-exercise
    page += section("map", "A map", paragraph("Towns, " * OFTEN), output, loose, colours)
    index.feed("04_map", "04_map.md", "A map", page)
    return index


def test_a_section_is_a_document_of_the_index(index):
    frozen = index.freeze()
    assert frozen["docnames"] == ("04_map", "04_map#map-colours")
    assert frozen["titles"] == ("A map", "Colours")
    assert frozen["terms"]["task"] == 0
    assert frozen["terms"]["blue"] == 1
    assert "titan" not in frozen["terms"], "the output of a cell is not text"


def test_headings_and_what_is_said_often_count_for_more_but_not_code(index):
    frozen = index.freeze()
    assert frozen["titleterms"] == {"map": 0, "town": 0, "color": 1}
    assert frozen["terms"]["scatter"] == 1


def test_the_first_cells_of_a_row_are_what_it_is_about():
    row = nodes.row("", *(nodes.entry("", paragraph(text)) for text in ("rango", "rank", "número")))
    assert dict(weighted_texts(row)) == {"rango": OFTEN, "rank": OFTEN, "número": 1}


def test_an_index_is_read_again_and_loses_the_pages_that_are_gone(index, tmp_path):
    file = tmp_path / "searchindex.js"
    with file.open("w", encoding="utf-8") as stream:
        index.dump(stream, js_index)
    with file.open(encoding="utf-8") as stream:
        index.load(stream, js_index)
    before = index.freeze()
    index.prune(["04_map"])
    assert index.freeze() == before
    index.prune([])
    assert index._titles == {}


def test_letters_are_written_as_they_are(index, tmp_path):
    file = tmp_path / "searchindex.js"
    index._titles["04_map"] = "지도"
    with file.open("w", encoding="utf-8") as stream:
        index.dump(stream, js_index)
    text = file.read_text(encoding="utf-8")
    assert "지도" in text
    assert json.loads(text.removeprefix(js_index.PREFIX).removesuffix(js_index.SUFFIX))
