"""The figures of the chapters as light as they can be, loaded when the reader gets to them.

A notebook shows figures as PNG, which everything can read. Browsers know better formats: lossless
WebP takes a third of it, and AVIF a sixth of a map with a thousand coloured points.
"""

import hashlib
import io
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
                self.replace(image, light(source))
                image["loading"] = "lazy" if number else "eager"

    def replace(self, image: nodes.image, file: Path) -> None:
        uri = str(file)
        image["pixels"] = Image.open(file).size
        image["uri"] = uri
        image["candidates"] = {"*": uri}
        self.env.images.add_file(self.env.docname, uri)


def light(png: Path) -> Path:
    """The file of the same image that browsers are to load."""
    settings = repr((LOSSLESS, LOSSY, LIMIT)).encode()
    name = hashlib.sha256(png.read_bytes() + settings).hexdigest()[:16]
    if made := list(FOLDER.glob(f"{name}.*")):
        return made[0]
    image = on_white(Image.open(png))
    content, suffix = encoded(image, LOSSLESS), ".webp"
    if len(content) > LIMIT:
        content, suffix = encoded(image, LOSSY), ".avif"
    FOLDER.mkdir(parents=True, exist_ok=True)
    with written_whole(FOLDER / f"{name}{suffix}") as unfinished:
        unfinished.write_bytes(content)
    return FOLDER / f"{name}{suffix}"


def on_white(image: Image.Image) -> Image.Image:
    """Without transparency, of which neither format would be better off."""
    image = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")


def encoded(image: Image.Image, settings: dict) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, **settings)
    return buffer.getvalue()


def visit_image(translator, node: nodes.image) -> None:
    """Write the tag with the size in pixels: the text below does not jump when the image comes."""
    translator.__class__.visit_image(translator, node)
    if "pixels" in node:
        width, height = node["pixels"]
        size = f'<img width="{width}" height="{height}" decoding="async" '
        translator.body[-1] = translator.body[-1].replace("<img ", size, 1)


def depart_image(translator, node: nodes.image) -> None:
    translator.__class__.depart_image(translator, node)


def setup(app) -> dict:
    app.add_node(nodes.image, override=True, html=(visit_image, depart_image))
    app.add_post_transform(LightFigures)
    app.add_css_file("figures.css")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
