package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"

	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

var mochiCodec = codec{
	name: "mochi-mqtt",
	note: "mochi-mqtt/server v2.7.9, packets: bufio.Reader and one new body per packet, without its Validate step",
	decoder: func(wire []byte) func(int) (int, error) {
		r := bufio.NewReaderSize(&endless{wire: wire}, 4096)
		var pk packets.Packet
		return repeat(func() (*packets.Packet, error) {
			pk = packets.Packet{ProtocolVersion: 4}
			return &pk, mochiRead(r, &pk)
		}, mochiSum)
	},
	encoder: func(ps []mqttcodec.Packet) func(int) ([]byte, error) {
		var buf bytes.Buffer
		return repeatPackets(ps, mochiPacket, func(pk *packets.Packet) ([]byte, error) {
			buf.Reset()
			err := mochiEncode(pk, &buf)
			return buf.Bytes(), err
		})
	},
}

// mochiRead reads a packet as mochi's server does (clients.go, ReadFixedHeader and ReadPacket), with one copy less.
func mochiRead(r *bufio.Reader, pk *packets.Packet) error {
	b, err := r.ReadByte()
	if err != nil {
		return err
	}
	if err := pk.FixedHeader.Decode(b); err != nil {
		return err
	}
	if pk.FixedHeader.Remaining, _, err = packets.DecodeLength(r); err != nil {
		return err
	}
	body := make([]byte, pk.FixedHeader.Remaining)
	if _, err := io.ReadFull(r, body); err != nil {
		return err
	}
	switch pk.FixedHeader.Type {
	case packets.Publish:
		return pk.PublishDecode(body)
	case packets.Puback:
		return pk.PubackDecode(body)
	case packets.Subscribe:
		return pk.SubscribeDecode(body)
	case packets.Suback:
		return pk.SubackDecode(body)
	case packets.Connect:
		return pk.ConnectDecode(body)
	case packets.Pingreq, packets.Pingresp:
		return nil
	}
	return fmt.Errorf("unexpected type %d", pk.FixedHeader.Type)
}

func mochiSum(pk *packets.Packet) (int, error) {
	switch pk.FixedHeader.Type {
	case packets.Publish:
		return sum(3, int(pk.PacketID), len(pk.TopicName), len(pk.Payload)), nil
	case packets.Puback:
		return sum(4, int(pk.PacketID), 0, 0), nil
	case packets.Subscribe:
		return sum(8, int(pk.PacketID), len(pk.Filters), 0), nil
	case packets.Suback:
		return sum(9, int(pk.PacketID), len(pk.ReasonCodes), 0), nil
	case packets.Connect:
		return sum(1, int(pk.Connect.Keepalive), len(pk.Connect.Username), len(pk.Connect.Password)), nil
	}
	return sum(int(pk.FixedHeader.Type), 0, 0, 0), nil
}

func mochiPacket(p mqttcodec.Packet) *packets.Packet {
	pk := &packets.Packet{ProtocolVersion: 4, FixedHeader: packets.FixedHeader{Type: byte(p.Type())}}
	switch p := p.(type) {
	case *mqttcodec.Publish:
		pk.FixedHeader.Qos = byte(p.QoS)
		pk.TopicName, pk.PacketID, pk.Payload = string(p.TopicName), p.PacketID, p.Payload
	case *mqttcodec.Puback:
		pk.PacketID = p.PacketID
	case *mqttcodec.Subscribe:
		pk.FixedHeader.Qos = 1 // its way to set the reserved flags
		pk.PacketID = p.PacketID
		for _, s := range p.Subscriptions {
			pk.Filters = append(pk.Filters, packets.Subscription{Filter: string(s.TopicFilter), Qos: byte(s.QoS)})
		}
	case *mqttcodec.Suback:
		pk.PacketID, pk.ReasonCodes = p.PacketID, p.ReturnCodes
	case *mqttcodec.Connect:
		pk.Connect = packets.ConnectParams{ProtocolName: []byte("MQTT"), Keepalive: p.KeepAlive,
			ClientIdentifier: string(p.ClientID), UsernameFlag: true, Username: p.UserName, PasswordFlag: true, Password: p.Password}
	}
	return pk
}

func mochiEncode(pk *packets.Packet, buf *bytes.Buffer) error {
	switch pk.FixedHeader.Type {
	case packets.Publish:
		return pk.PublishEncode(buf)
	case packets.Puback:
		return pk.PubackEncode(buf)
	case packets.Subscribe:
		return pk.SubscribeEncode(buf)
	case packets.Suback:
		return pk.SubackEncode(buf)
	case packets.Connect:
		return pk.ConnectEncode(buf)
	case packets.Pingreq:
		return pk.PingreqEncode(buf)
	default:
		return pk.PingrespEncode(buf)
	}
}
