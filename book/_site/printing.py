"""Printed pages: what is folded stays out of print, or all of it is printed, as the reader asks.

A page printed by the browser's own command is what the reader sees: an answer that is folded on the
screen is not on the paper. The menu of each page prints it so, or with all solutions, hints and
answers. `print.js` does the unfolding, `print.css` the rest.
"""

from docutils import nodes


def offer_to_print(app, pagename, templatename, context, doctree) -> None:
    """Put our two commands in the place of the theme's, which opens everything."""
    word = app.translator.gettext
    commands = [command("print", "printPage()", word("Print"))]
    if doctree is not None and has_solutions(doctree):
        unfolded = "printPage({ unfolded: true })"
        commands.append(command("print-solutions", unfolded, word("Print with the solutions")))
    for group in context.get("header_buttons", []):
        if group.get("label") == "download-buttons":
            kept = [one for one in group["buttons"] if one["label"] != "download-pdf-button"]
            group["buttons"] = kept + commands


def command(label: str, script: str, text: str) -> dict:
    """Make a button of the theme's menus."""
    looks = {"type": "javascript", "icon": "fas fa-print"}
    return {**looks, "label": label, "javascript": script, "text": text}


def has_solutions(doctree) -> bool:
    return any("solution" in node["classes"] for node in doctree.findall(nodes.Element))


def leave_folded(app, config) -> None:
    """Sphinx-togglebutton would open all solutions, whoever prints and why."""
    config.togglebutton_open_on_print = False


def setup(app) -> dict:
    app.connect("config-inited", leave_folded, priority=100)  # before the extension reads it
    app.connect("html-page-context", offer_to_print, priority=510)  # after the theme's own, at 501
    app.add_css_file("print.css", media="print")
    app.add_js_file("print.js", loading_method="defer")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
