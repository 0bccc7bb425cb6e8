package panel

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/pkg/emulator"
)

// inPageHost is the host name of the hub inside the page. It is nowhere in DNS, so that nothing could reach it by mistake.
const inPageHost = "hub.inpage"

// cloud is the hub's side of the session, as its service API shows it. There is one only if the hub is the emulator.
type cloud struct {
	fetch   Fetch
	info    emulator.Info
	service hubproto.ConnectionString // of the hub's service API
	devices []string                  // registered device ids
	target  string                    // the device that this side talks about
	live    bool                      // the event streams are open

	events  []storedEvent // telemetry as the hub stored it, newest last
	dropped int
	log     journal // the operations log

	message struct {
		body, messageID field
		ack             string
		properties      propertyRows
		busy            bool
		result          result
	}
	desired struct {
		patch  field
		busy   bool
		result result
	}
	twin struct {
		document string // the whole twin, indented
		version  int64
	}
	invoke struct {
		name, payload, timeout field
		busy                   bool
		result                 result
	}
}

// result is what came of the last action of a form.
type result struct {
	ok   bool
	text string // one line
	body string // what was answered, if anything
}

// storedEvent is a device-to-cloud message in the hub's event stream (design.md, GET /messages/events).
type storedEvent struct {
	DeviceID         string            `json:"deviceId"`
	ModuleID         string            `json:"moduleId"`
	Body             []byte            `json:"body"`
	Properties       map[string]string `json:"properties"`
	SystemProperties map[string]any    `json:"systemProperties"`
	EnqueuedTimeUTC  time.Time         `json:"enqueuedTimeUtc"`
	SequenceNumber   int64             `json:"sequenceNumber"`
}

// eventLimit is how many events the cloud side keeps.
const eventLimit = 200

func newCloud() cloud {
	var c cloud
	c.message.body.set("Hello, device")
	c.message.properties.add("priority", "high")
	c.message.ack = "none"
	c.desired.patch.set("{\n  \"telemetryInterval\": 10\n}")
	c.invoke.name.set("reboot")
	c.invoke.payload.set("{\n  \"delay\": 5\n}")
	c.invoke.timeout.set("30")
	return c
}

// findHub asks the page's origin for its emulator, and makes one in the page where there is none.
func (p *Panel) findHub(ctx context.Context) {
	if p.env.Params.Refused {
		p.fail("link", errors.New("the link to this page held a secret. It was wiped from the address and not used. "+
			"Paste the connection string into the page instead, and treat the link as leaked: renew the key"))
	}
	if p.env.Fetch != nil && p.env.Params.Hub != "inpage" {
		info, err := askInfo(ctx, p.env.Fetch)
		if err == nil {
			p.openCloud(ctx, hubServed, p.env.Fetch, info)
			return
		}
		if p.env.Params.Hub == "served" {
			p.update(func() { p.hub = hubNone })
			p.fail("hub", fmt.Errorf("there is no emulator behind this page (%w): start it with make run, or open the page with ?hub=inpage", err))
			return
		}
	}
	hub := &emulator.Hub{HostName: inPageHost}
	hub.SeedDemo()
	p.mu.Lock()
	p.inPage = hub
	p.mu.Unlock()
	p.openCloud(ctx, hubInPage, FetchFrom(hub, inPageHost), hub.Info(inPageHost))
}

func askInfo(ctx context.Context, fetch Fetch) (emulator.Info, error) {
	var info emulator.Info
	res, err := fetch(ctx, &FetchRequest{Method: "GET", Path: "/emulator/info"})
	if err != nil {
		return info, err
	}
	defer res.Body.Close()
	if res.Status != 200 || !strings.Contains(res.Header["content-type"], "application/json") {
		return info, fmt.Errorf("GET /emulator/info was answered %d", res.Status)
	}
	return info, json.NewDecoder(io.LimitReader(res.Body, 1<<20)).Decode(&info)
}

// openCloud fills in the ready-made device and follows the hub's event streams until ctx ends.
func (p *Panel) openCloud(ctx context.Context, kind hubKind, fetch Fetch, info emulator.Info) {
	service, err := hubproto.ParseServiceConnectionString(info.ServiceConnectionString)
	if err != nil {
		p.fail("hub", err)
		return
	}
	p.update(func() {
		p.hub = kind
		p.cloud.fetch, p.cloud.info, p.cloud.service = fetch, info, service
		p.cloud.target = info.Demo.DeviceID
		if p.device.connection.text == "" {
			p.device.connection.set(info.DeviceConnectionString)
		}
		p.offerEnrollment(p.dps.group)
	})
	p.start("the device list", p.loadDevices)
	p.start("the operations log", func(ctx context.Context) {
		p.follow(ctx, func() string { return "/emulator/operations" }, p.gotOperation)
	})
	p.follow(ctx, func() string {
		p.mu.Lock()
		defer p.mu.Unlock()
		if n := len(p.cloud.events); n > 0 {
			return "/messages/events?from=" + strconv.FormatInt(p.cloud.events[n-1].SequenceNumber+1, 10)
		}
		return "/messages/events"
	}, p.gotEvent)
}

// follow reads an event stream for as long as ctx lasts, and opens it again when it breaks.
func (p *Panel) follow(ctx context.Context, path func() string, got func(data []byte)) {
	for wait := time.Second / 2; ctx.Err() == nil; wait = min(wait*2, 10*time.Second) {
		res, err := p.service(ctx, "GET", path(), nil, nil)
		if err == nil {
			p.update(func() { p.cloud.live = true })
			wait = time.Second / 2
			readEvents(res.Body, got)
			res.Body.Close()
		}
		p.update(func() { p.cloud.live = false })
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
	}
}

// readEvents calls got with the data of each server-sent event until the stream ends
// (https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation; of its fields only data).
func readEvents(r io.Reader, got func(data []byte)) {
	var data []byte
	lines := bufio.NewReaderSize(r, 64<<10)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return // an event without its empty line is incomplete, and comes again
		}
		line = []byte(strings.TrimRight(string(line), "\r\n"))
		if rest, ok := strings.CutPrefix(string(line), "data:"); ok {
			if data != nil {
				data = append(data, '\n')
			}
			data = append(data, strings.TrimPrefix(rest, " ")...)
		}
		if len(line) == 0 && data != nil {
			got(data)
			data = nil
		}
	}
}

func (p *Panel) gotEvent(data []byte) {
	var e storedEvent
	if err := json.Unmarshal(data, &e); err != nil {
		p.fail("hub", fmt.Errorf("the hub's event stream sent something that is not an event: %w", err))
		return
	}
	p.update(func() {
		c := &p.cloud
		if n := len(c.events); n > 0 && e.SequenceNumber <= c.events[n-1].SequenceNumber {
			return // seen before the stream was opened again
		}
		c.events = append(c.events, e)
		if extra := len(c.events) - eventLimit; extra > 0 {
			c.events = slices.Delete(c.events, 0, extra)
			c.dropped += extra
		}
	})
}

func (p *Panel) gotOperation(data []byte) {
	var o struct {
		Time          time.Time `json:"time"`
		Category      string    `json:"category"`
		OperationName string    `json:"operationName"`
		DeviceID      string    `json:"deviceId"`
		Level         string    `json:"level"`
		StatusCode    int       `json:"statusCode"`
		Description   string    `json:"description"`
	}
	if err := json.Unmarshal(data, &o); err != nil {
		p.fail("hub", fmt.Errorf("the hub's operations log sent something that is not an entry: %w", err))
		return
	}
	kind := entryState
	if strings.EqualFold(o.Level, "error") || strings.EqualFold(o.Level, "warning") {
		kind = entryError
	}
	what := o.OperationName
	if o.DeviceID != "" {
		what += " · " + o.DeviceID
	}
	p.update(func() {
		e := p.cloud.log.add(o.Time.In(p.env.Location), kind, what, o.Description, "")
		if o.StatusCode != 0 {
			e.note = strconv.Itoa(o.StatusCode)
		}
	})
}

// serviceError is a refusal of the service's REST API.
type serviceError struct {
	Status int
	Text   string
}

func (e *serviceError) Error() string {
	return fmt.Sprintf("the hub answered %d: %s", e.Status, e.Text)
}

// service makes a request to the hub's service API, signed with the service policy, and returns the answer if it is a
// 2xx. The caller closes its Body.
func (p *Panel) service(ctx context.Context, method, path string, body any, header map[string]string) (*FetchResponse, error) {
	p.mu.Lock()
	fetch, policy := p.cloud.fetch, p.cloud.service
	p.mu.Unlock()
	if fetch == nil {
		return nil, errors.New("there is no emulator behind this page, so it has no cloud side")
	}
	r := &FetchRequest{Method: method, Path: path, Header: map[string]string{
		// One minute is enough for a request; a stream was admitted when it was opened.
		"Authorization": hubproto.SignSAS(policy.SharedAccessKey, policy.HostName, policy.SharedAccessKeyName, time.Now().Add(time.Minute)),
	}}
	switch b := body.(type) {
	case nil:
	case []byte:
		r.Body = b
	default:
		raw, err := json.Marshal(b)
		if err != nil {
			return nil, err
		}
		r.Body, r.Header["Content-Type"] = raw, "application/json; charset=utf-8"
	}
	for name, value := range header {
		r.Header[name] = value
	}
	res, err := fetch(ctx, r)
	if err != nil {
		return nil, err
	}
	if res.Status/100 == 2 {
		return res, nil
	}
	defer res.Body.Close()
	raw, _ := io.ReadAll(io.LimitReader(res.Body, 64<<10))
	var e struct{ Message string }
	if json.Unmarshal(raw, &e) != nil || e.Message == "" {
		e.Message = string(raw)
	}
	return nil, &serviceError{res.Status, e.Message}
}

// ask is service for an answer in JSON that fits in memory. The answer may be empty.
func (p *Panel) ask(ctx context.Context, method, path string, body any, header map[string]string) (json.RawMessage, error) {
	res, err := p.service(ctx, method, path, body, header)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	return io.ReadAll(io.LimitReader(res.Body, 4<<20))
}

const apiVersion = "?api-version=" + hubproto.APIVersion

func (p *Panel) loadDevices(ctx context.Context) {
	raw, err := p.ask(ctx, "GET", "/devices/"+apiVersion, nil, nil)
	var list []struct {
		DeviceID string `json:"deviceId"`
	}
	if err == nil {
		err = json.Unmarshal(raw, &list)
	}
	if err != nil {
		if ctx.Err() == nil {
			p.fail("hub", err)
		}
		return
	}
	p.update(func() {
		p.cloud.devices = nil
		for _, d := range list {
			p.cloud.devices = append(p.cloud.devices, d.DeviceID)
		}
		slices.Sort(p.cloud.devices)
	})
	p.loadCloudTwin(ctx)
}

// loadCloudTwin reads the target's whole twin, as a service sees it.
func (p *Panel) loadCloudTwin(ctx context.Context) {
	p.mu.Lock()
	target := p.cloud.target
	p.mu.Unlock()
	if target == "" {
		return
	}
	raw, err := p.ask(ctx, "GET", "/twins/"+url.PathEscape(target)+apiVersion, nil, nil)
	if err != nil {
		if ctx.Err() == nil {
			p.fail("hub", err)
		}
		return
	}
	var twin struct {
		Version    int64           `json:"version"`
		Tags       json.RawMessage `json:"tags"`
		Properties struct {
			Desired  json.RawMessage `json:"desired"`
			Reported json.RawMessage `json:"reported"`
		} `json:"properties"`
	}
	if err := json.Unmarshal(raw, &twin); err != nil {
		p.fail("hub", err)
		return
	}
	shown, _ := json.Marshal(map[string]any{
		"tags": orEmpty(twin.Tags), "desired": withoutMetadata(twin.Properties.Desired), "reported": withoutMetadata(twin.Properties.Reported),
	})
	p.update(func() {
		if p.cloud.target == target {
			p.cloud.twin.document, p.cloud.twin.version = indented(shown), twin.Version
		}
	})
}

func orEmpty(raw json.RawMessage) json.RawMessage {
	if len(raw) == 0 {
		return json.RawMessage("{}")
	}
	return raw
}

// withoutMetadata leaves out what the service adds to each property: true, but it hides the properties.
func withoutMetadata(raw json.RawMessage) json.RawMessage {
	var m map[string]json.RawMessage
	if json.Unmarshal(raw, &m) != nil {
		return orEmpty(raw)
	}
	delete(m, "$metadata")
	out, _ := json.Marshal(m)
	return out
}

// SelectDevice makes a registered device the one that the cloud side talks about.
func (p *Panel) SelectDevice(id string) {
	p.update(func() { p.cloud.target, p.cloud.twin.document = id, "" })
	p.start("the twin", p.loadCloudTwin)
}

// SendToDevice sends the cloud side's message to the target.
func (p *Panel) SendToDevice() {
	var target string
	var body []byte
	header := map[string]string{}
	p.update(func() {
		m := &p.cloud.message
		m.busy, target, body = true, p.cloud.target, []byte(m.body.text)
		if id := strings.TrimSpace(m.messageID.text); id != "" {
			header["iothub-messageid"] = id
		}
		if m.ack != "none" {
			header["iothub-ack"] = m.ack
		}
		for _, property := range m.properties.list() {
			header["iothub-app-"+property.Name] = property.Value
		}
		if json.Valid(body) {
			header["Content-Type"], header["Content-Encoding"] = "application/json", "utf-8"
		}
	})
	p.start("send to the device", func(ctx context.Context) {
		_, err := p.ask(ctx, "POST", "/devices/"+url.PathEscape(target)+"/messages/deviceBound"+apiVersion, body, header)
		p.update(func() {
			m := &p.cloud.message
			m.busy = false
			m.result = resultOf(err, "The hub has it: it delivers as soon as "+target+" is connected.")
		})
	})
}

// UpdateDesired sends the cloud side's patch of the desired properties.
func (p *Panel) UpdateDesired() {
	var target, patch string
	p.update(func() { target, patch = p.cloud.target, p.cloud.desired.patch.text })
	if err := checkObject("The desired properties", patch); err != nil {
		p.update(func() { p.cloud.desired.result = resultOf(err, "") })
		return
	}
	p.update(func() { p.cloud.desired.busy = true })
	p.start("update desired", func(ctx context.Context) {
		body := map[string]any{"properties": map[string]any{"desired": json.RawMessage(patch)}}
		raw, err := p.ask(ctx, "PATCH", "/twins/"+url.PathEscape(target)+apiVersion, body, nil)
		var twin struct {
			Properties struct {
				Desired struct {
					Version int64 `json:"$version"`
				} `json:"desired"`
			} `json:"properties"`
		}
		if err == nil {
			err = json.Unmarshal(raw, &twin)
		}
		p.update(func() {
			p.cloud.desired.busy = false
			p.cloud.desired.result = resultOf(err, fmt.Sprintf("Desired properties are now at version %d.", twin.Properties.Desired.Version))
		})
		p.loadCloudTwin(ctx)
	})
}

// InvokeMethod calls the direct method of the cloud side's form on the target, and waits for the device's answer.
func (p *Panel) InvokeMethod() {
	var target, name, payload, timeout string
	p.update(func() {
		c := &p.cloud
		target, name, payload, timeout = c.target, strings.TrimSpace(c.invoke.name.text), c.invoke.payload.text, c.invoke.timeout.text
	})
	seconds, err := strconv.Atoi(strings.TrimSpace(timeout))
	switch {
	case name == "":
		err = errors.New("the method has no name. Write one, for example reboot")
	case err != nil || seconds < 5 || seconds > 300:
		err = errors.New("the time-out is a whole number of seconds from 5 to 300")
	case strings.TrimSpace(payload) == "":
		payload = "null"
	default:
		err = checkJSON("The payload", payload)
	}
	if err != nil {
		p.update(func() { p.cloud.invoke.result = resultOf(err, "") })
		return
	}
	p.update(func() { p.cloud.invoke.busy = true })
	p.start("invoke the method", func(ctx context.Context) {
		began := time.Now()
		raw, err := p.ask(ctx, "POST", "/twins/"+url.PathEscape(target)+"/methods"+apiVersion, map[string]any{
			"methodName": name, "payload": json.RawMessage(payload), "responseTimeoutInSeconds": seconds, "connectTimeoutInSeconds": 0,
		}, nil)
		var answer struct {
			Status  int             `json:"status"`
			Payload json.RawMessage `json:"payload"`
		}
		if err == nil {
			err = json.Unmarshal(raw, &answer)
		}
		p.update(func() {
			p.cloud.invoke.busy = false
			p.cloud.invoke.result = resultOf(err, fmt.Sprintf("The device answered %d in %d ms.", answer.Status, time.Since(began).Milliseconds()))
			if err == nil {
				p.cloud.invoke.result.body = indented(answer.Payload)
			}
		})
	})
}

func resultOf(err error, ok string) result {
	if err != nil {
		return result{text: sentence(err)}
	}
	return result{ok: true, text: ok}
}

// payloadText shows a body as what it is: JSON indented, other text as it stands, the rest in base64.
func payloadText(body []byte) string {
	switch {
	case len(body) == 0:
		return "(empty)"
	case json.Valid(body):
		return indented(body)
	case printable(body):
		return string(body)
	}
	return base64.StdEncoding.EncodeToString(body)
}
