"use strict";
(() => {
  const { table, rows: packed } = JSON.parse(document.getElementById("data").textContent);
  const byId = (id) => document.getElementById(id);
  const quantity = new Intl.NumberFormat("en-US").format;

  // A row starts with the number of characters that its file shares with the previous one.
  let file = "";
  const rows = packed.map(([common, rest, index, ...pairs]) => {
    const profile = table.profiles[index];
    file = file.slice(0, common) + rest;
    const numbers = new Map(profile.numbers.map((number) => [number, 0]));
    for (let i = 0; i < pairs.length; i += 2) numbers.set(pairs[i], pairs[i + 1]);
    return { file, lower: file.toLowerCase(), profile, numbers };
  });

  // The value of a column is undefined for a diagram that cannot have it.
  const folder = commonFolder(rows.map(({ file }) => file));
  const words = [
    { name: "Diagram", value: (row) => row.file.slice(folder.length) },
    { name: "Type", value: (row) => row.profile.type },
    { name: "Platform", value: (row) => row.profile.platform },
    { name: "Version", value: (row) => row.profile.version ?? undefined },
  ];
  const numbers = table.columns
    .map((column, index) => ({ ...column, isNumber: true, value: (row) => row.numbers.get(index) }))
    .filter((column) => column.shown);
  const columns = [...words, ...numbers];

  const NONE = "none";
  const versionOf = ({ version }) => (version === null ? NONE : `=${version}`);

  const inOrder = new Intl.Collator("en", { numeric: true }).compare;
  const state = { column: null, descending: false, page: 0 };
  let shown = rows;

  function element(name, text, attributes = {}) {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    return made;
  }

  function commonFolder(files) {
    let common = files.length > 1 ? files[0] : "";
    for (const file of files) {
      const end = Math.min(file.length, common.length);
      let length = 0;
      while (length < end && file[length] === common[length]) length += 1;
      common = common.slice(0, length);
    }
    return common.slice(0, common.lastIndexOf("/") + 1);
  }

  const classes = (...names) => names.filter((name) => typeof name === "string").join(" ");

  function makeHead() {
    const groups = element("tr");
    groups.append(element("td", "", { colspan: words.length }));
    const heads = element("tr");
    for (const column of columns) {
      const last = groups.lastElementChild;
      if (column.isNumber && last.dataset.metric === column.metric) {
        last.colSpan += 1;
      } else if (column.isNumber) {
        const group = element("th", column.metric, { scope: "colgroup", colspan: 1 });
        group.className = "first";
        column.isFirst = true;
        group.dataset.metric = column.metric;
        groups.append(group);
      }
      const head = element("th", undefined, { scope: "col" });
      if (column.isNumber) {
        head.className = classes("number", column.isFirst && "first");
        head.title = column.key;
      }
      const button = element("button", column.name, { type: "button" });
      if (column.isNumber) button.setAttribute("aria-label", `${column.metric}: ${column.name}`);
      button.addEventListener("click", () => sortBy(column));
      // The column of names may cover a button that has the focus. After a click nothing scrolls.
      button.addEventListener("focus", () => {
        if (button.matches(":focus-visible")) head.scrollIntoView({ block: "nearest", inline: "nearest" });
      });
      head.append(button);
      column.head = head;
      heads.append(head);
    }
    byId("table").tHead.append(groups, heads);
  }

  function sortBy(column) {
    // Numbers are sorted from the largest at first.
    state.descending = state.column === column ? !state.descending : Boolean(column.isNumber);
    state.column = column;
    state.page = 0;
    markSorted(column.head, state.descending);
    show();
  }

  function markSorted(head, descending) {
    for (const other of head.parentElement.cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", descending ? "descending" : "ascending");
  }

  function compare(column, descending) {
    const sign = descending ? -1 : 1;
    return (a, b) => {
      const [x, y] = [column.value(a), column.value(b)];
      // Rows without a value come last in both directions.
      if (x === undefined || y === undefined) return (x === undefined) - (y === undefined);
      return sign * (column.isNumber ? x - y : inOrder(x, y));
    };
  }

  function isWanted() {
    const { text, type, platform, version, number } = byId("filters").elements;
    const terms = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    const column = number.value && table.columns.findIndex(({ key }) => key === number.value);
    return ({ lower, profile, numbers: own }) =>
      terms.every((term) => lower.includes(term)) &&
      (!type.value || profile.type === type.value) &&
      (!platform.value || `=${profile.platform}` === platform.value) &&
      (!version.value || versionOf(profile) === version.value) &&
      (column === "" || own.get(column) > 0);
  }

  function show() {
    shown = rows.filter(isWanted());
    // Sorting is stable.
    if (state.column) shown.sort(compare(state.column, state.descending));
    const size = Number(byId("size").value);
    const last = Math.max(0, Math.ceil(shown.length / size) - 1);
    state.page = Math.min(state.page, last);
    const first = state.page * size;
    const page = shown.slice(first, first + size);
    byId("table").tBodies[0].replaceChildren(...page.map(makeRow));
    byId("frame").scrollTop = 0;
    keepClear();
    byId("previous").disabled = state.page === 0;
    byId("next").disabled = state.page === last;
    const of = shown.length === rows.length ? "" : ` of ${quantity(rows.length)}`;
    byId("status").textContent = shown.length
      ? `${quantity(first + 1)} to ${quantity(first + page.length)} of ${quantity(shown.length)} diagrams` +
        (of && ` found${of}`)
      : "No diagrams match.";
  }

  // A column that is scrolled to is beside the names, not below them.
  function keepClear() {
    const { style } = byId("frame");
    style.scrollPaddingLeft = `${columns[0].head.offsetWidth}px`;
    style.scrollPaddingTop = `${byId("table").tHead.offsetHeight}px`;
  }

  // Make a table of the page sortable, by the text of its cells.
  function makeSortable(table) {
    const body = table.tBodies[0];
    const text = (row, index) => row.cells[index].textContent;
    const number = (row, index) => Number(text(row, index).replaceAll(",", ""));
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, index) => {
      const button = element("button", head.textContent, { type: "button" });
      button.addEventListener("click", () => {
        const order = head.getAttribute("aria-sort");
        const descending = order ? order === "ascending" : index > 0;
        const sign = descending ? -1 : 1;
        markSorted(head, descending);
        const difference = index
          ? (a, b) => number(a, index) - number(b, index)
          : (a, b) => inOrder(text(a, index), text(b, index));
        body.append(...[...body.rows].sort((a, b) => sign * difference(a, b)));
      });
      head.replaceChildren(button);
    });
  }

  function makeRow(row) {
    const made = element("tr");
    for (const column of columns) {
      const value = column.value(row);
      if (column.isNumber) {
        const cell = element("td", value === undefined ? "" : quantity(value));
        cell.className = classes("number", column.isFirst && "first", value || "zero");
        made.append(cell);
      } else if (column === words[0]) {
        const cell = element("th", value, { scope: "row", title: row.file });
        cell.className = "file";
        made.append(cell);
      } else {
        made.append(element("td", value ?? ""));
      }
    }
    return made;
  }

  function addOptions(name, options) {
    byId("filters").elements[name].append(
      ...options.map(([value, text]) => element("option", text, { value })),
    );
  }

  function turn(pages) {
    state.page += pages;
    show();
    byId("diagrams").scrollIntoView();
  }

  const distinct = (value) => [...new Set(table.profiles.map(value))].sort(inOrder);
  addOptions("type", distinct(({ type }) => type).map((type) => [type, type]));
  addOptions("platform", distinct(({ platform }) => platform).map((name) => [`=${name}`, name]));
  addOptions(
    "version",
    distinct(versionOf).map((version) => [version, version === NONE ? "no version" : version.slice(1)]),
  );
  addOptions(
    "number",
    numbers.map(({ key, metric, name }) => [key, name === "count" ? metric : `${metric}: ${name}`]),
  );

  makeHead();
  if (folder) byId("below").append("All diagrams are below ", element("code", folder));
  const change = () => {
    state.page = 0;
    show();
  };
  byId("filters").addEventListener("input", change);
  byId("filters").addEventListener("submit", (event) => event.preventDefault());
  // The fields are cleared after this event.
  byId("filters").addEventListener("reset", () => {
    if (state.column) state.column.head.removeAttribute("aria-sort");
    state.column = null;
    setTimeout(change);
  });
  // Filtering by a number shows its column, largest values first.
  byId("filters").elements.number.addEventListener("change", ({ target }) => {
    const column = numbers.find(({ key }) => key === target.value);
    if (!column) return;
    if (state.column !== column) sortBy(column);
    column.head.scrollIntoView({ block: "nearest", inline: "center" });
  });
  byId("size").addEventListener("input", change);
  byId("previous").addEventListener("click", () => turn(-1));
  byId("next").addEventListener("click", () => turn(1));
  if (byId("sorted-groups")) makeSortable(byId("sorted-groups"));
  addEventListener("resize", keepClear);
  // Nothing can be opened on paper.
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details:not([open])")];
    for (const details of opened) details.open = true;
  });
  addEventListener("afterprint", () => {
    for (const details of opened) details.open = false;
  });
  show();
})();
