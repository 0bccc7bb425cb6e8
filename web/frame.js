// frame.js: what embed.html says to the page around it and what it takes from there. embed.js is the other side.
//
// Out: ready, state, log, error. In: run, stop, set. A message in is checked field by field; none connects to a hub, none
// holds a credential, and the policy of embed.html would let neither do anything.

const views = ["telemetry", "messages", "twin", "methods", "provisioning", "wire"];
const settings = { view: views, theme: ["auto", "light", "dark"] };
const find = (id) => document.querySelector(`[data-testid="${id}"]`);

// The page around may be anybody's, and its origin is not known: what goes out is what a person sees, without secrets.
const tell = (hubpanel, fields = {}) => parent.postMessage({ hubpanel, ...fields }, "*");
const refuse = (code, message) => tell("error", { code, message });

let playing; // aborts the scenario that runs
let ended = Promise.resolve(); // when it has ended

// Slow enough for a person to follow. One that runs is stopped, and the new one takes its place.
function play(scenario) {
  playing?.abort();
  const own = playing = new AbortController();
  const onStep = ({ index, outcome, title, action }) => tell("log", { text: `${index} ${outcome}: ${title || action}` });
  ended = ended.then(() => window.hubpanel.runScenario(scenario, { pace: 1.2, onStep, signal: own.signal })).then(
    ({ name, outcome }) => tell("log", { text: `${name} ${outcome}` }),
    (error) => refuse(error.code === "scenario" ? "scenario" : "panic", error.message),
  );
}

const take = {
  set(message) {
    const { name, value } = message;
    if (!Object.hasOwn(settings, name) || !settings[name].includes(value)) {
      refuse("argument", "set takes a view or a theme that there is");
    } else if (name === "view") {
      find(`tab-${value}`)?.click();
    } else {
      const theme = find("theme");
      theme.value = value;
      theme.dispatchEvent(new Event("change", { bubbles: true }));
    }
  },
  run: ({ scenario }) => play(scenario),
  stop: () => playing?.abort(),
};
const fields = { set: { name: "string", value: "string" }, run: { scenario: "string" }, stop: {} };

function fits(message) {
  if (typeof message !== "object" || message === null || !Object.hasOwn(fields, message.hubpanel)) {
    return false;
  }
  const want = fields[message.hubpanel];
  const names = Object.keys(message).filter((name) => name !== "hubpanel");
  return names.length === Object.keys(want).length && names.every((name) => typeof message[name] === want[name]);
}

let last = "";
let ready = false;

// What the panel draws is what is told: one source of truth, and nothing that a person does not see.
function look() {
  // A crash is shown outside of the panel's own root.
  const crash = document.getElementById("crash");
  if (!crash.hidden && !crash.dataset.told) {
    crash.dataset.told = "yes";
    refuse("panic", document.getElementById("crash-sentence").textContent);
  }
  const state = find("state");
  if (!state) {
    return;
  }
  if (!ready) {
    ready = true;
    addEventListener("message", (event) => {
      if (event.source === parent && fits(event.data)) {
        take[event.data.hubpanel](event.data);
      }
    });
    tell("ready");
    const scenario = new URLSearchParams(location.search).get("scenario");
    if (scenario) { // the person has pressed the poster's button for it
      play(scenario);
    }
  }
  const now = { state: state.dataset.state ?? "", text: state.textContent };
  if (now.text !== last) {
    last = now.text;
    tell("state", now);
    tell("log", { text: now.text });
  }
}

if (parent !== window) {
  new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });
  look();
}
