// boot.js: starts hubpanel in its own page, shows how far the loading is, and what went wrong if it did.
import { drawing } from "./draw.js";
import { load } from "./hubpanel.js";
import { say, translate } from "./lang.js";

translate();

const app = document.getElementById("app");
const bar = document.getElementById("progress");
const status = document.getElementById("loading-status");
const crash = document.getElementById("crash");

// A secret in a link is wiped from the address at once, before anything else runs: history and Referer must not keep it.
// Whether it was one is decided in internal/panel, which also tells the person.
const query = location.search.slice(1);
const fragment = location.hash.slice(1);
const known = ["view", "theme", "lang", "hub", "embed", "scenario", "patience"];
const kept = new URLSearchParams([...new URLSearchParams(query)].filter(([name, value]) => known.includes(name) && /^[\w.-]{1,64}$/.test(value)));
if (kept.toString() !== new URLSearchParams(query).toString() || fragment !== "") {
  history.replaceState(null, "", location.pathname + (kept.size > 0 ? "?" + kept : ""));
}

// The static site's own page keeps its files for visits without a network; an embed and the served page do not.
const keeping = document.querySelector("meta[name=hubpanel-offline]") ? import("./offline.js").catch(() => undefined) : undefined;

function fatal(sentence, detail) {
  console.error(sentence, detail);
  document.getElementById("crash-sentence").textContent = sentence;
  document.getElementById("crash-detail").textContent = detail;
  crash.hidden = false;
  document.getElementById("crash-reload").focus();
}
document.getElementById("crash-reload").addEventListener("click", async () => {
  const offline = await keeping;
  if (offline) offline.reload(); // with the new version, if there is one: it may be what mends this one
  else location.reload();
});
document.getElementById("crash-dismiss").addEventListener("click", () => { crash.hidden = true; });

const megabytes = (bytes) => (bytes / 1e6).toFixed(1);

try {
  const panel = await load({
    onProgress(loaded, total) {
      if (total > 0) {
        bar.max = total;
        bar.value = loaded;
      }
      status.textContent = total > 0
        ? say.loadedOf(megabytes(loaded), megabytes(total))
        : say.loaded(megabytes(loaded));
    },
  });
  status.textContent = say.starting;
  panel.ended.catch((error) => fatal(error.message, String(error.stack ?? "")));
  window.hubpanel = panel;
  panel.mount(app, {
    draw: drawing(app), query, fragment, offline: await keeping, onFatal: fatal,
    served: document.querySelector("meta[name=hubpanel-hub]")?.content === "served",
  });
} catch (error) {
  fatal(error.message, String(error.stack ?? ""));
}
(await keeping)?.begin(); // also when the page broke, so that it can be mended
