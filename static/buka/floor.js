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
    if (!(await desk.fetchPart(address(), "f-floor"))) return;
    ready();
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
    asked = table;
    window.htmx.ajax("GET", link.getAttribute("href"), { target: "#t-panel", swap: "innerHTML" });
  });
  let asked = null;
  document.body.addEventListener("htmx:sendError", (event) => {
    if (event.detail.target?.id === "t-panel" && asked) openOffline(asked);
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
    if (page.dataset.mayRun && table.free && !acts.some((act) => act.do === "walk-in" && act.tables.includes(Number(key)))) {
      const field = element("input", { type: "number", min: 1, max: 400, value: table.smallest, required: true, id: "f-offline-party" });
      const form = element("form", { className: "t-grid" },
        element("div", { className: "t-field" }, element("label", { htmlFor: field.id }, state.words.guests), field),
        element("button", { type: "submit", className: "t-button t-main" }, state.words.walkIn));
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        dialog.close();
        desk.add({ do: "walk-in", party: Number(field.value), tables: [Number(key)] }, state.words.walkIn);
      });
      parts.push(form);
    }
    panel.replaceChildren(...parts);
    if (!dialog.open) dialog.showModal();
    title.focus();
  }

  // --- What has been done and not been sent yet ------------------------------------------------------------------

  const SHOWN = { arrived: "arrived", seated: "seated", completed: "free", left: "free", no_show: "free" };

  function mark(acts) {
    for (const [key, table] of Object.entries(state.tables)) {
      const mine = acts.filter((act) => (act.booking && table.parties.includes(act.booking)) || act.tables?.includes(Number(key)));
      const places = [document.getElementById(`table-${key}`), floor().querySelector(`[data-row="${key}"]`)];
      const last = mine.at(-1);
      const shown = last && (last.do === "walk-in" ? "seated" : SHOWN[BECOMES[last.do]]);
      for (const place of places) {
        if (!place) continue;
        place.dataset.was ||= [...place.classList].find((name) => name.startsWith("is-") && name !== "is-pressed" && name !== "is-waiting") || "is-free";
        const wanted = shown ? `is-${shown}` : place.dataset.was;
        for (const name of [...place.classList]) if (name.startsWith("is-") && name !== "is-pressed") place.classList.remove(name);
        place.classList.add(wanted);
        place.classList.toggle("is-waiting", mine.length > 0);
        const note = place.querySelector("[data-waits]");
        if (note) note.hidden = !mine.length;
      }
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
