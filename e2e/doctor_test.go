package e2e

import (
	"context"
	"fmt"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/e2e/browser"
	"github.com/hubpanel/hubpanel/e2e/faultproxy"
	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/pkg/emulator"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

// faultyNetwork is a hub behind proxies with faults, which the page reaches as it would reach Azure: by the names of hosts, over TLS on
// port 443, in a browser that trusts one authority.
type faultyNetwork struct {
	hub   emulator.Hub
	key   string
	names map[string]string // for the browser: where they lead
	spki  string
}

const faultyDevice = "dev-1"

// The faults, by the names of the hosts. Those in .net have a second name of the service that answers, those in .cn have none.
var faultyHosts = map[string]faultproxy.Fault{
	"good.azure-devices.net": faultproxy.None, "global.azure-devices-provisioning.net": faultproxy.None,
	"closed.azure-devices.cn": faultproxy.Closed, "reset.azure-devices.net": faultproxy.Reset, "silent.azure-devices.net": faultproxy.Silent,
	"mute.azure-devices.cn": faultproxy.Mute, "untrusted.azure-devices.cn": faultproxy.None, "html.azure-devices.net": faultproxy.HTML,
	"noupgrade.azure-devices.net": faultproxy.NoUpgrade, "noprotocol.azure-devices.net": faultproxy.NoProtocol, "idle.azure-devices.net": faultproxy.IdleCut,
}

func newFaultyNetwork(t *testing.T) *faultyNetwork {
	t.Helper()
	n := &faultyNetwork{names: map[string]string{}}
	server := httptest.NewServer(&n.hub)
	t.Cleanup(func() {
		require.NoError(t, n.hub.Close())
		server.Close()
	})
	d, err := n.hub.PutDevice(t.Context(), emulator.Device{DeviceID: faultyDevice})
	require.NoError(t, err)
	n.key = d.Authentication.SymmetricKey.PrimaryKey
	trusted, err := faultproxy.NewAuthority()
	require.NoError(t, err)
	n.spki = trusted.SPKI()
	stranger, err := faultproxy.NewAuthority()
	require.NoError(t, err)
	for host, fault := range faultyHosts {
		authority := trusted
		if strings.HasPrefix(host, "untrusted") {
			authority = stranger
		}
		certificate, err := authority.Issue(host)
		require.NoError(t, err)
		proxy, err := faultproxy.Start(faultproxy.Options{Fault: fault, Upstream: strings.TrimPrefix(server.URL, "http://"), TLS: certificate, Idle: time.Second})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, proxy.Close()) })
		n.names[host] = proxy.Addr()
	}
	return n
}

func (n *faultyNetwork) device(host string) string {
	return "HostName=" + host + ";DeviceId=" + faultyDevice + ";SharedAccessKey=" + n.key
}

// patient is the page's query: a network on this machine needs no ten seconds to answer.
const patient = "/?view=diagnose&patience=4"

func (n *faultyNetwork) visit(t *testing.T) *person {
	t.Helper()
	pn := &person{t: t, page: browser.New(t, &browser.Options{Map: n.names, Flags: []string{"ignore-certificate-errors-spki-list=" + n.spki}})}
	pn.page.Open(t, serveHere(t).URL+patient)
	pn.sees("hub-kind", "emulator ")
	return pn
}

// examination presses a button that begins one, waits for its verdict, and returns the cause and how sure it is.
func (pn *person) examination(button string) (cause, sure string) {
	pn.t.Helper()
	const number = `(document.querySelector('[data-testid="verdict"]')?.dataset.examination ?? "0")`
	before := script[string](pn, number)
	pn.clicks(button)
	pn.until(`Number`+number+` > `+before, "the doctor came to no verdict")
	return pn.verdict()
}

// verdict is the cause that is shown and how sure it is.
func (pn *person) verdict() (cause, sure string) {
	pn.t.Helper()
	v := script[[]string](pn, `(() => { const v = document.querySelector('[data-testid="verdict"]'); return [v.dataset.cause, v.dataset.sure] })()`)
	return v[0], v[1]
}

// examines a device that the person pastes.
func (pn *person) examines(connectionString string) (cause, sure string) {
	pn.t.Helper()
	pn.types("connection-string", connectionString)
	return pn.examination("diagnose-run")
}

// consoleLine is what Chrome has printed about the WebSocket to a host, which the page cannot read and a person can.
func (pn *person) consoleLine(host string) string {
	pn.t.Helper()
	lines := pn.page.Entries()
	for i := len(lines) - 1; i >= 0; i-- {
		if strings.Contains(lines[i].Text, "wss://"+host) && !strings.HasSuffix(strings.TrimSpace(lines[i].Text), "failed:") {
			return lines[i].Text
		}
	}
	require.FailNow(pn.t, "Chrome printed nothing about "+host, "%s", pn.page)
	return ""
}

// TestDoctor is one network, one browser and one page, which the stories use one after the other: starting them takes longer than
// examining.
func TestDoctor(t *testing.T) {
	n := newFaultyNetwork(t)
	pn := n.visit(t)
	for _, story := range []struct {
		name string
		tell func(t *testing.T, n *faultyNetwork, pn *person)
	}{
		{"tells networks apart", doctorTellsNetworksApart},
		{"names what the hub says", doctorNamesWhatTheHubSays},
		{"watches a silent connection", doctorWatchesASilentConnection},
		{"is offered, and asks", doctorIsOfferedAndAsks},
	} {
		t.Run(story.name, func(t *testing.T) {
			pn.t = t
			story.tell(t, n, pn)
		})
	}
	pn.t = t
}

func doctorTellsNetworksApart(t *testing.T, n *faultyNetwork, pn *person) {
	for _, c := range []struct {
		host, cause, sure string
		console           string // the cause once the person has pasted Chrome's line; "" where Chrome prints none
	}{
		{"good.azure-devices.net", "fine", "certain", ""},
		{"nowhere.azure-devices.net", "name-not-resolved", "likely", "name-not-resolved"},
		{"nowhere.azure-devices.cn", "port-refused", "possible", "name-not-resolved"},
		{"closed.azure-devices.cn", "port-refused", "possible", "port-refused"},
		{"reset.azure-devices.net", "name-not-resolved", "likely", "connection-reset"},
		{"silent.azure-devices.net", "port-dropped", "likely", ""},
		{"mute.azure-devices.cn", "port-dropped", "likely", ""},
		{"untrusted.azure-devices.cn", "port-refused", "possible", "tls-not-trusted"},
		{"html.azure-devices.net", "upgrade-stripped", "likely", "html-answer"},
		{"noupgrade.azure-devices.net", "upgrade-stripped", "likely", "upgrade-stripped"},
		{"hub.example", "page-policy", "certain", ""},
		{"noprotocol.azure-devices.net", "upgrade-stripped", "likely", "subprotocol-stripped"},
	} {
		cause, sure := pn.examines(n.device(c.host))
		require.Equal(t, []string{c.cause, c.sure}, []string{cause, sure}, "%s\n%s", c.host, script[string](pn, `document.querySelector(".doctor").innerText`))
		if c.console == "" {
			continue
		}
		// The truth is among what the verdict names.
		line := pn.consoleLine(c.host)
		pn.types("diagnose-console", line)
		pn.until(`document.querySelector('[data-testid="verdict"]').dataset.sure === "certain"`, "the console's line made nothing certain: "+line)
		cause, _ = pn.verdict()
		require.Equal(t, c.console, cause, line)
	}

	// The report says all that IT needs, and no secret.
	pn.clicks("diagnose-it")
	report := pn.reads("diagnose-report")
	for _, want := range []string{"noprotocol.azure-devices.net", "443", "SNI", "Upgrade: websocket", "Sec-WebSocket-Protocol: mqtt", "TLS inspection", "UTC", "Chrome/", "subprotocol-stripped"} {
		require.Contains(t, report, want)
	}
	for _, secret := range []string{n.key, "SharedAccessKey", "sig=", faultyDevice} {
		require.NotContains(t, report, secret)
	}
}

func doctorNamesWhatTheHubSays(t *testing.T, n *faultyNetwork, pn *person) {
	const host = "good.azure-devices.net"
	for code := mqttcodec.UnacceptableProtocolVersion; code <= mqttcodec.NotAuthorized; code++ {
		require.NoError(t, n.hub.SetFaults(emulator.Faults{Refuse: code}))
		cause, _ := pn.examines(n.device(host))
		require.Equal(t, fmt.Sprintf("connack-%d", code), cause)
	}
	require.NoError(t, n.hub.SetFaults(emulator.Faults{Throttle: true}))
	cause, sure := pn.examines(n.device(host))
	require.Equal(t, []string{"throttled", "certain"}, []string{cause, sure})
	require.NoError(t, n.hub.SetFaults(emulator.Faults{}))

	// A hub that is not ours says 5 to a wrong key, and nothing else.
	key, err := hubproto.ParseKey(n.key)
	require.NoError(t, err)
	key[0] ^= 1
	wrong := hubproto.ConnectionString{HostName: host, DeviceID: faultyDevice, SharedAccessKey: key}.String()
	cause, sure = pn.examines(wrong)
	require.Equal(t, []string{"connack-5", "certain"}, []string{cause, sure})
	pn.sees("verdict-also", "The key is not this device's.")

	cause, _ = pn.examines("HostName=" + host + ";SharedAccessKeyName=iothubowner;SharedAccessKey=" + n.key)
	require.Equal(t, "hub-string", cause)

	token := func(expiry time.Time) string {
		raw, err := hubproto.ParseKey(n.key)
		require.NoError(t, err)
		return "HostName=" + host + ";DeviceId=" + faultyDevice + ";SharedAccessSignature=" +
			hubproto.SignSAS(raw, hubproto.DeviceResource(host, faultyDevice, ""), "", expiry)
	}
	cause, sure = pn.examines(token(time.Now().Add(-time.Minute)))
	require.Equal(t, []string{"token-expired", "certain"}, []string{cause, sure})
	cause, _ = pn.examines(token(time.Now().Add(time.Hour)))
	require.Equal(t, "fine", cause)

	// A second program with the same identity, which is back at once each time it loses it.
	rival := newRival(t, n)
	pn.types("connection-string", n.device(host))
	<-rival
	cause, sure = pn.examination("diagnose-run")
	require.Equal(t, []string{"taken-over", "likely"}, []string{cause, sure}, script[string](pn, `document.querySelector(".doctor").innerText`))
}

// newRival takes the device's identity and takes it back whenever it is lost, until the test ends. The channel is closed when it
// has it for the first time.
func newRival(t *testing.T, n *faultyNetwork) <-chan struct{} {
	t.Helper()
	cr, err := hubclient.ParseConnectionString(n.device("good.azure-devices.net"))
	require.NoError(t, err)
	first := make(chan struct{})
	var once sync.Once
	rival, err := hubclient.New(cr, &hubclient.Options{
		// Over a network nobody is back within a round trip: one that is can take the connection before the hub has written CONNACK.
		Dial: n.hub.Dial, MaxTakeovers: -1, Backoff: func(int) time.Duration { return 100 * time.Millisecond },
		OnState: func(s hubclient.State) {
			if s.Phase == hubclient.Connected {
				once.Do(func() { close(first) })
			}
		},
	})
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = rival.Run(ctx)
	}()
	t.Cleanup(func() { stop(); <-done })
	return first
}

func doctorWatchesASilentConnection(t *testing.T, n *faultyNetwork, pn *person) {
	pn.types("connection-string", n.device("idle.azure-devices.net"))
	pn.clicks("diagnose-idle-more")
	pn.types("diagnose-minutes", "1")
	cause, sure := pn.examination("diagnose-idle")
	require.Equal(t, []string{"idle-cut", "certain"}, []string{cause, sure}, pn.reads("stage-idle"))
}

// A failed attempt offers the doctor, and leaves a connection that works alone until the person agrees.
func doctorIsOfferedAndAsks(t *testing.T, n *faultyNetwork, pn *person) {
	pn.shows("telemetry")
	pn.types("connection-string", n.device("closed.azure-devices.cn"))
	pn.clicks("connect")
	cause, _ := pn.examination("notice-why")
	require.Equal(t, "port-refused", cause)
	pn.clicks("disconnect")
	pn.sees("state", "Not connected")

	pn.types("connection-string", n.device("good.azure-devices.net"))
	pn.clicks("connect")
	pn.sees("state", "Connected since")
	cause, sure := pn.examination("diagnose-run")
	pn.sees("stage-connack", "not yet")
	require.Equal(t, []string{"network-fine", "certain"}, []string{cause, sure})
	pn.sees("state", "Connected since")
	cause, sure = pn.examination("diagnose-agree")
	require.Equal(t, []string{"fine", "certain"}, []string{cause, sure})
	pn.sees("stage-connack", "good")
	pn.sees("state", "Connected since") // again, by itself
}

// Where the hub is the emulator beside the page, its own log ends the guessing.
func TestDoctorReadsTheHubsLog(t *testing.T) {
	server := serveHere(t)
	pn := &person{t: t, page: newPage(t)}
	pn.page.Open(t, server.URL+patient)
	pn.sees("hub-kind", "emulator ")
	ready := pn.value("connection-string")
	c, err := hubproto.ParseConnectionString(ready)
	require.NoError(t, err)
	c.SharedAccessKey[0] ^= 1
	cause, sure := pn.examines(c.String())
	require.Equal(t, []string{"wrong-key", "certain"}, []string{cause, sure})

	other := c
	other.DeviceID = "nobody"
	cause, sure = pn.examines(other.String())
	require.Equal(t, []string{"device-unknown", "certain"}, []string{cause, sure})

	d, err := server.Hub.Device(c.DeviceID)
	require.NoError(t, err)
	d.Status = emulator.StatusDisabled
	_, err = server.Hub.PutDevice(t.Context(), d)
	require.NoError(t, err)
	cause, sure = pn.examines(ready)
	require.Equal(t, []string{"device-disabled", "certain"}, []string{cause, sure})
	pn.sees("verdict-from", "The hub's log says: the device is disabled")
}

// A clock that is wrong: the page lives in another hour than its server.
func TestDoctorSeesAWrongClock(t *testing.T) {
	server := serveHere(t)
	for _, c := range []struct {
		hours int
		want  string
	}{{-3, "token-expired"}, {3, "token-not-yet-valid"}} {
		tab := newPage(t)
		pn := &person{t: t, page: tab}
		_, err := chromedp.Call(tab.Context(), page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: fmt.Sprintf(
			`{ const real = Date, by = %d * 3600e3; Date = class extends real { constructor(...a) { if (a.length) super(...a); else super(real.now() + by); } static now() { return real.now() + by; } }; }`, c.hours)})
		require.NoError(t, err)
		if c.hours > 0 { // the emulator does not mind tokens of the future, where the service does
			require.NoError(t, server.Hub.SetFaults(emulator.Faults{Refuse: mqttcodec.NotAuthorized}))
		}
		tab.Open(t, server.URL+patient)
		pn.sees("hub-kind", "emulator ")
		cause, _ := pn.examination("diagnose-run")
		require.Equal(t, c.want, cause, script[string](pn, `document.querySelector(".doctor").innerText`))
		tab.Close()
	}
}
