"""Full-text search where Sphinx's own falls short: Korean, Turkish capitals, missing accents.

A term of the index is what `split` and then `stem` make of a page here; a term of a query is what
`splitQuery` and `Stemmer` make of it in the browser. A word is found when the two meet.
"""

import re
import unicodedata

from sphinx.search import SearchLanguage
from sphinx.search import es as spanish
from sphinx.search import tr as turkish


def unaccented(word):
    """The word as someone without the accents on the keyboard types it: "prediccion", "sinir"."""
    decomposed = unicodedata.normalize("NFD", word.replace("ı", "i"))
    bare = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return unicodedata.normalize("NFC", bare)


def with_unaccented(words):
    return [variant for word in words for variant in dict.fromkeys((word, unaccented(word)))]


class SearchSpanish(spanish.SearchSpanish):
    """Spanish that also indexes each word without its accents."""

    def split(self, text):
        return with_unaccented(super().split(text))


class SearchTurkish(turkish.SearchTurkish):
    """Turkish that lower-cases İ to i and I to ı, and also indexes each word without its accents.

    Words in plain ASCII are taken for English ("Item", "ID") and keep the I of English.
    """

    js_splitter_code = r"""
var splitQuery = (query) => (query.match(/[\p{L}\p{N}_]+/gu) ?? [])
    .map((word) => /[^\x00-\x7f]/.test(word) ? word.toLocaleLowerCase("tr") : word.toLowerCase());
"""

    def split(self, text):
        return with_unaccented(self.lower(word) for word in super().split(text))

    @staticmethod
    def lower(word):
        return (word if word.isascii() else word.replace("İ", "i").replace("I", "ı")).lower()


class SearchKorean(SearchLanguage):
    """Korean, for which Sphinx has no search: words carry their particles, compounds their parts.

    Every run of two or more syllables within a word is indexed, so that "시드" finds "시드를", and
    "필터링" finds "협업필터링". A query loses its own particle in the browser: "시드는" finds
    "시드", too.
    """

    lang = "ko"
    language_name = "Korean"
    _particles = (
        "은|는|이|가|을|를|의|에|로|와|과|도|만|으로|에서|에게|까지|부터|처럼|보다|마다|이나|라는"
        "|이란|에는|에도|로는|에서는|에서도|으로는|으로도|이라는|이에요|예요|입니다"
    )
    _one_syllable_and_particle = re.compile(rf"[가-힣](?:{_particles})")
    # Where Hangul meets Latin letters a word ends too: "RMSE를" is RMSE and a particle.
    _word_re = re.compile(r"[가-힣]+|(?:(?![가-힣])\w)+")
    js_splitter_code = r"""
var splitQuery = (query) => query.match(/[가-힣]+|((?![가-힣])[\p{L}\p{N}_])+/gu) ?? [];
"""
    js_stemmer_code = rf"""
var Stemmer = function () {{
  this.stemWord = (word) => word.replace(/^([가-힣]{{2,}}?)(?:{_particles})$/, "$1");
}};
"""

    def split(self, text):
        return [part for word in super().split(text) for part in self._parts(word)]

    def _parts(self, word):
        if not "가" <= word[0] <= "힣":
            return [word]
        ends = range(2, len(word) + 1)
        parts = [word[start:end] for end in ends for start in range(end - 1)] or [word]
        if self._one_syllable_and_particle.fullmatch(word):
            parts.append(word[0])
        return parts


def setup(app):
    for language in (SearchSpanish, SearchTurkish, SearchKorean):
        app.add_search_language(language)
