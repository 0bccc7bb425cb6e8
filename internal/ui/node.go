package ui

// Node is one element of the view: what the page should show, as data. A Node with Text has no Children.
type Node struct {
	Tag      string
	Key      string // identity among siblings; siblings have keys all or none
	Text     string
	Attrs    []Attribute
	Events   []Listener
	Children []*Node

	// Value is what an input shows. The page writes it to the element when the element is made, and again only when Rev
	// changes: what a person is typing is never overwritten by a view that is one key stroke behind.
	Value    string
	Rev      int
	HasValue bool
}

// Attribute is an attribute. A Bare one has no value (disabled, open).
type Attribute struct {
	Name, Value string
	Bare        bool
}

// Listener is what happens on an event of the element. Do runs on the panel's event queue, one at a time and in the
// order of the events, so it must not wait: what takes time goes through page.Work.Go.
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

// Attr returns the value of the attribute and whether the element has it.
func (n *Node) Attr(name string) (string, bool) {
	for _, a := range n.Attrs {
		if a.Name == name {
			return a.Value, true
		}
	}
	return "", false
}
