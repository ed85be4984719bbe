// Plays scores, after schedule.js and sound.js. Each <figure class="score"> has its notation, with ids, and its
// notes in a JSON block. Without this script the notation and the lists are still there. A score sends "barchosen"
// when a bar or a note is chosen; a page that does not want it to be played prevents the event's default.
"use strict";

/* playScores(root) gives each score in an element a player, and silence() ends what is played. */
const { playScores, silence } = (() => {
  const AHEAD = 0.2; // seconds that are given to the sound card in advance
  const AHEAD_HIDDEN = 2.5; // in a hidden tab timers run once a second
  const EVERY = 25; // ms
  const controls = document.getElementById("player-controls");
  const AudioContext = window.AudioContext ?? window.webkitAudioContext;
  if (!controls || !AudioContext) return { playScores() {}, silence() {} };
  const isCalm = matchMedia("(prefers-reduced-motion: reduce)");

  let context = null;
  let out = null;
  let run = null; // what is played now: {player, plan, next, origin, gain, shown}
  let timer = 0;

  const status = document.createElement("p");
  status.className = "unseen";
  status.setAttribute("role", "status");
  document.body.append(status);
  let saidAt = -Infinity;
  function say(text) {
    status.textContent = text;
    saidAt = performance.now();
  }

  // The clock: every 25 ms the next events are given to the sound card, with their exact times.

  async function start(player, at, hasCountIn) {
    halt();
    context ??= new AudioContext();
    out ??= output(context);
    const gain = context.createGain();
    gain.connect(out);
    const mine = { player, plan: null, next: 0, origin: 0, gain, due: [], lit: new Map() };
    run = mine;
    player.show();
    await context.resume();
    if (run !== mine) return;
    mine.plan = player.plan(at, hasCountIn);
    mine.origin = context.currentTime + 0.06;
    timer = setInterval(tick, EVERY);
    tick();
    requestAnimationFrame(draw);
  }

  /* Ends what is played, and gives its player. */
  function halt() {
    if (!run) return;
    const { player, gain, lit } = run;
    run = null;
    clearInterval(timer);
    if (context) {
      gain.gain.setTargetAtTime(0, context.currentTime, 0.01);
      setTimeout(() => gain.disconnect(), 200);
    }
    for (const note of lit.keys()) note.classList.remove("playing");
    player.now.remove();
    player.show();
  }

  function tick() {
    const { player } = run;
    const until = context.currentTime + (document.hidden ? AHEAD_HIDDEN : AHEAD);
    for (;;) {
      const { events, end } = run.plan;
      for (; run.next < events.length && run.origin + events[run.next].time < until; run.next++) {
        const event = events[run.next];
        const when = Math.max(run.origin + event.time, context.currentTime);
        if (event.kind === "note" || event.kind === "count" || (event.kind === "click" && player.hasMetronome)) {
          sound(context, run.gain, event, when);
        }
        run.due.push({ ...event, when, stop: when + event.duration });
      }
      if (run.next < events.length || run.origin + end >= until) return;
      if (!player.loop) {
        run.due.push({ kind: "end", when: run.origin + end });
        clearInterval(timer);
        return;
      }
      run.origin += end;
      run.plan = player.plan(0, false);
      run.next = 0;
    }
  }

  /* Shows what is heard now. */
  function draw() {
    if (!run) return;
    const now = context.currentTime - Math.min(context.outputLatency || 0, 0.5);
    const { player, due, lit } = run;
    for (const [note, stop] of lit) {
      if (stop <= now) {
        lit.delete(note);
        note.classList.remove("playing");
      }
    }
    while (due.length && due[0].when <= now) {
      const event = due.shift();
      if (event.kind === "end") {
        halt();
        player.at = 0;
        return;
      }
      if (event.kind === "bar") player.reach(event);
      if (event.kind !== "note") continue;
      player.at = event.at;
      const note = player.note(event.id);
      if (note && event.stop > now) {
        note.classList.add("playing");
        lit.set(note, event.stop);
        player.point(note);
      }
    }
    requestAnimationFrame(draw);
  }

  /* Goes on with another tempo or another swing: what is next comes when it would have come. */
  function replan() {
    if (!run?.plan) return;
    const { player, plan, next } = run;
    const changed = player.plan(plan.from, plan.hasCountIn);
    const before = plan.events[next]?.time ?? plan.end;
    run.origin += before - (changed.events[next]?.time ?? changed.end);
    run.plan = changed;
  }

  // Boxes in the notation

  const SVG = "http://www.w3.org/2000/svg";
  function rectangle(name) {
    const rect = document.createElementNS(SVG, "rect");
    rect.setAttribute("class", name);
    return rect;
  }
  function place(rect, inside, { x, y, width, height }) {
    for (const [name, value] of Object.entries({ x, y, width, height })) rect.setAttribute(name, value);
    inside.prepend(rect);
  }
  /* The staff lines of a bar, with some room above and below. */
  function staffBox(bar) {
    const lines = [...bar.querySelectorAll(":scope > .staff > path")].map((line) => line.getBBox());
    if (!lines.length) return bar.getBBox();
    const x = Math.min(...lines.map((line) => line.x));
    const top = Math.min(...lines.map((line) => line.y));
    const room = 200;
    return {
      x,
      y: top - room,
      width: Math.max(...lines.map((line) => line.x + line.width)) - x,
      height: Math.max(...lines.map((line) => line.y + line.height)) - top + 2 * room,
    };
  }

  function isSeen(element, scrolled) {
    const box = element.getBoundingClientRect();
    const frame = scrolled.getBoundingClientRect();
    return (
      box.top >= 0 && box.bottom <= innerHeight && box.left >= Math.max(0, frame.left) - 1 &&
      box.left + Math.min(box.width, frame.width) <= Math.min(innerWidth, frame.right) + 1
    );
  }

  function makePlayer(figure) {
    const whole = JSON.parse(figure.querySelector("script[type='application/json']").textContent);
    const both = [...whole.notes, ...whole.under].sort((a, b) => a[0] - b[0]);
    const voices = { both, over: whole.notes, under: whole.under };
    let score = { ...whole, notes: both }; // of two tunes, what of them is played
    const notation = figure.querySelector(".notation");
    const bar = (id) => document.getElementById(id);
    figure.insertBefore(controls.content.cloneNode(true), notation);
    const panel = figure.querySelector(".player");
    const find = (name) => panel.querySelector(`[data-do="${name}"]`);
    const [play, stop, tempo, more] = ["play", "stop", "tempo", "more"].map(find);
    const [countIn, metronome, swing, spoken] = ["count-in", "metronome", "swing", "say"].map(find);
    const [loop, first, last, voice] = ["loop", "first", "last", "voice"].map(find);

    const player = {
      at: 0, // where it plays or will play, in quarters of what is played
      loop: null,
      bars: playedBars(score, null),
      loopFrom: null, // a bar that was chosen as the first of a loop
      now: rectangle("now"),
      cursor: rectangle("cursor"),
      loopBoxes: [],
      get hasMetronome() {
        return metronome.checked;
      },
      note: (id) => document.getElementById(id),
      plan(from, hasCountIn) {
        const settings = { from, tempo: tempo.value / 100, loop: player.loop, swing: swing.checked, countIn: hasCountIn };
        return { ...schedule(score, settings), from, hasCountIn };
      },
      show() {
        const isPlaying = run?.player === player;
        play.firstChild.data = isPlaying ? "Pause" : "Play";
        figure.classList.toggle("is-playing", isPlaying);
      },
      /* Puts the cursor into a bar, and scrolls to it. While it plays, only if the bar before was in
         sight: who has scrolled away is left there. */
      mark(index, { isPlayed = false } = {}) {
        const element = bar(score.bars[index].id);
        if (!element) return;
        const follows = !isPlayed || !player.cursor.isConnected || isSeen(player.cursor, notation);
        place(player.cursor, element, staffBox(element));
        if (follows && !isSeen(player.cursor, notation)) {
          const behavior = isCalm.matches ? "auto" : "smooth";
          player.cursor.scrollIntoView({ block: "center", inline: "nearest", behavior });
        }
      },
      /* A bar begins to sound. */
      reach(event) {
        const index = score.bars.findIndex((some) => some.id === event.id);
        player.at = event.at;
        player.mark(index, { isPlayed: true });
        if (spoken.checked && performance.now() - saidAt >= 1000) say(`Playing ${score.bars[index].name}`);
      },
      /* A note begins to sound. */
      point(note) {
        const inside = note.closest(".measure");
        const head = (note.querySelector(".notehead") ?? note).getBBox();
        const { y, height } = staffBox(inside);
        place(player.now, inside, { x: head.x - 40, y, width: head.width + 80, height });
      },
    };

    const current = () => player.bars.findLast((some) => some.at <= player.at + 1e-6) ?? player.bars[0];
    const isPlaying = () => run?.player === player;
    function go(at, { plays = isPlaying() } = {}) {
      player.at = at;
      if (plays) start(player, at, false);
      player.mark(current().index);
    }
    function toggle() {
      if (isPlaying()) halt();
      else start(player, player.at, countIn.checked);
    }

    /* Sets the bars that are repeated, or none; where it plays stays, if it can. */
    function setLoop(bounds) {
      const { index, at, from } = current();
      const into = player.at - at;
      const bars = playedBars(score, bounds);
      if (!bars.length) return; // they are never played
      player.loop = bounds;
      player.bars = bars;
      const here = bounds
        ? player.bars.find((some) => some.index === index)
        : player.bars.find((some) => Math.abs(some.from - from) < 1e-6);
      loop.checked = bounds !== null;
      if (bounds) [first.value, last.value] = bounds;
      for (const box of player.loopBoxes.splice(0)) box.remove();
      for (let k = bounds ? bounds[0] : 0; bounds && k <= bounds[1]; k++) {
        const element = bar(score.bars[k].id);
        if (!element) continue;
        player.loopBoxes.push(rectangle("loop"));
        place(player.loopBoxes.at(-1), element, staffBox(element));
      }
      go(here ? here.at + into : 0);
      say(bounds ? `Repeats ${score.bars[bounds[0]].name} to ${score.bars[bounds[1]].name}` : "Repeats no bars");
    }
    /* The first call names one end of a loop, the next the other; a call after that ends the loop. */
    function loopAt(index) {
      if (player.loop) setLoop(null);
      else if (player.loopFrom === null) {
        player.loopFrom = index;
        say(`The loop begins with ${score.bars[index].name}. Choose its last bar in the same way.`);
      } else {
        const ends = [player.loopFrom, index].sort((a, b) => a - b);
        player.loopFrom = null;
        setLoop(ends);
      }
    }

    /* Goes to a position in the score's notes. */
    function goFrom(quarters, options) {
      const all = playedBars(score, null);
      const there = all.findLast((some) => some.from <= quarters + 1e-6) ?? all[0];
      let here = player.bars.find((some) => some.index === there.index);
      if (!here) {
        setLoop(null);
        here = there;
      }
      go(player.loop ? here.at + quarters - there.from : there.at + quarters - there.from, options);
    }
    /* A bar or a note was chosen: it is played from there, unless the page does something else with it.
       note: a row of the score's notes, if one was chosen. from: what has the focus then. */
    function choose(index, note, from) {
      const quarters = note ? note[0] : score.bars[index].at[0];
      const isPlayed = quarters !== undefined;
      const detail = {
        index,
        id: note?.[3] ?? null,
        from,
        go: () => isPlayed && goFrom(quarters),
        play: () => isPlayed && goFrom(quarters, { plays: true }),
      };
      const event = new CustomEvent("barchosen", { bubbles: true, cancelable: true, detail });
      if (figure.dispatchEvent(event)) detail.play();
    }

    const title = document.createElement("span");
    title.className = "unseen";
    title.textContent = ` ${score.title}`;
    play.append(title);
    panel.setAttribute("aria-label", `Player of ${score.title}`);
    if (!score.notes.length) play.disabled = stop.disabled = true;
    if (!score.swing) swing.closest("label").remove();
    play.addEventListener("click", toggle);
    stop.addEventListener("click", () => {
      if (isPlaying()) halt();
      go(0, { plays: false });
    });
    if (whole.under.length) {
      voice.addEventListener("change", () => {
        score = { ...whole, notes: voices[voice.value] };
        if (isPlaying()) start(player, player.at, false);
      });
    } else voice.closest("label").remove();
    function told() {
      const beats = Math.round((score.bpm * tempo.value) / 100);
      tempo.setAttribute("aria-valuetext", `${tempo.value}%, ${beats} beats a minute`);
      find("tempo-said").textContent = `${beats} a minute (${tempo.value}%)`;
      if (isPlaying()) replan();
    }
    tempo.addEventListener("input", told);
    told();
    swing.addEventListener("change", () => isPlaying() && replan());
    more.addEventListener("toggle", () => {
      if (first.options.length) return; // they are many, so they are made when they are needed
      const named = () => score.bars.map((some, k) => new Option(some.name, k));
      first.append(...named());
      last.append(...named());
      const bounds = player.loop ?? [0, score.bars.length - 1];
      [first.value, last.value] = bounds;
    });
    loop.addEventListener("change", () => setLoop(loop.checked ? chosenBars() : null));
    const chosenBars = () => [Number(first.value), Number(last.value)].sort((a, b) => a - b);
    for (const end of [first, last]) {
      end.addEventListener("change", () => loop.checked && setLoop(chosenBars()));
    }

    for (const item of figure.querySelectorAll(".bar-list [data-bar]")) {
      const button = Object.assign(document.createElement("button"), { type: "button" });
      button.append(...item.childNodes);
      item.append(button);
      const index = Number(item.dataset.bar);
      button.addEventListener("click", (event) => (event.shiftKey ? loopAt(index) : choose(index, null, button)));
    }

    notation.addEventListener("click", (event) => {
      if (event.target.closest("a")) return;
      const note = event.target.closest(".note");
      const id = note?.id.replace(/(-[nr]\d+)-\d+$/, "$1"); // a note that is tied to itself has pieces
      const found = note && score.notes.find((some) => some[3] === id);
      const index = score.bars.findIndex((some) => {
        const element = bar(some.id);
        if (!element) return false;
        const box = element.getBoundingClientRect();
        return box.left <= event.clientX && event.clientX < box.right && box.top <= event.clientY && event.clientY < box.bottom;
      });
      if (event.shiftKey && index >= 0) loopAt(index);
      else if (found || index >= 0) choose(index, found, notation);
    });

    figure.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (!notation.contains(event.target) || event.target.closest("a, [role=button]")) return;
      const { bars } = player;
      const k = bars.indexOf(current());
      const to = { ArrowLeft: k - 1, ArrowRight: k + 1, Home: 0, End: bars.length - 1 }[event.key];
      if (event.key === " ") toggle();
      else if (event.key === "Enter") choose(current().index, null, notation);
      else if (event.key === "l" || event.key === "L") loopAt(current().index);
      else if (to !== undefined) {
        go(bars[Math.min(bars.length - 1, Math.max(0, to))].at);
        if (!isPlaying()) say(barSaid(current().index));
      } else return;
      event.preventDefault();
    });
    const barSaid = (index) => `${score.bars[index].name}: ${score.bars[index].text}`;
  }

  addEventListener("pagehide", halt);
  return {
    playScores(root) {
      for (const figure of root.querySelectorAll("figure.score")) makePlayer(figure);
    },
    silence: halt,
  };
})();
