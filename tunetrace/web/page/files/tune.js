// A tune's page: its score gets its player, the tune can be traced, and the sentence to cite it can be copied.
import "./fitted.js";
import "./hear.js";
import { fragmentOf } from "./trace-link.js";

const trace = document.getElementById("trace");
fragmentOf(document.getElementById("text").textContent).then((fragment) => {
  trace.querySelector("a").href = `/${fragment}`;
  trace.hidden = false;
});

const copy = document.getElementById("copy");
const citation = document.getElementById("citation");
const said = copy.querySelector("[role=status]");
copy.hidden = false;
copy.querySelector("button").addEventListener("click", async () => {
  try {
    await navigator.clipboard.writeText(citation.textContent);
    said.textContent = "Copied.";
  } catch {
    getSelection().selectAllChildren(citation);
    said.textContent = "It is selected; copy it from there.";
  }
});
