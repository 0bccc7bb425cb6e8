// embed.js: defines <hub-panel>, a live virtual IoT Hub device for any web page.
//
//   <script type="module" src="https://host/path/embed.js"></script>
//   <hub-panel view="twin" theme="auto" lang="en"><a href="https://host/path/"><img src="poster.png" alt="hubpanel"></a></hub-panel>
//
// Nothing is loaded before a person presses the button. Then embed.html runs in a frame with an origin of its own and
// without storage; it reaches the emulator inside it, and nothing else. See docs/embed.md.

const page = new URL("./embed.html", import.meta.url);

// What may come out of the frame, and which field each message has. What does not fit is not told on.
const outgoing = {
  ready: {},
  state: { state: "string", text: "string" },
  log: { text: "string" },
  error: { code: "string", message: "string" },
};
const attributes = ["view", "theme", "lang", "scenario"];
const simple = /^[\w.-]{1,64}$/; // what an address may hold, here and in boot.js

class HubPanel extends HTMLElement {
  static observedAttributes = ["view", "theme"];
  #frame;
  #hear = (event) => {
    if (this.#frame && event.source === this.#frame.contentWindow && fits(event.data)) {
      const { hubpanel, ...detail } = event.data;
      this.dispatchEvent(new CustomEvent(hubpanel, { detail }));
    }
  };

  connectedCallback() {
    addEventListener("message", this.#hear);
    if (!this.shadowRoot) {
      const button = document.createElement("button");
      button.type = "button";
      button.part = "button";
      button.textContent = this.getAttribute("label") ?? "Start the virtual device";
      button.addEventListener("click", () => this.start());
      // The fallback of the page, a picture and a link, is the poster.
      this.attachShadow({ mode: "open" }).append(button, document.createElement("slot"));
    }
  }

  disconnectedCallback() {
    removeEventListener("message", this.#hear);
  }

  attributeChangedCallback(name, before, value) {
    if (this.#frame && value !== null && value !== before) {
      this.#post({ hubpanel: "set", name, value });
    }
  }

  /** Loads the device. What the button does. */
  start() {
    if (this.#frame) {
      return;
    }
    const url = new URL(page);
    url.search = new URLSearchParams([["hub", "inpage"], ["embed", "1"],
      ...attributes.map((name) => [name, this.getAttribute(name) ?? ""]).filter(([, value]) => simple.test(value))]);
    this.#frame = document.createElement("iframe");
    this.#frame.setAttribute("sandbox", "allow-scripts"); // and not allow-same-origin: no storage, the origin is "null"
    this.#frame.title = "hubpanel: a virtual IoT Hub device";
    this.#frame.part = "frame";
    this.#frame.referrerPolicy = "no-referrer";
    this.#frame.width = "100%";
    this.#frame.height = this.getAttribute("height") ?? "640";
    this.#frame.src = url.href;
    this.shadowRoot.replaceChildren(this.#frame);
  }

  /** Runs a scenario, by its name or its document, in place of one that runs; an "error" event says when there is none of that name. */
  run(scenario) { this.#post({ hubpanel: "run", scenario: typeof scenario === "string" ? scenario : JSON.stringify(scenario) }); }

  /** Stops the scenario. */
  stop() { this.#post({ hubpanel: "stop" }); }

  // The frame's origin is opaque, so that no other target than "*" reaches it; nothing secret is ever sent.
  #post(message) { this.#frame?.contentWindow?.postMessage(message, "*"); }
}

function fits(message) {
  if (typeof message !== "object" || message === null || !Object.hasOwn(outgoing, message.hubpanel)) {
    return false;
  }
  const fields = outgoing[message.hubpanel];
  const names = Object.keys(message).filter((name) => name !== "hubpanel");
  return names.length === Object.keys(fields).length && names.every((name) => typeof message[name] === fields[name]);
}

if (!customElements.get("hub-panel")) {
  customElements.define("hub-panel", HubPanel);
}
