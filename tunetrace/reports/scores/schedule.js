// When each note of a score sounds. Nothing here needs a page or a sound card.
//
// score: {bpm, beat, swing, notes, bars}, as tunetrace writes it. Positions are in quarter notes.
//   bpm: beats a minute; beat: its length; swing: a piecewise linear map of a beat onto itself
//   notes: [start, duration, midi, id] as played, with repeats
//   bars: {id, at, length, phase} as written; at: where each playing of it begins;
//     phase: where in a whole bar it begins, 0 except after a pickup's missing beats
"use strict";

const NEARLY = 1e-6; // quarters; positions are sums of fractions

/* The bars in the order in which they are played: all with their repeats, or those of a loop once
   each, as written. loop: [first, last] among score.bars. Each has where it begins in the score's
   notes (`from`) and in this playing (`at`). */
function playedBars(score, loop) {
  const found = [];
  score.bars.forEach((bar, index) => {
    if (loop && (index < loop[0] || index > loop[1])) return;
    for (const from of loop ? bar.at.slice(0, 1) : bar.at) {
      found.push({ index, id: bar.id, from, at: 0, length: bar.length, phase: bar.phase });
    }
  });
  if (!loop) found.sort((a, b) => a.from - b.from);
  let at = 0;
  for (const bar of found) {
    bar.at = at;
    at += bar.length;
  }
  return found;
}

/* The notes of played bars as {at, duration, midi, id}. A note that is tied into a bar that is not
   played next ends with its own bar. */
function playedNotes(score, bars) {
  const found = [];
  const starts = score.notes.map((note) => note[0]);
  bars.forEach((bar, k) => {
    let stop = bar.from + bar.length; // of the bars that follow one another in the score too
    for (let next = k + 1; next < bars.length && Math.abs(bars[next].from - stop) < NEARLY; next++) {
      stop += bars[next].length;
    }
    for (let n = firstFrom(starts, bar.from - NEARLY); n < starts.length; n++) {
      const [start, duration, midi, id] = score.notes[n];
      if (start >= bar.from + bar.length - NEARLY) break;
      found.push({
        at: bar.at + start - bar.from,
        duration: Math.min(duration, stop - start),
        midi,
        id,
      });
    }
  });
  return found;
}

/* The first place in a sorted list whose value is at least this. */
function firstFrom(sorted, value) {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/* Positions with swing: a function of positions, continuous and rising. A beat that a bar line cuts
   is swung only where the bars on both sides of the line make up a whole beat. */
function swung(score, bars, isLoop) {
  const { beat, swing } = score;
  const count = bars.length;
  const starts = bars.map((bar) => bar.at);
  const part = (quarters) => {
    const rest = (quarters / beat) % 1;
    return rest > 1 - NEARLY ? 0 : rest;
  };
  const fits = (before, after) => {
    if (!isLoop && (before < 0 || after >= count)) return true; // the first and the last beat
    const one = bars[(before + count) % count];
    const other = bars[after % count];
    const gap = Math.abs(part(one.phase + one.length) - part(other.phase));
    return gap < NEARLY || gap > 1 - NEARLY;
  };
  const bent = (share) => {
    const k = Math.max(1, swing.findIndex(([from]) => from >= share));
    const [from, to] = [swing[k - 1], swing[k]];
    return from[1] + ((share - from[0]) * (to[1] - from[1])) / (to[0] - from[0]);
  };
  return (at) => {
    const k = Math.max(0, firstFrom(starts, at + NEARLY) - 1);
    const bar = bars[k];
    const place = bar.phase + at - bar.at;
    const begins = Math.floor(place / beat + NEARLY) * beat;
    const isCutBefore = begins < bar.phase - NEARLY;
    const isCutAfter = begins + beat > bar.phase + bar.length + NEARLY;
    if ((isCutBefore && !fits(k - 1, k)) || (isCutAfter && !fits(k, k + 1))) return at;
    const share = Math.min(1, Math.max(0, (place - begins) / beat));
    return at + (bent(share) - share) * beat;
  };
}

/* What is to be played: {events, end, length}, in seconds from the first click or note.
   from: the position where it begins, in quarters of what is played; tempo: 1 is the score's own;
   loop: [first, last] bar, played once; swing, countIn: whether to.
   Each event: {kind, time, duration, midi, id, at, sounds}. kind: "note"; "bar", with the id of the
   bar that begins; "click" for a metronome, and "count" in a count-in, with id "first" on the first
   beat of a bar, else "beat". sounds: how many notes begin together. length: of all that can be
   played, in quarters. */
function schedule(score, { from = 0, tempo = 1, loop = null, swing = false, countIn = false } = {}) {
  const bars = playedBars(score, loop);
  const length = bars.reduce((sum, bar) => sum + bar.length, 0);
  if (!bars.length) return { events: [], end: 0, length };
  const place = swing && score.swing ? swung(score, bars, loop !== null) : (at) => at;
  const second = 60 / (score.bpm * score.beat * tempo); // of a quarter
  const inside = bars.findLast((bar) => bar.at <= from + NEARLY);
  const { lead, counted } = countIn ? counting(score.beat, inside, from) : { lead: 0, counted: [] };
  const time = (at) => (place(at) - place(from) + lead + (lead && place(from) - from)) * second;

  const events = [];
  const add = (kind, at, stop, midi, id, sounds = 1) => {
    const begins = time(Math.max(at, from));
    events.push({ kind, time: begins, duration: time(stop) - begins, midi, id, at, sounds });
  };
  for (const bar of bars) {
    if (bar.at + bar.length <= from + NEARLY) continue;
    add("bar", bar.at, bar.at + bar.length, null, bar.id);
    for (const [beat, isFirst] of beats(score.beat, bar.phase, bar.phase + bar.length)) {
      const at = bar.at + beat - bar.phase;
      if (at >= from - NEARLY) add("click", at, at, null, isFirst ? "first" : "beat");
    }
  }
  const notes = playedNotes(score, bars).filter((note) => note.at >= from - NEARLY);
  const together = new Map();
  const moment = (at) => Math.round(at / NEARLY);
  for (const { at } of notes) together.set(moment(at), (together.get(moment(at)) ?? 0) + 1);
  for (const note of notes) {
    add("note", note.at, note.at + note.duration, note.midi, note.id, together.get(moment(note.at)));
  }
  // By position, not by time, so that the order is the same with swing and without.
  const rank = { bar: 0, click: 1, note: 2 };
  events.sort((a, b) => Math.max(a.at, from) - Math.max(b.at, from) || rank[a.kind] - rank[b.kind]);
  for (const [beat, isFirst] of counted.reverse()) {
    const id = isFirst ? "first" : "beat";
    events.unshift({ kind: "count", time: beat * second, duration: 0, midi: null, id, at: from, sounds: 1 });
  }
  return { events, end: time(length), length };
}

/* The beats from one place in a bar up to another, each with whether it is the first of the bar. */
function beats(beat, from, stop) {
  const found = [];
  for (let k = Math.ceil(from / beat - NEARLY); k * beat < stop - NEARLY; k++) {
    found.push([k * beat, k === 0]);
  }
  return found;
}

/* The beats before a position: one bar of them up to a bar line, and before a pickup what it leaves
   of its bar ("one two three" before one beat of four); a bar more if that is less than half of it. */
function counting(beat, bar, from) {
  const whole = Math.ceil((bar.phase + bar.length) / beat - NEARLY) * beat;
  const place = bar.phase + from - bar.at;
  const before = place < whole / 2 - NEARLY ? whole : 0;
  const own = beats(beat, 0, place).map(([at, isFirst]) => [before + at, isFirst]);
  return { lead: before + place, counted: [...beats(beat, 0, before), ...own] };
}
