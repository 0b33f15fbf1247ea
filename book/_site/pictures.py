"""The pictures that stand for the course elsewhere: on a home screen, and in a social network.

They show what the course is about: a matrix of ratings with one hole to fill, as the favicon does.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import matplotlib.font_manager as fonts
from matplotlib.figure import Figure
from matplotlib.patches import Circle
from matplotlib.textpath import TextPath

ICON = "icon.png"
ICON_SIZE = (180, 180)
CARD_SIZE = (1200, 630)
TEXT_LEFT, TEXT_WIDTH = 405, 725
DPI = 100

GROUND, DOT, HOLE = "#1f5f8b", "#ffffff", "#ffc447"
RATINGS = ("101", "0?0", "110")  # 1 is known, 0 is another, ? is the hole

# The first has all letters of Latin script, and comes with Matplotlib; the others have Hangul.
FONTS = (
    "DejaVu Sans",
    "Noto Sans CJK KR",
    "Noto Sans CJK JP",
    "Noto Sans KR",
    "NanumGothic",
    "Malgun Gothic",
    "Apple SD Gothic Neo",
)


def card(language: str) -> str:
    """The name of the picture of an edition, at the root of the site."""
    return f"card-{language}.png"


def draw_icon(file: Path) -> None:
    """Draw the matrix alone, up to the edges: a home screen rounds its corners itself."""
    figure = blank(ICON_SIZE)
    draw_matrix(figure, x=90, y=90, step=44)
    save(figure, file)


def draw_card(file: Path, title: str, sentence: str) -> None:
    """Draw the matrix with the title and a sentence beside it, if a font here can write them."""
    figure = blank(CARD_SIZE)
    if font := font_for(title + sentence):
        draw_matrix(figure, x=205, y=315, step=88)
        write(figure, wrapped(title, font, 56), font, 56, y=335, verticalalignment="bottom")
        write(figure, wrapped(sentence, font, 30), font, 30, y=290, verticalalignment="top")
    else:
        draw_matrix(figure, x=600, y=315, step=130)
    save(figure, file)


def write(figure: Figure, text: str, font: Path, size: float, *, y: float, **style) -> None:
    """Write a text at a height in pixels from the lower edge, in letters of so many pixels."""
    points, (width, height) = size * 72 / DPI, CARD_SIZE
    style |= {"font": font, "fontsize": points, "linespacing": 1.3, "color": DOT}
    figure.text(TEXT_LEFT / width, y / height, text, **style)


def wrapped(text: str, font: Path, size: float) -> str:
    """The text in lines that fit; letters of different scripts have different widths."""
    return "\n".join(lines(text, lambda line: extent(line, font, size) <= TEXT_WIDTH))


def lines(text: str, fits: Callable[[str], bool]) -> Iterator[str]:
    line, *words = text.split()
    for word in words:
        if not fits(longer := f"{line} {word}"):
            yield line
            longer = word
        line = longer
    yield line


def extent(line: str, font: Path, size: float) -> float:
    path = TextPath((0, 0), line, size=size, prop=fonts.FontProperties(fname=font))
    return path.get_extents().width


def blank(size: tuple[int, int]) -> Figure:
    return Figure(figsize=[side / DPI for side in size], dpi=DPI, facecolor=GROUND)


def draw_matrix(figure: Figure, *, x: float, y: float, step: float) -> None:
    """Draw the ratings around a place, in pixels from the lower left corner."""
    for i, row in enumerate(RATINGS):
        for j, rating in enumerate(row):
            style = {"facecolor": DOT, "alpha": 0.35 if rating == "0" else 1}
            if rating == "?":
                style = {"facecolor": "none", "edgecolor": HOLE, "linewidth": step * 0.18}
            centre, radius = (
                (x + (j - 1) * step, y + (1 - i) * step),
                0.36 if rating == "?" else 0.41,
            )
            figure.add_artist(Circle(centre, radius * step, transform=None, **style))


def font_for(text: str) -> Path | None:
    """The first of the fonts that is on this machine and has every letter of a text."""
    for name in FONTS:
        try:
            path = fonts.findfont(name, fallback_to_default=False)
        except ValueError:
            continue
        if set(map(ord, text)) <= fonts.get_font(path).get_charmap().keys():
            return Path(path)
    return None


def save(figure: Figure, file: Path) -> None:
    """Write the same bytes on every build: without the version of Matplotlib."""
    figure.savefig(file, metadata={"Software": None})
