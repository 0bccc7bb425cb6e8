// Package wire explains a device's MQTT traffic: what each packet's bytes are, what the packet means to IoT Hub or to the
// Device Provisioning Service (DPS), and which answer belongs to which request. It writes what it has seen as pcapng, which
// Wireshark and tshark dissect, and as JSON lines.
//
// # Usage
//
// A [Log] is given every packet as hubclient's Options.Trace sees it, on one goroutine at a time; it keeps [Record] values.
// [Dissect] gives a record's bytes as a tree of fields with their ranges. [WritePcapng] and [WriteJSONLines] export records.
//
// # Secrets
//
// hubclient takes the password out of a CONNECT before Trace sees it. Log.Add also passes every text in a packet through
// hubproto.Redact before it keeps a byte, so no record, and no export, holds a secret. A redacted packet is encoded again:
// its bytes are then shorter than those on the wire, and Record.Redacted is true.
//
// # Limitations
//
// A Log keeps at most Limit records and as many bytes as LimitBytes; the oldest go first, and Dropped counts them. What is
// not here: connections, clocks (a record's time is given), the page.
package wire
