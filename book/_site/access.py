"""What readers need who do not see the page, or do not point at it.

The styles and the script are in `static/access.css` and `access.js`. Tables are mended here: those
that pandas prints leave it to the eye whether a head is that of a column or of a row.
"""

import re

PART = re.compile(r"<(thead|tbody)>.*?</\1>", re.DOTALL)
HEAD = re.compile(r"<th(?=[\s>])(?![^>]*\bscope=)(?P<attributes>[^>]*)>")
# Above the names of rows: a head of nothing.
EMPTY = re.compile(r"<th(?=[\s>])(?P<attributes>[^>]*)>\s*</th>")
# Where a head spans several columns or rows, it is that of all of them.
SPANS = {"col": re.compile(r'\bcolspan="(?!1")'), "row": re.compile(r'\browspan="(?!1")')}


def mend_tables(app, pagename, templatename, context, doctree) -> None:
    if "body" in context:
        context["body"] = PART.sub(
            lambda part: say_what_heads_are_of(*part.group(0, 1)), context["body"]
        )


def say_what_heads_are_of(rows: str, part: str) -> str:
    """Give the heads of columns (in `thead`) or of rows (in `tbody`) their scope."""
    of = "col" if part == "thead" else "row"

    def with_scope(head: re.Match) -> str:
        scope = f"{of}group" if SPANS[of].search(head["attributes"]) else of
        return f'<th scope="{scope}"{head["attributes"]}>'

    return HEAD.sub(with_scope, EMPTY.sub(r"<td\g<attributes>></td>", rows))


def setup(app) -> dict:
    app.add_css_file("access.css")
    app.add_js_file("access.js")
    app.connect("html-page-context", mend_tables)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
