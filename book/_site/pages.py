"""What every page of an edition carries: language chooser, hreflang links, the line of facts."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import myst_nb.core.render
from docutils import nodes
from myst_nb.sphinx_ import NbMetadataCollector
from sphinx.transforms.post_transforms import SphinxPostTransform

from .execution import join_streams
from .languages import LANGUAGES

SITE = Path(__file__).resolve().parent
DATA_LINE = re.compile(r"^data: ([^,\n]+)", re.MULTILINE)


def add_templates(app, config) -> None:
    config.templates_path = [*config.templates_path, str(SITE / "templates")]
    config.html_static_path = [*config.html_static_path, str(SITE / "static")]
    config.html_theme_options["search_bar_text"] = LANGUAGES[config.language]["search"]


def add_language_links(app, pagename, templatename, context, doctree) -> None:
    """Offer this very page in each language, to the reader and to search engines.

    The links are relative, so that they hold wherever the site lies, on a USB stick too. Search
    engines ask for complete addresses: they get them once `html.baseurl` names the site's.
    """
    edition = app.config.language
    page = app.builder.get_target_uri(pagename)
    up = "../" * (pagename.count("/") + 1)
    site = app.config.html_baseurl.removesuffix(f"{edition}/") or up
    context["languages"] = LANGUAGES
    context["edition"] = edition
    context["language_url"] = {code: f"{up}{code}/{page}" for code in LANGUAGES}
    context["landing_url"] = f"{up}index.html#choose"
    default = next(iter(LANGUAGES))
    alternates = {code: f"{site}{code}/{page}" for code in LANGUAGES}
    alternates["x-default"] = alternates[default]
    context["metatags"] = context.get("metatags", "") + "".join(
        f'<link rel="alternate" hreflang="{code}" href="{url}" />\n'
        for code, url in alternates.items()
    )


class PageFacts(SphinxPostTransform):
    """Say under the title of a chapter how long it takes to read and to run, and on which data."""

    default_priority = 900
    formats = ("html",)

    def run(self, **kwargs) -> None:
        executed = NbMetadataCollector.get_exec_data(self.env, self.env.docname)
        title = next(self.document.findall(nodes.title), None)
        if executed and title:
            facts = self.facts(executed["runtime"])
            line = nodes.paragraph("", " · ".join(facts), classes=["page-facts"])
            title.parent.insert(title.parent.index(title) + 1, line)

    def facts(self, seconds: float) -> list[str]:
        texts = LANGUAGES[self.config.language]
        minutes = reading_minutes(" ".join(prose(self.document)), texts["speed"], texts["unit"])
        facts = [
            texts["reading"].format(minutes=minutes),
            texts["running"].format(seconds=whole_seconds(seconds), cores=os.cpu_count()),
        ]
        if data := data_of(self.document):
            facts.append(data_in_words(data, texts))
        return facts


def whole_seconds(seconds: float) -> int:
    return max(1, round(seconds))


def data_in_words(data: str, texts: dict) -> str:
    """What is said, in the language of `texts`, of the data whose name a chapter has printed."""
    return texts["data"].get(data, texts["computed"].format(data=data))


def data_of(document: nodes.document) -> str | None:
    """The name of a chapter's data: what it printed after `data: ` when it ran, up to a comma."""
    for output in document.findall(nodes.literal_block):
        if "stream" in output["classes"] and (line := DATA_LINE.search(output.astext())):
            return line[1]
    return None


def reading_minutes(text: str, speed: int, unit: str) -> int:
    """Minutes (at least 1) to read a text at `speed` words or characters per minute."""
    words = text.split()
    amount = len(words) if unit == "word" else sum(map(len, words))
    return max(1, round(amount / speed))


def prose(node: nodes.Node) -> Iterator[str]:
    """The texts below a node, without code, its output and formulas."""
    if isinstance(node, nodes.Text):
        yield node.astext()
    elif not is_code_or_formula(node):
        for child in node.children:
            yield from prose(child)


def is_code_or_formula(node: nodes.Node) -> bool:
    apart = nodes.literal_block | nodes.math | nodes.math_block | nodes.raw | nodes.comment
    return isinstance(node, apart) or node.get("nb_element") == "cell_code"


def number_by_chapter(app, builder) -> None:
    """Number figures, exercises and formulas within their chapter: 1.3 is the third of 01_*.md.

    Sphinx would count on through all chapters, and number chapters from 1, whatever their files
    are called. The environment is already saved when this runs, so that the next build compares
    Sphinx's own numbers with each other.
    """
    for docname, numbers_by_kind in app.env.toc_fignumbers.items():
        chapter, _, _ = docname.partition("_")
        if chapter.isdigit():
            for numbers in numbers_by_kind.values():
                numbers.update({id_: (int(chapter), n) for n, id_ in enumerate(numbers, 1)})


def setup(app) -> dict:
    myst_nb.core.render.coalesce_streams = join_streams
    app.add_post_transform(PageFacts)
    app.add_css_file("languages.css")
    app.connect("config-inited", add_templates)
    # Before pydata-sphinx-theme, at 500, drops the templates that render to nothing.
    app.connect("html-page-context", add_language_links, priority=400)
    app.connect("write-started", number_by_chapter)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
