// What hosts do on the floor's screens: each act gets an id here, waits in this browser until the server has answered
// it, and is sent in its order, as often as needed: the server does it once. Without scripts the same forms are sent
// the plain way.
"use strict";

(() => {
  const page = document.getElementById("today");
  if (!page?.dataset.acts) return;
  const words = page.dataset;
  const KEY = `buka.desk.${words.queue}`;
  const listeners = [];
  // What own acts have made of bookings, which the page may not show yet.
  const known = new Map();
  let isOffline = !navigator.onLine;
  let isBusy = false;

  // What waits is ids and numbers only: names stay on the page. A refusal names its guest, until it has been seen,
  // somebody logs out or half a day has passed.
  const LONGEST = 12 * 60 * 60 * 1000;
  const stored = (key) => { try { return JSON.parse(localStorage.getItem(key)) || []; } catch { return []; } };
  const store = (key, rows) => localStorage.setItem(key, JSON.stringify(rows));
  const waiting = () => stored(KEY);

  function newId() {
    if (crypto.randomUUID) return crypto.randomUUID();
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 15) | 64;
    bytes[8] = (bytes[8] & 63) | 128;
    const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  }

  function add(act, label) {
    const acts = waiting();
    // The same tap twice is one act; another course or place is another act.
    const isTheSame = (other) => ["do", "booking", "course"].every((name) => other[name] === act[name]);
    if (act.booking && act.do !== "move" && acts.some((row) => isTheSame(row.act))) return;
    act.id = newId();
    const before = act.booking && acts.findLast((other) => other.act.booking === act.booking);
    if (before) {
      // It builds on an act without an answer: the version that one will make.
      act.version = before.act.version + 1;
      act.after = before.act.id;
    } else if (act.booking) {
      act.version = Math.max(act.version, known.get(act.booking) || 0);
    }
    store(KEY, [...acts, { act, label: label || "" }]);
    tell();
    flush();
  }

  async function flush() {
    if (isBusy) return;
    isBusy = true;
    try {
      // Two pages of one browser send from the same place: one after the other.
      await (navigator.locks ? navigator.locks.request(KEY, send) : send());
    } finally {
      isBusy = false;
      tell();
    }
  }

  async function send() {
    let most = 50;
    let done = false;
    while (waiting().length) {
      const acts = waiting().slice(0, most);
      let response;
      try {
        response = await fetch(words.acts, {
          method: "POST",
          redirect: "manual",
          headers: { "Content-Type": "application/json", "X-CSRFToken": token(), Accept: "application/json" },
          body: JSON.stringify({ acts: acts.map((row) => row.act) }),
        });
      } catch {
        isOffline = true;
        return;
      }
      isOffline = false;
      if (response.type === "opaqueredirect" || [401, 403].includes(response.status)) {
        show(words.login);
        return;
      }
      if (response.status === 400) {
        if (acts.length > 1) { most = 1; continue; }
        // Nobody will ever understand it: it must not keep the others waiting.
        forget([acts[0].act.id]);
        refuse(acts[0], (await response.json()).sentence);
        continue;
      }
      if (!response.ok) { isOffline = true; return; }
      const { answers } = await response.json();
      const final = answers.filter((answer) => answer.final);
      for (const answer of final) {
        if (answer.done && answer.booking) known.set(answer.booking, answer.version);
        if (!answer.done) refuse(acts.find((row) => row.act.id === answer.id), answer.sentence);
        else say(acts.find((row) => row.act.id === answer.id));
      }
      forget(final.map((answer) => answer.id));
      done = true;
      if (final.length < answers.length) break;
    }
    if (done) window.htmx?.trigger(document.body, "buka-today");
  }

  const token = () => document.querySelector("input[name=csrfmiddlewaretoken]")?.value || "";
  const forget = (ids) => store(KEY, waiting().filter((row) => !ids.includes(row.act.id)));

  // --- What the host is told ---------------------------------------------------------------------------------------

  function say(row) {
    const said = document.getElementById("t-said");
    if (said) said.textContent = row?.label ? `${row.label}: ${words.done}` : words.done;
  }

  const refusals = () => stored(`${KEY}.refused`).filter((each) => Date.now() - (each.at || 0) < LONGEST);

  function refuse(row, sentence) {
    store(`${KEY}.refused`, [...refusals(), { label: row?.label || "", sentence, at: Date.now() }].slice(-20));
    tell();
  }

  function show(text) {
    const box = document.getElementById("f-outbox");
    if (!box) return;
    if (box.textContent !== text) box.textContent = text;
    box.hidden = !text;
  }

  function tell() {
    const count = waiting().length;
    page.dataset.waiting = count;
    page.toggleAttribute("data-is-offline", isOffline);
    if (isOffline) show(words.offline.replace("%d", count));
    else show(count ? words.sending.replace("%d", count) : "");
    const refused = refusals();
    const section = document.getElementById("f-refused");
    if (section) {
      section.hidden = !refused.length;
      section.querySelector("ul").replaceChildren(...refused.map(({ label, sentence }) => {
        const item = document.createElement("li");
        item.textContent = label ? `${label} · ${sentence}` : sentence;
        return item;
      }));
    }
    for (const listener of listeners) listener(waiting().map((row) => row.act));
  }

  // --- What is done knowingly only ---------------------------------------------------------------------------------

  // Asks in the dialog and answers whether the host said yes. What stood in the dialog comes back after a no.
  function ask(question, yes) {
    const dialog = document.getElementById("t-dialog");
    const panel = document.getElementById("t-panel");
    const before = dialog.open ? [...panel.childNodes] : null;
    return new Promise((resolve) => {
      const left = () => resolve(false);
      const button = (text, kind, isYes) => {
        const made = Object.assign(document.createElement("button"), { type: "button", className: `t-button ${kind}`, textContent: text });
        made.addEventListener("click", () => {
          dialog.removeEventListener("close", left);
          if (!isYes && before) panel.replaceChildren(...before);
          else dialog.close();
          resolve(isYes);
        });
        return made;
      };
      const title = Object.assign(document.createElement("h2"), { id: "t-panel-title", tabIndex: -1, textContent: question });
      const moves = Object.assign(document.createElement("div"), { className: "t-moves" });
      moves.append(button(yes, "t-main", true), button(words.no, "t-quiet", false));
      panel.replaceChildren(title, moves);
      dialog.addEventListener("close", left, { once: true });
      if (!dialog.open) dialog.showModal();
      title.focus();
    });
  }

  const seatsOf = (all) => `${Math.min(...all.map((each) => each[0]))}–${all.reduce((sum, each) => sum + each[1], 0)}`;

  // Says how many the chosen tables of a form seat, where that is fewer than come.
  function tooSmall(form, act) {
    if (!form.dataset.seats || act.over_seats) return "";
    const seats = JSON.parse(form.dataset.seats);
    const kept = JSON.parse(form.dataset.kept || "[]");
    if (!act.tables.length || (kept.length === act.tables.length && kept.every((table) => act.tables.includes(table)))) return "";
    const all = act.tables.map((table) => seats[table]).filter(Boolean);
    const size = act.party || Number(form.dataset.size);
    return all.length && all.reduce((sum, each) => sum + each[1], 0) < size ? seatsOf(all) : "";
  }

  // --- Forms become acts -------------------------------------------------------------------------------------------

  document.addEventListener("submit", async (event) => {
    const form = event.target.closest("form[data-act-form]");
    if (!form) return;
    event.preventDefault();
    const label = (event.submitter || form.querySelector("[type=submit]")).textContent.trim();
    const sent = new FormData(form);
    const act = { do: sent.get("do") };
    for (const name of ["booking", "course", "starts_at"]) if (sent.has(name)) act[name] = sent.get(name);
    for (const name of ["version", "party", "minutes"]) if (sent.get(name)) act[name] = Number(sent.get(name));
    // A choice among parties, each as the host saw it.
    if (sent.has("seating")) { [act.booking, act.version] = sent.get("seating").split("@"); act.version = Number(act.version); }
    act.tables = sent.getAll("tables").map(Number);
    if (act.do === "move") {
      act.ends_at = new Date(new Date(act.starts_at).getTime() + act.minutes * 60_000).toISOString();
      delete act.minutes;
      act.over_pacing = sent.has("over_pacing");
    }
    if (sent.has("over_seats")) act.over_seats = true;
    const seats = tooSmall(form, act);
    if (seats) {
      if (!(await ask(words.small.replace("%seats", seats), words.anyway))) return;
      act.over_seats = true;
    }
    document.getElementById("t-dialog")?.close();
    add(act, label);
  });

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-seen]")) { store(`${KEY}.refused`, []); tell(); }
    const more = event.target.closest("a.f-more");
    if (more && !event.ctrlKey && !event.metaKey && window.htmx) {
      event.preventDefault();
      window.htmx.ajax("GET", more.href, { target: "#t-panel", swap: "innerHTML" });
    }
  });

  // A booking needs the network: its name and number are kept nowhere else than in the line.
  for (const failure of ["htmx:sendError", "htmx:timeout"]) {
    document.body.addEventListener(failure, (event) => sayOfLine(event, words.lineKept));
  }
  document.body.addEventListener("htmx:beforeRequest", (event) => sayOfLine(event, ""));

  function sayOfLine(event, sentence) {
    const said = document.getElementById("f-line-said");
    if (event.detail.elt?.id !== "f-quick" || !said) return;
    said.textContent = sentence;
    said.hidden = !sentence;
    if (sentence) document.getElementById("f-line").focus();
  }

  addEventListener("online", () => { isOffline = false; flush(); window.htmx?.trigger(document.body, "buka-today"); });
  addEventListener("offline", () => { isOffline = true; tell(); });
  addEventListener("storage", (event) => event.key?.startsWith(KEY) && tell());
  setInterval(() => (waiting().length || isOffline) && navigator.onLine && (waiting().length ? flush() : probe()), 4000);

  async function probe() {
    // Nothing waits, but something failed before: is the server there again?
    try { isOffline = !(await fetch(words.part, { method: "HEAD", redirect: "manual" })); } catch { isOffline = true; }
    if (!isOffline) window.htmx?.trigger(document.body, "buka-today");
    tell();
  }

  // Fetches a part of the page anew, unless something of it is being dragged when it comes.
  async function fetchPart(address, target, isInHand = () => false) {
    try {
      const answer = await fetch(address, { redirect: "manual", headers: { "HX-Request": "true" } });
      if (answer.type === "opaqueredirect" || [401, 403, 404].includes(answer.status)) { location.reload(); return false; }
      if (!answer.ok) return false;
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById(target);
      if (!fresh) return false;
      if (isInHand()) return false;
      const old = document.getElementById(target);
      const focused = old.contains(document.activeElement) ? document.activeElement.id || null : null;
      const scrolled = [...old.querySelectorAll("[tabindex]"), old].map((box) => [box.scrollLeft, box.scrollTop]);
      old.replaceWith(document.adoptNode(fresh));
      [...fresh.querySelectorAll("[tabindex]"), fresh].forEach((box, number) => scrolled[number] && box.scrollTo(...scrolled[number]));
      if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
      isOffline = false;
      tell();
      return true;
    } catch {
      isOffline = true;
      tell();
      return false;
    }
  }

  const hourAndMinute = new Intl.DateTimeFormat("en-u-nu-latn", { hour: "numeric", minute: "numeric", hourCycle: "h23", timeZone: words.zone });

  // Writes a time as the page's own are written; browsers have ideas of their own about "pm".
  function clock(moment) {
    const written = JSON.parse(words.clock);
    const part = Object.fromEntries(hourAndMinute.formatToParts(moment).map(({ type, value }) => [type, Number(value)]));
    const two = (number) => String(number).padStart(2, "0");
    const half = part.hour % 12 || 12;
    const said = { HH: two(part.hour), H: part.hour, hh: two(half), h: half, mm: two(part.minute), a: part.hour < 12 ? written.am : written.pm };
    return written.pattern.replace(/HH?|hh?|mm|a/g, (letters) => said[letters]);
  }

  window.bukaDesk = { add, clock, ask, seatsOf, flush, waiting, fetchPart, onChange: (listener) => { listeners.push(listener); tell(); }, get isOffline() { return isOffline; } };
  tell();
  flush();
})();
