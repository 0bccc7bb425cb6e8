// Package emulator is Azure IoT Hub and its Device Provisioning Service (DPS) in one process: the device side, which is MQTT
// 3.1.1, and the service side, which is REST. The zero Hub is ready. It runs natively and inside a web page.
//
// Here live the registry, sessions, twins, queues, direct methods, enrollments and the REST surface. Packets are in package
// mqttcodec, the services' grammar in internal/hubproto, WebSocket in wsconn, the store on a disk in boltstore. No device
// client lives here, and this package never imports one.
//
// # Usage
//
// A device reaches a hub over a pipe (Dial), over WebSocket (ServeHTTP), over MQTT on TLS (ServeMQTT) or over any other
// connection (ServeConn). Whether it speaks to the hub or to DPS, its CONNECT user name says. A service uses REST (ServeHTTP,
// or Do without a network) or the methods of Hub, which need no token.
//
//	var hub emulator.Hub
//	defer hub.Close()
//	device, err := hub.PutDevice(ctx, emulator.Device{DeviceID: "dev-1"})
//	...
//	conn, err := hub.Dial(ctx, "wss://hub.local/$iothub/websocket") // fits hubclient.Options.Dial
//
// The hub is strict, as the service is: what it refuses it refuses by CONNACK 5 or by closing the connection, because MQTT
// 3.1.1 has no other words, and says why in the operations log (Operations, GET /emulator/operations).
//
// Beside the services' own paths there are: POST /devices/{id}/messages/deviceBound, which the service has over AMQP only, with
// the application properties as headers iothub-app-{name} or, with letter case and null values, as a property bag in
// iothub-properties; POST /devices/{id}/modules/{id}/inputs/{input}; the event streams GET /messages/events and GET
// /emulator/operations, each from now on, or from ?from={sequence number} or behind Last-Event-ID; GET and PUT
// /emulator/faults and of /emulator/settings; DELETE /emulator/connections/{id}[/modules/{id}], which cuts a connection; GET /emulator/info, for
// loopback only; GET /healthz.
//
// # Concurrency
//
// One mutex, Hub.mu, guards everything that the hub knows: registry, twins, queues, sessions, enrollments. What takes it is
// short and does no I/O, so that a message costs about a microsecond under it; a goroutine per device would need as many
// hand-overs, and rules for what spans devices (queries, statistics, DPS). Changes are written to the Store by one
// goroutine, many at a time; what follows from a change (its acknowledgement, the notice to a device) happens after the
// change is durable, in the order of the changes (journal.go).
//
// A connection has one reader, which handles packets in order, and one writer, which writes everything that is ready at once.
// What goes to a device is appended to its queue and never waits: a device that does not read has its connection closed
// when its queue is full, and the operations log says so. No lock is held across I/O.
//
// # Cancellation
//
// Whatever can wait takes a context. Close ends every connection and event stream, and waits for every goroutine that the hub
// started, ServeConn, ServeMQTT and WebSocket requests included.
//
// # Limitations
//
// There is no AMQP, so a service sends messages to devices over REST (POST /devices/{id}/messages/deviceBound) and reads
// telemetry as server-sent events (GET /messages/events). Jobs, configurations, digital twins, file upload and IoT Edge are
// not there. Devices that authenticate with X.509 need TLS, so they cannot connect to a hub inside a page. Where the service's
// behaviour is not public, the choice made here is said beside the code.
package emulator
