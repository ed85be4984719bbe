// The spans of a checked tune and its sources: a span that is chosen in the score or in the list is
// lit wherever it is marked, and leads to the sources that have it; a source lights its passages.
// The article sends "spanschosen" after each choice; a page that shows the sources in its own way prevents
// its default. It chooses spans itself by sending "choosespans" to the article, and says by "sourcesadded" that the
// article has more sources than before.
"use strict";

/* Links the spans and sources of all checked tunes in an element. */
const linkSpans = (() => {
  const numbers = (element) => (element.dataset.spans ?? element.dataset.span).split(" ");

  function link(article) {
    const marked = () => article.querySelectorAll("[data-span], [data-spans]");
    const sources = () => [...article.querySelectorAll(".source[data-spans]")];
    let chosen = []; // the numbers of the spans that are lit
    let opener = null; // where the choice was made, so that Escape leads back
    let ofSource = null;
    const ranges = [...article.querySelectorAll(".spans [data-first]")].map((item) => [
      item.dataset.span,
      Number(item.dataset.first),
      Number(item.dataset.stop),
    ]);
    const coloured = [...article.querySelectorAll(".whole .note[class*='level-']")];

    /* Of the coloured notes only those of the chosen spans keep their colour. */
    function lightNotes(spans) {
      const lit = ranges.filter(([number]) => spans.includes(number));
      for (const note of coloured) {
        const token = Number(/-[nr](\d+)/.exec(note.id)?.[1]);
        const isLit = !spans.length || lit.some(([, first, stop]) => first <= token && token < stop);
        note.classList.toggle("unlit", !isLit);
      }
    }

    function light(spans, name) {
      for (const element of marked()) {
        if (element.classList.contains("source")) continue;
        element.classList.toggle(name, numbers(element).some((number) => spans.includes(number)));
      }
    }
    function choose(spans, from, source = null) {
      article.querySelector(".whole .score")?.classList.toggle("tracing", spans.length > 0);
      chosen = spans;
      opener = from;
      ofSource = source;
      light(spans, "chosen");
      lightNotes(spans);
      fade();
      for (const button of article.querySelectorAll(":is(.said, .passages)[aria-pressed]")) {
        const isPressed = button.classList.contains("passages")
          ? source !== null && source.contains(button)
          : source === null && spans.includes(button.closest("[data-span]").dataset.span);
        button.setAttribute("aria-pressed", String(isPressed));
      }
      return article.dispatchEvent(
        new CustomEvent("spanschosen", { cancelable: true, detail: { spans, source, from } }),
      );
    }
    /* Of the sources only those that have the chosen spans are clear. */
    function fade() {
      for (const some of sources()) {
        const has = ofSource ? some === ofSource : numbers(some).some((number) => chosen.includes(number));
        some.classList.toggle("faded", chosen.length > 0 && !has);
      }
    }
    function chooseSpan(number, from) {
      const isAgain = ofSource === null && chosen.length === 1 && chosen[0] === number;
      const leads = choose(isAgain ? [] : [number], from);
      if (isAgain || !leads) return;
      const source = sources().find((some) => numbers(some).includes(number));
      source?.querySelector("h4, h3").focus();
    }
    function undo() {
      const back = opener;
      choose([], null);
      back?.focus();
    }

    article.addEventListener("choosespans", ({ detail }) => choose(detail.spans, detail.from));
    for (const item of article.querySelectorAll(".spans [data-span]")) {
      const said = item.querySelector(".said");
      const button = Object.assign(document.createElement("button"), { type: "button", className: "said" });
      button.setAttribute("aria-pressed", "false");
      button.append(...said.childNodes);
      said.replaceWith(button);
      button.addEventListener("click", () => chooseSpan(item.dataset.span, button));
    }
    // In the score the line of a span is a link to it in the list, once in each line of music.
    const reached = new Set();
    for (const mark of article.querySelectorAll("a.mark")) {
      const number = mark.dataset.span;
      if (reached.has(number)) mark.setAttribute("tabindex", "-1");
      reached.add(number);
      mark.addEventListener("click", (event) => {
        event.preventDefault();
        chooseSpan(number, mark);
      });
    }
    function linkSource(source) {
      const button = Object.assign(document.createElement("button"), {
        type: "button",
        className: "passages",
        textContent: "Show its passages",
      });
      button.setAttribute("aria-pressed", "false");
      source.querySelector("h4, h3").after(button);
      button.addEventListener("click", () => {
        if (ofSource === source) choose([], null);
        else choose(numbers(source), button, source);
      });
    }
    function linkSources() {
      for (const source of sources()) if (!source.querySelector(".passages")) linkSource(source);
      fade();
    }
    article.addEventListener("sourcesadded", linkSources);
    linkSources();
    article.addEventListener("pointerover", (event) => {
      const found = event.target.closest(".spans [data-span], a.mark");
      light(found ? numbers(found) : [], "pointed");
    });
    article.addEventListener("pointerleave", () => light([], "pointed"));
    article.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && chosen.length) undo();
    });
  }

  return (root) => {
    for (const article of root.querySelectorAll("article.traced")) link(article);
  };
})();
