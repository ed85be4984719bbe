// A tune that was traced as a file, and the link to it.
import { ask } from "./trace-ask.js";

const ENDINGS = { svg: "svg", pdf: "pdf", midi: "mid", musicxml: "musicxml", abc: "abc", json: "json" };

export function linkSaving(article) {
  const text = JSON.parse(article.querySelector(".own-text").textContent);
  const said = article.querySelector(".saved");
  const menu = article.querySelector(".downloads");

  async function copyLink() {
    try {
      await navigator.clipboard.writeText(location.href);
      said.textContent = "The link is copied. It holds the tune itself.";
    } catch {
      showLink();
    }
  }
  /* Where a page may not write to the clipboard, the link is there to be copied by hand. */
  function showLink() {
    const field = Object.assign(document.createElement("input"), { readOnly: true, value: location.href });
    field.setAttribute("aria-label", "The link to this tune");
    said.replaceChildren("Copy this link: ", field);
    field.select();
  }

  async function download(format) {
    const ending = ENDINGS[format];
    const address = format === "json" ? "/api/check" : `/api/score?format=${ending}`;
    said.textContent = `Making the ${ending} file …`;
    try {
      const response = await ask(address, text);
      const link = document.createElement("a");
      link.href = URL.createObjectURL(await response.blob());
      link.download = `${fileName(article.dataset.title)}.${ending}`;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
      said.textContent = `Saved as ${link.download}.`;
      menu.open = false;
    } catch (error) {
      said.textContent = error.message;
    }
  }

  for (const button of article.querySelectorAll("[data-save]")) {
    const what = button.dataset.save;
    button.addEventListener("click", () => (what === "link" ? copyLink() : download(what)));
  }
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu.open) return;
    menu.open = false;
    menu.querySelector("summary").focus();
    event.stopPropagation();
  });
}

/* A title as the name of a file: letters, digits and hyphens. */
function fileName(title) {
  return title.normalize("NFC").replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-+|-+$/g, "").slice(0, 80) || "tune";
}
