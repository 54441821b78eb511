// Headings of tables for those who cannot see or do not use a mouse: reached with Tab, sorted with Enter or Space.

function dress() {
  for (const heading of document.querySelectorAll("th.sortable")) {
    heading.tabIndex = 0;
    heading.scope = "col";
    const sorted = heading.classList.contains("sorted");
    const order = heading.classList.contains("sort-desc") ? "descending" : "ascending";
    heading.setAttribute("aria-sort", sorted ? order : "none");
  }
}

document.addEventListener("keydown", (event) => {
  const heading = event.target.closest?.("th.sortable");
  if (heading && (event.key === "Enter" || event.key === " ")) {
    event.preventDefault();
    heading.click();
  }
});

let waiting = false;
new MutationObserver(() => {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => {
    waiting = false;
    dress();
  });
}).observe(document.documentElement, { subtree: true, childList: true, attributeFilter: ["class"] });
