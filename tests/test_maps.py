"""The interactive map: what it shows, what it refuses, and how it becomes a file of the site."""

import gzip
import html
import json
import re

import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from map_page import build, displayed, points

from book._site.languages import LANGUAGES
from book._site.maps import translate
from recsys_helpers import maps

TINY = pd.DataFrame(
    {
        "title": ["</script>", "b"],
        "x": [0.0, 12.3456],
        "y": [-1.0, 0.123456],
        "ratings": [1, 583],
        "year": pd.array([1995, None], dtype="Int64"),
        "mean": [3.0, np.nan],
    }
)


def document_of(output):
    frame = BeautifulSoup(output["data"]["text/html"], "html.parser").iframe
    return frame["srcdoc"]


def content(document, id_):
    return json.loads(BeautifulSoup(document, "html.parser").find(id=id_).string)


def models(node):
    """Every model of a plot, wherever in its tree."""
    if isinstance(node, dict):
        if "id" in node and "attributes" in node:
            yield node
        node = list(node.values())
    for child in node if isinstance(node, list) else []:
        yield from models(child)


def source_of(plot):
    """The columns of the points."""
    sources = [m["attributes"]["data"] for m in models(plot) if m["name"] == "ColumnDataSource"]
    (columns,) = (dict(data["entries"]) for data in sources if "title" in dict(data["entries"]))
    return columns


@pytest.fixture(scope="module")
def shown():
    return displayed(TINY)


def test_a_map_and_its_table_are_found_by_their_names(shown):
    assert [output["metadata"]["scrapbook"]["name"] for output in shown] == [
        "fig-map",
        "fig-map-table",
    ]
    assert all(output["data"]["text/plain"] for output in shown)


def test_the_map_holds_every_column(shown):
    columns = source_of(content(document_of(shown[0]), "plot"))
    assert columns == {
        "title": ["</script>", "b"],
        "x": [0, 12.35],  # 12.3456 wide, so two digits are a thousandth of it
        "y": [-1, 0.123],  # 1.123456 high, so three are
        "ratings": [1, 583],
        "year": ["1995", ""],
        "mean": ["3", ""],
    }


def test_the_scale_of_colours_has_several_numbers_however_short_it_is():
    table = TINY.assign(ratings=[20, 460])
    plot = content(document_of(displayed(table)[0]), "plot")
    (ticks,) = (m["attributes"]["ticks"] for m in models(plot) if m["name"] == "FixedTicker")
    assert [tick for tick in ticks if 20 <= tick <= 460] == [20, 50, 100, 200]
    mappers = [m["attributes"] for m in models(plot) if m["name"] == "LogColorMapper"]
    assert {(mapper["low"], mapper["high"]) for mapper in mappers} == {(20, 460)}


def test_a_tooltip_shows_what_is_not_a_place(shown):
    plot = content(document_of(shown[0]), "plot")
    (hover,) = (m["attributes"] for m in models(plot) if m["name"] == "HoverTool")
    assert hover["tooltips"] == [
        [name, f"@{{{name}}}"] for name in ("title", "ratings", "year", "mean")
    ]


def test_the_table_holds_the_same(shown):
    table = BeautifulSoup(shown[1]["data"]["text/html"], "html.parser")
    rows = [[cell.text for cell in row.select("th, td")] for row in table.select("tr")]
    assert rows == [
        ["title", "x", "y", "ratings", "year", "mean"],
        ["</script>", "0", "-1", "1", "1995", "3"],
        ["b", "12.35", "0.123", "583", "", ""],
    ]
    assert [cell["scope"] for cell in table.select("th")] == ["col"] * 6 + ["row"] * 2
    assert table.find(id=table.div["aria-labelledby"]).text == "2 × 6"
    assert table.div["tabindex"] == "0"  # it scrolls: the keyboard must be able to


def test_columns_may_have_other_names():
    table = TINY.rename(columns={"x": "first", "y": "second", "title": "name", "ratings": "n"})
    names = {"x": "first", "y": "second", "label": "name", "colour": "n"}
    document = document_of(displayed(table, **names)[0])
    assert content(document, "columns") == {"x": "first", "y": "second", "label": "name"}
    colours = re.findall(r'"fill_color":\{[^}]*"field":"(\w+)"', document)
    assert set(colours) == {"n"}
    assert '"tooltips":[["name","@{name}"],["n","@{n}"],["year","@{year}"],' in document


def test_a_column_may_have_any_name():
    table = displayed(TINY.rename(columns={"mean": "<b> & more"}))[1]["data"]["text/html"]
    heads = BeautifulSoup(table, "html.parser").select("thead th")
    assert heads[-1].decode_contents() == "&lt;b&gt; &amp; more"


def test_the_input_stays_as_it_was():
    table = TINY.copy()
    displayed(table)
    pd.testing.assert_frame_equal(table, TINY)


def test_one_point_is_a_map_too():
    columns = source_of(content(document_of(displayed(TINY[1:])[0]), "plot"))
    assert columns["x"] == [12.3456]


def test_the_same_points_make_the_same_map_but_for_the_ids():
    first, second = (source_of(content(document_of(displayed(TINY)[0]), "plot")) for _ in range(2))
    assert first == second


def test_a_document_loads_nothing(shown):
    page = BeautifulSoup(document_of(shown[0]), "html.parser")
    assert page.select("[src], [href], link, img, iframe") == []
    scripts = [script.string for script in page.select("script")]
    assert "Bokeh" in scripts[0]
    assert not any("//" in re.sub(r"// .*", "", script) for script in scripts[1:])


def test_colours_get_darker_and_can_be_seen_on_white():
    """WCAG asks for a contrast of 3 for what is drawn."""

    def luminance(colour):
        channels = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
        linear = np.where(channels > 0.04045, ((channels + 0.055) / 1.055) ** 2.4, channels / 12.92)
        return linear @ [0.2126, 0.7152, 0.0722]

    lightness = np.array([luminance(colour) for colour in maps.PALETTE])
    assert (np.diff(lightness[::10]) < 0).all()  # neighbours differ by rounding, too
    assert 1.05 / (lightness[0] + 0.05) >= 3


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (TINY[:0], "no point to show"),
        (TINY.drop(columns="ratings"), r"no column 'ratings', but the columns \['title', 'x'"),
        (TINY.rename(columns={"mean": "x"}), "two columns 'x': rename"),
        (TINY.assign(y=[0, np.inf]), "'y' of 'b' is inf: leave out"),
        (TINY.assign(x=pd.array([None, 1.0], dtype="Float64")), "'x' of '</script>' is <NA>"),
        (TINY.assign(ratings=[0, 1]), "'ratings' of '</script>' is 0, .* what has been counted"),
        (TINY.assign(ratings=[1, np.nan]), "'ratings' of 'b' is nan"),
        (TINY.assign(ratings=[1, np.inf]), "'ratings' of 'b' is inf"),
    ],
)
def test_what_cannot_be_shown_is_refused(table, message):
    with pytest.raises(ValueError, match=message):
        displayed(table)


# The site


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    return build(tmp_path_factory.mktemp("maps"), "tr", points())


def map_file(page):
    frame = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser").iframe
    return page.parent / frame["src"]


def test_the_site_has_a_map_in_a_file_of_its_own(page):
    text = page.read_text(encoding="utf-8")
    frame = BeautifulSoup(text, "html.parser").iframe
    assert "srcdoc" not in text
    assert frame["title"] == "Etkileşimli harita"
    assert frame["loading"] == "lazy"
    assert "height" in frame["style"]
    assert len(text) < 100_000
    assert len(gzip.compress(map_file(page).read_bytes())) < 450_000


def test_a_map_waits_in_a_closed_bar_that_says_what_it_weighs(page):
    bar = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser").iframe.parent
    weight = len(gzip.compress(map_file(page).read_bytes())) / 1000
    assert (bar.name, bar.has_attr("open")) == ("details", False)
    title, kilobytes = re.fullmatch(r"(.*) \((\d+) kB\)", bar.summary.text).groups()
    assert title == "Etkileşimli harita"
    assert float(kilobytes) == pytest.approx(weight, abs=6)


def test_map_and_table_of_a_page_hold_the_same_rows(page):
    table = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser").select("tbody th")
    columns = source_of(content(map_file(page).read_text(encoding="utf-8"), "plot"))
    assert columns["title"] == [cell.text for cell in table] == list(points()["title"])


def test_a_map_of_the_site_differs_from_that_of_the_notebook_in_its_words_only(page):
    document = map_file(page).read_text(encoding="utf-8")
    words = content(document, "words")
    assert words == {"language": "tr", **LANGUAGES["tr"]["map"]}
    original = document_of(displayed(points())[0])
    blank = [re.sub(r'(id="words">)[^<]*', r"\1", text) for text in (document, original)]
    ids = [re.sub(r'"p\d+"', '"p"', text) for text in blank]
    assert ids[0] == ids[1]


def test_every_language_has_the_words_of_the_map():
    assert {"language": "en", **LANGUAGES["en"]["map"]} == maps.WORDS
    for texts in LANGUAGES.values():
        assert texts["map"].keys() == LANGUAGES["en"]["map"].keys()
        assert all(texts["map"].values())


def test_a_map_without_a_place_for_words_is_refused():
    with pytest.raises(ValueError, match="0 places for its words"):
        translate(html.escape("<html></html>"), "tr")
