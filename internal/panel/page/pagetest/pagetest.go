// Package pagetest tests one room by itself: it opens a page, draws the room, and presses its buttons.
//
// Stories that involve several rooms are tested in internal/panel.
package pagetest

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/ui"
	"github.com/hubpanel/hubpanel/internal/ui/uitest"
)

// Open returns a page that shows a topic, and closes it at the end of the test, which runs in a synctest bubble. A panic in the page
// fails the test. The functions of changed are called when the page asks to be drawn.
func Open(t testing.TB, topic page.Topic, changed ...func()) *page.Page {
	t.Helper()
	p := page.New(page.Env{
		Params: page.Params{View: topic, Theme: page.ThemeAuto},
		Changed: func() {
			for _, do := range changed {
				do()
			}
		},
		Yield:    func() {},
		Fatal:    func(_, detail string) { t.Error(detail) },
		Location: time.UTC,
	})
	t.Cleanup(p.Close)
	return p
}

// A Person uses a room.
type Person struct {
	t    testing.TB
	page *page.Page
	room any
	card func() *ui.Node
}

// Use returns a person who uses a room of a page. card draws the room.
func Use(t testing.TB, p *page.Page, room any, card func() *ui.Node) *Person {
	return &Person{t, p, room, card}
}

// View draws the room.
func (r *Person) View() (n *ui.Node) {
	r.t.Helper()
	if room, ok := r.room.(interface{ Prepare() }); ok {
		r.page.Lock()
		r.page.Begin()
		room.Prepare()
		r.page.Unlock()
	}
	r.page.Read(func() { n = r.card() })
	uitest.Valid(r.t, n)
	return n
}

// All returns the elements with a test id.
func (r *Person) All(id string) []*ui.Node { r.t.Helper(); return uitest.All(r.View(), id) }

// Has reports whether there is an element with a test id.
func (r *Person) Has(id string) bool { r.t.Helper(); return len(r.All(id)) > 0 }

// Text returns all texts of the first element with a test id.
func (r *Person) Text(id string) string {
	r.t.Helper()
	return uitest.Text(uitest.Find(r.t, r.View(), id))
}

// Fire does the action of an event on an element, and waits until nothing moves any more.
func (r *Person) Fire(id, event string, e ui.Event) {
	r.t.Helper()
	n := uitest.Find(r.t, r.View(), id)
	if _, disabled := n.Attr("disabled"); disabled {
		r.t.Fatalf("%s is disabled", id)
	}
	for _, l := range n.Events {
		if l.Event == event {
			r.page.Handle(l.Do, e)
			synctest.Wait()
			return
		}
	}
	r.t.Fatalf("%s has no listener for %s", id, event)
}

// Click clicks a button that is not a form's submit button.
func (r *Person) Click(id string) { r.t.Helper(); r.Fire(id, "click", ui.Event{}) }

// Type replaces the text of an input.
func (r *Person) Type(id, text string) { r.t.Helper(); r.Fire(id, "input", ui.Event{Value: text}) }

// Select chooses a value of a select.
func (r *Person) Select(id, value string) { r.t.Helper(); r.Fire(id, "change", ui.Event{Value: value}) }
