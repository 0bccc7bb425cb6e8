//go:build !js

package emulator

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/textproto"
	"os"
	"strings"
	"time"

	"github.com/hubpanel/hubpanel/internal/hubproto"
)

// ServeHTTP serves the WebSocket endpoint (/$iothub/websocket, with or without a query, and / where the C# SDK knocks for DPS), and
// everything that Do does. An upgrade request returns at once, and Close waits for its connection; an event stream returns when its
// reader is gone.
func (h *Hub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Upgrade") != "" || r.URL.Path == hubproto.WebSocketPath {
		h.serveWebSocket(w, r)
		return
	}
	x := &Request{Method: r.Method, Path: r.URL.Path, Query: r.URL.Query(), Host: r.Host, Header: make(map[string]string, len(r.Header))}
	for name, values := range r.Header {
		x.Header[textproto.CanonicalMIMEHeaderKey(name)] = strings.Join(values, ", ")
	}
	if x.Path == "/emulator/info" && !fromLoopback(r) {
		writeResponse(w, (&exchange{Request: x}).refuse(errInfoForeign()))
		return
	}
	if err := h.begin(r.Context()); err != nil {
		writeResponse(w, (&exchange{Request: x}).refuse(errorf(503001, "ServiceUnavailable", "%v", err)))
		return
	}
	defer h.running.Done()
	control := http.NewResponseController(w)
	if r.ContentLength != 0 {
		// For a body that is refused too, because net/http reads the rest of it. An error only means that this writer has no deadlines.
		_ = control.SetReadDeadline(time.Now().Add(bodyTimeout))
	}
	writeResponse(w, h.exchange(&exchange{Request: x, ctx: r.Context(), read: func() ([]byte, error) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxRequestBody))
		if err != nil {
			return nil, errBody(err)
		}
		_ = control.SetReadDeadline(time.Time{}) // a stream may be open for days
		return body, nil
	}}))
}

// bodyTimeout is how long a client may take to send a request's body.
const bodyTimeout = 30 * time.Second

// errBody is the refusal of a body that could not be read.
func errBody(err error) error {
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return errTooLarge()
	case errors.Is(err, os.ErrDeadlineExceeded):
		return errorf(408000, "RequestTimeout", "the body did not arrive within %v", bodyTimeout)
	}
	return errorf(400000, "BadRequest", "the body could not be read: %v", err)
}

// fromLoopback reports whether a request comes from this machine.
func fromLoopback(r *http.Request) bool {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	return err == nil && hubproto.IsLoopback(host)
}

func writeResponse(w http.ResponseWriter, res *Response) {
	for name, value := range res.Header {
		w.Header().Set(name, value)
	}
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(res.Status)
	if res.Events == nil {
		w.Write(res.Body)
		return
	}
	flush := http.NewResponseController(w).Flush
	// A comment, so that the reader knows at once that the stream is open, and an id without data, so that it can resume the stream
	// also if it breaks before the first event.
	if _, err := io.WriteString(w, ": open\nid: "+res.LastEventID()+"\n\n"); err != nil || flush() != nil {
		return
	}
	for data := range res.Events {
		event := append([]byte("id: "+res.LastEventID()+"\ndata: "), data...)
		if _, err := w.Write(append(event, "\n\n"...)); err != nil || flush() != nil {
			return
		}
	}
}
