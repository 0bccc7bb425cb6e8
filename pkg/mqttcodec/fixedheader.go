package mqttcodec

import (
	"io"
	"strconv"
)

// MaxRemainingLength is the largest remaining length that four bytes can hold: 268,435,455 bytes, 256 MiB less one
// (section 2.2.3, table 2.4).
const MaxRemainingLength = 268_435_455

// fixedHeaders is table 2.1 (types) and table 2.2 (flags) with the remaining lengths that a packet of the type can have.
var fixedHeaders = [16]struct {
	name        string
	flags       flagSet // what bits 3-0 may be
	least, most int32   // remaining length
}{
	CONNECT:     {"CONNECT", 1 << 0b0000, 0, MaxRemainingLength},
	CONNACK:     {"CONNACK", 1 << 0b0000, 2, 2},
	PUBLISH:     {"PUBLISH", publishFlags, 0, MaxRemainingLength},
	PUBACK:      {"PUBACK", 1 << 0b0000, 2, 2},
	PUBREC:      {"PUBREC", 1 << 0b0000, 2, 2},
	PUBREL:      {"PUBREL", 1 << 0b0010, 2, 2}, // [MQTT-3.6.1-1]
	PUBCOMP:     {"PUBCOMP", 1 << 0b0000, 2, 2},
	SUBSCRIBE:   {"SUBSCRIBE", 1 << 0b0010, 0, MaxRemainingLength}, // [MQTT-3.8.1-1]
	SUBACK:      {"SUBACK", 1 << 0b0000, 0, MaxRemainingLength},
	UNSUBSCRIBE: {"UNSUBSCRIBE", 1 << 0b0010, 0, MaxRemainingLength}, // [MQTT-3.10.1-1]
	UNSUBACK:    {"UNSUBACK", 1 << 0b0000, 2, 2},
	PINGREQ:     {"PINGREQ", 1 << 0b0000, 0, 0},
	PINGRESP:    {"PINGRESP", 1 << 0b0000, 0, 0},
	DISCONNECT:  {"DISCONNECT", 1 << 0b0000, 0, 0}, // [MQTT-3.14.1-1]
}

// flagSet holds the legal values of the four flag bits: bit n is set where n is one. Only those of PUBLISH are data;
// the others have one legal value, and a receiver closes the connection on any other [MQTT-2.2.2-1] [MQTT-2.2.2-2].
type flagSet uint16

// publishFlags are DUP, QoS and RETAIN in any combination but QoS 3 [MQTT-3.3.1-4] and DUP with QoS 0 [MQTT-3.3.1-2].
const publishFlags flagSet = 1<<0b0000 | 1<<0b0001 | 1<<0b0010 | 1<<0b0011 | 1<<0b0100 | 1<<0b0101 |
	1<<0b1010 | 1<<0b1011 | 1<<0b1100 | 1<<0b1101

// parseFixedHeader reads the fixed header that src begins with and checks all that it alone can show. size is its own
// length and remaining that of what follows. io.ErrUnexpectedEOF: src ends inside the header.
func parseFixedHeader(src []byte) (size, remaining int, err error) {
	if size, remaining, err = parseLength(src); err != nil {
		return 0, 0, err
	}
	if !legalHeader(src[0], remaining) {
		return 0, 0, headerError(src[0], remaining)
	}
	return size, remaining, nil
}

// shortLength is parseLength for one and two bytes of length, which is what nearly every packet has. src has three
// bytes at least. If the length takes more than two, remaining is above MaxRemainingLength. There is no branch in it:
// small and larger packets come in no order, so each would be mispredicted now and then, which costs as much as the rest.
func shortLength(src []byte) (size, remaining int) {
	one, two := uint(src[1]), uint(src[2])
	second := one >> 7 // 1 if there is a second byte of length
	third := second & (two >> 7)
	return int(2 + second), int(one&0x7f | two<<7&-second | third<<32)
}

// legalHeader reports whether a packet may have that type, those flags and that remaining length.
func legalHeader(first byte, remaining int) bool {
	h := &fixedHeaders[first>>4]
	return h.flags>>(first&0b1111)&1 != 0 && uint(remaining)-uint(h.least) <= uint(h.most)-uint(h.least)
}

// parseLength reads a remaining length of up to four bytes (section 2.2.3). Lengths that are not minimal, such as
// 82 00, are read: 3.1.1 does not forbid them.
func parseLength(src []byte) (size, remaining int, err error) {
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

// headerError returns why legalHeader is false.
func headerError(first byte, remaining int) error {
	t, h := Type(first>>4), &fixedHeaders[first>>4]
	flagsLegal := h.flags>>(first&0b1111)&1 != 0
	switch {
	case typeOf(first) == 0:
		return &Error{0, "2.2.1", "packet type " + strconv.Itoa(int(t)) + " is reserved"}
	case !flagsLegal && t != PUBLISH:
		return &Error{t, "MQTT-2.2.2-2", "reserved flags of the fixed header are wrong"}
	case !flagsLegal && first&publishQoS == publishQoS:
		return &Error{t, "MQTT-3.3.1-4", "both QoS bits are set"}
	case !flagsLegal:
		return &Error{t, "MQTT-3.3.1-2", "DUP is set on a message of QoS 0"}
	case remaining < int(h.least):
		return &Error{t, "2.2.3", "packet ends before its last field"}
	default:
		return &Error{t, "2.2.3", "bytes follow the packet's last field"}
	}
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
