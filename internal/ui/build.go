package ui

import "strings"

// Part is anything that H takes: attributes, listeners, texts, children. The functions that make parts are not inlined: a view consists
// of hundreds of calls of them, and what the compiler would write at each call is a quarter of the page's code.
type Part interface{ addTo(*Node) }

// H makes an element. The tag may have classes: "div.card.wide". Nil parts are left out.
func H(tag string, parts ...Part) *Node {
	name, classes, _ := strings.Cut(tag, ".")
	n := &Node{Tag: name}
	if classes != "" {
		n.Attrs = append(n.Attrs, Attribute{Name: "class", Value: strings.ReplaceAll(classes, ".", " ")})
	}
	for _, p := range parts {
		if p != nil {
			p.addTo(n)
		}
	}
	return n
}

func (n *Node) addTo(parent *Node) {
	if n != nil {
		parent.Children = append(parent.Children, n)
	}
}

func (a Attribute) addTo(n *Node) {
	if a.Name == "class" && a.Value == "" {
		return
	}
	if a.Name == "class" {
		for i := range n.Attrs {
			if n.Attrs[i].Name == "class" {
				n.Attrs[i].Value += " " + a.Value
				return
			}
		}
	}
	n.Attrs = append(n.Attrs, a)
}

func (l Listener) addTo(n *Node) { n.Events = append(n.Events, l) }

// Attr is an attribute with a value.
//
//go:noinline
func Attr(name, value string) Part { return Attribute{Name: name, Value: value} }

// TestID names an element for tests.
//
//go:noinline
func TestID(id string) Part { return Attribute{Name: "data-testid", Value: id} }

// Label is the name of an element for assistive technology.
//
//go:noinline
func Label(s string) Part { return Attribute{Name: "aria-label", Value: s} }

// Flag is an attribute without a value that the element has if on is true.
//
//go:noinline
func Flag(name string, on bool) Part {
	if !on {
		return nil
	}
	return Attribute{Name: name, Bare: true}
}

// Text is the text of an element, which then has no children.
//
//go:noinline
func Text(s string) Part { return text(s) }

type text string

func (t text) addTo(n *Node) { n.Text = string(t) }

// Key is the identity of an element among its siblings, of which all or none have a key.
//
//go:noinline
func Key(s string) Part { return key(s) }

type key string

func (k key) addTo(n *Node) { n.Key = string(k) }

// Nodes are children.
type Nodes []*Node

func (ns Nodes) addTo(parent *Node) {
	for _, n := range ns {
		n.addTo(parent)
	}
}

// Parts are several parts as one.
type Parts []Part

func (ps Parts) addTo(n *Node) {
	for _, p := range ps {
		if p != nil {
			p.addTo(n)
		}
	}
}

// When is its parts if on is true, and nothing otherwise.
//
//go:noinline
func When(on bool, ps ...Part) Part {
	if !on {
		return nil
	}
	return Parts(ps)
}

// OnClick listens for clicks.
//
//go:noinline
func OnClick(do func()) Part { return Listener{Event: "click", Do: func(Event) { do() }} }

// OnChange listens for changes of an input or select.
//
//go:noinline
func OnChange(do func(Event)) Part { return Listener{Event: "change", Do: do} }

// OnKeys listens for these keys, as Listener.Keys has them.
//
//go:noinline
func OnKeys(do func(Event), keys ...string) Part {
	return Listener{Event: "keydown", Do: do, Keys: keys}
}

// OnSubmit listens for the submission of a form.
//
//go:noinline
func OnSubmit(do func()) Part { return Listener{Event: "submit", Do: func(Event) { do() }} }
