// Section ids are the same in all languages: the chooser leads to the section that is being read.
document.addEventListener("click", (event) => {
  const link = event.target.closest(".language-chooser a[hreflang]");
  if (link) link.hash = location.hash;
});
