package main

import (
	"fmt"

	"github.com/256dpi/gomqtt/packet"

	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

var gomqttCodec = codec{
	name: "gomqtt",
	note: "256dpi/gomqtt v0.14.4, packet: its Decoder on an io.Reader, copies; Encode into a reused slice",
	decoder: func(wire []byte) func(int) (int, error) {
		d := packet.NewDecoder(&endless{wire: wire})
		return repeat(d.Read, func(p packet.Generic) (int, error) {
			switch p := p.(type) {
			case *packet.Publish:
				return sum(3, int(p.ID), len(p.Message.Topic), len(p.Message.Payload)), nil
			case *packet.Puback:
				return sum(4, int(p.ID), 0, 0), nil
			case *packet.Subscribe:
				return sum(8, int(p.ID), len(p.Subscriptions), 0), nil
			case *packet.Suback:
				return sum(9, int(p.ID), len(p.ReturnCodes), 0), nil
			case *packet.Connect:
				return sum(1, int(p.KeepAlive), len(p.Username), len(p.Password)), nil
			case *packet.Pingreq, *packet.Pingresp:
				return sum(int(p.Type()), 0, 0, 0), nil
			}
			return 0, fmt.Errorf("unexpected %T", p)
		})
	},
	encoder: func(ps []mqttcodec.Packet) func(int) ([]byte, error) {
		buf := make([]byte, 512<<10)
		return repeatPackets(ps, gomqttPacket, func(g packet.Generic) ([]byte, error) {
			n, err := g.Encode(buf[:g.Len()])
			return buf[:n], err
		})
	},
}

func gomqttPacket(p mqttcodec.Packet) packet.Generic {
	switch p := p.(type) {
	case *mqttcodec.Publish:
		return &packet.Publish{ID: packet.ID(p.PacketID),
			Message: packet.Message{Topic: string(p.TopicName), Payload: p.Payload, QOS: packet.QOS(p.QoS)}}
	case *mqttcodec.Puback:
		return &packet.Puback{ID: packet.ID(p.PacketID)}
	case *mqttcodec.Subscribe:
		s := &packet.Subscribe{ID: packet.ID(p.PacketID)}
		for _, sub := range p.Subscriptions {
			s.Subscriptions = append(s.Subscriptions, packet.Subscription{Topic: string(sub.TopicFilter), QOS: packet.QOS(sub.QoS)})
		}
		return s
	case *mqttcodec.Suback:
		s := &packet.Suback{ID: packet.ID(p.PacketID)}
		for _, code := range p.ReturnCodes {
			s.ReturnCodes = append(s.ReturnCodes, packet.QOS(code))
		}
		return s
	case *mqttcodec.Connect:
		return &packet.Connect{Version: 4, ClientID: string(p.ClientID), KeepAlive: p.KeepAlive, Username: string(p.UserName), Password: string(p.Password)}
	case *mqttcodec.Pingreq:
		return packet.NewPingreq()
	default:
		return packet.NewPingresp()
	}
}
