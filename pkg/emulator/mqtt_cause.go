package emulator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

var (
	causeDisconnect = cause{code: 200, text: "the device sent DISCONNECT", clean: true}
	causeExpired    = cause{code: 401003, text: "the SAS token expired: connect again with a new token before it does"}
	causeSlow       = cause{code: 429001, text: fmt.Sprintf("the device does not read: more than %d bytes wait for it", maxOutgoing)}
	causeHalfOpen   = cause{code: 408001, text: fmt.Sprintf("no complete CONNECT within %v", connectTimeout)}
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
