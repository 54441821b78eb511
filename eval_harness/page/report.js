"use strict";
// Filters the list of examples. What is chosen stands in the address, so that a view can be passed on.
(() => {
  const form = document.querySelector(".filters");
  const keys = ["status", "reason", "level", "tag", "kind"];
  const examples = [...document.querySelectorAll(".example")].map((element) => ({
    element,
    outcome: element.dataset.outcome,
    change: element.dataset.change,
    values: Object.fromEntries(keys.map((key) => [key, JSON.parse(element.dataset[key])])),
    text: null,
  }));
  const textOf = (example) => (example.text ??= example.element.textContent.toLowerCase());

  function matches(example, chosen, words) {
    const outcome = chosen.outcome;
    if (outcome && outcome !== example.outcome && outcome !== example.change) return false;
    for (const key of keys) {
      if (chosen[key] && !example.values[key].includes(JSON.parse(chosen[key]))) return false;
    }
    return words.every((word) => textOf(example).includes(word));
  }

  function apply() {
    const chosen = Object.fromEntries(new FormData(form));
    const words = chosen.text.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const example of examples) {
      const hidden = !matches(example, chosen, words);
      if (example.element.hidden !== hidden) example.element.hidden = hidden;
      shown += !hidden;
    }
    for (const group of document.querySelectorAll(".group")) {
      group.hidden = !group.querySelector(".example:not([hidden])");
    }
    document.querySelector(".no-match").hidden = shown > 0;
    form.querySelector("output").textContent = `${shown} of ${examples.length} shown`;
    const kept = new URLSearchParams(Object.entries(chosen).filter(([key, value]) => value || key === "outcome"));
    history.replaceState(null, "", `#${kept}`);
  }

  for (const [key, value] of new URLSearchParams(location.hash.slice(1))) {
    const control = form.elements.namedItem(key);
    if (control) control.value = value;
  }
  let waiting = 0;
  form.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(apply, 80); });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(apply));
  form.addEventListener("click", (event) => {
    const what = event.target.dataset.do;
    if (!what) return;
    for (const { element } of examples) element.open = what === "open" && (element.open || !element.hidden);
  });
  form.hidden = false;
  apply();
})();
