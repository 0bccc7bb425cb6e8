package mqttcodec

import "io"

// MaxRemainingLength is the largest remaining length that four bytes can hold: 268,435,455 bytes, 256 MiB less one
// (section 2.2.3, table 2.4).
const MaxRemainingLength = 268_435_455

// fixedHeaders is table 2.1 (types), table 2.2 (flags) and, for the packets of one size, their remaining length.
// The flags of PUBLISH are data; checkFirstByte reads them.
var fixedHeaders = [16]struct {
	name   string
	flags  byte // required value of bits 3-0 [MQTT-2.2.2-1]
	length int8 // the only legal remaining length, or -1
}{
	CONNECT:     {"CONNECT", 0, -1},
	CONNACK:     {"CONNACK", 0, 2},
	PUBLISH:     {"PUBLISH", 0, -1},
	PUBACK:      {"PUBACK", 0, 2},
	PUBREC:      {"PUBREC", 0, 2},
	PUBREL:      {"PUBREL", 0b0010, 2}, // [MQTT-3.6.1-1]
	PUBCOMP:     {"PUBCOMP", 0, 2},
	SUBSCRIBE:   {"SUBSCRIBE", 0b0010, -1}, // [MQTT-3.8.1-1]
	SUBACK:      {"SUBACK", 0, -1},
	UNSUBSCRIBE: {"UNSUBSCRIBE", 0b0010, -1}, // [MQTT-3.10.1-1]
	UNSUBACK:    {"UNSUBACK", 0, 2},
	PINGREQ:     {"PINGREQ", 0, 0},
	PINGRESP:    {"PINGRESP", 0, 0},
	DISCONNECT:  {"DISCONNECT", 0, 0}, // [MQTT-3.14.1-1]
}

// parseFixedHeader reads the fixed header that src begins with and checks all that it alone can show. size is its own
// length and remaining that of what follows. io.ErrUnexpectedEOF: src ends inside the header, which is legal so far.
func parseFixedHeader(src []byte) (size, remaining int, err error) {
	switch {
	case len(src) > 1 && src[1] < 0x80: // one byte of length: nearly every packet
		size, remaining = 2, int(src[1])
	case len(src) > 2 && src[2] < 0x80:
		size, remaining = 3, int(src[1]&0x7f)|int(src[2])<<7
	default:
		size, remaining, err = parseLongLength(src)
		if err != nil && err != io.ErrUnexpectedEOF {
			return 0, 0, err
		}
	}
	if len(src) == 0 {
		return 0, 0, io.ErrUnexpectedEOF
	}
	if e := checkFirstByte(src[0]); e != nil {
		return 0, 0, e // also when the length is not here yet: no later byte can mend it
	}
	if err != nil {
		return 0, 0, err
	}
	if want := int(fixedHeaders[src[0]>>4].length); want >= 0 && remaining != want {
		return 0, 0, lengthError(src[0], remaining, want)
	}
	return size, remaining, nil
}

// parseLongLength reads a remaining length of three or four bytes (section 2.2.3). Lengths that are not minimal, such
// as 82 00, are read: 3.1.1 does not forbid them.
func parseLongLength(src []byte) (size, remaining int, err error) {
	for i := 1; i < len(src) && i <= 4; i++ {
		remaining |= int(src[i]&0x7f) << (7 * (i - 1))
		if src[i] < 0x80 {
			return 1 + i, remaining, nil
		}
	}
	if len(src) <= 4 {
		return 0, 0, io.ErrUnexpectedEOF
	}
	return 0, 0, &Error{typeOf(src[0]), "2.2.3", "remaining length takes more than four bytes"}
}

// checkFirstByte checks the packet type and its flags.
func checkFirstByte(first byte) error {
	if Type(first>>4) == PUBLISH {
		switch first & 0b1111 {
		case 0b0110, 0b0111, 0b1110, 0b1111:
			return &Error{PUBLISH, "MQTT-3.3.1-4", "both QoS bits are set"}
		case 0b1000, 0b1001:
			return &Error{PUBLISH, "MQTT-3.3.1-2", "DUP is set on a message of QoS 0"}
		}
		return nil
	}
	h := &fixedHeaders[first>>4]
	if h.name == "" {
		return &Error{0, "2.2.1", "packet type " + Type(first >> 4).String()[len("reserved type "):] + " is reserved"}
	}
	if first&0b1111 != h.flags {
		return &Error{Type(first >> 4), "MQTT-2.2.2-2", "reserved flags of the fixed header are wrong"}
	}
	return nil
}

func lengthError(first byte, got, want int) error {
	if got < want {
		return &Error{typeOf(first), "2.2.3", "packet ends before its last field"}
	}
	return &Error{typeOf(first), "2.2.3", "bytes follow the packet's last field"}
}

// typeOf returns the type in a first byte, and 0 for the reserved ones.
func typeOf(first byte) Type {
	if fixedHeaders[first>>4].name == "" {
		return 0
	}
	return Type(first >> 4)
}

// lengthSize returns how many bytes a remaining length takes (table 2.4).
func lengthSize(remaining int) int {
	switch {
	case remaining < 1<<7:
		return 1
	case remaining < 1<<14:
		return 2
	case remaining < 1<<21:
		return 3
	default:
		return 4
	}
}

// checkRemaining refuses a body that no fixed header can announce.
func checkRemaining(t Type, remaining int) error {
	if remaining > MaxRemainingLength {
		return &Error{t, "2.2.3", "packet is longer than the 268,435,455 bytes that a remaining length can say"}
	}
	return nil
}

// appendLength adds a remaining length in as few bytes as it takes (section 2.2.3).
func appendLength(dst []byte, remaining int) []byte {
	for remaining >= 0x80 {
		dst = append(dst, byte(remaining)|0x80)
		remaining >>= 7
	}
	return append(dst, byte(remaining))
}
