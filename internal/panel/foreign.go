package panel

import (
	"encoding/json"
	"errors"

	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
	"github.com/hubpanel/hubpanel/pkg/wsconn"
)

// foreign is an error of a package that knows nothing of languages, by its type and its fields; nil for one that is not known.
// English has the error's own text.
func foreign(err error) *told {
	switch e := err.(type) {
	case *wsconn.HandshakeError:
		return handshake(e)
	case *wsconn.SubprotocolError:
		if e.Got == "" {
			return tell("%s chose no WebSocket subprotocol where %q is needed", e.Host, wsconn.Subprotocol)
		}
		return tell("%s chose the WebSocket subprotocol %q where %q is needed", e.Host, e.Got, wsconn.Subprotocol)
	case *wsconn.CloseError:
		return closing(e)
	case *mqttcodec.Error:
		if e.Type == 0 {
			return tell("it breaks a rule of MQTT: %v [%s]", quoted(e.Reason), e.Clause)
		}
		return tell("%s breaks a rule of MQTT: %v [%s]", e.Type, quoted(e.Reason), e.Clause)
	case *mqttcodec.LimitError:
		return tell("%s of %d bytes is over the limit of %d bytes", e.Type, e.Size, e.Limit)
	case *json.SyntaxError:
		return tell("there is a mistake at byte %d", e.Offset)
	}
	return nil
}

// quoted is a text in words that stay as they are.
type quoted string

func (q quoted) Error() string { return string(q) }

func handshake(e *wsconn.HandshakeError) *told {
	lead := tell("WebSocket handshake with %s", e.Host)
	switch {
	case errors.Is(e.Err, wsconn.ErrAddress):
		return tell("the address is not of the form wss://host/path")
	case errors.Is(e.Err, wsconn.ErrPolicy):
		return tell("%v: the page's own Content-Security-Policy (connect-src) does not allow it: whoever serves the page has to add the host", lead)
	case errors.Is(e.Err, wsconn.ErrUnexplained):
		return tell("%v: the browser does not say why: the host may be unknown or unreachable, its certificate not trusted, the upgrade refused, or the subprotocol not accepted; its console may tell", lead)
	case e.StatusCode != 0:
		return tell("%v: the server answered %d instead of upgrading to WebSocket", lead, e.StatusCode)
	case e.Err != nil:
		return tell("%v: %v", lead, e.Err)
	}
	return tell("%v: %v", lead, quoted(e.Reason))
}

func closing(e *wsconn.CloseError) *told {
	how := tell("the other side closed the WebSocket (code %d)", e.Code)
	switch {
	case !e.Remote:
		how = tell("this side closed the WebSocket, since the other broke a rule (code %d)", e.Code)
	case e.Code == 1006: // a connection that ended without a close [RFC 6455 section 7.4.1]
		how = tell("the WebSocket is lost (code %d)", e.Code)
	}
	if e.Reason == "" {
		return how
	}
	return tell("%v: %v", how, quoted(e.Reason))
}
