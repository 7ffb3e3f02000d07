"use strict";

// The dark style follows the system until the button says for which media it is.
const dark = document.querySelector("style[media]");
const toggle = document.querySelector("header button");
const isDark = () => matchMedia(dark.media).matches;
const nameToggle = () => { toggle.textContent = isDark() ? "Light colours" : "Dark colours"; };
toggle.addEventListener("click", () => { dark.media = isDark() ? "not all" : "screen"; nameToggle(); });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", nameToggle);
nameToggle();
toggle.hidden = false;

// Tables are sorted by a column's values, or by its text where no cell has a value.
const collator = new Intl.Collator("en", { numeric: true });

function key(cell, numeric) {
  if (numeric) return "value" in cell.dataset ? Number(cell.dataset.value) : null;
  return cell.textContent.trim() || null;
}

function compare(a, b, sign) {
  if (a === null || b === null) return (a === null) - (b === null); // nothing comes last either way
  return sign * (typeof a === "number" ? Math.sign(a - b) || 0 : collator.compare(a, b));
}

function sortBy(head) {
  const body = head.closest("table").tBodies[0];
  const cellOf = (row) => row.cells[head.cellIndex];
  const order = head.getAttribute("aria-sort") === "ascending" ? "descending" : "ascending";
  const sign = order === "ascending" ? 1 : -1;
  const rows = [...body.rows];
  const numeric = rows.some((row) => "value" in cellOf(row).dataset);
  const keys = new Map(rows.map((row) => [row, key(cellOf(row), numeric)]));
  rows.sort((a, b) => compare(keys.get(a), keys.get(b), sign));
  for (const other of head.parentNode.cells) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", order);
  body.append(...rows);
}

for (const head of document.querySelectorAll("thead th")) {
  if (!head.textContent) continue;
  const button = document.createElement("button");
  button.type = "button";
  button.append(...head.childNodes);
  head.append(button);
  button.addEventListener("click", () => sortBy(head));
}
