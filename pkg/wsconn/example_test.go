//go:build !js

// A browser has no server to talk to, and no file through which the outputs of examples are captured.

package wsconn_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/hubpanel/hubpanel/pkg/wsconn"
)

// A server accepts a connection and sends back what it receives.
func Example() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := wsconn.Accept(w, r)
		if err != nil {
			return // the request has been answered
		}
		defer conn.Close()
		io.Copy(conn, conn)
	}))
	defer server.Close()

	conn, err := wsconn.Dial(context.Background(), strings.Replace(server.URL, "http", "ws", 1)+"/mqtt")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()
	fmt.Fprint(conn, "two messages, ")
	fmt.Fprint(conn, "one stream")
	answer := make([]byte, len("two messages, one stream"))
	if _, err := io.ReadFull(conn, answer); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s\n", answer)
	// Output: two messages, one stream
}

// A HandshakeError has the status of the answer.
func ExampleDial() {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()

	_, err := wsconn.Dial(context.Background(), strings.Replace(server.URL, "http", "ws", 1))
	if failed, ok := errors.AsType[*wsconn.HandshakeError](err); ok {
		fmt.Println(failed.StatusCode)
	}
	// Output: 404
}

// MessageEnds tells which of the bytes of a Read arrived in which WebSocket message.
func ExampleMessageMarker() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := wsconn.Accept(w, r)
		if err != nil {
			return
		}
		fmt.Fprint(conn, "one ")
		fmt.Fprint(conn, "and two")
		conn.Close()
	}))
	defer server.Close()

	conn, err := wsconn.Dial(context.Background(), strings.Replace(server.URL, "http", "ws", 1))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()
	marker := conn.(wsconn.MessageMarker)
	marker.MarkMessages()
	var message []byte
	for p := make([]byte, 5); err == nil; {
		var n int
		n, err = conn.Read(p)
		from := 0
		for _, end := range marker.MessageEnds() {
			fmt.Printf("%q\n", append(message, p[from:end]...))
			message, from = nil, end
		}
		message = append(message, p[from:n]...)
	}
	fmt.Println(errors.Is(err, io.EOF))
	// Output:
	// "one "
	// "and two"
	// true
}
