"""What the theme loads on every page and no page uses is neither loaded nor in the site."""

import re
import shutil
from pathlib import Path

# The index of the search weighs more than a chapter. Without results while typing, which the theme
# does not show by default, the page of results is the only one that searches.
SEARCH_TOOLS = ("searchtools.js", "language_data.js", "searchindex.js")
# It would draw the icons that the style sheet draws already (see icons.py).
ICON_SCRIPT = "fontawesome.js"

# In the folder _static. The maps are for the developers of the theme.
UNUSED = ("**/*.map", "**/fontawesome.js*", "**/*macros.html", "locales", "images/logo_*")


def without(html: str, *scripts: str) -> str:
    """The HTML without the tags that load these scripts."""
    names = "|".join(map(re.escape, scripts))
    tag = rf'<script[^>]*\bsrc="[^"]*\b(?:{names})(?:\?[^"]*)?"[^>]*></script>\s*'
    return re.sub(tag, "", html)


def add_filters(app) -> None:
    """For templates/layout.html, where the theme's own blocks pass by."""
    filters = app.builder.templates.environment.filters
    filters["without_search_tools"] = lambda html: without(html, *SEARCH_TOOLS)
    filters["without_icon_script"] = lambda html: without(html, ICON_SCRIPT)


def remove_unused_files(app, exception) -> None:
    for pattern in UNUSED:
        for path in list(Path(app.outdir, "_static").glob(pattern)):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def setup(app) -> dict:
    app.connect("builder-inited", add_filters, priority=900)  # when there are templates
    app.connect("build-finished", remove_unused_files)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
