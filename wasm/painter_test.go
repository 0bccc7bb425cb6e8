//go:build js && wasm

package main

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"syscall/js"
	"testing"

	"github.com/stretchr/testify/require"
	"honnef.co/go/js/dom/v2"

	"github.com/hubpanel/hubpanel/internal/ui"
)

// stage is an empty element of the page.
func stage(t *testing.T) dom.Element {
	root := dom.GetWindow().Document().CreateElement("div")
	dom.WrapElement(js.Global().Get("document").Get("body")).AppendChild(root)
	t.Cleanup(root.Remove)
	return root
}

func newStagePainter(t *testing.T) *painter {
	root := stage(t)
	return newPainter(t.Context(), root, drawing(t, root), func(do func(ui.Event), e ui.Event) { do(e) })
}

// drawing is web/draw.js at work in an element.
func drawing(t *testing.T, root dom.Element) js.Value {
	module, err := await(t.Context(), js.Global().Call("wasmexecImport", "/web/draw.js"))
	require.NoError(t, err)
	return module.Call("drawing", root.Underlying())
}

// element is the element of the page that was drawn.
func (p *painter) element(shown *painted) js.Value { return p.strokes.draw.Call("element", shown.id) }

// randomNode grows a view of random shape: keyed and unkeyed siblings, texts, attributes that come and go.
func randomNode(r *rand.Rand, depth int) *ui.Node {
	n := &ui.Node{Tag: []string{"div", "p", "span", "section"}[r.IntN(4)]}
	for _, name := range []string{"class", "title", "data-x"} {
		if r.IntN(2) == 0 {
			n.Attrs = append(n.Attrs, ui.Attribute{Name: name, Value: fmt.Sprint(r.IntN(3))})
		}
	}
	if depth == 0 || r.IntN(3) == 0 {
		n.Text = []string{"", "a", "<b>b</b>"}[r.IntN(3)]
		return n
	}
	keys := r.Perm(8)
	for i := range r.IntN(6) {
		child := randomNode(r, depth-1)
		if r.IntN(2) == 0 {
			child.Key = fmt.Sprint("k", keys[i])
		}
		n.Children = append(n.Children, child)
	}
	return n
}

// TestPatchingEqualsDrawingAfresh: whatever was shown before, what is shown now is the view.
func TestPatchingEqualsDrawingAfresh(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	p := newStagePainter(t)
	for range 1500 {
		view := randomNode(r, 4)
		p.show(view)
		root := dom.GetWindow().Document().CreateElement("div")
		afresh := newPainter(t.Context(), root, drawing(t, root), nil)
		afresh.show(view)
		require.True(t, p.element(p.drawn).Call("isEqualNode", afresh.element(afresh.drawn)).Bool(),
			"patched: %s\nafresh:  %s", p.element(p.drawn).Get("outerHTML"), afresh.element(afresh.drawn).Get("outerHTML"))
	}
	p.show(&ui.Node{Tag: "div"})
	require.Empty(t, p.byID, "nothing is remembered of elements that are gone")
}

func list(keys ...string) *ui.Node {
	n := &ui.Node{Tag: "ol"}
	for _, k := range keys {
		n.Children = append(n.Children, &ui.Node{Tag: "li", Key: k, Text: k})
	}
	return n
}

// TestAKeyIsAnIdentity: an element moves with its key, so focus, selection and open details move with it.
func TestAKeyIsAnIdentity(t *testing.T) {
	p := newStagePainter(t)
	p.show(list("a", "b", "c"))
	b := p.element(p.drawn.children[1])
	for _, order := range [][]string{{"x", "a", "b", "c"}, {"c", "b", "a"}, {"b"}, {"y", "z", "b"}} {
		p.show(list(order...))
		for i, k := range order {
			child := p.element(p.drawn).Get("children").Index(i)
			require.Equal(t, k, child.Get("textContent").String())
			if k == "b" {
				require.True(t, child.Equal(b), "b is another element now")
			}
		}
	}
}

// TestAnOptionalLineDoesNotDisturbItsNeighbours: the input keeps its element, and with it what is typed into it.
func TestAnOptionalLineDoesNotDisturbItsNeighbours(t *testing.T) {
	form := func(problem bool) *ui.Node {
		n := &ui.Node{Tag: "form", Children: []*ui.Node{{Tag: "label", Text: "Name"}}}
		if problem {
			n.Children = append(n.Children, &ui.Node{Tag: "p", Attrs: []ui.Attribute{{Name: "class", Value: "problem"}}, Text: "no"})
		}
		n.Children = append(n.Children, &ui.Node{Tag: "input", HasValue: true}, &ui.Node{Tag: "p", Text: "help"})
		return n
	}
	p := newStagePainter(t)
	p.show(form(false))
	input := p.element(p.drawn.children[1])
	input.Set("value", "typed")
	p.show(form(true))
	p.show(form(false))
	require.True(t, p.element(p.drawn.children[1]).Equal(input))
	require.Equal(t, "typed", input.Get("value").String(), "a value that the program did not change is the person's")
}

// TestValuesAreTheProgramsOnlyWhenItSetsThem.
func TestValuesAreTheProgramsOnlyWhenItSetsThem(t *testing.T) {
	input := func(value string, rev int) *ui.Node {
		return &ui.Node{Tag: "input", HasValue: true, Value: value, Rev: rev}
	}
	p := newStagePainter(t)
	p.show(input("a", 0))
	el := p.element(p.drawn)
	require.Equal(t, "a", el.Get("value").String())
	el.Set("value", "abc") // typed; the model knows of "ab" so far
	p.show(input("ab", 0))
	require.Equal(t, "abc", el.Get("value").String())
	p.show(input("new", 1))
	require.Equal(t, "new", el.Get("value").String())
}

// TestEventsReachTheirListenerInTheLatestView.
func TestEventsReachTheirListenerInTheLatestView(t *testing.T) {
	p := newStagePainter(t)
	var got []string
	view := func(name string) *ui.Node {
		click := ui.Listener{Event: "click", Do: func(ui.Event) { got = append(got, "click "+name) }}
		typed := ui.Listener{Event: "input", Do: func(e ui.Event) { got = append(got, "input "+e.Value) }}
		submit := ui.Listener{Event: "submit", Do: func(ui.Event) { got = append(got, "submit "+name) }}
		return &ui.Node{Tag: "form", Events: []ui.Listener{submit}, Children: []*ui.Node{
			{Tag: "button", Attrs: []ui.Attribute{{Name: "type", Value: "button"}}, Events: []ui.Listener{click}, Children: []*ui.Node{{Tag: "b", Text: "x"}}},
			{Tag: "textarea", HasValue: true, Events: []ui.Listener{typed}},
		}}
	}
	p.show(view("one"))
	p.show(view("two"))
	form := p.element(p.drawn)
	form.Call("querySelector", "b").Call("click")
	area := form.Call("querySelector", "textarea")
	area.Set("value", "hi")
	event := js.Global().Get("Event")
	area.Call("dispatchEvent", event.New("input", map[string]any{"bubbles": true}))
	area.Call("dispatchEvent", js.Global().Get("KeyboardEvent").New("keydown", map[string]any{"key": "Enter", "ctrlKey": true, "bubbles": true}))
	require.Equal(t, []string{"click two", "input hi", "submit two"}, got)
}

// A drag ends when its pointer leaves the element, and neither when it leaves a part of it nor when another pointer leaves.
func TestADragEndsAtTheElementsEdge(t *testing.T) {
	p := newStagePainter(t)
	var got []string
	follow := ui.Listener{Event: "pointer", Do: func(e ui.Event) { got = append(got, e.Phase) }}
	p.show(&ui.Node{Tag: "div", Events: []ui.Listener{follow}, Children: []*ui.Node{{Tag: "b", Text: "x"}}})
	plot := p.element(p.drawn)
	part := plot.Call("querySelector", "b")
	point := func(at js.Value, phase string, pointer int) {
		at.Call("dispatchEvent", js.Global().Get("PointerEvent").New("pointer"+phase, map[string]any{"pointerId": pointer, "bubbles": phase != "leave"}))
	}
	const mouse, finger = 1, 2
	point(part, "move", finger)
	point(part, "down", finger)
	point(part, "move", finger)
	point(part, "leave", finger)
	point(plot, "leave", mouse)
	point(plot, "move", mouse)
	point(plot, "move", finger)
	require.Equal(t, []string{"down", "move", "move"}, got)
	point(plot, "leave", finger)
	point(plot, "move", finger)
	require.Equal(t, []string{"down", "move", "move", "leave"}, got)
}

// TestTextsOfAnyCharacters: one drawing's texts travel in one piece, and each must come out of it whole.
func TestTextsOfAnyCharacters(t *testing.T) {
	p := newStagePainter(t)
	texts := []string{"\uFEFFmark", "zażółć", "雲端", "🚰🚰", "a\xffb\xf0\x9f", "", "\u0000", "end"}
	view := &ui.Node{Tag: "ul"}
	for _, s := range texts {
		view.Children = append(view.Children, &ui.Node{Tag: "li", Text: s, Attrs: []ui.Attribute{{Name: "title", Value: s}}})
	}
	p.show(view)
	for i, s := range texts {
		want := strings.ToValidUTF8(s, "\uFFFD")
		require.Equal(t, want, p.element(p.drawn.children[i]).Get("textContent").String())
		require.Equal(t, want, p.element(p.drawn.children[i]).Get("title").String())
	}
}

// TestANodeThatIsTheSameIsNotLookedInto: a view may keep a node that is expensive to make.
func TestANodeThatIsTheSameIsNotLookedInto(t *testing.T) {
	p := newStagePainter(t)
	kept := list("a", "b")
	view := func(s string) *ui.Node {
		return &ui.Node{Tag: "div", Children: []*ui.Node{{Tag: "p", Text: s}, kept}}
	}
	p.show(view("one"))
	kept.Children = nil // not seen, since the node is the one of before
	p.show(view("two"))
	require.Equal(t, "twoab", p.element(p.drawn).Get("textContent").String())
}

// TestADuplicateKeyLeavesNoElementBehind: a view with the same key twice is a mistake of the view, and its next one is drawn right.
func TestADuplicateKeyLeavesNoElementBehind(t *testing.T) {
	rows := func(keys ...string) *ui.Node {
		n := &ui.Node{Tag: "ul"}
		for i, key := range keys {
			n.Children = append(n.Children, &ui.Node{Tag: "li", Key: key, Text: fmt.Sprint(key, i)})
		}
		return n
	}
	r := rand.New(rand.NewPCG(3, 4))
	p := newStagePainter(t)
	views := [][]string{{"a", "b", "b"}, {"c", "a"}, {"a", "a", "a"}, {"b"}, {"b", "a", "b"}, {"a", "b", "b", "b"}, {}}
	for range 500 {
		var keys []string
		for range r.IntN(6) {
			keys = append(keys, string(rune('a'+r.IntN(3))))
		}
		views = append(views, keys)
	}
	for _, keys := range views {
		p.show(rows(keys...))
		var want []string
		for i, key := range keys {
			want = append(want, fmt.Sprint(key, i))
		}
		require.Equal(t, strings.Join(want, ""), p.element(p.drawn).Get("textContent").String(), "%q", keys)
		require.Equal(t, len(keys), p.element(p.drawn).Get("childElementCount").Int(), "%q", keys)
	}
}
