"""The theme's icons, without the script and the fonts that bring two thousand of them.

The theme ships Font Awesome: fonts, style rules that name their icons, and 1.5 MB of script that
draws the same icons once more. The pages need two dozen. What is left of the font is put into the
style sheet itself: a request less, and from `file://` some browsers would not load it.
"""

import base64
import io
import re
import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from fontTools.subset import Options, Subsetter  # like Pillow, it comes with matplotlib
from fontTools.ttLib import TTFont
from sphinx.util import logging

logger = logging.getLogger(__name__)

SHEET = "styles/pydata-sphinx-theme.css"
FONTS = "vendor/fontawesome/webfonts"
SOLID = "fa-solid-900.ttf"  # the only one of the three whose icons the pages show
SOLID_CLASSES = {"fa", "fas", "fa-solid"}

# <i class="fas fa-download">: the style, then the icon
ICON = re.compile(r"\b(?P<style>fa[bsr]?|fa-(?:solid|regular|brands)) (?P<name>fa-[a-z0-9-]+)")
# .fa-sun:before{content:"\f185"}, often with several names
RULE = re.compile(r'(?P<names>\.fa-[^{}]*):before\{content:"\\[0-9a-f]+"\}')
FACE = re.compile(r"@font-face\{[^}]*vendor/fontawesome[^}]*\}")
OUR_FACE = (
    '@font-face{{font-display:block;font-family:"Font Awesome 6 Free";font-weight:900;'
    'src:url(data:font/woff;base64,{}) format("woff")}}'
)
# A character of the private range, as it is or escaped.
GLYPH = re.compile(r"[\ue000-\uf8ff]|\\[ef][0-9a-f]{3}\b")


def keep_used_icons(app, exception) -> None:
    """Reduce the theme's style sheet and font to the icons of this site."""
    static = Path(app.outdir, "_static")
    if exception or not (static / SHEET).is_file():
        return
    used = used_icons(Path(app.outdir))
    rules = RULE.sub(partial(kept, used), (static / SHEET).read_text(encoding="utf-8"))
    rules = FACE.sub("", rules)
    (static / SHEET).write_text(rules, encoding="utf-8")
    drawn = {glyph for sheet in static.rglob("*.css") for glyph in glyphs_of(sheet)}
    font = base64.b64encode(subset(static / FONTS / SOLID, drawn)).decode("ascii")
    (static / SHEET).write_text(rules + OUR_FACE.format(font), encoding="utf-8")
    shutil.rmtree(static / FONTS)


def used_icons(folder: Path) -> set[str]:
    """The names of the icons that pages and scripts write."""
    used = set()
    for file in (*folder.glob("*.html"), *folder.glob("_static/**/*.js")):
        for style, name in ICON.findall(file.read_text(encoding="utf-8")):
            used.add(name)
            if style not in SOLID_CLASSES:
                logger.warning("%s: book/_site/icons.py has no icon '%s %s'", file, style, name)
    return used


def kept(used: set[str], rule: re.Match) -> str:
    """The rule of an icon if one of its names is used, else nothing."""
    names = {name.removeprefix(".") for name in rule["names"].split(":before,")}
    return rule[0] if names & used else ""


def glyphs_of(sheet: Path) -> Iterator[int]:
    for glyph in GLYPH.findall(sheet.read_text(encoding="utf-8")):
        yield ord(glyph) if len(glyph) == 1 else int(glyph[1:], 16)


def subset(file: Path, characters: set[int]) -> bytes:
    """The font with nothing but these characters, as far as it has them."""
    font = TTFont(file)
    subsetter = Subsetter(Options(hinting=False, layout_features=[], desubroutinize=True))
    subsetter.populate(unicodes=characters)
    subsetter.subset(font)
    font.flavor = "woff"
    buffer = io.BytesIO()
    font.save(buffer)
    return buffer.getvalue()


def setup(app) -> dict:
    app.add_css_file("icons.css")
    app.connect("build-finished", keep_used_icons)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
