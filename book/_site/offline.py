"""A site that asks no other host for anything: it works behind a firewall and from a USB stick."""


def use_vendored_mathjax(app, config):
    # Relative to _static, so that Sphinx makes the path right on every page, also under file://.
    config.mathjax_path = "mathjax/tex-chtml.js"
    # The context menu is in English only, and its accessibility entries load what is not here;
    # what screen readers need (MathML beside the drawn formula) is on without it.
    config.mathjax3_config = {"options": {"enableMenu": False}}


# Under file:// browsers do not let a page read another one, which the excerpts in search results
# would need: the results come without them there.
NO_EXCERPTS_FROM_FILES = (
    'if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;'
)


def setup(app):
    app.connect("config-inited", use_vendored_mathjax)
    app.add_js_file(None, body=NO_EXCERPTS_FROM_FILES)
