package panel

import (
	"context"
	"net"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/hubservice"
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/ui"
	"github.com/hubpanel/hubpanel/internal/ui/uitest"
)

// person is somebody in front of a panel, who reads the view, clicks and types. The hub is the one inside the page, so nothing leaves
// the process, and under synctest time runs only as far as the story needs it.
type person struct {
	t *testing.T
	*Panel
	fatal chan string // what Env.Fatal was called with
}

// openPage opens the page, waits until it has found its hub, and closes it at the end of the test.
func openPage(t *testing.T, query string) *person {
	t.Helper()
	return openWith(t, Env{Params: page.ParseParams(query, "")})
}

// openWith opens a page with these dependencies.
func openWith(t *testing.T, env Env) *person {
	t.Helper()
	pg := &person{t: t, fatal: make(chan string, 10)}
	env.Fatal = func(sentence, _ string) { pg.fatal <- sentence }
	pg.Panel = New(env)
	t.Cleanup(pg.Close)
	pg.Start()
	synctest.Wait()
	return pg
}

func (pg *person) all(id string) []*ui.Node { return uitest.All(pg.View(), id) }

func (pg *person) find(id string) *ui.Node {
	pg.t.Helper()
	return uitest.Find(pg.t, pg.View(), id)
}

func (pg *person) has(id string) bool { return len(pg.all(id)) > 0 }

// read is all the text of the element with this test id.
func (pg *person) read(id string) string { pg.t.Helper(); return uitest.Text(pg.find(id)) }

// settle waits until nothing moves any more. After every event the view is still one that the painter can draw.
func (pg *person) settle() {
	pg.t.Helper()
	synctest.Wait()
	uitest.Valid(pg.t, pg.View())
}

// fire does what an event on the element does, and waits until nothing moves any more.
func (pg *person) fire(id, event string, e ui.Event) {
	pg.t.Helper()
	pg.fireAtOnce(id, event, e)
	pg.settle()
}

// fireAtOnce is fire without waiting: the next event comes before the page has done this one.
func (pg *person) fireAtOnce(id, event string, e ui.Event) {
	pg.t.Helper()
	n := pg.find(id)
	_, disabled := n.Attr("disabled")
	require.False(pg.t, disabled, "%s is disabled", id)
	for _, l := range n.Events {
		if l.Event == event {
			pg.Handle(l.Do, e)
			return
		}
	}
	require.Fail(pg.t, "no such listener", "%s has no listener for %s", id, event)
}

// click presses a button. A submit button submits the form that it is in, as in a browser.
func (pg *person) click(id string) { pg.t.Helper(); pg.clickAtOnce(id); pg.settle() }

// clickAtOnce is click without waiting.
func (pg *person) clickAtOnce(id string) {
	pg.t.Helper()
	view := pg.View()
	n := uitest.Find(pg.t, view, id)
	if kind, _ := n.Attr("type"); kind != "submit" {
		pg.fireAtOnce(id, "click", ui.Event{})
		return
	}
	_, disabled := n.Attr("disabled")
	require.False(pg.t, disabled, "%s is disabled", id)
	var form *ui.Node
	uitest.Walk(view, func(candidate *ui.Node) bool {
		if candidate.Tag == "form" && len(uitest.All(candidate, id)) > 0 {
			form = candidate
		}
		return false
	})
	require.NotNil(pg.t, form, "%s is in no form", id)
	pg.Handle(form.Events[0].Do, ui.Event{})
}

func (pg *person) typeIn(id, text string) {
	pg.t.Helper()
	pg.fire(id, "input", ui.Event{Value: text})
}

// connect brings the ready-made device to the in-page hub.
func (pg *person) connect() {
	pg.t.Helper()
	pg.click("connect")
	require.Contains(pg.t, pg.read("state"), "Connected since", "the notice says: %s", pg.read("notice"))
}

// secretOf is the key in a connection string.
func secretOf(connectionString string) string {
	_, key, _ := strings.Cut(connectionString, "SharedAccessKey=")
	return key
}

// readyMade is the connection string of the emulator's ready-made device.
func (pg *person) readyMade() (s string) {
	pg.Read(func() { s = pg.emulator.Info.DeviceConnectionString })
	return s
}

// hubsByName dials each host's hub, and fetches from one of them: the emulator beside the page.
type dialFunc = func(ctx context.Context, url string) (net.Conn, error)

var _ hubservice.Dialer = dialFunc(nil)
