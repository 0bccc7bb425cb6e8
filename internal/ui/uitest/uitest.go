// Package uitest reads a view in tests as a person does: by test ids and texts.
//
// It presses no buttons: that needs the event queue of a page, which the tests of internal/panel have.
package uitest

import (
	"strings"
	"testing"

	"github.com/hubpanel/hubpanel/internal/ui"
)

// Walk visits the node and everything below it until visit returns true, and reports whether it did.
func Walk(n *ui.Node, visit func(*ui.Node) bool) bool {
	if visit(n) {
		return true
	}
	for _, c := range n.Children {
		if Walk(c, visit) {
			return true
		}
	}
	return false
}

// All returns the elements with a test id, in the order of the document.
func All(n *ui.Node, id string) (found []*ui.Node) {
	Walk(n, func(n *ui.Node) bool {
		if v, ok := n.Attr("data-testid"); ok && v == id {
			found = append(found, n)
		}
		return false
	})
	return found
}

// Find returns the first element with a test id, and fails the test if there is none.
func Find(t testing.TB, n *ui.Node, id string) *ui.Node {
	t.Helper()
	found := All(n, id)
	if len(found) == 0 {
		t.Fatalf("nothing on the page has the test id %q", id)
	}
	return found[0]
}

// Text returns all texts of an element, separated by spaces.
func Text(n *ui.Node) string {
	var b strings.Builder
	Walk(n, func(n *ui.Node) bool {
		if n.Text != "" {
			b.WriteString(n.Text + " ")
		}
		return false
	})
	return strings.TrimSpace(b.String())
}

// Valid fails the test if the view breaks what the painter relies on: siblings have keys all or none, each key once, and a node with
// text has no children.
func Valid(t testing.TB, n *ui.Node) {
	t.Helper()
	seen := map[string]bool{}
	for _, c := range n.Children {
		if c.Key != "" {
			if seen[c.Key] {
				t.Errorf("two children of %s have the key %q", n.Tag, c.Key)
			}
			seen[c.Key] = true
		}
		Valid(t, c)
	}
	if n.Text != "" && len(n.Children) > 0 {
		t.Errorf("%s has text and children", n.Tag)
	}
}

// Markup returns the whole view as text, for comparisons: elements, attributes, values, texts, and which events are heard.
func Markup(n *ui.Node) string {
	var b strings.Builder
	markup(&b, n, 0)
	return b.String()
}

func markup(b *strings.Builder, n *ui.Node, depth int) {
	b.WriteString(strings.Repeat(" ", depth) + n.Tag)
	for _, s := range []string{n.Key, n.Text} {
		b.WriteString(" " + quote(s))
	}
	if n.HasValue {
		b.WriteString(" value=" + quote(n.Value))
	}
	for _, a := range n.Attrs {
		b.WriteString(" " + a.Name + "=" + quote(a.Value))
	}
	for _, l := range n.Events {
		b.WriteString(" on" + l.Event + strings.Join(l.Keys, ","))
	}
	b.WriteByte('\n')
	for _, c := range n.Children {
		markup(b, c, depth+1)
	}
}

func quote(s string) string { return "\"" + strings.ReplaceAll(s, "\n", "⏎") + "\"" }
