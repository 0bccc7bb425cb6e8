//go:build !js

package emulator

import (
	"context"
	"net/http"
	"strings"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/pkg/wsconn"
)

// serveWebSocket upgrades a request and serves MQTT over it.
func (h *Hub) serveWebSocket(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != hubproto.WebSocketPath && r.URL.Path != "/" {
		http.Error(w, "MQTT over WebSocket is at "+hubproto.WebSocketPath, http.StatusBadRequest)
		return
	}
	p := peer{host: strings.TrimSuffix(r.Host, ":443")}
	if r.TLS != nil {
		p.cert = certificateOf(*r.TLS)
	}
	if err := h.begin(r.Context()); err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	conn, err := wsconn.Accept(w, r)
	if err != nil {
		h.running.Done()
		h.note(Operation{Category: CategoryConnections, Name: "webSocketUpgrade", StatusCode: http.StatusBadRequest, Description: err.Error()})
		return
	}
	// A goroutine of its own, because the server's has a large stack and holds the request, for as long as a device may stay. The
	// request's context ends now, which means nothing for a connection that was taken over.
	go func() {
		defer h.running.Done()
		h.serve(context.Background(), conn, p)
	}()
}
