//go:build js && wasm

package main

import (
	"slices"
	"strings"
	"syscall/js"
	"unicode/utf8"

	"honnef.co/go/js/dom/v2"

	"github.com/hubpanel/hubpanel/internal/ui"
)

// Events of the browser, and the listeners of the view that they are for.

// idProperty is the JavaScript property by which an event's target leads back to its node; draw.js sets it.
const idProperty = "hubpanelID"

// listenOn puts one listener per kind of event on the root: elements come and go without a js.Func each.
func (p *painter) listenOn(root dom.Element) {
	for _, event := range []string{"click", "input", "change", "drop"} {
		root.AddEventListener(event, false, p.dispatch)
	}
	// These do not bubble; the root receives them on their way down.
	for _, event := range []string{"toggle", "scroll", "cancel"} {
		root.AddEventListener(event, true, p.dispatch)
	}
	for _, event := range []string{"pointerdown", "pointermove", "pointerup", "pointerleave"} {
		root.AddEventListener(event, event == "pointerleave", p.dispatch)
	}
	// A page receives a dropped file only if it cancels the events of the file that hovers.
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

// submitByKey makes Ctrl-Enter (or Cmd-Enter) in any field submit its form, as Enter does in a line of text.
func submitByKey(e dom.Event) {
	key, ok := e.(*dom.KeyboardEvent)
	if !ok || key.Key() != "Enter" || !key.CtrlKey() && !key.MetaKey() {
		return
	}
	if form := key.Get("target").Get("form"); form.Truthy() {
		e.PreventDefault()
		form.Call("requestSubmit")
	}
}

// dispatch calls the nearest listener for an event, from its target up.
//
// Elements are plain js.Values here: dom.Event.Target compares an element with each class of elements that there is, at each move of a
// pointer.
func (p *painter) dispatch(e dom.Event) {
	name, phase := e.Type(), ""
	pointer, isPointer := e.(*dom.PointerEvent) // a click is one too
	if rest, ok := strings.CutPrefix(name, "pointer"); ok && isPointer {
		name, phase = "pointer", rest
	}
	target := e.Underlying().Get("target")
	found := p.listener(target, name, "")
	if found == nil || phase == "leave" && !found.element.Equal(target) { // the pointer has left a part of the element
		return
	}
	if name == "pointer" && !p.holds(pointer.PointerID(), phase) {
		return
	}
	v := found.element
	event := ui.Event{Value: stringOr(v.Get("value"), ""), Checked: v.Get("checked").Truthy() || v.Get("open").Truthy(), Phase: phase}
	switch name {
	case "scroll":
		event.Top, event.Height = v.Get("scrollTop").Float(), v.Get("clientHeight").Float()
	case "cancel":
		e.PreventDefault() // the view decides what closes
	case "pointer":
		box := dom.Rect{Value: v.Call("getBoundingClientRect")}
		event.X = (pointer.Get("clientX").Float() - box.Left()) / max(box.Width(), 1) // MouseEvent.ClientX has whole pixels only
		event.Y = (pointer.Get("clientY").Float() - box.Top()) / max(box.Height(), 1)
	case "drop":
		e.PreventDefault()
		p.withFiles(e.Underlying().Get("dataTransfer").Get("files"), found.do, event)
		return
	case "change":
		if v.Get("type").String() == "file" {
			p.withFiles(v.Get("files"), found.do, event)
			v.Set("value", "") // the same file can be chosen again
			return
		}
	}
	p.handle(found.do, event)
}

// holds reports whether a pointer is the one that went down last and is not up yet. A mouse that rests where a finger draws, and that
// leaves because the page has moved, must not end the finger's drag.
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

// key calls the listener of the nearest element that wants the key. A key that is pressed outside the page's elements goes to the view's
// root.
func (p *painter) key(e dom.Event) {
	pressed, ok := e.(*dom.KeyboardEvent)
	if !ok || pressed.Get("isComposing").Truthy() || e.DefaultPrevented() {
		return // a password manager's own event; a half-written character; a key that has submitted its form
	}
	key, target := pressed.Key(), pressed.Get("target")
	plain := utf8.RuneCountInString(key) == 1 && !pressed.AltKey()
	if pressed.ShiftKey() && !plain {
		key = "Shift+" + key
	}
	if pressed.AltKey() {
		// With Alt a digit is the key that it is printed on: on some keyboards it needs Shift, or makes another character.
		if digit, ok := strings.CutPrefix(pressed.Code(), "Digit"); ok {
			key = digit
		}
		key = "Alt+" + key
	}
	if pressed.CtrlKey() || pressed.MetaKey() {
		key = "Ctrl+" + key
	} else if kind := stringOr(target.Get("localName"), ""); plain && (kind == "input" || kind == "textarea" || kind == "select") {
		return
	}
	if !p.root.Underlying().Call("contains", target).Bool() && p.drawn != nil {
		target = p.root.Underlying().Get("firstElementChild")
	}
	if found := p.listener(target, "keydown", key); found != nil {
		e.PreventDefault()
		p.handle(found.do, ui.Event{Value: stringOr(found.element.Get("value"), ""), Key: key})
	}
}

// listening is an element with its listener for an event.
type listening struct {
	element js.Value
	do      func(ui.Event)
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

// withFiles reads the files and then calls the listener.
func (p *painter) withFiles(list js.Value, do func(ui.Event), event ui.Event) {
	files := make([]js.Value, list.Length())
	for i := range files {
		files[i] = list.Index(i)
	}
	go func() {
		for _, f := range files {
			file := ui.File{Name: f.Get("name").String(), Size: int64(f.Get("size").Float())}
			buffer, err := await(p.ctx, f.Call("slice", 0, ui.MaxFile).Call("arrayBuffer"))
			if err == nil {
				view := js.Global().Get("Uint8Array").New(buffer)
				file.Data = make([]byte, view.Length())
				js.CopyBytesToGo(file.Data, view)
			}
			event.Files = append(event.Files, file) // a file that cannot be read has no bytes
		}
		p.handle(do, event)
	}()
}
