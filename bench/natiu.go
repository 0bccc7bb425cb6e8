package main

import (
	"bytes"
	"io"

	mqtt "github.com/soypat/natiu-mqtt"

	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

var natiuCodec = codec{
	name: "natiu-mqtt",
	note: "soypat/natiu-mqtt v0.7.0: callbacks, views; the payload is read into a reused buffer",
	decoder: func(wire []byte) func(int) (int, error) {
		var found int
		payload := make([]byte, 512<<10)
		rx := &mqtt.Rx{RxCallbacks: mqtt.RxCallbacks{
			OnConnect: func(_ *mqtt.Rx, c *mqtt.VariablesConnect) error {
				found = sum(1, int(c.KeepAlive), len(c.Username), len(c.Password))
				return nil
			},
			OnPub: func(rx *mqtt.Rx, p mqtt.VariablesPublish, r io.Reader) error {
				qos := rx.LastReceivedHeader.Flags().QoS()
				n, err := io.ReadFull(r, payload[:int(rx.LastReceivedHeader.RemainingLength)-p.Size(qos)])
				found = sum(3, int(p.PacketIdentifier), len(p.TopicName), n)
				return err
			},
			OnOther: func(rx *mqtt.Rx, id uint16) error {
				found = sum(int(rx.LastReceivedHeader.Type()), int(id), 0, 0)
				return nil
			},
			OnSub: func(_ *mqtt.Rx, s mqtt.VariablesSubscribe) error {
				found = sum(8, int(s.PacketIdentifier), len(s.TopicFilters), 0)
				return nil
			},
			OnSuback: func(_ *mqtt.Rx, s mqtt.VariablesSuback) error {
				found = sum(9, int(s.PacketIdentifier), len(s.ReturnCodes), 0)
				return nil
			},
		}}
		rx.SetDecoder(mqtt.DecoderNoAlloc{UserBuffer: make([]byte, 4096)})
		rx.SetRxTransport(&endless{wire: wire})
		return repeat(rx.ReadNextPacket, func(int) (int, error) { return found, nil })
	},
	encoder: func(ps []mqttcodec.Packet) func(int) ([]byte, error) {
		var buf natiuTransport
		tx := &mqtt.Tx{}
		tx.SetTxTransport(&buf)
		write := func(p mqttcodec.Packet) func() error { return natiuWrite(tx, p) }
		return repeatPackets(ps, write, func(write func() error) ([]byte, error) {
			buf.Reset()
			err := write()
			return buf.Bytes(), err
		})
	},
}

type natiuTransport struct{ bytes.Buffer }

func (*natiuTransport) Close() error { return nil }

func natiuWrite(tx *mqtt.Tx, p mqttcodec.Packet) func() error {
	switch p := p.(type) {
	case *mqttcodec.Publish:
		flags, err := mqtt.NewPublishFlags(mqtt.QoSLevel(p.QoS), false, false)
		if err != nil {
			panic(err)
		}
		v := mqtt.VariablesPublish{TopicName: p.TopicName, PacketIdentifier: p.PacketID}
		h, err := mqtt.NewHeader(mqtt.PacketPublish, flags, uint32(v.Size(mqtt.QoSLevel(p.QoS))+len(p.Payload)))
		if err != nil {
			panic(err)
		}
		return func() error { return tx.WritePublishPayload(h, v, p.Payload) }
	case *mqttcodec.Puback:
		return func() error { return tx.WriteIdentified(mqtt.PacketPuback, p.PacketID) }
	case *mqttcodec.Subscribe:
		v := mqtt.VariablesSubscribe{PacketIdentifier: p.PacketID}
		for _, s := range p.Subscriptions {
			v.TopicFilters = append(v.TopicFilters, mqtt.SubscribeRequest{TopicFilter: s.TopicFilter, QoS: mqtt.QoSLevel(s.QoS)})
		}
		return func() error { return tx.WriteSubscribe(v) }
	case *mqttcodec.Suback:
		v := mqtt.VariablesSuback{PacketIdentifier: p.PacketID}
		for _, code := range p.ReturnCodes {
			v.ReturnCodes = append(v.ReturnCodes, mqtt.QoSLevel(code))
		}
		return func() error { return tx.WriteSuback(v) }
	case *mqttcodec.Connect:
		v := &mqtt.VariablesConnect{ClientID: p.ClientID, Protocol: []byte("MQTT"), ProtocolLevel: 4, KeepAlive: p.KeepAlive,
			Username: p.UserName, Password: p.Password}
		return func() error { return tx.WriteConnect(v) }
	case *mqttcodec.Pingreq:
		return func() error { return tx.WriteSimple(mqtt.PacketPingreq) }
	default:
		return func() error { return tx.WriteSimple(mqtt.PacketPingresp) }
	}
}
