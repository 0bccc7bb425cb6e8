package doctor

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

// seen makes evidence of outcomes: "https=failed upgrade=timeout".
func seen(outcomes string, change ...func(*Evidence)) Evidence {
	e := Evidence{Findings: map[Stage]Finding{}, Limit: 10 * time.Second,
		Subject: Subject{Host: "hub.azure-devices.net", URL: "wss://hub.azure-devices.net/$iothub/websocket", DeviceID: "d"}}
	for _, word := range strings.Fields(outcomes) {
		s, o, _ := strings.Cut(word, "=")
		e.Findings[Stage(s)] = Finding{Stage: Stage(s), Outcome: Outcome(o)}
	}
	for _, c := range change {
		c(&e)
	}
	return e
}

const through = "https=ok control=ok upgrade=ok "

func TestJudge(t *testing.T) {
	host := func(h string) func(*Evidence) {
		return func(e *Evidence) { e.Subject.Host, e.Subject.URL = h, "wss://"+h+"/$iothub/websocket" }
	}
	code := func(c mqttcodec.ConnectCode, skew time.Duration) func(*Evidence) {
		return func(e *Evidence) { e.Answered, e.Code, e.Skew, e.SkewKnown = true, c, skew, true }
	}
	hub := func(code int) func(*Evidence) {
		return func(e *Evidence) { e.HubLines = []HubLine{{Code: code, Reason: "wrongSignature", Text: "in words"}} }
	}
	console := func(c Cause) func(*Evidence) { return func(e *Evidence) { e.Console = c } }
	links := func(l ...Link) func(*Evidence) { return func(e *Evidence) { e.History = l } }
	cut := func(s int) Link { return Link{Lasted: 10 * time.Minute, Quiet: time.Duration(s) * time.Second} }
	young := Link{Lasted: 2 * time.Second, Clean: true}
	for name, c := range map[string]struct {
		e    Evidence
		want Cause
		sure Sureness
	}{
		"offline":                           {seen("online=failed"), Offline, Certain},
		"ws from https":                     {seen("page=failed upgrade=failed"), MixedContent, Certain},
		"policy":                            {seen("https=skipped upgrade=failed", func(e *Evidence) { e.Policy = true }), PagePolicy, Certain},
		"this name fails":                   {seen("https=failed control=ok upgrade=failed"), NameNotResolved, Likely},
		"all names fail":                    {seen("https=failed control=failed upgrade=failed"), PortRefused, Possible},
		"no second name":                    {seen("https=failed control=skipped upgrade=failed"), NameNotResolved, Possible},
		"an address":                        {seen("https=failed upgrade=failed", host("192.0.2.1:443")), PortRefused, Likely},
		"an IPv6 address":                   {seen("https=failed upgrade=failed", host("[2001:db8::1]:443")), PortRefused, Likely},
		"loopback":                          {seen("https=failed upgrade=failed", host("localhost:1")), PortRefused, Likely},
		"silence":                           {seen("https=timeout control=ok upgrade=timeout"), PortDropped, Likely},
		"silence, and a policy for https":   {seen("https=skipped upgrade=timeout"), PortDropped, Likely},
		"https, but no upgrade":             {seen("https=ok control=ok upgrade=failed upgrade-no-query=failed"), UpgradeStripped, Likely},
		"https, and the upgrade waits":      {seen("https=ok control=ok upgrade=timeout"), UpgradeStripped, Likely},
		"only without the query":            {seen("https=ok upgrade=failed upgrade-no-query=ok"), QueryRefused, Certain},
		"the console":                       {seen("https=failed control=ok upgrade=failed", console(TLSNotTrusted)), TLSNotTrusted, Certain},
		"an old console line does not rule": {seen(through+"connack=ok subscribe=ok watch=ok", console(TLSNotTrusted)), Fine, Certain},
		"not signed in":                     {seen(through), NetworkFine, Certain},
		"good":                              {seen(through + "connack=ok subscribe=ok watch=ok"), Fine, Certain},
		"no CONNACK":                        {seen(through + "connack=timeout"), NoConnack, Likely},
		"CONNACK 1":                         {seen(through+"connack=failed", code(1, 0)), Connack1, Certain},
		"CONNACK 2":                         {seen(through+"connack=failed", code(2, 0)), Connack2, Certain},
		"CONNACK 3":                         {seen(through+"connack=failed", code(3, 0)), Connack3, Certain},
		"CONNACK 4":                         {seen(through+"connack=failed", code(4, 0)), Connack4, Certain},
		"CONNACK 5":                         {seen(through+"connack=failed", code(5, 0)), Connack5, Certain},
		"CONNACK 5, behind":                 {seen(through+"connack=failed", code(5, -time.Hour)), TokenExpired, Likely},
		"CONNACK 5, ahead":                  {seen(through+"connack=failed", code(5, time.Hour)), TokenNotYetValid, Likely},
		"the hub's log: key":                {seen(through+"connack=failed", code(5, 0), hub(401002)), WrongKey, Certain},
		"the hub's log: something else": {seen(through+"connack=failed", code(5, 0), func(e *Evidence) {
			e.HubLines = []HubLine{{Code: 401002, Text: "the client id; the word signature means nothing"}}
		}), Connack5, Certain},
		"the hub's log: token":            {seen(through+"connack=failed", code(5, 0), hub(401003)), TokenExpired, Certain},
		"the hub's log: disabled":         {seen(through+"connack=failed", code(5, 0), hub(403001)), DeviceDisabled, Certain},
		"the hub's log: unknown":          {seen(through+"connack=failed", code(5, 0), hub(404001)), DeviceUnknown, Certain},
		"the hub's log: too many":         {seen(through+"connack=failed", code(5, 0), hub(429001)), Throttled, Certain},
		"the hub's log: taken over":       {seen(through+"connack=ok subscribe=ok watch=failed", hub(400027)), TakenOver, Certain},
		"the hub's log: of another thing": {seen(through+"connack=failed", code(3, 0), hub(503001)), Connack3, Certain},
		"closed twice":                    {seen(through+"connack=ok watch=failed", func(e *Evidence) { e.TakenOver = 2 }), TakenOver, Likely},
		"closed once":                     {seen(through+"connack=ok subscribe=ok watch=failed", func(e *Evidence) { e.TakenOver = 1 }), Unstable, Certain},
		"a filter refused":                {seen(through+"connack=ok subscribe=failed", func(e *Evidence) { e.Refused = "f" }), Subscriptions, Certain},
		"429":                             {seen(through+"connack=ok subscribe=failed", func(e *Evidence) { e.Throttled = true }), Throttled, Certain},
		"idle":                            {seen(through+"idle=failed", func(e *Evidence) { e.Idle = time.Minute }), IdleCut, Certain},
		"regular silences":                {seen(through, links(cut(60), cut(61), cut(62))), IdleCut, Likely},
		"irregular silences":              {seen(through, links(cut(60), cut(90), cut(62))), NetworkFine, Certain},
		"too few":                         {seen(through, links(cut(60), cut(60))), NetworkFine, Certain},
		"renewals between":                {seen(through, links(cut(60), Link{Planned: true, Quiet: time.Minute}, cut(60), cut(60))), IdleCut, Likely},
		"a loop before":                   {seen(through, links(young, young)), TakenOver, Likely},
		"stopped":                         {seen("https=skipped upgrade=skipped"), Stopped, Certain},
		"nothing yet":                     {seen(""), Stopped, Certain},
	} {
		t.Run(name, func(t *testing.T) {
			v := Judge(c.e)
			require.Equal(t, []any{c.want, c.sure}, []any{v.Cause, v.Sure})
			require.NotEmpty(t, v.Sentence.Format)
			require.NotEmpty(t, v.Next)
			require.NotContains(t, v.Also, v.Cause)
			if v.Sure != Certain {
				require.True(t, len(v.Also)+len(v.Unseen) > 0, "says what is not known")
			}
		})
	}
}

// What browsers print and what it means.
func TestReadConsole(t *testing.T) {
	for line, want := range map[string]Cause{
		"WebSocket connection to 'wss://h/' failed: Error in connection establishment: net::ERR_NAME_NOT_RESOLVED": NameNotResolved,
		"net::ERR_CERT_AUTHORITY_INVALID": TLSNotTrusted, "SEC_ERROR_UNKNOWN_ISSUER": TLSNotTrusted,
		"Error during WebSocket handshake: Unexpected response code: 200":                                               HTMLAnswer,
		"Error during WebSocket handshake: Unexpected response code: 426":                                               UpgradeStripped,
		"Error during WebSocket handshake: Sent non-empty 'Sec-WebSocket-Protocol' header but no response was received": SubprotocolStripped,
		"ERR_TIMED_OUT": PortDropped, "Error code: NS_ERROR_CONNECTION_REFUSED": PortRefused,
		"Firefox can’t establish a connection to the server at wss://h/.": "", "": "",
	} {
		got, ok := ReadConsole(line)
		require.Equal(t, want, got, line)
		require.Equal(t, want != "", ok, line)
	}
}

func TestControl(t *testing.T) {
	for host, want := range map[string]string{
		"hub.azure-devices.net": "global.azure-devices-provisioning.net", "hub.azure-devices.cn": "global.azure-devices-provisioning.cn",
		"hub.device.azure-devices.us:443": "global.azure-devices-provisioning.us", "global.azure-devices-provisioning.net": "",
		"localhost:1": "", "azure-devices.net.example": "", "": "",
	} {
		require.Equal(t, want, Control(host), host)
	}
}

// The report has what IT asks for, and neither secret nor identity.
func TestReport(t *testing.T) {
	e := seen("https=failed control=ok upgrade=failed")
	e.Subject.Key, e.Subject.Token = []byte("secret"), "SharedAccessSignature sr=x&sig=y"
	var b strings.Builder
	for _, line := range Report(e, Judge(e), About{Browser: "Browser/1", Page: "v1", Now: time.Unix(0, 0)}) {
		b.WriteString(line.String() + "\n")
	}
	for _, want := range []string{"hub.azure-devices.net", "TCP 443", "SNI", "Upgrade: websocket", "mqtt", "TLS inspection", "1970-01-01 00:00:00 UTC", "Browser/1", "v1",
		"name-not-resolved", "global.azure-devices-provisioning.net"} {
		require.Contains(t, b.String(), want)
	}
	require.NotContains(t, b.String(), "secret")
	require.NotContains(t, b.String(), "sig=")
}
