// A user's program, as TypeScript sees it: right uses, and wrong ones that must be found.
import { load, type Assignment, type HubpanelError } from "./declared/hubpanel.js";

const panel = await load({ onProgress: (loaded, total) => console.log(loaded / total) });
const assigned: Assignment = await panel.register({ idScope: "0ne", registrationId: "r", groupKey: "a2V5", onStep: (s) => console.log(s.retryAfterMs) });
const device = await panel.connect({ host: assigned.assignedHub, deviceId: assigned.deviceId, key: "a2V5" });
const off: () => void = device.on("message", (m) => { const text: string = m.text(); console.log(text); });
device.on("state", (s) => { const code: string | undefined = s.code; console.log(code); });
device.onMethod("reboot", async (payload) => ({ status: 200, payload: { delay: payload.delay } }));
await device.send({ temperature: 21.5, broken: null }, { properties: { room: "hall", empty: null }, qos: 1 });
await device.send(new Uint8Array([1, 2, 3]));
const version: number = await device.report({ old: null });
await device.close().catch((error: HubpanelError) => error.code === "status-404" || error.code === "closed" || error.code === "integrity");
off();
console.log(version, (await device.twin()).desired);
// @ts-expect-error there is no such event
device.on("telemetry", () => {});
// @ts-expect-error IoT Hub has no QoS 2
device.send("x", { qos: 2 });
// @ts-expect-error a registration needs its id
panel.register({ idScope: "0ne" });
// @ts-expect-error mount is for hubpanel's own pages
panel.mount(document.body);
// @ts-expect-error a function has no JSON
device.send(() => {});
