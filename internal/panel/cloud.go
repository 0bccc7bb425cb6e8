package panel

import (
	"context"
	"encoding/json"
	"io"
	"strconv"
	"strings"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/internal/readymade"
	"github.com/hubpanel/hubpanel/pkg/emulator"
)

// inPageHost is the host name of the hub inside the page. It is nowhere in DNS, so that nothing could reach it by mistake.
const inPageHost = "hub.inpage"

// cloud is the hub's side of the session, as its service API shows it. There is one only if the hub is the emulator.
type cloud struct {
	fetch   Fetch
	info    readymade.Info
	service hubproto.ConnectionString // of the hub's service API
	target  string                    // the device that this side talks about
	live    bool                      // the event stream is open

	look     eventsView
	registry registry
	faults   faults

	events  []storedEvent // telemetry as the hub stored it, newest last
	dropped int
	log     journal // the operations log

	module  string   // of the target: then this side talks about it, and not about its device
	modules []string // that the target has, in order

	message struct {
		input                          field // of the module
		body, messageID, correlationID field
		expiry                         field // seconds from now; empty: the hub's own
		ack                            string
		properties                     propertyRows
		busy                           bool
		result                         result
	}
	desired, tags twinPatch
	sent          []*sentMessage // cloud-to-device messages, oldest first
	calls         []cloudCall    // of direct methods, oldest first
	twin          struct {
		document string // the whole twin, indented
		version  int64
	}
	invoke struct {
		name, payload, timeout, connectTimeout field
		busy                                   bool
		result                                 result
	}
}

// twinPatch is a patch of one part of the twin, and what came of it.
type twinPatch struct {
	patch  field
	busy   bool
	result result
}

// result is what came of the last action of a form.
type result struct {
	ok   bool
	text string // one line
	body string // what was answered, if anything
}

func newCloud() cloud {
	var c cloud
	c.message.body.set("Hello, device")
	c.message.properties.add("priority", "high")
	c.message.ack = "none"
	c.message.input.set("input1")
	c.desired.patch.set("{\n  \"telemetryInterval\": 10\n}")
	c.invoke.name.set("reboot")
	c.invoke.payload.set("{\n  \"delay\": 5\n}")
	c.invoke.timeout.set("30")
	c.invoke.connectTimeout.set("0")
	c.tags.patch.set("{\n  \"site\": \"north\"\n}")
	c.faults = newFaults()
	c.look = eventsView{form: formJSON, shown: eventsPage}
	return c
}

// findHub asks the page's origin for its emulator, and makes one in the page where there is none.
func (p *Panel) findHub(ctx context.Context) {
	if p.env.Params.Refused {
		p.fail("link", l10n.New("the link to this page held a secret. It was wiped from the address and not used. "+
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
			p.fail("hub", l10n.New("there is no emulator behind this page (%v): start it with make run, or open the page with ?hub=inpage", err))
			return
		}
	}
	hub := &emulator.Hub{HostName: inPageHost}
	err := readymade.Prepare(ctx, hub)
	if err != nil {
		p.fail("hub", err)
		return
	}
	info, err := readymade.Describe(ctx, hub, inPageHost)
	if err != nil {
		p.fail("hub", err)
		return
	}
	p.mu.Lock()
	p.inPage = hub
	p.mu.Unlock()
	p.openCloud(ctx, hubInPage, FetchFrom(hub, inPageHost), info)
}

func askInfo(ctx context.Context, fetch Fetch) (readymade.Info, error) {
	var info readymade.Info
	res, err := fetch(ctx, &FetchRequest{Method: "GET", Path: "/emulator/info"})
	if err != nil {
		return info, err
	}
	defer res.Body.Close()
	if res.Status != 200 || !strings.Contains(res.Header["content-type"], "application/json") {
		return info, l10n.New("GET /emulator/info was answered %d", res.Status)
	}
	return info, json.NewDecoder(io.LimitReader(res.Body, 1<<20)).Decode(&info)
}

// openCloud fills in the ready-made device and follows the hub's event streams until ctx ends.
func (p *Panel) openCloud(ctx context.Context, kind hubKind, fetch Fetch, info readymade.Info) {
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
		p.offerEnrollment(p.dps.kind)
	})
	p.start("the device list", p.loadDevices)
	p.start("the faults", p.loadFaults)
	p.start("the operations log", func(ctx context.Context) {
		p.follow(ctx, func() string { return "/emulator/operations" }, p.gotOperation, new(bool))
	})
	if kind == hubInPage {
		p.mu.Lock()
		hub := p.inPage
		p.mu.Unlock()
		p.followInPage(ctx, hub)
		return
	}
	p.follow(ctx, func() string {
		p.mu.Lock()
		defer p.mu.Unlock()
		if n := len(p.cloud.events); n > 0 {
			return "/messages/events?from=" + strconv.FormatInt(p.cloud.events[n-1].sequence+1, 10)
		}
		return "/messages/events"
	}, p.gotEvent, &p.cloud.live)
}

func (p *Panel) loadDevices(ctx context.Context) {
	if err := p.loadRegistry(ctx); err != nil {
		if ctx.Err() == nil {
			p.fail("hub", err)
		}
		return
	}
	p.loadTarget(ctx)
}

// loadTarget reads what the hub knows of the target: its modules and its twin.
func (p *Panel) loadTarget(ctx context.Context) {
	p.loadModules(ctx)
	p.loadCloudTwin(ctx)
}

// loadCloudTwin reads the target's whole twin, as a service sees it.
func (p *Panel) loadCloudTwin(ctx context.Context) {
	p.mu.Lock()
	target, module, path := p.cloud.target, p.cloud.module, p.cloud.twinPath()
	p.mu.Unlock()
	if target == "" {
		return
	}
	twin, err := p.readCloudTwin(ctx, path)
	if err != nil {
		if ctx.Err() == nil {
			p.fail("hub", err)
		}
		return
	}
	shown, _ := json.Marshal(map[string]any{
		"tags": orEmpty(twin.Tags), "desired": withoutMetadata(twin.Properties.Desired), "reported": withoutMetadata(twin.Properties.Reported),
	})
	p.update(func() {
		if p.cloud.target == target && p.cloud.module == module {
			p.cloud.twin.document, p.cloud.twin.version = indented(shown), twin.Version
		}
	})
}

// cloudTwin is a device's twin as a service reads it.
type cloudTwin struct {
	Version    int64           `json:"version"`
	Tags       json.RawMessage `json:"tags"`
	Properties struct {
		Desired  json.RawMessage `json:"desired"`
		Reported json.RawMessage `json:"reported"`
	} `json:"properties"`
}

func (p *Panel) readCloudTwin(ctx context.Context, path string) (twin cloudTwin, err error) {
	raw, err := p.ask(ctx, "GET", path+apiVersion, nil, nil)
	if err == nil {
		err = json.Unmarshal(raw, &twin)
	}
	return twin, err
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
