package mqttcodec

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Append and Size refuse every packet that must not be sent, say by which clause, and leave dst alone.
func TestAppendRefuses(t *testing.T) {
	long := []byte(strings.Repeat("x", 65_536)) // one byte more than a string can have
	huge := make([]byte, MaxRemainingLength)    // never written to: costs address space only
	topic := []byte("t")
	for _, c := range []struct {
		name, clause string
		p            Packet
	}{
		{"protocol name", "MQTT-3.1.2-1", &Connect{ProtocolName: []byte("MQIsdp"), CleanSession: true}},
		{"empty protocol name", "MQTT-3.1.2-1", &Connect{ProtocolName: []byte{}, CleanSession: true}},
		{"protocol level", "MQTT-3.1.2-2", &Connect{ProtocolLevel: 5, CleanSession: true}},
		{"empty client id", "MQTT-3.1.3-7", &Connect{}},
		{"client id not UTF-8", "MQTT-1.5.3-1", &Connect{ClientID: []byte{0xff}}},
		{"client id with U+0000", "MQTT-1.5.3-2", &Connect{ClientID: []byte{'a', 0}}},
		{"client id too long", "1.5.3", &Connect{ClientID: long}},
		{"will QoS 3", "MQTT-3.1.2-14", &Connect{ClientID: topic, WillFlag: true, WillQoS: 3, WillTopic: topic}},
		{"will QoS without will", "MQTT-3.1.2-13", &Connect{ClientID: topic, WillQoS: 1}},
		{"will retain without will", "MQTT-3.1.2-15", &Connect{ClientID: topic, WillRetain: true}},
		{"will topic without will", "MQTT-3.1.2-11", &Connect{ClientID: topic, WillTopic: topic}},
		{"will message without will", "MQTT-3.1.2-11", &Connect{ClientID: topic, WillMessage: topic}},
		{"empty will topic", "MQTT-4.7.3-1", &Connect{ClientID: topic, WillFlag: true}},
		{"wildcard in will topic", "MQTT-4.7.1-1", &Connect{ClientID: topic, WillFlag: true, WillTopic: []byte("a/#")}},
		{"will message too long", "1.5.3", &Connect{ClientID: topic, WillFlag: true, WillTopic: topic, WillMessage: long}},
		{"user name without flag", "MQTT-3.1.2-18", &Connect{ClientID: topic, UserName: topic}},
		{"user name not UTF-8", "MQTT-1.5.3-1", &Connect{ClientID: topic, UserNameFlag: true, UserName: []byte{0xc0, 0x80}}},
		{"user name too long", "1.5.3", &Connect{ClientID: topic, UserNameFlag: true, UserName: long}},
		{"password without flag", "MQTT-3.1.2-20", &Connect{ClientID: topic, UserNameFlag: true, Password: topic}},
		{"password without user name", "MQTT-3.1.2-22", &Connect{ClientID: topic, PasswordFlag: true, Password: topic}},
		{"password too long", "1.5.3", &Connect{ClientID: topic, UserNameFlag: true, PasswordFlag: true, Password: long}},

		{"reserved return code", "3.2.2.3", &Connack{ReturnCode: 6}},
		{"session present in a refusal", "MQTT-3.2.2-4", &Connack{SessionPresent: true, ReturnCode: NotAuthorized}},

		{"QoS 3", "MQTT-3.3.1-4", &Publish{TopicName: topic, QoS: 3, PacketID: 1}},
		{"DUP with QoS 0", "MQTT-3.3.1-2", &Publish{TopicName: topic, Dup: true}},
		{"id with QoS 0", "MQTT-2.3.1-5", &Publish{TopicName: topic, PacketID: 1}},
		{"no id with QoS 1", "MQTT-2.3.1-1", &Publish{TopicName: topic, QoS: QoS1}},
		{"no topic", "MQTT-4.7.3-1", &Publish{}},
		{"wildcard", "MQTT-3.3.2-2", &Publish{TopicName: []byte("devices/+/messages")}},
		{"topic not UTF-8", "MQTT-1.5.3-1", &Publish{TopicName: []byte("\xed\xa0\x80")}},
		{"topic with U+0000", "MQTT-1.5.3-2", &Publish{TopicName: []byte("a\x00b")}},
		{"topic too long", "MQTT-4.7.3-3", &Publish{TopicName: long}},
		{"payload too long", "2.2.3", &Publish{TopicName: topic, Payload: huge}},

		{"PUBACK without id", "MQTT-2.3.1-6", &Puback{}},
		{"PUBREC without id", "MQTT-2.3.1-6", &Pubrec{}},
		{"PUBREL without id", "MQTT-2.3.1-6", &Pubrel{}},
		{"PUBCOMP without id", "MQTT-2.3.1-6", &Pubcomp{}},
		{"UNSUBACK without id", "MQTT-2.3.1-7", &Unsuback{}},
		{"SUBACK without id", "MQTT-2.3.1-7", &Suback{ReturnCodes: []byte{0}}},

		{"SUBSCRIBE without id", "MQTT-2.3.1-1", &Subscribe{Subscriptions: []Subscription{{topic, QoS0}}}},
		{"SUBSCRIBE to nothing", "MQTT-3.8.3-3", &Subscribe{PacketID: 1}},
		{"requested QoS 3", "MQTT-3-8.3-4", &Subscribe{PacketID: 1, Subscriptions: []Subscription{{topic, 3}}}},
		{"empty filter", "MQTT-4.7.3-1", &Subscribe{PacketID: 1, Subscriptions: []Subscription{{}}}},
		{"# inside a filter", "MQTT-4.7.1-2", &Subscribe{PacketID: 1, Subscriptions: []Subscription{{[]byte("a/#/b"), QoS0}}}},
		{"+ inside a level", "MQTT-4.7.1-3", &Subscribe{PacketID: 1, Subscriptions: []Subscription{{[]byte("a+/b"), QoS0}}}},
		{"filter too long", "MQTT-4.7.3-3", &Subscribe{PacketID: 1, Subscriptions: []Subscription{{long, QoS0}}}},
		{"SUBACK without codes", "MQTT-3.8.4-5", &Suback{PacketID: 1}},
		{"SUBACK with code 3", "MQTT-3.9.3-2", &Suback{PacketID: 1, ReturnCodes: []byte{0, 3}}},
		{"SUBACK too long", "2.2.3", &Suback{PacketID: 1, ReturnCodes: huge}},
		{"UNSUBSCRIBE without id", "MQTT-2.3.1-1", &Unsubscribe{TopicFilters: [][]byte{topic}}},
		{"UNSUBSCRIBE from nothing", "MQTT-3.10.3-2", &Unsubscribe{PacketID: 1}},
		{"UNSUBSCRIBE from an empty filter", "MQTT-4.7.3-1", &Unsubscribe{PacketID: 1, TopicFilters: [][]byte{{}}}},

		{"nil", "", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			dst := make([]byte, 3, 200)
			copy(dst[:200], strings.Repeat("\x55", 200))
			got, err := Append(dst, c.p)
			var e *Error
			require.ErrorAs(t, err, &e)
			require.Equal(t, c.clause, e.Clause, "%v", err)
			if c.p != nil {
				require.Equal(t, c.p.Type(), e.Type)
			}
			require.Equal(t, dst, got)
			require.Equal(t, strings.Repeat("\x55", 200), string(dst[:200]), "not even the room behind dst is written to")

			_, sizeErr := Size(c.p)
			require.Equal(t, err, sizeErr)
			if p, ok := c.p.(*Publish); ok {
				got, headerErr := AppendPublishHeader(dst, p)
				require.Equal(t, err, headerErr)
				require.Equal(t, dst, got)
			}
		})
	}
}

// The longest strings that are legal are written whole (a length that wraps is CVE-2025-10543).
func TestLongestStrings(t *testing.T) {
	long := make65535()
	for _, p := range []Packet{
		&Connect{ProtocolName: []byte("MQTT"), ProtocolLevel: 4, ClientID: long, WillFlag: true, WillTopic: long, WillMessage: long,
			UserNameFlag: true, UserName: long, PasswordFlag: true, Password: long},
		&Publish{TopicName: long, Payload: []byte{}},
		&Subscribe{PacketID: 1, Subscriptions: []Subscription{{long, QoS1}}},
		&Unsubscribe{PacketID: 1, TopicFilters: [][]byte{long}},
	} {
		wire, err := Append(nil, p)
		require.NoError(t, err)
		require.LessOrEqual(t, len(wire), DefaultLimit, "a Reader takes it by default")
		got, n, err := Decode(wire)
		require.NoError(t, err)
		require.Equal(t, len(wire), n)
		require.True(t, equal(p, got))
	}
}

// equal is require.Equal without a diff of a megabyte.
func equal(a, b Packet) bool {
	wa, errA := Append(nil, a)
	wb, errB := Append(nil, b)
	return errA == nil && errB == nil && string(wa) == string(wb)
}

// A CONNECT need not name the protocol.
func TestConnectDefaults(t *testing.T) {
	wire, err := Append(nil, &Connect{CleanSession: true, KeepAlive: 30})
	require.NoError(t, err)
	require.Equal(t, "\x10\x0c\x00\x04MQTT\x04\x02\x00\x1e\x00\x00", string(wire))
}
