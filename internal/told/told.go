// Package told holds texts that wait for their language: a sentence, most often an error's, apart from the values in it. What makes an
// error knows what is wrong and not who reads it; the page, which does, looks the sentence up by its English.
//
// It knows no language but English, which is what Error gives. The catalogs are internal/panel's.
package told

import "fmt"

// A Text is a sentence, or a part of one. It is an error, so that a library can return it as it is.
type Text struct {
	Package string // what Error begins with for programmers, such as "hubclient"; may be empty
	Format  string // of package fmt, and the text's name in every catalog: always a literal in the code
	Values  []any  // what the verbs stand for; an error is a part that has a text of its own, and its verb is %v
}

// Tell makes a text.
func Tell(format string, values ...any) *Text { return &Text{Format: format, Values: values} }

// Error is the text in English.
func (t Text) Error() string {
	s := t.Format
	if len(t.Values) > 0 {
		s = fmt.Sprintf(s, t.Values...)
	}
	if t.Package != "" {
		return t.Package + ": " + s
	}
	return s
}

// String is Error, for what is no error: a meaning, a verdict.
func (t Text) String() string { return t.Error() }

// Unwrap returns the causes.
func (t Text) Unwrap() (causes []error) {
	for _, v := range t.Values {
		if err, ok := v.(error); ok {
			causes = append(causes, err)
		}
	}
	return causes
}
