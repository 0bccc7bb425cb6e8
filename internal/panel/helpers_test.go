package panel

import (
	"context"
	"slices"
	"strings"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/hubservice"
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/savefile"
	"github.com/hubpanel/hubpanel/internal/ui"
	"github.com/hubpanel/hubpanel/pkg/emulator"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
)

// The limits of the rooms, as a person meets them.
const (
	journalLimit   = 10_000
	eventLimit     = 1000 // and a tenth more until the oldest are dropped
	eventsPage     = 50
	eventsInWindow = 8
	inboxLimit     = 1000
	inboxPage      = 100
	callLimit      = 200
	callsPage      = 50
	registryPause  = time.Second
)

// memory is a browser's storage.
type memory map[string]string

func (m memory) Get(key string) (string, bool) { v, ok := m[key]; return v, ok }
func (m memory) Set(key, value string) error   { m[key] = value; return nil }
func (m memory) Remove(key string)             { delete(m, key) }
func (m memory) Keys() (keys []string) {
	for key := range m {
		keys = append(keys, key)
	}
	return keys
}

// The keys under which the page keeps things.
const (
	profilesKey = "hubpanel.profiles"
	tabKey      = "hubpanel.tab"
)

// demoKey is the key of the ready-made device.
func (pg *person) demoKey() string { return secretOf(pg.readyMade()) }

// info is the emulator's.
func (pg *person) info() (info hubservice.Info) {
	pg.Read(func() { info = pg.emulator.Info })
	return info
}

// credentials are those of the connection that runs, or ran last.
func (pg *person) credentials() (c hubclient.Credentials) {
	pg.Read(func() { c = pg.connection.Credentials() })
	return c
}

// session is what a session file would hold.
func (pg *person) session() *savefile.Document {
	d := savefile.New(time.Now())
	pg.Read(func() { pg.save(d) })
	return d
}

// stored is the telemetry that the cloud side has, oldest first.
func (pg *person) stored() []savefile.Body { return pg.session().Stored }

// attr is an attribute of the element with this test id.
func (pg *person) attr(id, name string) string { pg.t.Helper(); return attrOf(pg.find(id), name) }

func attrOf(n *ui.Node, name string) string { v, _ := n.Attr(name); return v }

// value is the value of an element that a person can change.
func (pg *person) value(id string) string { pg.t.Helper(); return pg.find(id).Value }

// pressed reports whether a toggle button is on.
func (pg *person) pressed(id string) bool {
	pg.t.Helper()
	return pg.attr(id, "aria-pressed") == "true"
}

// clipboard gives the page a clipboard.
func (pg *person) clipboard(copied *string) {
	pg.Update(func() {
		pg.Env.Copy = func(_ context.Context, s string) error { *copied = s; return nil }
	})
}

// saver gives the page a place to save.
func (pg *person) saver(save func(name string, data []byte)) {
	pg.Update(func() {
		pg.Env.Save = func(name, _ string, data []byte) { save(name, data) }
	})
}

// drop drops a file on the page.
func (pg *person) drop(name, text string) {
	pg.t.Helper()
	for _, l := range pg.View().Events {
		if l.Event == "drop" {
			pg.Handle(l.Do, ui.Event{Files: []ui.File{{Name: name, Size: int64(len(text)), Data: []byte(text)}}})
			pg.settle()
			return
		}
	}
	require.Fail(pg.t, "nothing can be dropped on the page")
}

// press is a key that reaches the page's root.
func (pg *person) press(key string) { pg.t.Helper(); pg.pressOn(pg.View(), key) }

// pressIn is a key in an element, which has a listener for it.
func (pg *person) pressIn(id, key string) { pg.t.Helper(); pg.pressOn(pg.find(id), key) }

func (pg *person) pressOn(n *ui.Node, key string) {
	pg.t.Helper()
	for _, l := range n.Events {
		if l.Event == "keydown" && slices.Contains(l.Keys, key) {
			pg.Handle(l.Do, ui.Event{Key: key})
			pg.settle()
			return
		}
	}
	require.Fail(pg.t, "nothing happens on "+key)
}

// another connects a device of the emulator from elsewhere, as another program would, until the end of the test.
func (pg *person) another(deviceID string) *hubclient.Client {
	pg.t.Helper()
	credentials, err := pg.cloud.Registry.Credentials(pg.t.Context(), deviceID)
	require.NoError(pg.t, err)
	client, err := hubclient.New(credentials, &hubclient.Options{Dial: pg.hub().Dial})
	require.NoError(pg.t, err)
	ctx, cancel := context.WithCancel(pg.t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = client.Run(ctx) }()
	pg.t.Cleanup(func() { cancel(); <-done })
	synctest.Wait()
	return client
}

// hub is the emulator inside the page.
func (pg *person) hub() (hub *emulator.Hub) {
	pg.Read(func() { hub = pg.emulator.Hub })
	return hub
}

// operation is an entry of the operations log.
type operation struct{ what, description string }

// operations are the entries of the operations log about a device, oldest first.
func (pg *person) operations(deviceID string) (list []operation) {
	pg.Read(func() {
		for _, e := range pg.cloud.OperationsLog().Entries {
			if name, of, _ := strings.Cut(pg.Words(e.What), " · "); of == deviceID {
				list = append(list, operation{name, pg.Words(e.Summary)})
			}
		}
	})
	return list
}

// connects counts how often the hub accepted a device, and replaced counts its connections that ended because it connected again.
func (pg *person) connects(deviceID string) (connects, replaced int) {
	for _, o := range pg.operations(deviceID) {
		if o.what == "deviceConnect" {
			connects++
		}
		if strings.Contains(o.description, "ConnectionForcefullyClosedOnNewConnection") {
			replaced++
		}
	}
	return connects, replaced
}

// hubSees is the state of a device's connection by the hub's registry.
func (pg *person) hubSees(deviceID string) emulator.ConnectionState {
	pg.t.Helper()
	device, err := pg.hub().Device(deviceID)
	require.NoError(pg.t, err)
	return device.ConnectionState
}

var _ page.Storage = memory(nil)

// target is the device or module that the cloud side is about.
func (pg *person) target() (id string) {
	pg.Read(func() { id = pg.cloud.Target() })
	return id
}

// addSystemProperty adds a row to the message form.
func (pg *person) addSystemProperty(key string) {
	pg.t.Helper()
	pg.fire("telemetry-system-choice", "change", ui.Event{Value: key})
	pg.click("telemetry-system-add")
}

// reported are the reported properties, as the device knows them.
func (pg *person) reported() map[string]any {
	d := pg.session().Twin
	if d == nil {
		return nil
	}
	return d.Reported
}

// chosen is the value of the option that a select shows.
func (pg *person) chosen(id string) (value string) {
	pg.t.Helper()
	for _, option := range pg.find(id).Children {
		if _, ok := option.Attr("selected"); ok {
			value = attrOf(option, "value")
		}
	}
	return value
}

// run does a command as the palette does it.
func (pg *person) run(id string) {
	pg.t.Helper()
	pg.press("Ctrl+k")
	require.Empty(pg.t, pg.attr("command-"+id, "aria-disabled"), "%s cannot be done now", id)
	pg.click("command-" + id)
	require.False(pg.t, pg.has("palette"))
}
