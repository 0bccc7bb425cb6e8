//go:build js && wasm

package main

import (
	"encoding/binary"
	"strings"
	"syscall/js"
	"unicode/utf8"
)

// A stroke is one change of the document, as web/draw.js reads it: numbers of 32 bits, of which the first is the kind.
// The two tables are the same table: what changes here changes there.
const (
	strokeName    = iota // length: the next name of the table of names is that text
	strokeCreate         // id, name of the tag, 1 for SVG
	strokeAttr           // id, name, length: set an attribute to that text
	strokeUnattr         // id, name: remove an attribute
	strokeFlag           // id, name, 0 or 1: set a property
	strokeValue          // id, length: set what an input shows
	strokeText           // id, length: the text is all that is in the element
	strokeInsert         // parent's id, id, id of what it goes before; 0: to the end
	strokeRemove         // id: take the element out
	strokeReplace        // id of what goes, id of what takes its place
	strokeForget         // id: nothing names it any more
	strokeListen         // id: events of the element lead back to it by its number
	strokeFocus          // id
	strokeSeen           // id: scroll it into its list's window
	strokeModal          // id: open a dialog as a modal one
	strokeClose          // id: close a dialog, which gives the focus back
)

// strokes gathers a drawing's changes, so that one call takes them all to JavaScript. A call of JavaScript for each of them costs more
// than the change itself, and a js.Value for each element has a finalizer, which costs a hundred times that.
type strokes struct {
	draw  js.Value // draw.js's function
	words []byte   // the strokes, 4 bytes a number, little-endian as WebAssembly has it
	texts []byte   // the texts that they speak of, one behind the other
	names map[string]uint32

	wordsRoom, textsRoom js.Value // Uint8Arrays that hold a copy of words and texts
	wordsSize, textsSize int
}

func newStrokes(draw js.Value) *strokes { return &strokes{draw: draw, names: map[string]uint32{}} }

func (s *strokes) put(stroke uint32, numbers ...uint32) {
	s.words = binary.LittleEndian.AppendUint32(s.words, stroke)
	for _, n := range numbers {
		s.words = binary.LittleEndian.AppendUint32(s.words, n)
	}
}

// text keeps a text of the next stroke, and returns its length as JavaScript counts: in UTF-16.
func (s *strokes) text(t string) uint32 {
	if !utf8.ValidString(t) {
		t = strings.ToValidUTF8(t, "\uFFFD") // JavaScript would put there what has another length
	}
	s.texts = append(s.texts, t...)
	n := uint32(0)
	for i := range len(t) {
		switch b := t[i]; {
		case b >= 0xf0: // the first byte of four, which become two surrogates
			n += 2
		case b < 0x80 || b >= 0xc0:
			n++
		}
	}
	return n
}

// name returns the number of a tag's or attribute's name.
func (s *strokes) name(name string) uint32 {
	n, known := s.names[name]
	if !known {
		n = uint32(len(s.names))
		s.names[name] = n
		s.put(strokeName, s.text(name))
	}
	return n
}

// finish makes the changes.
func (s *strokes) finish() {
	if len(s.words) == 0 {
		return
	}
	copyTo(&s.wordsRoom, &s.wordsSize, s.words)
	copyTo(&s.textsRoom, &s.textsSize, s.texts)
	words, texts := len(s.words)/4, len(s.texts)
	s.words, s.texts = s.words[:0], s.texts[:0]
	s.draw.Invoke(s.wordsRoom, words, s.textsRoom, texts)
}

// copyTo copies bytes to JavaScript, into an array that grows with the largest drawing.
func copyTo(room *js.Value, size *int, b []byte) {
	if len(b) > *size || room.IsUndefined() {
		*size = max(2*len(b), 64<<10) &^ 3
		*room = js.Global().Get("Uint8Array").New(*size)
	}
	js.CopyBytesToJS(*room, b)
}
