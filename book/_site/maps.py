"""The interactive maps of `recsys_helpers.maps`, each in a file of its own.

In a notebook, a map carries everything it needs, a script of more than a megabyte too. A page of
the book stays light: the map becomes a file beside it, which speaks the language of the edition. It
weighs more than all the rest of the chapter, and so is loaded only when the reader opens it.
"""

import gzip
import hashlib
import html
import json
import re
from pathlib import Path

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform

from .languages import LANGUAGES

FRAME = re.compile(r'<iframe srcdoc="(?P<document>[^"]*)" title="[^"]*"(?P<rest>.*</iframe>)')
WORDS = re.compile(r'(?<=<script type="application/json" id="words">).*?(?=</script>)', re.DOTALL)
FOLDER = "_static/maps"


class MapsInFiles(SphinxPostTransform):
    default_priority = 900
    formats = ("html",)

    def run(self, **kwargs) -> None:
        for node in self.document.findall(nodes.raw):
            if node["format"] == "html" and FRAME.match(node.astext()):
                node[:] = [nodes.Text(FRAME.sub(self.put_into_file, node.astext()))]

    def put_into_file(self, frame: re.Match) -> str:
        """Write the document of a frame, and return what loads the file when it is opened."""
        document = translate(html.unescape(frame["document"]), self.config.language).encode()
        # Named after what is in it, as MyST-NB names images: no browser shows an older one.
        name = f"{hashlib.sha256(document).hexdigest()[:16]}.html"
        file = Path(self.app.outdir, FOLDER, name)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(document)
        address = "../" * self.env.docname.count("/") + f"{FOLDER}/{name}"
        title = html.escape(LANGUAGES[self.config.language]["map"]["title"])
        kilobytes = round(len(gzip.compress(document)) / 1000, -1)
        return (
            f'<details class="interactive-map"><summary>{title} ({kilobytes:.0f} kB)</summary>'
            # In what is closed, a browser loads nothing that is lazy.
            f'<iframe src="{address}" title="{title}" loading="lazy"{frame["rest"]}</details>'
        )


def translate(document: str, language: str) -> str:
    """Give a map the words of a language."""
    words = {"language": language, **LANGUAGES[language]["map"]}
    translated, count = WORDS.subn(lambda _: json.dumps(words, ensure_ascii=False), document)
    if count != 1:
        raise ValueError(
            f"a map has {count} places for its words, not 1: book/_site/maps.py no longer fits "
            "recsys_helpers/map.html"
        )
    return translated


def setup(app) -> dict:
    app.add_post_transform(MapsInFiles)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
