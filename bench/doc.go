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
// Every codec is held to the same work: the test checks that all encoders give the same bytes and that all decoders
// find the same packets. A codec that gives views of its buffer is named so, since it saves what the others spend on
// copies; "mqttcodec, owned" is the line to compare with codecs that copy.
package main
