"""A site that asks no other host for anything: it works behind a firewall and from a USB stick."""


def use_vendored_mathjax(app, config):
    # Relative to _static, so that Sphinx makes the path right on every page, also under file://.
    config.mathjax_path = "mathjax/tex-chtml.js"
    # The context menu is in English only, and its accessibility entries load what is not here;
    # what screen readers need (MathML beside the drawn formula) is on without it.
    config.mathjax3_config = {"options": {"enableMenu": False}}


def setup(app):
    app.connect("config-inited", use_vendored_mathjax)
