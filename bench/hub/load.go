package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
	"github.com/hubpanel/hubpanel/pkg/wsconn"
)

const (
	window  = 20 // messages of a device in flight
	payload = 100
	dialers = 32 // at a time
)

// device is a client's end of a connection.
type device struct {
	id   string
	conn net.Conn
	r    *mqttcodec.Reader
}

func deviceID(i int) string { return fmt.Sprintf("device-%05d", i) }

// connect brings a device online.
func connect(ctx context.Context, s server, i int) (*device, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	conn, err := wsconn.Dial(ctx, "ws://"+s.host+hubproto.WebSocketPath)
	if err != nil {
		return nil, err
	}
	d := &device{deviceID(i), conn, mqttcodec.NewReader(conn, 0)}
	raw, err := mqttcodec.Append(nil, &mqttcodec.Connect{
		CleanSession: true, KeepAlive: 1177, ClientID: []byte(d.id), UserNameFlag: true, PasswordFlag: true,
		UserName: []byte(hubproto.Username{Host: s.host, DeviceID: d.id, APIVersion: hubproto.APIVersion}.String()),
		Password: []byte(s.token),
	})
	if err == nil {
		_, err = conn.Write(raw)
	}
	var p mqttcodec.Packet
	if err == nil {
		p, err = d.r.Next()
	}
	if err == nil {
		if c, ok := p.(*mqttcodec.Connack); !ok || c.ReturnCode != mqttcodec.ConnectionAccepted {
			err = fmt.Errorf("%s answered CONNECT with %+v", s.name, p)
		}
	}
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("%s: %w", d.id, err)
	}
	return d, nil
}

// connectAll connects the first n devices. Those that it returns with an error are to be closed too.
func connectAll(ctx context.Context, s server, n int) ([]*device, error) {
	devices := make([]*device, n)
	errs := make([]error, dialers)
	var next atomic.Int64
	var wg sync.WaitGroup
	for w := range dialers {
		wg.Go(func() {
			for errs[w] == nil {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				devices[i], errs[w] = connect(ctx, s, i)
			}
		})
	}
	wg.Wait()
	return slices.DeleteFunc(devices, func(d *device) bool { return d == nil }), errors.Join(errs...)
}

func closeAll(devices []*device) {
	var wg sync.WaitGroup
	limit := make(chan struct{}, dialers)
	for _, d := range devices {
		limit <- struct{}{}
		wg.Go(func() { d.conn.Close(); <-limit })
	}
	wg.Wait()
}

// measure sends telemetry for one round, with batch messages in each WebSocket message.
func (l *load) measure(ctx context.Context, s server, p plan, batch int) error {
	devices, err := connectAll(ctx, s, p.senders)
	defer closeAll(devices)
	if err != nil {
		return err
	}
	before, err := s.cpu()
	if err != nil {
		return err
	}
	began := time.Now()
	end := began.Add(p.duration)
	counts, errs := make([]int, len(devices)), make([]error, len(devices))
	var wg sync.WaitGroup
	for i, d := range devices {
		wg.Go(func() { counts[i], errs[i] = d.sendUntil(end, batch) })
	}
	wg.Wait()
	elapsed := time.Since(began)
	after, err := s.cpu()
	if err := errors.Join(append(errs, err)...); err != nil {
		return err
	}
	total := 0
	for _, n := range counts {
		total += n
	}
	l.rate = append(l.rate, float64(total)/elapsed.Seconds())
	l.cpu = append(l.cpu, float64((after-before).Microseconds())/float64(total))
	return nil
}

// sendUntil sends windows of messages, each when the last was acknowledged, and counts the messages.
func (d *device) sendUntil(end time.Time, batch int) (count int, err error) {
	var writes [][]byte
	for i := range window {
		if i%batch == 0 {
			writes = append(writes, nil)
		}
		last := &writes[len(writes)-1]
		*last, err = mqttcodec.Append(*last, &mqttcodec.Publish{QoS: mqttcodec.QoS1, PacketID: uint16(i + 1), Payload: make([]byte, payload),
			TopicName: []byte("devices/" + d.id + "/messages/events/%24.ct=application%2Fjson&%24.ce=utf-8&sensor=one&unit=K")})
		if err != nil {
			return 0, err
		}
	}
	for time.Now().Before(end) {
		for _, raw := range writes {
			if _, err := d.conn.Write(raw); err != nil {
				return count, fmt.Errorf("%s: %w", d.id, err)
			}
		}
		for range window {
			p, err := d.r.Next()
			if err != nil {
				return count, fmt.Errorf("%s: %w", d.id, err)
			}
			if p.Type() != mqttcodec.PUBACK {
				return count, fmt.Errorf("%s: the server sent %v instead of PUBACK", d.id, p.Type())
			}
			count++
		}
	}
	return count, nil
}
