"""The words of the interface in the language of the edition.

Sphinx, the theme and the extensions bring catalogues of their own, some with gaps, some translated
by machine. `locale/<language>.po` comes before all of them: one file has every word that matters.
"""

import io
from gettext import GNUTranslations
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from sphinx.locale import get_translator, translators

LOCALE = Path(__file__).with_name("locale")

# What scripts show, and so cannot look up in the catalogues.
SCRIPT_WORDS = (
    "Code",
    "Copied!",
    "Copy to clipboard",
    "Copy",
    "Failed to copy",
    "Formula",
    "Output",
    "Preparing search...",
    "Search Results",
    "Search finished, found ${resultCount} page(s) matching the search query.",
    "Searching",
    "Table",
    "Toggle hidden content",
    "Your search did not match any documents. Please make sure that all words are spelled "
    "correctly and that you've selected enough categories.",
)


def put_words_first(app, config):
    file = LOCALE / f"{config.language}.po"
    if not file.exists():  # English: the words are those of the sources
        return
    for namespace, catalogue in list(translators):
        if namespace == "general":
            words = read_words(file)
            words.add_fallback(translators[namespace, catalogue])
            translators[namespace, catalogue] = words
    app.translator = get_translator()  # templates take it from here


def read_words(file):
    compiled = io.BytesIO()
    with file.open("rb") as words:
        write_mo(compiled, read_po(words))
    compiled.seek(0)
    return GNUTranslations(compiled)


def set_words_of_extensions(app, config):
    """Fill in the settings that extensions do not look up in a catalogue, or did too early."""
    word = app.translator.gettext
    config.nb_code_prompt_show = word("Show code cell {type}")
    config.nb_code_prompt_hide = word("Hide code cell {type}")
    config.togglebutton_hint = word("Click to show")
    config.togglebutton_hint_hide = word("Click to hide")
    config.html_context["script_words"] = {text: word(text) for text in SCRIPT_WORDS}


def setup(app):
    # Before the extensions use these settings, at 500.
    app.connect("config-inited", put_words_first, priority=100)
    app.connect("config-inited", set_words_of_extensions, priority=101)
    app.add_css_file("site.css")
    app.add_js_file("site.js")
    app.add_js_file("interface.js", priority=900)  # after the scripts whose words it sets
