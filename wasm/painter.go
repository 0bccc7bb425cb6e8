//go:build js && wasm

package main

import (
	"context"
	"syscall/js"

	"honnef.co/go/js/dom/v2"

	"github.com/hubpanel/hubpanel/internal/ui"
)

// painter makes an element's content follow a view. It finds what differs from what it drew before, and web/draw.js makes
// those changes with createElement and textContent alone: no text of the hub's ever becomes markup, and the page's Content
// Security Policy with Trusted Types has nothing to object to.
type painter struct {
	ctx     context.Context // ends when nothing is drawn any more
	root    dom.Element
	handle  func(do func(ui.Event), e ui.Event)
	strokes *strokes
	drawn   *painted
	byID    map[int]*painted // elements with listeners
	lastID  uint32
	free    []uint32 // numbers of elements that are gone
	pointer int      // that went down last and is not up yet; 0 for none
}

// painted is an element and the node that it shows.
type painted struct {
	node     *ui.Node
	id       uint32 // of its element, in draw.js; the root's is 0
	children []*painted
	svg      bool // in SVG's namespace
	moved    bool // while children are ordered: it is not where it was
	listens  bool
}

// newPainter paints in an element. draw is what web/draw.js makes for that element.
func newPainter(ctx context.Context, root dom.Element, draw js.Value, handle func(func(ui.Event), ui.Event)) *painter {
	p := &painter{ctx: ctx, root: root, handle: handle, strokes: newStrokes(draw), byID: map[int]*painted{}}
	p.listenOn(root)
	return p
}

func (p *painter) show(view *ui.Node) {
	if p.drawn == nil {
		p.strokes.put(strokeText, 0, p.strokes.text(""))
		p.drawn = p.create(view, false)
		p.strokes.put(strokeInsert, 0, p.drawn.id, 0)
		p.appeared(p.drawn)
	} else {
		p.drawn = p.patch(p.drawn, view)
	}
	p.strokes.finish()
}

func (p *painter) create(n *ui.Node, svg bool) *painted {
	shown := &painted{node: n, svg: svg || n.Tag == "svg"}
	if last := len(p.free) - 1; last >= 0 {
		shown.id, p.free = p.free[last], p.free[:last]
	} else {
		p.lastID++
		shown.id = p.lastID
	}
	namespace := uint32(0)
	if shown.svg {
		namespace = 1
	}
	s := p.strokes
	tag := s.name(n.Tag)
	s.put(strokeCreate, shown.id, tag, namespace)
	for i := range n.Attrs {
		p.setAttr(shown, &n.Attrs[i])
	}
	if n.Text != "" {
		s.put(strokeText, shown.id, s.text(n.Text))
	}
	if len(n.Children) > 0 {
		shown.children = make([]*painted, len(n.Children))
		for i, child := range n.Children {
			c := p.create(child, shown.svg)
			shown.children[i] = c
			s.put(strokeInsert, shown.id, c.id, 0)
		}
	}
	if n.HasValue {
		s.put(strokeValue, shown.id, s.text(n.Value))
	}
	p.listen(shown)
	return shown
}

// listen lets the events of an element that has listeners lead to it.
func (p *painter) listen(shown *painted) {
	if len(shown.node.Events) > 0 && !shown.listens {
		shown.listens = true
		p.byID[int(shown.id)] = shown
		p.strokes.put(strokeListen, shown.id)
	}
}

// patch makes old show n and returns the element in its place: old itself, or another one. A node that is the
// very one of before has not changed.
func (p *painter) patch(old *painted, n *ui.Node) *painted {
	if old.node == n {
		return old
	}
	if old.node.Tag != n.Tag || old.node.Key != n.Key {
		fresh := p.create(n, old.svg && old.node.Tag != "svg")
		p.strokes.put(strokeReplace, old.id, fresh.id)
		p.appeared(fresh)
		p.forget(old)
		return fresh
	}
	before := old.node
	old.node = n
	p.patchAttrs(old, before)
	// Text and children exclude each other: the one goes before the other comes.
	s := p.strokes
	if before.Text != "" && n.Text == "" {
		s.put(strokeText, old.id, s.text(""))
	}
	p.patchChildren(old)
	if n.Text != "" && before.Text != n.Text {
		s.put(strokeText, old.id, s.text(n.Text))
	}
	if n.HasValue && (n.Rev != before.Rev || !before.HasValue) {
		s.put(strokeValue, old.id, s.text(n.Value))
	}
	p.listen(old)
	return old
}

// appeared does what can only be done to elements that are in the page: a dialog opens as a modal one, which keeps the
// focus inside, and what is marked with data-focus takes the focus.
func (p *painter) appeared(shown *painted) {
	if shown.node.Tag == "dialog" {
		p.strokes.put(strokeModal, shown.id)
	}
	for _, c := range shown.children {
		p.appeared(c)
	}
	if _, ok := shown.node.Attr("data-focus"); ok {
		p.strokes.put(strokeFocus, shown.id)
	}
}

func (p *painter) patchAttrs(shown *painted, before *ui.Node) {
	was, is := before.Attrs, shown.node.Attrs
	same := 0 // nearly always all of them, in the same order
	for same < len(was) && same < len(is) && was[same].Name == is[same].Name {
		if was[same].Value != is[same].Value {
			p.setAttr(shown, &is[same])
			p.marked(shown, is[same].Name)
		}
		same++
	}
	if same == len(was) && same == len(is) {
		return
	}
	for i := same; i < len(was); i++ {
		if _, still := shown.node.Attr(was[i].Name); !still {
			p.removeAttr(shown, &was[i])
		}
	}
	for i := same; i < len(is); i++ {
		if v, had := before.Attr(is[i].Name); !had || v != is[i].Value {
			p.setAttr(shown, &is[i])
			p.marked(shown, is[i].Name)
		}
	}
}

// marked obeys a new mark on an element that is in the page: data-focus gives it the focus, data-seen
// scrolls it into its list's window.
func (p *painter) marked(shown *painted, name string) {
	switch name {
	case "data-focus":
		p.strokes.put(strokeFocus, shown.id)
	case "data-seen":
		p.strokes.put(strokeSeen, shown.id)
	}
}

// liveProperty names the property behind an attribute that is only the element's first state: once a person has touched
// a check box, its checked attribute changes nothing.
func liveProperty(name string) bool {
	return name == "checked" || name == "selected" || name == "disabled"
}

func (p *painter) setAttr(shown *painted, a *ui.Attribute) {
	name := p.strokes.name(a.Name)
	if a.Bare && liveProperty(a.Name) {
		p.strokes.put(strokeFlag, shown.id, name, 1)
		return
	}
	p.strokes.put(strokeAttr, shown.id, name, p.strokes.text(a.Value))
}

func (p *painter) removeAttr(shown *painted, a *ui.Attribute) {
	name := p.strokes.name(a.Name)
	if a.Bare && liveProperty(a.Name) {
		p.strokes.put(strokeFlag, shown.id, name, 0)
		return
	}
	p.strokes.put(strokeUnattr, shown.id, name)
}

// patchChildren matches children by key where they have keys; of two with the same key, the first. Those without match the next of their kind, so that an
// optional line that comes or goes does not take its neighbours' focus and state along.
func (p *painter) patchChildren(shown *painted) {
	want, have := shown.node.Children, shown.children
	same := 0 // how many match in order from the first on: nearly always all
	for same < len(want) && same < len(have) && matches(have[same].node, want[same]) {
		have[same] = p.patch(have[same], want[same])
		same++
	}
	if same == len(want) && same == len(have) {
		return
	}
	var byKey map[string]*painted
	var unkeyed []*painted
	for _, c := range have[same:] {
		if c.node.Key == "" {
			unkeyed = append(unkeyed, c)
			continue
		}
		if byKey == nil {
			byKey = make(map[string]*painted, len(have)-same)
		}
		if byKey[c.node.Key] != nil { // a view with the same key twice was drawn
			p.remove(c)
			continue
		}
		byKey[c.node.Key] = c
	}
	now := make([]*painted, same, len(want))
	copy(now, have)
	var fresh []*painted
	stays := map[*painted]bool{}
	for _, n := range want[same:] {
		var c *painted
		if n.Key != "" {
			if c = byKey[n.Key]; c != nil {
				delete(byKey, n.Key)
			}
		} else {
			for i, candidate := range unkeyed {
				if matches(candidate.node, n) {
					c, unkeyed = candidate, append(unkeyed[:i:i], unkeyed[i+1:]...)
					break
				}
			}
		}
		if c != nil && c.node.Tag == n.Tag {
			p.patch(c, n)
			stays[c] = true
		} else {
			if c != nil {
				p.remove(c)
			}
			c = p.create(n, shown.svg)
			fresh = append(fresh, c)
		}
		now = append(now, c)
	}
	for _, c := range byKey {
		p.remove(c)
	}
	for _, c := range unkeyed {
		p.remove(c)
	}
	left := have[same:same]
	for _, c := range have[same:] {
		if stays[c] {
			left = append(left, c)
		}
	}
	p.order(shown, left, now[same:], stays)
	shown.children = now
	for _, c := range fresh {
		p.appeared(c)
	}
}

// matches reports whether an element can become that of another node.
func matches(a, b *ui.Node) bool {
	if a.Key != "" || b.Key != "" {
		return a.Key == b.Key && a.Tag == b.Tag
	}
	classA, _ := a.Attr("class")
	classB, _ := b.Attr("class")
	return a.Tag == b.Tag && classA == classB
}

// order puts the children where they belong. left are those that were there before, in their order in the page. From the
// last to the first, each goes before the one that follows it, and is left alone if it is there already: a new entry at the
// head of a long log moves nothing else.
func (p *painter) order(shown *painted, left, now []*painted, stays map[*painted]bool) {
	next, last := uint32(0), len(left)-1
	for i := len(now) - 1; i >= 0; i-- {
		c := now[i]
		for last >= 0 && left[last].moved {
			last--
		}
		if last >= 0 && left[last] == c {
			last--
		} else {
			c.moved = stays[c]
			p.strokes.put(strokeInsert, shown.id, c.id, next)
		}
		next = c.id
	}
	for _, c := range left {
		c.moved = false
	}
}

func (p *painter) remove(c *painted) {
	if c.node.Tag == "dialog" {
		p.strokes.put(strokeClose, c.id) // gives the focus back to what had it; a removal alone does not
	}
	p.strokes.put(strokeRemove, c.id)
	p.forget(c)
}

// forget gives the numbers of an element and of all in it to the next that come.
func (p *painter) forget(c *painted) {
	if c.listens {
		delete(p.byID, int(c.id))
	}
	p.strokes.put(strokeForget, c.id)
	p.free = append(p.free, c.id)
	for _, child := range c.children {
		p.forget(child)
	}
}
