// The first page: a tune is sent to the service, and what comes back is shown. playScores, silence and linkSpans are
// those of saved pages.
import { ask, Refused } from "./trace-ask.js";
import { linkChoices } from "./trace-chosen.js";
import { listenForTunes } from "./trace-enter.js";
import { fragmentOf, textOf } from "./trace-link.js";
import { linkSaving } from "./trace-save.js";
import { onWidth, viewWidth } from "./width.js";

const form = document.getElementById("ask");
const tune = document.getElementById("tune");
const answer = document.getElementById("answer");
const problem = document.getElementById("problem");
const state = document.getElementById("state");
const send = document.getElementById("send");

const { title } = document;
let asking = null; // the request that is under way
let adding = null; // the request for the scores of its sources
let shown = { text: null, place: 1, width: 0 }; // what the answer is about

/* Does work that newer work cancels, and says so meanwhile. Gives whether it was done.
   work: takes the signal that cancels it. */
async function during(said, work) {
  asking?.abort();
  adding?.abort();
  const mine = (asking = new AbortController());
  complain(null);
  state.textContent = said;
  document.body.classList.add("is-busy");
  answer.setAttribute("aria-busy", "true");
  try {
    await work(mine.signal);
    return asking === mine;
  } catch (error) {
    if (error.name === "AbortError") return false;
    if (!(error instanceof Refused)) throw error;
    if (asking === mine) complain(error);
    return false;
  } finally {
    if (asking === mine) {
      asking = null;
      state.textContent = "";
      document.body.classList.remove("is-busy");
      answer.setAttribute("aria-busy", "false");
    }
  }
}

/* Says what is wrong, and goes to its line. */
function complain(error) {
  problem.textContent = error?.message ?? "";
  tune.toggleAttribute("aria-invalid", Boolean(error));
  if (!error) return;
  clear();
  tune.focus();
  if (error.line) selectLine(error.line, error.column);
  form.scrollIntoView({ block: "nearest" });
}

function selectLine(number, column) {
  const lines = tune.value.split("\n");
  const start = lines.slice(0, number - 1).reduce((sum, line) => sum + line.length + 1, 0);
  const stop = start + (lines[number - 1]?.length ?? 0);
  tune.setSelectionRange(start, stop);
  const height = parseFloat(getComputedStyle(tune).lineHeight) || 20;
  tune.scrollTop = Math.max(0, (number - 3) * height);
}

function clear() {
  silence();
  document.title = title;
  answer.replaceChildren();
  shown = { text: null, place: 1, width: 0 };
}

/* Traces a text. place: which of its tunes is shown; keepsFocus: it was asked for by no one. */
async function trace(text, { place = 1, remembers = true, keepsFocus = false } = {}) {
  if (!text.trim()) {
    complain(new Refused("Paste or type a tune first, or open a file."));
    return;
  }
  const isDone = await during("Tracing the tune …", async (signal) => {
    const width = viewWidth();
    const response = await ask(`/view/check?place=${place}&width=${width}`, text, signal);
    const html = await response.text();
    if (remembers) await remember(text);
    silence();
    answer.innerHTML = html;
    shown = { text, place, width };
    const article = answer.querySelector("article");
    playScores(answer);
    linkSpans(answer);
    linkChoices(article);
    linkSaving(article);
    linkPicker(text);
    addOthers(article, text, place, width);
    document.title = `${article.dataset.title} – ${title}`;
  });
  if (isDone && !keepsFocus) showAnswer();
}

/* The scores of the sources come later: to draw them takes most of the time. */
async function addOthers(article, text, place, width) {
  const others = article.querySelector(".others");
  if (!others) return;
  adding?.abort();
  adding = new AbortController();
  try {
    const response = await ask(`/view/others?place=${place}&width=${width}`, text, adding.signal);
    others.innerHTML = await response.text();
  } catch (error) {
    if (error.name === "AbortError") return;
    if (!(error instanceof Refused)) throw error;
    others.replaceChildren(Object.assign(document.createElement("p"), { className: "problem", textContent: error.message }));
    return;
  }
  // A shape that the page has already is not defined twice.
  for (const shape of others.querySelectorAll(".shapes g[id]")) {
    if (document.getElementById(shape.id) !== shape) shape.remove();
  }
  playScores(others);
  article.dispatchEvent(new CustomEvent("sourcesadded"));
}

/* Leads to the verdict, or to the choice of a tune. */
const isCalm = matchMedia("(prefers-reduced-motion: reduce)");
function showAnswer() {
  const article = answer.querySelector("article");
  article.querySelector(".verdict").focus({ preventScroll: true });
  const first = shown.place === 1 ? answer.querySelector(".picker") : null;
  (first ?? article).scrollIntoView({ block: "start", behavior: isCalm.matches ? "auto" : "smooth" });
}

function linkPicker(text) {
  for (const button of answer.querySelectorAll("[data-place]")) {
    button.addEventListener("click", () => trace(text, { place: Number(button.dataset.place) }));
  }
}

/* Puts the tune into the address, as a step of the history if it is another tune. */
async function remember(text) {
  const fragment = await fragmentOf(text);
  if (fragment !== location.hash) history.pushState(null, "", fragment);
}

/* Shows the tune that the address holds. */
async function followAddress() {
  if (location.hash && !location.hash.startsWith("#tune=")) return; // a place in the page
  let text;
  try {
    text = await textOf(location.hash);
  } catch {
    tune.value = "";
    complain(new Refused("This link is damaged: its tune cannot be read. Ask for the link again, or paste the tune."));
    return;
  }
  asking?.abort();
  if (text === null) {
    complain(null);
    clear();
    tune.value = "";
    return;
  }
  if (text === shown.text) return;
  tune.value = text;
  await trace(text, { remembers: false });
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  trace(tune.value);
});
form.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    trace(tune.value);
  }
});
listenForTunes({ during, trace, show: (text) => (tune.value = text) });

addEventListener("popstate", followAddress);
onWidth(() => {
  if (!shown.text || asking || viewWidth() === shown.width || document.querySelector(".is-playing")) return;
  trace(shown.text, { place: shown.place, remembers: false, keepsFocus: true });
});
// A link to a place in this page leads there, and leaves the tune in the address.
document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[href^='#']");
  if (!link || event.defaultPrevented) return;
  const target = document.getElementById(decodeURIComponent(link.getAttribute("href").slice(1)));
  if (!target) return;
  event.preventDefault();
  target.scrollIntoView({ block: "start" });
  target.focus({ preventScroll: true });
});
send.disabled = false;
if (location.hash) followAddress();
