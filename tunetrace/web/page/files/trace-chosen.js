// What is said of a bar, a passage or a source that was chosen: in which tunes it is, and what leads on from it.
// player.js sends "barchosen", and spans.js "spanschosen".

const isCalm = matchMedia("(prefers-reduced-motion: reduce)");

export function linkChoices(article) {
  const panel = article.querySelector(".choice");
  if (!panel) return;
  const help = [...panel.childNodes];
  const whole = article.querySelector(".whole .score");
  const abouts = [...article.querySelectorAll("template[data-bar-about]")];
  const sources = () => [...article.querySelectorAll(".source[data-spans]")];
  const passages = [...article.querySelectorAll(".spans [data-span]")];
  let bar = null; // {index, spans, detail}: the bar that is chosen
  let later = 0;
  let latest = null; // the choice that a double click plays

  /* The passages that have a note, by its id. */
  function passagesAt(id) {
    const token = Number(/-[nr](\d+)/.exec(id ?? "")?.[1]);
    const has = ({ dataset }) => Number(dataset.first) <= token && token < Number(dataset.stop);
    return passages.filter(has).map((item) => item.dataset.span);
  }

  article.addEventListener("barchosen", (event) => {
    event.preventDefault();
    const { detail } = event;
    latest = detail;
    detail.go();
    if (event.target !== whole || !abouts[detail.index]) return;
    const ofNote = passagesAt(detail.id);
    const ofBar = abouts[detail.index].dataset.barSpans.split(" ").filter(Boolean);
    bar = { index: detail.index, spans: ofNote.length ? ofNote : ofBar, detail };
    for (const item of whole.querySelectorAll(".bar-list [data-bar]")) {
      item.classList.toggle("is-chosen", Number(item.dataset.bar) === bar.index);
    }
    article.dispatchEvent(new CustomEvent("choosespans", { detail: { spans: bar.spans, from: detail.from } }));
  });
  article.addEventListener("dblclick", (event) => {
    if (event.target.closest(".notation")) latest?.play();
  });

  article.addEventListener("spanschosen", (event) => {
    event.preventDefault();
    const { spans, source } = event.detail;
    const isOfBar = bar !== null && source === null && spans === bar.spans;
    if (!isOfBar) forgetBar();
    if (isOfBar) showBar(spans);
    else if (source) showSource(source, spans);
    else if (spans.length) showSpans(spans);
    else panel.replaceChildren(...help);
  });
  article.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && bar && !bar.spans.length) everything();
  });

  function forgetBar() {
    bar = null;
    for (const item of article.querySelectorAll(".is-chosen")) item.classList.remove("is-chosen");
  }

  function showBar(spans) {
    const about = abouts[bar.index].content.cloneNode(true);
    const { play } = bar.detail;
    const title = about.querySelector("h3");
    panel.replaceChildren(top(title, [["Play from here", play]]), about, ...saidOf(spans));
    clearTimeout(later);
    later = setTimeout(uncover, 450); // not between the two clicks of a double click
  }

  /* Scrolls the chosen bar out from under the panel, which is at the foot of the window. */
  function uncover() {
    const cursor = whole.querySelector("rect.cursor")?.getBoundingClientRect();
    const { top: edge } = panel.getBoundingClientRect();
    if (bar && cursor && cursor.bottom > edge && cursor.top < innerHeight) {
      scrollBy({ top: cursor.bottom - edge + 30, behavior: isCalm.matches ? "auto" : "smooth" });
    }
  }

  function showSpans(spans) {
    const title = document.createElement("h3");
    title.textContent = `Passage ${spans.join(", ")}`;
    panel.replaceChildren(top(title, []), ...saidOf(spans));
  }

  function showSource(source, spans) {
    const title = document.createElement("h3");
    title.append(...[...source.querySelector("h4").childNodes].map((node) => node.cloneNode(true)));
    const said = document.createElement("p");
    said.textContent = `Its ${spans.length === 1 ? "passage is" : "passages are"} lit: ${spans.join(", ")}.`;
    panel.replaceChildren(top(title, [["Go to its score", () => goTo(source)]]), said);
  }

  /* The passages in words, and the sources that have them, which lead to their scores. */
  function saidOf(spans) {
    const said = [];
    for (const item of passages.filter((some) => spans.includes(some.dataset.span)).slice(0, 3)) {
      const line = document.createElement("p");
      line.className = "passage";
      line.textContent = `Passage ${item.dataset.span}: ${item.querySelector(".said").textContent.trim()}.`;
      said.push(line);
    }
    const having = sources().filter((some) => some.dataset.spans.split(" ").some((number) => spans.includes(number)));
    if (having.length) {
      const line = document.createElement("p");
      line.append("Scores below: ");
      having.forEach((source, k) => {
        const button = document.createElement("button");
        button.type = "button";
        button.className = "quiet";
        button.textContent = source.querySelector("h4 bdi").textContent;
        button.addEventListener("click", () => goTo(source));
        line.append(k ? " " : "", button);
      });
      said.push(line);
    }
    return said;
  }

  function goTo(source) {
    const title = source.querySelector("h4");
    title.focus({ preventScroll: true });
    title.scrollIntoView({ block: "start" });
  }

  /* A title, and beside it what can be done. */
  function top(title, more) {
    const row = document.createElement("div");
    row.className = "top";
    const line = document.createElement("p");
    line.className = "actions";
    for (const [name, does] of [...more, ["Show all", everything]]) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = name;
      button.addEventListener("click", does);
      line.append(button);
    }
    row.append(title, line);
    return row;
  }

  /* Nothing is chosen any more. */
  function everything() {
    const had = panel.contains(document.activeElement);
    forgetBar();
    article.dispatchEvent(new CustomEvent("choosespans", { detail: { spans: [], from: null } }));
    if (had) whole.querySelector(".notation").focus();
  }
}
