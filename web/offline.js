// offline.js: keeps the static site in this browser by its service worker (sw.js, made by internal/site), and reports when there is a newer
// version of it. A person decides when to change to it. Where no worker can be, nothing happens.

const script = new URL("./sw.js", import.meta.url).href;
const checkInterval = 60 * 60 * 1000; // ms between two checks for a new version in a page that stays open

let registration;
let observer = () => {};
let newer = false; // there is a newer version; this stays true for as long as the page lives
let updating = false; // the person wants it now
let checkedAt = 0;

/** Registers the worker. Called when the page has started, so that it never competes with the first load. */
export async function begin() {
  // A page from a file or in a sandbox has no origin that a worker could belong to; without TLS a browser has none to give.
  if (!isSecureContext || self.origin === "null" || !location.protocol.startsWith("http")) return;
  try {
    const workers = navigator.serviceWorker;
    registration = await workers.register(trusted(), { updateViaCache: "none" });
    workers.addEventListener("controllerchange", () => {
      if (updating) location.reload();
      else observeNext();
    });
    registration.addEventListener("updatefound", observeNext);
    document.addEventListener("visibilitychange", checkForUpdate);
    observeNext();
    checkForUpdate();
  } catch {
    // The browser, or the person, does not allow it: the page works without, with a network.
  }
}

/** Calls handler(version, files, newer) now and at each change. files is 0 when nothing is kept. */
export function observe(handler) {
  observer = handler;
  observeNext();
}

/** Reloads the page, with the new version if one is there. */
export function reload() {
  const next = registration?.waiting;
  if (!next) {
    location.reload();
    return;
  }
  updating = true;
  next.postMessage("take over");
}

/** Removes the worker and all that it keeps. The next visit with a network keeps it again. */
export async function forget() {
  if (!registration) return;
  await registration.unregister();
  for (const name of await ownCaches()) await caches.delete(name);
  registration = undefined;
  report();
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

// Browsers check for a new version at each visit; this is for a page that stays open.
function checkForUpdate() {
  if (document.visibilityState !== "visible" || Date.now() - checkedAt < checkInterval) return;
  checkedAt = Date.now();
  registration?.update().catch(() => {}); // no network: later
}

// By the worker's own state: browsers set registration.waiting some time later.
function observeNext() {
  const next = registration?.installing ?? registration?.waiting;
  next?.addEventListener("statechange", () => noteState(next));
  noteState(next);
}

function noteState(next) {
  if (next?.state === "installed" && navigator.serviceWorker.controller) newer = true;
  report();
}

const ownCaches = async () => (await caches.keys()).filter((name) => name.startsWith(`hubpanel ${registration?.scope} `));

async function report() {
  const name = registration?.active ? (await ownCaches())[0] : undefined;
  const files = name === undefined ? 0 : (await (await caches.open(name)).keys()).length;
  observer(name?.split(" ").at(-1) ?? "", files, newer);
}
