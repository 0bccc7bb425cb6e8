package hubclient

import (
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

// A miniHub answers everything by itself, with a cloud-to-device message and a direct method for the device. It cuts its first
// connection after so many bytes in one of the directions.
type miniHub struct {
	t    *testing.T
	net  *network
	quit chan struct{}
	done sync.WaitGroup

	sent, received int // bytes on the first connection

	telemetry []string
	answers   []string
	c2dDone   bool
	reported  int64
}

func newMiniHub(t *testing.T, n *network, cutSent, cutReceived int) *miniHub {
	h := &miniHub{t: t, net: n, quit: make(chan struct{})}
	h.done.Go(func() {
		for {
			select {
			case conn := <-n.conns:
				h.serve(&meter{Conn: conn, hub: h, cutSent: cutSent, cutReceived: cutReceived})
				cutSent, cutReceived = -1, -1
			case <-h.quit:
				return
			}
		}
	})
	return h
}

func (h *miniHub) close() {
	close(h.quit)
	h.done.Wait()
}

// A meter counts bytes and cuts the connection where it is told to; a negative count is never reached.
type meter struct {
	net.Conn
	hub                  *miniHub
	cutSent, cutReceived int
	sent, received       int
}

func (m *meter) Read(b []byte) (int, error) {
	if m.cutReceived >= 0 {
		b = b[:min(len(b), m.cutReceived-m.received)]
		if len(b) == 0 {
			m.Close()
			return 0, net.ErrClosed
		}
	}
	n, err := m.Conn.Read(b)
	m.received += n
	m.hub.received = max(m.hub.received, m.received)
	return n, err
}

func (m *meter) Write(b []byte) (int, error) {
	if m.cutSent >= 0 && m.sent+len(b) > m.cutSent {
		b = b[:m.cutSent-m.sent]
		if len(b) > 0 {
			m.Conn.Write(b)
		}
		m.Close()
		return len(b), net.ErrClosed
	}
	n, err := m.Conn.Write(b)
	m.sent += n
	m.hub.sent = max(m.hub.sent, m.sent)
	return n, err
}

func (h *miniHub) serve(conn *meter) {
	defer conn.Close()
	r := mqttcodec.NewReader(conn, 0)
	for {
		p, err := r.Next()
		if err != nil {
			return
		}
		for _, reply := range h.reply(p) {
			b, err := mqttcodec.Append(nil, reply)
			if err != nil {
				panic(err)
			}
			if _, err := conn.Write(b); err != nil {
				return
			}
		}
	}
}

func (h *miniHub) reply(p mqttcodec.Packet) (replies []mqttcodec.Packet) {
	switch p := p.(type) {
	case *mqttcodec.Connect:
		return []mqttcodec.Packet{&mqttcodec.Connack{SessionPresent: true}}
	case *mqttcodec.Subscribe:
		replies = append(replies, &mqttcodec.Suback{PacketID: p.PacketID, ReturnCodes: make([]byte, len(p.Subscriptions))})
		if !h.c2dDone {
			replies = append(replies, &mqttcodec.Publish{QoS: 1, PacketID: 9, TopicName: []byte("devices/dev-1/messages/devicebound/"), Payload: []byte("c2d")})
		}
		if len(h.answers) == 0 {
			replies = append(replies, message("$iothub/methods/POST/m/?$rid=m", `{"b":2}`))
		}
		return replies
	case *mqttcodec.Puback:
		h.c2dDone = true
	case *mqttcodec.Publish:
		topic := string(p.TopicName)
		parsed, err := hubproto.ParseTopic(topic)
		if err != nil {
			panic(err)
		}
		switch parsed.Kind {
		case hubproto.Telemetry:
			h.telemetry = append(h.telemetry, string(p.Payload))
			return []mqttcodec.Packet{&mqttcodec.Puback{PacketID: p.PacketID}}
		case hubproto.MethodResponse:
			h.answers = append(h.answers, topic)
		case hubproto.TwinGet:
			return []mqttcodec.Packet{message(strings.Replace(topic, "GET", "res/200", 1), `{"desired":{"$version":3},"reported":{"$version":4}}`)}
		case hubproto.TwinPatchReported:
			h.reported++
			answer := hubproto.Topic{Kind: hubproto.TwinResponse, Status: 204, RID: parsed.RID, HasVersion: true, Version: h.reported}
			return []mqttcodec.Packet{message(answer.String(), "")}
		}
	}
	return nil
}
