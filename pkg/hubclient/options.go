package hubclient

import (
	"context"
	"encoding/json"
	"log/slog"
	"math/rand/v2"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
	"github.com/hubpanel/hubpanel/pkg/wsconn"
)

// Options configure a device; nil or zero fields have defaults. New copies them.
type Options struct {
	// Dial opens the connection; the default is wsconn.Dial. It must return when its context ends. The url is Endpoint. Close of an
	// earlier connection may still run meanwhile.
	Dial func(ctx context.Context, url string) (net.Conn, error)

	// Endpoint is the address to dial; the default is the WebSocket address of the gateway, or of the host.
	Endpoint string

	// Backoff returns how long to wait before the next try after attempt failures in a row (1 and up); the default is
	// full jitter that grows from 1 s to 1 min. A stable minute starts the count again.
	Backoff func(attempt int) time.Duration

	KeepAlive time.Duration // whole seconds, default 4 min, at most 1177 s; a PINGREQ goes after three quarters of it
	TokenTTL  time.Duration // lifetime of the tokens that are made from a key, default 1 h; renewed at 80 % of it

	// MaxTakeovers is how many times in a row the hub may close a young connection before Run gives up with a
	// *TakeoverError; default 10, negative for no limit.
	MaxTakeovers int

	// APIVersion is the version of the hub's interface that the user name of CONNECT names, and with it the user name's form;
	// default "2021-04-12". Older hubs and gateways may want "2018-06-30", "2016-11-14", which is written without a question
	// mark, or "none": then only telemetry and cloud-to-device messages work. Register has no use for it.
	APIVersion string

	// ServerTime returns the time on another machine. Run calls it after a refused token, to find out whether this machine's clock is
	// the reason: see ConnectError. It has five seconds and must return when its context ends. nil: the clock is not checked.
	// Natively ServerDate returns one.
	ServerTime func(context.Context) (time.Time, error)

	// RenewCredentials returns newer credentials for the same device: Host, DeviceID and ModuleID stay. Run calls it when the
	// hub refuses CONNECT with code 4 or 5 (refusal is then a *ConnectError) and before it dials with a token that has expired
	// (a *TokenExpiredError). At most one call runs at a time, on a goroutine of its own; ctx ends with Run, which waits
	// for the call.
	//
	// If the credentials differ from those in use, Run connects with them at once, or after the usual back-off if the hub
	// has accepted none since an earlier renewal. Handlers, messages in flight and requests that wait are kept. If the
	// function returns an error, credentials of another identity or the ones in use, Run continues as without it. A
	// renewal does not reset the count of refusals, so the last one that Run permits ends it without a call. nil: Run has
	// no other credentials.
	RenewCredentials func(ctx context.Context, refusal error) (Credentials, error)

	CleanSession bool     // true: the hub forgets subscriptions and stored messages at each connect; default false
	Will         *Message // published by the hub as telemetry when the connection ends without DISCONNECT
	ModelID      string   // IoT Plug and Play model, a DTMI
	ClientType   string   // the software's name and version in the user name of CONNECT, such as "my-device/1.0"; empty: none

	Logger *slog.Logger // default: nothing is logged

	// Trace sees every packet, in order, with its secrets removed: sent ones when they are put in line for the writer. A packet
	// is valid until Trace returns (mqttcodec.Clone keeps it). Trace must not block.
	Trace func(Traced)

	// The following run one at a time, in the order of their events.

	OnState   func(State)
	OnMessage func(context.Context, Delivery) error // cloud to device; a nil error acknowledges, any other makes the hub deliver again later
	OnInput   func(context.Context, Delivery) error // to a module's inputs, as OnMessage

	// OnAcknowledged receives the ID of a Delivery as soon as its PUBACK has been written. It is not called for a message of QoS 0,
	// which has no PUBACK, nor when the connection ended before: then the hub delivers the message again, as another
	// Delivery. The order is that of the deliveries.
	OnAcknowledged func(id uint64)

	OnDesired func(context.Context, Desired) // first the whole document, then its changes, none twice and none left out

	// OnMethod answers a direct method, each on its own goroutine, at most 128 at once. An error is answered with status
	// 500. Its context ends with the connection, or after 300 s, when no caller waits any more.
	OnMethod func(context.Context, Method) (Response, error)
}

// A Traced is a packet that went over the wire, as Options.Trace sees it.
type Traced struct {
	Direction Direction
	// Message is the WebSocket message that the packet's first byte travelled in, from 1 in each direction of a connection; 0 where
	// the carrier has no messages.
	Message int
	Size    int // bytes on the wire, secrets included
	Packet  mqttcodec.Packet
}

// A Direction is the direction of a packet, as the device sees it.
type Direction byte

// The two directions.
const (
	Sent Direction = iota + 1
	Received
)

// String returns "sent" or "received".
func (d Direction) String() string {
	switch d {
	case Sent:
		return "sent"
	case Received:
		return "received"
	}
	return "Direction(" + strconv.Itoa(int(d)) + ")"
}

// A Phase is the main part of a State.
type Phase byte

// The phases of a device.
const (
	Disconnected Phase = iota // Run has not been called
	Dialing                   // a connection is being opened
	Connecting                // CONNECT was sent; the hub has not answered everything yet
	Connected                 // accepted and subscribed: ready
	Reconnecting              // the connection has ended; the next try is due in RetryIn
	Refused                   // Run ended with the permanent error Err
	Closed                    // Run's context ended
)

var phaseNames = [...]string{"disconnected", "dialing", "connecting", "connected", "reconnecting", "refused", "closed"}

// String returns the phase's name, such as "connected".
func (p Phase) String() string {
	if int(p) >= len(phaseNames) {
		return "Phase(" + strconv.Itoa(int(p)) + ")"
	}
	return phaseNames[p]
}

// A State is the state of a device, with its reason.
type State struct {
	Phase          Phase
	Attempt        int           // failures in a row, 0 when all is well
	RetryIn        time.Duration // in phase Reconnecting: from Since until the next try
	Since          time.Time     // when this state began
	Err            error         // why the last connection, or try, failed; nil after a planned reconnect
	SessionPresent bool          // in phase Connected: the hub had kept this device's session
	TokenExpiry    time.Time     // when the token in use expires; zero with a certificate
}

// A Twin is a device twin's two documents, each with its $version, as the hub sent them.
type Twin struct {
	Desired, Reported               json.RawMessage
	DesiredVersion, ReportedVersion int64
}

// A Desired is a change of the desired properties.
type Desired struct {
	Patch   json.RawMessage // to be merged: objects merge, null deletes, everything else replaces
	Version int64
	Full    bool // Patch is the whole document, read after a connect, and replaces what was known
}

// A Method is a call of a direct method.
type Method struct {
	Name      string // "component*command" for a component's command
	Payload   json.RawMessage
	RequestID string // the hub's name for this call
}

// A Response answers a direct method.
type Response struct {
	Status  int             // the application's own; 0 means 200
	Payload json.RawMessage // JSON, at most 128 KiB; may be empty
}

const (
	defaultKeepAlive    = 4 * time.Minute
	defaultTokenTTL     = time.Hour
	defaultMaxTakeovers = 10
)

// withDefaults returns a copy of o with the defaults filled in, or an error if o is invalid.
func (o *Options) withDefaults() (Options, error) {
	var d Options
	if o != nil {
		d = *o
	}
	if d.Dial == nil {
		d.Dial = wsconn.Dial
	}
	if d.Backoff == nil {
		d.Backoff = fullJitter
	}
	if d.KeepAlive == 0 {
		d.KeepAlive = defaultKeepAlive
	}
	if d.KeepAlive < time.Second || d.KeepAlive > hubproto.MaxKeepAlive || d.KeepAlive%time.Second != 0 {
		return d, invalid("KeepAlive is %v: give whole seconds from 1s to %v", d.KeepAlive, hubproto.MaxKeepAlive)
	}
	if d.TokenTTL == 0 {
		d.TokenTTL = defaultTokenTTL
	}
	if d.TokenTTL < time.Minute {
		return d, invalid("TokenTTL is %v: give at least a minute", d.TokenTTL)
	}
	if d.MaxTakeovers == 0 {
		d.MaxTakeovers = defaultMaxTakeovers
	}
	if d.APIVersion == "" {
		d.APIVersion = hubproto.APIVersion
	}
	if err := d.validateAPIVersion(); err != nil {
		return d, err
	}
	if d.Logger == nil {
		d.Logger = slog.New(slog.DiscardHandler)
	}
	if d.Will != nil {
		will := *d.Will
		if err := validateTelemetry(&will); err != nil {
			return d, wrong("Will: %v", err)
		}
		if len(will.Body) > maxWillBody {
			return d, wrong("Will: its body has more than 65535 bytes")
		}
		d.Will = &will
	}
	return d, nil
}

// noAPIVersion selects the oldest form of the user name, which has no version.
const noAPIVersion = "none"

// validateAPIVersion refuses an invalid version, and options that the version does not support: without one the hub calls no methods
// and serves no twins, and the user name has no place for a model.
func (o *Options) validateAPIVersion() error {
	if o.APIVersion != noAPIVersion {
		if _, err := time.Parse(time.DateOnly, strings.TrimSuffix(o.APIVersion, "-preview")); err != nil {
			return invalid("APIVersion is %q: give a date such as %q, or %q", o.APIVersion, hubproto.APIVersion, noAPIVersion)
		}
		return nil
	}
	if o.OnMethod != nil || o.OnDesired != nil || o.ModelID != "" {
		return invalid("APIVersion is %q, and OnMethod, OnDesired or ModelID is set: without a version the hub has no methods, twins and models", noAPIVersion)
	}
	return nil
}

// usernameVersion is the version as a user name wants it.
func (o *Options) usernameVersion() string {
	if o.APIVersion == noAPIVersion {
		return ""
	}
	return o.APIVersion
}

// maxWillBody is what fits CONNECT's two-byte length of the Will Message [MQTT-3.1.3].
const maxWillBody = 65535

// fullJitter waits a random time up to a limit that doubles from 1 s to 1 min, so that devices which lost the hub
// together do not come back together.
func fullJitter(attempt int) time.Duration {
	limit := time.Minute
	if attempt < 7 {
		limit = min(limit, time.Second<<max(attempt-1, 0))
	}
	return rand.N(limit)
}
