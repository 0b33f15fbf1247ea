"""A site that asks no other host for anything: it works behind a firewall and from a USB stick."""

# The parts of MathJax that the formulas need. Its bundles, 100 kB heavier, have all of TeX and a
# context menu, which is in English only and offers what would be loaded from elsewhere.
MATHJAX = {
    "loader": {
        "load": ["core", "input/tex-base", "[tex]/ams", "output/chtml", "a11y/assistive-mml"]
    },
    "tex": {"packages": ["base", "ams"]},
}


def use_vendored_mathjax(app, config):
    # Relative to _static, so that Sphinx makes the path right on every page, also under file://.
    config.mathjax_path = "mathjax/startup.js"
    config.mathjax3_config = MATHJAX


def setup(app):
    app.connect("config-inited", use_vendored_mathjax)
