"""The site is light: what its pages weigh on their way, and what they do not load."""

import base64
import gzip
import re
from io import BytesIO

import numpy as np
import pytest
from built_site import CHAPTERS, SITE, chromium, pages, require_site
from fontTools.ttLib import TTFont
from PIL import Image
from weight import own_weight, reader

from book._site import figures
from book._site.icons import SHEET, glyphs_of
from book._site.languages import LANGUAGES
from book._site.lean import SEARCH_TOOLS, without

FIRST_VISIT, NEXT_PAGE = 700, 250  # kB, of which 1000 bytes are one
BRANDS = {0xF09B, 0xF296}  # the marks of GitHub and GitLab, for links that the course has not

needs_site = pytest.mark.skipif(
    not (SITE / "index.html").exists(), reason="no built site: run `jupyter-book build .` first"
)
each_language = pytest.mark.parametrize("language", LANGUAGES)


# What is transferred


@pytest.fixture(scope="module")
def browser():
    require_site()
    with chromium() as browser:
        yield browser


@each_language
def test_the_heaviest_chapter_is_light_to_its_end(browser, language):
    """All chapters share everything but their text and figures: the others are lighter still."""
    heaviest = max(CHAPTERS, key=lambda chapter: own_weight(SITE / language / f"{chapter}.html"))
    with reader(browser, language) as visitor:
        first = visitor.weigh(heaviest)
    with reader(browser, language) as visitor:
        visitor.weigh(CHAPTERS[CHAPTERS.index(heaviest) - 1])
        following = visitor.weigh(heaviest)
    assert following.opened < first.opened < first.read <= FIRST_VISIT, heaviest
    assert following.opened < following.read <= NEXT_PAGE, heaviest


def test_what_is_weighed_was_compressed_and_kept(tmp_path, browser):
    """Two pages with the same image below the window, known to the byte."""
    (tmp_path / "en").mkdir()
    image = '<div style="height:5000px"></div><img src="i.webp" loading="lazy" width=9 height=9>'
    page = f'<!DOCTYPE html><link rel="icon" href="data:,">{"words " * 9000}{image}'
    for name in ("first", "second"):
        (tmp_path / "en" / f"{name}.html").write_text(page, encoding="utf-8")
    noise = np.random.default_rng(0).integers(0, 256, (130, 130, 3)).astype(np.uint8)
    Image.fromarray(noise).save(tmp_path / "en" / "i.webp", lossless=True)
    figure = (tmp_path / "en" / "i.webp").stat().st_size / 1000
    text = len(gzip.compress(page.encode())) / 1000
    with reader(browser, "en", tmp_path) as visitor:
        first, second = visitor.weigh("first"), visitor.weigh("second")
    assert first == (pytest.approx(text, abs=0.5), pytest.approx(text + figure, abs=1))
    assert second == (pytest.approx(text, abs=0.5), pytest.approx(text, abs=0.5))


def test_of_a_figure_that_there_is_twice_the_smaller_one_weighs(tmp_path):
    page = tmp_path / "page.html"
    both = '<picture><source srcset="_images/a.avif" type="image/avif"><img src="_images/a.webp">'
    page.write_text(f'{both}</picture><img width="9" src="_images/b.webp">', encoding="utf-8")
    (tmp_path / "_images").mkdir()
    for name, size in {"a.avif": 10, "a.webp": 100, "b.webp": 1000}.items():
        (tmp_path / "_images" / name).write_bytes(bytes(size))
    assert own_weight(page) == len(gzip.compress(page.read_bytes(), 6)) + 1010


# What is not loaded


@needs_site
@each_language
def test_a_page_loads_the_script_of_formulas_only_for_formulas(language):
    """Its own, or those of the chapters after the preface: it is there when the reader comes."""
    having = set()
    for page in pages(language):
        text = page.read_text(encoding="utf-8")
        has_formulas = bool(re.search(r'class="[^"]*\bmath\b', text)) or page.stem == "index"
        assert ("mathjax/startup.js" in text) == has_formulas, page.name
        having.add(has_formulas)
    assert having == {True, False}


@needs_site
@each_language
def test_only_the_page_of_results_loads_the_index_of_the_search(language):
    for page in pages(language):
        loaded = re.findall(r'<script[^>]*src="([^"?]*)', page.read_text(encoding="utf-8"))
        tools = [script for script in loaded if script.endswith(SEARCH_TOOLS)]
        assert len(tools) == (3 if page.name == "search.html" else 0), page.name


def test_a_tag_is_taken_out_by_the_name_of_its_script():
    wanted = '<script src="a.js"></script>\n<script>let searchindex;</script>'
    unwanted = '<script defer src="../_static/searchindex.js?v=1"></script>\n'
    assert without(unwanted + wanted, "searchindex.js") == wanted


@needs_site
def test_nothing_of_the_themes_developers_and_translators_is_in_the_site():
    left = [*SITE.rglob("*.map"), *SITE.rglob("*.mo"), *SITE.rglob("*fontawesome*.js*")]
    assert left == []


# Icons


@needs_site
@each_language
def test_icons_are_the_few_letters_of_one_font(language):
    static = SITE / language / "_static"
    sheet = (static / SHEET).read_text(encoding="utf-8")
    (content,) = re.findall(r"url\(data:font/woff;base64,([^)]*)\)", sheet)
    letters = TTFont(BytesIO(base64.b64decode(content))).getBestCmap()
    assert len(letters) < 60
    assert not list(static.rglob("fa-*.woff*")) + list(static.rglob("fa-*.ttf"))
    assert "webfonts" not in sheet
    for style in static.rglob("*.css"):
        assert set(glyphs_of(style)) - set(letters) <= BRANDS, style.name


@needs_site
@each_language
def test_every_icon_of_a_page_has_its_letter(language):
    sheet = (SITE / language / "_static" / SHEET).read_text(encoding="utf-8")
    drawn = set(re.findall(r"\.(fa-[a-z0-9-]+):before", sheet)) | {"fa-solid", "fa-lg"}
    for page in pages(language):
        classes = re.findall(r'class="([^"]*)"', page.read_text(encoding="utf-8"))
        used = {name for names in classes for name in names.split() if name.startswith("fa-")}
        assert used, page.name
        assert used <= drawn, page.name


# Figures


SMALLER = r'<picture><source srcset="(_images/[^"]+)" type="image/avif"><img [^>]*src="([^"]+)"'


@needs_site
@each_language
def test_figures_are_light_and_have_their_place_before_they_come(language):
    n_figures = 0
    for page in pages(language):
        tags = re.findall(r'<img [^>]*src="_images/[^>]*>', page.read_text(encoding="utf-8"))
        for number, tag in enumerate(tags):
            attributes = dict(re.findall(r'([a-z]+)="([^"]*)"', tag))
            image = Image.open(page.parent / attributes["src"])
            assert image.format == "WEBP", tag
            assert (int(attributes["width"]), int(attributes["height"])) == image.size
            assert attributes.get("loading") == ("lazy" if number else None), tag
            n_figures += 1
    assert n_figures > 20
    n_smaller = 0
    for page in pages(language):
        text = page.read_text(encoding="utf-8")
        for smaller, whole in re.findall(SMALLER, text):
            sizes = [(page.parent / file).stat().st_size for file in (smaller, whole)]
            assert sizes[0] < sizes[1], whole
            n_smaller += 1
    assert n_smaller > 0
    assert not list((SITE / language / "_images").glob("*.png"))


@pytest.fixture
def png(tmp_path, monkeypatch):
    """Return what writes an array as a PNG file, which then is to be made light."""
    monkeypatch.setattr(figures, "FOLDER", tmp_path / "light")

    def write(pixels):
        Image.fromarray(pixels).save(tmp_path / "figure.png")
        return tmp_path / "figure.png"

    return write


def test_a_small_figure_keeps_every_pixel(png):
    pixels = np.zeros((40, 60, 3), dtype=np.uint8)
    pixels[10:20, 5:] = (0, 114, 178)
    (file,) = figures.light(png(pixels))
    assert file.suffix == ".webp"
    assert np.array_equal(np.asarray(Image.open(file).convert("RGB")), pixels)


def test_a_figure_without_ground_gets_a_white_one(png):
    (file,) = figures.light(png(np.zeros((4, 4, 4), dtype=np.uint8)))
    assert np.all(np.asarray(Image.open(file).convert("RGB")) == 255)


def test_a_figure_that_would_be_large_loses_what_nobody_sees(png):
    pixels = np.random.default_rng(0).integers(90, 110, (300, 300, 3)).astype(np.uint8)
    pixels[:, :150, 0] += 100
    whole, file = figures.light(png(pixels))
    assert np.array_equal(np.asarray(Image.open(whole).convert("RGB")), pixels)
    assert (whole.suffix, file.suffix) == (".webp", ".avif")
    assert file.stat().st_size < figures.LIMIT
    seen = np.asarray(Image.open(file).convert("RGB")).astype(int)
    assert abs(seen - pixels).mean() < 8


def test_a_figure_is_made_light_once(png):
    source = png(np.zeros((4, 4, 3), dtype=np.uint8))
    (file,) = figures.light(source)
    file.write_bytes(b"made")
    assert figures.light(source)[0].read_bytes() == b"made"
    assert figures.light(png(np.ones((4, 4, 3), dtype=np.uint8))) != [file]
