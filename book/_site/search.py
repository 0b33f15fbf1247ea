"""Full-text search that leads to a section, and finds a word in the form in which it is typed.

Sphinx's own search leads to a page, wants every word of a query, and knows no Korean. Here, each
section is a document of the index, and `words` makes of a text what `splitQuery` in search.js makes
of a query: both follow the tables of this file, so that the two meet. What is not found as it is
typed (a part of a word, two words in one, a slip) is the concern of search.js alone.
"""

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import sphinx.search
from docutils import nodes
from sphinx.search import IndexBuilder, SearchLanguage, en, es, js_index

# A word said so often in a section is what the section is about.
OFTEN = 4
# Where Hangul meets Latin letters a word ends: "RMSE를" is RMSE and a particle.
WORD = re.compile(r"[가-힣]+|(?:(?![가-힣_])\w)+")
# "RMSE'si", "model's": what follows the apostrophe says nothing.
SUFFIX_AFTER_APOSTROPHE = re.compile(r"(?<=\w)['’][^\W\d_]+")


def bare(text: str) -> str:
    """The text in lower case and without accents: "prediccion", "sinir agi"."""
    decomposed = unicodedata.normalize("NFD", text.lower().replace("ı", "i"))
    letters = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return unicodedata.normalize("NFC", letters)


class CourseLanguage(SearchLanguage):
    """A language in which a word is written bare, and then respelled until no rule applies.

    A rule is a regular expression that Python and JavaScript read alike, and what replaces its
    match, with `$1` for the first group.
    """

    rules: tuple[tuple[str, str], ...] = ()

    def init(self, options: dict) -> None:
        super().init(options)
        self._rules = [(re.compile(rule), by.replace("$", "\\")) for rule, by in self.rules]
        self.stopwords = {self._respell(bare(word)) for word in self.stopwords}
        script = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")
        self.js_splitter_code = f"const RULES = {json.dumps(self.rules)};\n{script}"

    def split(self, text: str) -> list[str]:
        words = WORD.findall(SUFFIX_AFTER_APOSTROPHE.sub("", bare(text)))
        respelled = map(self._respell, words)
        return [word for word in respelled if word and not word.isdigit()]

    def _respell(self, word: str) -> str:
        before = None
        while word != before:
            before = word
            for rule, by in self._rules:
                word = rule.sub(by, word)
        return word

    def word_filter(self, word: str) -> bool:
        return word not in self.stopwords


class SearchEnglish(CourseLanguage, en.SearchEnglish):
    """English in which British and American spelling are one."""

    rules = (("is(ation|e|ed|es|er|ers|ing)$", "iz$1"), ("our", "or"), ("tre(s|d)?$", "ter$1"))
    stopwords = en.SearchEnglish.stopwords | set(
        "about all also am an any can could did do does from get had has have how i it's its just "
        "me more most my our should so some than them we were what when where which who why would "
        "you your".split()
    )


class SearchSpanish(CourseLanguage, es.SearchSpanish):
    """Spanish, where the stemmer needs the accent of "-ción", which many do not type."""

    rules = (("([cs])ion$", "$1ión"),)


class SearchTurkish(CourseLanguage):
    """Turkish without its suffixes; the letters are bare, and vowel harmony leaves two of four."""

    lang = "tr"
    language_name = "Turkish"
    rules = (
        ("^(.{2,})l[ae]r$", "$1"),
        ("^(.{3,})(?:l[ae]ri|[sy]?i|[sy]?u|[iu]m[iu]z|[iu]n[iu]z|[iu]m)$", "$1"),
        ("^(.{3,})(?:n?[iu]n|n?[dt][ae]n?|[yn]?[ae]|y?l[ae]|ki|[dt][iu]r|[sc][iu]z)$", "$1"),
        ("^(.{3,})(?:m[ae]k?|[iu]yor|m[iu]s|y?[ae]c[ae][kg]|[dt][iu][kg]?|y?[ae]n|y?[iu]p)$", "$1"),
        ("^(.{3,})g$", "$1k"),
    )
    stopwords = set(
        "acaba ama aynı bana bazı bir biri birkaç biz bu buna bunu bunun böyle daha da de değil diye "
        "en fakat gibi göre hangi hem hep her hiç için ile ise kaç kadar ki kim mi mı mu mü nasıl ne "
        "neden nedir nerede niçin o olan olarak oldu olduğu olmak olur ona onlar onu onun oysa sonra "
        "siz şey şu tüm var ve veya ya yani yok".split()
    )


class SearchKorean(CourseLanguage):
    """Korean without particles and endings, for which Sphinx has no search."""

    lang = "ko"
    language_name = "Korean"
    _particles = (
        "은|는|이|가|을|를|의|에|로|와|과|도|만|나|요|들|별|께|뿐|으로|에서|에게|까지|부터|처럼|보다|마다"
        "|이나|라는|이란|란|라고|이라|에는|에도|로는|하고|이며|대로|만큼|조차|이다|예요|이죠|입니다|이에요"
    )
    rules = (
        ("^([가-힣]{2,})[하해한할했합함되돼된될됐됩][가-힣]*$", "$1"),
        (f"^([가-힣]{{2,}})(?:{_particles})$", "$1"),
        ("^([가-힣])[을를은는]$", "$1"),
        (f"^(?:{_particles})$", ""),
    )
    stopwords = set(
        "것 게 그 그것 그래서 그러나 그런데 그리고 너무 다 더 때 등 또 또는 매우 모두 무엇 및 수 어떤 "
        "어떻게 왜 이것 이런 있어요 있는 있다 잘 저 좀 중 즉 하나 하는 할 해요".split()
    )


class SectionIndex(IndexBuilder):
    """Sphinx's index, in which a section is a document, called "page#section"."""

    def feed(self, docname, filename, title, doctree) -> None:
        for section in doctree.findall(has_heading):
            is_page = section.parent is doctree
            name = docname if is_page else f"{docname}#{section['ids'][0]}"
            self._filenames[name] = filename
            self._titles[name] = section[0].astext()
            self._all_titles[name] = []
            for term, count in self._count_terms(section).items():
                mapping = self._title_mapping if count >= OFTEN else self._mapping
                mapping.setdefault(term, set()).add(name)

    def _count_terms(self, section: nodes.section) -> Counter:
        counts = Counter()
        for text, weight in weighted_texts(section):
            for word in self.lang.split(text):
                if self.lang.word_filter(word):
                    counts[self.lang.stem(word)] += weight
        return counts

    def prune(self, docnames) -> None:
        """Keep the sections of these pages."""
        pages = set(docnames)
        super().prune([name for name in self._titles if name.partition("#")[0] in pages])

    def dump(self, stream, format) -> None:
        """Write letters as they are: Sphinx's `\\uXXXX` make the Korean index half as large again."""
        index = json.dumps(self.freeze(), ensure_ascii=False, separators=(",", ":"))
        stream.write(js_index.PREFIX + index + js_index.SUFFIX)


def weighted_texts(node: nodes.Node, weight: int = 1) -> Iterator[tuple[str, int]]:
    """The texts of a section without those of its subsections, and what a word of each counts for.

    A section is about the words of its heading, and a row of a table about its first cell.
    """
    for child in node.children:
        if isinstance(child, nodes.Text):
            yield child.astext(), weight
        elif not is_left_out(child):
            is_name = isinstance(child, nodes.title) or is_first_cell(child)
            yield from weighted_texts(child, OFTEN if is_name else weight)


def has_heading(node: nodes.Node) -> bool:
    """Whether a node is a section; sphinx-exercise has nodes of that class without a heading."""
    return isinstance(node, nodes.section) and isinstance(node[0], nodes.title)


def is_first_cell(node: nodes.Node) -> bool:
    return isinstance(node, nodes.entry) and node.parent.index(node) == 0


def is_left_out(node: nodes.Node) -> bool:
    """Whether a node is no text of this section: formulas and the output of code are numbers."""
    apart = nodes.math | nodes.math_block | nodes.raw | nodes.comment
    is_output = isinstance(node, nodes.Element) and node.get("nb_element") == "cell_code_output"
    return has_heading(node) or isinstance(node, apart) or is_output


def setup(app) -> dict:
    for language in (SearchEnglish, SearchSpanish, SearchTurkish, SearchKorean):
        app.add_search_language(language)
    sphinx.search.IndexBuilder = SectionIndex
    return {"parallel_read_safe": True, "parallel_write_safe": True}
