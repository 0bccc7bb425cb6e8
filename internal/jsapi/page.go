package jsapi

import (
	"context"
	"net"
	"time"

	"github.com/hubpanel/hubpanel/internal/hubservice"
)

// Page is what the page that runs the program offers a device.
type Page struct {
	// Host is the host of the page's own origin, with a port where its URL has one.
	Host string
	// Fetch makes an HTTP request to the page's own origin. Nil means that there is no server behind the page.
	Fetch hubservice.Fetch
	// ServerTime returns the time by the clock of the page's server, for the diagnosis of a refused token. May be nil.
	ServerTime func(context.Context) (time.Time, error)
	// Dial opens MQTT's byte stream to a URL. Nil means wsconn.Dial.
	Dial func(ctx context.Context, url string) (net.Conn, error)
}

// Program is the JavaScript program that drives a device. Both functions are called from goroutines of the device.
type Program struct {
	// Emit receives an event by its name, with its JSON document. It must not block.
	Emit func(name, document string)
	// Method answers a direct method; payload is JSON text, or empty. It must return when ctx ends, whether or not the program has
	// answered: ctx ends with the connection, at Close, and after 300 s, when no caller waits any more. An error is answered with
	// status 500.
	Method func(ctx context.Context, name, payload string) (Answer, error)
}

// An Answer answers a direct method.
type Answer struct {
	Status  int    // 0 means 200
	Payload string // JSON text
}
