// Command client measures pkg/hubclient beside other MQTT clients over WebSocket and writes the result as Markdown:
//
//	cd bench/client && go run .
//
// It is a module of its own so that the peers never enter the project's go.mod. What it does, each time with messages of 100 B:
//
//   - natively, in one process, hubclient and eclipse/paho.mqtt.golang send at QoS 1 to the same WebSocket server;
//   - in one page in Chromium, hubclient as wasm, MQTT.js and a raw JavaScript WebSocket loop, which knows just enough MQTT for
//     the task, send and receive. MQTT.js is fetched with npm, and without Node.js left out.
//
// The server acknowledges either everything that has come within a millisecond with one frame, as a busy hub does, or each
// PUBLISH with a frame of its own. A time is from the first call to the last acknowledgement, or from the request to
// the last message; connecting does not count. The clients take turns in every round, so that whatever else the machine does
// falls on all of them alike; a figure is the median of the rounds. Times differ from machine to machine; the ratios are
// what to compare. On a busy machine, time by the clock is mostly waiting; so for the page there is also what its main thread
// took of the processor, all of it: Chromium's share of a message is the same for every client, and the largest.
//
// What a client does with an incoming message is its own choice, and not the same:
//
//   - hubclient checks the packet, takes the topic apart with the message's properties, copies the payload into memory that the handler may keep, and
//     calls the handler on a goroutine that may block; PUBACK follows when it has returned;
//   - MQTT.js checks the packet, and gives its listeners the topic as a string and the payload as a view of what arrived; what is behind
//     the topic stays there; PUBACK follows when they have returned;
//   - raw JavaScript finds the packet's end and its identifier, delivers nothing and copies nothing. No client does less.
package main
