package mqttcodec

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// What the vectors have no packet for: the bytes, and the clause that refuses them.
func TestClauses(t *testing.T) {
	for _, c := range []struct {
		name, clause string
		wire         string
	}{
		{"will retain without a will", "MQTT-3.1.2-15", "\x10\x0d\x00\x04MQTT\x04\x22\x00\x00\x00\x01c"},
		{"will QoS without a will", "MQTT-3.1.2-13", "\x10\x0d\x00\x04MQTT\x04\x0a\x00\x00\x00\x01c"},
		{"will QoS 3 without a will", "MQTT-3.1.2-13", "\x10\x0d\x00\x04MQTT\x04\x1a\x00\x00\x00\x01c"},
		{"a wildcard in the will topic", "MQTT-4.7.1-1", "\x10\x13\x00\x04MQTT\x04\x06\x00\x00\x00\x01c\x00\x01+\x00\x01m"},
		{"U+0000 in the will topic", "MQTT-1.5.3-2", "\x10\x13\x00\x04MQTT\x04\x06\x00\x00\x00\x01c\x00\x01\x00\x00\x01m"},
		{"a surrogate in the user name", "MQTT-1.5.3-1", "\x10\x12\x00\x04MQTT\x04\x82\x00\x00\x00\x01c\x00\x03\xed\xbf\xbf"},
		{"U+0000 in a filter behind a good one", "MQTT-1.5.3-2", "\x82\x0b\x00\x01\x00\x01a\x00\x00\x02a\x00\x00"},
		{"U+0000 in an UNSUBSCRIBE", "MQTT-1.5.3-2", "\xa2\x06\x00\x01\x00\x02a\x00"},
		{"a SUBSCRIBE with reserved bits beside its QoS", "MQTT-3-8.3-4", "\x82\x06\x00\x01\x00\x01a\x05"},
		{"a SUBSCRIBE that ends with a filter", "2.2.3", "\x82\x09\x00\x01\x00\x01a\x00\x00\x01a"},
		{"an UNSUBSCRIBE of nothing", "MQTT-3.10.3-2", "\xa2\x02\x00\x01"},
		{"an UNSUBSCRIBE with id 0", "MQTT-2.3.1-1", "\xa2\x05\x00\x00\x00\x01a"},
		{"a PUBREC with id 0", "MQTT-2.3.1-6", "\x50\x02\x00\x00"},
		{"a SUBACK with code 3", "MQTT-3.9.3-2", "\x90\x03\x00\x01\x03"},
		{"a SUBACK with one bad code among good ones", "MQTT-3.9.3-2", "\x90\x05\x00\x01\x00\x81\x80"},
		{"a DISCONNECT with a flag", "MQTT-2.2.2-2", "\xe1\x00"}, // [MQTT-3.14.1-1]
		{"a PUBREL without its flag", "MQTT-2.2.2-2", "\x60\x02\x00\x01"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := decodeError(t, c.wire)
			var e *Error
			require.ErrorAs(t, err, &e)
			require.Equal(t, c.clause, e.Clause, "%v", err)
			_, err = NewReader(readerOf(c.wire), 0).Next()
			require.Equal(t, error(e), err)
		})
	}
}

// readerOf is a stream that has s in it and then waits for ever, as a peer does; a Reader that asks for more than it
// needs would get an error of its own.
func readerOf(s string) readFunc {
	return func(p []byte) (int, error) {
		n := copy(p, s)
		s = s[n:]
		return n, nil
	}
}
