// How a note sounds. It needs Web Audio, and no page.
"use strict";

/* Where all sound of a context goes. Its peaks stay under 0.49 of full scale (-6.2 dBFS), whatever
   sounds together: up to 0.4 it passes unchanged, above that it is bent. */
function output(context) {
  const free = 0.4;
  const rest = 0.09;
  const bent = (size) => (size < free ? size : free + rest * Math.tanh((size - free) / rest));
  const steps = 4096;
  const shaper = context.createWaveShaper();
  shaper.curve = Float32Array.from({ length: steps + 1 }, (_, k) => {
    const level = (2 * k) / steps - 1;
    return Math.sign(level) * bent(Math.abs(level));
  });
  shaper.connect(context.destination);
  return shaper;
}

/* Lets a note or a click of a schedule sound into a node. start: when, in seconds of the context.
   A plucked string or a soft flute: four partials, a rise of 8 ms, a decay, a release of 30 ms. */
function sound(context, into, event, start) {
  const isNote = event.kind === "note";
  const rise = 0.008;
  const release = 0.03;
  const decay = 0.22; // the time constant, in seconds
  const pitch = isNote ? 440 * 2 ** ((event.midi - 69) / 12) : event.id === "first" ? 1500 : 1000;
  // Together n notes are less than n times as loud, and high notes softer than low ones.
  const level = isNote ? (0.2 / event.sounds ** 0.75) * Math.min(1, (523 / pitch) ** 0.5) : 0.09;
  const held = level * (isNote ? 0.4 : 0.1);
  const stop = start + Math.max(isNote ? event.duration : 0.06, rise + release + 0.01);
  const before = stop - release;
  const source = context.createOscillator();
  if (isNote) {
    context.plucked ??= context.createPeriodicWave([0, 0, 0, 0, 0], [0, 1, 0.32, 0.12, 0.05]);
    source.setPeriodicWave(context.plucked);
  }
  source.frequency.value = pitch;
  const gain = context.createGain();
  gain.gain.setValueAtTime(0, start);
  gain.gain.linearRampToValueAtTime(level, start + rise);
  gain.gain.setTargetAtTime(held, start + rise, isNote ? decay : 0.02);
  const fallen = Math.exp(-(before - start - rise) / (isNote ? decay : 0.02));
  gain.gain.setValueAtTime(held + (level - held) * fallen, before);
  gain.gain.linearRampToValueAtTime(0, stop);
  source.connect(gain).connect(into);
  source.start(start);
  source.stop(stop);
}
