package jsapi

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/hubpanel/hubpanel/internal/l10n/catalog"
	"github.com/hubpanel/hubpanel/internal/scenario"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
)

// ErrAborted is the cause of a context that an AbortSignal ended (context.WithCancelCause). The functions of this package then return it.
var ErrAborted = errors.New("the call was aborted by its signal")

// abortedOr returns ErrAborted if a call failed because its signal was aborted, else err.
func abortedOr(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil && errors.Is(context.Cause(ctx), ErrAborted) {
		return ErrAborted
	}
	return err
}

// An ArgumentError reports what is wrong with an option of the JavaScript API.
type ArgumentError struct{ Name, Reason string }

func (e *ArgumentError) Error() string { return e.Name + ": " + e.Reason }

// Sentence returns an error's text for a person, in English and without secrets.
func Sentence(err error) string { return catalog.English.Sentence(err) }

// ErrorCode names an error for programs: it is the code of the Error with which a promise of the JavaScript API rejects. The codes are part
// of the API; the sentences are not.
//
//	connection-string  a part of the connection string is missing or wrong
//	argument           an option or a value is missing or wrong; nothing was sent
//	refused            the hub refused CONNECT (CONNACK 1 to 5), or a subscription
//	token-expired      the SAS token that was given has expired
//	takeover           another client keeps connecting with the same identity
//	registration       DPS finished without assigning a hub
//	status-404 ...     the hub answered a twin or registration request with this status
//	network            there was no connection, or it broke
//	timeout            no answer in time
//	aborted            the signal of the call was aborted
//	closed             the device was closed
//	scenario           there is no such scenario, it is wrong, or another one runs
//	failed             anything else
func ErrorCode(err error) string {
	if status, ok := errors.AsType[*hubclient.StatusError](err); ok {
		return fmt.Sprintf("status-%d", status.Code)
	}
	switch {
	case errors.Is(err, ErrAborted):
		return "aborted"
	case has[*hubclient.ConnectionStringError](err):
		return "connection-string"
	case has[*ArgumentError](err), has[*hubclient.ArgumentError](err):
		return "argument"
	case has[*scenario.UnusableError](err):
		return "scenario"
	case has[*hubclient.TokenExpiredError](err):
		return "token-expired"
	case has[*hubclient.TakeoverError](err):
		return "takeover"
	case has[*hubclient.ConnectError](err), has[*hubclient.SubscribeError](err):
		return "refused"
	case has[*hubclient.RegistrationError](err):
		return "registration"
	case errors.Is(err, context.DeadlineExceeded):
		return "timeout"
	case errors.Is(err, context.Canceled), errors.Is(err, hubclient.ErrClosed):
		return "closed"
	case has[*hubclient.DialError](err), has[*hubclient.LinkError](err), errors.Is(err, hubclient.ErrUnacknowledged),
		errors.Is(err, hubclient.ErrConnectionLost), has[net.Error](err), errors.Is(err, net.ErrClosed):
		return "network"
	}
	return "failed"
}

// has reports whether there is an E in err's tree.
func has[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}
