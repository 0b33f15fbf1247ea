// Whatever prints a page, paper is light and its images are there.
let screenTheme;
window.addEventListener("beforeprint", () => {
  screenTheme = document.documentElement.dataset.theme;
  document.documentElement.dataset.theme = "light";
  for (const image of document.images) image.loading = "eager";
});
window.addEventListener("afterprint", () => {
  document.documentElement.dataset.theme = screenTheme;
});

// Open all that the reader folds and unfolds: hints, answers, solutions. Not the code of figures
// and not a table that scrolls, which would be pages long. Returns what folds it again.
function unfold() {
  const article = document.querySelector("article");
  const details = [...article.querySelectorAll("details.sd-dropdown:not([open])")].filter(
    (element) => !element.querySelector("[role=region]")
  );
  const toggled = [...article.querySelectorAll(".toggle-hidden")];
  for (const element of details) element.open = true;
  for (const element of toggled) element.classList.remove("toggle-hidden");
  return () => {
    for (const element of details) element.open = false;
    for (const element of toggled) element.classList.add("toggle-hidden");
  };
}

async function printPage({ unfolded = false } = {}) {
  if (unfolded) window.addEventListener("afterprint", unfold(), { once: true });
  const images = [...document.images].filter((image) => image.closest("article"));
  for (const image of images) image.loading = "eager";
  await Promise.allSettled(images.map((image) => image.decode()));
  window.print();
}
