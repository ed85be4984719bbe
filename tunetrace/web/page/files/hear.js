// Buttons that let a few notes sound, after sound.js. One stretch sounds at a time.
let context = null;
let out = null;
let playing = null; // {button, gain, timer}

function ready() {
  context ??= new AudioContext();
  out ??= output(context);
  const gain = context.createGain();
  gain.gain.value = 0.8;
  gain.connect(out);
  return gain;
}

function halt() {
  if (!playing) return;
  const { button, gain, timer } = playing;
  playing = null;
  clearTimeout(timer);
  button.classList.remove("is-playing");
  gain.gain.setTargetAtTime(0, context.currentTime, 0.01);
  setTimeout(() => gain.disconnect(), 200);
}

/* Lets one note sound at once. */
export async function hear(midi, seconds) {
  const into = ready();
  await context.resume();
  sound(context, into, { kind: "note", midi, duration: seconds, sounds: 1 }, context.currentTime + 0.01);
  setTimeout(() => into.disconnect(), 1000 * seconds + 500);
}

async function play(button) {
  const notes = JSON.parse(button.dataset.notes);
  const gain = ready();
  const mine = (playing = { button, gain, timer: 0 });
  button.classList.add("is-playing");
  await context.resume();
  if (playing !== mine) return;
  const begin = context.currentTime + 0.05;
  for (const [start, duration, midi] of notes) {
    sound(context, gain, { kind: "note", midi, duration, sounds: 1 }, begin + start);
  }
  const last = Math.max(...notes.map(([start, duration]) => start + duration));
  mine.timer = setTimeout(halt, 1000 * last + 150);
}

/* Shows the buttons in an element, which play what they name and stop it again. */
export function showHear(root) {
  if (!window.AudioContext) return;
  for (const button of root.querySelectorAll("button.hear")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      const isOn = playing?.button === button;
      halt();
      if (!isOn) play(button);
    });
  }
}

showHear(document);
