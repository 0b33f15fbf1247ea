// Folded: the answers of a chapter, sidebars, and a table of many pages, which is never printed. A
// folded cell is part of an answer, or the code of a figure, which is not printed either.
const FOLDED = "article details.sd-dropdown:not([open], :has([role=region]))";
const ANSWERS = "section:is([id$=-predict], [id$=-bug], [id*=-exercise], [id$=-quiz])";

// Unfold what matches; return what folds it again.
function unfold(selector) {
  const elements = [...document.querySelectorAll(selector)];
  const folded = elements.map((element) => element.className);
  for (const element of elements) {
    element.open = true;
    element.classList.remove("toggle-hidden");
  }
  return () => {
    elements.forEach((element, i) => {
      element.open = false;
      element.className = folded[i];
    });
  };
}

// Whatever prints a page, paper is light, its images are there, and so are the sidebars.
window.addEventListener("beforeprint", () => {
  const root = document.documentElement;
  const { theme } = root.dataset;
  root.dataset.theme = "light";
  for (const image of document.images) image.loading = "eager";
  const fold = unfold(`${FOLDED}:not(${ANSWERS} *)`);
  const restore = () => {
    root.dataset.theme = theme;
    fold();
  };
  window.addEventListener("afterprint", restore, { once: true });
});

async function printPage({ unfolded = false } = {}) {
  if (unfolded) {
    const fold = unfold(`${FOLDED}, ${ANSWERS} details.hide:not([open]), article .toggle-hidden`);
    window.addEventListener("afterprint", fold, { once: true });
  }
  const images = [...document.querySelectorAll("article img")];
  for (const image of images) image.loading = "eager";
  await Promise.allSettled(images.map((image) => image.decode()));
  window.print();
}
