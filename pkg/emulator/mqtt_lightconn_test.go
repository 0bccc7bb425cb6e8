//go:build !js

package emulator

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"
)

// counted counts the writes that reach the network.
type counted struct {
	net.Conn
	writes int
	bytes  bytes.Buffer
}

func (c *counted) Write(p []byte) (int, error) {
	c.writes++
	return c.bytes.Write(p)
}

func TestLightConnWritesFramesWhole(t *testing.T) {
	for _, size := range []int{0, 1, 125, 126, 127, 128, 1000, gather - 4, gather, gather + 200, 1<<16 - 1, 1 << 16, 300_000} {
		network := &counted{}
		c := &lightConn{Conn: network}
		var whole []byte
		for round := range 3 { // one frame after the other
			header := []byte{0x82, byte(size)}
			switch {
			case size > 1<<16-1:
				header = []byte{0x82, 127, 0, 0, 0, 0, byte(size >> 24), byte(size >> 16), byte(size >> 8), byte(size)}
			case size > 125:
				header = []byte{0x82, 126, byte(size >> 8), byte(size)}
			}
			frame := append(header, bytes.Repeat([]byte{byte(round)}, size)...)
			whole = append(whole, frame...)
			// As a bufio.Writer of lightWriter bytes does it.
			for first := frame[:min(len(frame), lightWriter)]; len(first) > 0; first, frame = frame[len(first):], nil {
				n, err := c.Write(first)
				require.NoError(t, err)
				require.Equal(t, len(first), n)
				if frame == nil {
					break
				}
			}
		}
		require.Equal(t, whole, network.bytes.Bytes(), "%d bytes", size)
		if size <= gather {
			require.Equal(t, 3, network.writes, "%d bytes: one write for each frame", size)
		} else {
			require.Equal(t, 6, network.writes, "%d bytes: nothing large is copied", size)
		}
		require.Nil(t, c.begun, "no buffer is kept")
	}
}

// Everything arrives, in both directions, whatever its size, and bytes that the client sends right behind its request too.
func TestLightConnCarriesEverything(t *testing.T) {
	accepted := make(chan net.Conn, 2)
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ws, err := websocket.Accept(lightUpgrade{w}, r, nil)
		if err != nil {
			return
		}
		ws.SetReadLimit(-1)
		accepted <- websocket.NetConn(context.Background(), ws, websocket.MessageBinary)
	})
	plain, secure := httptest.NewServer(handler), httptest.NewTLSServer(handler)
	defer plain.Close()
	defer secure.Close()
	for _, s := range []*httptest.Server{plain, secure} {
		ws, _, err := websocket.Dial(t.Context(), strings.Replace(s.URL, "http", "ws", 1), &websocket.DialOptions{HTTPClient: s.Client()})
		require.NoError(t, err)
		ws.SetReadLimit(-1)
		client := websocket.NetConn(t.Context(), ws, websocket.MessageBinary)
		server := <-accepted
		for _, ends := range [][2]net.Conn{{client, server}, {server, client}} {
			for _, size := range []int{1, 15, 16, 17, 125, 126, 4095, 4096, 4097, readSize - 1, readSize, readSize + 1, 1 << 20} {
				sent := bytes.Repeat([]byte("0123456789abcdef!"), size/17+1)[:size]
				failed := make(chan error, 1)
				go func() { _, err := ends[0].Write(sent); failed <- err }()
				got := make([]byte, size)
				_, err := io.ReadFull(ends[1], got)
				require.NoError(t, err)
				require.NoError(t, <-failed)
				require.Equal(t, sent, got, "%s: %d bytes", s.URL, size)
			}
		}
		ws.CloseNow()
		_, err = server.Read(make([]byte, 1))
		require.Error(t, err, "the end arrives")
		server.Close()
	}
}

func TestLightConnTakesWhatCameEarly(t *testing.T) {
	device, hub := net.Pipe()
	defer device.Close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	socket, err := net.Dial("tcp", l.Addr().String())
	require.NoError(t, err)
	defer socket.Close()
	require.Nil(t, newLightConn(hub, nil), "a pipe is not a socket")
	c := newLightConn(socket, []byte("early"))
	require.NotNil(t, c)
	require.Equal(t, socket, c.NetConn())
	p := make([]byte, 3)
	n, err := c.Read(p)
	require.NoError(t, err)
	require.Equal(t, "ear", string(p[:n]))
	n, err = c.Read(p)
	require.NoError(t, err)
	require.Equal(t, "ly", string(p[:n]))
	require.Nil(t, c.chunk, "no buffer is kept")
	require.NoError(t, c.Close())
	_, err = c.Read(p)
	require.ErrorIs(t, err, net.ErrClosed)
}
