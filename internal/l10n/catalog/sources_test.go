package catalog

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"path"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/internal/hubservice"
	"github.com/hubpanel/hubpanel/internal/jsontext"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
	"github.com/hubpanel/hubpanel/pkg/wsconn"
)

// untranslated are texts that reach the page as they are, in every language, with the reason.
var untranslated = []struct{ folder, text, why string }{
	{"panel/cloud", "hubpanel second session", "what CONNECT tells the hub"},
	{"panel/cloud", "this session takes no messages", "hubclient asks only whether it is an error"},
	{"panel/methods", "the device did not answer in time", "for a caller that has gone"},
	{"panel/cloud", "az iot *", "commands to copy"},
	{"panel/cloud", " --*", "commands to copy"},
	{"simulation", "on, off", "an example's data"},
	{"simulation", "open, half, closed", "an example's data"},
	{"simulation", "Interval", "a name in Iot-Telemetry-Simulator's configuration"},
	{"simulation", "Intervals", "a name in Iot-Telemetry-Simulator's configuration"},
	{"simulation", "Header", "a name in Iot-Telemetry-Simulator's configuration"},
	{"simulation", "Payloads", "a name in Iot-Telemetry-Simulator's configuration"},
	{"simulation", "Template", "a name in Iot-Telemetry-Simulator's configuration"},
	{"simulation", "Variables", "a name in Iot-Telemetry-Simulator's configuration"},
	{"simulation", "Counter", "a name in Iot-Telemetry-Simulator's configuration"},
	{"simulation", "Fill", "a name in JSON"},
	{"panel/telemetry", "Temperature", "a name in JSON"},
	{"panel/telemetry", "Humidity", "a name in JSON"},
	{"panel/telemetry", "Count", "a name in JSON"},
	{"hubservice", "application/json; charset=utf-8", "HTTP"},
	{"panel/connection", "dtmi:com:example:Thermostat;1", "an example's data"},
	{"panel/diagnosis", "net::ERR_CONNECTION_REFUSED", "an example of what a browser's console says"},
	{"panel/palette", "Esc", "the label of the key"},
	{"panel/provisioning", "0ne00…", "an example's data"},
}

// TestEveryTextIsTranslated: no text of the page reaches a person in English, but for those that belong to no language.
func TestEveryTextIsTranslated(t *testing.T) {
	used := map[string]bool{}
	var unknown []string
	for _, raw := range readSource(t).raw {
		known := false
		for _, u := range untranslated {
			start, whole := strings.CutSuffix(u.text, "*")
			if path.Dir(raw.where) == u.folder && (raw.text == u.text || whole && strings.HasPrefix(raw.text, start)) {
				used[u.folder+u.text], known = true, true
			}
		}
		if !known {
			unknown = append(unknown, fmt.Sprintf("%s: %q", raw.where, raw.text))
		}
	}
	require.Empty(t, strings.Join(unknown, "\n"), "these reach the page in English: translate them with T or l10n.New")
	for _, u := range untranslated {
		require.True(t, used[u.folder+u.text], "%s: %q is not an exception any more", u.folder, u.text)
	}
}

// A page in another language has no English but what it quotes, and names that are the same everywhere.
func TestErrorsOfTheLibrariesAreTranslated(t *testing.T) {
	second := func(_ any, err error) error { return err }
	now := time.Unix(1_700_000_000, 0)
	device, err := hubclient.New(hubclient.Credentials{Host: "h.net", DeviceID: "d", Key: []byte("k")}, nil)
	require.NoError(t, err)
	link := &hubclient.LinkError{Host: "h.net", Op: "OP", Err: hubclient.ErrSilent}
	for english, err := range map[string]error{
		"":                 second(hubproto.ParseConnectionString("HostName=h.net;DeviceId=d;SharedAccessKey=AAA")),
		"missing DeviceId": second(hubproto.ParseConnectionString("HostName=h.net")),
		"hub level":        second(hubproto.ParseConnectionString("HostName=h.net;SharedAccessKeyName=iothubowner;SharedAccessKey=AAAA")),
		"DPS's":            second(hubproto.ParseConnectionString("HostName=x.azure-devices-provisioning.net;SharedAccessKeyName=o;SharedAccessKey=AAAA")),
		"a key alone":      second(hubproto.ParseConnectionString("c2VjcmV0LXNlY3JldC1zZWNyZXQ=")),
		"host":             second(hubproto.ParseConnectionString("HostName=https://h.net/;DeviceId=d;SharedAccessKey=AAAA")),
		"device's string":  second(hubclient.ParseConnectionString("HostName=h.net;DeviceId=d;SharedAccessKey=AAA")),
		"reported twin":    second(device.Report(context.Background(), []byte(`{"a":[1,null]}`))),
		"no token":         second(hubproto.ParseSAS("x")),
		"token":            second(hubproto.ParseSAS("SharedAccessSignature sr=a&sig=b%2Bc&se=1e9")),
		"key":              second(hubclient.ParseKey("AAA")),
		"twin":             hubproto.ValidateTwinPatch([]byte(`{"a":[1,null]}`)),
		"twin's JSON":      hubproto.ValidateTwinPatch([]byte(`{"a":`)),
		"JSON":             jsontext.Check("The payload", `{"a" 1}`),
		"an end":           jsontext.Check("The payload", `{"a"`),
		"service":          &hubservice.Error{Status: 404, Name: "DeviceNotFound", Text: "DeviceNotFound;the service's words"},
		"id":               hubproto.ValidDeviceID("a b"),
		"registration":     hubproto.ValidRegistrationID("a_"),
		"enrollment":       second(hubclient.Register(context.Background(), hubclient.Enrollment{IDScope: "a b"}, nil)),
		"not authorized":   &hubclient.ConnectError{Code: mqttcodec.NotAuthorized, Host: "h.net", Identity: "d-1", Now: now},
		"clock":            &hubclient.ConnectError{Code: mqttcodec.NotAuthorized, Host: "h.net", Now: now, ServerTime: now.Add(time.Hour), Skew: -time.Hour},
		"busy":             &hubclient.ConnectError{Code: mqttcodec.ServerUnavailable, Host: "h.net"},
		"no such host":     &hubclient.DialError{Host: "h.net", Err: &net.DNSError{IsNotFound: true}},
		"no answer":        &hubclient.DialError{Host: "h.net", Err: context.DeadlineExceeded},
		"policy":           &hubclient.DialError{Host: "h.net", Err: &wsconn.HandshakeError{Host: "h.net", Err: wsconn.ErrPolicy}},
		"unexplained":      &hubclient.DialError{Host: "h.net", Err: &wsconn.HandshakeError{Host: "h.net", Err: wsconn.ErrUnexplained}},
		"404":              &hubclient.DialError{Host: "h.net", Err: &wsconn.HandshakeError{Host: "h.net", StatusCode: 404, Err: errors.New("HTTP")}},
		"subprotocol":      &hubclient.DialError{Host: "h.net", Err: &wsconn.SubprotocolError{Host: "h.net"}},
		"broken":           link,
		"lost":             &hubclient.LinkError{Host: "h.net", Op: "OP", Err: &wsconn.CloseError{Code: 1006, Remote: true, Reason: "the system's own words"}},
		"MQTT":             &hubclient.LinkError{Host: "h.net", Op: "OP", Err: &mqttcodec.Error{Type: mqttcodec.PUBLISH, Clause: "MQTT-3.3.2-2", Reason: "words of the standard"}},
		"limit":            &hubclient.LinkError{Host: "h.net", Op: "OP", Err: &mqttcodec.LimitError{Type: mqttcodec.PUBLISH, Size: 2, Limit: 1}},
		"expired":          &hubclient.TokenExpiredError{Expiry: now, Now: now},
		"subscription":     &hubclient.SubscribeError{Filter: "$iothub/#"},
		"take-over":        &hubclient.TakeoverError{Times: 10, Identity: "d-1", Err: link},
		"timeout":          &hubclient.TimeoutError{Op: hubclient.OpTwinGet, After: time.Second},
		"status":           &hubclient.StatusError{Op: hubclient.OpDPSPoll, Code: 404, Body: []byte(`{"errorCode":404201,"message":"the service's words","trackingId":"T"}`)},
		"throttled":        &hubclient.StatusError{Op: hubclient.OpTwinReport, Code: 429},
		"disabled":         &hubclient.RegistrationError{RegistrationID: "r-1", Status: "disabled", Code: 401, Message: "the service's words"},
		"closed":           hubclient.ErrClosed,
		"unacknowledged":   hubclient.ErrUnacknowledged,
		"unknown":          errors.New("whose words are these"),
		"the end":          io.EOF,
		"JSON alone":       json.Unmarshal([]byte("{"), new(any)),
	} {
		t.Run(english, func(t *testing.T) {
			require.Error(t, err)
			require.Equal(t, punctuated(packageNames.Replace(err.Error()), English), English.Sentence(err), "English is the error's own text")
			for _, l := range []Lang{Polish, SimplifiedChinese, TraditionalChinese} {
				translated := l.Sentence(err)
				require.NotEqual(t, English.Sentence(err), translated)
				rest := quotes.ReplaceAllString(translated, "")
				for _, word := range []string{"the", "is", "check", "not", "connection", "device", "message"} {
					require.NotRegexp(t, `(?i)(^|[^\w.;=-])`+word+`($|[^\w.;=-])`, rest, "%s: %s", l, translated)
				}
				require.NotContains(t, translated, "%!", fmt.Sprint(l))
			}
		})
	}
}

// quotes are what stays as it came.
var quotes = regexp.MustCompile(`„[^”]*”|“[^”]*”|「[^」]*」|\([^)]*=[^)]*\)`)
