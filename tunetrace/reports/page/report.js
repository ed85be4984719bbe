// The table of transcriptions, from the columns in the page's JSON block: sorted, filtered, and shown
// a hundred rows at a time. Text is only ever inserted as text. And the spans of the music: the span
// that is pointed at, or chosen in its list, is highlighted wherever it is marked.
"use strict";
(() => {
  const AT_ONCE = 100;
  const block = document.getElementById("rows");
  const data = JSON.parse(block.textContent);
  const linked = Number(block.dataset.linked); // the first rows, whose music is on the page
  const over = new Set(block.dataset.near.split(" ")); // the places that are shown over near copies
  const command = block.dataset.command;
  const total = data.place.length;
  const table = document.querySelector("#table");
  const body = table.querySelector("tbody");
  const heads = [...table.querySelectorAll("th[data-field]")];
  const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

  // Shares are whole numbers of PARTS. They are shown as in the text of the page: only 0 is shown as
  // 0%, only 1 as 100%, and halves are rounded to the even number.
  const PARTS = 100_000;
  function percent(share) {
    if (share > 0 && share <= 0.005 * PARTS) return "<1%";
    if (share >= 0.995 * PARTS && share < PARTS) return ">99%";
    const exact = (share * 100) / PARTS;
    const rounded = Math.round(exact);
    return `${rounded - exact === 0.5 && rounded % 2 ? rounded - 1 : rounded}%`;
  }
  const named = (column) => (k) => (!column || column[k] < 0 ? ["", ""] : data.names[column[k]]);
  const nearest = named(data.nearest);
  const similar = named(data.similar); // without near copies there is no such column
  const remark = (k) =>
    [
      data.is_identical[k] ? "is this corpus tune" : "",
      data.same_as[k] ? `same as no. ${data.same_as[k]}` : "",
      !data.same_as[k] && data.nearly_as[k] ? `nearly the same as no. ${data.nearly_as[k]}` : "",
    ]
      .filter(Boolean)
      .join("; ");
  const number = (field) => ({ value: (k) => data[field][k], text: (k) => String(data[field][k]), isNumber: true });
  const share = (field) => ({ value: (k) => data[field][k], text: (k) => percent(data[field][k]), isNumber: true });
  const words = (text) => ({ value: text, text, isNumber: false });
  // In the order of the columns
  const fields = {
    place: number("place"),
    title: words((k) => data.title[k]),
    longest: number("longest"),
    copied_8: share("copied_8"),
    copied_12: share("copied_12"),
    creativity: share("creativity"),
    bars: share("bars"),
    ...(data.similarity ? { similarity: share("similarity") } : {}),
    nearest: words((k) => nearest(k)[0]),
    remark: words(remark),
    notes: number("notes"),
    meter: words((k) => data.meter[k]),
    key: words((k) => data.key[k]),
    command: words((k) => `${command} ${data.place[k]}`),
  };

  const inOrder = Array.from({ length: total }, (_, k) => k);
  let sorted = inOrder;
  let shown = inOrder;
  let start = 0;
  let needle = "";
  let haystacks = null;

  // The rank of each row by its text: comparing words is slow, so each text is compared only once.
  const ranks = {};
  function rank(field) {
    if (!ranks[field]) {
      const texts = inOrder.map(fields[field].value);
      const places = new Map([...new Set(texts)].sort(collator.compare).map((text, at) => [text, at]));
      ranks[field] = texts.map((text) => (text === "" ? -1 : places.get(text)));
    }
    return ranks[field];
  }

  function sortBy(field, isDescending) {
    const keys = fields[field].isNumber ? data[field] : rank(field);
    const sign = isDescending ? -1 : 1;
    const isEmpty = fields[field].isNumber ? () => false : (k) => keys[k] < 0;
    sorted = [...inOrder].sort(
      // Empty cells come last in both directions; equal rows keep their order.
      (a, b) => isEmpty(a) - isEmpty(b) || sign * (keys[a] - keys[b]) || a - b,
    );
  }

  function filter() {
    if (!needle) {
      shown = sorted;
      return;
    }
    haystacks ??= inOrder.map((k) =>
      [data.place[k], data.title[k], data.meter[k], data.key[k], ...nearest(k), ...similar(k), remark(k)].join("\n").toLowerCase(),
    );
    shown = sorted.filter((k) => haystacks[k].includes(needle));
  }

  function reference(text) {
    return Object.assign(document.createElement("bdi"), { className: "reference", textContent: text });
  }

  function row(k) {
    const line = document.createElement("tr");
    for (const [field, { text, isNumber }] of Object.entries(fields)) {
      const cell = document.createElement("td");
      let holder = cell;
      if (field === "place" && k < linked) {
        holder = cell.appendChild(document.createElement("a"));
        holder.href = `#tune-${data.place[k]}`;
      } else if (field === "similarity" && over.has(String(data.place[k]))) {
        holder = cell.appendChild(document.createElement("a"));
        holder.href = `#near-${data.place[k]}`;
      } else if (!isNumber) {
        holder = cell.appendChild(document.createElement("bdi"));
      }
      holder.textContent = field === "title" ? text(k) || "(untitled)" : text(k);
      if (field === "nearest") cell.append(" ", reference(nearest(k)[1]));
      if (field === "similarity" && data.similar[k] !== data.nearest[k]) {
        cell.append(" ", reference(similar(k)[1]));
      }
      if (field === "command") holder.replaceWith(Object.assign(document.createElement("code"), { textContent: text(k) }));
      cell.className = isNumber ? "number" : field;
      if (field === "similarity") cell.classList.add(data.has_near_copy[k] ? "named" : "unnamed");
      line.append(cell);
    }
    return line;
  }

  const button = (id) => document.getElementById(id);
  function show() {
    start = Math.max(0, Math.min(start, Math.floor((shown.length - 1) / AT_ONCE) * AT_ONCE));
    const stop = Math.min(start + AT_ONCE, shown.length);
    body.replaceChildren(...shown.slice(start, stop).map(row));
    const of = shown.length === total ? "" : `, out of ${total.toLocaleString("en")}`;
    button("status").textContent = shown.length
      ? `${(start + 1).toLocaleString("en")} to ${stop.toLocaleString("en")} of ${shown.length.toLocaleString("en")}${of}`
      : `none${of}`;
    button("first").disabled = button("previous").disabled = start === 0;
    button("next").disabled = button("last").disabled = stop >= shown.length;
  }

  for (const head of heads) {
    const { isNumber } = fields[head.dataset.field];
    head.classList.toggle("number", isNumber);
    head.querySelector("button").addEventListener("click", () => {
      // The first click sorts numbers from the largest and words from A.
      const before = head.getAttribute("aria-sort");
      const isDescending = before ? before === "ascending" : isNumber;
      for (const some of heads) some.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", isDescending ? "descending" : "ascending");
      sortBy(head.dataset.field, isDescending);
      filter();
      start = 0;
      show();
    });
  }
  button("filter").addEventListener("input", (event) => {
    needle = event.target.value.trim().toLowerCase();
    filter();
    start = 0;
    show();
  });
  const go = (id, where) => button(id).addEventListener("click", () => { start = where(); show(); });
  go("first", () => 0);
  go("previous", () => start - AT_ONCE);
  go("next", () => start + AT_ONCE);
  go("last", () => shown.length - 1);
  table.hidden = false;
  show();

  // The spans

  function pick(article, numbers, name) {
    for (const mark of article.querySelectorAll("[data-spans]")) {
      mark.classList.toggle(name, mark.dataset.spans.split(" ").some((number) => numbers.includes(number)));
    }
    for (const item of article.querySelectorAll("[data-span]")) {
      item.classList.toggle(name, numbers.includes(item.dataset.span));
    }
  }
  for (const article of document.querySelectorAll("#most-copied article")) {
    const spansAt = (target) => {
      const found = target.closest("[data-spans], [data-span]");
      return found ? (found.dataset.spans ?? found.dataset.span).split(" ") : [];
    };
    article.addEventListener("pointerover", (event) => pick(article, spansAt(event.target), "pointed"));
    article.addEventListener("pointerleave", () => pick(article, [], "pointed"));
    for (const item of article.querySelectorAll(".spans [data-span]")) {
      const said = item.querySelector(".said");
      const chooser = document.createElement("button");
      chooser.type = "button";
      chooser.className = "said";
      chooser.setAttribute("aria-pressed", "false");
      chooser.textContent = said.textContent;
      said.replaceWith(chooser);
      chooser.addEventListener("click", () => {
        const isChosen = chooser.getAttribute("aria-pressed") === "true";
        for (const some of article.querySelectorAll("button.said")) some.setAttribute("aria-pressed", "false");
        chooser.setAttribute("aria-pressed", String(!isChosen));
        pick(article, isChosen ? [] : [item.dataset.span], "chosen");
      });
    }
  }
})();
