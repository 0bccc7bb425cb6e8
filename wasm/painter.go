//go:build js && wasm

package main

import (
	"slices"
	"strings"
	"syscall/js"
	"unicode/utf8"

	"honnef.co/go/js/dom/v2"

	"github.com/hubpanel/hubpanel/internal/panel"
)

// painter makes an element's content follow a view. It changes only what differs from what it drew before, and it draws
// with createElement and textContent alone: no text of the hub's ever becomes markup, and the page's Content Security
// Policy with Trusted Types has nothing to object to.
type painter struct {
	document dom.Document
	root     dom.Element
	handle   func(do func(panel.Event), e panel.Event)
	drawn    *painted
	byID     map[int]*painted // elements with listeners, by the number that they carry
	lastID   int
}

// painted is an element and the node that it shows.
type painted struct {
	node      *panel.Node
	element   dom.Element
	children  []*painted
	id        int    // 0: no listeners
	namespace string // svgNamespace, or none for HTML
}

// idProperty is the JavaScript property by which an event's target leads back to its node.
const idProperty = "hubpanelID"

func newPainter(root dom.Element, handle func(func(panel.Event), panel.Event)) *painter {
	p := &painter{document: dom.GetWindow().Document(), root: root, handle: handle, byID: map[int]*painted{}}
	// One listener per kind of event, on the root: elements come and go without a js.Func each.
	for _, event := range []string{"click", "input", "change", "drop"} {
		root.AddEventListener(event, false, p.dispatch)
	}
	// These do not bubble; on their way down they pass the root.
	for _, event := range []string{"toggle", "scroll", "cancel"} {
		root.AddEventListener(event, true, p.dispatch)
	}
	for _, event := range []string{"pointerdown", "pointermove", "pointerup", "pointerleave"} {
		root.AddEventListener(event, event == "pointerleave", p.dispatch)
	}
	// A page takes a dropped file only when it says so while the file hovers.
	root.AddEventListener("dragover", false, func(e dom.Event) {
		if p.listener(e.Underlying().Get("target"), "drop", "") != nil {
			e.PreventDefault()
		}
	})
	p.document.AddEventListener("keydown", false, p.key)
	root.AddEventListener("submit", false, func(e dom.Event) {
		e.PreventDefault() // the page does not navigate
		p.dispatch(e)
	})
	root.AddEventListener("keydown", false, submitByKey)
	return p
}

// submitByKey makes Ctrl-Enter (or Cmd-Enter) in any field send its form, as Enter does in a line of text.
func submitByKey(e dom.Event) {
	v := e.Underlying()
	if v.Get("key").String() != "Enter" || !v.Get("ctrlKey").Bool() && !v.Get("metaKey").Bool() {
		return
	}
	target := v.Get("target")
	if form := target.Get("form"); form.Truthy() {
		e.PreventDefault()
		form.Call("requestSubmit")
	}
}

// dispatch tells the nearest element with a listener for the event, from its target up.
func (p *painter) dispatch(e dom.Event) {
	event, phase := e.Type(), ""
	if rest, ok := strings.CutPrefix(event, "pointer"); ok {
		event, phase = "pointer", rest
	}
	found := p.listener(e.Underlying().Get("target"), event, "")
	if found == nil {
		return
	}
	v := found.element
	told := panel.Event{Value: stringOr(v.Get("value"), ""), Checked: v.Get("checked").Truthy() || v.Get("open").Truthy(), Phase: phase}
	switch event {
	case "scroll":
		told.Top, told.Height = v.Get("scrollTop").Float(), v.Get("clientHeight").Float()
	case "cancel":
		e.PreventDefault() // what closes is the view's to say
	case "pointer":
		box := v.Call("getBoundingClientRect")
		told.X = (e.Underlying().Get("clientX").Float() - box.Get("left").Float()) / max(box.Get("width").Float(), 1)
		told.Y = (e.Underlying().Get("clientY").Float() - box.Get("top").Float()) / max(box.Get("height").Float(), 1)
	case "drop":
		e.PreventDefault()
		p.withFiles(e.Underlying().Get("dataTransfer").Get("files"), found.do, told)
		return
	case "change":
		if v.Get("type").String() == "file" {
			p.withFiles(v.Get("files"), found.do, told)
			v.Set("value", "") // the same file can be chosen again
			return
		}
	}
	p.handle(found.do, told)
}

// key tells the nearest element that wants the key. What is pressed outside the page's elements goes to the view's root.
func (p *painter) key(e dom.Event) {
	v := e.Underlying()
	name := v.Get("key")
	if name.Type() != js.TypeString || v.Get("isComposing").Truthy() || v.Get("defaultPrevented").Truthy() {
		return // a password manager's own event; a half-written character; one that has sent its form
	}
	key, target := name.String(), v.Get("target")
	plain := utf8.RuneCountInString(key) == 1 && !v.Get("altKey").Truthy()
	if v.Get("shiftKey").Truthy() && !plain {
		key = "Shift+" + key
	}
	if v.Get("altKey").Truthy() {
		// With Alt a digit is the key that it stands on: elsewhere it needs Shift, or makes another character.
		if digit, ok := strings.CutPrefix(stringOr(v.Get("code"), ""), "Digit"); ok {
			key = digit
		}
		key = "Alt+" + key
	}
	if v.Get("ctrlKey").Truthy() || v.Get("metaKey").Truthy() {
		key = "Ctrl+" + key
	} else if kind := stringOr(target.Get("localName"), ""); plain && (kind == "input" || kind == "textarea" || kind == "select") {
		return
	}
	if !p.root.Underlying().Call("contains", target).Bool() && p.drawn != nil {
		target = p.drawn.element.Underlying()
	}
	if found := p.listener(target, "keydown", key); found != nil {
		e.PreventDefault()
		p.handle(found.do, panel.Event{Value: stringOr(found.element.Get("value"), ""), Key: key})
	}
}

// listening is an element and what it does on an event.
type listening struct {
	element js.Value
	do      func(panel.Event)
}

// listener finds the nearest listener for an event, or for one key of it, from an element up; nil if there is none.
func (p *painter) listener(v js.Value, event, key string) *listening {
	root := p.root.Underlying()
	for ; v.Truthy() && !v.Equal(root); v = v.Get("parentElement") {
		id := v.Get(idProperty)
		if id.IsUndefined() {
			continue
		}
		shown := p.byID[id.Int()]
		if shown == nil {
			continue
		}
		for _, l := range shown.node.Events {
			if l.Event == event && (event != "keydown" || slices.Contains(l.Keys, key)) {
				return &listening{v, l.Do}
			}
		}
	}
	return nil
}

// withFiles reads the files and then tells the listener.
func (p *painter) withFiles(list js.Value, do func(panel.Event), told panel.Event) {
	files := make([]js.Value, list.Length())
	for i := range files {
		files[i] = list.Index(i)
	}
	go func() {
		for _, f := range files {
			file := panel.File{Name: f.Get("name").String(), Size: int64(f.Get("size").Float())}
			buffer, err := await(f.Call("slice", 0, panel.MaxFile).Call("arrayBuffer"))
			if err == nil {
				view := js.Global().Get("Uint8Array").New(buffer)
				file.Data = make([]byte, view.Length())
				js.CopyBytesToGo(file.Data, view)
			}
			told.Files = append(told.Files, file) // one that cannot be read is told without its bytes
		}
		p.handle(do, told)
	}()
}

func (p *painter) show(view *panel.Node) {
	if p.drawn == nil {
		p.root.SetTextContent("")
		p.drawn = p.create(view, "")
		p.root.AppendChild(p.drawn.element)
		p.appeared(p.drawn)
		return
	}
	p.drawn = p.patch(p.root, p.drawn, view)
}

// svgNamespace is where svg and everything in it lives (https://www.w3.org/TR/SVG2/struct.html#Namespace).
const svgNamespace = "http://www.w3.org/2000/svg"

func (p *painter) create(n *panel.Node, namespace string) *painted {
	if n.Tag == "svg" {
		namespace = svgNamespace
	}
	shown := &painted{node: n, namespace: namespace}
	if namespace == "" {
		shown.element = p.document.CreateElement(n.Tag)
	} else {
		shown.element = p.document.CreateElementNS(namespace, n.Tag)
	}
	for _, a := range n.Attrs {
		p.setAttr(shown, a)
	}
	if n.Text != "" {
		shown.element.SetTextContent(n.Text)
	}
	for _, child := range n.Children {
		c := p.create(child, namespace)
		shown.children = append(shown.children, c)
		shown.element.AppendChild(c.element)
	}
	if n.HasValue {
		shown.element.Underlying().Set("value", n.Value)
	}
	p.listen(shown)
	return shown
}

// listen gives an element that has listeners the number by which dispatch finds it.
func (p *painter) listen(shown *painted) {
	if len(shown.node.Events) > 0 && shown.id == 0 {
		p.lastID++
		shown.id = p.lastID
		p.byID[shown.id] = shown
		shown.element.Underlying().Set(idProperty, shown.id)
	}
}

// patch makes old show n and returns what stands there now: old itself, or an element that took its place.
func (p *painter) patch(parent dom.Node, old *painted, n *panel.Node) *painted {
	if old.node.Tag != n.Tag || old.node.Key != n.Key {
		fresh := p.create(n, old.namespace)
		parent.ReplaceChild(fresh.element, old.element)
		p.appeared(fresh)
		p.forget(old)
		return fresh
	}
	before := old.node
	old.node = n
	p.patchAttrs(old, before)
	// Text and children exclude each other: the one goes before the other comes.
	if before.Text != "" && n.Text == "" {
		old.element.SetTextContent("")
	}
	p.patchChildren(old)
	if n.Text != "" && before.Text != n.Text {
		old.element.SetTextContent(n.Text)
	}
	if n.HasValue && (n.Rev != before.Rev || !before.HasValue) {
		old.element.Underlying().Set("value", n.Value)
	}
	p.listen(old)
	return old
}

// appeared does what can only be done to elements that stand in the page: a dialog opens as a modal one, which keeps the
// focus inside, and what is marked with data-focus takes the focus.
func (p *painter) appeared(shown *painted) {
	if shown.node.Tag == "dialog" {
		shown.element.Underlying().Call("showModal")
	}
	for _, c := range shown.children {
		p.appeared(c)
	}
	if _, ok := shown.node.Attr("data-focus"); ok {
		shown.element.Underlying().Call("focus")
	}
}

func (p *painter) patchAttrs(shown *painted, before *panel.Node) {
	n := shown.node
	for _, a := range before.Attrs {
		if _, still := n.Attr(a.Name); !still {
			p.removeAttr(shown, a)
		}
	}
	for _, a := range n.Attrs {
		if v, had := before.Attr(a.Name); !had || v != a.Value {
			p.setAttr(shown, a)
			p.called(shown, a.Name)
		}
	}
}

// called does what a new mark on an element that stands in the page asks for: data-focus gives it the focus, data-seen
// scrolls it into its list's window.
func (p *painter) called(shown *painted, name string) {
	switch name {
	case "data-focus":
		shown.element.Underlying().Call("focus")
	case "data-seen":
		shown.element.Underlying().Call("scrollIntoView", map[string]any{"block": "nearest"})
	}
}

// liveProperty names the property behind an attribute that is only the element's first state: once a person has touched
// a check box, its checked attribute changes nothing.
func liveProperty(name string) bool {
	return name == "checked" || name == "selected" || name == "disabled"
}

func (p *painter) setAttr(shown *painted, a panel.Attr) {
	if a.Bare && liveProperty(a.Name) {
		shown.element.Underlying().Set(a.Name, true)
		return
	}
	shown.element.SetAttribute(a.Name, a.Value)
}

func (p *painter) removeAttr(shown *painted, a panel.Attr) {
	if a.Bare && liveProperty(a.Name) {
		shown.element.Underlying().Set(a.Name, false)
		return
	}
	shown.element.RemoveAttribute(a.Name)
}

// patchChildren matches children by key where they have keys. Those without match the next of their kind, so that an
// optional line that comes or goes does not take its neighbours' focus and state along.
func (p *painter) patchChildren(shown *painted) {
	want := shown.node.Children
	have := shown.children
	if len(want) == 0 && len(have) == 0 {
		return
	}
	byKey := map[string]*painted{}
	var unkeyed []*painted
	for _, c := range have {
		if c.node.Key != "" {
			byKey[c.node.Key] = c
		} else {
			unkeyed = append(unkeyed, c)
		}
	}
	now := make([]*painted, 0, len(want))
	var fresh []*painted
	for _, n := range want {
		var c *painted
		if n.Key != "" {
			if c = byKey[n.Key]; c != nil {
				delete(byKey, n.Key)
			}
		} else if i := slices.IndexFunc(unkeyed, func(c *painted) bool { return sameKind(c.node, n) }); i >= 0 {
			c = unkeyed[i]
			unkeyed = slices.Delete(unkeyed, i, i+1)
		}
		if c != nil {
			c = p.patch(shown.element, c, n)
		} else {
			c = p.create(n, shown.namespace)
			fresh = append(fresh, c)
		}
		now = append(now, c)
	}
	for _, c := range byKey {
		p.remove(shown, c)
	}
	for _, c := range unkeyed {
		p.remove(shown, c)
	}
	p.order(shown, have, now)
	shown.children = now
	for _, c := range fresh {
		p.appeared(c)
	}
}

func sameKind(a, b *panel.Node) bool {
	classA, _ := a.Attr("class")
	classB, _ := b.Attr("class")
	return a.Tag == b.Tag && classA == classB
}

// order puts the children where they belong. From the last to the first, each goes before the one that follows it, and
// is left alone if it is there already: a new entry at the head of a long log moves nothing else.
func (p *painter) order(shown *painted, have, now []*painted) {
	if len(have) == len(now) {
		same := true
		for i := range now {
			same = same && have[i] == now[i]
		}
		if same {
			return
		}
	}
	parent := shown.element.Underlying()
	var next any // nil, JavaScript's null: the end
	for i := len(now) - 1; i >= 0; i-- {
		v := now[i].element.Underlying()
		sibling := v.Get("nextSibling")
		there := v.Get("parentNode").Equal(parent) && (next == nil && sibling.IsNull() || next != nil && sibling.Truthy() && sibling.Equal(now[i+1].element.Underlying()))
		if !there {
			parent.Call("insertBefore", v, next)
		}
		next = v
	}
}

func (p *painter) remove(parent, c *painted) {
	if c.node.Tag == "dialog" {
		c.element.Underlying().Call("close") // gives the focus back to what had it; a removal alone does not
	}
	parent.element.RemoveChild(c.element)
	p.forget(c)
}

func (p *painter) forget(c *painted) {
	if c.id != 0 {
		delete(p.byID, c.id)
	}
	for _, child := range c.children {
		p.forget(child)
	}
}
