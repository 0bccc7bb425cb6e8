// Types of hubpanel.js. docs/js.md explains them.

/** Loads and starts the WebAssembly program, once for all callers. */
export function load(options?: {
  /** Bytes so far, and in all; total is 0 while it is unknown. */
  onProgress?: (loaded: number, total: number) => void;
}): Promise<Hubpanel>;

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/** Every rejection of this module is an Error with a stable code. */
export interface HubpanelError extends Error {
  code: Code;
}
export type Code =
  | "connection-string" | "argument" | "refused" | "token-expired" | "takeover" | "registration"
  | "network" | "timeout" | "aborted" | "closed" | "failed" | "panic" | "unsupported" | "integrity" | "scenario" | `status-${number}`;

export interface Hubpanel {
  /** Rejects when the program has ended, which it does only by breaking. Everything pending has then been rejected too. */
  readonly ended: Promise<never>;
  /**
   * Resolves when the hub has accepted the device; rejects when the first attempt fails. A device that connects with the connection string
   * of the emulator that serves this page gets its new key when that emulator is restarted.
   */
  connect(options: ConnectOptions): Promise<Device>;
  /** Registers with the Device Provisioning Service. */
  register(options: RegisterOptions): Promise<Assignment>;
  /**
   * Plays a scenario on the emulator inside the page: a document, or the name of a built-in one. Resolves with the result,
   * whatever became of it; rejects with code "scenario" when it cannot begin.
   */
  runScenario(scenario: string | { [name: string]: Json }, options?: ScenarioOptions): Promise<ScenarioResult>;
}

export interface ScenarioOptions {
  /** Seconds to rest before each step; 0. */
  pace?: number;
  onStep?: (step: ScenarioStep) => void;
  /** Takes a picture of the page; without it none are taken. */
  onScreenshot?: (name: string) => void | Promise<void>;
  /** Its abort stops the scenario, whose outcome is then "stopped". */
  signal?: AbortSignal;
}

export interface ScenarioResult {
  format: "hubpanel-scenario-result";
  version: 1;
  name: string;
  title: string;
  outcome: "passed" | "failed" | "timed-out" | "stopped";
  /** RFC 3339. */
  started: string;
  seconds: number;
  /** Why, where no step says it. */
  text?: string;
  steps: ScenarioStep[];
}

export interface ScenarioStep {
  /** From 1. */
  index: number;
  action: string;
  title: string;
  outcome: "passed" | "failed" | "timed-out" | "stopped" | "not-run";
  seconds: number;
  text?: string;
  /** Where something was compared and differs: what was expected, what came nearest, and the paths that differ. */
  expected?: Json;
  got?: Json;
  differs?: string[];
}

export interface ConnectOptions {
  connectionString?: string;
  /** Or its parts, with exactly one of key (base64) and sas. */
  host?: string;
  deviceId?: string;
  moduleId?: string;
  gateway?: string;
  key?: string;
  sas?: string;
  /** The WebSocket URL, where it is not the hub's own. */
  endpoint?: string;
  cleanSession?: boolean;
  modelId?: string;
  /** Its abort ends the attempt, with the code "aborted". It does not close a device that is connected. */
  signal?: AbortSignal;
}

export interface RegisterOptions {
  endpoint?: string;
  idScope: string;
  registrationId: string;
  key?: string;
  groupKey?: string;
  sas?: string;
  payload?: Json;
  onStep?: (step: { step: string; status: number; retryAfterMs: number; topic: string }) => void;
  /** Its abort ends the registration, with the code "aborted". */
  signal?: AbortSignal;
}

export interface Assignment {
  assignedHub: string;
  deviceId: string;
  registrationId: string;
  status: string;
  substatus: string;
  payload: Json;
}

export interface CallOptions {
  /** Its abort ends the call, with the code "aborted". What is on its way may still reach the hub. */
  signal?: AbortSignal;
}

export interface SendOptions extends CallOptions {
  /** null is a property without a value, which is not the empty string. */
  properties?: Record<string, string | null>;
  contentType?: string;
  contentEncoding?: string;
  messageId?: string;
  correlationId?: string;
  component?: string;
  output?: string;
  qos?: 0 | 1;
}

export interface Message {
  body: Uint8Array;
  text(): string;
  json(): any;
  properties: Record<string, string | null>;
  contentType?: string;
  contentEncoding?: string;
  messageId?: string;
  correlationId?: string;
  duplicate?: boolean;
}

/** A message to an input of a module. */
export interface InputMessage extends Message {
  /** The input's name. */
  input: string;
  /** Who sent it, if the hub says so. */
  connectionDeviceId?: string;
  connectionModuleId?: string;
}

export interface Events {
  /** From the cloud to the device. A module gets none. */
  message: Message;
  /** To an input of the module. A device gets none. */
  input: InputMessage;
  /** The whole desired properties when full, else what has changed. */
  desired: { patch: { [name: string]: Json }; version: number; full: boolean };
  state: {
    phase: "dialing" | "connecting" | "connected" | "reconnecting" | "refused" | "closed";
    /** Failures in a row. */
    attempt: number;
    retryInMs: number;
    /** Why the last connection, or attempt, failed. */
    error?: string;
    code?: Code;
    /** The emulator that serves this page was restarted, and the device connects with its new key: up to "connected". */
    restarted?: true;
  };
  packet: { direction: string; type: string; topic?: string; qos?: number; size?: number };
}

export interface Device {
  /** Returns a function that ends the calls. */
  on<Name extends keyof Events>(name: Name, handler: (event: Events[Name]) => void): () => void;
  /** The hub waits for an answer for 300 s at most. Without an answer in that time, the call ends. */
  onMethod(name: string, handler: (payload: any) => MethodAnswer | void | Promise<MethodAnswer | void>): void;
  /** A Uint8Array or a string as it is, anything else as JSON. */
  send(body: Uint8Array | string | Json, options?: SendOptions): Promise<void>;
  twin(options?: CallOptions): Promise<{ desired: { [name: string]: Json }; reported: { [name: string]: Json } }>;
  /** Merges a patch (null deletes); resolves with the new version. */
  report(patch: { [name: string]: Json }, options?: CallOptions): Promise<number>;
  /** Ends what is pending with "closed". Handlers that have not settled do not delay it. */
  close(): Promise<void>;
}

export interface MethodAnswer {
  /** An integer of 32 bits; 200 if it is missing. */
  status?: number;
  payload?: Json;
}
