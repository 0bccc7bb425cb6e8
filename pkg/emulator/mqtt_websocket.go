//go:build !js

package emulator

import (
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
	conn, err := wsconn.Accept(lightUpgrade{w}, r)
	if err != nil {
		h.running.Done()
		h.note(Operation{Category: CategoryConnections, Name: "webSocketUpgrade", StatusCode: http.StatusBadRequest, Description: err.Error()})
		return
	}
	// Not in the server's goroutine, which has a large stack and holds the request. The request's context ends now, which means nothing for
	// a connection that was taken over.
	h.start(conn, p)
}
