"""Points in the plane -> a map to hover over, search and zoom, and the same data as a table.

The map is a document of its own, with Bokeh's script in it: it works without a network, in a
notebook and in the book. Importing this module imports Bokeh.
"""

import html
import json
from importlib import resources

import numpy as np
import pandas as pd
from bokeh.embed import json_item
from bokeh.models import (
    CDSView,
    ColorBar,
    ColumnDataSource,
    FixedTicker,
    HoverTool,
    IndexFilter,
    LogColorMapper,
    Plot,
)
from bokeh.palettes import Viridis256
from bokeh.plotting import figure
from bokeh.resources import Resources
from jinja2 import Template

from .plots import glue

# From green to violet; the paler part of Viridis can hardly be seen on white.
PALETTE = Viridis256[150::-1]
WORDS = {
    "language": "en",
    "title": "Interactive map",
    "search": "Search for a title",
    "zoom_in": "Zoom in",
    "zoom_out": "Zoom out",
    "whole": "Whole map",
}


def show(
    points: pd.DataFrame,
    name: str,
    *,
    x: str = "x",
    y: str = "y",
    label: str = "title",
    colour: str = "ratings",
) -> None:
    """Display a map of `points`, one per row, and below it the same data as a table.

    Columns `x` and `y` are the places, `label` is what a search looks for and writes on the map,
    and `colour` a count, shown on a logarithmic scale; every other column can be read where the
    mouse hovers. A page finds the map under `name` and the table under `name`-table, by MyST-NB's
    `glue`. Raises ValueError without points, for a column that is missing or there twice, a place
    that is not finite and a count that is not positive and finite.
    """
    _check(points, x, y, label, colour)
    points = points.assign(**{axis: _shortened(points[axis]) for axis in (x, y)})
    document, table = _document(points, x, y, label, colour), f"{name}-table"
    for content, under in ((_frame(document), name), (_table(points, table), table)):
        glue({"text/html": content, "text/plain": f"<{under}>"}, under)


def _check(points: pd.DataFrame, x: str, y: str, label: str, colour: str) -> None:
    if points.empty:
        raise ValueError("there is no point to show: the table has no rows")
    twice = points.columns[points.columns.duplicated()]
    if len(twice):
        raise ValueError(f"the table has two columns {twice[0]!r}: rename one of them")
    missing = [column for column in (x, y, label, colour) if column not in points]
    if missing:
        raise ValueError(f"there is no column {missing[0]!r}, but the columns {list(points)}")
    for axis in (x, y):
        broken = ~np.isfinite(points[axis].to_numpy(dtype=float, na_value=np.nan))
        if broken.any():
            raise ValueError(
                f"{axis!r} of {points[label][broken].iloc[0]!r} is {points[axis][broken].iloc[0]}: "
                "leave out what has no place on the map"
            )
    counts = points[colour].to_numpy(dtype=float, na_value=np.nan)
    counted = (counts > 0) & (counts < np.inf)
    if not counted.all():
        raise ValueError(
            f"{colour!r} of {points[label][~counted].iloc[0]!r} is "
            f"{points[colour][~counted].iloc[0]}, and has no place on a logarithmic scale: "
            "show only what has been counted"
        )


def _shortened(places: pd.Series) -> pd.Series:
    # A thousandth of the map, or less: finer than a pixel. Digits are what weighs most.
    places = places.astype(float)
    span = places.max() - places.min() or 1
    return places.round(4 - int(np.ceil(np.log10(span))))


def _document(points: pd.DataFrame, x: str, y: str, label: str, colour: str) -> str:
    template = Template((resources.files(__package__) / "map.html").read_text(encoding="utf-8"))
    return template.render(
        # The core alone, a third of Bokeh; what follows it would only write to the console.
        bokeh=Resources(mode="inline", components=["bokeh"]).js_raw[0],
        plot=_embedded(json_item(_plot(points, x, y, label, colour))),
        columns=_embedded({"x": x, "y": y, "label": label}),
        words=_embedded(WORDS),
    )


def _embedded(content: object) -> str:
    # Inside of a script a browser looks for nothing but its end, which a title could contain.
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def _plot(points: pd.DataFrame, x: str, y: str, label: str, colour: str) -> Plot:
    plot = figure(
        sizing_mode="stretch_both",
        match_aspect=True,
        toolbar_location=None,
        tools="pan,wheel_zoom",
        active_scroll="wheel_zoom",
        outline_line_color=None,
        min_border=10,
    )
    plot.axis.visible = False  # how near points are has a meaning, where they are has none
    plot.grid.visible = False
    source = ColumnDataSource({name: _listed(values) for name, values in points.items()})
    low, high = float(points[colour].min()), float(points[colour].max())
    colours = LogColorMapper(palette=PALETTE, low=low, high=high)
    mark = {"x": x, "y": y, "fill_color": {"field": colour, "transform": colours}}
    every = plot.scatter(
        **mark, source=source, size=7, fill_alpha=0.8, line_color=None, name="points"
    )
    # What a search finds: the script of map.html fills in which points, and where their titles go.
    titles = ("x", "y", "text", "anchor", "x_offset", "y_offset")
    plot.text(
        **{field: field for field in titles},
        source=ColumnDataSource({field: [] for field in titles}),
        text_font_size="14px",
        background_fill_color="white",
        background_fill_alpha=0.8,
        name="titles",
    )
    nothing = CDSView(filter=IndexFilter([]))
    plot.scatter(**mark, source=source, view=nothing, size=13, line_color="black", name="found")
    read = [(name, f"@{{{name}}}") for name in points if name not in (x, y)]
    plot.add_tools(HoverTool(tooltips=read, renderers=[every], limit=2))
    ticks = FixedTicker(ticks=[digit * 10**power for power in range(6) for digit in (1, 2, 5)])
    bar = ColorBar(color_mapper=colours, title=colour, height=8, ticker=ticks)
    plot.add_layout(bar, "below")
    return plot


def _listed(values: pd.Series) -> list:
    # Numbers as they are, so that colours can be made of them; the rest as text, "" where missing.
    if pd.api.types.is_numeric_dtype(values) and not values.hasnans:
        return values.tolist()
    return [_text(value) for value in values]


def _text(value: object) -> str:
    if pd.isna(value):
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _frame(document: str) -> str:
    content = html.escape(document)
    # As high as it is wide on a phone, so that the page can be touched above and below it.
    size = "border:0;width:100%;height:clamp(26rem,90vw,38rem)"
    return f'<iframe srcdoc="{content}" title="{WORDS["title"]}" style="{size}"></iframe>'


def _table(points: pd.DataFrame, name: str) -> str:
    size, shape = "max-height:24rem;overflow:auto", f"{len(points)} × {len(points.columns)}"
    head = "".join(f'<th scope="col">{html.escape(str(column))}</th>' for column in points)
    rows = "\n".join(f"<tr>{_cells(row)}</tr>" for row in points.itertuples(index=False))
    return (
        f'<div role="region" aria-labelledby="{name}" tabindex="0" style="{size}">'
        f'<table class="dataframe"><caption id="{name}">{shape}</caption>\n'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody></table></div>"
    )


def _cells(row: tuple) -> str:
    first, *others = (html.escape(_text(value)) for value in row)
    return f'<th scope="row">{first}</th>' + "".join(f"<td>{text}</td>" for text in others)
