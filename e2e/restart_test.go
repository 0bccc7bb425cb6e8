package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/e2e/browser"
	"github.com/hubpanel/hubpanel/internal/hubproto"
)

// The program is killed and started again under an open page. The page is connected again by itself, with the keys of the new
// emulator, says in one line that it restarted, and has lost nothing that was acknowledged.

// restarts is how often each story kills the program; TestRestarts has two stories.
const restarts = 10

// program is the program itself, as `make run` starts it, in a process that can be killed.
type program struct {
	t       *testing.T
	binary  string
	address string // of -http; the kernel chooses the port of the first start
	data    string // of -data; empty: memory
	cmd     *exec.Cmd
	url     string
}

func newProgram(t *testing.T, binary, data string) *program {
	p := &program{t: t, binary: binary, address: "127.0.0.1:0", data: data}
	p.start()
	t.Cleanup(func() {
		if p.cmd != nil {
			p.end(os.Interrupt)
		}
	})
	p.address = strings.TrimPrefix(p.url, "http://")
	return p
}

// buildProgram builds the program with the page inside.
func buildProgram(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "hubpanel")
	out, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "..").CombinedOutput()
	require.NoError(t, err, "%s", out)
	return binary
}

// start starts the program and waits until the page can be opened.
func (p *program) start() {
	p.t.Helper()
	args := []string{"-http", p.address}
	if p.data != "" {
		args = append(args, "-data", p.data)
	}
	p.cmd = exec.Command(p.binary, args...)
	var stderr bytes.Buffer
	p.cmd.Stderr = &stderr
	stdout, err := p.cmd.StdoutPipe()
	require.NoError(p.t, err)
	require.NoError(p.t, p.cmd.Start())
	line, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(p.t, err, "%s", stderr.String())
	_, p.url, _ = strings.Cut(strings.TrimSpace(line), "hubpanel is ready: ")
	p.url = strings.TrimSuffix(p.url, "/")
	require.NotEmpty(p.t, p.url, line)
}

// end sends a signal and waits for the end of the process.
func (p *program) end(s os.Signal) {
	p.t.Helper()
	require.NoError(p.t, p.cmd.Process.Signal(s))
	err := p.cmd.Wait()
	if s == os.Interrupt {
		require.NoError(p.t, err)
	}
	p.cmd = nil
}

// service makes a request of a service to the program that runs now, with the keys that it has now.
func (p *program) service(ctx context.Context, method, path string, body []byte, header map[string]string) (int, []byte) {
	p.t.Helper()
	var info struct {
		ServiceConnectionString string `json:"serviceConnectionString"`
	}
	res, err := http.Get(p.url + "/emulator/info")
	require.NoError(p.t, err)
	require.NoError(p.t, json.NewDecoder(res.Body).Decode(&info))
	require.NoError(p.t, res.Body.Close())
	cs, err := hubproto.ParseServiceConnectionString(info.ServiceConnectionString)
	require.NoError(p.t, err)
	req, err := http.NewRequestWithContext(ctx, method, p.url+path+"?api-version="+hubproto.APIVersion, bytes.NewReader(body))
	require.NoError(p.t, err)
	req.Header.Set("Authorization", hubproto.SignSAS(cs.SharedAccessKey, cs.HostName, cs.SharedAccessKeyName, time.Now().Add(time.Minute)))
	for name, value := range header {
		req.Header.Set(name, value)
	}
	res, err = http.DefaultClient.Do(req)
	require.NoError(p.t, err)
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	require.NoError(p.t, err)
	return res.StatusCode, raw
}

// readyMadeDevice is the device that the page connects.
const readyMadeDevice = "MyDevice01"

// sends a cloud-to-device message, which the hub takes.
func (p *program) sends(text string) {
	p.t.Helper()
	status, raw := p.service(p.t.Context(), "POST", "/devices/"+readyMadeDevice+"/messages/deviceBound", []byte(text), map[string]string{"iothub-messageid": text})
	require.Equal(p.t, http.StatusNoContent, status, "%s", raw)
}

// invokes a direct method, which the device answers.
func (p *program) invokes(method string) {
	p.t.Helper()
	body, err := json.Marshal(map[string]any{"methodName": method, "payload": nil, "responseTimeoutInSeconds": 30, "connectTimeoutInSeconds": 10})
	require.NoError(p.t, err)
	status, raw := p.service(p.t.Context(), "POST", "/twins/"+url.PathEscape(readyMadeDevice)+"/methods", body, map[string]string{"Content-Type": "application/json"})
	require.Equal(p.t, http.StatusOK, status, "%s", raw)
	require.Contains(p.t, string(raw), `"status":200`)
}

// signalOf is how the program is ended: killed in every other round, asked to end in the others.
func signalOf(round int) os.Signal {
	if round%2 == 0 {
		return syscall.SIGKILL
	}
	return os.Interrupt
}

func TestRestarts(t *testing.T) {
	binary := buildProgram(t)
	for name, data := range map[string]string{"in memory": "", "with -data": t.TempDir()} {
		t.Run(name, func(t *testing.T) {
			p := newProgram(t, binary, data)
			pn := visitUnasked(t, p.url, "/?view=telemetry")
			loaded := script[float64](pn, `performance.timeOrigin`)
			pn.connects()
			pn.types("stream-0-interval", "50")
			pn.clicks("stream-0-start")
			pn.chooses("device-log-kind", "state")
			for round := range restarts {
				before := fmt.Sprint("before-", round)
				pn.clicks("device-log-clear")
				p.sends(before) // taken by the hub: what becomes of it depends on -data
				p.end(signalOf(round))
				pn.until(`document.querySelector('[data-testid="state"]').dataset.state !== "connected"`, "the page does not notice")
				p.start()
				pn.sees("state", "Connected since")
				pn.until(`document.querySelector('[data-testid="device-log"]').textContent.split("The emulator restarted").length === 2`, "the page does not say once that the emulator restarted")
				after := fmt.Sprint("after-", round)
				p.sends(after)
				p.invokes("reboot")
				pn.shows("messages")
				pn.sees("message", after)
				if data != "" {
					pn.sees("message", before)
				}
				pn.shows("telemetry")
				pn.until(`(() => { const e = [...document.querySelectorAll('[data-testid="event"]')]; return e.length > 0; })()`, "the page reads no stored telemetry")
			}
			pn.clicks("stream-0-stop")
			pn.sees("stream-0-state", "Stopped after")
			pn.sees("stream-0-state", "0 failed, 0 on their way")
			require.Regexp(t, `Stopped after (\d+) messages\. (\d+) sent, (\d+) acknowledged`, pn.reads("stream-0-state"))
			counts := regexp.MustCompile(`(\d+) sent, (\d+) acknowledged`).FindStringSubmatch(pn.reads("stream-0-state"))
			require.Equal(t, counts[1], counts[2], "every message of the stream is acknowledged in the end")
			require.Equal(t, loaded, script[float64](pn, `performance.timeOrigin`), "the page was reloaded")
			require.NoError(t, problemsBut(pn, p.url))
		})
	}
}

// problemsBut are what the browser complained about, but for the connections that it could not make while the program was down.
func problemsBut(pn *person, origin string) error {
	var rest browser.Record
	for _, e := range pn.page.Entries() {
		if strings.Contains(e.Text, "net::ERR_") || strings.Contains(e.Text, "WebSocket connection to") || strings.Contains(e.Text, "401 (Unauthorized)") {
			continue
		}
		rest.Log(e)
	}
	for _, r := range pn.page.Requests() {
		rest.Request(r)
	}
	return rest.Problems(origin)
}

// A device of a JavaScript program that took its connection string from /emulator/info comes back in the same way.
func TestRestartsUnderAProgram(t *testing.T) {
	binary := buildProgram(t)
	for name, data := range map[string]string{"in memory": "", "with -data": t.TempDir()} {
		t.Run(name, func(t *testing.T) {
			p := newProgram(t, binary, data)
			pn := visitUnasked(t, p.url, "/")
			pn.until(`window.hubpanel`, "the page did not start")
			script[bool](pn, `(async () => {
				const info = await (await fetch("/emulator/info")).json();
				window.device = await hubpanel.connect({ connectionString: info.deviceConnectionString });
				window.states = []; window.texts = [];
				device.on("state", (s) => states.push(s.phase));
				device.on("message", (m) => texts.push(m.text()));
				device.onMethod("reboot", () => ({ status: 200, payload: {} }));
				return true;
			})()`)
			for round := range 3 {
				p.end(signalOf(round))
				pn.until(`states.at(-1) !== "connected" && states.length > 0`, "the device does not notice")
				script[bool](pn, fmt.Sprintf(`(window.sent = device.send({ round: %d }), true)`, round))
				p.start()
				pn.until(`states.at(-1) === "connected"`, "the device does not come back")
				script[bool](pn, `sent.then(() => true)`)
				text := fmt.Sprint("round-", round)
				p.sends(text)
				pn.until(fmt.Sprintf(`texts.includes(%q)`, text), "the message did not arrive")
				p.invokes("reboot")
				script[bool](pn, `(states.length = 0, true)`)
			}
			script[bool](pn, `device.close().then(() => true)`)
			require.NoError(t, problemsBut(pn, p.url))
		})
	}
}
