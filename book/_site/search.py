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
from sphinx.search import IndexBuilder, SearchLanguage, en, es, js_index, parse_stop_word

# English words in the other languages; hardly a native word that is so long ends like these.
ENGLISH = (("^(.{4,}[^aeious])s$", "$1"), ("isation$", "ization"))
# A word said so often in a section is one that the section is about.
OFTEN = 4
# Where Hangul meets Latin letters a word ends: "RMSE를" is RMSE and a particle.
WORD = re.compile(r"[가-힣]+|(?:(?![가-힣_])\w)+")
# "t-SNE" and "top-N" are also written without their hyphen.
HYPHEN_BESIDE_A_LETTER = re.compile(r"(?<=\b[a-z])-(?=[a-z])|(?<=[a-z])-(?=[a-z]\b)")
# "RMSE'si", "model's": what follows the apostrophe says nothing.
AFTER_APOSTROPHE = re.compile(r"(?<=\w)['’][^\W\d_]+")


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
        self.stopwords = {bare(word) for word in self.stopwords}
        script = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")
        # In a block: only Sphinx's own names are to be known outside.
        self.js_splitter_code = f"{{\nconst RULES = {json.dumps(self.rules)};\n{script}}}"

    def split(self, text: str) -> list[str]:
        text = HYPHEN_BESIDE_A_LETTER.sub("", AFTER_APOSTROPHE.sub("", bare(text)))
        words = (self._respell(word) for word in WORD.findall(text) if self.word_filter(word))
        return [word for word in words if not re.fullmatch(r"\d*|[a-z]", word)]

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

    rules = (
        ("is(ation|e|ed|es|er|ers|ing)$", "iz$1"),
        ("our", "or"),
        ("^centr(e|ed|es|ing)$", "center$1"),
        ("borhood", "bor"),
        ("^matrices$", "matrix"),
        ("^(rank|rat)ing", "$1-ing"),  # other things than a rank and a rate
    )
    stopwords = en.SearchEnglish.stopwords | parse_stop_word(
        """
        about all also am an any can could did do does from get had has have how i it's its just
        me more most my need our should so some than them we were what when where which who why
        would you your
        """
    )


class SearchSpanish(CourseLanguage, es.SearchSpanish):
    """Spanish, where the stemmer needs the accent of "-ción", which many do not type."""

    rules = (*ENGLISH, ("([cs])ion$", "$1ión"))


class SearchTurkish(CourseLanguage):
    """Turkish without its suffixes, written bare: of their eight vowels four are left."""

    lang = "tr"
    language_name = "Turkish"
    _of_nouns = (
        "l[ae]r|l[ae]r[iu]|[syn]?[iu]|n?[iu]n|[yn]?[ae]|n?[dt][ae]n?|y?l[ae]|[iu]m|[iu][mn][iu]z"
        "|ki|l[iu]|l[iu]k|s[iu]z|c[ae]|[dt][iu]r|s[iu]n[ae]|s[iu]n[dt][ae]n?"
    )
    _of_verbs = (
        "m[ae]k?|m[ae]s[iu]|m[ae]z|m[iu]s|m[ae]d[ae]n|m[ae]l[iu]|[dt][iu]k?|[dt][iu]g[iu]|[iu]yor"
        "|y?[ae]c[ae][kg]|y?[ae]n|y?[iu]p|y?[ae]r[ae]k|y?[iu]nc[ae]|[iaeu]r|s[ae]|l[ae][ns]"
        "|y?[ae]b[iu]l"
    )
    rules = (
        *ENGLISH,
        ("^ag(?:i|in|a|da|dan|la|lar|lari|larin|larda)$", "ag"),  # the one short word: a network
        (f"^(.{{3,}}?)(?:{_of_nouns}|{_of_verbs})$", "$1"),
        ("^(.{3,})g$", "$1k"),
    )
    stopwords = parse_stop_word(
        """
        acaba ama aynı bana bazı bir biri birkaç biz bu buna bunu bunun böyle daha da de değil
        diye en fakat gibi göre hangi hem hep her hiç için ile ise kadar ki kim mi mı mu mü
        nasıl ne neden nedir nerede niçin o olan olarak oldu olduğu olmak olur ona onlar onu
        onun oysa sonra siz şey şu tüm var ve veya ya yani yok
        """
    )


class SearchKorean(CourseLanguage):
    """Korean without particles and endings, for which Sphinx has no search."""

    lang = "ko"
    language_name = "Korean"
    _particles = (
        "은|는|이|가|을|를|의|에|로|와|과|도|만|나|요|들|별|께|뿐|씩|쯤|으로|에서|에게|까지|부터|처럼|보다|마다"
        "|끼리|이나|라는|이라는|이란|란|라고|이라고|이라|에는|에도|로는|하고|이며|대로|만큼|만으로|조차|이다|예요"
        "|이에요|이죠|입니다|이고|인데|인지|일까|라면|이라면|라서|이라서|였어요|이었어요"
    )
    _endings = (
        "아요|어요|여요|았어요|었어요|지요|죠|네요|니까|으니까|거든요|으면|려면|으려면|려고|으려고|지만|는데|은데"
        "|면서|으면서|아서|어서|아야|어야|도록|는지|은지|을지|을까|을까요|거나|든지|았다|었다|습니다|았던|었던|았는데"
        "|었는데|을수록"
    )
    rules = (
        *ENGLISH,
        ("^([가-힣]{2,})[하해한할했합함되돼된될됐됩][가-힣]*$", "$1"),
        (f"^([가-힣]+?)(?:{_endings})$", "$1"),
        (f"^([가-힣]{{2,}}?)(?:{_particles}|고|며|면|기|게|지|아|어|여|던)$", "$1"),
        ("^([가-힣])[을를은는]$", "$1"),
        (f"^(?:{_particles})$", ""),
    )
    stopwords = parse_stop_word(
        """
        것 게 그 그것 그래서 그러나 그런데 그리고 너무 다 더 때 등 또 또는 매우 모두
        무엇 및 수 어떤 어떻게 왜 이것 이런 있어요 있는 있다 잘 저 좀 중 즉 하나
        하는 할 해요
        """
    )


class SectionIndex(IndexBuilder):
    """Sphinx's index, in which a section is a document, called "page#section".

    A term is among `titleterms` where a section has it often, and among `terms` elsewhere.
    """

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
                counts[self.lang.stem(word)] += weight
        return counts

    def prune(self, docnames) -> None:
        """Keep the sections of these pages."""
        pages = set(docnames)
        super().prune([name for name in self._titles if name.partition("#")[0] in pages])

    def dump(self, stream, format) -> None:
        """Write letters as they are: as `\\uXXXX`, they make the Korean index much larger."""
        index = json.dumps(self.freeze(), ensure_ascii=False, separators=(",", ":"))
        stream.write(js_index.PREFIX + index + js_index.SUFFIX)


def weighted_texts(node: nodes.Node, weight: int = 1) -> Iterator[tuple[str, int]]:
    """The texts of a section without those of its subsections, and what a word of each counts for.

    What code and references say often is not yet what the section says.
    """
    for child in node.children:
        if isinstance(child, nodes.Text):
            yield child.astext(), weight
        elif is_name(child):
            yield from weighted_texts(child, OFTEN)
        elif isinstance(child, nodes.literal_block | nodes.citation):
            yield from weighted_texts(child, 0)
        elif not is_left_out(child):
            yield from weighted_texts(child, weight)


def has_heading(node: nodes.Node) -> bool:
    """Whether a node is a section; sphinx-exercise has nodes of that class without a heading."""
    is_section = isinstance(node, nodes.section)
    return is_section and node.first_child_matching_class(nodes.title) == 0


def is_name(node: nodes.Node) -> bool:
    """A heading, or what a row of a table is about: the glossary has a term and its English."""
    is_cell = isinstance(node, nodes.entry) and node.parent.index(node) < 2
    return isinstance(node, nodes.title) or is_cell


def is_left_out(node: nodes.Node) -> bool:
    """Whether a node is no text of this section: formulas and the output of code are numbers."""
    apart = nodes.math | nodes.math_block | nodes.raw | nodes.comment
    is_output = isinstance(node, nodes.Element) and node.get("nb_element") == "cell_code_output"
    return has_heading(node) or isinstance(node, apart) or is_output


def show_no_excerpts(app, config) -> None:
    """A result says its section and its chapter; excerpts would load a whole chapter for each."""
    config.html_show_search_summary = False


def setup(app) -> dict:
    for language in (SearchEnglish, SearchSpanish, SearchTurkish, SearchKorean):
        app.add_search_language(language)
    sphinx.search.IndexBuilder = SectionIndex
    app.connect("config-inited", show_no_excerpts)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
