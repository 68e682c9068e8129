// The floor plan where scripts run: taps open a table, the slider asks for another moment, and without a network the
// page goes on from its last state.
"use strict";

(() => {
  const page = document.getElementById("today");
  const desk = window.bukaDesk;
  if (!page || !desk) return;
  const floor = () => document.getElementById("f-floor");
  let state = JSON.parse(floor().dataset.state);

  // --- The state at a moment ---------------------------------------------------------------------------------------

  let soon = null;
  const address = () => page.dataset.part + (page.dataset.minute ? `&minute=${page.dataset.minute}` : "");

  async function refresh() {
    if (await desk.fetchPart(address(), "f-floor")) ready();
    else if (page.dataset.minute && desk.isOffline) showMinute(Number(page.dataset.minute), state.words.stood.replace("%time", clock(state.minute)));
  }

  const clock = (minute) => desk.clock(new Date(new Date(state.base).getTime() + minute * 60_000));

  // The label follows the slider at once; the tables follow when the server has answered.
  function showMinute(minute, more = "") {
    const label = document.getElementById("f-at");
    label.textContent = more ? `${clock(minute)} · ${more}` : clock(minute);
    document.getElementById("f-minute").setAttribute("aria-valuetext", label.textContent);
  }

  let keptAt = Date.now();

  function ready() {
    if (Date.now() - keptAt > 60_000) keep([location.href]);
    state = JSON.parse(floor().dataset.state);
    for (const element of floor().querySelectorAll("[data-only-without-script]")) element.hidden = true;
    mark(desk.waiting().map((row) => row.act));
  }

  document.body.addEventListener("buka-today", refresh);
  setInterval(() => document.visibilityState === "visible" && refresh(), 60_000);
  document.addEventListener("input", (event) => {
    if (event.target.id !== "f-minute") return;
    page.dataset.minute = event.target.value;
    showMinute(Number(event.target.value));
    clearTimeout(soon);
    soon = setTimeout(refresh, 150);
  });
  document.addEventListener("click", (event) => {
    if (!event.target.closest("#f-now")) return;
    event.preventDefault();
    page.dataset.minute = "";
    refresh();
  });

  // --- A table, opened ---------------------------------------------------------------------------------------------

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a.f-table, .f-list a[data-open]");
    if (!link || event.ctrlKey || event.metaKey || !window.htmx) return;
    event.preventDefault();
    const table = link.dataset.table || link.dataset.open;
    if (desk.isOffline || !navigator.onLine) { openOffline(table); return; }
    asked = { table, path: link.getAttribute("href") };
    window.htmx.ajax("GET", link.getAttribute("href"), { target: "#t-panel", swap: "innerHTML" });
  });
  let asked = null;
  document.body.addEventListener("htmx:sendError", (event) => {
    // Whatever else was asked for and did not come is no table's business.
    if (asked && event.detail.requestConfig?.path === asked.path) openOffline(asked.table);
  });

  const MOVES = { confirmed: ["arrive", "seat"], arrived: ["seat", "leave"], seated: ["complete"], requested: ["approve"] };
  const BECOMES = { approve: "confirmed", arrive: "arrived", seat: "seated", complete: "completed", leave: "left", "no-show": "no_show", undo: "confirmed" };

  function statusOf(key, acts) {
    return acts.filter((act) => act.booking === key && BECOMES[act.do]).reduce((_, act) => BECOMES[act.do], state.parties[key].status);
  }

  function element(name, fields = {}, ...children) {
    const made = Object.assign(document.createElement(name), fields);
    made.append(...children);
    return made;
  }

  function openOffline(key) {
    const table = state.tables[key];
    const panel = document.getElementById("t-panel");
    const dialog = document.getElementById("t-dialog");
    const acts = desk.waiting().map((row) => row.act);
    const title = element("h2", { id: "t-panel-title", tabIndex: -1 }, table.title);
    const parts = [title, element("p", { className: "t-help" }, state.words.offline)];
    for (const party of table.parties) {
      const { name, size, time, version } = state.parties[party];
      const status = statusOf(party, acts);
      const buttons = element("div", { className: "t-moves" });
      if (page.dataset.mayRun) {
        for (const move of MOVES[status] || []) {
          const button = element("button", { type: "button", className: "t-button" }, state.words.moves[move]);
          button.addEventListener("click", () => { dialog.close(); desk.add({ do: move, booking: party, version, tables: [] }, state.words.moves[move]); });
          buttons.append(button);
        }
      }
      const facts = `${time} · ${size} · ${state.words.statuses[status] || status}`;
      parts.push(element("article", { className: "f-party" }, element("h3", {}, element("bdi", {}, name)), element("p", {}, facts), buttons));
    }
    const now = standing(key, acts);
    if (now.guests) parts.push(element("article", { className: "f-party" }, element("h3", {}, words(now)), element("p", {}, state.words.waits)));
    if (page.dataset.mayRun && state.today && ["free", "soon"].includes(now.state)) {
      const field = element("input", { type: "number", min: 1, max: 400, value: table.smallest, required: true, id: "f-offline-party" });
      const form = element("form", { className: "t-grid" },
        element("div", { className: "t-field" }, element("label", { htmlFor: field.id }, state.words.guests), field),
        element("button", { type: "submit", className: "t-button t-main" }, state.words.walkIn));
      form.addEventListener("submit", async (event) => {
        event.preventDefault();
        const act = { do: "walk-in", party: Number(field.value), tables: [Number(key)] };
        if (act.party > table.largest) {
          const small = page.dataset.small.replace("%seats", desk.seatsOf([[table.smallest, table.largest]]));
          if (!(await desk.ask(small, page.dataset.anyway))) return;
          act.over_seats = true;
        }
        dialog.close();
        desk.add(act, state.words.walkIn);
      });
      parts.push(form);
    }
    panel.replaceChildren(...parts);
    if (!dialog.open) dialog.showModal();
    title.focus();
  }

  // --- What has been done and not been sent yet ------------------------------------------------------------------

  const SHOWN = { arrived: "arrived", seated: "seated", completed: "free", left: "free", no_show: "free" };

  // How a table stands once what waits has been done: its state, and whose it is then.
  function standing(key, acts) {
    const table = state.tables[key];
    const number = Number(key);
    let now = { state: table.state, party: table.party };
    for (const act of acts) {
      const isHere = act.tables?.includes(number);
      if (act.do === "walk-in") {
        if (isHere) now = { state: "seated", party: null, guests: act.party };
        continue;
      }
      if (!act.booking || !(isHere || table.parties.includes(act.booking))) continue;
      const isTheirs = now.party === act.booking;
      if (act.tables?.length && !isHere) {
        // They sit elsewhere now.
        if (isTheirs) now = { state: "free", party: null };
        continue;
      }
      const becomes = SHOWN[BECOMES[act.do]];
      const isSatAt = ["seated", "over", "arrived"].includes(now.state);
      if (!becomes || (!isTheirs && becomes !== "seated" && (isSatAt || becomes === "free"))) continue;
      now = { state: becomes, party: becomes === "free" ? null : act.booking };
    }
    return now;
  }

  function words(now) {
    const party = state.parties[now.party];
    const parts = [state.words.states[now.state]];
    if (now.guests) parts.push(state.words.walkInOf.replace("%count", now.guests));
    if (party) parts.push(`\u2068${party.name}\u2069, ${party.size}`);
    return parts.join(" · ");
  }

  const stateOf = (place) => [...place.classList].find((name) => name.startsWith("is-") && name !== "is-pressed" && name !== "is-waiting") || "is-free";

  // Shows another text in its place, and the server's own again when nothing waits any more.
  function put(place, text) {
    if (!place) return;
    place.dataset.was ??= place.textContent;
    place.textContent = text ?? place.dataset.was;
  }

  function mark(acts) {
    const moved = {};
    for (const [key, table] of Object.entries(state.tables)) {
      const mine = acts.filter((act) => (act.booking && table.parties.includes(act.booking)) || act.tables?.includes(Number(key)));
      const now = standing(key, acts);
      const isOther = now.state !== table.state || now.party !== table.party;
      const shown = isOther ? now.state : table.state;
      moved[table.state] = (moved[table.state] || 0) - 1;
      moved[shown] = (moved[shown] || 0) + 1;
      const line = isOther ? words(now) : null;
      const link = document.getElementById(`table-${key}`);
      const row = floor().querySelector(`[data-row="${key}"]`);
      for (const place of [link, row]) {
        if (!place) continue;
        place.dataset.was ||= stateOf(place);
        place.classList.remove(stateOf(place), "is-waiting");
        place.classList.add(isOther ? `is-${shown}` : place.dataset.was);
        place.classList.toggle("is-waiting", mine.length > 0);
        const note = place.querySelector("[data-waits]");
        if (note) note.hidden = !mine.length;
      }
      put(row?.querySelector("span"), line);
      if (link) {
        link.dataset.said ??= link.getAttribute("aria-label");
        link.setAttribute("aria-label", line ? `${table.title}: ${line}. ${state.words.waits}` : link.dataset.said);
        const marks = link.nextElementSibling;
        put(marks.querySelector(".f-sign"), line && state.words.signs[shown]);
        put(marks.querySelector(".f-note"), line && "");
      }
    }
    for (const each of floor().querySelectorAll(".f-legend li")) {
      const count = each.querySelector("b");
      count.dataset.was ??= count.textContent;
      count.textContent = Number(count.dataset.was) + (moved[stateOf(each).slice(3)] || 0);
    }
  }

  desk.onChange(mark);
  ready();

  // --- Opened again without a network -----------------------------------------------------------------------------

  async function keep(addresses) {
    keptAt = Date.now();
    const registration = await navigator.serviceWorker?.getRegistration(page.dataset.worker);
    registration?.active?.postMessage({ keep: addresses });
  }

  if ("serviceWorker" in navigator && page.dataset.worker) {
    navigator.serviceWorker.register(page.dataset.worker).then(() => navigator.serviceWorker.ready).then(() => {
      const parts = performance.getEntriesByType("resource").map((entry) => new URL(entry.name));
      const own = parts.filter((part) => part.origin === location.origin && part.pathname.startsWith("/static/"));
      keep([location.href, ...own.map(String)]);
    }).catch(() => { /* A private window keeps nothing; the open page works all the same. */ });
  }
})();
