package emulator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

// A cause says why a connection ended. MQTT 3.1.1 has no way to tell the device, so the operations log does.
type cause struct {
	code   int    // for the operations log
	reason Reason // the same
	text   string
	level  string // LevelInformation or LevelWarning where a code would say Error
	clean  bool   // the device said DISCONNECT: no Will [MQTT-3.14.4-3]
	err    error  // what ServeConn returns, when it is more than text
}

func (c *cause) error() error {
	switch {
	case c.clean:
		return nil
	case c.err != nil:
		return c.err
	}
	return fmt.Errorf("hub: connection closed: %s", c.text)
}

var (
	causeDisconnect   = cause{code: 200, text: "the device said DISCONNECT", clean: true}
	causeDisconnected = cause{code: 404104, text: "cut on demand, as a network failure would", level: LevelWarning}
	causeShutdown     = cause{code: 503001, text: "the hub is shutting down", level: LevelInformation, err: net.ErrClosed}
	causeDeleted      = cause{code: 404001, text: "the device was deleted from the registry", level: LevelWarning}
	causeDisabled     = cause{code: 403001, text: "the device was disabled", level: LevelWarning}
	causeReset        = cause{code: 404104, text: "DPS reset the device's data", level: LevelWarning}
	causeTakenOver    = cause{code: 400027, level: LevelWarning,
		text: "ConnectionForcefullyClosedOnNewConnection: the same identity connected again; if this repeats, two programs use one identity"}
	causeExpired = cause{code: 401003, text: "the SAS token expired: connect again with a new token before it does"}
	causeSlow    = cause{code: 429001, text: fmt.Sprintf(
		"the device does not read: more than %d bytes wait for it", maxOutgoing)}
	causeHalfOpen = cause{code: 408001, text: fmt.Sprintf("no complete CONNECT within %v", connectTimeout)}
)

func violation(format string, args ...any) cause {
	return cause{code: 400004, text: fmt.Sprintf(format, args...)}
}

// causeOf explains an error of the connection or of the codec.
func causeOf(err error) cause {
	var bad *mqttcodec.Error
	var large *mqttcodec.LimitError
	switch {
	case err == nil:
		return cause{code: 200, text: "the connection ended", level: LevelInformation}
	case errors.As(err, &large):
		return cause{code: 413001, text: "MessageTooLarge: " + large.Error(), err: err}
	case errors.As(err, &bad):
		return cause{code: 400004, text: "malformed packet: " + bad.Error(), err: err}
	case errors.Is(err, io.EOF), errors.Is(err, net.ErrClosed), errors.Is(err, io.ErrClosedPipe):
		return cause{code: 404104, level: LevelWarning, text: "the network connection ended without DISCONNECT", err: err}
	case errors.Is(err, io.ErrUnexpectedEOF):
		return cause{code: 404104, level: LevelWarning, text: "the network connection ended inside a packet", err: err}
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return cause{code: 503001, level: LevelInformation, text: "the server ended the connection", err: err}
	}
	return cause{code: 404104, level: LevelWarning, text: "the network connection failed: " + err.Error(), err: err}
}
