// Measures npm's mqtt-packet at the workloads of ../cases.go, which arrive in workloads.json, and prints a report as
// ../worker.go does. Decoding is its streaming parser, fed as ../doc.go says. Encoding is writeToStream, as MQTT.js uses
// it, into a stream that drops the bytes.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import mqttPacket from "mqtt-packet";

const [passes, passTime] = process.argv.slice(2).map(Number);
const jobs = JSON.parse(readFileSync(new URL("workloads.json", import.meta.url), "utf8"));
const version = createRequire(import.meta.url)("mqtt-packet/package.json").version;

// pieces of 64 KiB, as a busy connection fills its buffer.
function pieces(wire) {
  const out = [];
  for (let at = 0; at < wire.length; at += 64 << 10) out.push(wire.subarray(at, at + (64 << 10)));
  return out;
}

// messages are the packets, each in an ArrayBuffer of its own, as a WebSocket gives its messages.
function messages(wire, sizes) {
  let at = 0;
  return sizes.map((size) => Buffer.from(new Uint8Array(wire.subarray(at, at += size)).buffer));
}

const nowhere = {
  bytes: 0,
  write(b) { this.bytes += b.length; return true; },
  cork() {}, uncork() {}, destroy(err) { throw err; },
};

const runs = [];
for (const { Name, Wire, Sizes } of jobs) {
  const wire = Buffer.from(Wire, "base64");
  const packets = [];
  const collect = mqttPacket.parser({ protocolVersion: 4 });
  collect.on("packet", (p) => packets.push(p));
  collect.on("error", (err) => { throw err; });
  collect.parse(wire);

  for (const [Codec, parts] of [["mqtt-packet", pieces(wire)], ["mqtt-packet, messages", messages(wire, Sizes)]]) {
    let seen = 0;
    const parser = mqttPacket.parser({ protocolVersion: 4 });
    parser.on("packet", () => seen++);
    parser.on("error", (err) => { throw err; });
    runs.push({ Op: "decode", Workload: Name, Codec, perStep: packets.length, nanos: [], step() {
      const before = seen;
      for (const part of parts) parser.parse(part);
      if (seen - before !== packets.length) throw new Error(`${Name}: ${seen - before} packets`);
    } });
  }
  runs.push({ Op: "encode", Workload: Name, Codec: "mqtt-packet", perStep: packets.length, nanos: [], step() {
    for (const p of packets) mqttPacket.writeToStream(p, nowhere, { protocolVersion: 4 });
  } });
  nowhere.bytes = 0;
  runs.at(-1).step();
  if (nowhere.bytes !== wire.length) throw new Error(`${Name}: ${nowhere.bytes} bytes encoded, want ${wire.length}`);
}

// CPU time in ms, of all of V8's threads: what a shared machine leaves comparable. ../clock_js.go does the same.
const now = () => { const u = process.cpuUsage(); return (u.user + u.system) / 1000; };
function pass(run) {
  if (!run.steps) {
    for (run.steps = 1; ; run.steps *= 2) {
      const start = now();
      for (let i = 0; i < run.steps; i++) run.step();
      const took = now() - start;
      if (took > passTime / 4) { run.steps = Math.ceil(run.steps * passTime / took); break; }
    }
  }
  const start = now();
  for (let i = 0; i < run.steps; i++) run.step();
  run.nanos.push((now() - start) * 1e6 / run.steps / run.perStep);
}
// V8 needs longer than one pass to compile its best.
for (let i = 0; i < passes + 5; i++) for (const run of runs) pass(run);

const median = (x) => { x = x.toSorted((a, b) => a - b); const n = x.length; return n % 2 ? x[(n - 1) / 2] : (x[n / 2 - 1] + x[n / 2]) / 2; };
console.log(JSON.stringify({
  Platform: `Node ${process.version}`, Go: `mqtt-packet ${version}`, Clock: "CPU time", Passes: passes,
  Results: runs.map((r) => ({ Op: r.Op, Workload: r.Workload, Codec: r.Codec, Nanos: median(r.nanos.slice(5)) })),
}));
