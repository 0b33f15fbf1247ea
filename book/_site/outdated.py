"""A notice at the top of each section that is older than the English one it was translated from.

book/translations.py knows which ones are.
"""

from pathlib import Path

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform

from book.translations import ENGLISH, outdated

from .languages import LANGUAGES


class Notices(SphinxPostTransform):
    default_priority = 880  # before the lines under the title of a chapter, which stay on top
    formats = ("html",)

    def run(self, **kwargs) -> None:
        labels = self.env.outdated_sections.get(self.env.docname, ())
        for section in self.document.findall(nodes.section):
            if section["ids"] and section["ids"][0] in labels:
                section.insert(
                    section.first_child_matching_class(nodes.title) + 1, self.notice(section)
                )

    def notice(self, section: nodes.section) -> nodes.note:
        """A note whose title is in the language of the edition, as that of every note."""
        texts, page = LANGUAGES[self.config.language]["outdated"], self.env.docname
        up = "../" * (page.count("/") + 1)
        address = f"{up}{ENGLISH}/{page}.html#{section['ids'][0]}"
        link = nodes.reference("", texts["link"], refuri=address)
        text = nodes.paragraph("", f"{texts['notice']} ", link, nodes.Text("."))
        return nodes.note("", text, classes=["outdated"])


def pages_to_write_again(app, env) -> list[str]:
    """Find what is outdated, and the pages where that has changed: their own text has not."""
    before = getattr(env, "outdated_sections", {})
    env.outdated_sections = {}
    for one in outdated(app.config.language, Path(app.srcdir).parent):
        env.outdated_sections.setdefault(one.page, []).append(one.section)
    changed = before.keys() | env.outdated_sections.keys()
    return [
        page
        for page in changed & env.found_docs
        if before.get(page) != env.outdated_sections.get(page)
    ]


def setup(app) -> dict:
    app.add_post_transform(Notices)
    app.connect("env-get-updated", pages_to_write_again)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
