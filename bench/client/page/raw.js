// The tasks with the browser's WebSocket and nothing else: a loop that knows just enough MQTT, the least that any client does.
const utf8 = new TextEncoder();
const topic = utf8.encode("devices/bench/messages/events/");
const filter = utf8.encode("devices/bench/messages/devicebound/#");

const field = (bytes) => [bytes.length >> 8, bytes.length & 255, ...bytes];
const packet = (first, ...fields) => {
	const rest = fields.flat();
	const length = rest.length < 128 ? [rest.length] : [(rest.length & 127) | 128, rest.length >> 7];
	return new Uint8Array([first, ...length, ...rest]);
};

// The number of bytes of the packet's fixed header, and of what follows it.
const headerOf = (bytes, at) => {
	let length = 0;
	for (let i = 1; ; i++) {
		const digit = bytes[at + i];
		length |= (digit & 127) << (7 * (i - 1));
		if (digit < 128) {
			return [i + 1, length];
		}
	}
};

export const runRaw = (url, task, n, body) => new Promise((resolve, reject) => {
	const ws = new WebSocket(url, "mqtt");
	ws.binaryType = "arraybuffer";
	let start, left = n;
	const fail = () => reject(new Error("raw JavaScript: the connection is closed"));
	ws.onclose = fail;
	const done = () => {
		const end = performance.now();
		ws.onclose = () => resolve(end - start);
		ws.send(new Uint8Array([0xe0, 0]));
		ws.close();
	};
	ws.onopen = () => ws.send(packet(0x10, field(utf8.encode("MQTT")), [4, 2, 0, 240], field(utf8.encode("bench"))));
	const begin = () => {
		start = performance.now();
		if (!task.startsWith("send")) {
			ws.send(packet(0x30, field(topic), [...utf8.encode("go")]));
			return;
		}
		const publish = packet(0x32, field(topic), [0, 0], [...body]);
		const idAt = publish.length - body.length - 2;
		for (let id = 1; id <= n; id++) {
			publish[idAt] = id >> 8;
			publish[idAt + 1] = id & 255;
			ws.send(publish);
		}
	};
	ws.onmessage = ({ data }) => {
		const bytes = new Uint8Array(data); // this server's frames hold whole packets
		for (let at = 0; at < bytes.length;) {
			const [header, length] = headerOf(bytes, at);
			switch (bytes[at] >> 4) {
			case 2: // CONNACK
				if (task.startsWith("send")) {
					begin();
				} else {
					ws.send(packet(0x82, [0, 1], field(filter), [1]));
				}
				break;
			case 9: // SUBACK
				begin();
				break;
			case 3: // PUBLISH
				if (bytes[at] & 2) {
					const idAt = at + header + 2 + (bytes[at + header] << 8 | bytes[at + header + 1]);
					ws.send(new Uint8Array([0x40, 2, bytes[idAt], bytes[idAt + 1]]));
				}
				if (--left === 0) {
					done();
				}
				break;
			case 4: // PUBACK
				if (--left === 0) {
					done();
				}
				break;
			}
			at += header + length;
		}
	};
});
