// The timeline where scripts run: parties are dragged to another time or table or stretched, by mouse, touch or keys.
// What stands in the way is shown before the drop; the server decides at the drop.
"use strict";

(() => {
  const page = document.getElementById("today");
  const desk = window.bukaDesk;
  if (!page || !desk) return;
  const grid = () => document.getElementById("l-timeline");
  const preview = document.getElementById("l-preview");
  const GRAIN = 5;
  let rules = JSON.parse(grid().dataset.rules);
  let held = null;
  let pressed = null;
  let isStale = false;

  // A bar under a finger or the mouse stays on the page until it is let go.
  const isInHand = () => { isStale ||= Boolean(held || pressed); return Boolean(held || pressed); };

  async function refresh() {
    if (isInHand() || !(await desk.fetchPart(page.dataset.part, "l-timeline", isInHand))) return;
    rules = JSON.parse(grid().dataset.rules);
    mark(desk.waiting().map((row) => row.act));
  }
  document.body.addEventListener("buka-today", refresh);
  setInterval(() => document.visibilityState === "visible" && refresh(), 60_000);

  function mark(acts) {
    for (const bar of grid().querySelectorAll("a.l-bar")) {
      bar.classList.toggle("is-waiting", acts.some((act) => act.booking === bar.dataset.booking));
    }
  }
  desk.onChange(mark);

  // One begins at the present hour, with what is under way in sight; where nothing is to come, at the day's first party.
  const track = grid().querySelector(".l-hours .l-track");
  if (track) grid().scrollLeft = (beginning() - 60) / rules.span * track.clientWidth;

  function beginning() {
    const bars = [...grid().querySelectorAll(".l-bar")].map((bar) => ({ from: Number(bar.dataset.from), to: Number(bar.dataset.to) }));
    const first = Math.min(...bars.map((bar) => bar.from), ...rules.slots.map((slot) => slot.minute));
    if (!grid().dataset.now) return Number.isFinite(first) ? first : 0;
    const now = Number(grid().dataset.now);
    const isToCome = bars.some((bar) => bar.to > now) || rules.slots.some((slot) => slot.minute >= now);
    if (isToCome) return now;
    if (Number.isFinite(first)) return first;
    return now < rules.span ? now : 0;
  }

  // --- What stands in the way --------------------------------------------------------------------------------------

  const stepFree = (table) => grid().querySelector(`.l-row[data-table="${table}"]`)?.dataset.stepFree !== undefined;
  const seatsAt = (table) => {
    const row = grid().querySelector(`.l-row[data-table="${table}"]`);
    return row ? [Number(row.dataset.smallest), Number(row.dataset.largest)] : [0, 0];
  };
  const rows = () => [...grid().querySelectorAll(".l-row")];
  const clock = (minute) => desk.clock(new Date(new Date(rules.base).getTime() + minute * 60_000));
  const at = (minute) => new Date(new Date(rules.base).getTime() + minute * 60_000).toISOString();

  function conflict({ booking, from, to, tables }) {
    const until = to + rules.buffer;
    for (const row of rows()) {
      if (!tables.includes(Number(row.dataset.table))) continue;
      for (const bar of row.querySelectorAll(".l-bar")) {
        if (bar.dataset.booking === booking || bar.classList.contains("is-completed") || bar.classList.contains("l-ghost")) continue;
        if (Number(bar.dataset.from) < until && from < Number(bar.dataset.laid)) return bar.dataset.who;
      }
    }
    return null;
  }

  function slotOf(minute) {
    return rules.slots.findLast((slot) => slot.minute <= minute);
  }

  function judge(place) {
    const { from, to, first, size } = place;
    const said = (words, more = {}) => Object.entries({ table: place.name, from: clock(from), to: clock(to), ...more })
      .reduce((sentence, [name, value]) => sentence.replace(`%${name}`, value), words);
    if (place.needsNoSteps && place.tables.some((table) => !stepFree(table))) {
      return { kind: "taken", text: said(page.dataset.steps) };
    }
    const doubts = [];
    const who = conflict(place);
    if (who) return { kind: "taken", text: said(page.dataset.taken, { who }) };
    const seats = place.tables.map(seatsAt);
    if (place.tables.some((table) => !place.kept.includes(table)) && seats.reduce((sum, each) => sum + each[1], 0) < size) {
      doubts.push({ kind: "small", flag: "over_seats", text: said(page.dataset.tooSmall, { seats: desk.seatsOf(seats) }) });
    }
    if (from !== first) {
      const slot = slotOf(from);
      if (slot?.past) return { kind: "taken", text: said(page.dataset.closed) };
      const isOwn = slotOf(first) === slot;
      const others = (slot?.covers || 0) - (isOwn ? size : 0);
      const covers = others + size;
      const parties = (slot?.parties || 0) - (isOwn ? 1 : 0) + 1;
      // A party larger than the limit itself may still start when nobody else does.
      if (slot?.most_covers && others && covers > slot.most_covers) {
        doubts.push({ kind: "pacing", flag: "over_pacing", text: said(page.dataset.pacing, { covers, most: slot.most_covers }) });
      } else if (slot?.most_parties && parties > slot.most_parties) {
        doubts.push({ kind: "pacing", flag: "over_pacing", text: said(page.dataset.pacingParties, { parties, most: slot.most_parties }) });
      }
    }
    if (doubts.length) return { kind: doubts[0].kind, text: doubts.map((doubt) => doubt.text).join(". "), doubts };
    return { kind: "free", text: said(page.dataset.free), doubts };
  }

  // --- Taking hold of a party --------------------------------------------------------------------------------------

  function take(bar, mode) {
    const row = bar.closest(".l-row");
    const { from, to, booking, version, status, size, tables } = bar.dataset;
    const ghost = bar.cloneNode(true);
    ghost.removeAttribute("href");
    ghost.removeAttribute("id");
    ghost.setAttribute("aria-hidden", "true");
    ghost.classList.add("l-ghost");
    held = {
      bar, mode, ghost, row, start: row, booking, status, version: Number(version), size: Number(size),
      first: Number(from), last: Number(to), from: Number(from), to: Number(to),
      needsNoSteps: bar.dataset.stepFree !== undefined,
      kept: tables.split(",").map(Number), tables: tables.split(",").map(Number), name: row.dataset.name,
    };
    bar.classList.add("is-lifted");
    row.querySelector(".l-track").append(ghost);
    draw();
  }

  function draw() {
    const own = Number(held.start.dataset.table);
    const other = Number(held.row.dataset.table);
    held.name = held.row.dataset.name;
    held.tables = [...new Set(held.kept.map((table) => (table === own ? other : table)))];
    const track = held.row.querySelector(".l-track");
    if (held.ghost.parentElement !== track) track.append(held.ghost);
    held.ghost.style.setProperty("--from", held.from);
    held.ghost.style.setProperty("--to", held.to);
    held.ghost.style.setProperty("--laid", held.to + rules.buffer);
    const judged = judge(held);
    held.judged = judged;
    held.ghost.dataset.judged = judged.kind;
    if (preview.textContent !== judged.text) preview.textContent = judged.text;
    preview.dataset.kind = judged.kind;
  }

  function shift(minutes) {
    if (held.status === "seated") return;
    const length = held.last - held.first;
    const wanted = held.first + minutes;
    // Parties begin on the house's own grid, or stay where they began.
    const starts = [held.first, ...rules.slots.map((slot) => slot.minute)];
    held.from = starts.reduce((best, minute) => (Math.abs(minute - wanted) < Math.abs(best - wanted) ? minute : best));
    held.to = held.from + length;
  }

  function stretch(minutes) {
    const to = Math.round((held.last + minutes) / GRAIN) * GRAIN;
    held.to = Math.min(Math.max(to, held.first + GRAIN), held.first + 720);
  }

  function release(isDropped, isTouch = false) {
    const { bar, ghost, judged, booking, version, from, to, first, last, tables, start, row } = held;
    const isMoved = from !== first || to !== last || row !== start;
    ghost.remove();
    bar.classList.remove("is-lifted");
    held = null;
    if (isDropped && isMoved && judged.kind !== "taken") {
      // The tables go along even where they stay: what has been shown is what is asked for.
      const act = { do: "move", booking, version, tables };
      if (from !== first) act.starts_at = at(from);
      if (from !== first || to !== last) act.ends_at = at(to);
      drop(act, judged, bar.dataset.who, isTouch);
    } else {
      preview.textContent = isMoved ? `${judged.text}. ${page.dataset.left}` : "";
    }
    if (isStale && !pressed) { isStale = false; refresh(); }
  }

  // A finger drops where it did not mean to, and some places want to be meant: both are asked about.
  async function drop(act, { text, doubts }, who, isTouch) {
    preview.textContent = "";
    if (doubts.length || isTouch) {
      const question = `${who} · ${text}. ${page.dataset.moveThere}`;
      if (!(await desk.ask(question, doubts.length ? page.dataset.anyway : page.dataset.move))) {
        preview.textContent = page.dataset.left;
        return;
      }
      for (const doubt of doubts) act[doubt.flag] = true;
    }
    desk.add(act, page.dataset.move);
  }

  // --- Mouse and touch: a finger takes hold by a long press, and scrolls otherwise ----------------------------------

  let hasDragged = false;

  document.addEventListener("pointerdown", (event) => {
    const bar = event.target.closest("a.l-bar");
    hasDragged = false;
    if (!bar || event.button !== 0 || !("mayMove" in grid().dataset) || !["requested", "confirmed", "arrived", "seated"].includes(bar.dataset.status)) return;
    pressed = { bar, x: event.clientX, y: event.clientY, mode: event.target.closest(".l-grip") ? "stretch" : "move", isTouch: event.pointerType === "touch" };
    if (pressed.isTouch) window.bukaHold(event, () => { if (pressed && !held) lift(); });
  });

  function lift() {
    take(pressed.bar, pressed.mode);
    hasDragged = true;
  }

  function letGo(isDropped) {
    if (held && pressed) release(isDropped, pressed.isTouch);
    pressed = null;
    if (isStale && !held) { isStale = false; refresh(); }
  }

  document.addEventListener("pointermove", (event) => {
    if (!pressed) return;
    const far = Math.hypot(event.clientX - pressed.x, event.clientY - pressed.y);
    if (!held) {
      if (far < 5 || pressed.isTouch) return;
      pressed.bar.setPointerCapture?.(event.pointerId);
      lift();
    }
    const track = held.start.querySelector(".l-track").getBoundingClientRect();
    const minutes = (event.clientX - pressed.x) / track.width * rules.span;
    if (held.mode === "stretch") stretch(minutes);
    else {
      shift(minutes);
      const over = rows().find((row) => { const box = row.getBoundingClientRect(); return event.clientY >= box.top && event.clientY < box.bottom; });
      if (over) held.row = over;
    }
    draw();
  });
  document.addEventListener("pointerup", () => letGo(true));
  document.addEventListener("pointercancel", () => letGo(false));
  document.addEventListener("dragstart", (event) => event.target.closest?.("a.l-bar") && event.preventDefault());

  document.addEventListener("click", (event) => {
    const bar = event.target.closest("a.l-bar");
    if (!bar || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    if (hasDragged) { hasDragged = false; return; }
    window.htmx?.ajax("GET", bar.getAttribute("href"), { target: "#t-panel", swap: "innerHTML" });
  });

  // --- Keys: m takes hold, arrows move, Shift stretches, Enter drops, Escape leaves it ------------------------------

  document.addEventListener("keydown", (event) => {
    const bar = event.target.closest?.("a.l-bar");
    if (!held) {
      if (bar && event.key === "m" && "mayMove" in grid().dataset && ["requested", "confirmed", "arrived", "seated"].includes(bar.dataset.status)) {
        event.preventDefault();
        take(bar, "keys");
        preview.textContent = page.dataset.moved.replace("%who", bar.dataset.who);
      }
      return;
    }
    if (held.mode !== "keys") { if (event.key === "Escape") letGo(false); return; }
    const steps = { ArrowLeft: -1, ArrowRight: 1 };
    if (event.key === "Escape") release(false);
    else if (event.key === "Enter") release(true);
    else if (event.key in steps && event.shiftKey) { held.to = Math.min(Math.max(held.to + steps[event.key] * 15, held.first + GRAIN), held.first + 720); draw(); }
    else if (event.key in steps) { next(steps[event.key]); draw(); }
    else if (event.key === "ArrowUp" || event.key === "ArrowDown") {
      const all = rows();
      held.row = all[Math.min(Math.max(all.indexOf(held.row) + (event.key === "ArrowDown" ? 1 : -1), 0), all.length - 1)];
      draw();
    } else return;
    event.preventDefault();
  });

  function next(step) {
    if (held.status === "seated") return;
    const length = held.to - held.from;
    const starts = [...new Set([held.first, ...rules.slots.map((slot) => slot.minute)])].sort((a, b) => a - b);
    const place = starts.indexOf(held.from) + step;
    held.from = starts[Math.min(Math.max(place, 0), starts.length - 1)];
    held.to = held.from + length;
  }
})();
