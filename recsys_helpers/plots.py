"""Data -> figure: the cosmetics of every plot, with no words in it beyond standard terms.

The same image serves four languages, so an axis carries a symbol, a number or a code name (`user`,
`item`, `rating`, RMSE); the caption and the alternative text are prose and belong to the page.
"""

import base64
import io
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from IPython.display import display
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import LogLocator, MaxNLocator, ScalarFormatter
from numpy.typing import ArrayLike

# Okabe and Ito's palette: told apart by colour-blind readers, dark enough on white.
# Source: https://jfly.uni-koeln.de/color/
BLUE, ORANGE, GREEN, PURPLE, GREY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#595959"
COLOURS = (BLUE, ORANGE, GREEN, PURPLE, GREY)
MARKERS = ("o", "s", "^", "D", "v")
DASHES = ("--", "-.", ":")
# As wide as a column of text, so that letters come out as large as those of the text around them;
# in twice the resolution of a laptop, so that they are sharp on a phone, too.
SIZE = (5.5, 3.2)  # inches
DPI = 200


def show(figure: Figure, name: str) -> None:
    """Display a figure under its cell, and under `name` wherever the page wants it."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI)
    image = base64.b64encode(buffer.getvalue()).decode("ascii")
    # No height: on a narrow screen the image shrinks in proportion.
    size = {"width": round(100 * figure.get_figwidth())}
    glue({"image/png": image, "text/plain": f"<figure: {name}>"}, name, {"image/png": size})


def glue(content: Mapping[str, str], name: str, metadata: Mapping | None = None) -> None:
    """Display `content`, a text for each mime type, where a page can also place it by its name.

    The output carries the metadata by which MyST-NB's `glue` finds it; a live notebook ignores them
    and shows the content. Source: https://myst-nb.readthedocs.io (Embed outputs).
    """
    scrapbook = {"name": name, "mime_prefix": ""}
    display(content, raw=True, metadata={**(metadata or {}), "scrapbook": scrapbook})


def bars(labels: Sequence, heights: ArrayLike, *, x: str, y: str, sideways: bool = False) -> Figure:
    """Draw one bar per label, its height written at its end with at most three digits.

    Drawn `sideways`, from the top down, there is room for long labels, and `x` is still the name
    of the labels.
    """
    labels = [str(label) for label in labels]
    if sideways:
        axes = _axes(y, x, size=(SIZE[0], 0.8 + 0.27 * len(labels)))
        drawn = axes.barh(labels, heights, color=BLUE)
        axes.invert_yaxis()
    else:
        axes = _axes(x, y)
        drawn = axes.bar(labels, heights, color=BLUE)
    axes.bar_label(drawn, fmt="{:.3g}", padding=2)
    axes.margins(**{"x" if sideways else "y": 0.12})
    return axes.figure


def histogram(values: ArrayLike, *, x: str, y: str, bins: int | ArrayLike = 50) -> Figure:
    """Draw how often the values fall into each bin; missing values are left out."""
    values = np.asarray(values, dtype=float)
    axes = _axes(x, y)
    axes.hist(values[~np.isnan(values)], bins=bins, color=BLUE, edgecolor="white", linewidth=0.3)
    return axes.figure


def ranked(counts: ArrayLike, *, x: str, y: str) -> Figure:
    """Draw counts from the largest to the smallest, both axes logarithmic (a long tail)."""
    counts = np.sort(np.asarray(counts))[::-1]
    axes = _axes(x, y)
    axes.loglog(np.arange(1, len(counts) + 1), counts, color=BLUE, linewidth=2)
    return axes.figure


def curves(
    x_values: ArrayLike,
    lines: Mapping[str, ArrayLike],
    *,
    x: str,
    y: str,
    best: float | None = None,
    level: Mapping[str, float] | None = None,
    y_limits: tuple[float, float] | None = None,
    log_x: bool = False,
    log_y: bool = False,
) -> Figure:
    """Draw named lines over one axis.

    `best` marks a chosen value of x with a dotted vertical line; each entry of `level` is a
    horizontal dashed line, such as a baseline, with its name in the legend. `y_limits` is the
    part of the y axis to show. Raises ValueError for more lines or levels than can be told apart.
    """
    level = level or {}
    if len(lines) > len(COLOURS) or len(level) > len(DASHES):
        raise ValueError(
            f"{len(lines)} lines and {len(level)} levels, but only {len(COLOURS)} and "
            f"{len(DASHES)} can be told apart: draw fewer, or several figures"
        )
    axes = _axes(x, y)
    for (name, values), colour, marker in zip(lines.items(), COLOURS, MARKERS, strict=False):
        few = len(np.asarray(values)) <= 30
        style = {"marker": marker, "markersize": 5} if few else {}
        axes.plot(x_values, values, color=colour, label=name, **style)
    for (name, value), dashes in zip(level.items(), DASHES, strict=False):
        axes.axhline(value, color=GREY, linestyle=dashes, label=name)
    if best is not None:
        axes.axvline(best, color="black", linestyle=":", linewidth=1)
    if np.issubdtype(np.asarray(x_values).dtype, np.integer):
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    if log_x:
        axes.set_xscale("log")
    if log_y:
        axes.set_yscale("log")
    axes.set_ylim(y_limits)
    axes.legend(frameon=False)
    return axes.figure


def boxes(groups: Mapping[str, ArrayLike], *, x: str, y: str) -> Figure:
    """Draw how the values of each group are spread, one box per group.

    A box is the middle half of the values, the line in it their median, and the whiskers reach
    from the 5th to the 95th percentile. Raises ValueError for a group without a value.
    """
    empty = [name for name, values in groups.items() if not np.size(values)]
    if empty:
        raise ValueError(f"there is no value in group {empty[0]!r}: leave it out")
    axes = _axes(x, y)
    axes.boxplot(
        [np.asarray(values, dtype=float) for values in groups.values()],
        tick_labels=list(groups),
        whis=(5, 95),
        showfliers=False,
        patch_artist=True,
        boxprops={"facecolor": BLUE, "alpha": 0.5},
        medianprops={"color": "black"},
    )
    return axes.figure


def tables(named: Mapping[str, ArrayLike]) -> Figure:
    """Draw small matrices side by side, their numbers in the cells and their names on top.

    The darker a cell, the larger its number is among those of its matrix.
    """
    matrices = [np.atleast_2d(values) for values in named.values()]
    widths = [values.shape[1] for values in matrices]
    height = max(len(values) for values in matrices)
    size = (SIZE[0], SIZE[0] * (height + 1) / (sum(widths) + len(widths)))
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(1, len(matrices), width_ratios=widths, squeeze=False)[0]
    for axes, name, values in zip(panels, named, matrices, strict=True):
        axes.imshow(values, cmap="Blues", vmin=values.min(), vmax=2 * values.max() - values.min())
        for (row, column), value in np.ndenumerate(values):
            axes.text(column, row, f"{value:g}", ha="center", va="center")
        axes.set_title(name)
        axes.set(xticks=[], yticks=[])
    return figure


def graph(nodes: Mapping[str, tuple[float, float]], edges: Sequence[tuple[str, str]]) -> Figure:
    """Draw boxes with their names as text, and an arrow for each edge (from, to).

    A node's place is (column, row), counted from the top left. Raises ValueError for an edge to or
    from a node that is not there.
    """
    unknown = [name for edge in edges for name in edge if name not in nodes]
    if unknown:
        raise ValueError(f"an edge names {unknown[0]!r}, but the nodes are {list(nodes)}")
    columns, rows = zip(*nodes.values(), strict=True)
    height = 0.65 * (max(rows) - min(rows) + 1)
    axes = Figure(figsize=(SIZE[0], height), layout="constrained").subplots()
    axes.set(xlim=(min(columns) - 0.6, max(columns) + 0.6), ylim=(max(rows) + 0.5, min(rows) - 0.5))
    axes.axis("off")
    frame = {"boxstyle": "round,pad=0.4", "facecolor": "white", "edgecolor": BLUE}
    texts = {
        name: axes.text(*place, name, ha="center", va="center", bbox=frame)
        for name, place in nodes.items()
    }
    for start, end in edges:
        ends = {"patchA": texts[start].get_bbox_patch(), "patchB": texts[end].get_bbox_patch()}
        arrow = {"arrowstyle": "->", "color": GREY, **ends}
        axes.annotate("", nodes[end], nodes[start], arrowprops=arrow)
    return axes.figure


def points(groups: Mapping[str, pd.DataFrame], *, x: Sequence[str], y: str) -> Figure:
    """Draw column `y` over each column of `x`, in panels side by side; a group has one colour.

    Raises ValueError for more groups than can be told apart.
    """
    if len(groups) > len(COLOURS):
        raise ValueError(
            f"{len(groups)} groups, but only {len(COLOURS)} can be told apart: draw several figures"
        )
    figure = Figure(figsize=SIZE, layout="constrained")
    panels = figure.subplots(1, len(x), sharey=True, squeeze=False)[0]
    for axes, column in zip(panels, x, strict=True):
        for table, colour, marker in zip(groups.values(), COLOURS, MARKERS, strict=False):
            size = np.clip(4000 / max(len(table), 1), 6, 36)  # many points would hide each other
            axes.scatter(table[column], table[y], s=size, color=colour, marker=marker, alpha=0.8)
        axes.set_xlabel(column)
        axes.xaxis.set_major_locator(MaxNLocator(3))
        axes.spines[["top", "right"]].set_visible(False)
    panels[0].set_ylabel(y)
    drawn = panels[0].collections
    figure.legend(drawn, list(groups), loc="outside upper center", ncols=len(drawn), frameon=False)
    return figure


def waterfall(
    parts: Mapping[str, float],
    *,
    x: str,
    total: str = "sum",
    x_limits: tuple[float, float] | None = None,
) -> Figure:
    """Draw how parts add up: a bar each, from where the one above it ends, and their sum below.

    The first part and the sum, named `total`, are bars from 0; `x_limits` is the part of the x
    axis to show, so that small parts beside a large one can be seen. Raises ValueError without
    parts.
    """
    if not parts:
        raise ValueError("there is no part to add up")
    values = np.array(list(parts.values()), dtype=float)
    ends = np.cumsum(values)
    starts = np.r_[0, ends[:-1], 0]
    values, ends = np.r_[values, ends[-1]], np.r_[ends, ends[-1]]
    rows = np.arange(len(values))
    axes = _axes(x, "", size=(SIZE[0], 0.8 + 0.27 * len(rows)))
    colours = [GREY, *np.where(values[1:-1] < 0, ORANGE, BLUE), GREY]
    axes.barh(rows, values, left=starts, color=colours, height=0.7)
    axes.vlines(ends[:-1], rows[:-1] - 0.35, rows[1:] + 0.35, color=GREY, linewidth=0.8)
    for row, (value, right) in enumerate(zip(values, np.maximum(starts, ends), strict=True)):
        is_sum = row in (0, rows[-1])
        text = f"{value:.2f}" if is_sum else f"{value:+z.2f}"  # z: no -0.00
        axes.annotate(
            text.replace("-", "\N{MINUS SIGN}"),
            (right, row),
            xytext=(3, 0),
            textcoords="offset points",
            va="center",
            fontsize="small",
        )
    axes.set_yticks(rows, [*parts, total])
    axes.tick_params(axis="y", length=0)
    axes.invert_yaxis()
    axes.margins(y=0.02)
    axes.set_xlim(x_limits)
    return axes.figure


def matrix(values: ArrayLike, *, x: str, y: str, colour: str = "") -> Figure:
    """Draw a matrix as coloured cells, one per entry; NaN (a hole) stays white.

    With `colour`, the name of what the colours stand for, a colour bar is added.
    """
    axes = _axes(x, y, size=(5.5, 3.8))
    image = axes.imshow(
        np.asarray(values, dtype=float), cmap="cividis_r", aspect="auto", interpolation="nearest"
    )
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.spines[["top", "right"]].set_visible(True)
    if colour:
        axes.figure.colorbar(image, label=colour)
    return axes.figure


def maps(
    positions: Mapping[str, ArrayLike],
    shade: ArrayLike,
    *,
    colour: str,
    names: Mapping[int, str] | None = None,
    columns: int = 3,
    log: bool = False,
) -> Figure:
    """Draw point clouds in the plane, each an (n_points, 2) array under its name, in one grid.

    Point i has the colour of `shade[i]` in all of them; `colour` is the name of what `shade`
    counts or measures, and `log` makes its scale logarithmic. `names` writes a text beside some of
    the points. No axis has numbers: those of a map mean nothing. Raises ValueError for an array of
    another shape.
    """
    shade = np.asarray(shade, dtype=float)
    for name, position in positions.items():
        if np.shape(position) != (len(shade), 2):
            raise ValueError(
                f"the map {name!r} has shape {np.shape(position)}, expected ({len(shade)}, 2): "
                "a place for each of the values in `shade`"
            )
    columns = min(columns, len(positions))
    rows = -(-len(positions) // columns)
    side = SIZE[0] / columns
    figure = Figure(figsize=(SIZE[0], rows * min(side, 4.2) + 0.6), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    look = {"s": 9 / columns, "cmap": "cividis_r", "norm": "log" if log else "linear"}
    for axes, (name, position) in zip(panels, positions.items(), strict=False):
        position = np.asarray(position)
        drawn = axes.scatter(*position.T, c=shade, **look)
        axes.set(xticks=[], yticks=[], title=name)
        middle = (position[:, 0].min() + position[:, 0].max()) / 2
        for point, text in (names or {}).items():
            is_left = position[point, 0] < middle  # texts run towards the middle, not off the map
            axes.annotate(
                text,
                position[point],
                xytext=(5 if is_left else -5, 3),
                textcoords="offset points",
                ha="left" if is_left else "right",
                path_effects=[withStroke(linewidth=3, foreground="white")],
            )
    for axes in panels[len(positions) :]:
        axes.axis("off")
    bar = figure.colorbar(
        drawn, ax=panels, orientation="horizontal", shrink=0.6, aspect=40, label=colour
    )
    if log:
        bar.ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        bar.ax.xaxis.set_major_formatter(ScalarFormatter())
        bar.ax.minorticks_off()
    return figure


def _axes(x: str, y: str, size: tuple[float, float] = SIZE) -> Axes:
    # Figure instead of pyplot: no global state that one chapter could leave to the next.
    axes = Figure(figsize=size, layout="constrained").subplots()
    axes.set(xlabel=x, ylabel=y)
    axes.spines[["top", "right"]].set_visible(False)
    return axes
