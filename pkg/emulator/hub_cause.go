package emulator

import (
	"fmt"
	"net"
)

// A cause is the reason for the end of a connection. MQTT 3.1.1 has no packet for it, so it goes into the operations log.
type cause struct {
	code   int    // for the operations log
	reason Reason // the same; may be empty
	text   string
	level  Level // LevelInformation or LevelWarning where a code would mean LevelError
	clean  bool  // the device sent DISCONNECT: no Will [MQTT-3.14.4-3]
	err    error // the error of ServeConn, when it is more than text
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
	causeDisconnected = cause{code: 404104, text: "cut on demand, as a network failure would", level: LevelWarning}
	causeShutdown     = cause{code: 503001, text: "the hub is shutting down", level: LevelInformation, err: net.ErrClosed}
	causeDeleted      = cause{code: 404001, text: "the device was deleted from the registry", level: LevelWarning}
	causeDisabled     = cause{code: 403001, text: "the device was disabled", level: LevelWarning}
	causeReset        = cause{code: 404104, text: "DPS reset the device's data", level: LevelWarning}
	causeTakenOver    = cause{code: 400027, level: LevelWarning,
		text: "ConnectionForcefullyClosedOnNewConnection: the same identity connected again; if this repeats, two programs use one identity"}
)

func causeStore(err error) cause {
	return cause{code: 500001, text: "a change by the device could not be stored: " + err.Error(), err: err}
}
