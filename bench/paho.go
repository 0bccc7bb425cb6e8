package main

import (
	"bytes"
	"fmt"

	"github.com/eclipse/paho.mqtt.golang/packets"

	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

var pahoCodec = codec{
	name: "paho.mqtt.golang",
	note: "eclipse/paho.mqtt.golang v1.5.1, packets: io.Reader, copies",
	decoder: func(wire []byte) func(int) (int, error) {
		r := &endless{wire: wire}
		return repeat(func() (packets.ControlPacket, error) { return packets.ReadPacket(r) }, func(p packets.ControlPacket) (int, error) {
			switch p := p.(type) {
			case *packets.PublishPacket:
				return sum(3, int(p.MessageID), len(p.TopicName), len(p.Payload)), nil
			case *packets.PubackPacket:
				return sum(4, int(p.MessageID), 0, 0), nil
			case *packets.SubscribePacket:
				return sum(8, int(p.MessageID), len(p.Topics), 0), nil
			case *packets.SubackPacket:
				return sum(9, int(p.MessageID), len(p.ReturnCodes), 0), nil
			case *packets.ConnectPacket:
				return sum(1, int(p.Keepalive), len(p.Username), len(p.Password)), nil
			case *packets.PingreqPacket:
				return sum(12, 0, 0, 0), nil
			case *packets.PingrespPacket:
				return sum(13, 0, 0, 0), nil
			}
			return 0, fmt.Errorf("unexpected %T", p)
		})
	},
	encoder: func(ps []mqttcodec.Packet) func(int) ([]byte, error) {
		var buf bytes.Buffer
		return repeatPackets(ps, pahoPacket, func(cp packets.ControlPacket) ([]byte, error) {
			buf.Reset()
			err := cp.Write(&buf)
			return buf.Bytes(), err
		})
	},
}

func pahoPacket(p mqttcodec.Packet) packets.ControlPacket {
	cp := packets.NewControlPacket(byte(p.Type()))
	switch p := p.(type) {
	case *mqttcodec.Publish:
		c := cp.(*packets.PublishPacket)
		c.Qos, c.TopicName, c.MessageID, c.Payload = byte(p.QoS), string(p.TopicName), p.PacketID, p.Payload
	case *mqttcodec.Puback:
		cp.(*packets.PubackPacket).MessageID = p.PacketID
	case *mqttcodec.Subscribe:
		c := cp.(*packets.SubscribePacket)
		c.MessageID = p.PacketID
		for _, s := range p.Subscriptions {
			c.Topics, c.Qoss = append(c.Topics, string(s.TopicFilter)), append(c.Qoss, byte(s.QoS))
		}
	case *mqttcodec.Suback:
		c := cp.(*packets.SubackPacket)
		c.MessageID, c.ReturnCodes = p.PacketID, p.ReturnCodes
	case *mqttcodec.Connect:
		c := cp.(*packets.ConnectPacket)
		c.ProtocolName, c.ProtocolVersion, c.Keepalive = "MQTT", 4, p.KeepAlive
		c.ClientIdentifier = string(p.ClientID)
		c.UsernameFlag, c.Username = true, string(p.UserName)
		c.PasswordFlag, c.Password = true, p.Password
	}
	return cp
}
