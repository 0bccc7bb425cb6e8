// offline.js: keeps the static site in this browser by its service worker (sw.js, made by internal/site), and tells when a newer
// version of it is there. A person decides when to change to it. Where no worker can be, nothing happens.

const script = new URL("./sw.js", import.meta.url).href;
const between = 60 * 60 * 1000; // ms between two looks for a new version in a page that stays open

let registration;
let watcher = () => {};
let offered = false; // a newer version is there; it stays so for as long as this page lives
let asked = false; // the person wants it now
let looked = 0;

/** Registers the worker. Called when the page has started, so that it never competes with the first load. */
export async function begin() {
  // A page from a file or in a sandbox has no origin that a worker could belong to; without TLS a browser has none to give.
  if (!isSecureContext || self.origin === "null" || !location.protocol.startsWith("http")) return;
  try {
    const workers = navigator.serviceWorker;
    registration = await workers.register(trusted(), { updateViaCache: "none" });
    workers.addEventListener("controllerchange", () => {
      if (asked) location.reload();
      else look();
    });
    registration.addEventListener("updatefound", look);
    document.addEventListener("visibilitychange", ask);
    look();
    ask();
  } catch {
    // The browser, or the person, does not want it: the page works as it is, with a network.
  }
}

/** Calls handler(version, files, update) now and at each change. files is 0 when nothing is kept. */
export function watch(handler) {
  watcher = handler;
  look();
}

/** Reloads the page, with the new version if one is there. */
export function reload() {
  const next = registration?.waiting;
  if (!next) {
    location.reload();
    return;
  }
  asked = true;
  next.postMessage("take over");
}

/** Removes the worker and all that it keeps. The next visit with a network keeps it again. */
export async function forget() {
  if (!registration) return;
  await registration.unregister();
  for (const name of await ownCaches()) await caches.delete(name);
  registration = undefined;
  tell();
}

// The one policy of Trusted Types that the page's policy allows, and all that it lets through.
function trusted() {
  const policy = globalThis.trustedTypes?.createPolicy("hubpanel-worker", {
    createScriptURL(url) {
      if (url !== script) throw new TypeError("hubpanel-worker is for sw.js alone");
      return url;
    },
  });
  return policy?.createScriptURL(script) ?? script;
}

// Browsers look for a new version at each visit; this is for a page that stays open.
function ask() {
  if (document.visibilityState !== "visible" || Date.now() - looked < between) return;
  looked = Date.now();
  registration?.update().catch(() => {}); // no network: later
}

// By the worker's own state: browsers set registration.waiting at their leisure.
function look() {
  const next = registration?.installing ?? registration?.waiting;
  next?.addEventListener("statechange", () => offer(next));
  offer(next);
}

function offer(next) {
  if (next?.state === "installed" && navigator.serviceWorker.controller) offered = true;
  tell();
}

const ownCaches = async () => (await caches.keys()).filter((name) => name.startsWith(`hubpanel ${registration?.scope} `));

async function tell() {
  const name = registration?.active ? (await ownCaches())[0] : undefined;
  const files = name === undefined ? 0 : (await (await caches.open(name)).keys()).length;
  watcher(name?.split(" ").at(-1) ?? "", files, offered);
}
