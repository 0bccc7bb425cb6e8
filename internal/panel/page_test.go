package panel

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

// page is a person in front of a panel: it reads the view, clicks and types. The hub is the one inside the page, so
// nothing leaves the process, and under synctest time runs only as far as the story needs it.
type page struct {
	t *testing.T
	*Panel
	fatal chan string // what Env.Fatal was told
}

// openPage opens the page, waits until it has found its hub, and closes it at the end of the test.
func openPage(t *testing.T, query string) *page {
	t.Helper()
	pg := &page{t: t, fatal: make(chan string, 10)}
	pg.Panel = New(Env{
		Params: ParseParams(query, ""),
		Fatal:  func(sentence, _ string) { pg.fatal <- sentence },
	})
	t.Cleanup(pg.Close)
	pg.Start()
	synctest.Wait()
	return pg
}

func walk(n *Node, visit func(*Node) bool) bool {
	if visit(n) {
		return true
	}
	for _, c := range n.Children {
		if walk(c, visit) {
			return true
		}
	}
	return false
}

func (pg *page) all(id string) (found []*Node) {
	walk(pg.View(), func(n *Node) bool {
		if v, ok := n.Attr("data-testid"); ok && v == id {
			found = append(found, n)
		}
		return false
	})
	return found
}

func (pg *page) find(id string) *Node {
	pg.t.Helper()
	found := pg.all(id)
	require.NotEmpty(pg.t, found, "nothing on the page has the test id %q", id)
	return found[0]
}

func (pg *page) has(id string) bool { return len(pg.all(id)) > 0 }

// read is all the text of the element with this test id.
func (pg *page) read(id string) string { pg.t.Helper(); return textOf(pg.find(id)) }

func textOf(n *Node) string {
	var b strings.Builder
	walk(n, func(n *Node) bool {
		if n.Text != "" {
			b.WriteString(n.Text + " ")
		}
		return false
	})
	return strings.TrimSpace(b.String())
}

// fire does what an event on the element does, and waits until nothing moves any more.
func (pg *page) fire(id, event string, e Event) {
	pg.t.Helper()
	n := pg.find(id)
	_, disabled := n.Attr("disabled")
	require.False(pg.t, disabled, "%s is disabled", id)
	for _, l := range n.Events {
		if l.Event == event {
			pg.Handle(l.Do, e)
			synctest.Wait()
			return
		}
	}
	require.Fail(pg.t, "no such listener", "%s has no listener for %s", id, event)
}

// click presses a button. A submit button submits the form that it is in, as in a browser.
func (pg *page) click(id string) {
	pg.t.Helper()
	n := pg.find(id)
	if kind, _ := n.Attr("type"); kind != "submit" {
		pg.fire(id, "click", Event{})
		return
	}
	_, disabled := n.Attr("disabled")
	require.False(pg.t, disabled, "%s is disabled", id)
	var form *Node
	walk(pg.View(), func(candidate *Node) bool {
		if candidate.Tag == "form" && walk(candidate, func(c *Node) bool { v, _ := c.Attr("data-testid"); return v == id }) {
			form = candidate
		}
		return false
	})
	require.NotNil(pg.t, form, "%s is in no form", id)
	pg.Handle(form.Events[0].Do, Event{})
	synctest.Wait()
}

func (pg *page) typeIn(id, text string) { pg.t.Helper(); pg.fire(id, "input", Event{Value: text}) }

// connect brings the ready-made device to the in-page hub.
func (pg *page) connect() {
	pg.t.Helper()
	pg.click("connect")
	require.Contains(pg.t, pg.read("state"), "Connected since", "the notice says: %s", pg.read("notice"))
}

// valid fails if siblings of the view are not keyed all or none, which the painter relies on.
func valid(t *testing.T, n *Node) {
	t.Helper()
	seen := map[string]bool{}
	for _, c := range n.Children {
		if c.Key != "" {
			require.False(t, seen[c.Key], "two children of %s have the key %q", n.Tag, c.Key)
			seen[c.Key] = true
		}
		valid(t, c)
	}
	if n.Text != "" {
		require.Empty(t, n.Children, fmt.Sprintf("%s has text and children", n.Tag))
	}
}
