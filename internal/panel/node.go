package panel

import "strings"

// Node is one element of the view: what the page should show, as data. A Node with Text has no Children.
type Node struct {
	Tag      string
	Key      string // identity among siblings; siblings have keys all or none
	Text     string
	Attrs    []Attr
	Events   []Listener
	Children []*Node

	// Value is what an input shows. The page writes it to the element when the element is made, and again only when Rev
	// changes: what a person is typing is never overwritten by a view that is one key stroke behind.
	Value    string
	Rev      int
	HasValue bool
}

// Attr is an attribute. A Bare one has no value (disabled, open).
type Attr struct {
	Name, Value string
	Bare        bool
}

// Listener is what happens on an event of the element. Do runs on the panel's event queue, one at a time and in the
// order of the events, so it must not wait: what takes time goes through Panel.start.
type Listener struct {
	Event string // "click", "input", "change", "submit", "toggle", "scroll", "cancel", "keydown", "drop", "pointer"
	Do    func(Event)
	// Keys are what a "keydown" is for, such as "Ctrl+k" (Ctrl or Cmd), "Shift+Tab", "ArrowDown", "?": the browser does
	// not act on them too. A single character is left alone while a person types into a field.
	Keys []string
}

// Event is what a listener learns of the browser's event.
type Event struct {
	Value   string // of an input, textarea or select
	Checked bool   // of a checkbox; of a details element: whether it is open
	Key     string // of a keydown, as Listener.Keys has it
	// Top and Height are what a scrolled element shows, in CSS pixels: where its window begins, and how high it is.
	Top, Height float64
	// X and Y say where in the element a pointer went, 0 to 1 from the upper left; Phase is "down", "move", "up" or "leave".
	X, Y  float64
	Phase string
	Files []File // chosen in an input of type file, or dropped
}

// File is what a person gave to the page. Data has at most MaxFile bytes; Size is the file's.
type File struct {
	Name string
	Size int64
	Data []byte
}

// MaxFile is how much of a file the page reads, in bytes.
const MaxFile = 16 << 20

// part is anything that h takes: attributes, listeners, children.
type part interface{ addTo(*Node) }

// h makes an element. The tag may carry classes: "div.card.wide".
func h(tag string, parts ...part) *Node {
	name, classes, _ := strings.Cut(tag, ".")
	n := &Node{Tag: name}
	if classes != "" {
		n.Attrs = append(n.Attrs, Attr{Name: "class", Value: strings.ReplaceAll(classes, ".", " ")})
	}
	for _, p := range parts {
		if p != nil {
			p.addTo(n)
		}
	}
	return n
}

func (a Attr) addTo(n *Node) {
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

func (n *Node) addTo(parent *Node) {
	if n != nil {
		parent.Children = append(parent.Children, n)
	}
}

type text string

func (t text) addTo(n *Node) { n.Text = string(t) }

type key string

func (k key) addTo(n *Node) { n.Key = string(k) }

type nodes []*Node

func (ns nodes) addTo(parent *Node) {
	for _, n := range ns {
		n.addTo(parent)
	}
}

type parts []part

func (ps parts) addTo(n *Node) {
	for _, p := range ps {
		if p != nil {
			p.addTo(n)
		}
	}
}

func attr(name, value string) Attr { return Attr{Name: name, Value: value} }
func testid(id string) Attr        { return Attr{Name: "data-testid", Value: id} }
func label(s string) Attr          { return Attr{Name: "aria-label", Value: s} }

// flag is a bare attribute that is there when on is true.
func flag(name string, on bool) part {
	if !on {
		return nil
	}
	return Attr{Name: name, Bare: true}
}

func onClick(do func()) Listener { return Listener{Event: "click", Do: func(Event) { do() }} }

func onChange(do func(Event)) Listener { return Listener{Event: "change", Do: do} }

// onKeys is what happens on one of these keys, as Listener.Keys has them.
func onKeys(do func(Event), keys ...string) Listener {
	return Listener{Event: "keydown", Do: do, Keys: keys}
}

func onSubmit(do func()) Listener { return Listener{Event: "submit", Do: func(Event) { do() }} }

// when is its parts if on is true, and nothing otherwise.
func when(on bool, ps ...part) part {
	if !on {
		return nil
	}
	return parts(ps)
}

// field is a text that a person edits and the program may replace.
type field struct {
	text string
	rev  int // how often the program, not the person, has set text
}

func (f *field) set(s string) {
	if f.text != s {
		f.text = s
		f.rev++
	}
}

type value struct{ f *field }

func (v value) addTo(n *Node) { n.HasValue, n.Value, n.Rev = true, v.f.text, v.f.rev }

// Attr returns the value of the attribute and whether the element has it.
func (n *Node) Attr(name string) (string, bool) {
	for _, a := range n.Attrs {
		if a.Name == name {
			return a.Value, true
		}
	}
	return "", false
}
