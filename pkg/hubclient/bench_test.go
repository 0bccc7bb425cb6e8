//go:build !js

package hubclient

import (
	"context"
	"net"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/pkg/iothub"
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
	SystemProperties: iothub.SystemProperties{ContentType: "application/json", ContentEncoding: "utf-8"},
	Properties:       iothub.Properties{{Name: "alert", Value: "false"}},
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

// BenchmarkReceive has a hub that sends cloud-to-device messages as fast as they are taken, each acknowledged.
func BenchmarkReceive(b *testing.B) {
	hub, conn := net.Pipe()
	got := make(chan struct{}, 1024)
	c, err := New(Credentials{Host: testHost, DeviceID: testID, Key: testKey}, &Options{
		Dial:      func(context.Context, string) (net.Conn, error) { return conn, nil },
		OnMessage: func(context.Context, Delivery) error { got <- struct{}{}; return nil },
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
	})
	r := mqttcodec.NewReader(hub, 0)
	_, err = r.Next() // CONNECT
	require.NoError(b, err)
	_, err = hub.Write([]byte{0x20, 2, 0, 0})
	require.NoError(b, err)
	subscribe, err := r.Next()
	require.NoError(b, err)
	suback, err := mqttcodec.Append(nil, &mqttcodec.Suback{PacketID: subscribe.(*mqttcodec.Subscribe).PacketID, ReturnCodes: []byte{1}})
	require.NoError(b, err)
	_, err = hub.Write(suback)
	require.NoError(b, err)
	go func() {
		for {
			if _, err := r.Next(); err != nil {
				return
			}
		}
	}()
	frame, err := mqttcodec.Append(nil, &mqttcodec.Publish{QoS: 1, PacketID: 1, TopicName: box("%24.mid=m1&alert=false"), Payload: make([]byte, 100)})
	require.NoError(b, err)
	var many []byte
	for range 100 {
		many = append(many, frame...)
	}
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		n++
		if _, err := hub.Write(many); err != nil {
			b.Fatal(err)
		}
		for range 100 {
			<-got
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n*100), "ns/message")
}
