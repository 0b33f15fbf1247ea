"""The site of the course: one Sphinx extension for the root run and for each edition.

`jupyter-book build .` starts the root run, which has no language. It builds one edition per
language (`editions`), and those are the runs that read pages (all the other modules).
"""

ROOT_MODULES = ("editions", "repository")
EDITION_MODULES = (
    "access",
    "pages",
    "anchors",
    "figures",
    "icons",
    "interface",
    "lean",
    "maps",
    "metadata",
    "notebooks",
    "offline",
    "outdated",
    "printing",
    "references",
    "repository",
    "results",
    "search",
)


def setup(app) -> dict:
    is_edition = "language" in app.config.overrides
    for module in EDITION_MODULES if is_edition else ROOT_MODULES:
        app.setup_extension(f"{__name__}.{module}")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
