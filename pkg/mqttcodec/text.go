package mqttcodec

import (
	"bytes"
	"encoding/binary"
	"unicode/utf8"
)

// maxString is the most bytes that a UTF-8 string or binary field can hold: its length is two bytes (section 1.5.3).
const maxString = 65_535

// Eight bytes are looked at as one uint64. For a word of ASCII, w+each(0x7f) has the top bit set in every byte that
// was not zero, and no byte carries into the next one.
const (
	highBits = 0x8080808080808080
	lowBits  = 0x7f7f7f7f7f7f7f7f
	// '#' is 0x23 and '+' is 0x2b: with bit 3 cleared they are the same, and no other ASCII byte is.
	wildcardMask = 0xf7f7f7f7f7f7f7f7
	wildcards    = 0x2323232323232323
)

// plainText reports whether s is ASCII without U+0000, so that no closer look is needed.
func plainText(s []byte) bool {
	if len(s) < 8 {
		for _, c := range s {
			if c == 0 || c >= utf8.RuneSelf {
				return false
			}
		}
		return true
	}
	w := binary.LittleEndian.Uint64(s[len(s)-8:]) // may overlap the last word of the loop; cheaper than a loop over the rest
	high, nonzero := w, w+lowBits
	for ; len(s) > 8; s = s[8:] {
		w := binary.LittleEndian.Uint64(s)
		high |= w
		nonzero &= w + lowBits
	}
	return high&highBits == 0 && nonzero&highBits == highBits
}

// plainTopic reports whether s is one byte or more of ASCII without U+0000, '+' and '#'. It looks at sixteen bytes a
// turn, which is worth it because a decoder spends a third of its time here.
func plainTopic(s []byte) bool {
	if len(s) < 16 {
		for _, c := range s {
			if c == 0 || c >= utf8.RuneSelf || c == '+' || c == '#' {
				return false
			}
		}
		return len(s) > 0
	}
	last := s[len(s)-16:] // may overlap the first sixteen, and the last turn of the loop
	plain := plainTopicBytes(s) & plainTopicBytes(s[8:]) & plainTopicBytes(last) & plainTopicBytes(last[8:])
	for s = s[16:]; len(s) > 16; s = s[16:] {
		plain &= plainTopicBytes(s) & plainTopicBytes(s[8:])
	}
	return plain&highBits == highBits
}

// plainTopicBytes sets all of highBits if the first eight bytes of s are what plainTopic wants. Only a byte above
// ASCII carries into the next one, and that byte's own bit is then 0.
func plainTopicBytes(s []byte) uint64 {
	w := binary.LittleEndian.Uint64(s)
	return (w + lowBits) & ((w&wildcardMask ^ wildcards) + lowBits) &^ w
}

// checkText checks a UTF-8 encoded string (section 1.5.3). A byte order mark is a character like any other and stays
// [MQTT-1.5.3-3]; control and non-characters, which a receiver may refuse, are let through.
func checkText(t Type, field string, s []byte) error {
	if plainText(s) {
		return nil
	}
	if bytes.IndexByte(s, 0) >= 0 {
		return &Error{t, "MQTT-1.5.3-2", field + " holds U+0000"}
	}
	if !utf8.Valid(s) { // refuses surrogates and over-long forms too
		return &Error{t, "MQTT-1.5.3-1", field + " is not well-formed UTF-8"}
	}
	return nil
}

// checkString checks a string that is to be encoded.
func checkString(t Type, field string, s []byte) error {
	if err := checkLength(t, field, s); err != nil {
		return err
	}
	return checkText(t, field, s)
}

// checkLength refuses what two bytes of length cannot announce.
func checkLength(t Type, field string, s []byte) error {
	if len(s) > maxString {
		return &Error{t, "1.5.3", field + " is longer than 65,535 bytes"}
	}
	return nil
}

// appendString adds a length of two bytes, most significant first, and the bytes (section 1.5.3).
func appendString(dst, s []byte) []byte {
	return append(append(dst, byte(len(s)>>8), byte(len(s))), s...)
}
