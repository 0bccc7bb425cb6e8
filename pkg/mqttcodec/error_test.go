package mqttcodec

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestErrorText(t *testing.T) {
	for _, c := range []struct {
		err  error
		want string
	}{
		{&Error{PUBLISH, "MQTT-3.3.2-2", "topic name holds a wildcard"}, "mqtt: PUBLISH: topic name holds a wildcard [MQTT-3.3.2-2]"},
		{&Error{CONNECT, "2.2.3", "packet ends before its keep alive"}, "mqtt: CONNECT: packet ends before its keep alive [MQTT 3.1.1 section 2.2.3]"},
		{ValidTopicName("a/#"), "mqtt: topic name holds a wildcard [MQTT-3.3.2-2]"},
		{&LimitError{PUBLISH, 268_435_460, 524_288}, "mqtt: PUBLISH of 268435460 bytes is over the limit of 524288 bytes"},
		{decodeError(t, "\xf0\x00"), "mqtt: packet type 15 is reserved [MQTT 3.1.1 section 2.2.1]"},
		{decodeError(t, "\x00\x00"), "mqtt: packet type 0 is reserved [MQTT 3.1.1 section 2.2.1]"},
		{decodeError(t, "\x82\x80\x80\x80\x80"), "mqtt: SUBSCRIBE: remaining length takes more than four bytes [MQTT 3.1.1 section 2.2.3]"},
	} {
		require.EqualError(t, c.err, c.want)
	}
	_, err := Append(nil, nil)
	require.EqualError(t, err, "mqtt: there is no packet to encode: it is nil")
}

func decodeError(t *testing.T, src string) error {
	p, n, err := Decode([]byte(src))
	require.Error(t, err)
	require.Nil(t, p)
	require.Zero(t, n)
	return err
}

// The fixed header alone condemns a packet: nobody waits for, or makes room for, a body that cannot be right.
func TestRefusedByTheHeader(t *testing.T) {
	for src, want := range map[string]string{
		"\x31\x7f":             "",             // a retained PUBLISH: legal so far
		"\x36\x7f":             "MQTT-3.3.1-4", // QoS 3
		"\x38\x7f":             "MQTT-3.3.1-2", // DUP with QoS 0
		"\x80\xff\xff\x7f":     "MQTT-2.2.2-2", // SUBSCRIBE without its flags
		"\xf0\x7f":             "2.2.1",
		"\x40\xff\xff\xff\x7f": "2.2.3", // a PUBACK of 256 MB
		"\xc0\x01":             "2.2.3", // a PINGREQ with a body
	} {
		_, _, err := Decode([]byte(src))
		if want == "" {
			require.EqualError(t, err, "unexpected EOF")
			continue
		}
		var e *Error
		require.ErrorAs(t, err, &e, "%x", src)
		require.Equal(t, want, e.Clause, "%x", src)
	}
}

// No one-line description holds a password, a user name or a payload, and no error text does.
func TestNoSecretsInText(t *testing.T) {
	const secret = "SharedAccessSignature sr=hub&sig=geheim&se=1"
	p := &Connect{ClientID: []byte("dev"), KeepAlive: 240, UserNameFlag: true, UserName: []byte("hub/" + secret), PasswordFlag: true,
		Password: []byte(secret), WillFlag: true, WillTopic: []byte("w"), WillMessage: []byte(secret)}
	require.Equal(t, `CONNECT client id "dev" clean session false keep alive 240 s will "w" QoS 0 with user name with password`, p.String())
	pub := &Publish{QoS: QoS1, PacketID: 7, TopicName: []byte("a/ż"), Payload: []byte(secret), Dup: true, Retain: true}
	require.Equal(t, `PUBLISH "a/ż" QoS 1 id 7 DUP RETAIN 44 bytes`, pub.String())

	wire, err := Append(nil, p)
	require.NoError(t, err)
	for i := range wire { // break it at every byte
		for _, b := range []byte{0, 0xff} {
			broken := append([]byte(nil), wire...)
			broken[i] = b
			if _, _, err := Decode(broken); err != nil {
				require.NotContains(t, err.Error(), "geheim")
			}
		}
	}
}

func TestStrings(t *testing.T) {
	for _, c := range []struct {
		p    Packet
		want string
	}{
		{&Connack{SessionPresent: true}, "CONNACK connection accepted, session present"},
		{&Connack{ReturnCode: BadUserNameOrPassword}, "CONNACK bad user name or password"},
		{&Publish{TopicName: []byte("t")}, `PUBLISH "t" QoS 0 0 bytes`},
		{&Puback{1}, "PUBACK id 1"},
		{&Pubrec{1}, "PUBREC id 1"},
		{&Pubrel{1}, "PUBREL id 1"},
		{&Pubcomp{65535}, "PUBCOMP id 65535"},
		{&Subscribe{2, []Subscription{{[]byte("a/#"), QoS1}}}, `SUBSCRIBE id 2 "a/#" QoS 1`},
		{&Suback{2, []byte{1, 0x80}}, "SUBACK id 2 QoS 1 failure"},
		{&Unsubscribe{3, [][]byte{[]byte("a/#")}}, `UNSUBSCRIBE id 3 "a/#"`},
		{&Unsuback{3}, "UNSUBACK id 3"},
		{&Pingreq{}, "PINGREQ"},
		{&Pingresp{}, "PINGRESP"},
		{&Disconnect{}, "DISCONNECT"},
	} {
		require.Equal(t, c.want, c.p.String())
	}
	require.Equal(t, "reserved type 0", Type(0).String())
	require.Equal(t, "reserved type 15", Type(15).String())
	require.Equal(t, "reserved type 19", Type(19).String(), "not CONNACK: only four bits are a type")
	require.Equal(t, "reserved return code 6", ConnectCode(6).String())
}
