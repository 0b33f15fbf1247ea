// In place of Sphinx's script of this name: shows the words of a search in the page that it found.
// Sphinx's wraps them in spans, which tears formulas before they are drawn. Here the page stays as
// it is; a browser without the CSS Custom Highlight API shows no highlights.
"use strict";

const SPHINX_HIGHLIGHT_ENABLED = false; // for searchtools.js: search.js leaves the words, not that

const SphinxHighlight = {
  // What the search has left, once; nothing where a browser keeps nothing for a site.
  takeStems: () => {
    try {
      const stems = localStorage.getItem("sphinx_highlight_terms") ?? "";
      localStorage.removeItem("sphinx_highlight_terms");
      return stems.split(" ").filter(Boolean);
    } catch {
      return [];
    }
  },

  highlightSearchWords: () => {
    const stems = SphinxHighlight.takeStems();
    const article = document.querySelector("article");
    if (!stems.length || !article || !CSS.highlights) return;
    CSS.highlights.set("search", new Highlight(...SphinxHighlight.ranges(article, stems)));
  },

  hideSearchWords: () => CSS.highlights?.delete("search"),

  // The words below a node that begin with one of the stems, whatever their case and accents.
  ranges: function* (root, stems) {
    const { compare } = new Intl.Collator("en", { sensitivity: "base" });
    const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      const node = texts.currentNode;
      if (node.parentElement.closest("script, style, .math, mjx-container")) continue;
      for (const { 0: word, index } of node.data.matchAll(/[\p{L}\p{N}]+/gu)) {
        const plain = word.replaceAll("ı", "i");
        if (!stems.some((stem) => compare(plain.slice(0, stem.length), stem) === 0)) continue;
        const range = new Range();
        range.setStart(node, index);
        range.setEnd(node, index + word.length);
        yield range;
      }
    }
  },
};

// The page of results would show the words of the search before.
if (!location.pathname.endsWith("/search.html"))
  window.addEventListener("load", SphinxHighlight.highlightSearchWords);

document.addEventListener("keydown", ({ key }) => {
  if (key === "Escape") SphinxHighlight.hideSearchWords();
});
