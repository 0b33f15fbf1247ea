"""The pictures that stand for the course elsewhere: on a home screen, and in a social network.

They show what the course is about: a matrix of ratings with one hole to fill, as the favicon does.
"""

import textwrap
from pathlib import Path

import matplotlib.font_manager as fonts
from matplotlib.figure import Figure
from matplotlib.patches import Circle

ICON = "icon.png"
ICON_SIZE = (180, 180)
CARD_SIZE = (1200, 630)

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
    if path := font_for(title + sentence):
        draw_matrix(figure, x=205, y=315, step=88)
        for text, y, width, size, align in (
            (title, 330, 25, 54, "bottom"),
            (sentence, 290, 48, 29, "top"),
        ):
            figure.text(
                410 / CARD_SIZE[0],
                y / CARD_SIZE[1],
                "\n".join(textwrap.wrap(text, width)),
                font=path,
                fontsize=size * 0.72,  # from pixels to points, at 100 pixels an inch
                linespacing=1.35,
                color=DOT,
                verticalalignment=align,
            )
    else:
        draw_matrix(figure, x=600, y=315, step=130)
    save(figure, file)


def blank(size: tuple[int, int]) -> Figure:
    return Figure(figsize=[side / 100 for side in size], dpi=100, facecolor=GROUND)


def draw_matrix(figure: Figure, *, x: float, y: float, step: float) -> None:
    """Draw the ratings around a place, in pixels from the lower left corner."""
    for i, row in enumerate(RATINGS):
        for j, rating in enumerate(row):
            style = {"facecolor": DOT, "alpha": 0.35 if rating == "0" else 1}
            if rating == "?":
                style = {"facecolor": "none", "edgecolor": HOLE, "linewidth": step * 0.18}
            centre = (x + (j - 1) * step, y + (1 - i) * step)
            figure.add_artist(Circle(centre, step * 0.38, transform=None, **style))


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
