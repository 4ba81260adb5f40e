// Sorting, searching and keys. Everything works without it; with it, quicker.
"use strict";
(() => {
  // The first of a page is the one that the key goes to.
  const SEARCH = "main :is([data-search], input[type=search])";
  const typing = (element) => element.matches("input, select, textarea, [contenteditable]");

  const compare = (kind, up) => (a, b) => {
    if (a.key === "" || b.key === "") return (a.key === "") - (b.key === "");  // what is missing stays last
    const order = kind === "number" ? Number(a.key) - Number(b.key) : a.key.localeCompare(b.key, document.documentElement.lang);
    return (up ? order : -order) || a.at - b.at;
  };

  const sort = (head) => {
    const table = head.closest("table");
    const up = head.getAttribute("aria-sort") !== "ascending";
    const column = head.cellIndex;
    const rows = [...table.tBodies[0].rows].map((row, at) => ({ row, at, key: row.cells[column].dataset.sort ?? row.cells[column].textContent.trim() }));
    rows.sort(compare(head.dataset.sortKind, up));
    for (const other of head.parentElement.cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    table.tBodies[0].append(...rows.map((each) => each.row));
  };

  const search = (box) => {
    const wanted = box.value.trim().toLowerCase();
    for (const part of document.querySelectorAll("[data-searchable]")) {
      part.hidden = wanted !== "" && !part.dataset.searchable.toLowerCase().includes(wanted);
    }
    for (const note of document.querySelectorAll(".nothing-found")) {
      note.hidden = [...note.parentElement.querySelectorAll("[data-searchable]")].some((part) => !part.hidden);
    }
  };

  const prepare = (root) => {
    for (const head of root.querySelectorAll("th[data-sort-kind]")) {
      const label = head.querySelector(".head");
      if (label.querySelector("button")) continue;
      const button = document.createElement("button");
      button.type = "button";
      button.append(label.firstChild);
      label.prepend(button);
      button.addEventListener("click", () => sort(head));
    }
    for (const hidden of root.querySelectorAll("label.search, [data-keys]")) hidden.hidden = false;
    // Where the server searches, Enter sends the question.
    const rows = root.querySelector("[data-searchable]");
    for (const box of rows ? root.querySelectorAll("[data-search]") : []) {
      box.addEventListener("input", () => search(box));
      box.addEventListener("keydown", (event) => event.key === "Enter" && event.preventDefault());
    }
    for (const [key, needed] of Object.entries({ search: SEARCH, explain: "a.figure", move: "table[data-table]" })) {
      for (const part of root.querySelectorAll(`[data-key=${key}], [data-key=${key}] + dd`)) part.hidden = !root.querySelector(needed);
    }
    for (const cell of root.querySelectorAll("table[data-table] tbody :is(td, th)")) cell.tabIndex = -1;
    for (const scroll of root.querySelectorAll(".indicator .scroll")) {
      if (scroll.scrollWidth <= scroll.clientWidth) scroll.removeAttribute("tabindex");
    }
  };

  const move = (event, cell) => {
    const [down, right] = { ArrowDown: [1, 0], ArrowUp: [-1, 0], ArrowRight: [0, 1], ArrowLeft: [0, -1] }[event.key];
    const rows = [...cell.closest("tbody").rows].filter((row) => !row.hidden);
    const row = rows[rows.indexOf(cell.parentElement) + down];
    const next = row?.cells[cell.cellIndex + right];
    if (!next) return;
    event.preventDefault();
    (next.querySelector("a") ?? next).focus();
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    const keys = document.getElementById("keys");
    if (keys.open) return;
    const cell = event.target.closest("table[data-table] tbody :is(td, th)");
    if (event.key.startsWith("Arrow") && cell) {
      move(event, cell);
    } else if (event.key === "/") {
      const box = document.querySelector(SEARCH);
      if (box) { event.preventDefault(); box.focus(); box.select(); }
    } else if (event.key === "?") {
      event.preventDefault();
      keys.showModal();
    } else if (event.key === "e") {
      const figure = event.target.closest("a.figure") ?? (cell ?? event.target.closest("tr"))?.querySelector("a.figure")
        ?? cell?.parentElement.querySelector(".verdict a.figure");
      figure?.click();
    }
  });

  document.querySelector("[data-keys]")?.addEventListener("click", () => document.getElementById("keys").showModal());
  document.addEventListener("htmx:afterSettle", () => prepare(document));
  prepare(document);
})();
