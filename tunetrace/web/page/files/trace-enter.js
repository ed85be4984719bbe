// The ways by which a tune gets into the field besides typing: a file, an example, a tune of the model.
import { ask } from "./trace-ask.js";

/* page: what the page does: during, trace and show. */
export function listenForTunes(page) {
  const file = document.getElementById("file");
  const remarks = document.getElementById("remarks");
  const drop = document.getElementById("drop");
  const examples = JSON.parse(document.getElementById("examples").textContent);

  /* Reads a file into the field as ABC, and traces it. */
  function read(chosen) {
    let said = "";
    page
      .during(`Reading ${chosen.name} …`, async (signal) => {
        const response = await ask("/api/read", chosen, signal);
        const { tunes } = await response.json();
        page.show(tunes.map((tune) => tune.text.trim()).join("\n\n") + "\n");
        said = inSentences(new Set(tunes.flatMap((tune) => tune.remarks)));
      })
      .then((isRead) => isRead && page.trace(document.getElementById("tune").value))
      .then(() => (remarks.textContent = said));
  }

  document.getElementById("open").addEventListener("click", () => file.click());
  file.addEventListener("change", () => {
    if (file.files.length) read(file.files[0]);
    file.value = ""; // so that the same file can be chosen again
  });

  const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
  addEventListener("dragover", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    drop.hidden = false;
  });
  addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) drop.hidden = true;
  });
  addEventListener("drop", (event) => {
    drop.hidden = true;
    if (!hasFiles(event)) return;
    event.preventDefault();
    if (event.dataTransfer.files.length) read(event.dataTransfer.files[0]);
  });

  document.getElementById("draw")?.addEventListener("click", () => {
    page
      .during("The model writes a tune …", async (signal) => {
        const response = await ask("/api/sample", null, signal);
        page.show((await response.json()).tunes[0].abc);
      })
      .then((isWritten) => isWritten && page.trace(document.getElementById("tune").value));
  });

  for (const button of document.querySelectorAll("[data-example]")) {
    button.addEventListener("click", () => {
      const text = examples[Number(button.dataset.example)];
      page.show(text);
      page.trace(text);
    });
  }
}

/* Remarks as sentences, without the options of commands that some name. */
function inSentences(remarks) {
  const plain = [...remarks].map((said) => said.replace(/; --.*$/, ""));
  return plain.map((said) => `${said[0].toUpperCase()}${said.slice(1)}.`).join(" ");
}
