// Package emulator is Azure IoT Hub and its Device Provisioning Service (DPS) in one process: devices use MQTT
// 3.1.1, services use REST. The zero Hub is ready to use. It runs natively and inside a web page.
//
// It contains the registry, twins, queues, direct methods, enrollments, MQTT sessions and the REST API. The encoding of packets is in
// package mqttcodec, the services' grammar in internal/hubproto, WebSocket in wsconn, a store on a disk in boltstore, the device and
// enrollments that a new user finds in internal/readymade. It contains no device client, and never imports one.
//
// # Usage
//
// A device reaches a hub over a pipe (Dial), over WebSocket (ServeHTTP), over MQTT on TLS (ServeMQTT) or over any other
// connection (ServeConn). The user name of its CONNECT selects the hub or DPS. A service uses REST (ServeHTTP,
// or Do without a network) or the methods of Hub, which need no token.
//
//	var hub emulator.Hub
//	defer hub.Close()
//	device, err := hub.PutDevice(ctx, emulator.Device{DeviceID: "dev-1"})
//	...
//	conn, err := hub.Dial(ctx, "wss://hub.local/$iothub/websocket") // fits hubclient.Options.Dial
//
// The hub is strict, as the service is. It refuses a device by CONNACK 5 or by closing the connection, because MQTT
// 3.1.1 has no other way, and gives the reason in the operations log (Operations, GET /emulator/operations).
//
// Beside the services' own paths there are: POST /devices/{id}/messages/deviceBound, which the service has over AMQP only, with
// the application properties as headers iothub-app-{name} or, with letter case and null values, as a property bag in
// iothub-properties; POST /devices/{id}/modules/{id}/inputs/{input}; the event streams GET /messages/events and GET
// /emulator/operations; GET and PUT /emulator/faults and /emulator/settings; DELETE /emulator/connections/{id}[/modules/{id}], which
// cuts a connection; GET /emulator/info, for programs on this machine only, with the document of Hub.Info; GET /healthz.
//
// # Event streams
//
// Both streams work alike. Events have sequence numbers that grow by one, and each is an SSE event with its number as its id. A stream
// begins with the next event, with the event of ?from={number}, or behind that of the header Last-Event-ID. A number beyond the end of
// the stream, or one that this hub never used, is not an error: the stream begins with the next or the oldest event. "lost" counts the
// events of this hub before an event that the reader missed, because it was slow or asked for events that the hub no longer has. The
// header Emulator-Instance of the response is Hub.Instance; numbers of one instance mean nothing to another. A reader that sees a new
// instance opens the stream again with ?from=0 to get everything that the restarted hub has.
//
// # Layout
//
// The prefix of a file's name is the part that it belongs to:
//
//   - hub_: the state, and the rules of the services: devices and modules, twins, queues, methods, enrollments, registrations,
//     authentication, telemetry, the operations log. It knows no protocol. A connection is an attachment to it, an interface that the
//     MQTT connection implements. Every change for a service goes through Hub.change.
//   - mqtt_: the devices' side. conn is one connection, session what MQTT keeps between connections; packet ids exist here only.
//   - rest_: the services' side. Handlers call methods of the state, and neither lock nor touch its fields.
//   - store_: the records of the store, the migrations of its format, and the journal that makes changes durable.
//
// hub.go holds the parts together. internal/query is the query language, internal/ring the log that streams follow.
//
// # Concurrency
//
// One mutex, Hub.mu, guards the whole state: registry, twins, queues, sessions, enrollments. Code that holds it is
// short and does no I/O and no cryptography, so that a message costs about a microsecond under it; a goroutine per device would need as
// many hand-overs, and rules for operations that span devices (queries, statistics, DPS). One goroutine writes changes to the Store,
// many at a time; the effects of a change (its acknowledgement, the notice to a device) happen after the
// change is durable, in the order of the changes (store_journal.go).
//
// A connection has one goroutine, which reads packets and handles them in order. When packets go to the device, another one writes
// everything that is ready at once, and then works for other connections (mqtt_writer.go). Sending appends to a queue and never
// waits: a device that does not read loses its connection when its queue is full, with a line in the operations log. While nothing
// moves a connection keeps no buffers (mqtt_reader.go, mqtt_lightconn.go). No lock is held across I/O.
//
// # Cancellation
//
// Every method that can wait takes a context. Close ends every connection and event stream, and waits for every goroutine that the hub
// started, ServeConn, ServeMQTT and WebSocket requests included.
//
// # Limitations
//
// There is no AMQP, so a service sends messages to devices over REST (POST /devices/{id}/messages/deviceBound) and reads
// telemetry as server-sent events (GET /messages/events). Jobs, configurations, digital twins, file upload and IoT Edge are
// not implemented. Devices that authenticate with X.509 need TLS, so they cannot connect to a hub inside a page. Where the behaviour of
// the service is not public, a comment beside the code states the choice made here.
package emulator
