/* Puts a restaurant's free times where this script stands: <script src="…/widget.js" data-restaurant="…" async></script> */
(() => {
  const script = document.currentScript;
  const restaurant = script.dataset.restaurant || "";
  if (!/^[a-z0-9-]+$/.test(restaurant)) return console.error("Buka: data-restaurant is missing");
  const language = /^[a-z-]+$/i.test(script.dataset.language || "") ? script.dataset.language : "en";
  const frame = document.createElement("iframe");
  frame.src = `{{ base_url|escapejs }}/${language}/r/${restaurant}/widget/`;
  frame.title = script.dataset.title || "Buka";
  frame.loading = "lazy";
  frame.referrerPolicy = "no-referrer";
  Object.assign(frame.style, { border: "0", width: "100%", height: "28rem", colorScheme: "auto" });
  addEventListener("message", (event) => {
    if (event.source !== frame.contentWindow || event.data?.buka !== "height") return;
    const height = Number(event.data.height);
    if (height > 0 && height < 10000) frame.style.height = `${Math.ceil(height)}px`;
  });
  script.after(frame);
})();
