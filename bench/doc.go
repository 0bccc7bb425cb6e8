// Command bench measures pkg/mqttcodec beside other MQTT 3.1.1 codecs and writes the result as Markdown:
//
//	cd bench && go run . > /tmp/performance.md
//
// It is a module of its own so that the peers never enter the project's go.mod. What it does:
//
//   - natively, all codecs in one process, GOMAXPROCS=1, in CPU time (getrusage);
//   - the same program as js/wasm in Chrome (with ../e2e/wasmexec), in wall time;
//   - where Node.js is installed, the same program as js/wasm in Node, and npm's mqtt-packet beside it, both in CPU
//     time of all of V8's threads.
//
// The codecs take turns in every pass, so that whatever else the machine does falls on all of them alike; a figure is
// the median of the passes. Times differ from machine to machine; the ratios in a table are what to compare.
//
// mqtt-packet is MQTT.js's codec, and MQTT.js hands its parser one WebSocket message at a time. So both are measured at
// messages of one packet, each in memory of its own: what most brokers send, and the most work a packet can make. Both
// are measured at the whole stream too (64 KiB a piece to mqtt-packet, whatever it asks for to a Reader): what is left
// when a peer fills its messages, or the carrier gathers them, as pkg/wsconn does before it wakes the Reader. That is
// the mixed stream of the goals. The size of the pieces hardly matters to mqtt-packet (1.1 to 1.4 µs a packet at once, a
// quarter more in messages); what does is whether V8 has compiled it: the first pass over the stream takes 3.4 to
// 5.7 µs. The first passes are not counted, on either side.
// Bytes that are in the codec's reach already are where measuring begins: a page's copy into wasm, and MQTT.js's
// stream, belong to the client, which bench/client measures.
//
// Every codec is held to the same work: the test checks that all encoders give the same bytes and that all decoders
// find the same packets. A codec that gives views of its buffer is named so, since it saves what the others spend on
// copies; "mqttcodec, owned" is the line to compare with codecs that copy.
package main
