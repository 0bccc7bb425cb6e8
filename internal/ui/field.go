package ui

import "strings"

// Field is a text that a person edits and the program may replace.
type Field struct {
	Text string
	rev  int // how often the program, not the person, has set the text
}

// Set replaces the text.
func (f *Field) Set(s string) {
	if f.Text != s {
		f.Text = s
		f.rev++
	}
}

// Trimmed returns the text without the white space around it.
func (f *Field) Trimmed() string { return strings.TrimSpace(f.Text) }

// Value shows a field in an input.
func Value(f *Field) Part { return shownField{f} }

type shownField struct{ f *Field }

func (v shownField) addTo(n *Node) { n.HasValue, n.Value, n.Rev = true, v.f.Text, v.f.rev }
