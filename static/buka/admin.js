// What the back office gains where scripts run. Everything works without this file.
"use strict";

(() => {
  const onReady = (task) => (document.readyState === "loading" ? document.addEventListener("DOMContentLoaded", task) : task());

  onReady(() => {
    const today = document.getElementById("today");
    if (today) {
      listen(today);
      const day = document.getElementById("t-day");
      day?.addEventListener("change", () => day.value && day.form.requestSubmit());
      for (const element of document.querySelectorAll("[data-only-without-script]")) element.hidden = true;
      tapsFirst();
      dialogs();
      failures(today);
    }
    times();
    labels();
    copying();
    quickLine();
    loggingOut();
  });

  // --- A booking in one line ---------------------------------------------------------------------------------------

  function quickLine() {
    const line = document.getElementById("f-line");
    if (!line) return;
    document.addEventListener("keydown", (event) => {
      if (!event.altKey || event.code !== "KeyN" || event.ctrlKey || event.metaKey || document.querySelector("dialog[open]")) return;
      event.preventDefault();
      line.focus();
      line.select();
    });
    document.body.addEventListener("today-done", () => { line.value = ""; });
  }

  // --- Whoever uses this browser next finds no floor plan with guests' names -------------------------------------------

  function loggingOut() {
    document.addEventListener("submit", (event) => {
      if (!/log-?out/.test(event.target.action)) return;
      if ("caches" in window) caches.delete("buka-floor");
      // Refusals name guests; what waits to be sent does not, and is sent after the next log-in.
      for (const key of Object.keys(localStorage)) if (/^buka\.desk\..*\.refused$/.test(key)) localStorage.removeItem(key);
    });
  }

  // --- What is to be copied: a button where the browser lets us ----------------------------------------------------

  function copying() {
    if (!navigator.clipboard) return;
    for (const button of document.querySelectorAll("[data-copy]")) {
      button.hidden = false;
      button.addEventListener("click", async () => {
        try {
          await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
          button.textContent = button.dataset.done;
        } catch {
          getSelection().selectAllChildren(document.getElementById(button.dataset.copy));
        }
      });
    }
  }

  // --- Live: somebody booked, changed, cancelled; the board is fetched anew -------------------------------------

  // A tap is for the row that was seen: none is exchanged under a finger, or between a tap and its answer.
  let acting = 0;
  let isPressed = false;
  let isStale = false;

  function refresh() {
    isStale = Boolean(acting || isPressed);
    if (!isStale) window.htmx?.trigger(document.body, "buka-today");
  }

  function tapsFirst() {
    const isTap = (event) => event.detail.target?.id === "t-board" && event.detail.elt.id !== "t-refresh";
    const late = () => isStale && !acting && !isPressed && refresh();
    let news = null;
    document.body.addEventListener("htmx:beforeRequest", (event) => {
      if (isTap(event)) {
        acting += 1;
        // News under way tell of the day before the tap.
        isStale ||= Boolean(news);
        news = null;
      } else if (event.detail.elt.id === "t-refresh") {
        if (acting || isPressed) {
          isStale = true;
          event.preventDefault();
        } else news = event.detail.xhr;
      }
    });
    document.body.addEventListener("htmx:afterRequest", (event) => {
      if (!isTap(event)) return;
      acting = Math.max(0, acting - 1);
      late();
    });
    document.body.addEventListener("htmx:beforeSwap", (event) => {
      if (event.detail.requestConfig.elt.id !== "t-refresh") return;
      if (event.detail.xhr === news && !isPressed) news = null;
      else {
        isStale = true;
        event.detail.shouldSwap = false;
        setTimeout(late);
      }
    });
    document.addEventListener("pointerdown", (event) => { isPressed = Boolean(event.target.closest("#t-board")); });
    // The click comes after the finger has left.
    for (const end of ["pointerup", "pointercancel"]) {
      document.addEventListener(end, () => setTimeout(() => { isPressed = false; late(); }));
    }
  }

  function listen(today) {
    const url = new URL(today.dataset.liveUrl, location.href);
    url.protocol = url.protocol.replace("http", "ws");
    const lost = document.getElementById("t-lost");
    let pause = 1000;
    let wasOpen = false;
    let soon = null;
    const connect = () => {
      const socket = new WebSocket(url);
      socket.onopen = () => {
        today.dataset.live = "on";
        lost.hidden = true;
        pause = 1000;
        // What was said meanwhile is gone.
        if (wasOpen) refresh();
        wasOpen = true;
      };
      socket.onmessage = (message) => {
        const news = JSON.parse(message.data);
        if (news.day && news.day !== today.dataset.day) return;
        clearTimeout(soon);
        soon = setTimeout(refresh, 120);
      };
      socket.onclose = (closed) => {
        today.dataset.live = "off";
        if ([4401, 4403, 4404, 4428].includes(closed.code)) {
          // Logged out, or no longer staff, since the page was opened: the page itself says so.
          if (wasOpen) location.reload();
          return;
        }
        lost.textContent = today.dataset.lost;
        lost.hidden = !wasOpen && pause < 4000;
        setTimeout(connect, pause * (0.75 + Math.random() / 2));
        pause = Math.min(pause * 2, 30000);
      };
    };
    connect();
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && refresh());
  }

  // --- The dialog: what people type stands outside the board -----------------------------------------------------

  function dialogs() {
    const dialog = document.getElementById("t-dialog");
    const panel = document.getElementById("t-panel");
    let opener = null;
    document.body.addEventListener("htmx:beforeRequest", (event) => {
      if (event.detail.target === panel && !dialog.open) opener = event.detail.elt.id || event.detail.elt;
    });
    document.body.addEventListener("htmx:afterSwap", (event) => {
      if (event.detail.target !== panel) return;
      if (!panel.childElementCount) return;
      if (!dialog.open) dialog.showModal();
      const wrong = panel.querySelector(".has-errors input, .has-errors select, .t-refused");
      const first = wrong || panel.querySelector("form.t-grid:not(details form) input:not([type=hidden])") || panel.querySelector("h2");
      if (first?.classList.contains("t-refused")) { first.tabIndex = -1; }
      first?.focus();
      first?.select?.();
    });
    document.body.addEventListener("today-done", () => dialog.open && dialog.close());
    dialog.addEventListener("click", (event) => {
      if (event.target.closest("[data-close]") || event.target === dialog) dialog.close();
    });
    dialog.addEventListener("close", () => {
      panel.replaceChildren();
      const back = typeof opener === "string" ? document.getElementById(opener) : opener;
      if (back?.isConnected) back.focus();
      opener = null;
    });
  }

  function failures(today) {
    const say = () => {
      const lost = document.getElementById("t-lost");
      lost.textContent = today.dataset.failed;
      lost.hidden = false;
    };
    document.body.addEventListener("htmx:sendError", say);
    document.body.addEventListener("htmx:responseError", (event) => {
      // Signed out meanwhile, or the house is no longer theirs: the page itself says so.
      if ([401, 403, 404].includes(event.detail.xhr.status)) location.reload();
      else say();
    });
    // A log-in page in place of the board: the session is over.
    document.body.addEventListener("htmx:beforeSwap", (event) => {
      const where = new URL(event.detail.xhr.responseURL, location.href).pathname;
      if (!where.startsWith("/admin/")) { event.preventDefault(); location.reload(); }
    });
  }

  // --- The free times follow day and party -----------------------------------------------------------------------

  function times() {
    document.body.addEventListener("change", async (event) => {
      const form = event.target.closest("form[data-times]");
      if (!form || !["day", "party", "step_free"].includes(event.target.name)) return;
      const clock = form.elements.clock;
      const address = new URL(form.dataset.times, location.href);
      for (const name of ["day", "party", "clock"]) address.searchParams.set(name, form.elements[name].value);
      if (form.elements.step_free?.checked) address.searchParams.set("step_free", "on");
      clock.setAttribute("aria-busy", "true");
      try {
        const answer = await fetch(address, { headers: { "HX-Request": "true" } });
        if (answer.ok) {
          const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("select");
          clock.replaceChildren(...fresh.children);
        }
      } catch { /* The server decides when the form is sent. */ }
      clock.removeAttribute("aria-busy");
    });
  }

  // --- What Unfold leaves without a name ---------------------------------------------------------------------------

  function labels() {
    const names = document.getElementById("page")?.dataset || {};
    document.getElementById("nav-sidebar-inner")?.setAttribute("aria-label", names.navigation);
    document.querySelectorAll("nav:not([aria-label])").forEach((tabs, index) => {
      tabs.setAttribute("aria-label", index ? `${names.tabs} (${index + 1})` : names.tabs);
    });
    for (const head of document.querySelectorAll("th")) {
      if (!head.textContent.trim() && !head.querySelector("input, button, a")) head.setAttribute("role", "presentation");
    }
    addEventListener("load", () => {
      // Every box that scrolls calls itself by the same name.
      for (const box of document.querySelectorAll(".simplebar-content-wrapper")) {
        box.removeAttribute("role");
        box.removeAttribute("aria-label");
      }
    });
    for (const link of document.querySelectorAll("a[title]:not([aria-label]), button[title]:not([aria-label])")) {
      link.setAttribute("aria-label", link.title);
    }
  }
})();
