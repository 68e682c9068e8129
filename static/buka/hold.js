// Touch: a swipe scrolls, a long press takes hold of something, which then follows the finger and keeps the page still.
"use strict";

(() => {
  const LONG = 400;
  const STILL = 8;
  let timer = null;
  let start = null;
  let isHolding = false;

  // Calls `take` once the finger of this pointerdown has stayed where it is; a finger that moves before is scrolling.
  window.bukaHold = (event, take) => {
    clearTimeout(timer);
    start = { id: event.pointerId, x: event.clientX, y: event.clientY };
    // What is drawn anew while it is dragged leaves the page, and its touches reach nobody but itself.
    event.target.addEventListener("touchmove", keepStill, { passive: false });
    timer = setTimeout(() => { timer = null; isHolding = true; take(); }, LONG);
  };

  function keepStill(event) {
    if (isHolding && event.cancelable) event.preventDefault();
  }

  function leave() {
    clearTimeout(timer);
    timer = null;
  }

  document.addEventListener("pointermove", (event) => {
    if (timer && event.pointerId === start.id && Math.hypot(event.clientX - start.x, event.clientY - start.y) > STILL) leave();
  }, true);
  for (const end of ["pointerup", "pointercancel"]) {
    document.addEventListener(end, () => { leave(); setTimeout(() => { isHolding = false; }); }, true);
  }
  // A scroll is stopped at its first move or not at all.
  document.addEventListener("touchmove", keepStill, { passive: false });
  document.addEventListener("contextmenu", (event) => { if (timer || isHolding) event.preventDefault(); });
})();
