package main

import (
	"fmt"
	"io"
	"math/rand/v2"
	"slices"

	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

// A workload is packets to encode, and their bytes to decode.
type workload struct {
	name    string
	packets []mqttcodec.Packet
	wire    []byte
}

func newWorkload(name string, packets ...mqttcodec.Packet) workload {
	w := workload{name: name, packets: packets}
	for _, p := range packets {
		var err error
		if w.wire, err = mqttcodec.Append(w.wire, p); err != nil {
			panic(fmt.Sprintf("workload %s: %v", name, err))
		}
	}
	return w
}

const telemetryTopic = "devices/MyDevice01/messages/events/$.ct=application%2Fjson&$.ce=utf-8"

// mixed is the name of the stream of mixedPackets packets.
const (
	mixed        = "mixed stream"
	mixedPackets = 10_000
)

// workloads returns what is measured: single packets that an IoT Hub device sends and receives, and a stream of them.
func workloads() []workload {
	sas := "SharedAccessSignature sr=myhub.azure-devices.net%2Fdevices%2FMyDevice01&sig=" +
		"c2lnbmF0dXJlIG9mIDMyIGJ5dGVzLCBiYXNlNjQuLi4h%3D&se=1893456000"
	subscribe := &mqttcodec.Subscribe{PacketID: 11, Subscriptions: []mqttcodec.Subscription{
		{TopicFilter: []byte("devices/MyDevice01/messages/devicebound/#"), QoS: mqttcodec.QoS1},
		{TopicFilter: []byte("$iothub/methods/POST/#")},
		{TopicFilter: []byte("$iothub/twin/res/#")},
	}}
	return []workload{
		newWorkload("PUBLISH QoS 1, 100 B", publish(telemetryTopic, mqttcodec.QoS1, 7, 100)),
		newWorkload("PUBLISH QoS 0, 4 KiB", publish(telemetryTopic, mqttcodec.QoS0, 0, 4<<10)),
		newWorkload("PUBLISH QoS 1, 256 KiB", publish(telemetryTopic, mqttcodec.QoS1, 7, 256<<10)),
		newWorkload("PUBACK", &mqttcodec.Puback{PacketID: 7}),
		newWorkload("SUBSCRIBE of 3", subscribe),
		newWorkload("CONNECT with SAS", &mqttcodec.Connect{ClientID: []byte("MyDevice01"), KeepAlive: 240, UserNameFlag: true,
			UserName:     []byte("myhub.azure-devices.net/MyDevice01/?api-version=2021-04-12"),
			PasswordFlag: true, Password: []byte(sas)}),
		newWorkload(mixed, mixedStream(subscribe)...),
	}
}

// only is the name of the one workload that is measured; empty: all of them.
var only string

// measured returns the workloads that are to be measured.
func measured() []workload {
	return slices.DeleteFunc(workloads(), func(w workload) bool { return only != "" && w.name != only })
}

func publish(topic string, qos mqttcodec.QoS, id uint16, payload int) *mqttcodec.Publish {
	return &mqttcodec.Publish{QoS: qos, TopicName: []byte(topic), PacketID: id, Payload: make([]byte, payload)}
}

// mixedStream is four parts in five PUBLISH of 100 to 300 bytes of payload, and the rest what goes with them.
func mixedStream(subscribe *mqttcodec.Subscribe) (packets []mqttcodec.Packet) {
	topics := []string{telemetryTopic, "devices/MyDevice01/messages/devicebound/%24.to=x", "$iothub/twin/res/200/?$rid=1",
		"$iothub/methods/POST/reboot/?$rid=2"}
	r := rand.New(rand.NewPCG(1, 2))
	for range mixedPackets {
		id := uint16(1 + r.IntN(0xffff))
		var p mqttcodec.Packet
		switch n := r.IntN(100); {
		case n < 40:
			p = publish(topics[r.IntN(len(topics))], mqttcodec.QoS1, id, 100+r.IntN(201))
		case n < 80:
			p = publish(topics[r.IntN(len(topics))], mqttcodec.QoS0, 0, 100+r.IntN(201))
		case n < 92:
			p = &mqttcodec.Puback{PacketID: id}
		case n < 94:
			p = subscribe
		case n < 96:
			p = &mqttcodec.Suback{PacketID: id, ReturnCodes: []byte{1, 0, 0}}
		case n < 98:
			p = &mqttcodec.Pingreq{}
		default:
			p = &mqttcodec.Pingresp{}
		}
		packets = append(packets, p)
	}
	return packets
}

// endless is a stream of wire again and again. It fills whatever it is given, as the memory of a busy socket would.
type endless struct {
	wire []byte
	at   int
}

func (e *endless) Read(p []byte) (n int, err error) {
	for n < len(p) {
		m := copy(p[n:], e.wire[e.at:])
		n += m
		if e.at += m; e.at == len(e.wire) {
			e.at = 0
		}
	}
	return n, nil
}

func (e *endless) Close() error { return nil }

var _ io.ReadCloser = (*endless)(nil)
