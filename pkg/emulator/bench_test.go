//go:build !js

package emulator_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/pkg/emulator"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
	"github.com/hubpanel/hubpanel/pkg/wsconn"
)

// benchDevice connects without the test harness, which would be measured too.
func benchDevice(b *testing.B, hub *emulator.Hub, dial func() (net.Conn, error), name, id string) (net.Conn, *mqttcodec.Reader) {
	b.Helper()
	d, err := hub.PutDevice(b.Context(), emulator.Device{DeviceID: id})
	require.NoError(b, err)
	conn, err := dial()
	require.NoError(b, err)
	key, err := hubproto.ParseKey(d.Authentication.SymmetricKey.PrimaryKey)
	require.NoError(b, err)
	raw, err := mqttcodec.Append(nil, &mqttcodec.Connect{
		CleanSession: true, ClientID: []byte(id), UserNameFlag: true, PasswordFlag: true,
		UserName: []byte(hubproto.Username{Host: name, DeviceID: id, APIVersion: hubproto.APIVersion}.String()),
		Password: []byte(hubproto.SignSAS(key, hubproto.DeviceResource(name, id, ""), "", time.Now().Add(time.Hour))),
	})
	require.NoError(b, err)
	_, err = conn.Write(raw)
	require.NoError(b, err)
	r := mqttcodec.NewReader(conn, 0)
	p, err := r.Next()
	require.NoError(b, err)
	require.Equal(b, &mqttcodec.Connack{}, p)
	return conn, r
}

// BenchmarkTelemetry is QoS 1 telemetry of 100 bytes with two properties from 100 connections, in windows of 20.
func BenchmarkTelemetry(b *testing.B) {
	run := func(b *testing.B, hub *emulator.Hub, name string, dial func() (net.Conn, error)) {
		const connections, window = 100, 20
		type device struct {
			conn  net.Conn
			r     *mqttcodec.Reader
			batch []byte
		}
		devices := make([]device, connections)
		for i := range devices {
			id := fmt.Sprintf("dev-%d", i)
			d := &devices[i]
			d.conn, d.r = benchDevice(b, hub, dial, name, id)
			defer d.conn.Close()
			for n := range window {
				var err error
				d.batch, err = mqttcodec.Append(d.batch, &mqttcodec.Publish{QoS: 1, PacketID: uint16(n + 1), Payload: make([]byte, 100),
					TopicName: []byte("devices/" + id + "/messages/events/%24.ct=application%2Fjson&%24.ce=utf-8&sensor=one&unit=K")})
				require.NoError(b, err)
			}
		}
		rounds := max(1, b.N/(connections*window))
		b.ReportAllocs()
		b.ResetTimer()
		var wg sync.WaitGroup
		for i := range devices {
			d := &devices[i]
			wg.Go(func() {
				for range rounds {
					if _, err := d.conn.Write(d.batch); err != nil {
						b.Error(err)
						return
					}
					for range window {
						if _, err := d.r.Next(); err != nil {
							b.Error(err)
							return
						}
					}
				}
			})
		}
		wg.Wait()
		b.ReportMetric(float64(rounds*connections*window)/b.Elapsed().Seconds(), "messages/s")
	}
	b.Run("pipe", func(b *testing.B) {
		hub := &emulator.Hub{}
		defer hub.Close()
		run(b, hub, host, func() (net.Conn, error) { return hub.Dial(b.Context(), "wss://"+host) })
	})
	b.Run("WebSocket", func(b *testing.B) {
		hub := &emulator.Hub{}
		s := httptest.NewServer(hub)
		defer s.Close()
		defer hub.Close()
		name := strings.TrimPrefix(s.URL, "http://")
		run(b, hub, name, func() (net.Conn, error) { return wsconn.Dial(context.Background(), hubproto.WebSocketURL(name)) })
	})
}

// BenchmarkIdleConnection measures the memory of both ends of an idle connection over a pipe.
func BenchmarkIdleConnection(b *testing.B) {
	hub := &emulator.Hub{}
	defer hub.Close()
	inUse := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapInuse + m.StackInuse
	}
	before := inUse()
	conns := make([]io.Closer, b.N)
	for i := range conns {
		conns[i], _ = benchDevice(b, hub, func() (net.Conn, error) { return hub.Dial(b.Context(), "wss://"+host) }, host, fmt.Sprintf("dev-%d", i))
	}
	b.ReportMetric(float64(inUse()-before)/float64(b.N), "bytes/connection")
	for _, c := range conns {
		c.Close()
	}
}
