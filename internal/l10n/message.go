package l10n

import "fmt"

// A Message is a sentence, or a part of one, that is kept apart from its values until it is translated. It is an error, so that a
// library can return it as it is.
type Message struct {
	Package string // the prefix of Error, such as "hubclient"; may be empty
	Format  string // of package fmt, and the key in every catalog: always a literal in the code
	Values  []any  // the values of the verbs; an error is a part with a message of its own, and its verb is %v
}

// New makes a message. The English format is always a literal, which the test of the catalogs finds in the code.
//
//go:noinline
func New(format string, values ...any) *Message { return &Message{Format: format, Values: values} }

// Localizable is implemented by errors and values that can be translated. The method has no type of this package, so that public
// packages can have it.
type Localizable interface {
	// Localize returns the English format, which is the key in every catalog, and the values of its verbs.
	Localize() (format string, values []any)
}

// Localize implements Localizable.
func (m Message) Localize() (format string, values []any) { return m.Format, m.Values }

// Error returns the message in English.
func (m Message) Error() string {
	s := m.Format
	if len(m.Values) > 0 {
		s = fmt.Sprintf(s, m.Values...)
	}
	if m.Package != "" {
		return m.Package + ": " + s
	}
	return s
}

// String returns the message in English, for messages that are not errors: meanings, verdicts.
func (m Message) String() string { return m.Error() }

// Unwrap returns the causes.
func (m Message) Unwrap() (causes []error) {
	for _, v := range m.Values {
		if err, ok := v.(error); ok {
			causes = append(causes, err)
		}
	}
	return causes
}

// Verbatim is a part that is the same in every language: a path, a name, code.
type Verbatim string

func (v Verbatim) Error() string { return string(v) }

// Quoted is a part in somebody else's words, such as a service's own message: it is not translated, and other languages put it in
// quotation marks.
type Quoted string

func (q Quoted) Error() string { return string(q) }

// Text is what is translated when it is shown: a *Message, a Verbatim, or any other error.
type Text = error

// Sentence makes a whole sentence of an error where it is a value of a message: with a capital letter and a full stop of the language.
type Sentence struct{ Err error }

func (s Sentence) Error() string { return s.Err.Error() }

// Unwrap returns the error.
func (s Sentence) Unwrap() error { return s.Err }

// PluralMessage is a message that depends on a number. Make it with NewN.
type PluralMessage struct {
	N         int
	One, Many string // formats with the same verbs; Many is the key in every catalog
	Values    []any
}

// NewN makes a message that depends on a number. Both English formats are always literals.
//
//go:noinline
func NewN(n int, one, many string, values ...any) *PluralMessage {
	return &PluralMessage{n, one, many, values}
}

// Error returns the message in English.
func (m *PluralMessage) Error() string {
	if m.N == 1 {
		return fmt.Sprintf(m.One, m.Values...)
	}
	return fmt.Sprintf(m.Many, m.Values...)
}
