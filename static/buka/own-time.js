// Tells a diner abroad what the restaurant's time is on their own clock. The page is complete without it.

for (const place of document.querySelectorAll("[data-own-time]")) {
  const moment = new Date(place.dataset.ownTime);
  const page = document.documentElement.lang;
  // The page's language as this person's region writes it: day before month in Nigeria.
  const language = navigator.languages.find((each) => each.split("-")[0] === page.split("-")[0]) || page || undefined;
  const day = { weekday: "long", day: "numeric", month: "long", hour: "numeric", minute: "2-digit", numberingSystem: "latn" };
  const clockIn = (timeZone) => new Intl.DateTimeFormat("en", { ...day, timeZone }).format(moment);
  try {
    // The zones may differ in name only, or on other days than this one.
    if (clockIn(undefined) === clockIn(place.dataset.zone)) continue;
    // A browser without the page's language (Hausa, mostly) would name the day in English: figures alone are read by all.
    const speaks = Intl.DateTimeFormat.supportedLocalesOf(language || "en").length > 0;
    const form = speaks ? day : { ...day, weekday: undefined, month: "numeric" };
    const when = new Intl.DateTimeFormat(speaks ? language : "en-NG", { ...form, timeZoneName: "short" }).format(moment);
    place.textContent = place.dataset.sentence.replace("%(when)s", when);
    place.hidden = false;
  } catch { /* An old browser does not know the zone; the restaurant's time stands above. */ }
}
