"""A page with an interactive map, built as a chapter is: what tests of the maps look at."""

import nbformat
import numpy as np
import pandas as pd
from nbformat import v4
from sphinx.application import Sphinx
from sphinx_alone import sphinx_alone

from recsys_helpers import maps, plots

GLUED = """
# Page

:::{glue} fig-map
:::

Between.

:::{glue} fig-map-table
:::

End.
"""


def points(n_points=300):
    """Points in rings; among them a trilogy in one place, and titles that need care."""
    angle = np.arange(n_points) * 2.4
    radius = np.sqrt(np.arange(n_points))
    table = pd.DataFrame(
        {
            "title": [f"Film {n} ({1900 + n % 90})" for n in range(n_points)],
            "year": pd.array([1900 + n % 90 for n in range(n_points)], dtype="Int64"),
            "ratings": 1 + np.arange(n_points) % 400,
            "x": radius * np.cos(angle),
            "y": radius * np.sin(angle),
        }
    )
    table.loc[n_points - 3 :, ["x", "y"]] = [[9.0, 9.0], [9.1, 9.0], [9.0, 9.1]]
    table.loc[n_points - 3 :, "title"] = ["Amélie I", "Amélie II: «Işık»", "AMELIE III"]
    table.loc[:1, "title"] = ["</script><b>\"Quotes\" & 'more'</b>", "&quot;<!-- <script>"]
    table.loc[0, "year"] = pd.NA
    return table


def displayed(table, **options):
    """The outputs of a cell that shows a map."""
    outputs = []

    def display(data, raw, metadata):
        assert raw
        outputs.append(v4.new_output("display_data", data=data, metadata=metadata))

    original, plots.display = plots.display, display
    try:
        maps.show(table, "fig-map", **options)
    finally:
        plots.display = original
    return outputs


def build(folder, language, table):
    """Build a page of the book that shows the table; return its file."""
    cell = v4.new_code_cell("", outputs=displayed(table), metadata={"tags": ["remove-output"]})
    notebook = v4.new_notebook(cells=[cell, v4.new_markdown_cell(GLUED)])
    source, built = folder / language, folder / language / "html"
    source.mkdir(parents=True)
    nbformat.write(notebook, source / "index.ipynb")
    settings = {
        "extensions": ["myst_nb", "book._site.maps"],
        "myst_enable_extensions": ["colon_fence"],
        "nb_execution_mode": "off",
        "html_theme": "basic",
        "language": language,
    }
    with sphinx_alone():
        Sphinx(source, None, built, built / ".doctrees", "html", settings, status=None).build()
    return built / "index.html"
