"""What lies at the root of the site, above the editions, for readers and for search engines.

The landing page offers the languages; `404.html` is what a host shows where there is no page; the
sitemap names every page in each language; and pictures stand for the course on other sites.
"""

import shutil
from pathlib import Path
from urllib.parse import urlsplit
from xml.etree import ElementTree

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from . import pictures
from .languages import LANGUAGES
from .metadata import meta_tags

SITE = Path(__file__).resolve().parent
DEFAULT = next(iter(LANGUAGES))
SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"
XHTML = "http://www.w3.org/1999/xhtml"


def write_root_pages(outdir: Path, baseurl: str) -> None:
    """Write all of them beside the finished editions; `baseurl` is the site's address, if known."""
    site = f"{baseurl.rstrip('/')}/" if baseurl else ""
    texts = LANGUAGES[DEFAULT]
    landing = {"meta_tags": meta_tags(DEFAULT, texts["title"], texts["sentence"], site, "")}
    # A host shows it under any address: what it links to is found from the root of the site.
    missing = {"root": urlsplit(site).path}
    for name, values in {"index.html": landing, "404.html": missing}.items():
        page = (
            templates()
            .get_template(f"root/{name}")
            .render(languages=LANGUAGES, site=site, **values)
        )
        (outdir / name).write_text(page, encoding="utf-8")
    shutil.copy(SITE / "static" / "favicon.svg", outdir)
    pictures.draw_icon(outdir / pictures.ICON)
    for code, words in LANGUAGES.items():
        pictures.draw_card(outdir / pictures.card(code), words["title"], words["sentence"])
    (outdir / "sitemap.xml").unlink(missing_ok=True)
    if site:  # a sitemap takes complete addresses only
        write_sitemap(outdir, site)


def templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(SITE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def write_sitemap(outdir: Path, site: str) -> None:
    """Name each page in each language, with its counterparts in the others."""
    ElementTree.register_namespace("", SITEMAP)
    ElementTree.register_namespace("xhtml", XHTML)
    root = ElementTree.Element(f"{{{SITEMAP}}}urlset")
    add_page(root, site, {})
    for file in sorted((outdir / DEFAULT).glob("*.html")):
        if file.name == "search.html":  # it has nothing to be found by
            continue
        counterparts = {code: f"{site}{code}/{file.name}" for code in LANGUAGES}
        for address in counterparts.values():
            add_page(root, address, counterparts | {"x-default": counterparts[DEFAULT]})
    ElementTree.indent(root)
    ElementTree.ElementTree(root).write(outdir / "sitemap.xml", "utf-8", xml_declaration=True)


def add_page(root: ElementTree.Element, address: str, counterparts: dict[str, str]) -> None:
    page = ElementTree.SubElement(root, f"{{{SITEMAP}}}url")
    ElementTree.SubElement(page, f"{{{SITEMAP}}}loc").text = address
    for code, counterpart in counterparts.items():
        link = {"rel": "alternate", "hreflang": code, "href": counterpart}
        ElementTree.SubElement(page, f"{{{XHTML}}}link", link)
