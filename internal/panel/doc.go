// Package panel is the page: the shell around its rooms, and the wiring between them.
//
// Each thing that a person sees is a room, a package below this one:
//
//   - connection: the connection form, and the one owner of the device's live connection
//   - provisioning: registration through the Device Provisioning Service
//   - telemetry: the message form, streams and the chart
//   - inbox: cloud-to-device messages, as the device received them
//   - twin: the device twin, as the device knows it
//   - methods: direct method calls, and the rules that answer them
//   - cloud: the hub's side, as the emulator's service API shows it
//   - inspector: the packets on the wire
//   - diagnosis: the connection doctor
//   - scenarios: the scenario on the page
//   - keep: what outlives the page: profiles, session files, logs as files, code
//   - palette: the command palette and the keyboard shortcuts
//
// Rooms never import each other. What one needs of another is a function in its Links, which wiring.go sets. The kit that all rooms
// share is package page: the lock, the event queue, when to draw, translation. Its doc comment has the rules of the lock.
//
// The package knows nothing of a browser: [Env] gives it a way to dial, a way to fetch and a way to be drawn. The wasm command passes
// the browser's; tests pass an in-process hub, and read the view as a person would.
//
// MQTT, twins and tokens are in pkg/hubclient and internal/hubproto, the emulator in pkg/emulator, the DOM in wasm.
package panel
