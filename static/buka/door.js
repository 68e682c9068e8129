// The door of an event, where scripts run: the answer comes without a new page, and the field is ready for the next.
"use strict";

(() => {
  const form = document.getElementById("v-form");
  const field = form?.elements.code;
  if (!field) return;
  const live = document.getElementById("v-live");

  // The theme hides the page until its scripts have begun: autofocus comes too early.
  for (const [target, moment] of [[document, "alpine:initialized"], [window, "load"]]) {
    target.addEventListener(moment, () => setTimeout(() => field.focus()), { once: true });
  }

  function next() {
    field.value = "";
    field.focus();
  }

  form.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.elt !== form) return;
    if (event.detail.successful || [409, 422].includes(event.detail.xhr?.status)) next();
  });
  for (const failure of ["htmx:sendError", "htmx:timeout", "htmx:responseError"]) {
    form.addEventListener(failure, () => {
      // What was typed stays, to be sent again.
      const said = document.createElement("p");
      said.className = "t-refused";
      said.setAttribute("role", "alert");
      said.textContent = form.dataset.failed;
      live.querySelector(".v-result, .t-refused")?.remove();
      live.prepend(said);
      field.focus();
    });
  }
})();
