// guard.js: says so when a script or style of the page did not load: it is missing, or its content is not what was built, and the
// browser refuses it. No module can say that, since the modules are what may be missing; hence a script of its own.
const broken = () => { document.getElementById("broken").hidden = false; };
addEventListener("error", ({ target }) => {
  if (target instanceof HTMLScriptElement || target instanceof HTMLLinkElement) broken();
}, true);
// A style may have failed before this ran.
addEventListener("load", () => {
  for (const link of document.querySelectorAll("link[rel=stylesheet]")) if (!link.sheet) broken();
});
