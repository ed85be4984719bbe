// A small piano that writes ABC: each key is spelled in the key of the figure.

const LETTERS = "CDEFGAB";
const NATURAL = { C: 0, D: 2, E: 4, F: 5, G: 7, A: 9, B: 11 };
const FIFTHS = { F: -1, C: 0, G: 1, D: 2, A: 3, E: 4, B: 5 };
const MODES = { maj: 0, ion: 0, min: -3, aeo: -3, m: -3, "": 0, dor: -2, phr: -4, lyd: 1, mix: -1, loc: -5 };
const SIGNS = { "-2": "__", "-1": "_", 0: "=", 1: "^", 2: "^^" };
const ALTERATIONS = Object.fromEntries(Object.entries(SIGNS).map(([number, sign]) => [sign, Number(number)]));
const WORDS = { "-2": " double flat", "-1": " flat", 0: "", 1: " sharp", 2: " double sharp" };

/* The tonic and the signature of a key as it is written (`G`, `Em`, `F#dor`); those of C if it is none. */
function keyOf(text) {
  const found = /^\s*([A-Ga-g])([#b]?)\s*([A-Za-z]*)/.exec(text) ?? ["", "C", "", ""];
  const letter = found[1].toUpperCase();
  const alteration = { "#": 1, b: -1, "": 0 }[found[2]];
  const sharps = FIFTHS[letter] + 7 * alteration + (MODES[found[3].slice(0, 3).toLowerCase()] ?? 0);
  const signature = {};
  for (const each of LETTERS) signature[each] = Math.floor((sharps + 5 - FIFTHS[each]) / 7);
  return { letter, tonic: (NATURAL[letter] + alteration + 12) % 12, signature };
}

/* How a note is spelled in a key: its letter and its alteration. A note that the key lacks is spelled by its distance
   from the tonic: as the raised fourth or fifth, the lowered seventh, the raised tonic of a major key and so on. */
function spelling(midi, key) {
  const { letter, tonic, signature } = key;
  const own = [...LETTERS].find((each) => (NATURAL[each] + signature[each] - midi) % 12 === 0);
  if (own) return { letter: own, change: signature[own] };
  const isMajor = [...LETTERS].some((each) => (NATURAL[each] + signature[each] - tonic - 4 + 24) % 12 === 0);
  const above = (((midi - tonic) % 12) + 12) % 12;
  const steps = [0, isMajor ? 0 : 1, 1, 2, 2, 3, 3, 4, 4, 5, 6, 6][above];
  const spelled = LETTERS[(LETTERS.indexOf(letter) + steps) % 7];
  const change = ((midi - NATURAL[spelled] + 6) % 12) - 6;
  if (Math.abs(change) < 2) return { letter: spelled, change };
  return { letter: [...LETTERS].find((each) => (NATURAL[each] - midi) % 12 === 0), change: 0 };
}

/* The accidentals that hold at the end of a text: those since its last bar line. */
function inForce(text) {
  const found = {};
  for (const [, sign, letter] of text.slice(text.lastIndexOf("|") + 1).matchAll(/(\^\^|\^|__|_|=)([A-Ga-g])/g)) {
    found[letter.toUpperCase()] = ALTERATIONS[sign];
  }
  return found;
}

/* A note in ABC, after a text that it is added to. length: in eighths, as `3/2`. */
export function abcOf(midi, length, text, keyText) {
  const key = keyOf(/K:\s*([^\s\]]+)/.exec(text)?.[1] ?? keyText);
  const { letter, change } = spelling(midi, key);
  const octave = (midi - change - NATURAL[letter] - 60) / 12;
  const sign = change === (inForce(text)[letter] ?? key.signature[letter]) ? "" : SIGNS[change];
  const name = octave > 0 ? letter.toLowerCase() + "'".repeat(octave - 1) : letter + ",".repeat(-octave);
  return sign + name + lengthOf(length);
}

/* A length as ABC writes it: nothing for an eighth, `/2` for half of it. */
export const lengthOf = (length) => (length === "1" ? "" : length.replace(/^1\//, "/"));

/* What a key of the piano is called, as `F sharp 4`. */
export function nameOf(midi, keyText) {
  const { letter, change } = spelling(midi, keyOf(keyText));
  return `${letter}${WORDS[change]} ${Math.floor((midi - change) / 12) - 1}`;
}

/* A text without its last note, rest or bar line. */
export function withoutLast(text) {
  const last = /(?:\s*(?:\|+|\(\d|(?:\^\^|\^|__|_|=)?[A-Ga-gz][,']*\d*(?:\/\d*)*[<>]*))\s*$/;
  return last.test(text) ? text.replace(last, "") : text.slice(0, -1);
}
