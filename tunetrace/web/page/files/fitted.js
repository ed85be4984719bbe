// The score of a page gets its player. In a narrow window it is first laid out anew, by the service, for the width;
// without this script it scrolls sideways. playScores and silence are those of saved pages.
import { onWidth, viewWidth, WIDEST } from "./width.js";

const whole = document.querySelector(".whole");
const GLYPHS = ".shapes";
let width = WIDEST; // for which the score is laid out
let asking = null;

/* Puts the score of this page, as it is for a width, in place of the one that is shown. */
async function fit(wanted, signal) {
  const address = new URL(location.href);
  address.searchParams.set("width", wanted);
  const response = await fetch(address, { signal });
  if (!response.ok) throw new Error(`status ${response.status}`);
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  silence();
  document.querySelector(GLYPHS).replaceWith(page.querySelector(GLYPHS));
  whole.replaceChildren(...page.querySelector(".whole").childNodes);
  whole.classList.toggle("is-fitted", wanted < WIDEST);
  width = wanted;
}

async function show(isFirst) {
  const wanted = viewWidth();
  asking?.abort();
  asking = null;
  if (!isFirst && (wanted === width || document.querySelector(".is-playing"))) return;
  try {
    if (wanted !== width) {
      asking = new AbortController();
      await fit(wanted, asking.signal);
      asking = null;
    }
  } catch (error) {
    if (error.name === "AbortError" || !isFirst) return; // what is shown stays
  }
  playScores(document);
}

if (whole) {
  show(true);
  onWidth(() => show(false));
}
