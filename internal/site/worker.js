// sw.js: keeps the static site in this browser, so that it works without a network after the first visit.
//
// internal/site writes the two lines above from what it builds: the version, and each file with the hash of its content. A
// worker keeps and answers with exactly the files of its own version, so a page never gets files of two. A new version is
// kept beside the old one and takes over when the person asks for it, or when the last page of the old one is closed.

const root = new URL("./", location.href).href;
const page = "index.html";
const prefix = `hubpanel ${registration.scope} `; // a storage belongs to its whole origin, which may hold other copies of the site
const cacheName = prefix + version;
const addressOf = (file) => root + file;
const isHashed = (file) => /\.[0-9a-f]{12}\.[a-z0-9]+$/.test(file);

addEventListener("install", (event) => event.waitUntil(keep()));
addEventListener("activate", (event) => event.waitUntil(takeOver()));
addEventListener("message", (event) => {
  if (event.data === "take over") skipWaiting();
});
addEventListener("fetch", (event) => {
  const file = fileOf(event.request);
  if (file === undefined) return; // somebody else's: the browser asks for it as if nobody were here
  event.respondWith(file === page || isHashed(file) ? kept(event.request, file) : fresh(event.request, file));
});

// All files or none: one that is missing, or that is not what was built, ends the installation, and what was there goes on.
async function keep() {
  try {
    const cache = await caches.open(cacheName);
    await Promise.all(Object.entries(files).map(([file, integrity]) => keepOne(cache, file, integrity)));
  } catch (error) {
    await caches.delete(cacheName);
    throw error;
  }
}

async function keepOne(cache, file, integrity) {
  const before = isHashed(file) && await caches.match(addressOf(file)); // of the version before, under the same hash
  if (before) return cache.put(addressOf(file), before);
  // The page goes by the folder's name, which every host answers; some redirect from the file's own.
  const load = (cache) => fetch(file === page ? root : addressOf(file), { integrity, cache });
  // What the page has just loaded is in the browser's cache; what got there broken must not stay there for a year.
  // An entrance is never asked for by its date: files of two versions may have the same.
  const response = await (isHashed(file) ? load("default").catch(() => load("reload")) : load("reload"));
  if (!response.ok) throw new Error(`${file}: the host answered ${response.status}`);
  // A response that was redirected must not answer a navigation.
  return cache.put(addressOf(file), response.redirected ? new Response(response.body, response) : response);
}

async function takeOver() {
  for (const name of await caches.keys()) {
    if (name.startsWith(prefix) && name !== cacheName) await caches.delete(name);
  }
  await clients.claim();
}

function fileOf({ method, url }) {
  const { origin, pathname } = new URL(url);
  const at = origin + pathname;
  if (method !== "GET" || !at.startsWith(root)) return undefined;
  const file = at.slice(root.length) || page;
  return Object.hasOwn(files, file) ? file : undefined;
}

const ofCache = (file) => caches.match(addressOf(file), { cacheName });

// The page and what it loads, of this version. When the browser or a person has removed a part, the network's page, which
// names its own files, is better than a page that lacks one.
async function kept(request, file) {
  const answer = await ofCache(file);
  if (answer && (file !== page || await isWhole())) return answer;
  return fetch(request).catch(() => answer ?? Response.error());
}

async function isWhole() {
  const held = await (await caches.open(cacheName)).keys();
  return held.length === Object.keys(files).length;
}

// The entrances for other people's programs: those update when they please.
async function fresh(request, file) {
  return fetch(request).catch(async () => await ofCache(file) ?? Response.error());
}
