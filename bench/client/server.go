//go:build !js

package main

import (
	"bufio"
	"errors"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
	"github.com/hubpanel/hubpanel/pkg/wsconn"
)

// playHub plays the hub of a task for each connection to its path.
func playHub(w http.ResponseWriter, r *http.Request) {
	below := &hijacked{ResponseWriter: w}
	conn, err := wsconn.Accept(below, r)
	if err != nil {
		return
	}
	defer conn.Close()
	h := &hub{conn: conn, below: below.conn, task: task(strings.TrimPrefix(r.URL.Path, "/")), acks: make(chan []byte, 1), ended: make(chan struct{})}
	go h.acknowledge()
	h.read()
	close(h.acks)
	<-h.ended
}

// hijacked notes the connection that a WebSocket runs on.
type hijacked struct {
	http.ResponseWriter
	conn net.Conn
}

func (h *hijacked) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(h.ResponseWriter).Hijack()
	h.conn = conn
	return conn, rw, err
}

// A hub is the server's end of one connection. It knows no more than the tasks want.
type hub struct {
	conn  net.Conn
	below net.Conn // what conn runs on. Thousands of frames go there directly, many with one Write, so that it is not this server that is measured
	task  task
	acks  chan []byte // PUBACKs that are not written; what is in it may be taken back and added to
	ended chan struct{}
}

func (h *hub) read() {
	var in mqttcodec.Buffer
	chunk := make([]byte, 64<<10)
	for {
		n, err := h.conn.Read(chunk)
		if err != nil {
			return
		}
		if _, err := in.Write(chunk[:n]); err != nil {
			return
		}
		var acks []byte
		for {
			p, err := in.Next()
			if err != nil {
				break
			}
			if acks, err = h.answer(acks, p); err != nil {
				return
			}
		}
		if len(acks) == 0 {
			continue
		}
		select {
		case before := <-h.acks:
			acks = append(before, acks...)
		default:
		}
		h.acks <- acks
	}
}

var errBye = errors.New("the client has disconnected")

func (h *hub) answer(acks []byte, p mqttcodec.Packet) ([]byte, error) {
	switch p := p.(type) {
	case *mqttcodec.Connect:
		return acks, h.send(&mqttcodec.Connack{})
	case *mqttcodec.Subscribe:
		return acks, h.send(&mqttcodec.Suback{PacketID: p.PacketID, ReturnCodes: make([]byte, len(p.Subscriptions))})
	case *mqttcodec.Publish:
		if p.QoS == mqttcodec.QoS1 {
			return mqttcodec.Append(acks, &mqttcodec.Puback{PacketID: p.PacketID})
		}
		if string(p.Payload) == floodOrder {
			go h.flood()
		}
	case *mqttcodec.Disconnect:
		return acks, errBye
	}
	return acks, nil
}

func (h *hub) send(p mqttcodec.Packet) error {
	b, err := mqttcodec.Append(nil, p)
	if err == nil {
		_, err = h.conn.Write(b)
	}
	return err
}

func (h *hub) acknowledge() {
	defer close(h.ended)
	const size = 4 // of a PUBACK
	for acks := range h.acks {
		if h.task != sendSingle {
			time.Sleep(time.Millisecond)
			select {
			case more := <-h.acks:
				acks = append(acks, more...)
			default:
			}
			if _, err := h.conn.Write(acks); err != nil {
				return
			}
			continue
		}
		var frames []byte
		for ack := range slices.Chunk(acks, size) {
			frames = appendFrame(frames, ack)
		}
		if _, err := h.below.Write(frames); err != nil {
			return
		}
	}
}

// appendFrame adds a WebSocket frame with a short binary message (RFC 6455 section 5.2).
func appendFrame(b, message []byte) []byte {
	const finBinary = 0x82
	if len(message) < 126 {
		return append(append(b, finBinary, byte(len(message))), message...)
	}
	return append(append(b, finBinary, 126, byte(len(message)>>8), byte(len(message))), message...)
}

// flood sends all messages, one a frame.
func (h *hub) flood() {
	p := mqttcodec.Publish{TopicName: []byte(c2dTopic), Payload: body()}
	var frames, packet []byte
	for i := range messages {
		if h.task == receiveQoS1 {
			p.QoS, p.PacketID = mqttcodec.QoS1, uint16(i+1)
		}
		var err error
		if packet, err = mqttcodec.Append(packet[:0], &p); err != nil {
			panic(err)
		}
		frames = appendFrame(frames, packet)
	}
	// An error is the client's going away, of which the reader knows too.
	_, _ = h.below.Write(frames)
}
