package main

import (
	"bufio"
	"bytes"

	"github.com/goiiot/libmqtt"

	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

var libmqttCodec = codec{
	name: "libmqtt",
	note: "goiiot/libmqtt v0.9.6: bufio.Reader, copies",
	decoder: func(wire []byte) func(int) (int, error) {
		r := bufio.NewReaderSize(&endless{wire: wire}, 4096)
		return repeat(func() (libmqtt.Packet, error) { return libmqtt.Decode(libmqtt.V311, r) }, func(p libmqtt.Packet) (int, error) {
			switch p := p.(type) {
			case *libmqtt.PublishPacket:
				return sum(3, int(p.PacketID), len(p.TopicName), len(p.Payload)), nil
			case *libmqtt.PubAckPacket:
				return sum(4, int(p.PacketID), 0, 0), nil
			case *libmqtt.SubscribePacket:
				return sum(8, int(p.PacketID), len(p.Topics), 0), nil
			case *libmqtt.SubAckPacket:
				return sum(9, int(p.PacketID), len(p.Codes), 0), nil
			case *libmqtt.ConnPacket:
				return sum(1, int(p.Keepalive), len(p.Username), len(p.Password)), nil
			}
			return sum(int(p.Type()), 0, 0, 0), nil
		})
	},
	encoder: func(ps []mqttcodec.Packet) func(int) ([]byte, error) {
		var buf bytes.Buffer
		return repeatPackets(ps, libmqttPacket, func(l libmqtt.Packet) ([]byte, error) {
			buf.Reset()
			err := libmqtt.Encode(l, &buf)
			return buf.Bytes(), err
		})
	},
}

func libmqttPacket(p mqttcodec.Packet) libmqtt.Packet {
	base := libmqtt.BasePacket{ProtoVersion: libmqtt.V311}
	switch p := p.(type) {
	case *mqttcodec.Publish:
		return &libmqtt.PublishPacket{BasePacket: base, TopicName: string(p.TopicName), Qos: libmqtt.QosLevel(p.QoS), PacketID: p.PacketID, Payload: p.Payload}
	case *mqttcodec.Puback:
		return &libmqtt.PubAckPacket{BasePacket: base, PacketID: p.PacketID}
	case *mqttcodec.Subscribe:
		s := &libmqtt.SubscribePacket{BasePacket: base, PacketID: p.PacketID}
		for _, sub := range p.Subscriptions {
			s.Topics = append(s.Topics, &libmqtt.Topic{Name: string(sub.TopicFilter), Qos: libmqtt.QosLevel(sub.QoS)})
		}
		return s
	case *mqttcodec.Suback:
		return &libmqtt.SubAckPacket{BasePacket: base, PacketID: p.PacketID, Codes: p.ReturnCodes}
	case *mqttcodec.Connect:
		return &libmqtt.ConnPacket{BasePacket: base, ProtoName: "MQTT", ClientID: string(p.ClientID), Keepalive: p.KeepAlive,
			Username: string(p.UserName), Password: string(p.Password)}
	case *mqttcodec.Pingreq:
		return libmqtt.PingReqPacket
	default:
		return libmqtt.PingRespPacket
	}
}
