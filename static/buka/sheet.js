// The service sheet: a button that prints it, where scripts run.
"use strict";

(() => {
  const button = document.getElementById("s-print");
  if (!button) return;
  button.hidden = false;
  button.addEventListener("click", () => window.print());
})();
