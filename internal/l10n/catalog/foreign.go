package catalog

import (
	"encoding/json"
	"errors"

	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
	"github.com/hubpanel/hubpanel/pkg/wsconn"
)

// foreign is an error of a package that knows nothing of languages, by its type and its fields; nil for one that is not known.
// English has the error's own text.
func foreign(err error) *l10n.Message {
	switch e := err.(type) {
	case *wsconn.HandshakeError:
		return handshake(e)
	case *wsconn.SubprotocolError:
		if e.Got == "" {
			return l10n.New("%s chose no WebSocket subprotocol where %q is needed", e.Host, wsconn.Subprotocol)
		}
		return l10n.New("%s chose the WebSocket subprotocol %q where %q is needed", e.Host, e.Got, wsconn.Subprotocol)
	case *wsconn.CloseError:
		return closing(e)
	case *mqttcodec.Error:
		if e.Type == 0 {
			return l10n.New("it breaks a rule of MQTT: %v [%s]", l10n.Quoted(e.Reason), e.Clause)
		}
		return l10n.New("%s breaks a rule of MQTT: %v [%s]", e.Type, l10n.Quoted(e.Reason), e.Clause)
	case *mqttcodec.LimitError:
		return l10n.New("%s of %d bytes is over the limit of %d bytes", e.Type, e.Size, e.Limit)
	case *json.SyntaxError:
		return l10n.New("there is a mistake at byte %d", e.Offset)
	}
	return nil
}

func handshake(e *wsconn.HandshakeError) *l10n.Message {
	lead := l10n.New("WebSocket handshake with %s", e.Host)
	switch {
	case errors.Is(e.Err, wsconn.ErrAddress):
		return l10n.New("the address is not of the form wss://host/path")
	case errors.Is(e.Err, wsconn.ErrPolicy):
		return l10n.New("%v: the page's own Content-Security-Policy (connect-src) does not allow it: whoever serves the page has to add the host", lead)
	case errors.Is(e.Err, wsconn.ErrUnexplained):
		return l10n.New("%v: the browser does not say why: the host may be unknown or unreachable, its certificate not trusted, the upgrade refused, or the subprotocol not accepted; its console may tell", lead)
	case e.StatusCode != 0:
		return l10n.New("%v: the server answered %d instead of upgrading to WebSocket", lead, e.StatusCode)
	case e.Err != nil:
		return l10n.New("%v: %v", lead, e.Err)
	}
	return l10n.New("%v: %v", lead, l10n.Quoted(e.Reason))
}

func closing(e *wsconn.CloseError) *l10n.Message {
	how := l10n.New("the other side closed the WebSocket (code %d)", e.Code)
	switch {
	case !e.Remote:
		how = l10n.New("this side closed the WebSocket, since the other broke a rule (code %d)", e.Code)
	case e.Code == 1006: // a connection that ended without a close [RFC 6455 section 7.4.1]
		how = l10n.New("the WebSocket is lost (code %d)", e.Code)
	}
	if e.Reason == "" {
		return how
	}
	return l10n.New("%v: %v", how, l10n.Quoted(e.Reason))
}
