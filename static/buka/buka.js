// What the pages gain where scripts run. Every flow works without this file.

const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

/** Say a sentence to everybody: on the screen for a while, and to screen readers. */
export function say(sentence, milliseconds = 4000) {
  const place = document.getElementById("toasts");
  if (!place || !sentence) return;
  const toast = document.createElement("p");
  toast.className = "toast";
  toast.textContent = sentence;
  place.append(toast);
  setTimeout(() => toast.remove(), milliseconds);
}

// --- Light and dark ------------------------------------------------------------------------------------

const root = document.documentElement;
const systemIsDark = matchMedia("(prefers-color-scheme: dark)");
const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : systemIsDark.matches);

function labelThemeToggles() {
  for (const button of $$("[data-theme-toggle]")) {
    button.querySelector("[data-label]").textContent = isDark() ? button.dataset.onLabel : button.dataset.offLabel;
    button.hidden = false;
  }
}

function toggleTheme() {
  root.dataset.theme = isDark() ? "light" : "dark";
  try { localStorage.setItem("buka-theme", root.dataset.theme); } catch { /* It holds for this page. */ }
  labelThemeToggles();
}

// --- Copy and share --------------------------------------------------------------------------------------

/** <button data-copy="K7M 4QT" data-copied="The code is copied." hidden> */
async function copyText(text, sentence) {
  try {
    await navigator.clipboard.writeText(text);
    say(sentence);
  } catch { /* The text stands beside the button and can be selected. */ }
}

/** <button data-share="https://…" data-share-title="…" data-copied="The link is copied." hidden> */
async function share(button) {
  const url = button.dataset.share || location.href;
  if (!navigator.share) return copyText(url, button.dataset.copied);
  try { await navigator.share({ title: button.dataset.shareTitle || document.title, url }); } catch { /* The person closed the sheet. */ }
}

function offer(scope) {
  for (const button of $$("[data-copy]", scope)) button.hidden = !navigator.clipboard;
  for (const button of $$("[data-share]", scope)) button.hidden = !(navigator.share || navigator.clipboard);
}

// --- A form is sent once -----------------------------------------------------------------------------------

function setBusy(form, busy) {
  for (const button of $$("button:not([type=button]), input[type=submit]", form)) {
    if (busy && button.disabled) continue;
    if (!busy && !("sent" in button.dataset)) continue;
    button.disabled = busy;
    if (busy) { button.setAttribute("aria-busy", "true"); button.dataset.sent = ""; }
    else { button.removeAttribute("aria-busy"); delete button.dataset.sent; }
  }
}

function guardSubmit(event) {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post") return;
  // The value of the pressed button is read before the next task, so disabling waits for that.
  setTimeout(() => setBusy(form, true));
}

// --- Live availability ----------------------------------------------------------------------------------------

/** Listen at the body's data-live-url; each change becomes the event "buka:availability" on the body. */
function listen(address) {
  const url = new URL(address, location.href);
  url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  let failures = 0;
  let wasOpen = false;
  let socket = null;
  let timer = null;

  const announce = (detail) => document.body.dispatchEvent(new CustomEvent("buka:availability", { detail }));

  function connect() {
    clearTimeout(timer);
    timer = null;
    socket = new WebSocket(url);
    socket.addEventListener("open", () => {
      failures = 0;
      // What changed while the line was down is unknown, so ask once.
      if (wasOpen) announce({ type: "reconnected" });
      wasOpen = true;
    });
    socket.addEventListener("message", ({ data }) => {
      let message;
      try { message = JSON.parse(data); } catch { return; }
      if (message.type === "availability.changed") announce(message);
    });
    socket.addEventListener("close", () => {
      socket = null;
      // A page out of sight need not hold a line; it connects when it is looked at again.
      if (document.hidden) return;
      const longest = Math.min(30_000, 1000 * 2 ** failures++);
      timer = setTimeout(connect, longest / 2 + (Math.random() * longest) / 2);
    });
  }

  const wake = () => { if (!socket && !document.hidden) connect(); };
  document.addEventListener("visibilitychange", wake);
  addEventListener("online", wake);
  // Kept open, the socket would keep the page out of the back-forward cache.
  addEventListener("pagehide", () => socket?.close());
  addEventListener("pageshow", (event) => { if (event.persisted) wake(); });
  connect();
}

// --- Start ---------------------------------------------------------------------------------------------------------

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("button");
  if (button) {
    if ("themeToggle" in button.dataset) toggleTheme();
    else if ("share" in button.dataset) share(button);
    else if ("copy" in button.dataset) copyText(button.dataset.copy, button.dataset.copied);
    else if ("print" in button.dataset) print();
  }
  for (const menu of $$("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of $$("details.menu[open]")) { menu.open = false; menu.querySelector("summary").focus(); }
});
document.addEventListener("submit", guardSubmit);
// Whoever uses this browser next finds no floor plan with guests' names (floor-worker.js).
document.addEventListener("submit", (event) => { if (/log-?out/.test(event.target.action) && "caches" in window) caches.delete("buka-floor"); });
addEventListener("pageshow", () => { for (const form of document.forms) setBusy(form, false); });
document.addEventListener("htmx:afterRequest", (event) => {
  const form = event.target.closest?.("form");
  if (form) setBusy(form, false);
});
document.addEventListener("htmx:load", (event) => offer(event.detail.elt));
systemIsDark.addEventListener("change", labelThemeToggles);
labelThemeToggles();
offer(document);
for (const button of $$("[data-print]")) button.hidden = false;
if (document.body.dataset.liveUrl) listen(document.body.dataset.liveUrl);
