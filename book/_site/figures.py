"""The figures of the chapters as light as they can be, loaded when the reader gets to them.

A notebook shows figures as PNG, which everything can read. Browsers know better formats: lossless
WebP takes a third of it. Of a map with a thousand coloured points, AVIF takes a sixth; browsers
that do not know it yet get the WebP.
"""

import hashlib
import posixpath
from pathlib import Path

from docutils import nodes
from PIL import Image  # like matplotlib, which draws the figures and brings it
from sphinx.transforms.post_transforms import SphinxPostTransform

from recsys_helpers.files import written_whole

from .execution import ROOT

# The editions show the same figures: what one of them has made smaller serves the others.
FOLDER = ROOT / "_build" / ".figures"
LOSSLESS = {"format": "WEBP", "lossless": True, "quality": 100, "method": 5}
# Without subsampling of colours, which would wash out points of a few pixels.
LOSSY = {"format": "AVIF", "quality": 55, "speed": 4, "subsampling": "4:4:4"}
LIMIT = 32_000  # bytes up to which a figure is kept as it is, pixel by pixel


class LightFigures(SphinxPostTransform):
    """Replace the images on a page, and say how large they are before they are there."""

    default_priority = 200  # MyST-NB has put in what the page glues, and its cells have put out
    formats = ("html",)

    def run(self, **kwargs) -> None:
        for number, image in enumerate(self.document.findall(nodes.image)):
            source = Path(self.app.srcdir, image["uri"])
            if source.suffix == ".png":
                self.replace(image, *light(source))
                image["loading"] = "lazy" if number else "eager"

    def replace(self, image: nodes.image, file: Path, smaller: Path | None = None) -> None:
        image["pixels"] = Image.open(file).size
        image["uri"] = self.add(file)
        image["candidates"] = {"*": image["uri"]}
        if smaller:
            image["smaller"] = self.add(smaller)

    def add(self, file: Path) -> str:
        self.env.images.add_file(self.env.docname, str(file))
        return str(file)


def light(png: Path) -> list[Path]:
    """The file of the same image that browsers are to load, and a smaller one if it is large."""
    settings = repr((LOSSLESS, LOSSY, LIMIT)).encode()
    name = hashlib.sha256(png.read_bytes() + settings).hexdigest()[:16]
    webp = made(FOLDER / f"{name}.webp", png, LOSSLESS)
    if webp.stat().st_size <= LIMIT:
        return [webp]
    return [webp, made(FOLDER / f"{name}.avif", png, LOSSY)]


def made(file: Path, png: Path, settings: dict) -> Path:
    """Convert an image, unless that has been done."""
    if not file.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        with written_whole(file) as unfinished:
            on_white(Image.open(png)).save(unfinished, **settings)
    return file


def on_white(image: Image.Image) -> Image.Image:
    """Without transparency, of which neither format would be better off."""
    image = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")


def visit_image(translator, node: nodes.image) -> None:
    """Write the tag with the size in pixels: the text below does not jump when the image comes."""
    translator.__class__.visit_image(translator, node)
    if "pixels" in node:
        width, height = node["pixels"]
        size = f'<img width="{width}" height="{height}" decoding="async" '
        translator.body[-1] = translator.body[-1].replace("<img ", size, 1)
    if "smaller" in node:
        source = (
            f'<source srcset="{address(translator.builder, node["smaller"])}" type="image/avif">'
        )
        translator.body[-1] = f"<picture>{source}{translator.body[-1]}</picture>"


def address(builder, uri: str) -> str:
    """Have an image copied into the site that Sphinx, which knows one per node, would leave out."""
    _, builder.images[uri] = builder.env.images[uri]
    return posixpath.join(builder.imgpath, builder.images[uri])


def depart_image(translator, node: nodes.image) -> None:
    translator.__class__.depart_image(translator, node)


def setup(app) -> dict:
    app.add_node(nodes.image, override=True, html=(visit_image, depart_image))
    app.add_post_transform(LightFigures)
    app.add_css_file("figures.css")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
