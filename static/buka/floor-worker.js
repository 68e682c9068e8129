// Opens the floor plan again while there is no network: its last page and what that page is made of, nothing else.
// A page is kept for twelve hours at most, and thrown away when somebody logs out.
"use strict";

const CACHE = "buka-floor";
const LONGEST = 12 * 60 * 60 * 1000;
const FLOOR = /^\/admin\/today\/[0-9a-f-]{36}\/floor\/$/;

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("message", (event) => {
  if (!Array.isArray(event.data?.keep)) return;
  event.waitUntil(keep(event.data.keep));
});

async function keep(addresses) {
  const cache = await caches.open(CACHE);
  for (const address of addresses) {
    if (new URL(address).origin !== self.location.origin) continue;
    if (isFloor(address)) await keepPage(cache, address);
    else if (!(await cache.match(address))) await cache.add(address).catch(() => {});
  }
}

async function keepPage(cache, address) {
  const answer = await fetch(address, { redirect: "manual", credentials: "same-origin" }).catch(() => null);
  if (answer?.ok) await put(cache, address, answer);
}

async function put(cache, address, answer) {
  const headers = new Headers(answer.headers);
  headers.set("X-Kept-At", String(Date.now()));
  await cache.put(plain(address), new Response(await answer.blob(), { status: 200, headers }));
}

const isFloor = (address) => FLOOR.test(new URL(address).pathname);
// One page for each house: the day that was looked at last.
const plain = (address) => { const url = new URL(address); return url.origin + url.pathname; };

self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET") return;
  if (request.mode === "navigate" && isFloor(request.url)) event.respondWith(page(request));
  else if (new URL(request.url).pathname.startsWith("/static/")) event.respondWith(part(request));
});

async function page(request) {
  try {
    return await fetch(request);
  } catch (error) {
    const kept = await (await caches.open(CACHE)).match(plain(request.url));
    if (kept && Date.now() - Number(kept.headers.get("X-Kept-At")) < LONGEST) return kept;
    throw error;
  }
}

async function part(request) {
  try {
    return await fetch(request);
  } catch (error) {
    const kept = await (await caches.open(CACHE)).match(request, { ignoreVary: true });
    if (kept) return kept;
    throw error;
  }
}
