// The tasks with MQTT.js.
const topic = "devices/bench/messages/events/";

export const runMQTTJS = async (url, task, n, body) => {
	const client = mqtt.connect(url, {
		clientId: "bench", protocolVersion: 4, clean: false, username: "bench", password: "bench", keepalive: 240, reconnectPeriod: 0,
	});
	await new Promise((resolve, reject) => {
		client.once("connect", resolve);
		client.once("error", reject);
		client.once("close", () => reject(new Error("MQTT.js: the connection is closed")));
	});
	let start, end;
	if (task.startsWith("send")) {
		const payload = mqtt.Buffer?.from(body) ?? body;
		await new Promise((resolve, reject) => {
			let left = n;
			const acknowledged = (error) => {
				if (error) {
					reject(error);
				} else if (--left === 0) {
					resolve();
				}
			};
			start = performance.now();
			for (let i = 0; i < n; i++) {
				client.publish(topic, payload, { qos: 1 }, acknowledged);
			}
		});
		end = performance.now();
	} else {
		await client.subscribeAsync("devices/bench/messages/devicebound/#", { qos: 1 });
		await new Promise((resolve) => {
			let left = n;
			client.on("message", () => {
				if (--left === 0) {
					resolve();
				}
			});
			start = performance.now();
			client.publish(topic, "go", { qos: 0 });
		});
		end = performance.now();
	}
	await client.endAsync();
	return end - start;
};
