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

// The book theme takes the focus away from the buttons above the page when they are pressed. Who
// pressed one with a key wants it back: to press it again, or when the dialog is closed.
{
  let pressed;
  const giveBack = () => {
    if (document.activeElement === document.body) pressed?.focus();
  };
  document.addEventListener("click", (event) => (pressed = event.target.closest("button")), true);
  document.addEventListener("click", (event) => event.isTrusted && event.detail === 0 && giveBack());
  document.addEventListener("close", () => setTimeout(giveBack), true); // a dialog leaves it late
}
