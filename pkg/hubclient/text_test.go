package hubclient

import (
	"context"
	"errors"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
	"github.com/hubpanel/hubpanel/pkg/wsconn"
)

// The errors that a page shows are sentences that say what to do, and reach their causes.
func TestErrorTexts(t *testing.T) {
	for want, err := range map[string]error{
		"hubclient: no host has the name h.net: check the host name for a typing error": &DialError{"h.net",
			&wsconn.HandshakeError{Host: "h.net", Reason: "x", Err: &net.OpError{Op: "dial", Err: &net.DNSError{IsNotFound: true}}}},
		"hubclient: h.net did not answer: check that the network lets the connection through":                                    &DialError{"h.net", context.DeadlineExceeded},
		"hubclient: cannot reach h.net: check the host name, and that the network lets the connection through: made by the test": &DialError{"h.net", errTest},
		"hubclient: cannot reach h.net: check the host name, and that the network lets the connection through: sig=…":            &DialError{"h.net", errors.New("sig=secret")},
		"hubclient: h.net refused d: " + mqttcodec.ServerUnavailable.String() + ": try again later":                              &ConnectError{Code: mqttcodec.ServerUnavailable, Host: "h.net", Identity: "d"},
		"hubclient: h.net refused d: " + mqttcodec.IdentifierRejected.String() + ": check the device id":                         &ConnectError{Code: mqttcodec.IdentifierRejected, Host: "h.net", Identity: "d"},
		"hubclient: h.net refused d: " + mqttcodec.NotAuthorized.String() + ": check that the certificate is this device's, that the device exists and is enabled, and that this machine's clock (1970-01-01T00:00:00Z) is right to five minutes": &ConnectError{
			Code: mqttcodec.NotAuthorized, Host: "h.net", Identity: "d", X509: true, Now: time.Unix(0, 0)},
		"hubclient: twin get: status 404: check the id, and the ID scope": &StatusError{Op: "twin get", Code: 404},
		"hubclient: twin get: status 500: try again later":                &StatusError{Op: "twin get", Code: 500, Body: []byte("<html>")},
		"hubclient: twin get: status 400 (400004): bad":                   &StatusError{Op: "twin get", Code: 400, Body: []byte(`{"errorCode":400004,"message":"bad."}`)},
		"hubclient: no answer to twin get within 30s: try again, and check that the server at the other end is an IoT Hub of a tier with twins": &TimeoutError{"twin get", requestTimeout},
	} {
		require.EqualError(t, err, want)
	}
	require.ErrorIs(t, &DialError{"h", errTest}, errTest)
	require.ErrorIs(t, &LinkError{Host: "h", Op: "reading", Err: errTest}, errTest)
	require.ErrorIs(t, &TakeoverError{Err: errTest}, errTest)
	require.ErrorIs(t, &TimeoutError{}, context.DeadlineExceeded)
	require.NotErrorIs(t, &TimeoutError{}, context.Canceled)
	require.ErrorIs(t, ErrClosed, net.ErrClosed)
}

func TestNames(t *testing.T) {
	require.Equal(t, "sent received Direction(9)", fmt.Sprint(Sent, " ", Received, " ", Direction(9)))
	for p := Disconnected; p <= Closed; p++ {
		require.NotContains(t, p.String(), "Phase(")
	}
	require.Equal(t, "Phase(99)", Phase(99).String())
	for k := StepDialing; k <= StepFailed; k++ {
		require.NotContains(t, k.String(), "StepKind(")
	}
	require.Equal(t, "StepKind(0)", StepKind(0).String())
}

func TestFullJitter(t *testing.T) {
	for attempt := 0; attempt < 100; attempt++ {
		limit := min(time.Minute, time.Duration(1<<min(max(attempt-1, 0), 10))*time.Second)
		longest := time.Duration(0)
		for range 1000 {
			d := fullJitter(attempt)
			require.GreaterOrEqual(t, d, time.Duration(0))
			require.Less(t, d, limit)
			longest = max(longest, d)
		}
		require.Greater(t, longest, limit/2, "it uses the whole range")
	}
}

func TestErrorsAboutInputHaveFields(t *testing.T) {
	_, err := ParseConnectionString("HostName=h.net;SharedAccessKeyName=iothubowner;SharedAccessKey=AAAA")
	part, ok := errors.AsType[*ConnectionStringError](err)
	require.True(t, ok)
	require.Equal(t, "SharedAccessKeyName", part.Part)
	require.Equal(t, "says that this is a hub-level string, which opens the whole hub", part.Reason)
	require.Contains(t, part.Hint, "paste the device's own connection string")
	require.EqualError(t, part, "connection string: "+part.Part+" "+part.Reason+": "+part.Hint)

	_, err = ParseConnectionString("HostName=https://h.net")
	part, ok = errors.AsType[*ConnectionStringError](err)
	require.True(t, ok)
	require.Equal(t, "holds a slash: give the name alone, without https:// and without a path", part.Reason)
	require.Empty(t, part.Hint, "the reason has it")

	device, err := New(Credentials{Host: testHost, DeviceID: testID, Key: testKey}, nil)
	require.NoError(t, err)
	_, err = device.Report(t.Context(), []byte(`{"thermostat":{"setpoint":[null]}}`))
	place, ok := errors.AsType[*TwinError](err)
	require.True(t, ok)
	require.Equal(t, "thermostat.setpoint.0", place.Path)
	require.Contains(t, err.Error(), place.Reason)
	_, ok = errors.AsType[*ArgumentError](err)
	require.True(t, ok)

	require.EqualError(t, &ConnectionStringError{Part: "HostName", Reason: "is odd"}, "HostName is odd")
	require.EqualError(t, &ConnectionStringError{Part: "HostName", Reason: "is odd", Hint: "change it"}, "HostName is odd: change it")
	require.EqualError(t, &TwinError{Path: "a.b", Reason: "is odd"}, `"a.b": is odd`)
}
