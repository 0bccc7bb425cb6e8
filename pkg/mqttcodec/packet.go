package mqttcodec

import "strconv"

// Packet is one MQTT 3.1.1 control packet: *Connect, *Connack, *Publish, *Puback, *Pubrec, *Pubrel, *Pubcomp,
// *Subscribe, *Suback, *Unsubscribe, *Unsuback, *Pingreq, *Pingresp or *Disconnect. No other package can add one.
//
// A packet's strings and binary data are []byte. After Decode and Clone they are the packet's own; after a [Decoder],
// a [Reader] or a [Buffer] they are views that the next call overwrites.
type Packet interface {
	// Type names the packet, as section 2.2.1 does.
	Type() Type
	// String describes the packet in one line without payloads, passwords or user names, fit for a log.
	String() string

	sealed()
}

// Type is the control packet type of section 2.2.1, table 2.1. 0 and 15 are reserved and never decoded.
type Type byte

// The control packet types of table 2.1, in its order.
const (
	CONNECT     Type = 1  // client to server: asks for a connection
	CONNACK     Type = 2  // server to client: answers CONNECT
	PUBLISH     Type = 3  // both ways: carries an application message
	PUBACK      Type = 4  // both ways: answers a PUBLISH of QoS 1
	PUBREC      Type = 5  // both ways: answers a PUBLISH of QoS 2
	PUBREL      Type = 6  // both ways: answers PUBREC
	PUBCOMP     Type = 7  // both ways: answers PUBREL
	SUBSCRIBE   Type = 8  // client to server
	SUBACK      Type = 9  // server to client: answers SUBSCRIBE
	UNSUBSCRIBE Type = 10 // client to server
	UNSUBACK    Type = 11 // server to client: answers UNSUBSCRIBE
	PINGREQ     Type = 12 // client to server
	PINGRESP    Type = 13 // server to client: answers PINGREQ
	DISCONNECT  Type = 14 // client to server: the last packet of a connection
)

// String returns the standard's name, such as "PUBLISH", or "reserved type 15".
func (t Type) String() string {
	if name := fixedHeaders[t&15].name; t < 16 && name != "" {
		return name
	}
	return "reserved type " + strconv.Itoa(int(t))
}

// QoS is a quality of service level (section 4.3): how often a message may arrive.
type QoS byte

// The levels of table 3.2. There is no level 3 [MQTT-3.3.1-4].
const (
	QoS0 QoS = 0 // at most once
	QoS1 QoS = 1 // at least once
	QoS2 QoS = 2 // exactly once
)

// SubackFailure is the return code of a subscription that the server refused (section 3.9.3). The other codes are the
// QoS that was granted: 0, 1 or 2.
const SubackFailure = 0x80
