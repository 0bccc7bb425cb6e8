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

// What the browser tells of a person's doing, and which part of the view hears it.

// idProperty is the JavaScript property by which an event's target leads back to its node; draw.js sets it.
const idProperty = "hubpanelID"

// listenOn puts one listener per kind of event on the root: elements come and go without a js.Func each.
func (p *painter) listenOn(root dom.Element) {
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
	dom.GetWindow().Document().AddEventListener("keydown", false, p.key)
	root.AddEventListener("submit", false, func(e dom.Event) {
		e.PreventDefault() // the page does not navigate
		p.dispatch(e)
	})
	root.AddEventListener("keydown", false, submitByKey)
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
	target := e.Underlying().Get("target")
	found := p.listener(target, event, "")
	if found == nil || phase == "leave" && !found.element.Equal(target) { // a part of the element is left, not the element
		return
	}
	if event == "pointer" && !p.holds(e.Underlying().Get("pointerId").Int(), phase) {
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

// holds says whether a pointer is the one that went down last and is not up yet. The mouse that rests where a finger draws, and is
// told that it has left because the page has moved, must not take the finger's hold away.
func (p *painter) holds(pointer int, phase string) bool {
	if phase == "down" {
		p.pointer = pointer
		return true
	}
	held := p.pointer == pointer
	if held && phase != "move" {
		p.pointer = 0
	}
	return held
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
		target = p.root.Underlying().Get("firstElementChild")
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
