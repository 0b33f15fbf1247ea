// What is larger than its frame scrolls: the keyboard must reach it, and hear what it is. The theme
// sees to some of it when the page opens; this also looks into what the reader has unfolded since.
window.addEventListener("load", () => {
  const names = {
    'mjx-container[display="true"]': "Formula",
    ".pst-scrollable-table-container, .cell_output > .output:has(table)": "Table",
    ".cell_output > .output, .cell_output pre": "Output",
    pre: "Code",
  };
  const selectors = Object.keys(names);

  const reach = (element) => {
    const scrolls =
      element.scrollWidth > element.clientWidth || element.scrollHeight > element.clientHeight;
    const isOverflow = /auto|scroll/.test(getComputedStyle(element).overflow);
    if (scrolls && isOverflow) {
      element.tabIndex = 0;
      element.role = "group";
      element.ariaLabel = _(names[selectors.find((selector) => element.matches(selector))]);
    } else for (const name of ["tabindex", "role", "aria-label"]) element.removeAttribute(name);
  };
  const reachAll = () => document.querySelectorAll(selectors.join()).forEach(reach);
  // The page changes its height when formulas are set, and when something is unfolded.
  new ResizeObserver(reachAll).observe(document.getElementById("main-content"));
});
