// hubpanel.js: a browser device SDK for Azure IoT Hub, and the loader of hubpanel's own page.
//
//   import { load } from "./hubpanel.js";
//   const panel = await load();
//   const device = await panel.connect({ connectionString });
//   await device.send({ temperature: 21.5 });
//
// The work is done by hubpanel.wasm (Go). This file loads it once, and turns documents into JSON text and back at its
// border. It is an ES module without dependencies, and runs under `script-src 'self' 'wasm-unsafe-eval'` with Trusted Types.

let loading;

// The hash of the program, which the static site's build puts here (internal/site). The served page has none: it may be built
// again at any time.
const wasmIntegrity = "integrity:hubpanel.wasm";

/**
 * Loads and starts the WebAssembly program, once for all callers.
 * @param {{onProgress?: (loaded: number, total: number) => void}} [options] total is 0 while it is unknown; bytes.
 * @returns {Promise<Hubpanel>}
 */
export function load(options = {}) {
  loading ??= start(options).catch((error) => {
    loading = undefined; // the next call tries again
    throw error;
  });
  return loading;
}

async function start({ onProgress = () => {} }) {
  if (typeof WebAssembly !== "object") {
    throw coded("unsupported", "This browser has no WebAssembly (it may be switched off by a lockdown mode): hubpanel cannot run in it.");
  }
  // The Go toolchain's own; it defines globalThis.Go.
  await import("./wasm_exec.js").catch((error) => { throw coded("network", `wasm_exec.js could not be loaded: ${error.message}`); });
  const go = new globalThis.Go();
  const instance = await instantiate(go.importObject, onProgress);
  const ready = new Promise((resolve) => { globalThis.hubpanelReady = resolve; });
  const ended = go.run(instance).then(() => { throw coded("panic", "hubpanel's program ended. Reload the page."); });
  ended.catch(() => {}); // reported by Hubpanel.ended; a page that does not listen there must not get a second error
  const life = new Life(ended);
  const api = await life.guard(() => ready);
  delete globalThis.hubpanelReady;
  return new Hubpanel(api, life);
}

/** Compiles while it loads, and counts what has arrived. Runs nothing but the program that this module was built with. */
async function instantiate(imports, onProgress) {
  const hash = wasmIntegrity.startsWith("sha384-") ? wasmIntegrity : "";
  // The browser's own check holds everything back until the last byte: no progress, no compiling meanwhile. It is for pages over
  // plain HTTP, which have no crypto.subtle.
  const browsers = hash && !globalThis.crypto?.subtle ? hash : "";
  const url = new URL("./hubpanel.wasm", import.meta.url);
  const response = await fetch(url, { integrity: browsers }).catch((error) => {
    throw coded("network", `hubpanel.wasm could not be loaded${browsers ? ", or is not the one that this page was built with" : ""}: ${error.message}`);
  });
  if (!response.ok) {
    throw coded("network", `hubpanel.wasm could not be loaded: the server answered ${response.status}. Was it built? (make wasm)`);
  }
  const total = sizeFromPage();
  const chunks = [];
  let loaded = 0;
  const counted = response.body.pipeThrough(new TransformStream({
    transform(chunk, controller) {
      loaded += chunk.byteLength;
      onProgress(loaded, total);
      if (hash && !browsers) chunks.push(chunk.slice());
      controller.enqueue(chunk);
    },
  }));
  // A response of our own: static hosts send all sorts of Content-Type, and streaming insists on this one.
  const wasm = new Response(counted, { headers: { "Content-Type": "application/wasm" } });
  let failed;
  const module = await WebAssembly.compileStreaming(wasm).catch((error) => { failed = error; });
  if (hash && !browsers && await integrityOf(chunks) !== hash) {
    throw coded("integrity", "hubpanel.wasm is not the one that this page was built with, or arrived in part, and was not run. Reload the page; if that does not help, all of the site's files have to be copied to its host again.");
  }
  if (failed) throw coded("network", `hubpanel.wasm did not arrive whole: ${failed.message}`);
  return WebAssembly.instantiate(module, imports);
}

async function integrityOf(chunks) {
  const sum = await crypto.subtle.digest("SHA-384", await new Blob(chunks).arrayBuffer());
  return `sha384-${toBase64(new Uint8Array(sum))}`;
}

// The length of the uncompressed program, which Content-Length is not when the transfer is compressed.
function sizeFromPage() {
  return Number(document.querySelector("meta[name=hubpanel-wasm-size]")?.content) || 0;
}

function coded(code, message) {
  return Object.assign(new Error(message), { code });
}

/** The life of the program: when it breaks, every call that waits for it rejects, and so does every later one. */
class Life {
  #waiting = new Set();
  #failure; // the error that ended it

  constructor(ended) {
    this.ended = ended;
    ended.catch((error) => {
      this.#failure = error;
      this.#waiting.forEach((reject) => reject(error));
    });
  }

  /** The promise that call returns, or its rejection when the program ends before. */
  // A set of what is pending, and not Promise.race with ended: every race would stay on ended for as long as the page lives.
  guard(call) {
    return new Promise((resolve, reject) => {
      if (this.#failure) throw this.#failure; // calling a program that has ended would throw an error without a code
      this.#waiting.add(reject);
      new Promise((begin) => begin(call())).then(resolve, reject).finally(() => this.#waiting.delete(reject));
    });
  }
}

class Hubpanel {
  #go;
  #life;

  constructor(api, life) {
    this.#go = api;
    this.#life = life;
  }

  /** A promise that rejects when the program has ended, which it does only by breaking. */
  get ended() {
    return this.#life.ended;
  }

  /** Shows the panel in an element; draw is draw.js's drawing(root). For hubpanel's own pages. */
  mount(root, { draw, query = "", fragment = "", served = true, onFatal = () => {}, offline }) {
    this.#go.mount(root, { draw, query, fragment, served, onFatal, offline });
  }

  /**
   * Connects a device. Resolves when the hub has accepted it; rejects when the first attempt fails, or signal is aborted before.
   * @param {{connectionString?: string, host?: string, deviceId?: string, moduleId?: string, gateway?: string,
   *   key?: string, sas?: string, endpoint?: string, cleanSession?: boolean, modelId?: string, signal?: AbortSignal}} options
   * @returns {Promise<Device>}
   */
  async connect(options) {
    const device = new Device();
    await device[open](this.#go, options, this.#life);
    return device;
  }

  /**
   * Registers with the Device Provisioning Service.
   * @param {{endpoint?: string, idScope: string, registrationId: string, key?: string, groupKey?: string, sas?: string,
   *   payload?: any, onStep?: (step: {step: string, status: number, retryAfterMs: number, topic: string}) => void,
   *   signal?: AbortSignal}} options
   */
  async register({ onStep = () => {}, signal, ...options } = {}) {
    const step = (text) => guarded(() => onStep(JSON.parse(text)));
    return JSON.parse(await this.#life.guard(() => this.#go.register(JSON.stringify(options), step, checked(signal))));
  }

  /**
   * Plays a scenario (docs/scenarios.md) on the emulator inside the page, in hubpanel's own page where it is shown. Resolves
   * with the result, whatever became of it; rejects with code "scenario" when it cannot begin.
   * @param {string | object} scenario a document, as an object or as text, or the name of a built-in one
   * @param {{pace?: number, onStep?: (step: object) => void, onScreenshot?: (name: string) => Promise<void>, signal?: AbortSignal}} [options]
   *   pace: seconds to rest before each step; onScreenshot: takes a picture, without it none are taken
   */
  async runScenario(scenario, { pace = 0, onStep = () => {}, onScreenshot, signal } = {}) {
    const text = typeof scenario === "string" ? scenario : JSON.stringify(scenario);
    return JSON.parse(await this.#life.guard(() => this.#go.runScenario(text ?? "", {
      pace: Number(pace) || 0,
      step: (text) => guarded(() => onStep(JSON.parse(text))),
      shoot: onScreenshot && ((name) => Promise.resolve(name).then(onScreenshot)),
    }, checked(signal))));
  }
}

const open = Symbol("open");

/** A device or module, kept connected until close. */
class Device {
  #go;
  #life;
  #handlers = new Map();
  #early = new Map(); // by event name: what came before its first handler
  #methods = new Map();

  async [open](api, options, life) {
    const { signal, ...rest } = options ?? {};
    this.#life = life;
    const emit = (name, text) => this.#emit(name, JSON.parse(text));
    const method = (name, payload) => this.#answer(name, payload);
    this.#go = await life.guard(() => api.connect(JSON.stringify(rest), { emit, method }, checked(signal)));
  }

  /**
   * Calls handler for every "message", "input" (a module's), "desired", "state" or "packet". Returns a function that ends that.
   * A message's body is a Uint8Array; its text() and json() read it. What the hub sent before the first handler of its
   * kind was there (with a kept session, it sends right behind its CONNACK) is kept for that handler: the latest 1,000.
   */
  on(name, handler) {
    if (!["message", "input", "desired", "state", "packet"].includes(name)) {
      throw coded("argument", `there is no event "${name}": use message, input, desired, state or packet`);
    }
    const list = this.#handlers.get(name) ?? new Set();
    this.#handlers.set(name, list.add(handler));
    const early = this.#early.get(name) ?? [];
    this.#early.delete(name);
    early.forEach((event) => guarded(() => handler(event)));
    return () => list.delete(handler);
  }

  /**
   * Answers the direct method of this name with what handler returns: {status, payload}. A handler that throws, or returns a status that
   * is not an integer or a payload that has no JSON, is reported as an uncaught error, and the caller gets 500.
   */
  onMethod(name, handler) {
    this.#methods.set(name, handler);
  }

  /**
   * Sends telemetry. Resolves when the hub has acknowledged it (qos 1), or when it is written (qos 0). When signal is aborted, a message
   * that is on its way may still reach the hub.
   * @param {any} body a Uint8Array or a string as it is, anything else as JSON
   */
  async send(body, options) {
    const { signal, ...rest } = options ?? {};
    const raw = body instanceof Uint8Array || typeof body === "string";
    const json = raw ? {} : { contentType: "application/json", contentEncoding: "utf-8" };
    let message;
    try {
      const bytes = body instanceof Uint8Array ? body : new TextEncoder().encode(raw ? body : textOf(body));
      message = JSON.stringify({ ...json, ...rest, body: toBase64(bytes) });
    } catch (error) {
      throw coded("argument", `body: ${error.message}`);
    }
    await this.#call("send", message, checked(signal));
  }

  /** The device twin: {desired, reported}, each with its $version. */
  async twin(options) {
    return JSON.parse(await this.#call("twin", checked(options?.signal)));
  }

  /**
   * Merges a patch into the reported properties (null deletes). Resolves with their new version. When signal is aborted, a patch that is
   * on its way may still be applied.
   */
  async report(patch, options) {
    let text;
    try {
      text = textOf(patch);
    } catch (error) {
      throw coded("argument", `patch: ${error.message}`);
    }
    return this.#call("report", text, checked(options?.signal));
  }

  /** Disconnects. Afterwards every call rejects with the code "closed". Handlers that have not settled do not delay it. */
  async close() {
    if (this.#go) {
      const closing = this.#call("close");
      this.#go = undefined;
      await closing;
    }
  }

  #call(name, ...args) {
    if (!this.#go) {
      return Promise.reject(coded("closed", "The device was closed."));
    }
    const go = this.#go; // close removes it at once
    return this.#life.guard(() => go[name](...args));
  }

  #emit(name, event) {
    if (name === "message" || name === "input") {
      const body = fromBase64(event.body);
      const text = () => new TextDecoder().decode(body);
      event = { ...event, body, text, json: () => JSON.parse(text()) };
    }
    const handlers = this.#handlers.get(name);
    if (!handlers) {
      const early = this.#early.get(name) ?? [];
      this.#early.set(name, early);
      early.push(event);
      early.splice(0, early.length - 1000);
      return;
    }
    for (const handler of handlers) {
      guarded(() => handler(event));
    }
  }

  async #answer(name, payload) {
    const handler = this.#methods.get(name);
    if (!handler) {
      return { status: 404, payload: JSON.stringify({ message: `no handler for the method ${name}` }) };
    }
    try {
      const { status = 200, payload: answer = null } = (await handler(payload ? JSON.parse(payload) : null)) ?? {};
      if (!Number.isInteger(status) || status !== (status | 0)) { // a number of 32 bits
        throw new TypeError(`${name}: status is ${typeof status === "string" ? JSON.stringify(status) : String(status)}, a ${typeof status}. Return an integer, such as 200.`);
      }
      return { status, payload: textOf(answer, `${name}: payload: `) };
    } catch (error) {
      globalThis.reportError(error); // for its author; the caller gets the status that means that the device failed
      return { status: 500, payload: JSON.stringify({ message: `the handler of the method ${name} failed` }) };
    }
  }
}

// An error of a handler is for the handler's author, and must not end the connection.
function guarded(call) {
  try {
    call();
  } catch (error) {
    globalThis.reportError(error);
  }
}

// JSON.stringify returns undefined for undefined and for functions, which have no JSON, and throws for other values without it. The
// error begins with path.
function textOf(value, path = "") {
  let text;
  try {
    text = JSON.stringify(value);
  } catch (error) {
    throw new TypeError(path + error.message);
  }
  if (text === undefined) {
    throw new TypeError(`${path}a ${typeof value} has no JSON`);
  }
  return text;
}

// The signal of a call, which may be missing, and may be another window's.
function checked(signal) {
  if (signal != null && typeof signal.aborted !== "boolean") {
    throw coded("argument", "signal: give an AbortSignal");
  }
  return signal ?? undefined;
}

function toBase64(bytes) {
  let text = "";
  for (let i = 0; i < bytes.length; i += 0x8000) {
    text += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
  }
  return btoa(text);
}

function fromBase64(text) {
  return Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
}
