// The page of figures: a small piano writes into the field, and the figure is shown as notation while it is entered.
// Without this script the page works by its form and its links.
import { abcOf, lengthOf, nameOf, withoutLast } from "./keyboard.js";
import { hear, showHear } from "./hear.js";

const form = document.getElementById("ask");
const field = document.getElementById("q");
const key = document.getElementById("in");
const staff = document.getElementById("staff");
const piano = document.getElementById("piano");
const row = document.getElementById("keys-row");
const said = document.getElementById("piano-said");
const keys = [...row.querySelectorAll("button")];
const lengths = [...document.querySelectorAll("#lengths input")];
const find = (name) => piano.querySelector(`[data-do="${name}"]`);
const EIGHTH = 0.25; // seconds

// The staff

let asking = null;
let waiting = 0;

async function draw() {
  asking?.abort();
  asking = new AbortController();
  const given = new FormData(form);
  const asked = new URLSearchParams([...given].filter(([name, value]) => value && ["q", "in", "meter"].includes(name)));
  if (!asked.has("q")) {
    staff.hidden = true;
    staff.replaceChildren();
    return;
  }
  try {
    const response = await fetch(`/view/staff?${asked}`, { signal: asking.signal });
    if (!response.ok) return; // it is no figure yet
    const html = await response.text();
    staff.innerHTML = html;
    staff.hidden = !html.trim();
    showHear(staff);
  } catch (error) {
    if (error.name !== "AbortError") staff.hidden = true;
  }
}

function drawSoon() {
  clearTimeout(waiting);
  waiting = setTimeout(draw, 150);
}

// The piano

function write(text, told) {
  field.value = text;
  said.textContent = told;
  drawSoon();
}

const chosen = () => lengths.find((one) => one.checked).dataset.length;
const eighths = (length) => length.split("/").reduce((whole, part) => whole / part);

function enter(midi) {
  const length = chosen();
  write(field.value + abcOf(midi, length, field.value, key.value), `${nameOf(midi, key.value)} entered`);
  if (find("sound").checked) hear(midi, Math.max(eighths(length) * EIGHTH, 0.2));
}

function go(to) {
  const next = keys[Math.min(Math.max(to, 0), keys.length - 1)];
  for (const one of keys) one.tabIndex = one === next ? 0 : -1;
  return next;
}

/* Names the keys as the key of the figure spells them. */
function name() {
  for (const one of keys) {
    const full = nameOf(Number(one.dataset.midi), key.value);
    one.setAttribute("aria-label", full);
    one.firstElementChild.textContent = full.replace(/ -?\d+$/, "").replace(" sharp", "♯").replace(" flat", "♭");
  }
}

for (const one of lengths) one.name = "length"; // without this script there is none to be sent
row.addEventListener("click", (event) => {
  const one = event.target.closest("button");
  if (!one) return;
  go(keys.indexOf(one));
  enter(Number(one.dataset.midi));
});
row.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const at = keys.indexOf(document.activeElement);
  const to = {
    ArrowRight: at + 1, ArrowLeft: at - 1, ArrowUp: at + 12, ArrowDown: at - 12, Home: 0, End: keys.length - 1,
  }[event.key];
  if (to !== undefined) go(to).focus();
  else if (event.key === "Backspace") find("undo").click();
  else if (event.key === "|") find("bar").click();
  else return;
  event.preventDefault();
});
find("rest").addEventListener("click", () => write(`${field.value}z${lengthOf(chosen())}`, "Rest entered"));
find("bar").addEventListener("click", () => write(`${field.value.trimEnd()} | `.trimStart(), "Bar line entered"));
find("undo").addEventListener("click", () => write(withoutLast(field.value), `The figure is ${withoutLast(field.value) || "empty"}`));
field.addEventListener("input", drawSoon);
key.addEventListener("input", () => {
  name();
  drawSoon();
});
// What is empty, or only of the piano, is not put into the address.
form.addEventListener("formdata", (event) => {
  for (const [name, value] of [...event.formData]) if (!value || name === "length") event.formData.delete(name);
});

/* The middle of the piano is seen first. */
function center() {
  const middle = keys.find((one) => one.tabIndex === 0);
  const frame = row.parentElement;
  const into = middle.getBoundingClientRect().left - row.getBoundingClientRect().left;
  frame.scrollLeft = into - frame.clientWidth / 3;
}

name();
piano.hidden = false;
piano.addEventListener("toggle", center);
center();
