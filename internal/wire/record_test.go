package wire

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

// wireSize is what the carrier says of each packet's size: the log believes it.
const wireSize = 4711

var start = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// say adds packets ten milliseconds apart and returns what each means, with whom it belongs to.
func meanings(t *testing.T, l *Log, packets ...any) (list []string) {
	t.Helper()
	for i := 0; i < len(packets); i += 2 {
		at := start.Add(time.Duration(l.number) * 10 * time.Millisecond)
		require.NoError(t, l.Add(at, packets[i].(Direction), 1, wireSize, packets[i+1].(mqttcodec.Packet)))
	}
	for _, r := range l.Records() {
		list = append(list, fmt.Sprintf("%d %s (%d)", r.Number, r.Meaning, r.Partner))
	}
	return list
}

func publish(topic string, qos mqttcodec.QoS, id uint16, payload string) *mqttcodec.Publish {
	return &mqttcodec.Publish{TopicName: []byte(topic), QoS: qos, PacketID: id, Payload: []byte(payload)}
}

func TestRequestsAreJoinedToTheirAnswers(t *testing.T) {
	var l Log
	require.Equal(t, []string{
		"1 connects as dev (2)",
		"2 connected, with a new session (1)",
		"3 subscribes to $iothub/twin/res/# (4)",
		"4 subscribed (3)",
		"5 twin GET, rid 7 (8)",
		"6 telemetry, 2 bytes (7)",
		"7 message 1 acknowledged: the hub has it (6)",
		"8 twin GET, rid 7, answered 200 in 30 ms (5)",
		"9 direct method reboot is called, rid 7 (10)",
		"10 direct method answered 200 after 10 ms, rid 7 (9)",
		"11 cloud-to-device message, 5 bytes (12)",
		"12 message 1 taken: the hub may forget it (11)",
		"13 twin answer 204 to rid 8, which nobody asked (0)",
		"14 a message to a topic that is none of IoT Hub's (0)",
		"15 keep-alive: are you there? (16)",
		"16 keep-alive: the hub is there (15)",
	}, meanings(t, &l,
		Sent, &mqttcodec.Connect{ClientID: []byte("dev"), UserNameFlag: true, UserName: []byte("h.azure-devices.net/dev/?api-version=2021-04-12")},
		Received, &mqttcodec.Connack{},
		Sent, &mqttcodec.Subscribe{PacketID: 1, Subscriptions: []mqttcodec.Subscription{{TopicFilter: []byte("$iothub/twin/res/#")}}},
		Received, &mqttcodec.Suback{PacketID: 1, ReturnCodes: []byte{0}},
		Sent, publish("$iothub/twin/GET/?$rid=7", 0, 0, ""),
		Sent, publish("devices/dev/messages/events/", 1, 1, "{}"),
		Received, &mqttcodec.Puback{PacketID: 1},
		Received, publish("$iothub/twin/res/200/?$rid=7", 0, 0, "{}"),
		Received, publish("$iothub/methods/POST/reboot/?$rid=7", 0, 0, "{}"),
		Sent, publish("$iothub/methods/res/200/?$rid=7", 0, 0, "{}"),
		Received, publish("devices/dev/messages/devicebound/", 1, 1, "hello"),
		Sent, &mqttcodec.Puback{PacketID: 1},
		Received, publish("$iothub/twin/res/204/?$rid=8&$version=3", 0, 0, ""),
		Sent, publish("other", 0, 0, ""),
		Sent, &mqttcodec.Pingreq{},
		Received, &mqttcodec.Pingresp{},
	))
}

func TestAnAnswerOfAnotherConnectionIsNone(t *testing.T) {
	var l Log
	connect := &mqttcodec.Connect{ClientID: []byte("dev"), CleanSession: true}
	meanings(t, &l, Sent, connect, Sent, publish("$iothub/twin/GET/?$rid=7", 0, 0, ""), Sent, connect, Received, publish("$iothub/twin/res/200/?$rid=7", 0, 0, "{}"))
	require.Zero(t, l.Records()[3].Partner)
	require.Equal(t, 2, l.Records()[3].Connection)
}

func TestNoSecretReachesARecord(t *testing.T) {
	const key = "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LTEyMzQ=" // 32 bytes in base64
	var l Log
	meanings(t, &l,
		Sent, &mqttcodec.Connect{ClientID: []byte("dev"), UserNameFlag: true, UserName: []byte("h/dev/?api-version=2021-04-12"), PasswordFlag: true,
			Password: []byte("SharedAccessSignature sr=h&sig=" + key), WillFlag: true, WillTopic: []byte("devices/dev/messages/events/"), WillMessage: []byte("SharedAccessKey=" + key)},
		Sent, publish("devices/dev/messages/events/key="+key, 0, 0, `{"primaryKey":"`+key+`"}`),
		Sent, &mqttcodec.Subscribe{PacketID: 1, Subscriptions: []mqttcodec.Subscription{{TopicFilter: []byte(key)}}},
	)
	var lines, capture bytes.Buffer
	require.NoError(t, WriteJSONLines(&lines, l.Records()))
	require.NoError(t, WritePcapng(&capture, l.Records()))
	for _, r := range l.Records() {
		require.True(t, r.Redacted, r.Type)
		require.NotContains(t, string(r.Bytes), key)
		require.NotContains(t, r.Meaning.String(), key)
	}
	require.NotContains(t, capture.String(), key)
	require.NotContains(t, lines.String(), key)
	for at := json.NewDecoder(&lines); at.More(); {
		var one line
		require.NoError(t, at.Decode(&one))
		require.True(t, one.Redacted)
	}
}

func TestALogIsBounded(t *testing.T) {
	l := Log{Limit: 16}
	for i := range 100 {
		meanings(t, &l, Sent, publish("devices/dev/messages/events/", 0, 0, fmt.Sprint(i)))
		require.LessOrEqual(t, len(l.Records()), 16)
		require.Equal(t, i+1, l.Dropped()+len(l.Records()))
	}
	require.Equal(t, 100, l.Records()[len(l.Records())-1].Number)

	l = Log{LimitBytes: 4096}
	for range 10 {
		meanings(t, &l, Sent, publish("devices/dev/messages/events/", 0, 0, string(make([]byte, 1500))))
		require.LessOrEqual(t, l.bytes, 4096)
	}
	meanings(t, &l, Sent, publish("devices/dev/messages/events/", 0, 0, string(make([]byte, 9000))))
	require.Len(t, l.Records(), 1, "the newest stays, whatever its size")
	require.Equal(t, wireSize, l.Records()[0].Size, "as the wire had it, not as it is kept")
}
