// Adds what a page without scripts can do without: row filters, and opening the requirement of a link or for paper.
"use strict";
for (const input of document.querySelectorAll("input[data-filter]")) {
  const table = document.querySelector("table." + input.dataset.filter);
  const box = input.closest(".filter");
  const show = () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const body of table.tBodies) {
      const group = body.querySelector("tr.group");
      const head = group ? group.textContent : "";
      let here = 0;
      for (const row of body.querySelectorAll("tr.row")) {
        const text = (head + " " + row.textContent).toLowerCase();
        row.hidden = !words.every((word) => text.includes(word));
        here += row.hidden ? 0 : 1;
      }
      if (group) group.hidden = here === 0;
      shown += here;
    }
    box.querySelector("output").textContent = words.length ? shown + " shown" : "";
  };
  input.addEventListener("input", show);
  box.hidden = false;
}
const reveal = () => {
  const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const area = target && target.closest("details");
  if (area) { area.open = true; target.scrollIntoView(); }
};
window.addEventListener("hashchange", reveal);
reveal();
let closed = [];
window.addEventListener("beforeprint", () => {
  closed = [...document.querySelectorAll("details:not([open])")];
  for (const area of closed) area.open = true;
});
window.addEventListener("afterprint", () => { for (const area of closed) area.open = false; });
