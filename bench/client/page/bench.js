// Lets the clients take turns at the tasks and reports each time to the program that serves this page.
import { runRaw } from "./raw.js";
import { runMQTTJS } from "./mqttjs.js";

const query = new URLSearchParams(location.search);
const n = Number(query.get("messages"));
const body = new TextEncoder().encode("x".repeat(Number(query.get("bodySize"))));

const report = (what) => fetch("/report", { method: "POST", body: JSON.stringify(what) });
const complain = (error) => report({ error: String(error?.stack ?? error) });
addEventListener("error", (event) => complain(event.error ?? event.message));
addEventListener("unhandledrejection", (event) => complain(event.reason));

const script = (src) => new Promise((resolve, reject) => {
	const element = document.createElement("script");
	element.src = src;
	element.onload = resolve;
	element.onerror = () => reject(new Error(`${src} cannot be loaded`));
	document.head.append(element);
});

const startGo = async () => {
	await script("built/wasm_exec.js");
	const go = new Go();
	const { instance } = await WebAssembly.instantiateStreaming(fetch("built/client.wasm"), go.importObject);
	await new Promise((resolve) => {
		globalThis.hubclientReady = resolve;
		go.run(instance);
	});
};

const main = async () => {
	await startGo();
	const clients = [["hubclient", globalThis.hubclient], ["raw JavaScript", (url, task) => runRaw(url, task, n, body)]];
	if (query.get("mqttjs") === "true") {
		await script("built/mqtt.min.js");
		clients.push(["MQTT.js", (url, task) => runMQTTJS(url, task, n, body)]);
	}
	const rounds = Number(query.get("rounds"));
	// The first round lets everything be compiled and does not count.
	const tasks = query.get("tasks").split(",");
	for (let round = 0; round <= rounds; round++) {
		if (round > 0) {
			await report({ round });
		}
		for (const task of tasks) {
			for (let i = 0; i < clients.length; i++) {
				const [client, run] = clients[(i + round) % clients.length];
				globalThis.gc(); // what another client left behind is not this one's to clear
				if (round > 0) {
					await report({ round, task, client, begins: true });
				}
				const milliseconds = await run(`ws://${location.host}/${task}`, task);
				if (round > 0) {
					await report({ round, task, client, milliseconds });
				}
			}
		}
	}
	await report({ done: true });
};

main().catch(complain);
