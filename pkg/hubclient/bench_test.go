//go:build !js

package hubclient

import (
	"context"
	"net"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

// acknowledge answers CONNECT and every PUBLISH on conn, with one Write for all that one Read has brought.
func acknowledge(conn net.Conn) {
	defer conn.Close()
	var in mqttcodec.Buffer
	chunk, out := make([]byte, 64<<10), []byte(nil)
	for {
		n, err := conn.Read(chunk)
		if err != nil {
			return
		}
		in.Write(chunk[:n])
		out = out[:0]
		for {
			p, err := in.Next()
			if err != nil {
				break
			}
			switch p := p.(type) {
			case *mqttcodec.Connect:
				out, _ = mqttcodec.Append(out, &mqttcodec.Connack{})
			case *mqttcodec.Publish:
				if p.QoS == mqttcodec.QoS1 {
					out, _ = mqttcodec.Append(out, &mqttcodec.Puback{PacketID: p.PacketID})
				}
			}
		}
		if len(out) > 0 {
			if _, err := conn.Write(out); err != nil {
				return
			}
		}
	}
}

func benchmarkDevice(b *testing.B) *Client {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(b, err)
	go func() {
		conn, err := listener.Accept()
		if err == nil {
			acknowledge(conn)
		}
	}()
	c, err := New(Credentials{Host: testHost, DeviceID: testID, Key: testKey}, &Options{
		Dial: func(ctx context.Context, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "tcp", listener.Addr().String())
		},
	})
	require.NoError(b, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		c.Run(ctx)
	}()
	b.Cleanup(func() {
		cancel()
		<-ended
		listener.Close()
	})
	require.NoError(b, c.Send(ctx, Message{}))
	return c
}

var benchmarkMessage = Message{
	SystemProperties: SystemProperties{ContentType: "application/json", ContentEncoding: "utf-8"},
	Properties:       Properties{{Name: "alert", Value: "false"}},
	Body:             make([]byte, 100),
}

func BenchmarkSend(b *testing.B) {
	b.Run("one after the other", func(b *testing.B) {
		c := benchmarkDevice(b)
		b.ReportAllocs()
		for b.Loop() {
			if err := c.Send(b.Context(), benchmarkMessage); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("256 callers", func(b *testing.B) {
		c := benchmarkDevice(b)
		b.ReportAllocs()
		b.SetParallelism(128)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if err := c.Send(b.Context(), benchmarkMessage); err != nil {
					b.Error(err)
				}
			}
		})
	})
	b.Run("batches of 1000", func(b *testing.B) {
		c := benchmarkDevice(b)
		batch := make([]Message, 1000)
		for i := range batch {
			batch[i] = benchmarkMessage
		}
		b.ReportAllocs()
		n := 0
		for b.Loop() {
			n++
			if err := c.SendBatch(b.Context(), batch); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n*len(batch)), "ns/message")
	})
	b.Run("QoS 0", func(b *testing.B) {
		c := benchmarkDevice(b)
		b.ReportAllocs()
		for b.Loop() {
			if err := c.SendQoS0(b.Context(), benchmarkMessage); err != nil {
				b.Fatal(err)
			}
		}
	})
}
