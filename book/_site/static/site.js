// A formula that is wider than the page scrolls: the keyboard must be able to scroll it, too.
window.addEventListener("load", async () => {
  await window.MathJax?.startup?.promise;
  for (const formula of document.querySelectorAll('mjx-container[display="true"]'))
    if (formula.scrollWidth > formula.clientWidth) formula.tabIndex = 0;
});

// Section ids are the same in all languages: the chooser leads to the section that is being read.
document.addEventListener("click", (event) => {
  const link = event.target.closest(".language-chooser a[hreflang]");
  if (link) link.hash = location.hash;
});
