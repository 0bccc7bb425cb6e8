package mqttcodec

import "strconv"

// Error reports which rule of the standard a packet breaks. Decoding and encoding return it, as *Error, for anything
// that is not legal MQTT 3.1.1; it never holds bytes of the packet. A receiver closes the connection
// [MQTT-4.8.0-1], except that a server first answers some CONNECTs: see [MQTT-3.1.2-2] and [MQTT-3.1.3-8].
type Error struct {
	Type   Type   // the packet at fault; 0 when there is none, as for ValidTopicName
	Clause string // "MQTT-3.3.2-2", or the section, "2.2.3", where the standard gives the rule no number
	Reason string // what is wrong, in words
}

// Error returns a line such as "mqtt: PUBLISH: topic name holds a wildcard [MQTT-3.3.2-2]".
func (e *Error) Error() string {
	s := "mqtt: "
	if e.Type != 0 {
		s += e.Type.String() + ": "
	}
	s += e.Reason
	switch {
	case e.Clause == "":
		return s
	case e.Clause[0] == 'M':
		return s + " [" + e.Clause + "]"
	default:
		return s + " [MQTT 3.1.1 section " + e.Clause + "]"
	}
}

// LimitError reports that a packet's fixed header announces more bytes than the receiver takes. It comes from the header
// alone: nothing has been allocated for the rest.
type LimitError struct {
	Type        Type
	Size, Limit int // bytes, the fixed header included
}

// Error names the packet, its size and the limit.
func (e *LimitError) Error() string {
	return "mqtt: " + e.Type.String() + " of " + strconv.Itoa(e.Size) + " bytes is over the limit of " +
		strconv.Itoa(e.Limit) + " bytes"
}
