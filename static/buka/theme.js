// Runs before the first paint, so that a chosen look does not flash the other one.
try {
  const chosen = localStorage.getItem("buka-theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
} catch { /* Storage is closed to us in some private windows; the system's choice stands. */ }
