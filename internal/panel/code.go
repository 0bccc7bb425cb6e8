package panel

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/internal/l10n/catalog"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
)

// Sentence is an error's text for a person, without secrets.
func Sentence(err error) string { return catalog.English.Sentence(err) }

// ErrorCode names an error for programs: the code of the Error with which a promise of the JavaScript API rejects. The
// codes are part of the API; the sentences are not.
//
//	connection-string  a part of the connection string is missing or wrong
//	argument           an option is missing or wrong
//	refused            the hub refused CONNECT (CONNACK 1 to 5), or a subscription
//	token-expired      the SAS token that was given is over
//	takeover           another client goes on connecting with the same identity
//	registration       DPS finished without assigning a hub
//	status-404 ...     the hub answered a twin or registration request with this status
//	network            there was no connection, or it broke
//	timeout            no answer in time
//	closed             the device was closed
//	scenario           there is no such scenario, it is wrong, or another one runs
//	failed             anything else
func ErrorCode(err error) string {
	if status, ok := errors.AsType[*hubclient.StatusError](err); ok {
		return fmt.Sprintf("status-%d", status.Code)
	}
	switch {
	case is[*hubclient.ConnectionStringError](err), is[*hubproto.ConnectionStringError](err):
		return "connection-string"
	case is[*ArgumentError](err):
		return "argument"
	case is[*ScenarioError](err):
		return "scenario"
	case is[*hubclient.TokenExpiredError](err):
		return "token-expired"
	case is[*hubclient.TakeoverError](err):
		return "takeover"
	case is[*hubclient.ConnectError](err), is[*hubclient.SubscribeError](err):
		return "refused"
	case is[*hubclient.RegistrationError](err):
		return "registration"
	case errors.Is(err, context.DeadlineExceeded):
		return "timeout"
	case errors.Is(err, context.Canceled), errors.Is(err, hubclient.ErrClosed):
		return "closed"
	case is[*hubclient.DialError](err), is[*hubclient.LinkError](err), errors.Is(err, hubclient.ErrUnacknowledged),
		errors.Is(err, hubclient.ErrConnectionLost), is[net.Error](err), errors.Is(err, net.ErrClosed):
		return "network"
	}
	return "failed"
}

// is says whether there is an E in err's tree.
func is[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

// ArgumentError says what is wrong with an option of the JavaScript API.
type ArgumentError struct{ Name, Reason string }

func (e *ArgumentError) Error() string { return e.Name + ": " + e.Reason }
