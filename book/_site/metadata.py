"""What search engines and social networks are told of a page: its description, and a picture.

Both show the description as it is, so it is whole sentences: the first ones of the page.
"""

import re

from docutils import nodes
from markupsafe import Markup

from . import pictures
from .languages import LANGUAGES

# About as much as is shown. A first sentence that is longer stays whole all the same.
LONGEST = 200
# In Turkish, a full stop after a number makes it the second or the third.
SENTENCE_END = re.compile(r"(?<=\D[.!?])\s+")


def meta_tags(language: str, title: str, description: str, site: str, path: str) -> Markup:
    """The tags of the page at `path` of the site; with its address `site`, also those that need it.

    Social networks take complete addresses only, so a site that does not know its own has no card.
    """
    texts = LANGUAGES[language]
    properties = {
        "og:type": "website",
        "og:site_name": texts["title"],
        "og:locale": texts["locale"],
        "og:title": title,
        "og:description": description,
    }
    if site:
        width, height = pictures.CARD_SIZE
        properties |= {
            "og:url": site + path,
            "og:image": site + pictures.card(language),
            "og:image:width": str(width),
            "og:image:height": str(height),
            "og:image:alt": texts["title"],
        }
    # What else the networks that read `twitter:` want to know they take from `og:`.
    names = {"description": description, "twitter:card": "summary_large_image"}
    tags = [
        *(Markup('<meta name="{}" content="{}">').format(*pair) for pair in names.items()),
        *(Markup('<meta property="{}" content="{}">').format(*pair) for pair in properties.items()),
    ]
    return Markup("\n").join(tags)


def describe(document: nodes.document) -> str:
    """The first sentences of a page, as many as search engines show, and at least one."""
    text = next((p.astext() for p in document.findall(is_prose)), "")
    first, *others = SENTENCE_END.split(" ".join(text.split()))
    for sentence in others:
        if len(longer := f"{first} {sentence}") > LONGEST:
            break
        first = longer
    return first


def is_prose(node: nodes.Node) -> bool:
    """Tell whether a node is a paragraph of the text itself, and not of a box or of the build."""
    return (
        isinstance(node, nodes.paragraph)
        and isinstance(node.parent, nodes.section)
        and "page-facts" not in node["classes"]
    )


def add_meta_tags(app, pagename, templatename, context, doctree) -> None:
    """Describe a page; the search page, which has no text of its own, by what it is for."""
    language = app.config.language
    texts = LANGUAGES[language]
    title = Markup(context.get("title", texts["search"])).striptags()
    description = describe(doctree) if doctree else f"{texts['search']}: {texts['title']}"
    site = app.config.html_baseurl.removesuffix(f"{language}/")
    path = f"{language}/{app.builder.get_target_uri(pagename)}"
    tags = meta_tags(language, title, description, site, path)
    icon = Markup('<link rel="apple-touch-icon" href="{}">').format(
        f"{'../' * (pagename.count('/') + 1)}{pictures.ICON}"
    )
    context["metatags"] = f"{context.get('metatags', '')}{tags}\n{icon}\n"


def setup(app) -> dict:
    app.connect("html-page-context", add_meta_tags)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
