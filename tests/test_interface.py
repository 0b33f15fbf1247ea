"""The catalogues of the interface's words, and how they come before those of Sphinx."""

import re
from gettext import NullTranslations
from types import SimpleNamespace

import pytest
from babel.messages.pofile import read_po
from pages import OTHERS
from sphinx.locale import get_translation

from book._site.interface import LOCALE, SCRIPT_WORDS, put_words_first

PLACEHOLDERS = re.compile(r"%\(\w+\)s|%s|\$\{\w+\}")


def words(language):
    with (LOCALE / f"{language}.po").open("rb") as file:
        return {message.id: message.string for message in read_po(file) if message.id}


@pytest.mark.parametrize("language", OTHERS)
def test_every_language_has_the_same_words(language):
    assert words(language).keys() == words(OTHERS[0]).keys()
    assert set(SCRIPT_WORDS) <= words(language).keys()


@pytest.mark.parametrize("language", OTHERS)
def test_words_keep_what_is_filled_in(language):
    for english, word in words(language).items():
        assert sorted(PLACEHOLDERS.findall(word)) == sorted(PLACEHOLDERS.findall(english)), english


@pytest.fixture
def catalogues(monkeypatch):
    """One catalogue of Sphinx's, in place of those that another test may have left."""
    monkeypatch.setattr("sphinx.locale.translators", theirs := {}, raising=True)
    monkeypatch.setattr("book._site.interface.translators", theirs)
    theirs["general", "sphinx"] = Theirs()
    return theirs


class Theirs(NullTranslations):
    def gettext(self, message):
        return {"Note": "theirs", "Only there": "theirs"}.get(message, message)


def test_our_words_come_first_and_theirs_where_we_have_none(catalogues):
    app = SimpleNamespace(translator=None)
    put_words_first(app, SimpleNamespace(language="ko"))
    translate = get_translation("sphinx")
    assert translate("Note") == app.translator.gettext("Note") == "참고"
    assert translate("Only there") == "theirs"
    assert translate("Nowhere") == "Nowhere"


def test_english_keeps_the_words_of_the_sources(catalogues):
    before = dict(catalogues)
    put_words_first(SimpleNamespace(), SimpleNamespace(language="en"))
    assert catalogues == before
