"""Data -> figure: the cosmetics of every plot, with no words in it beyond standard terms.

The same image serves four languages, so an axis carries a symbol, a number or a code name (`user`,
`item`, `rating`, RMSE); the caption and the alternative text are prose and belong to the page.
"""

import base64
import io
from collections.abc import Mapping, Sequence

import numpy as np
from IPython.display import display
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
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
    """Display a figure under its cell, and under `name` wherever the page wants it.

    The output carries the metadata by which MyST-NB's `glue:figure` finds it; a live notebook
    ignores them and shows the image. Source: https://myst-nb.readthedocs.io (Embed outputs).
    """
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI)
    image = base64.b64encode(buffer.getvalue()).decode("ascii")
    metadata = {
        # No height: on a narrow screen the image shrinks in proportion.
        "image/png": {"width": round(100 * figure.get_figwidth())},
        "scrapbook": {"name": name, "mime_prefix": ""},
    }
    display({"image/png": image, "text/plain": f"<figure: {name}>"}, raw=True, metadata=metadata)


def bars(labels: Sequence, heights: ArrayLike, *, x: str, y: str) -> Figure:
    """Draw one bar per label, its height written above it with at most three digits."""
    axes = _axes(x, y)
    drawn = axes.bar([str(label) for label in labels], heights, color=BLUE)
    axes.bar_label(drawn, fmt="{:.3g}", padding=2)
    axes.margins(y=0.12)
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
    if log_x:
        axes.set_xscale("log")
    axes.set_ylim(y_limits)
    axes.legend(frameon=False)
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


def _axes(x: str, y: str, size: tuple[float, float] = SIZE) -> Axes:
    # Figure instead of pyplot: no global state that one chapter could leave to the next.
    axes = Figure(figsize=size, layout="constrained").subplots()
    axes.set(xlabel=x, ylabel=y)
    axes.spines[["top", "right"]].set_visible(False)
    return axes
